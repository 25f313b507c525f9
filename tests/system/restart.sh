#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay, stopped and started again --- acc0/acc1 --- gateways 0-1
#
# After a restart the MACs of before are refused; a new Request opens the door again.
#
# Covers: S-1, R-22, R-39.
. "$(dirname "$0")/lib.sh"
begin

gateways_start
gw stream 0 $SOURCE4 232.1.1.1
gw stream 1 $SOURCE6 ff3e::8000:1
gw open 0 10.20.1.1 $RELAY4
gw open 1 2001:db8:20::1:1 $RELAY6
relay_start
gw request 0 4
gw request 1 6
gw report 0 allow 232.1.1.1 $SOURCE4
gw report 1 allow ff3e::8000:1 $SOURCE6
source_start --rate 2000 --for 60 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1
gw some 0 0 100
gw some 1 1 100
relay_stop

relay_start
gw reset
gw report 0 allow 232.1.1.1 $SOURCE4
gw report 1 allow ff3e::8000:1 $SOURCE6
gw none 0 0 for=1
gw none 1 1 for=0
endpoints_are 0 || fail "a MAC of before the restart made an endpoint"

gw request 0 4
gw request 1 6
gw report 0 allow 232.1.1.1 $SOURCE4
gw report 1 allow ff3e::8000:1 $SOURCE6
gw some 0 0 100
gw some 1 1 100
endpoints_are 2 || fail "not two endpoints"
source_stop

gateways_stop
relay_stop
