#!/usr/bin/env bash
#
#                                        GWS: near receivers          END: far receivers
#   source --- up0/up1 --- relay --- acc0/acc1, router, far0 ======== far1
#                            1500                             1400
#
# A router on the way to some gateways has a smaller link behind it, and says so by ICMP. The
# relay then sends to these what fits, in fragments inside the tunnel, and to the others what
# it sent before; and where it must not cut, the source is told, by an ICMP error that the
# source's own kernel heeds. With path MTUs from ICMP switched off, or set small for all, it
# is as the setting says.
#
# Covers: R-55, R-56, R-57, R-58, R-60, R-61, R-62, R-63, R-65, R-66, S-5.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin

far_end 1400
# An IPv4 source on Linux heeds the path MTU of a group only if it has a route to it.
ip -n "$SRC" route add 232.0.0.0/8 dev up0

# Receivers of one channel, near and far. receivers_start RELAY SOURCE GROUP PAYLOAD
receivers_start()
{
    listener_start near "$GWS" --port 6000 --payload "$4" "$2" "$3"
    listener_start far "$END" --port 6000 --payload "$4" "$2" "$3"
    node_start near "$GWS" receive --set relay="$1" --set source="$2" --set group="$3" --set port=6000
    node_start far "$END" receive --set relay="$1" --set source="$2" --set group="$3" --set port=6000
    await 5 "both to join $3" endpoints_are 2
}

receivers_stop()
{
    node_stop near
    node_stop far
    listener_stop near
    listener_stop far
    await 5 "both to leave" endpoints_are 0
}

# send PAYLOAD SOURCE GROUP [OPTION...]
send()
{
    source_start --payload "$1" --rate 200 --count 200 "${@:4}" 0 "$2" "$3"
    source_wait
}

counter()
{
    relay_value ".elements.$1.counters.\"$2\""
}

# What was on its way before the errors came is lost; from then on, nothing is.
nearly_all()
{
    await 5 "packets at $1" heard_some "$1" 180
    case $(cat "$work/heard.$1") in
    *' lost=0 twice=0 wrong=0 '*) ;;
    *) fail "$1: $(cat "$work/heard.$1")" ;;
    esac
}

# cut RELAY PAYLOAD: IPv4 without DF, as long as an Ethernet link takes
cut()
{
    local lowered fragments
    lowered=$(counter membership pmtu-lowered) fragments=$(counter mtu cut)
    receivers_start "$1" $SOURCE4 232.1.1.1 "$2"
    send "$2" $SOURCE4 232.1.1.1
    whole near 200
    nearly_all far
    [ $(($(counter membership pmtu-lowered) - lowered)) -eq 1 ] || fail "not one path MTU lowered"
    fragments=$(($(counter mtu cut) - fragments))
    # Once for the kind of tunnel that needs it, and for no other.
    { [ $fragments -ge 180 ] && [ $fragments -lt 200 ]; } || fail "$fragments datagrams cut"
    receivers_stop
}

# told RELAY SOURCE GROUP PAYLOAD: from a socket of the source's kernel, which heeds ICMP
told()
{
    local told
    told=$(counter mtu told)
    receivers_start "$1" "$2" "$3" "$4"
    send "$4" "$2" "$3" --sockets
    nearly_all far
    whole near 200
    told=$(($(counter mtu told) - told))
    { [ $told -ge 1 ] && [ $told -le 10 ]; } || fail "$told errors to the source"
    receivers_stop
    # The next one begins with a source that knows nothing.
    ip -n "$SRC" route flush cache
    ip -n "$SRC" -6 route flush cache
}

relay_start
[ "$(counter mtu pmtu4) $(counter mtu pmtu6)" = "1500 1500" ] || fail "not the MTU of the first link"
cut $RELAY4 $((1470 - 28))
cut $RELAY6 $((1450 - 28))
told $RELAY4 $SOURCE4 232.1.1.1 $((1470 - 28))
told $RELAY6 $SOURCE4 232.1.1.1 $((1450 - 28))
told $RELAY4 $SOURCE6 ff3e::8000:1 $((1470 - 48))
told $RELAY6 $SOURCE6 ff3e::8000:1 $((1450 - 48))
[ "$(relay_value '.elements.errors.drops | add')" = 0 ] || fail "errors were not sent"
relay_stop

# Off: nothing that a router says counts.
relay_start --set pmtu-dynamic=no
receivers_start $RELAY4 $SOURCE4 232.1.1.1 1442
send 1442 $SOURCE4 232.1.1.1
whole near 200
[ "$(heard far count)" = 0 ] || fail "what is too long for the path came all the same"
[ "$(counter membership pmtu-lowered)" = 0 ] || fail "a path MTU was lowered"
[ "$(counter membership pmtu-ignored)" -gt 0 ] || fail "no error came"
receivers_stop
relay_stop

# Fixed and small: nothing has to be found out.
relay_start --set pmtu-dynamic=no --set pmtu=1400
receivers_start $RELAY6 $SOURCE4 232.1.1.1 1422
send 1422 $SOURCE4 232.1.1.1
whole near 200
whole far 200
[ "$(counter mtu cut)" = 200 ] || fail "not all cut, or not once for all"
receivers_stop
relay_stop

# The first link is small itself, and was not when the relay looked at it: the host knows.
relay_start --set pmtu-dynamic=no
ip -n "$RLY" link set acc0 mtu 1400
receivers_start $RELAY4 $SOURCE4 232.1.1.1 1442
send 1442 $SOURCE4 232.1.1.1
nearly_all near
nearly_all far
[ "$(counter membership pmtu-lowered)" = 2 ] || fail "the link's MTU was not learned"
receivers_stop
relay_stop
