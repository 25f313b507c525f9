#!/usr/bin/env bash
#
#                        +--- relay A, then gone     10.20.0.1
#   source --- up0/up1 --+                               --- acc0/acc1 --- receive.yaml
#                        +--- relay B                10.20.0.9
#                 discovery address, answered by A and later by B: 192.52.193.1
#
# The relay that a gateway has found goes away for good, and the discovery address is answered by
# another: the gateway moves there by itself, its subscription with it, and says so.
#
# Covers: R-7, G-19, G-22, G-26, G-29 to G-31, G-39, G-62.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin
OTHER4=10.20.0.9
addresses "$RLY" acc0 $OTHER4/16

relay_start --set discovery4=$DISCOVERY4 --set advertise4=$RELAY4 --set discovery6=none
listener_start program "$GWS" --port 6004 $SOURCE4 232.1.1.1
node_start receiver "$GWS" receive --set discovery=$DISCOVERY4 --set source=$SOURCE4 \
    --set group=232.1.1.1 --set port=6004
source_start --rate 1000 --for 120 0 $SOURCE4 232.1.1.1
whole program 500
node_logs receiver "gateway-cycle .* relay=$RELAY4 .* to=active" || fail "not served by A"

relay_stop
node_start B "$RLY" relay --set upstream=up1 --set listen4=$OTHER4 --set listen6=none \
    --set discovery4=$DISCOVERY4 --set advertise4=$OTHER4
left=$(date +%s%N)
forget program
await 30 "the stream to come from B" heard_some program 200
say "moved to the other relay in $((($(date +%s%N) - left) / 1000000)) ms"
node_logs receiver "gateway-cycle .* relay=$OTHER4 .* to=active" || fail "not served by B"
[ "$(node_value B .elements.membership.counters.endpoints)" = 1 ] || fail "B has not one endpoint"
forget program
whole program 500

node_stop receiver
[ "$(node_value B .elements.membership.counters.endpoints)" = 0 ] || fail "B was not told of the end"
node_stop B
source_stop
