#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay --drain 60s --- acc0/acc1 --- receive.yaml ~ plain program
#
# A relay that is told to end with a gateway there goes on serving it, refuses another one, and
# ends by itself when the first has left; or at once when it is told a second time.
#
# Covers: R-25 (RFC 7450, section 5.3.4).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin

relay_says()
{
    grep -q "$1" "$work/relay.$relay_runs.err"
}
# A relay with one gateway, told to end.
drain()
{
    relay_start --drain 60s
    node_start one "$GWS" receive --set relay=$RELAY4 --set source=$SOURCE4 --set group=232.1.1.1
    await 5 "an endpoint" endpoints_are 1
    forget one
    whole one 100
    kill -TERM "$relay_pid"
    await 2 "draining" relay_says "drain-begin element=membership endpoints=1"
    forget one
    whole one 300
}

source_start --rate 500 --for 120 0 $SOURCE4 232.1.1.1
listener_start one "$GWS" --port 5004 $SOURCE4 232.1.1.1

drain
node_start two "$GWS" receive --set relay=$RELAY4 --set source=$SOURCE4 --set group=232.1.1.1 \
    --set port=5006
await 5 "L for another gateway" node_value_is two '.elements."tunnel/gateway".drops."query-refused" > 0' true
endpoints_are 1 || fail "another gateway was taken"
node_stop two
node_stop one
relay_ended()
{
    ! kill -0 "$relay_pid" 2>/dev/null
}
await 5 "the relay to end" relay_ended
wait "$relay_pid" || fail "exit code $?"
unset "started[$relay_pid]"

drain
before=$(date +%s%N)
relay_stop
[ $((($(date +%s%N) - before) / 1000000)) -lt 5000 ] || fail "the second SIGTERM took its time"
node_stop one
source_stop
