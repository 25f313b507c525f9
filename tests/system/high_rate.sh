#!/usr/bin/env bash
#
#   source, 250,000 packets/s --- up0/up1 --- relay --- acc0/acc1 --- gateways 0-1
#
# 20 seconds of more input than a relay may be able to copy, each packet sent by itself:
# its memory stays as it was, what arrives is right, and afterwards it serves a moderate
# stream whole.
#
# Covers: R-53, S-7 (bounded queues).
. "$(dirname "$0")/lib.sh"
begin

rate=250000 seconds=20 slack=1024 # KiB
if [ -n "$AMTGRAPH_SANITIZED" ]; then
    rate=50000 slack=65536
fi

relay_start
gateways_start
gw stream 0 $SOURCE4 232.1.1.1
gw stream 1 $SOURCE4 232.1.1.2
gw stream 2 $SOURCE6 ff3e::8000:1
gw open 0 10.20.1.1 $RELAY4
gw open 1 2001:db8:20::1:1 $RELAY6
gw request 0 4
gw request 1 6
gw report 0 allow 232.1.1.1 $SOURCE4
gw report 1 allow ff3e::8000:1 $SOURCE6
await 5 "2 endpoints" endpoints_are 2

# Two thirds of it nobody wants, or only one of the gateways: as on a busy link.
input=(0 $SOURCE4 232.1.1.1 1 $SOURCE4 232.1.1.2 2 $SOURCE6 ff3e::8000:1)
source_start --rate $rate --for 2 "${input[@]}"
source_wait # tables and buffers have got what they need
gw reset
before=$(relay_memory)
source_start --rate $rate --for $seconds "${input[@]}"
source_wait
after=$(relay_memory)
say "memory $before KiB before, $after KiB after"
[ $((after - before)) -le $slack ] || fail "memory grew by $((after - before)) KiB"
sent=$(sed -n 's/^sent \([0-9]*\) .*/\1/p' "$work/source.out")
reached=$(sed -n 's/.*, \([0-9]*\)\/s$/\1/p' "$work/source.out")
[ "$reached" -ge $((rate * 9 / 10)) ] || say "the source reached only $reached/s on this machine"
gw count 0 0
say "of $((sent / 3)) wanted packets ${answer#ok } were delivered to gateway 0"

gw some 0 0 1
gw some 1 2 1
gw reset
source_start --rate 1500 --count 1000 "${input[@]}"
source_wait
gw got 0 0 1000
gw got 1 2 1000
gw none 0-1 1 for=0.2

gateways_stop
relay_stop
