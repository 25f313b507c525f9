#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay --- acc0/acc1 --- gateways 0-1, 10 (IPv4 tunnels),
#                                                  2-3, 11 (IPv6 tunnels)
#
# Updates with a MAC spoiled in any one octet, or with the MAC of another port or another
# address, get nothing and leave nothing: no endpoint, no upstream join.
#
# Covers: R-39, R-43, S-1, S-9, S-13, M-18.
. "$(dirname "$0")/lib.sh"
begin

relay_start
gateways_start
gw stream 0 $SOURCE4 232.1.1.1
gw stream 1 $SOURCE6 ff3e::8000:1
gw open 0-1 10.20.1.1 $RELAY4 # two ports of one address
gw open 2-3 2001:db8:20::1:1 $RELAY6
gw open 10 10.20.1.2 $RELAY4 like=0 # another address, the same port
gw open 11 2001:db8:20::1:2 $RELAY6 like=2
gw request 0 4
gw request 2 6

source_start --rate 2000 --for 60 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1
for octet in 0 1 2 3 4 5; do
    gw report 0 allow 232.1.1.1 $SOURCE4 mac=$octet
    gw report 2 allow ff3e::8000:1 $SOURCE6 mac=$octet
done
gw report 0 allow 232.1.1.1 $SOURCE4 via=1
gw report 0 allow 232.1.1.1 $SOURCE4 via=10
gw report 2 allow ff3e::8000:1 $SOURCE6 via=3
gw report 2 allow ff3e::8000:1 $SOURCE6 via=11
gw none 0-3 0-1 for=1
gw none 10-11 0-1 for=0
wrong=$(relay_value .elements.secret.counters.wrong)
[ "$wrong" -eq 16 ] || fail "$wrong wrong MACs seen, not 16"
endpoints_are 0 || fail "an Update with a wrong MAC made an endpoint"
no joined 232.1.1.1 || fail "an Update with a wrong MAC joined 232.1.1.1"
no joined ff3e::8000:1 || fail "an Update with a wrong MAC joined ff3e::8000:1"

# The very same, unspoiled, is served: it was the MAC that was refused.
gw report 0 allow 232.1.1.1 $SOURCE4
gw report 2 allow ff3e::8000:1 $SOURCE6
gw some 0 0 100
gw some 2 1 100
endpoints_are 2 || fail "not two endpoints"
gw none 1 0 for=0
gw none 3 1 for=0
gw none 10-11 0-1 for=0

# A wrong MAC cannot end what is there, either.
for octet in 0 1 2 3 4 5; do
    gw report 0 block 232.1.1.1 $SOURCE4 mac=$octet
done
gw report 0 block 232.1.1.1 $SOURCE4 via=10
gw reset
gw some 0 0 500
source_stop

gateways_stop
relay_stop
