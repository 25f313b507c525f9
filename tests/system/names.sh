#!/usr/bin/env bash
#
#                        +--- relay A, then gone     10.20.0.1
#   source --- up0/up1 --+                               --- acc0/acc1 --- receive.yaml
#                        +--- relay B                10.20.0.9             relay=relay.test
#                                                                          /etc/hosts of its own
#
# A receiver finds its relay by a name: first nobody knows it, then it leads to A. A goes away for
# good and the name leads to B: the receiver moves there by itself. Then the name is gone, and B
# is away for a while: the receiver keeps its tunnel and has its stream back.
#
# Covers: D-17, G-39.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin
OTHER4=10.20.0.9
addresses "$RLY" acc0 $OTHER4/16

# What `ip netns exec` puts in the place of the machine's own files.
[ -d /etc/netns ] || more_folders+=(/etc/netns)
mkdir -p "/etc/netns/$GWS" || skip "cannot make /etc/netns/$GWS"
more_folders=("/etc/netns/$GWS" "${more_folders[@]}")
echo 'hosts: files' >"/etc/netns/$GWS/nsswitch.conf"
hosts=/etc/netns/$GWS/hosts
: >"$hosts"
ip netns exec "$GWS" sh -c '[ ! -s /etc/hosts ]' || skip "no /etc/hosts of its own"

failed_more_than()
{
    [ "$(node_value receiver '.elements."tunnel/gateway".counters."lookups-failed"')" -gt "$1" ]
}

relay_start
source_start --rate 1000 --for 170 0 $SOURCE4 232.1.1.1
listener_start program "$GWS" --port 6004 $SOURCE4 232.1.1.1
unprivileged=1 node_start receiver "$GWS" receive --set relay=relay.test --set source=$SOURCE4 \
    --set group=232.1.1.1 --set port=6004

await 10 "a failure in the log" node_logs receiver "name-lookup .* name=relay.test result=none"
echo "$RELAY4 relay.test" >"$hosts"
await 20 "the stream to come from A" heard_some program 200
node_logs receiver "gateway-cycle .* relay=$RELAY4 .* to=active" || fail "not served by A"

# Away for good, and the name leads elsewhere.
relay_stop
node_start B "$RLY" relay --set upstream=up1 --set listen4=$OTHER4 --set listen6=none
echo "$OTHER4 relay.test" >"$hosts"
left=$(date +%s%N)
forget program
await 30 "the stream to come from B" heard_some program 200
say "moved to the other address in $((($(date +%s%N) - left) / 1000000)) ms"
node_logs receiver "gateway-cycle .* relay=$OTHER4 .* to=active" || fail "not served by B"
forget program
whole program 500
[ "$(node_value receiver '.elements."tunnel/gateway".counters."relay-changes"')" = 1 ] ||
    fail "it has not moved once"

# The name is gone, and B for a while.
: >"$hosts"
failed=$(node_value receiver '.elements."tunnel/gateway".counters."lookups-failed"')
node_stop B
await 30 "a lookup to fail" failed_more_than "$failed"
node_start B "$RLY" relay --set upstream=up1 --set listen4=$OTHER4 --set listen6=none
forget program
await 20 "the stream to come back from B" heard_some program 200
node_value_is receiver '.elements."tunnel/gateway".counters."relay-changes"' 1 || fail "it has moved"
node_value_is receiver '.elements."tunnel/names".counters."under-way"' 0 || fail "it still asks"

node_stop receiver
[ "$(node_value B .elements.membership.counters.endpoints)" = 0 ] || fail "B was not told of the end"
node_stop B
source_stop
