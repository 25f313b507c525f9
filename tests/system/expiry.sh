#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay, interval 2 s --- acc0/acc1 --- gateways 0-1 (IPv4),
#                                                                2-3 (IPv6)
#
# Of each two gateways the first falls silent, the second goes on as it was told. After
# RV x QI + QRI = 2 x 2 s + 10 s the silent one is gone, with its upstream join; not
# before; the other goes on being served.
#
# Covers: R-77 to R-80, R-45, R-30.
. "$(dirname "$0")/lib.sh"
begin

lifetime=14000 # ms
relay_start --set interval=2s
gateways_start
gw stream 0 $SOURCE4 232.1.1.1
gw stream 1 $SOURCE4 232.1.1.2
gw stream 2 $SOURCE6 ff3e::8000:1
gw stream 3 $SOURCE6 ff3e::8000:2
gw open 0-1 10.20.1.1 $RELAY4
gw open 2-3 2001:db8:20::1:1 $RELAY6

# refresh GATEWAY 4|6 GROUP SOURCE: a whole cycle
refresh()
{
    gw request "$1" "$2"
    [ "$answer" = "ok qqic=2 qrv=2" ] || fail "the Query says $answer"
    gw report "$1" is_in "$3" "$4"
}

# elapsed: milliseconds since the silent ones were heard last
elapsed()
{
    echo $((($(date +%s%N) - start) / 1000000))
}

source_start --rate 2000 --for 90 0 $SOURCE4 232.1.1.1 1 $SOURCE4 232.1.1.2 \
    2 $SOURCE6 ff3e::8000:1 3 $SOURCE6 ff3e::8000:2
refresh 0 4 232.1.1.1 $SOURCE4
refresh 2 6 ff3e::8000:1 $SOURCE6
start=$(date +%s%N)
while [ "$(elapsed)" -lt $((lifetime + 2000)) ]; do
    refresh 1 4 232.1.1.2 $SOURCE4
    refresh 3 6 ff3e::8000:2 $SOURCE6
    if [ "$(elapsed)" -lt $((lifetime - 1000)) ]; then
        gw reset
        gw some 0 0 50
        gw some 2 2 50
        endpoints_are 4 || fail "after $(elapsed) ms: not four endpoints"
        joined_source 232.1.1.1 $SOURCE4 || fail "after $(elapsed) ms: 232.1.1.1 is not joined"
    fi
    sleep 0.7
done

await 3 "the silent ones to expire" endpoints_are 2
await 3 "232.1.1.1 to be left" no joined 232.1.1.1
await 3 "ff3e::8000:1 to be left" no joined ff3e::8000:1
gw reset
gw unbroken 1 1 500
gw unbroken 3 3 500
gw none 0 0 for=0.5
gw none 2 2 for=0
joined_source 232.1.1.2 $SOURCE4 || fail "232.1.1.2 was left, too"
joined_source ff3e::8000:2 $SOURCE6 || fail "ff3e::8000:2 was left, too"
source_stop

gateways_stop
relay_stop
