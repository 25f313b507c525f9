#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay --- acc0/acc1 --- gateways 0-1 (IPv4), 2-3 (IPv6), each
#                                                  two behind one address
#
# The first of each two vanishes without a word, so that its host answers with ICMP port
# unreachable. Its tunnel ends when such errors have come over at least 3 seconds, not at
# the first; its neighbour on the same address misses nothing.
#
# Covers: R-75, R-76.
. "$(dirname "$0")/lib.sh"
begin

relay_start
gateways_start
gw stream 0 $SOURCE4 232.1.1.1
gw stream 1 $SOURCE6 ff3e::8000:1
gw open 0-1 10.20.1.1 $RELAY4
gw open 2-3 2001:db8:20::1:1 $RELAY6
gw request 0-1 4
gw request 2-3 6
gw report 0-1 allow 232.1.1.1 $SOURCE4
gw report 2-3 allow ff3e::8000:1 $SOURCE6
await 5 "4 endpoints" endpoints_are 4
source_start --rate 1000 --for 60 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1
gw some 0-1 0 50
gw some 2-3 1 50

gone=$(date +%s%N)
gw close 0
gw close 2
while [ $(($(date +%s%N) - gone)) -lt 2500000000 ]; do
    endpoints_are 4 || fail "given up after less than 3 seconds"
    sleep 0.2
done
await 15 "the vanished ones to be given up" endpoints_are 2
[ "$(relay_value .elements.membership.counters.unreachable)" -eq 2 ] || fail "not by ICMP errors"
sleep 0.5 # what is on its way
gw unbroken 1 0 1500
gw unbroken 3 1 1500
joined_source 232.1.1.1 $SOURCE4 || fail "232.1.1.1 was left, though one wants it"
source_stop

gateways_stop
relay_stop
