#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay --- acc0/acc1 --- gateway.yaml ~ amt4 ~ kernel   (IPv4 tunnel)
#                                        ^         gateway.yaml ~ amt6 ~ kernel   (IPv6 tunnel)
#                                        |         a gateway that does not say E
#                                     congested
#
# ECN through a tunnel (RFC 6040, RFC 9601): a stream that is ECN-capable stays so outside, is
# marked there by a router that is congested, and arrives marked. One that is not stays out of
# it, and is lost where a router marks it all the same. A gateway that does not say that it heeds
# the outer field gets none. DSCP: CS6 for all that is not Data.
#
# Covers: E-1 to E-4, E-6 to E-11, E-14, E-16, E-17.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
command -v nft >/dev/null || skip "nft is missing"
begin

rules()
{
    ip netns exec "$1" nft -f - || skip "nft does not work here"
}
# packets NAME: so many since the counters were forgotten
packets()
{
    ip netns exec "$GWS" nft list counter inet amtg "$1" | sed -n 's/.*packets \([0-9]*\) .*/\1/p'
}
some()
{
    [ "$(packets "$1")" -ge "${2:-200}" ]
}
forget_packets()
{
    ip netns exec "$GWS" nft reset counters >/dev/null
}
congest()
{
    rules "$GWS" <<<"flush chain inet amtg congested; $1"
}

# Two streams are ECN-capable, the third is not.
rules "$SRC" <<'END'
table inet amtg {
    chain capable {
        type filter hook output priority mangle
        ip daddr 232.1.1.1 ip ecn set ect0
        ip6 daddr ff3e::8000:1 ip6 ecn set ect0
    }
}
END
{
    echo "table inet amtg {"
    for name in outer4 outer6 other-plain other-ecn control4 control6 control-other \
        four-ect four-ce six-ect six-ce plain; do
        echo "counter $name {}"
    done
    cat <<'END'
    chain congested {
        type filter hook prerouting priority -150
    }
    chain outer {
        type filter hook prerouting priority -140
        iifname "acc1" udp sport 2268 ip daddr 10.20.1.1 ip ecn ect0 counter name outer4
        iifname "acc1" udp sport 2268 ip6 ecn ect0 counter name outer6
        iifname "acc1" udp sport 2268 ip daddr 10.20.1.2 @th,64,8 6 ip ecn not-ect counter name other-plain
        iifname "acc1" udp sport 2268 ip daddr 10.20.1.2 ip ecn != not-ect counter name other-ecn
        iifname "acc1" udp sport 2268 @th,64,8 != 6 ip dscp cs6 counter name control4
        iifname "acc1" udp sport 2268 @th,64,8 != 6 ip6 dscp cs6 counter name control6
        iifname "acc1" udp sport 2268 @th,64,8 != 6 ip dscp != cs6 counter name control-other
    }
    chain inner {
        type filter hook prerouting priority -140
        iifname "amt4" ip daddr 232.1.1.1 ip ecn ect0 counter name four-ect
        iifname "amt4" ip daddr 232.1.1.1 ip ecn ce counter name four-ce
        iifname "amt6" ip6 daddr ff3e::8000:1 ip6 ecn ect0 counter name six-ect
        iifname "amt6" ip6 daddr ff3e::8000:1 ip6 ecn ce counter name six-ce
        iifname "amt4" ip daddr 232.1.1.2 ip ecn not-ect counter name plain
    }
}
END
} | rules "$GWS"

relay_start
node_start four "$GWS" gateway --set relay=$RELAY4 --set tun=amt4
node_start six "$GWS" gateway --set relay=$RELAY6 --set tun=amt6 --set routes= \
    --set addresses=169.254.232.2/32
is_up()
{
    ip -n "$GWS" link show up dev "$1" 2>/dev/null | grep -q "$1"
}
await 5 amt4 is_up amt4
await 5 amt6 is_up amt6
listener_start ect4 "$GWS" --interface amt4 --join source $SOURCE4 232.1.1.1
listener_start ect6 "$GWS" --interface amt6 --join source --stream 1 $SOURCE6 ff3e::8000:1
listener_start plain "$GWS" --interface amt4 --join source --stream 2 $SOURCE4 232.1.1.2
# As the shipped one, but it does not say that it heeds ECN.
cp -r "$AMTGRAPH_GRAPHS" "$work/graphs"
sed -i 's/ecn: *{type: bool, default: true/ecn: {type: bool, default: false/' "$work/graphs/parts/tunnel.yaml"
AMTGRAPH_GRAPHS=$work/graphs node_start other "$GWS" receive --set relay=$RELAY4 \
    --set local4=10.20.1.2 --set source=$SOURCE4 --set group=232.1.1.1
await 5 "three endpoints" endpoints_are 3
source_start --sockets --rate 900 --for 120 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1 \
    2 $SOURCE4 232.1.1.2

# No congestion: as it was sent.
for name in outer4 outer6 other-plain four-ect six-ect plain; do
    await 10 "packets of $name" some $name
done
for name in ect4 ect6 plain; do
    whole $name 200
done
for name in other-ecn four-ce six-ce control-other; do
    some $name 1 && fail "$(packets $name) packets of $name"
done
some control4 2 && some control6 1 || fail "control messages are not CS6"
[ "$(relay_value '.elements.query.counters."ecn-requests"')" -ge 2 ] || fail "no E in Requests"

# A router that is congested marks what is ECN-capable.
congest 'add rule inet amtg congested iifname "acc1" udp sport 2268 ip ecn ect0 ip ecn set ce
         add rule inet amtg congested iifname "acc1" udp sport 2268 ip6 ecn ect0 ip6 ecn set ce'
await 5 "marks in the IPv4 tunnel" some four-ce 1
await 5 "marks in the IPv6 tunnel" some six-ce 1
forget_packets
for name in four-ce six-ce plain; do
    await 10 "packets of $name" some $name
done
for name in four-ect six-ect; do
    some $name 1 && fail "$(packets $name) packets of $name lost their mark"
done
for name in ect4 ect6 plain; do
    whole $name 400
done
for node in four six; do
    [ "$(node_value $node '.elements."tunnel/decap".counters.congested')" -ge 200 ] ||
        fail "$node has not counted what was marked"
    [ "$(node_value $node '.elements."tunnel/check".drops | add')" = 0 ] ||
        fail "$node has spoiled what it marked"
done

# One that marks what is not ECN-capable would lose the only sign of congestion: it is dropped.
congest 'add rule inet amtg congested iifname "acc1" udp sport 2268 ip ecn set ce'
await 5 "drops" node_value_is four '.elements."tunnel/decap".drops."not-ect-ce" > 100' true
forget_packets
sleep 0.3
some plain 1 && fail "what is not ECN-capable came marked, or its mark was lost"
some four-ce 1 || fail "what is ECN-capable stays away"
[ "$(grep -c odd-ecn "$work/node.four.err")" = 1 ] || fail "not said once that something is odd"

source_stop
node_stop other
node_stop four
node_stop six
relay_stop
