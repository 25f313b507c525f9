#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay --- acc0/acc1 --- gateways 0-1, flood of Requests and
#                                                  Updates from a million addresses
#
# A million spoofed Requests, and as many Updates with made-up MACs, leave the relay's
# memory as it was and no endpoint. Joined gateways lose nothing of their stream, and
# their refreshes are answered meanwhile.
#
# Covers: S-8, S-9, S-13, R-39.
. "$(dirname "$0")/lib.sh"
begin

count=1000000 rate=125000 slack=1024 # KiB
if [ -n "$AMTGRAPH_SANITIZED" ]; then
    count=200000 rate=20000 slack=65536
fi

relay_start
gateways_start
gw stream 0 $SOURCE4 232.1.1.1
gw stream 1 $SOURCE6 ff3e::8000:1
gw open 0 10.20.1.1 $RELAY4
gw open 1 2001:db8:20::1:1 $RELAY6
gw request 0 4
gw request 1 6
gw report 0 allow 232.1.1.1 $SOURCE4
gw report 1 allow ff3e::8000:1 $SOURCE6
await 5 "2 endpoints" endpoints_are 2

source_start --rate 1000 --for 60 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1
gw some 0 0 100
flood --from 10.64.0.0/20000 --to $RELAY4 --rate 20000 # tables have got what they need
before=$(relay_memory)
gw reset

flood --from 10.65.0.0/$count --to $RELAY4 --rate $rate &
flooding=$!
started[$flooding]=flood
cycles=0
while kill -0 $flooding 2>/dev/null; do
    gw request 0 4 within=10
    gw report 0 is_in 232.1.1.1 $SOURCE4
    gw request 1 6 within=10
    gw report 1 is_in ff3e::8000:1 $SOURCE6
    cycles=$((cycles + 1))
    sleep 0.5
done
wait $flooding || fail "flood"
unset "started[$flooding]"
[ $cycles -ge 2 ] || fail "the flood was over too soon: $cycles refreshes"
flood --from 2001:db8:f::/$((count / 4)) --to $RELAY6 --rate $rate
flood --updates --from 10.65.0.0/$((count / 4)) --to $RELAY4 --rate $rate
after=$(relay_memory)
say "memory $before KiB before, $after KiB after; $cycles refreshes meanwhile"
[ $((after - before)) -le $slack ] || fail "memory grew by $((after - before)) KiB"
gw unbroken 0 0 1000
gw unbroken 1 1 1000
endpoints_are 2 || fail "the flood made endpoints"
source_stop

gateways_stop
relay_stop
