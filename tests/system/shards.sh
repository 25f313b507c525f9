#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay --- acc0/acc1 --- 40 gateways, 10 of each pair, on 5 + 5
#                        3 shards                  addresses
#
# A relay of three shards serves as one: the kernel gives each datagram to the shard of its
# source address, so that Request and Update meet; each gateway gets every packet once. A
# Teardown that comes from another address ends the tunnel that it names. ICMP errors, which
# the kernel gives to any shard, end the tunnel of a gateway that has vanished. Counters are
# those of all shards. A graph with an element that there can be only one of has no shards.
#
# Covers: R-44, R-48, R-50, R-75, S-6.
. "$(dirname "$0")/lib.sh"
begin

shards=3
count=2000 rate=1000
[ -z "$AMTGRAPH_SANITIZED" ] || rate=400

relay_start --shards $shards --set endpoints-per-address=4
[ "$(ip netns exec "$RLY" ss -Hlun 'sport = 2268' | wc -l)" -eq $((2 * shards)) ] ||
    fail "not $shards sockets for each family"
gateways_start
gw stream 0 $SOURCE4 232.1.1.1
gw stream 1 $SOURCE6 ff3e::8000:1
gw open 0-9 10.20.1.1/5 $RELAY4
gw open 10-19 2001:db8:20::1:1/5 $RELAY6
gw open 20-29 10.20.1.1/5 $RELAY4
gw open 30-39 2001:db8:20::1:1/5 $RELAY6
gw request 0-19 4
gw request 20-39 6
gw report 0-19 allow 232.1.1.1 $SOURCE4
gw report 20-39 allow ff3e::8000:1 $SOURCE6
await 5 "40 endpoints" endpoints_are 40

# As many as one address may have: one more is refused, whichever shard has it.
gw open 40-44 10.20.1.1/5 $RELAY4
gw request 40-44 4
gw report 40-44 allow 232.1.1.1 $SOURCE4
sleep 0.3
endpoints_are 40 || fail "the limit for an address does not hold"

source_start --rate $rate --count $count 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1
source_wait
gw got 0-19 0 $count
gw got 20-39 1 $count
[ "$(relay_value .elements.udp.counters.copies)" -ge $((40 * count)) ] ||
    fail "the copies of all shards are not summed up"

# What is shown, tapped and told is that of all shards.
"$AMTGRAPH" show gateways --name relay --json >"$work/shown"
jq -e '.rows | length == 40 and ([.[].shard] | unique | length) > 1 and all(.copies >= '$count')' \
    "$work/shown" >/dev/null || fail "show gateways of shards: $(head -c 1000 "$work/shown")"
"$AMTGRAPH" show sockets --name relay | head -n 1 | grep -q ' shard$' || fail "show: no column says which shard"
"$AMTGRAPH" call encap.reset --name relay || fail "call: exit code $?"
[ "$("$AMTGRAPH" show edges --name relay --json | jq '.rows[] | select(.edge | startswith("encap.out ")) | .packets')" = 0 ] ||
    fail "call: not all shards were reset"
timeout 20 "$AMTGRAPH" tap messages.update --name relay --count 4 --json >"$work/tapped" &
tapping=$!
sleep 0.3
gw request 0-9 4
gw report 0-9 allow 232.1.1.1 $SOURCE4
wait $tapping || fail "tap: exit code $?"
[ "$(grep -c '"packet"' "$work/tapped")" -eq 4 ] || fail "tap of shards: $(head -c 1000 "$work/tapped")"

# Each from the address of a neighbour: of four addresses some lie in another shard.
for gateway in 0 1 2 3; do
    gw teardown $gateway via=$((gateway + 1))
done
gw teardown 30 via=31
await 5 "35 endpoints" endpoints_are 35

# These vanish: their hosts answer with ICMP port unreachable. Numbers begin anew with the source.
gw reset
source_start --rate $rate --for 60 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1
gw some 4-9 0 50
for gateway in 4 5 6 7 8 9 32 33; do
    gw close $gateway
done
await 20 "the vanished ones to be given up" endpoints_are 27
[ "$(relay_value .elements.membership.counters.unreachable)" -eq 8 ] || fail "not by ICMP errors"
source_stop
gateways_stop
relay_stop

# What there can be only one of.
ip netns exec "$RLY" "$AMTGRAPH" run "$AMTGRAPH_GRAPHS/gateway.yaml" --shards 2 \
    --set relay=192.0.2.1 >"$work/out" 2>&1
[ $? -eq 2 ] || fail "a tun in two shards was not refused"
grep -q "there can be only one" "$work/out" || fail "it was refused without the reason"
