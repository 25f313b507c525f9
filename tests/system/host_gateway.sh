#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay --- acc0/acc1 --- gateway.yaml ~ amt4 ~ kernel ~ programs
#                                                  gateway.yaml ~ amt6 ~ kernel ~ programs
#
# Plain multicast programs on the host of a gateway, by the kernel's own IGMP and MLD: (S,G) and
# (*,G), over an IPv4 and over an IPv6 tunnel, so all four pairs. Each gets its stream whole; when
# it ends, the relay stops. Nothing that was not asked for comes to the host. A join that names no
# interface goes the way of the group's route. The interface may be set down and up.
#
# Covers: G-1 to G-5, G-7, G-14 to G-16, G-34, G-47, G-59, G-64, G-65, G-67.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin

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
listener_start 4in4 "$GWS" --interface amt4 --join source $SOURCE4 232.1.1.1
listener_start 6in4 "$GWS" --interface amt4 --join source --stream 1 $SOURCE6 ff3e::8000:1
listener_start 4in6 "$GWS" --interface amt6 --join source $SOURCE4 232.1.1.1
listener_start 6in6 "$GWS" --interface amt6 --join source --stream 1 $SOURCE6 ff3e::8000:1
listener_start asm4 "$GWS" --interface amt4 --join any --stream 2 $SOURCE4 239.1.1.1
listener_start asm6 "$GWS" --interface amt6 --join any --stream 3 $SOURCE6 ff1e::1
listener_start routed4 "$GWS" --interface any --join source --stream 4 $SOURCE4 232.1.1.2
listener_start routed6 "$GWS" --interface any --join source --stream 5 $SOURCE6 ff3e::8000:2
await 5 "two endpoints" endpoints_are 2
source_start --rate 3000 --for 120 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1 \
    2 $SOURCE4 239.1.1.1 3 $SOURCE6 ff1e::1 4 $SOURCE4 232.1.1.2 5 $SOURCE6 ff3e::8000:2
for name in 4in4 6in4 4in6 6in6 asm4 asm6 routed4 routed6; do
    whole $name 500
done

# Each stops alone, soon, and the relay's upstream join ends with the last.
listener_stop 6in4
listener_stop 4in4
sleep 1
forget 4in6 asm4
whole 4in6 200
whole asm4 200
joined 232.1.1.1 || fail "232.1.1.1 was left though one still wants it"
listener_stop 4in6
listener_stop 6in6
listener_stop asm6
await 3 "232.1.1.1 to be left" no joined 232.1.1.1
await 3 "ff3e::8000:1 to be left" no joined ff3e::8000:1
await 3 "one endpoint" endpoints_are 1

# The interface goes down and up: the kernel says again what is wanted, and the stream is back.
ip -n "$GWS" link set amt4 down
sleep 0.5
ip -n "$GWS" link set amt4 up
forget asm4
await 10 "the stream to be back" heard_some asm4 200

node_stop four
node_stop six
await 2 "no endpoint" endpoints_are 0
no is_up amt4 || fail "amt4 is still there"
source_stop
relay_stop
