# shellcheck shell=bash disable=SC2154 # sourced by tools/bench, after net.sh
# Large numbers: 100,000 gateways of one relay, 10,000 channels, graphs of 10,000 elements.
rounds=3

# note NAME VALUE: one of the figures; figures FORMAT NAME WHAT prints what came of all.
note()
{
    echo "$2" >>"$work/figure-$1"
}

figures()
{
    printf '%-64s  %s\n' "$3" "$(min_median_max "$1" <"$work/figure-$2")"
}

# cpu_ms COMMAND...: CPU time that it takes
cpu_ms()
{
    local TIMEFORMAT='%U %S'
    { time "$@" >/dev/null 2>"$work/log"; } 2>&1 | awk '{print ($1 + $2) * 1000}'
}

# As many ask first: see memory.sh. Refreshed as if each asked every 125 s.
many_gateways()
{
    local gateways=100000 refresh=800 for=3 packets=3 asked cpu
    relay_up
    gateways_ask $gateways
    asked=$(relay_memory)
    gateways_up $gateways stamp
    note admitted "$(awk '{print $4}' <<<"$admission")"
    note memory $((($(relay_memory) - asked) / gateways))
    cpu=$(relay_cpu_ns)
    gateways_refresh $refresh
    sleep $for
    note refresh "$(awk -v ns=$(($(relay_cpu_ns) - cpu)) -v s=$for 'BEGIN {print ns / s / 1e6}')"
    gateways_refresh 0
    stream 0.7 $packets
    sleep 2
    gateways_down
    relay_down
    [ "$heard" -eq $gateways ] || fail "$heard of $gateways gateways heard the channel"
    awk -v n=$gateways '/^packet/ && $4 == n {print $6 / 1e6}' "$work/heard" >>"$work/figure-latency"
    awk -v n=$gateways '/^packet/ {copies += $4; all += n} END {print copies / all}' "$work/heard" \
        >>"$work/figure-served"
}

many_channels()
{
    local channels=10000 began=$EPOCHREALTIME tries=0 cpu
    relay_up
    gateways_up $channels own
    until [ "$(grep -c '^\s' "/proc/$relay_pid/net/igmp")" -ge $channels ]; do
        [ $((++tries)) -lt 1000 ] || fail "not every channel was joined"
        sleep 0.02
    done
    note joined "$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN {print b - a}')"
    cpu=$(relay_cpu_ns)
    stream 5000 $channels 1 $channels
    sleep 0.2
    note forwarded "$(awk -v ns=$(($(relay_cpu_ns) - cpu)) -v n=$channels 'BEGIN {print ns / n}')"
    gateways_down
    relay_down
    [ "$heard" -eq $channels ] || fail "$heard of $channels channels were forwarded"
}

# graph ELEMENTS: chains of a hundred
graph()
{
    awk -v n="$1" 'BEGIN {
        print "amtgraph: 1\nelements:"
        for (i = 0; i < n; i++)
            printf "  e%d: {class: %s}\n", i, i % 100 == 0 ? "generator, source: 198.51.100.1, group: 232.7.7.7" : i % 100 == 99 ? "discard" : "counter"
        print "edges:"
        for (i = 0; i < n; i += 100) {
            printf "  - e%d", i
            for (k = 1; k < 100; k++) printf " -> e%d", i + k
            print ""
        }
    }'
}

large_graphs()
{
    local elements ms
    for elements in 1000 10000; do
        graph $elements >"$work/graph.yaml"
        ms=$(cpu_ms "$amtgraph" check "$work/graph.yaml")
        note check$elements "$ms"
        ms=$(cpu_ms "$amtgraph" run "$work/graph.yaml" --for 0s --stats none)
        note run$elements "$ms"
    done
}

net_up
for ((round = 1; round <= rounds; round++)); do
    many_gateways
    many_channels
done
for ((round = 1; round <= 5; round++)); do
    large_graphs
done
printf '%-64s  %s\n' '' 'min median max'
figures %.2f admitted '100,000 gateways: seconds until all are admitted'
figures %.0f memory 'octets of memory for each, with one channel'
figures %.1f refresh 'ms of CPU time a second for 800 refreshes a second'
figures %.0f latency 'ms from the source to the last of 100,000 copies'
figures %.4f served 'copies that arrived, of those due'
figures %.2f joined '10,000 channels: seconds from the start until all are joined'
figures %.0f forwarded 'ns of CPU time for a packet of each'
figures %.0f check1000 'ms of CPU time to check a graph of 1000 elements'
figures %.0f check10000 'of 10,000 elements'
figures %.0f run1000 'ms of CPU time to start and stop a graph of 1000 elements'
figures %.0f run10000 'of 10,000 elements'
