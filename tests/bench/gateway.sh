# shellcheck shell=bash disable=SC2154 # sourced by tools/bench, after net.sh
# CPU time of the gateway for each packet of 1316 octets, from the relay's message to a
# program that listens on the tun interface; for packets that come one by one and in trains
# of 8, for which the relay is told to wait. With and without UDP_GRO and trains into tun; the
# yardstick makes the calls of the plain way, recvmmsg and write, for the same relay in the
# same round: the relay sees no difference, as it takes over the gateway's address and port.
rounds=5
gateway_port=20000
host=amtgb0

# Graphs of the gateway: NAME GRO TRAINS
ways='plain false 1
gro true 1
trains false 64
both true 64'

listener_pid=''

# make_graphs: $work/NAME/gateway.yaml for each way
make_graphs()
{
    local name gro trains
    while read -r name gro trains; do
        cp -r "$top/graphs" "$work/$name"
        sed -i "s/zero-checksum6: true}/zero-checksum6: true, gro: $gro}/" \
            "$work/$name/parts/tunnel.yaml"
        sed -i "s/\(mtu: \"\${mtu}\"\)}/\1, trains: $trains}/" "$work/$name/gateway.yaml"
        sed -i "s/local4: \"\${local4}\",/& local-port: $gateway_port,/" \
            "$work/$name/gateway.yaml"
        if ! grep -q "gro: $gro" "$work/$name/parts/tunnel.yaml" ||
            ! grep -q "trains: $trains" "$work/$name/gateway.yaml" ||
            ! grep -q "local-port: $gateway_port" "$work/$name/gateway.yaml"; then
            fail "the gateway's graph has changed: gateway.sh cannot set it up"
        fi
    done <<<"$ways"
}

# relay_sends TRAINS: start it so that the stream comes in trains of that many packets
relay_sends()
{
    local coalesce=0s
    [ "$1" -eq 1 ] || coalesce=20ms
    rm -rf "$work/relay"
    mkdir "$work/relay"
    cp -r "$top/graphs" "$work/relay"
    sed -i "s/dscp: \"\${control-dscp}\"}/trains: $1, coalesce: $coalesce, &/" \
        "$work/relay/graphs/relay.yaml"
    grep -q "coalesce: $coalesce" "$work/relay/graphs/relay.yaml" ||
        fail "the relay's graph has changed: gateway.sh cannot set it up"
    top=$work/relay relay_up
}

await()
{
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        if "$@" >"$work/awaited" 2>&1; then
            return
        fi
        sleep 0.05
    done
    cat "$work/log" "$work/gateway.log" >&2
    fail "in vain: $*"
}

host_is_up()
{
    ip -n "$ns_gateways" link show "$host" up | grep -q UP
}

listener_up()
{
    mkfifo "$work/listen"
    ip netns exec "$ns_gateways" "$programs/bench_listener" "$host" "$source_address" "$channel" \
        <"$work/listen" >"$work/heard" &
    listener_pid=$!
    exec 7>"$work/listen"
    await grep -q joined "$work/heard"
}

# Sets `heard`.
listener_down()
{
    exec 7>&-
    wait "$listener_pid"
    rm "$work/listen"
    heard=$(awk '/^heard/ {print $2}' "$work/heard")
}

# side_up gateway NAME | yardstick: sets gateways_pid
side_up()
{
    if [ "$1" = yardstick ]; then
        ip netns exec "$ns_gateways" "$programs/bench_receive" "$first_gateway" $gateway_port $host \
            >"$work/gateway.log" 2>&1 &
        gateways_pid=$!
        await grep -q ready "$work/gateway.log"
        ip -n "$ns_gateways" address add 169.254.232.1/32 dev $host
        ip -n "$ns_gateways" link set $host mtu 1450 up
    else
        ip netns exec "$ns_gateways" "$amtgraph" run "$work/$2/gateway.yaml" \
            --set relay="$relay_address" --set local4="$first_gateway" --set local6=none \
            --set tun=$host >"$work/gateway.stats" 2>"$work/gateway.log" &
        gateways_pid=$!
    fi
    await host_is_up
}

# It leaves nothing to the relay: no goodbye, so the stream goes on.
side_down()
{
    kill -KILL "$gateways_pid"
    wait "$gateways_pid" 2>/dev/null || true
    gateways_pid=''
}

relay_has_one()
{
    local before
    before=$(relay_copies)
    stream 100 4
    sleep 0.1
    [ "$(relay_copies)" -ge $((before + 4)) ]
}

# measure SIDE NAME BURST RATE PACKETS: ns for each packet
measure()
{
    local cpu
    side_up "$1" "$2"
    listener_up
    await relay_has_one
    cpu=$(awk '{print $1}' "/proc/$gateways_pid/schedstat")
    stream "$4" "$5" "$3"
    sleep 0.2
    cpu=$(($(awk '{print $1}' "/proc/$gateways_pid/schedstat") - cpu))
    side_down
    listener_down
    [ "$heard" -ge "$5" ] || say "$heard of $5 packets were heard"
    awk -v cpu="$cpu" -v n="$5" 'BEGIN {print cpu / n}'
}

ratio()
{
    paste "$work/$1" "$work/bare" | awk '{print $1 / $2}' | min_median_max %.2f
}

net_up
ip netns exec "$ns_gateways" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
ip -n "$ns_gateways" route add 10.71.0.0/24 via "$relay_address" # the way back that tun asks for
make_graphs
printf '%-6s  %-10s  %-22s  %s\n' trains way 'ns a packet' 'to recvmmsg and write'
while read -r -u 9 burst rate packets; do
    relay_sends "$burst"
    rm -f "$work"/{plain,gro,trains,both}.ns "$work/bare"
    for ((i = 0; i < rounds; i++)); do
        while read -r -u 6 name _; do
            measure gateway "$name" "$burst" "$rate" "$packets" >>"$work/$name.ns"
        done 6<<<"$ways"
        measure yardstick - "$burst" "$rate" "$packets" >>"$work/bare"
    done
    for name in plain gro trains both; do
        printf '%-6d  %-10s  %-22s  %s\n' "$burst" "$name" \
            "$(min_median_max %.0f <"$work/$name.ns")" "$(ratio "$name.ns")"
    done
    printf '%-6d  %-10s  %s\n' "$burst" yardstick "$(min_median_max %.0f <"$work/bare")"
    relay_down
done 9<<'END'
1 4000 2000
8 8000 4000
END
