#!/usr/bin/env bash
#
#                          10.20.0.1   10.20.1.1        10.40.0.1   10.40.0.2
#   source --- up0/up1 --- relay --- acc0/acc1 --- NAT --- nat0/nat1 --- gateway.yaml ~ program
#                                                  ($GWS)                ($INS)
#
# A gateway behind a NAT (nftables, masquerading). The NAT forgets its mapping and takes another
# port: the relay sees another endpoint, the stream comes back, and the old endpoint is torn down
# and does not linger. So too when the NAT gets another address. Then the gateway's own link goes
# down and up, and then the tun is removed. Each is counted and said.
#
# Covers: G-47, G-51, G-52, G-64, G-66 to G-70.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin
command -v nft >/dev/null || skip "nft is missing"

INS=amtg$$i
ip netns add $INS && more_namespaces+=($INS) || fail "cannot make a namespace"
ip -n $INS link set lo up
link "$GWS" nat0 $INS nat1
addresses "$GWS" nat0 10.40.0.1/24
addresses $INS nat1 10.40.0.2/24
ip -n $INS route add default via 10.40.0.1
ip netns exec "$GWS" sysctl -qw net.ipv4.ip_forward=1

# masquerade PORTS: from now on new mappings get one of these ports; the old ones are forgotten.
# The address of the translation stays the same, but packets for the old port meet nobody.
masquerade()
{
    ip netns exec "$GWS" nft -f - <<END || skip "nft does not work here"
table ip nat
delete table ip nat
table ip nat {
    chain post {
        type nat hook postrouting priority 100
        oifname "acc1" udp dport 2268 masquerade to :$1
    }
}
END
    # Deleting the interface's address makes the kernel forget what was masqueraded by it.
    ip -n "$GWS" addr del 10.20.1.1/16 dev acc1
    addresses "$GWS" acc1 10.20.1.1/16
    ip -n "$GWS" route replace default via $RELAY4
}

relay_start
masquerade 30000-30099
node_start gateway $INS gateway --set relay=$RELAY4 --set local6=none
is_up()
{
    ip -n $INS link show up dev amt0 2>/dev/null | grep -q amt0
}
await 5 amt0 is_up
listener_start program $INS --interface amt0 --join source $SOURCE4 232.1.1.1
source_start --rate 1000 --for 120 0 $SOURCE4 232.1.1.1
whole program 500
endpoints_are 1 || fail "not one endpoint"

# seen PORTS: the relay has an endpoint on such a port
seen()
{
    grep -qE "endpoint-new .* port=$1 " "$work/relay.1.err"
}
seen '300[0-9][0-9]' || fail "the NAT did not translate"

back()
{
    forget program
    await 15 "the stream to be back after $1" heard_some program 500
    await 15 "one endpoint after $1" endpoints_are 1
}

masquerade 31000-31099
await 15 "the new port" seen '310[0-9][0-9]'
back "the NAT's change"
changes()
{
    node_value gateway '.elements."tunnel/gateway".counters."address-changes"'
}
[ "$(changes)" -ge 1 ] || fail "the gateway did not notice"
node_logs gateway 'gateway-moved .* port=310[0-9][0-9] was=300' || fail "the gateway does not say so"

# Another address of the NAT, as a provider gives one.
before=$(changes)
ip -n "$GWS" addr del 10.20.1.1/16 dev acc1
addresses "$GWS" acc1 10.20.1.7/16
ip -n "$GWS" route replace default via $RELAY4
address_seen()
{
    grep -qE 'endpoint-new .* remote=10.20.1.7 ' "$work/relay.1.err"
}
await 15 "the new address" address_seen
back "the NAT's new address"
[ "$(changes)" -gt "$before" ] || fail "the gateway did not notice its new address"

ip -n $INS link set nat1 down
sleep 2
ip -n $INS link set nat1 up
ip -n $INS route replace default via 10.40.0.1
back "its link was down"
node_logs gateway 'gateway-cycle .* event=renew from=active' || fail "it does not say that it asked"

ip -n $INS link del amt0
await 10 "amt0 to be made again" is_up
node_value_is gateway '.elements.host.counters."times-gone"' 1 || fail "the loss was not counted"
node_logs gateway 'interface-gone .* interface=amt0' || fail "the loss was not said"
# The program's join went with the interface, as that of any program would.
listener_stop program
listener_start program $INS --interface amt0 --join source $SOURCE4 232.1.1.1
back "the tun was removed"

node_stop gateway
await 2 "no endpoint" endpoints_are 0
source_stop
relay_stop
