#!/usr/bin/env bash
#
#   400 + 400 groups --- up0/up1 --- relay --- acc0/acc1 --- gateways 0-1 (IPv4),
#                                                            2-3 (IPv6)
#
# 25 and 400 groups in one report, kernel limits (igmp_max_memberships: 20) at their
# defaults: every group comes. A record that claims 65,535 sources and brings one does no
# harm and leaves no state.
#
# Covers: R-35, R-37, R-45, S-7, S-12.
. "$(dirname "$0")/lib.sh"
begin

relay_start
gateways_start
gw stream 0-399 $SOURCE4 232.2.0.1/400
gw stream 400-799 $SOURCE6 ff3e::9000:1/400
gw open 0-1 10.20.1.1/2 $RELAY4
gw open 2-3 2001:db8:20::1:1/2 $RELAY6
gw request 0-1 4
gw request 2-3 6

# The lie: first, so that a relay that believes it has all of the test to show it.
gw report 0 allow 232.2.0.1 $SOURCE4 claim=65535
gw report 0 allow 232.2.0.2 $SOURCE4 + allow 232.2.0.3 $SOURCE4 claim=65535
gw report 2 allow ff3e::9000:1 $SOURCE6 claim=65535
gw report 2 allow ff3e::9000:2 $SOURCE6 + allow ff3e::9000:3 $SOURCE6 claim=65535
sleep 0.2 # nothing to wait for: that nothing happens is the point
endpoints_are 0 || fail "a record that claims more than it brings was believed"

gw report 0 allow 232.2.0.1/25 $SOURCE4
gw report 1 allow 232.2.0.1/400 $SOURCE4
gw report 2 allow ff3e::9000:1/25 $SOURCE6
gw report 3 allow ff3e::9000:1/400 $SOURCE6
await 5 "4 endpoints" endpoints_are 4
for n in 1 20 21 25 200 400; do
    await 5 "group $n" joined_source "232.2.$((n / 256)).$((n % 256))" $SOURCE4
    await 5 "group $n" joined_source "ff3e::9000:$(printf %x $n)" $SOURCE6
done

source_start --rate 4000 --count 10 0-399 $SOURCE4 232.2.0.1/400 \
    400-799 $SOURCE6 ff3e::9000:1/400
source_wait
gw got 0 0-24 10
gw got 1 0-399 10
gw got 2 400-424 10
gw got 3 400-799 10
gw none 0 25-399 for=0.2
gw none 2 425-799 for=0

gw report 1 to_in 232.2.0.1/400
gw report 3 to_in ff3e::9000:1/400
await 15 "group 400 to be left" no joined 232.2.1.144
await 15 "group 400 to be left" no joined ff3e::9000:190
joined_source 232.2.0.25 $SOURCE4 || fail "group 25 was left, too"

gateways_stop
relay_stop
no joined 232.2.0.1 || fail "232.2.0.1 is still joined"
no joined ff3e::9000:1 || fail "ff3e::9000:1 is still joined"
