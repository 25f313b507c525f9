# shellcheck shell=bash disable=SC2016,SC2154 # sourced by tools/bench, after net.sh
# CPU time to take a packet of 1316 octets from a packet socket, in bare loops: by recvmmsg and
# by libpcap's way, a ring, each as soon as a packet is there (TPACKET_V2) and only once a
# millisecond (TPACKET_V3); for packets that come one by one and in bursts of 32. The kernel's
# part is done in the time of the sender, so what counts is what sender and taker need
# together, less what the sender needs when nobody takes anything.
rounds=5
ways='recvmmsg ring2 recvmmsg-1ms ring3'

# take WAY RATE PACKETS BURST: a line `all taker`, ns for each packet
take()
{
    local pid sent
    mkfifo "$work/end"
    ip netns exec "$ns_relay" "$programs/bench_capture" "$1" native0 <"$work/end" >"$work/taken" &
    pid=$!
    exec 8>"$work/end"
    until grep -q ready "$work/taken"; do
        sleep 0.02
    done
    local TIMEFORMAT='%U %S'
    sent=$({ time stream "$2" "$3" "$4"; } 2>&1)
    sleep 0.1
    exec 8>&-
    wait "$pid"
    rm "$work/end"
    awk -v sent="$sent" -v n="$3" -v way="$1" '/^packets/ {
        if (way != "none" && ($2 < n || $6))
            print way ": " $2 " of " n " packets taken, " $6 " lost" >"/dev/stderr"
        split(sent, s, " ")
        print (s[1] + s[2]) * 1e9 / n + $4 / n, $4 / n}' "$work/taken"
}

column()
{
    awk "{print $1}" "$work/$way" | min_median_max "$2"
}

net_up
# Groups that nobody has joined reach a packet socket all the same; the host drops them at once.
printf '%-6s  %-13s  %-20s  %-20s  %s\n' burst way 'ns a packet' 'of it, the taker' 'to recvmmsg'
while read -r -u 9 burst rate packets; do
    rm -f "$work"/*.ns
    for ((i = 0; i < rounds; i++)); do
        for way in none $ways; do
            take "$way" "$rate" "$packets" "$burst" >>"$work/$way.ns"
        done
    done
    for way in $ways; do
        paste "$work/$way.ns" "$work/none.ns" "$work/recvmmsg.ns" |
            awk '{print $1 - $3, $2, ($1 - $3) / ($5 - $3)}' >"$work/$way"
        printf '%-6d  %-13s  %-20s  %-20s  %s\n' "$burst" "$way" "$(column '$1' %.0f)" \
            "$(column '$2' %.0f)" "$(column '$3' %.2f)"
    done
done 9<<'END'
1 20000 10000
32 64000 32000
END
