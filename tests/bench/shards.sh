# shellcheck shell=bash disable=SC2154 # sourced by tools/bench, after net.sh
# Two shards on two processors against one, under more packets than they can send: copies a
# second, and CPU time for each. Beside it the bare loop in two processes, which share the
# destinations, against one. In turns.
gateways=10000 rounds=5
rate=3000 packets=1500
segments=48 # as many as the relay puts in a message of this size

# Sets `threads` to the CPU time of each of the relay's threads so far, ns, and `all` to
# their sum; starts no process.
look()
{
    local file ns
    threads=() all=0
    for file in /proc/"$relay_pid"/task/*/schedstat; do
        read -r ns _ <"$file"
        threads+=("$ns")
        all=$((all + ns))
    done
}

# relay SHARDS: a line `copies ns busiest`: the first in millions a second, the second for each copy, the third the
# busiest thread's part of it
relay()
{
    local sent cpu began ended last i before busiest=0
    relay_up --set endpoints-per-address=10000 --shards "$1"
    gateways_up $gateways
    net_swallow
    stream 10 2 # warm
    sleep 0.5
    sent=$(relay_copies)
    look
    before=("${threads[@]}") cpu=$all last=$all began=$EPOCHREALTIME ended=$EPOCHREALTIME
    stream $rate $packets
    while look && [ $((all - last)) -gt 1000000 ]; do
        last=$all ended=$EPOCHREALTIME
        read -r -t 0.02 <>"$work/never" || true
    done
    for ((i = 0; i < ${#threads[@]}; i++)); do
        if [ $((threads[i] - before[i])) -gt $busiest ]; then
            busiest=$((threads[i] - before[i]))
        fi
    done
    sent=$(($(relay_copies) - sent))
    awk -v a="$began" -v b="$ended" -v n=$sent -v ns=$((all - cpu)) -v busiest=$busiest \
        'BEGIN {print n / (b - a) / 1e6, ns / n, busiest / ns}'
    gateways_down
    relay_down
    net_unswallow
}

# bare PROCESSES: the same of bench_sendmmsg
bare()
{
    local i began=$EPOCHREALTIME pids=() each=$((gateways / $1))
    local copies=$((each * segments * 25))
    for ((i = 0; i < $1; i++)); do
        ip netns exec "$ns_relay" "$programs/bench_sendmmsg" "$relay_address" "$first_gateway" \
            "$gateway_addresses" $each 1346 $copies $segments >"$work/bare$i" &
        pids+=($!)
    done
    wait "${pids[@]}"
    cat "$work"/bare? | awk -v a="$began" -v b="$EPOCHREALTIME" \
        '{n += $2; ns += $4} END {print n / (b - a) / 1e6, ns / n}'
    rm "$work"/bare?
}

# row WHAT COLUMN FORMAT ONE TWO: min, median, max of both and of their ratios
row()
{
    printf '%-32s  %-20s  %-20s  %s\n' "$1" "$(awk -v c="$2" '{print $c}' "$4" | min_median_max "$3")" \
        "$(awk -v c="$2" '{print $c}' "$5" | min_median_max "$3")" \
        "$(paste "$4" "$5" | awk -v c="$2" '{print $(NF / 2 + c) / $c}' | min_median_max %.2f)"
}

net_up
mkfifo "$work/never"
for ((round = 0; round < rounds; round++)); do
    for n in 1 2; do
        relay $n >>"$work/relay$n"
        net_swallow
        bare $n >>"$work/bare-$n"
        net_unswallow
    done
done
printf '%-32s  %-20s  %-20s  %s\n' 'min median max of' one two 'two to one'
row 'relay, million copies a second' 1 %.1f "$work/relay1" "$work/relay2"
row 'bare loop, the same' 1 %.1f "$work/bare-1" "$work/bare-2"
row 'relay, ns of CPU time a copy' 2 %.0f "$work/relay1" "$work/relay2"
row 'bare loop, the same' 2 %.0f "$work/bare-1" "$work/bare-2"
row "the busiest thread's part of it" 3 %.2f "$work/relay1" "$work/relay2"
