#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay --- acc0/acc1 --- receive.yaml ~ 127.0.0.1 ~ plain program
#                                                  (no privileges)
#
# A program that knows nothing of multicast gets the payloads of a channel: in each of the
# four pairs of tunnel and payload family, whole, each once; at a unicast relay address and at
# one that is discovered; by UDP and by a pipe; and the relay forgets the receiver when it ends.
#
# Covers: G-3, G-5, G-8 to G-11, G-19, G-34, G-35, G-47, G-62 to G-65, G-67.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin

relay_start --set discovery4=$DISCOVERY4 --set discovery6=$DISCOVERY6 \
    --set advertise4=$RELAY4 --set advertise6=$RELAY6
source_start --rate 1000 --for 120 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1 2 $SOURCE4 239.1.1.1

# Each pair: the relay by its address, and one of each family by discovery.
pairs=("4in4 --set relay=$RELAY4 --set source=$SOURCE4 --set group=232.1.1.1"
       "6in4 --set discovery=$DISCOVERY4 --set source=$SOURCE6 --set group=ff3e::8000:1"
       "4in6 --set discovery=$DISCOVERY6 --set source=$SOURCE4 --set group=232.1.1.1"
       "6in6 --set relay=$RELAY6 --set source=$SOURCE6 --set group=ff3e::8000:1"
       "asm --set relay=$RELAY4 --set source=none --set group=239.1.1.1")
port=6000
for pair in "${pairs[@]}"; do
    read -r name options <<<"$pair"
    case $name in
    6in*) channel=(--stream 1 $SOURCE6 ff3e::8000:1) ;;
    asm) channel=(--stream 2 $SOURCE4 239.1.1.1) ;;
    *) channel=($SOURCE4 232.1.1.1) ;;
    esac
    listener_start "$name" "$GWS" --port $port "${channel[@]}"
    # shellcheck disable=SC2086
    unprivileged=1 node_start "$name" "$GWS" receive $options --set port=$port
    port=$((port + 1))
done
for pair in "${pairs[@]}"; do
    whole "${pair%% *}" 500
done
endpoints_are 5 || fail "not five endpoints"
[ "$(node_value 4in4 '.elements."tunnel/gateway".counters.discoveries')" = 0 ] ||
    fail "the relay was known, and still discovered"
[ "$(node_value 6in4 '.elements."tunnel/gateway".counters.advertisements')" = 1 ] ||
    fail "not discovered once"

# Who ends says so: the relay stops at once, and the others go on.
node_stop 4in4
node_stop 6in6
await 2 "three endpoints" endpoints_are 3
silent 4in4 0.3
silent 6in6 0.3
forget 4in6 6in4
whole 4in6 200
whole 6in4 200
for name in 6in4 4in6 asm; do
    node_stop "$name"
done
await 2 "no endpoint" endpoints_are 0
await 2 "232.1.1.1 to be left" no joined 232.1.1.1

# By a pipe.
(
    ip netns exec "$GWS" "$AMTGRAPH" run "$AMTGRAPH_GRAPHS/pipe.yaml" --set relay=$RELAY4 \
        --set source=$SOURCE4 --set group=232.1.1.1 --for 2s 2>"$work/node.pipe.err" |
        "$AMTGRAPH_TOOLS/listener" --status "$work/heard.pipe" --raw $SOURCE4 232.1.1.1
) || fail "the pipe ended badly"
whole pipe 500
source_stop
relay_stop
