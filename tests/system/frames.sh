#!/usr/bin/env bash
#
#                                       GWS: near receivers         END: far receivers
#   source --- up0/up1 --- relay --- acc0/acc1, router, far0 ------ far1
#
# The relay sends Data as Ethernet frames: to gateways on its link, and by a router to others,
# over IPv4 and IPv6. The neighbours' address changes, the interface goes down and comes back,
# and packets become too long for it: what frames do not suit goes by the socket, and the
# streams go on.
#
# Covers: R-60, R-70, R-73.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin

RELAY_GRAPH=$AMTGRAPH_GRAPHS/relay-packet-socket.yaml
END=amtg$$e
more_namespaces+=("$END")
ip netns add "$END" || fail "cannot make a namespace"
ip netns exec "$END" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
ip -n "$END" link set lo up
link "$GWS" far0 "$END" far1
addresses "$GWS" far0 10.30.0.1/16 2001:db8:30::1/64
addresses "$END" far1 10.30.0.2/16 2001:db8:30::2/64
ip -n "$END" route add default via 10.30.0.1
ip -n "$END" -6 route add default via 2001:db8:30::1
ip netns exec "$GWS" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
    net.ipv4.conf.acc1.arp_notify=1 net.ipv6.conf.acc1.ndisc_notify=1

readonly receivers='near4 near6 far4 far6'
readonly payload=1400

# receiver NAME NAMESPACE PORT RELAY
receiver()
{
    listener_start "$1" "$2" --port "$3" --payload $payload $SOURCE4 232.1.1.1
    node_start "$1" "$2" receive --set relay="$4" --set source=$SOURCE4 --set group=232.1.1.1 \
        --set port="$3"
}

counter()
{
    relay_value ".elements.$1.counters.\"$2\""
}

# frames_again WHAT: all streams are back; from some time on nothing is lost, and all goes by frames
frames_again()
{
    local name before tries
    for ((tries = 0; tries < 20; tries++)); do
        # shellcheck disable=SC2086
        forget $receivers
        before=$(counter udp copies)
        sleep 0.4
        if steady && [ $(($(counter udp copies) - before)) -lt 20 ]; then
            return
        fi
    done
    for name in $receivers; do
        say "$name: $(cat "$work/heard.$name")"
    done
    fail "no frames after $1"
}

# Each has got a part of the stream without a gap.
steady()
{
    local name
    for name in $receivers; do
        heard_some "$name" 50 || return 1
        case $(cat "$work/heard.$name") in
        *' lost=0 twice=0 wrong=0 '*) ;;
        *) return 1 ;;
        esac
    done
}

relay_start --set pmtu-dynamic=no
receiver near4 "$GWS" 6000 $RELAY4
receiver near6 "$GWS" 6001 $RELAY6
receiver far4 "$END" 6000 $RELAY4
receiver far6 "$END" 6001 $RELAY6
await 5 "all to join" endpoints_are 4
source_start --payload $payload --rate 500 --for 120 0 $SOURCE4 232.1.1.1
frames_again "the start"
[ "$(counter fast copies)" -gt 500 ] || fail "no frames"

# The neighbours have another address, and say so.
ip -n "$GWS" link set acc1 address 02:00:00:00:00:77
frames_again "the neighbours' change"

# The router is another one: on the way to END that is another neighbour.
ip -n "$RLY" route add 10.30.0.0/16 via 10.20.1.2
ip -n "$RLY" -6 route add 2001:db8:30::/64 via 2001:db8:20::1:2
frames_again "a change of routes"

ip -n "$RLY" link set acc0 down
sleep 0.3
[ "$(relay_value '.elements.udp.drops."no-route"')" -gt 0 ] || fail "the socket was not asked"
ip -n "$RLY" link set acc0 up
addresses "$RLY" acc0 $RELAY6/64
ip -n "$RLY" route add default via 10.20.1.1
ip -n "$RLY" -6 route add default via 2001:db8:20::1:1
frames_again "the interface was down"

# Now too long: the socket says so, and packets are cut for the tunnels.
ip -n "$RLY" link set acc0 mtu 1400
await 5 "all path MTUs to be learned" eval '[ "$(counter membership pmtu-lowered)" -eq 4 ]'
[ "$(counter fast too-big)" -gt 0 ] || fail "nothing was too big"
frames_again "the MTU was lowered"
[ "$(counter mtu cut)" -gt 0 ] || fail "nothing was cut"

source_stop
for name in $receivers; do
    node_stop "$name"
    listener_stop "$name"
done
await 5 "all to leave" endpoints_are 0
relay_stop
