#!/usr/bin/env bash
#
#                                                                  +--- lan1 one   (IGMPv2)
#   source --- up0/up1 --- relay --- acc0/acc1 --- proxy.yaml --- lan ---- lan2 two   (IGMPv3)
#                                                  (a bridge) +--- lan3 three (MLDv2)
#
# Three hosts on a LAN behind a proxy, each with the kernel's own IGMP or MLD and a plain
# program. Each gets what it wants; a leave of one does not hurt another of the same group; what
# nobody on the LAN wants does not come there, and the stream stops when the last one leaves.
#
# Covers: G-1 to G-7, G-59 and RFC 4605, section 4.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin

# lan_make N: a bridge in $GWS with N hosts, $LAN1 ...
lan_make()
{
    local i ns
    ip -n "$GWS" link add lan type bridge mcast_snooping 0 || skip "cannot make a bridge"
    addresses "$GWS" lan 10.30.0.1/24 2001:db8:30::1/64
    ip -n "$GWS" link set lan up
    for ((i = 1; i <= $1; i++)); do
        ns=amtg$$l$i
        declare -g "LAN$i=$ns"
        ip netns add "$ns" && more_namespaces+=("$ns") || fail "cannot make a namespace"
        ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.accept_dad=0 \
            net.ipv6.conf.default.accept_dad=0 net.ipv4.conf.all.rp_filter=0 \
            net.ipv4.conf.default.rp_filter=0
        ip link add eth0 netns "$ns" type veth peer name lan$i netns "$GWS" || fail "veth"
        ip -n "$GWS" link set lan$i master lan
        ip -n "$GWS" link set lan$i up
        addresses "$ns" eth0 10.30.0.1$i/24 2001:db8:30::1$i/64
        ip -n "$ns" link set eth0 up
        ip -n "$ns" route add default via 10.30.0.1
        ip -n "$ns" -6 route add default via 2001:db8:30::1
    done
}

lan_make 3
ip netns exec "$LAN1" sysctl -qw net.ipv4.conf.all.force_igmp_version=2

relay_start
node_start proxy "$GWS" proxy --set downstream=lan --set relay=$RELAY4 --set last-member=200ms
await 5 "the proxy" ss -N "$GWS" -Hul >"$work/ss"
sleep 0.5
source_start --rate 2000 --for 120 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1 \
    2 $SOURCE4 239.1.1.1
sleep 0.5

lan_packets()
{
    ip netns exec "$LAN2" cat /sys/class/net/eth0/statistics/rx_packets
}

quiet=$(lan_packets)
sleep 1
[ $(($(lan_packets) - quiet)) -lt 50 ] || fail "packets come to the LAN that nobody wants"

listener_start v2 "$LAN1" --interface eth0 --join any --stream 2 $SOURCE4 239.1.1.1
listener_start v3 "$LAN2" --interface eth0 --join source $SOURCE4 232.1.1.1
listener_start mld "$LAN3" --interface eth0 --join source --stream 1 $SOURCE6 ff3e::8000:1
for name in v2 v3 mld; do
    whole $name 500
done
await 3 "one endpoint" endpoints_are 1

ip netns exec "$LAN1" grep -q 'eth0 .* V2' /proc/net/igmp || fail "no IGMPv2 on the first host"
ip netns exec "$LAN2" grep -q 'eth0 .* V3' /proc/net/igmp || fail "no IGMPv3 on the second host"

# Two of one group: one leaves, the other goes on without a gap.
listener_start both "$LAN2" --interface eth0 --join any --stream 2 $SOURCE4 239.1.1.1
whole both 200
listener_stop v2
sleep 1.5
whole both 1000
listener_stop both
await 5 "239.1.1.1 to be left" no joined 239.1.1.1

listener_stop mld
await 5 "ff3e::8000:1 to be left" no joined ff3e::8000:1
forget v3
whole v3 300
listener_stop v3
await 5 "232.1.1.1 to be left" no joined 232.1.1.1
quiet=$(lan_packets)
sleep 1
[ $(($(lan_packets) - quiet)) -lt 50 ] || fail "the stream goes on though the last one left"

node_stop proxy
source_stop
relay_stop
