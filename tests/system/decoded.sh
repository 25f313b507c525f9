#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay, 4 endpoints at most --- acc0/acc1 (tcpdump) --- gateways
#
# Everything that the relay sends in a session with all kinds of message, in all four
# family pairs, as captured on the access link, decoded by tshark: not one message is
# malformed, every checksum is right, inner ones included; no outer fragment, DF set.
#
# Covers: M-3, M-10, M-20, R-25, R-70 to R-74, R-82.
. "$(dirname "$0")/lib.sh"
begin

finish_on_the_link
relay_start --set endpoints=4 --set discovery4=$DISCOVERY4 --set discovery6=$DISCOVERY6
gateways_start
capture_start
gw open 0-1 10.20.1.1/2 $RELAY4
gw open 2-3 2001:db8:20::1:1/2 $RELAY6
gw open 4 10.20.1.3 $RELAY4
gw open 5 2001:db8:20::1:3 $RELAY6
gw discover 0 $RELAY4
gw discover 1 $DISCOVERY4
gw discover 2 $RELAY6
gw discover 3 $DISCOVERY6
gw request 0 4
gw request 1 6
gw request 2 4
gw request 3 6
for id in 0 2; do gw report $id allow 232.1.1.1/5 $SOURCE4; done
for id in 1 3; do gw report $id allow ff3e::8000:1/5 $SOURCE6; done
await 5 "4 endpoints" endpoints_are 4
# Full: Queries say so, and a fifth gateway gets nothing.
gw request 4 4 limit=1
gw request 5 6 limit=1
gw report 4 allow 232.1.1.1 $SOURCE4
gw report 5 allow ff3e::8000:1 $SOURCE6

# Sizes odd, even, small and as large as fits on the link; then a program's sockets,
# which leave the inner checksum to their device.
number=0
for payload in 33 64 1000 1400; do
    number=$((number + 1))
    streams=("$number" $SOURCE4 "232.1.1.$number" "$((number + 10))" $SOURCE6 "ff3e::8000:$number")
    gw stream "${streams[@]:0:3}" payload=$payload
    gw stream "${streams[@]:3:3}" payload=$payload
    source_start --rate 1000 --count 100 --payload $payload "${streams[@]}"
    source_wait
done
gw stream 5 $SOURCE4 232.1.1.5 payload=65 loose
gw stream 15 $SOURCE6 ff3e::8000:5 payload=65 loose
source_start --sockets --rate 1000 --count 100 --payload 65 5 $SOURCE4 232.1.1.5 \
    15 $SOURCE6 ff3e::8000:5
source_wait
gw got 0 1-5 100
gw got 1 11-15 100
gw got 2 1-5 100
gw got 3 11-15 100
gw none 4 1-5 for=0.2
gw none 5 11-15 for=0
endpoints_are 4 || fail "more endpoints than the limit"
gw teardown 0-3
await 5 "the relay to forget all" endpoints_are 0
gateways_stop
relay_stop
capture_stop

# What came, one line a message: type, inner protocol, outer DF, MF and offset.
tshark_checked "$work/relay.pcap" -T fields -E occurrence=f -e amt.type -e igmp.type \
    -e icmpv6.type -e eth.type -e ip.flags.df -e ip.flags.mf -e ip.frag_offset \
    -e ipv6.fraghdr.offset -e udp.checksum -E separator=, >"$work/messages.txt"

# messages PATTERN: how many lines match
messages()
{
    grep -cE "$1" "$work/messages.txt"
}

[ "$(messages '^2,')" -eq 4 ] || fail "not 4 Advertisements"
[ "$(messages '^4,0x11,,')" -eq 3 ] || fail "not 3 Queries with IGMP"
[ "$(messages '^4,,130,')" -eq 3 ] || fail "not 3 Queries with MLD"
[ "$(messages '^6,')" -eq 2000 ] || fail "not 2000 Multicast Data"
[ "$(messages '')" -eq 2010 ] || fail "the relay sent something else, too"
[ "$(messages ',0x0800,1,0,0,,0x')" -eq "$(messages ',0x0800,')" ] || fail "outer DF, MF or offset"
[ "$(messages ',0x86dd,.*,,0x')" -eq "$(messages ',0x86dd,')" ] || fail "an IPv6 Fragment header"
[ "$(messages ',0x0000$')" -eq 0 ] || fail "a UDP checksum of zero"
copies=$(jq .elements.udp.counters.copies "$work/stats.json")
[ "$copies" -eq 2010 ] || fail "the relay counts $copies messages"
capture_judge "$work/relay.pcap"
tshark_checked "$work/relay.pcap" -V >"$work/decoded.txt"
! grep -iE 'malformed|checksum.*\[(incorrect|bad)|status: (bad|unverified)' "$work/decoded.txt" >&2 ||
    fail "tshark -V finds fault"

# Would tshark have told? The last octet of the capture is one of a payload.
size=$(stat -c %s "$work/relay.pcap")
last=$(od -An -tu1 -j $((size - 1)) "$work/relay.pcap")
printf "\\x$(printf %x $((last ^ 85)))" |
    dd of="$work/relay.pcap" bs=1 seek=$((size - 1)) conv=notrunc 2>/dev/null
[ "$(tshark_checked "$work/relay.pcap" -Y "$faults" | wc -l)" -eq 1 ] ||
    fail "a spoiled capture passes: this test proves nothing"
