#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay --- acc0/acc1 --- receive.yaml x 4, one of each pair
#
# The largest inner packet that a tunnel over a link of 1500 octets carries (1470 octets over IPv4,
# 1450 over IPv6: RFC 7450, section 5.1.6) comes whole in each of the four pairs. One octet more
# comes in fragments inside the tunnel if it is IPv4 without DF, and is put together again; IPv6
# is dropped, under a name, and the source told.
#
# Covers: M-21, M-22, R-55, R-60, R-63, R-65.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin

mtu_value()
{
    relay_value ".elements.mtu$1"
}

# stream NAME RELAY SOURCE GROUP PAYLOAD COUNT: to a receiver of its own
stream()
{
    listener_start "$1" "$GWS" --port 6000 --payload "$5" "$3" "$4"
    node_start "$1" "$GWS" receive --set relay="$2" --set source="$3" --set group="$4" --set port=6000
    await 5 "the join of $4" joined "$4"
    source_start --payload "$5" --rate 500 --count "$6" 0 "$3" "$4"
    source_wait
}

# over NAME GROUP: the receiver ends
over()
{
    node_stop "$1"
    listener_stop "$1"
    await 5 "$2 to be left" no joined "$2"
}

# largest NAME RELAY SOURCE GROUP PAYLOAD
largest()
{
    local cut told dropped
    stream "$@" 200
    whole "$1" 200
    over "$1" "$4"
    cut=$(mtu_value .counters.cut) told=$(mtu_value .counters.told)
    dropped=$(mtu_value '.drops."too-big6"')
    stream "$1" "$2" "$3" "$4" $(($5 + 1)) 100
    case $3 in
    *:*)
        [ $(($(mtu_value '.drops."too-big6"') - dropped)) -eq 100 ] || fail "$1: not 100 dropped"
        [ "$(mtu_value .counters.told)" -gt "$told" ] || fail "$1: the source was not told"
        [ "$(heard "$1" count)" = 0 ] || fail "$1: more than the tunnel carries"
        ;;
    *)
        whole "$1" 100
        [ $(($(mtu_value .counters.cut) - cut)) -eq 100 ] || fail "$1: not 100 cut"
        ;;
    esac
    over "$1" "$4"
}

relay_start
largest 4in4 $RELAY4 $SOURCE4 232.1.1.1 $((1470 - 28))
largest 6in4 $RELAY4 $SOURCE6 ff3e::8000:1 $((1470 - 48))
largest 4in6 $RELAY6 $SOURCE4 232.1.1.1 $((1450 - 28))
largest 6in6 $RELAY6 $SOURCE6 ff3e::8000:1 $((1450 - 48))
[ "$(relay_value '.elements.udp.drops."too-big"')" = 0 ] || fail "something was too big for the link"
relay_stop
