#!/usr/bin/env bash
#
#   source, 250,000 packets/s --- up0/up1 --- relay --- acc0/acc1 --- gateways 0-1
#
# 20 seconds (5 with sanitizers) of more input than a relay may be able to copy, each packet
# sent by itself: its memory stays as it was, what arrives is right, and afterwards it serves a
# moderate stream whole.
#
# Covers: R-53, S-7 (bounded queues).
. "$(dirname "$0")/lib.sh"
begin

rate=250000 seconds=20 slack=1024 # KiB
if [ -n "$AMTGRAPH_SANITIZED" ]; then
    rate=50000 seconds=5 slack=65536 # memory is for the ordinary build to judge
fi

# Ten groups, of which each gateway wants one: as on a busy link. Streams 0-9 warm up,
# 10-19 are the load, 20-29 the moderate stream, so that none is taken for another.
groups4=232.1.1.1/9 group6=ff3e::8000:1
# input FIRST: the arguments for the source
input()
{
    echo "$1-$(($1 + 8)) $SOURCE4 $groups4 $(($1 + 9)) $SOURCE6 $group6"
}

relay_start
gateways_start
for first in 0 10 20; do
    gw stream $first-$((first + 8)) $SOURCE4 $groups4
    gw stream $((first + 9)) $SOURCE6 $group6
done
gw open 0 10.20.1.1 $RELAY4
gw open 1 2001:db8:20::1:1 $RELAY6
gw request 0 4
gw request 1 6
gw report 0 allow 232.1.1.1 $SOURCE4
gw report 1 allow $group6 $SOURCE6
await 5 "2 endpoints" endpoints_are 2

# shellcheck disable=SC2046  # words are meant
source_start --rate $rate --for 2 $(input 0)
source_wait # tables and buffers have got what they need
before=$(relay_memory)
# shellcheck disable=SC2046
source_start --rate $rate --for $seconds $(input 10)
source_wait
after=$(relay_memory)
say "memory $before KiB before, $after KiB after"
[ $((after - before)) -le $slack ] || fail "memory grew by $((after - before)) KiB"
sent=$(sed -n 's/^sent \([0-9]*\) .*/\1/p' "$work/source.out")
[ "$sent" -ge $((rate * seconds * 8 / 10)) ] || say "this machine's source could do no more"
gw some 0 10 1
gw some 1 19 1
gw count 0 10
say "of $((sent / 10)) wanted packets ${answer#ok } were delivered to gateway 0"

# shellcheck disable=SC2046
source_start --rate 5000 --count 1000 $(input 20)
source_wait
gw got 0 20 1000
gw got 1 29 1000
gw none 0 21-29 for=0.2
gw none 1 20-28 for=0

gateways_stop
relay_stop
