#!/usr/bin/env bash
#
#   200 sources --- up0/up1 --- relay --- acc0/acc1 --- gateways 0-4 (IPv4), 5-9 (IPv6)
#
# One group, wanted in different ways at once: from one source, from any, from all but
# one; then from 11 and from 200 sources. Each gateway gets what it asked for, no more.
# Kernel limits (igmp_max_msf, mld_max_msf) stay at their defaults.
#
# Covers: R-3, R-4, R-45, R-46, R-47.
. "$(dirname "$0")/lib.sh"
begin

relay_start
gateways_start
gw stream 0-199 10.10.1.1/200 232.1.1.1
gw stream 200-399 2001:db8:10::1:1/200 ff3e::8000:1
gw stream 400-401 10.10.1.1/2 239.1.1.1
gw stream 402-403 2001:db8:10::1:1/2 ff1e::1
gw open 0-4 10.20.1.1/5 $RELAY4
gw open 5-9 2001:db8:20::1:1/5 $RELAY6
gw request 0-4 4
gw request 5-9 6

# (S,G), (*,G) and all but S, of one group.
gw report 0 allow 239.1.1.1 10.10.1.1
gw report 1 to_ex 239.1.1.1
gw report 2 to_ex 239.1.1.1 10.10.1.1
gw report 5 allow ff1e::1 2001:db8:10::1:1
gw report 6 to_ex ff1e::1
gw report 7 to_ex ff1e::1 2001:db8:10::1:1
await 5 "6 endpoints" endpoints_are 6
await 5 "the join of 239.1.1.1" joined 239.1.1.1
await 5 "the join of ff1e::1" joined ff1e::1
both=(400-401 10.10.1.1/2 239.1.1.1 402-403 2001:db8:10::1:1/2 ff1e::1)
source_start --rate 2000 --count 500 "${both[@]}"
source_wait
gw got 0 400 500
gw got 1 400-401 500
gw got 2 401 500
gw got 5 402 500
gw got 6 402-403 500
gw got 7 403 500
gw none 0 401 for=0.2
gw none 2 400 for=0
gw none 5 403 for=0
gw none 7 402 for=0

# The others leave: (S,G) goes on, and upstream it is asked for that source alone.
gw report 1-2 to_in 239.1.1.1
gw report 6-7 to_in ff1e::1
await 15 "239.1.1.1 to be wanted from one source" joined_source 239.1.1.1 10.10.1.1
await 15 "ff1e::1 to be wanted from one source" joined_source ff1e::1 2001:db8:10::1:1
gw reset
source_start --rate 2000 --count 500 "${both[@]}"
source_wait
gw got 0 400 500
gw got 5 402 500
gw none 0-2 401 for=0.2
gw none 5-7 403 for=0
gw teardown 0-2
gw teardown 5-7
await 5 "the relay to forget them" endpoints_are 0

# 11, then 200 sources in one record.
gw request 0-4 4
gw request 5-9 6
gw report 3 allow 232.1.1.1 10.10.1.1/11
gw report 8 allow ff3e::8000:1 2001:db8:10::1:1/11
gw report 4 allow 232.1.1.1 10.10.1.1/200
gw report 9 allow ff3e::8000:1 2001:db8:10::1:1/200
for last in 1 10 11 64 65 128 200; do
    await 5 "source $last of 232.1.1.1" joined_source 232.1.1.1 10.10.1.$last
    await 5 "source $last of ff3e::8000:1" joined_source ff3e::8000:1 \
        "2001:db8:10::1:$(printf %x $last)"
done
source_start --rate 4000 --count 20 0-199 10.10.1.1/200 232.1.1.1 \
    200-399 2001:db8:10::1:1/200 ff3e::8000:1
source_wait
gw got 3 0-10 20
gw got 4 0-199 20
gw got 8 200-210 20
gw got 9 200-399 20
gw none 3 11-199 for=0.2
gw none 8 211-399 for=0

gw report 4 to_in 232.1.1.1
gw report 9 to_in ff3e::8000:1
await 15 "the 200th source to be left" no joined_source 232.1.1.1 10.10.1.200
await 15 "the 200th source to be left" no joined_source ff3e::8000:1 2001:db8:10::1:c8
joined_source 232.1.1.1 10.10.1.11 || fail "the 11th source was left, too"

gateways_stop
relay_stop
no joined 232.1.1.1 || fail "232.1.1.1 is still joined"
no joined ff3e::8000:1 || fail "ff3e::8000:1 is still joined"
