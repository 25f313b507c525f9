#!/usr/bin/env bash
#
#                        +--- refused, gone for a minute   10.20.0.1, 2001:db8:20::1
#   source --- up0/up1 --+                                          --- acc0/acc1 --- receive.yaml x 4
#                        +--- mute, gone for a minute      10.20.0.9, 2001:db8:20::9
#
# Two relays stop for 60 s and come back with new secrets, and no gateway is told: ICMP refuses for
# the one, the other is just silent. Each has a receiver over IPv4 and one over IPv6. All are
# served again, with the subscription that they had, as soon as their back-off lets them ask
# (RFC 7450, section 5.2.3.5.3: at most 120 s); when, is said.
#
# Covers: G-37, G-57, G-58, G-64, S-1.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin

MUTE4=10.20.0.9 MUTE6=2001:db8:20::9
addresses "$RLY" acc0 $MUTE4/16 $MUTE6/64
ip netns exec "$RLY" nft -f - <<END || skip "nft is missing or does not work"
table inet mute {
    chain out {
        type filter hook output priority 0
        ip saddr $MUTE4 icmp type destination-unreachable drop
        ip6 saddr $MUTE6 icmpv6 type destination-unreachable drop
    }
}
END

relays()
{
    node_start refused "$RLY" relay --set upstream=up1 --set listen4=$RELAY4 --set listen6=$RELAY6
    node_start mute "$RLY" relay --set upstream=up1 --set listen4=$MUTE4 --set listen6=$MUTE6
    await 15 "refused to listen" node_logs refused "listening .* port=2268"
    await 15 "mute to listen" node_logs mute "listening .* port=2268"
}

# receiver NAME RELAY PORT
receiver()
{
    case $2 in
    *:*)
        listener_start "$1" "$GWS" --port "$3" --stream 1 $SOURCE6 ff3e::8000:1
        node_start "$1-gw" "$GWS" receive --set relay="$2" --set source=$SOURCE6 \
            --set group=ff3e::8000:1 --set port="$3"
        ;;
    *)
        listener_start "$1" "$GWS" --port "$3" $SOURCE4 232.1.1.1
        node_start "$1-gw" "$GWS" receive --set relay="$2" --set source=$SOURCE4 \
            --set group=232.1.1.1 --set port="$3"
        ;;
    esac
}

relays
receivers=(refused4 refused6 mute4 mute6)
receiver refused4 $RELAY4 6001
receiver refused6 $RELAY6 6002
receiver mute4 $MUTE4 6003
receiver mute6 $MUTE6 6004
source_start --rate 500 --for 280 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1
for name in "${receivers[@]}"; do
    whole $name 500
done

gateway()
{
    node_value "$1-gw" ".elements.\"tunnel/gateway\".counters.\"$2\""
}
errors()
{
    echo $(($(gateway "$1" unreachable-ignored) + $(gateway "$1" unreachable-renewed)))
}

forget "${receivers[@]}"
for name in "${receivers[@]}"; do
    await 5 "$name" heard_some $name 100
done
node_stop refused
node_stop mute
sleep 60
for name in "${receivers[@]}"; do
    [ "$(gateway $name groups)" = 1 ] || fail "$name has lost its subscription"
    node_logs $name-gw 'gateway-cycle .* event=renew from=active to=refreshing' ||
        fail "$name does not say that it asks again"
    [ "$(gateway $name requests)" -ge 10 ] || fail "$name hardly asks"
    case $name in
    refused*) [ "$(errors $name)" -gt 0 ] || fail "$name was not refused by ICMP" ;;
    mute*) [ "$(errors $name)" -eq 0 ] || fail "$name got ICMP" ;;
    esac
done
relays
back=$(date +%s%N)

gap_over()
{
    [ "$(heard "$1" gap_ms)" -ge 59900 ]
}
for name in "${receivers[@]}"; do
    await 125 "$name to have its stream back" gap_over $name
    say "60 s: $name has its stream back $((($(heard $name back_ns) - back) / 1000000)) ms after" \
        "the relay's return"
done
for name in "${receivers[@]}"; do
    [ "$(gateway $name relay-changes)" = 0 ] || fail "$name has moved"
    forget $name
    whole $name 500
done
for name in refused mute; do
    node_value_is $name .elements.membership.counters.endpoints 2 || fail "$name: not two endpoints"
done

for name in "${receivers[@]}"; do
    node_stop $name-gw
done
source_stop
node_stop refused
node_stop mute
