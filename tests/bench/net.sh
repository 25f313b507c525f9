# shellcheck shell=bash disable=SC2034,SC2154 # top, amtgraph, programs: from tools/bench
# Shared by the benchmarks: a source, a relay and many gateways, each in a network
# namespace of its own, removed at the end whatever happens.
#
#   source 10.71.0.2 --- 10.71.0.1 relay 10.72.0.1 --- 10.72.1.1 ... gateways
#                 native0                 fd72::1  tunnel0  fd72::1:1 ...

bench_tag=amtgb$$
ns_source=$bench_tag-source ns_relay=$bench_tag-relay ns_gateways=$bench_tag-gateways
relay_address=10.72.0.1 source_address=10.71.0.2 first_gateway=10.72.1.1 channel=232.7.7.7
relay_address6=fd72::1 first_gateway6=fd72::1:1
relay_graph=relay.yaml sink=udp # and its element whose counter `copies` counts
gateway_addresses=100
relay_pid='' gateways_pid='' admission='' heard=''
work=$(mktemp -d)
export AMTGRAPH_RUNTIME_DIR=$work

net_down()
{
    local pid ns
    for pid in $gateways_pid $relay_pid; do
        kill "$pid" 2>/dev/null || true
    done
    wait 2>/dev/null || true
    for ns in "$ns_source" "$ns_relay" "$ns_gateways"; do
        ip netns del "$ns" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap net_down EXIT
trap 'exit 1' INT TERM

net_up()
{
    local ns i
    for ns in "$ns_source" "$ns_relay" "$ns_gateways"; do
        ip netns add "$ns"
        ip -n "$ns" link set lo up
    done
    ip -n "$ns_relay" link add native0 type veth peer name native0 netns "$ns_source"
    ip -n "$ns_relay" link add tunnel0 type veth peer name tunnel0 netns "$ns_gateways"
    ip -n "$ns_relay" address add 10.71.0.1/24 dev native0
    ip -n "$ns_source" address add $source_address/24 dev native0
    ip -n "$ns_relay" address add $relay_address/16 dev tunnel0
    ip -n "$ns_relay" address add $relay_address6/64 dev tunnel0 nodad
    for ((i = 1; i <= gateway_addresses; i++)); do
        echo "address add 10.72.1.$i/16 dev tunnel0"
        printf 'address add fd72::1:%x/64 dev tunnel0 nodad\n' "$i"
    done | ip -n "$ns_gateways" -batch -
    for ns in "$ns_source" "$ns_relay"; do
        ip -n "$ns" link set native0 up
    done
    for ns in "$ns_relay" "$ns_gateways"; do
        ip -n "$ns" link set tunnel0 up
    done
}

# From now on what the relay sends to gateways is swallowed by its device, so that
# what is measured is the relay and not the gateways.
net_swallow()
{
    ip -n "$ns_relay" link set tunnel0 arp off
    tc -n "$ns_relay" qdisc add dev tunnel0 root blackhole
}

net_unswallow()
{
    tc -n "$ns_relay" qdisc del dev tunnel0 root
    ip -n "$ns_relay" link set tunnel0 arp on
}

# The same for what does not pass by the queue of a device: gateways' addresses lead to
# another one, which swallows whatever is sent by it.
sink_up()
{
    ip -n "$ns_relay" link add sink0 type ifb
    ip -n "$ns_relay" link set sink0 up
    ip -n "$ns_relay" route add 10.72.1.0/24 dev sink0
}

sink_down()
{
    ip -n "$ns_relay" link del sink0
}

# over 4|6: the tunnels of the gateways that come up from now on
over()
{
    tunnel_relay=$relay_address tunnel_first=$first_gateway
    if [ "$1" = 6 ]; then
        tunnel_relay=$relay_address6 tunnel_first=$first_gateway6
    fi
}
over 4

relay_up()
{
    ip netns exec "$ns_relay" "$amtgraph" run "$top/graphs/$relay_graph" \
        --set upstream=native0 --set listen4=$relay_address --set listen6=$relay_address6 "$@" \
        >>"$work/stats" 2>"$work/log" &
    relay_pid=$!
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 "$relay_pid" 2>/dev/null || { cat "$work/log" >&2; fail "the relay did not start"; }
        if [ -n "$(ip netns exec "$ns_relay" ss -Hlun 'sport = 2268')" ]; then
            return
        fi
        sleep 0.05
    done
    fail "the relay does not listen"
}

relay_down()
{
    kill -TERM "$relay_pid"
    wait "$relay_pid" || { cat "$work/log" >&2; fail "the relay failed"; }
    relay_pid=''
}

# gateways_up COUNT [MODE]: admits them (modes: see gateways.c), and sets `admission` to what they say about it:
# `admitted N seconds S repeats R`. They stay, listening, until gateways_down, which
# sets `heard` to how many have heard the channel, and leaves the rest of what they
# say in the file heard.
gateways_up()
{
    mkfifo "$work/end"
    ip netns exec "$ns_gateways" "$programs/bench_gateways" "$tunnel_relay" "$tunnel_first" \
        $gateway_addresses "$1" $source_address $channel ${2+"$2"} \
        <"$work/end" >"$work/gateways" &
    gateways_pid=$!
    exec 8>"$work/end"
    while [ ! -s "$work/gateways" ]; do
        kill -0 "$gateways_pid" 2>/dev/null || fail "the gateways were not admitted"
        sleep 0.02
    done
    admission=$(head -n 1 "$work/gateways")
}

gateways_down()
{
    exec 8>&-
    wait "$gateways_pid"
    gateways_pid=''
    rm "$work/end"
    heard=$(awk '/^heard/ {print $2}' "$work/gateways")
    mv "$work/gateways" "$work/heard"
}

# gateways_ask COUNT: that many ask and join nothing.
gateways_ask()
{
    ip netns exec "$ns_gateways" "$programs/bench_gateways" "$tunnel_relay" "$tunnel_first" \
        $gateway_addresses "$1" $source_address $channel ask < <(:) >/dev/null
}

# gateways_refresh RATE: from now on so many of them a second are admitted again.
gateways_refresh()
{
    echo "refresh $1" >&8
}

# stream RATE COUNT [BURST [CHANNELS [whole]]]: COUNT datagrams of 1316 octets to the channel,
# RATE a second, BURST at a time; or to as many channels in turn. More: source.c.
stream()
{
    ip netns exec "$ns_source" "$programs/bench_source" $source_address $channel 1316 "$@"
}

# CPU time of the relay so far, ns; its resident memory, octets.
relay_cpu_ns()
{
    awk '{print $1}' "/proc/$relay_pid/schedstat"
}

relay_memory()
{
    awk '/^Rss:/ {print $2 * 1024}' "/proc/$relay_pid/smaps_rollup"
}

# How many copies the relay has handed to the kernel so far.
relay_copies()
{
    : >"$work/stats"
    kill -USR1 "$relay_pid"
    until grep -q '^(pool)' "$work/stats"; do
        sleep 0.02
    done
    awk -v sink="$sink" '$1 == sink && $2 == "counter" && $3 == "copies" {print $4}' "$work/stats"
}

# min_median_max FORMAT < numbers, one a line: prints the three
min_median_max()
{
    sort -g | awk -v f="$1" '{v[NR] = $1} END {
        m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
        printf f " " f " " f "\n", v[1], m, v[NR]}'
}
