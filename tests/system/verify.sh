#!/usr/bin/env bash
#
#                                        GWS: near            END: far
#   source --- up0/up1 --- relay --- acc0/acc1, router, far0 ======== far1
#                            1500                             1300
#
# `amtgraph verify`, without privileges, against a real relay and real streams of 1328 and 1348
# octets. Near, it finds nothing wrong in each of the four pairs of tunnel and payload family.
# A channel that nobody sends is known for that. Far, the way is too narrow: an IPv4 stream comes
# in fragments, which is a warning; an IPv6 one, which nobody may fragment, fails at the MTU. A
# router that prohibits an address, or a host without a route, is named. At the end the relay
# serves nobody.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin

far_end 1300
ip -n "$GWS" route add prohibit 10.99.0.1/32
ip -n "$GWS" route add unreachable 10.99.0.2/32

# verify NAME NAMESPACE OPTION...: in the background
verify()
{
    local name=$1 ns=$2
    shift 2
    (
        export -f without_privileges
        export AMTGRAPH AMTGRAPH_GRAPHS
        # shellcheck disable=SC2016 # it is the inner shell that puts the arguments in
        exec ip netns exec "$ns" bash -c 'without_privileges "$@"' _ \
            "$AMTGRAPH" verify --json --timeout 4s --for 2s "$@"
    ) >"$work/verify.$name" 2>"$work/verify.$name.err" </dev/null &
    node_pid[$name]=$!
    started[$!]=$name
}

# verified NAME CODE FILTER: it ended with this exit code, and its JSON passes the jq filter
verified()
{
    local code=0
    wait "${node_pid[$1]}" || code=$?
    unset "started[${node_pid[$1]}]"
    [ $code -eq "$2" ] && jq -e "$3" "$work/verify.$1" >/dev/null && return
    cat "$work/verify.$1" "$work/verify.$1.err" >&2
    fail "verify $1: exit code $code, not $2, or not: $3"
}

relay_start --set discovery4=$DISCOVERY4 --set discovery6=$DISCOVERY6 \
    --set advertise4=$RELAY4 --set advertise6=$RELAY6
source_start --rate 400 --payload 1300 --for 60 0 $SOURCE4 232.1.1.1 1 $SOURCE6 ff3e::8000:1

channel4=(--source $SOURCE4 --group 232.1.1.1) channel6=(--source $SOURCE6 --group ff3e::8000:1)
verify 4in4 "$GWS" --relay $RELAY4 "${channel4[@]}"
verify 6in4 "$GWS" --family 4 "${channel6[@]}" # by the anycast address
verify 4in6 "$GWS" --relay $DISCOVERY6 "${channel4[@]}"
verify 6in6 "$GWS" --relay $RELAY6 --discovery never "${channel6[@]}"
verify silent "$GWS" --relay $RELAY4 --source $SOURCE4 --group 232.1.1.9
verify control "$GWS" --relay $RELAY4 --source $SOURCE4 --group 232.1.1.9 \
    --control $SOURCE4@232.1.1.1
verify cut "$END" --relay $RELAY4 "${channel4[@]}"
verify narrow4 "$END" --relay $RELAY4 "${channel6[@]}"
verify narrow6 "$END" --relay $RELAY6 "${channel6[@]}"
verify prohibited "$END" --relay 10.99.0.1 "${channel4[@]}"
verify no-route "$GWS" --relay 10.99.0.2 "${channel4[@]}"

good='.failed == null and .stream.datagrams > 100 and (.steps[5].state == "ok")'
verified 4in4 0 "$good and .relay == \"$RELAY4\" and .stream.longest == 1328"
verified 6in4 0 "$good and .relay == \"$RELAY4\" and .stream.longest == 1348"
verified 4in6 0 "$good and .relay == \"$RELAY6\""
verified 6in6 0 "$good and .steps[1].state == \"skipped\""
verified silent 16 '.failed == "data" and (.steps[6].why == "silent")'
verified control 16 '.steps[6].why == "source-silent" and .["control-datagrams"] > 100'
verified cut 0 '.failed == null and .steps[5].state == "warning" and .stream.fragments > 100'
verified narrow4 15 '.failed == "mtu" and .steps[5].why == "too-big" and .["path-octets"] == 1280'
verified narrow6 15 '.failed == "mtu" and .steps[5].why == "too-big" and .["path-octets"] == 1280'
verified prohibited 11 '.steps[1].why == "refused" and (.steps[1].text | test("prohibited"))'
verified no-route 11 '.steps[1].why == "no-route"'

await 2 "nobody to be left at the relay" endpoints_are 0
source_stop
relay_stop
