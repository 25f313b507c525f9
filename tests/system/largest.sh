#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay --- acc0/acc1 --- receive.yaml x 4, one of each pair
#
# The largest inner packet that a tunnel over a link of 1500 octets carries (1470 octets over IPv4,
# 1450 over IPv6: RFC 7450, section 5.1.6) comes whole in each of the four pairs; one octet more
# is dropped by the relay, under a name, and the stream goes on.
#
# Covers: M-21, M-22.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin

relay_start

# largest NAME RELAY SOURCE GROUP PAYLOAD
largest()
{
    local before
    listener_start "$1" "$GWS" --port 6000 --payload "$5" "$3" "$4"
    node_start "$1" "$GWS" receive --set relay="$2" --set source="$3" --set group="$4" --set port=6000
    await 5 "the join of $4" joined "$4"
    source_start --payload "$5" --rate 500 --count 200 0 "$3" "$4"
    source_wait
    whole "$1" 200
    before=$(relay_value '.elements.udp.drops."too-big"')
    source_start --payload $(($5 + 1)) --rate 500 --count 100 0 "$3" "$4"
    source_wait
    [ $(($(relay_value '.elements.udp.drops."too-big"') - before)) -eq 100 ] ||
        fail "$1: not 100 dropped as too big"
    [ "$(heard "$1" count)" = 200 ] || fail "$1: more than the tunnel carries"
    whole "$1" 200
    node_stop "$1"
    listener_stop "$1"
    await 5 "$4 to be left" no joined "$4"
}

largest 4in4 $RELAY4 $SOURCE4 232.1.1.1 $((1470 - 28))
largest 6in4 $RELAY4 $SOURCE6 ff3e::8000:1 $((1470 - 48))
largest 4in6 $RELAY6 $SOURCE4 232.1.1.1 $((1450 - 28))
largest 6in6 $RELAY6 $SOURCE6 ff3e::8000:1 $((1450 - 48))
relay_stop
