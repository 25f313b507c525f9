#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay --- acc0/acc1 --- 100 gateways, 25 of each pair:
#                                                    0-24   IPv4 in IPv4
#                                                    25-49  IPv4 in IPv6
#                                                    50-74  IPv6 in IPv4
#                                                    75-99  IPv6 in IPv6
#                                                  on 5 + 5 addresses, so that many share one
#
# One relay process serves all four pairs of tunnel and payload family: each gateway gets
# every one of 10,000 numbered packets once, the inner packet octet for octet as it was
# sent, also when its UDP checksum had been left to the sender's device.
#
# Covers: R-1, R-2, R-5, R-12 to R-24, R-26 to R-28, R-30 to R-33, R-44, R-46, R-53, R-68,
# M-3 to M-5, M-8 to M-11, M-13 to M-16, M-21, M-22.
. "$(dirname "$0")/lib.sh"
begin

count=10000 rate=1600
[ -z "$AMTGRAPH_SANITIZED" ] || rate=800

relay_start --set discovery4=$DISCOVERY4 --set discovery6=$DISCOVERY6
gateways_start
gw stream 0 $SOURCE4 232.1.1.1
gw stream 1 $SOURCE6 ff3e::8000:1
gw stream 2 $SOURCE4 232.1.1.2 payload=1000 loose
gw stream 3 $SOURCE6 ff3e::8000:2 payload=1000 loose
gw open 0-24 10.20.1.1/5 $RELAY4
gw open 25-49 2001:db8:20::1:1/5 $RELAY6
gw open 50-74 10.20.1.1/5 $RELAY4
gw open 75-99 2001:db8:20::1:1/5 $RELAY6

# Discovery to the relay's own address and to the well-known one is answered alike.
gw discover 0-24 $RELAY4
gw discover 25-49 $RELAY6
gw discover 50-74 $DISCOVERY4
gw discover 75-99 $DISCOVERY6
endpoints_are 0 || fail "Discovery made state"

gw request 0-49 4
gw request 50-99 6
endpoints_are 0 || fail "Requests made state"
gw report 0-49 allow 232.1.1.1 $SOURCE4 + allow 232.1.1.2 $SOURCE4
gw report 50-99 allow ff3e::8000:1 $SOURCE6 + allow ff3e::8000:2 $SOURCE6
await 5 "100 endpoints" endpoints_are 100
await 5 "the join of 232.1.1.1" joined_source 232.1.1.1 $SOURCE4
await 5 "the join of ff3e::8000:1" joined_source ff3e::8000:1 $SOURCE6

# By a program's sockets: the checksum is finished by nobody on a veth.
source_start --sockets --payload 1000 --rate 400 --count 200 2 $SOURCE4 232.1.1.2 \
    3 $SOURCE6 ff3e::8000:2
source_wait
gw got 0-49 2 200
gw got 50-99 3 200

source_start --rate $rate --count $count 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1
source_wait
gw got 0-49 0 $count
gw got 50-99 1 $count
gw none 0-49 1 for=0
gw none 50-99 0 for=0

gateways_stop
relay_stop INT
no joined 232.1.1.1 || fail "232.1.1.1 is still joined"
