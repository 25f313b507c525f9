#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay --- acc0/acc1 --- 12 gateways, three of each pair
#
# Of each three, the first leaves (BLOCK), the second tears its tunnel down, the third
# stays. No packet that the source sent later than 100 ms afterwards reaches the first
# two; the third misses nothing. With the last member the upstream join goes, too. A
# Teardown may come from another address, and needs the right MAC.
#
# Covers: R-45, R-48 to R-52, R-10, M-25.
. "$(dirname "$0")/lib.sh"
begin

relay_start
gateways_start
gw stream 0 $SOURCE4 232.1.1.1
gw stream 1 $SOURCE6 ff3e::8000:1
gw open 0-2 10.20.1.1 $RELAY4
gw open 3-5 2001:db8:20::1:1 $RELAY6
gw open 6-8 10.20.1.1 $RELAY4
gw open 9-11 2001:db8:20::1:1 $RELAY6
gw request 0-5 4
gw request 6-11 6
gw report 0-5 allow 232.1.1.1 $SOURCE4
gw report 6-11 allow ff3e::8000:1 $SOURCE6
await 5 "12 endpoints" endpoints_are 12

source_start --rate 2000 --for 60 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1
gw some 0-5 0 100
gw some 6-11 1 100

# A Teardown with any octet of the MAC spoiled does nothing.
for octet in 0 1 2 3 4 5; do
    gw teardown 1 mac=$octet
    gw teardown 10 mac=$octet
done
gw reset
gw some 1 0 200
gw some 10 1 200
endpoints_are 12 || fail "a spoiled Teardown had effect"

gw report 0 block 232.1.1.1 $SOURCE4
gw report 3 block 232.1.1.1 $SOURCE4
gw report 6 block ff3e::8000:1 $SOURCE6
gw report 9 to_in ff3e::8000:1
gw teardown 1
gw teardown 4 via=5
gw teardown 7 via=0
gw teardown 10
gw stopped 0-1 0 within=0.1 for=1
gw stopped 3-4 0 within=0.1 for=0
gw stopped 6-7 1 within=0.1 for=0
gw stopped 9-10 1 within=0.1 for=0
gw unbroken 2 0 500
gw unbroken 5 0 500
gw unbroken 8 1 500
gw unbroken 11 1 500
await 5 "4 endpoints" endpoints_are 4
joined_source 232.1.1.1 $SOURCE4 || fail "232.1.1.1 was left upstream too early"

# A gateway that has left may come back with the Query that it has.
gw reset
gw report 0 allow 232.1.1.1 $SOURCE4
gw some 0 0 100
gw report 0 block 232.1.1.1 $SOURCE4

# The last ones go: so does the upstream join.
gw report 2 block 232.1.1.1 $SOURCE4
gw teardown 5
gw teardown 8
gw report 11 block ff3e::8000:1 $SOURCE6
await 5 "the relay to forget all" endpoints_are 0
await 5 "232.1.1.1 to be left" no joined 232.1.1.1
await 5 "ff3e::8000:1 to be left" no joined ff3e::8000:1
source_stop

gateways_stop
relay_stop
