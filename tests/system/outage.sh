#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay, gone for a while --- acc0/acc1 --- receive.yaml x 2
#
# The relay is restarted at once, then stops for 2.5 s and for 9 s; each time it comes back with a
# new secret, and no gateway is told. Each receiver, over IPv4 and over IPv6, has its stream back
# soon after, without having lost its subscription; the time from the relay's return to the first
# packet is said. ICMP tells the gateways that nobody listens; then the same with ICMP silenced, so
# that the relay is just mute.
#
# Covers: G-37, G-57, G-58, G-64, S-1.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin

most_ms=3000
[ -z "$AMTGRAPH_SANITIZED" ] || most_ms=4000

relay_start
source_start --rate 1000 --for 170 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1
listener_start v4 "$GWS" --port 6004 $SOURCE4 232.1.1.1
listener_start v6 "$GWS" --port 6006 --stream 1 $SOURCE6 ff3e::8000:1
node_start v4 "$GWS" receive --set relay=$RELAY4 --set source=$SOURCE4 --set group=232.1.1.1 \
    --set port=6004
node_start v6 "$GWS" receive --set relay=$RELAY6 --set source=$SOURCE6 --set group=ff3e::8000:1 \
    --set port=6006
whole v4 1000
whole v6 1000

# outage SECONDS WHAT: stop the relay for so long, and see the streams come back
outage()
{
    local name back took
    forget v4 v6
    await 5 "v4" heard_some v4 100
    await 5 "v6" heard_some v6 100
    relay_stop
    sleep "$1"
    relay_start
    back=$(date +%s%N)
    for name in v4 v6; do
        await 20 "$name to have its stream back" gap_over $name "$1"
        took=$((($(heard $name back_ns) - back) / 1000000))
        [ "$took" -gt 0 ] || took=0
        say "$1 s $2: $name has its stream back $took ms after the relay's return"
        [ "$took" -le $most_ms ] || fail "$name: later than $most_ms ms"
    done
    endpoints_are 2 || fail "not two endpoints"
}

gap_over()
{
    [ "$(heard "$1" gap_ms)" -ge "$(printf '%.0f' "$(jq -n "$2 * 1000 - 100")")" ]
}

outage 0.3 "of a restart"
outage 2.5 "without a relay"
outage 9 "without a relay"
node_value_is v4 '.elements."tunnel/gateway".counters."relay-changes"' 0 || fail "it has moved"

ip netns exec "$RLY" nft -f - <<'END' || skip "nft is missing or does not work"
table inet mute {
    chain out {
        type filter hook output priority 0
        icmp type destination-unreachable drop
        icmpv6 type destination-unreachable drop
    }
}
END
outage 2.5 "without a relay and without ICMP"
outage 9 "without a relay and without ICMP"

node_stop v4
node_stop v6
source_stop
relay_stop
