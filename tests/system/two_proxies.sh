#!/usr/bin/env bash
#
#                            10.20.1.1     10.30.0.1
#                        +--- proxy one --- lan (a bridge) --- host 10.30.0.11
#   source --- relay ----+                   |
#                        +--- proxy two -----+
#                            10.21.0.2     10.30.0.2
#
# Two proxies on one LAN, with the addresses that their interfaces have. Both hear what the host
# wants, only the elected querier forwards it; when it goes, the other takes over, and gives way
# again when it is back. Whoever forges a Query from elsewhere silences nobody.
#
# Covers: G-59 and RFC 4605, section 4.2; RFC 3376, section 6.6.2.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin

TWO=amtg$$t HOST=amtg$$h
for ns in $TWO $HOST; do
    ip netns add $ns && more_namespaces+=($ns) || fail "cannot make a namespace"
    ip netns exec $ns sysctl -qw net.ipv6.conf.all.accept_dad=0 \
        net.ipv6.conf.default.accept_dad=0 net.ipv4.conf.all.rp_filter=0 \
        net.ipv4.conf.default.rp_filter=0
    ip -n $ns link set lo up
done
ip -n "$GWS" link add lan type bridge mcast_snooping 0 || skip "cannot make a bridge"
addresses "$GWS" lan 10.30.0.1/24
ip -n "$GWS" addr add fe80::1/64 dev lan nodad
ip -n "$GWS" link set lan up
link "$GWS" port2 $TWO lan
link "$GWS" port3 $HOST eth0
ip -n "$GWS" link set port2 master lan
ip -n "$GWS" link set port3 master lan
addresses $TWO lan 10.30.0.2/24 fe80::2/64
addresses $HOST eth0 10.30.0.11/24 2001:db8:30::11/64
ip -n $HOST route add default via 10.30.0.1
ip -n $HOST -6 route add default via fe80::1 dev eth0
link "$RLY" acc2 $TWO acc3
addresses "$RLY" acc2 10.21.0.1/24
addresses $TWO acc3 10.21.0.2/24
ip -n $TWO route add $RELAY4 via 10.21.0.1

relay_start
# interval 11 s: the other is given up 2 x 11 s + 5 s after its last Query
proxy()
{
    node_start "$1" "$2" proxy --set downstream=lan --set relay=$RELAY4 --set interval=11s
}
proxy one "$GWS"
proxy two $TWO
querying()
{
    [ "$(node_value "$1" '.elements."igmp-querier".counters.querier')" = "$2" ] &&
        [ "$(node_value "$1" '.elements."mld-querier".counters.querier')" = "$2" ]
}
await 20 "one to be elected" querying one 1
await 20 "two to give way" querying two 0

source_start --rate 500 --for 150 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1
listener_start v4 $HOST --interface eth0 --join source $SOURCE4 232.1.1.1
listener_start v6 $HOST --interface eth0 --join source --stream 1 $SOURCE6 ff3e::8000:1
whole v4 500 # nothing twice
whole v6 500
endpoints_are 2 || fail "two does not keep up with what the LAN wants"
held()
{
    node_value "$1" '.elements.ours.drops | "\(."not-querier4" > 0) \(."not-querier6" > 0)"'
}
[ "$(held two)" = "true true" ] || fail "two had nothing to hold back"
[ "$(held one)" = "false false" ] || fail "one held something back"

# A Query from a lower address, but of another subnet, that wants to be waited for for days.
cat >"$work/forger.yaml" <<'END'
amtgraph: 1
name: forger
summary: Queries from an address that is not of this LAN
elements:
  heard:  {class: packet-capture, interface: eth0, filter: "igmp[0] = 0x11"}
  forger: {class: igmp-querier, source: 9.9.9.9, robustness: 7, query-interval: 31744s}
  lan:    {class: raw-socket, interface: eth0, loop: no}
edges:
  - heard -> forger.queries
  - forger -> lan
END
AMTGRAPH_GRAPHS=$work node_start forger $HOST forger
await 10 "the forged Query to be heard" \
    node_value_is one '.elements."igmp-querier".counters."not-electable"' 1
node_stop forger
querying one 1 || fail "a forged Query has silenced one"

node_stop one
gone=$(date +%s%N)
forget v4 v6
await 40 "two to forward IPv4" heard_some v4 100
await 40 "two to forward IPv6" heard_some v6 100
took=$((($(date +%s%N) - gone) / 1000000))
say "two took over $took ms after one had gone"
[ $took -le 30000 ] || fail "that is later than 2 x 11 s + 5 s"
querying two 1 || fail "two forwards without being the querier"

proxy one "$GWS"
await 20 "one to be elected again" querying one 1
await 20 "two to give way again" querying two 0
await 20 "one to have the stream" node_value_is one '.elements.membership.counters.groups' 2
sleep 2
forget v4 v6
whole v4 500
whole v6 500

listener_stop v4
listener_stop v6
node_stop one
node_stop two
source_stop
relay_stop
