# shellcheck shell=bash disable=SC2154 # sourced by tools/bench, after net.sh
# CPU time of the relay for each copy of a 1316-octet payload, with 1 to 10,000 gateways, for
# packets that come one by one and in bursts of 8 and 32. After each round of the relay come
# those of the yardsticks: as many copies of the same size to as many destinations, through
# the same device, by sendmmsg: one by one and, for bursts, cut by UDP_SEGMENT too.
rounds=5

# gateways burst packets/s packets: some seconds each, never near a full processor
cases='1 1 10000 20000
10 1 5000 10000
100 1 1000 2000
1000 1 100 200
10000 1 10 20
10 8 5000 10000
100 8 1000 2000
1000 8 200 400
10000 8 32 64
100 32 1600 3200
1000 32 320 640'

# yardstick COPIES GATEWAYS SEGMENTS: ns for each copy
yardstick()
{
    ip netns exec "$ns_relay" "$programs/bench_sendmmsg" "$relay_address" "$first_gateway" \
        "$gateway_addresses" "$2" 1346 "$1" "$3" | awk '{print $4 / $2}'
}

# round GATEWAYS BURST RATE PACKETS: a line `relay bare same`, ns for each copy
round()
{
    local sent cpu bare same
    sent=$(relay_copies)
    cpu=$(relay_cpu_ns)
    stream "$3" "$4" "$2"
    sleep 0.1
    cpu=$(($(relay_cpu_ns) - cpu))
    sent=$(($(relay_copies) - sent))
    [ "$sent" -eq $(($4 * $1)) ] || say "$sent of $(($4 * $1)) copies were sent"
    bare=$(yardstick $(($4 * $1)) "$1" 1)
    same=$bare
    [ "$2" -eq 1 ] || same=$(yardstick $(($4 * $1)) "$1" "$2")
    awk -v cpu="$cpu" -v sent="$sent" -v bare="$bare" -v same="$same" \
        'BEGIN {print cpu / sent, bare, same}'
}

column()
{
    awk "{print $1}" "$work/rounds" | min_median_max "$2"
}

net_up
printf '%-8s  %-5s  %-20s  %-20s  %-20s  %-16s  %s\n' gateways burst 'relay, ns a copy' \
    'sendmmsg' 'the same in trains' 'to sendmmsg' 'to the same calls'
while read -r -u 9 gateways burst rate packets; do
    relay_up --set endpoints-per-address=10000 --set entries-per-address=100000
    gateways_up "$gateways"
    net_swallow
    stream "$rate" $((2 * burst)) "$burst" # warm
    for ((i = 0; i < rounds; i++)); do
        round "$gateways" "$burst" "$rate" "$packets"
    done >"$work/rounds"
    printf '%-8d  %-5d  %-20s  %-20s  %-20s  %-16s  %s\n' "$gateways" "$burst" "$(column '$1' %.0f)" \
        "$(column '$2' %.0f)" "$(column '$3' %.0f)" "$(column '$1/$2' %.2f)" "$(column '$1/$3' %.2f)"
    gateways_down
    relay_down
    net_unswallow
done 9<<<"$cases"
