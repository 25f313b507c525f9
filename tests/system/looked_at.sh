#!/usr/bin/env bash
#
#   source --- relay --- 1,000 gateways on 5 addresses
#
# A running relay is asked about itself: each `show`, `top --once`, `tap` into tshark, calls,
# and the metrics, with a stream on its way and 1,000 gateways that get it. What is shown is
# compared in its shape with what is known: names of columns, numbers of rows, sums.
#
# Covers: none; the face of the program.
. "$(dirname "$0")/lib.sh"
begin

gateways=1000 rate=20
[ -z "$AMTGRAPH_SANITIZED" ] || gateways=200 rate=20
web=127.0.0.1:8642

ask()
{
    timeout 30 "$AMTGRAPH" "$@" --name relay || fail "amtgraph $*: exit code $?"
}

# columns WHAT COLUMN...: the names of the columns that `show WHAT` has
columns()
{
    local what=$1 names
    shift
    names=$(ask show "$what" --json | jq -r '[.columns[].name] | join(" ")')
    [ "$names" = "$*" ] || fail "show $what: columns '$names', and not '$*'"
}

# shown WHAT FILTER VALUE: what jq makes of the rows of `show WHAT`
shown()
{
    local value
    value=$(ask show "$1" --json | jq -c ".rows | $2")
    [ "$value" = "$3" ] || fail "show $1: $2 is $value, and not $3"
}

copied()
{
    [ "$(ask show elements --json | jq '.rows[] | select(.element == "fanout") | .out')" -gt 0 ]
}

relay_start --web $web
gateways_start
gw stream 0 $SOURCE4 232.1.1.1
gw open 0-$((gateways - 1)) 10.20.1.1/5 $RELAY4
gw request 0-$((gateways - 1)) 4
gw report 0-$((gateways - 1)) allow 232.1.1.1 $SOURCE4
await 20 "$gateways endpoints" endpoints_are $gateways
source_start --rate $rate --count $((rate * 100)) 0 $SOURCE4 232.1.1.1
await 5 "data" copied

# ---- show ----
columns gateways gateway local state age refreshed next groups sources joined copies octets pmtu
shown gateways length $gateways
shown gateways '[.[].gateway] | unique | length' $gateways
shown gateways '[.[].joined] | unique' "[\"232.1.1.1{$SOURCE4}\"]"
shown gateways 'all(.state == "joined" and .age >= .refreshed and .next > 200)' true
shown gateways 'all(.copies > 0 and .octets > .copies)' true
columns sockets address port family trains
shown sockets '[.[] | select(.port == 2268) | .family] | sort' '["IPv4","IPv6"]'
columns groups group gateway mode version left sources
shown groups length $gateways
shown groups '[.[].mode] | unique' '["include"]'
columns channels group mode sources listed any-source
shown channels '[.[] | [.group, .mode, .sources, .listed]]' "[[\"232.1.1.1\",\"include\",\"$SOURCE4\",1]]"
columns upstream group mode listed state refreshed
shown upstream '[.[].state]' '["joined"]'
columns relay fact value element
shown relay '[.[] | select(.fact == "gateways") | .value]' "[\"$gateways of at most 100000\"]"
columns elements element class in out dropped
shown elements '[.[] | select(.element == "membership") | .class]' '["membership"]'
columns edges edge type packets octets
shown edges '[.[] | select(.edge | startswith("encap.out -> ")) | .type]' '["amt.data"]'
columns drops element reason packets help
shown drops 'all(.help != "" and .packets > 0)' true
ask show gateways >"$work/gateways"
head -n 1 "$work/gateways" | grep -q '^gateway  *local  *state  *age ' || fail "show gateways: no table"
[ "$(wc -l <"$work/gateways")" -eq $((gateways + 1)) ] || fail "show gateways: not a line for each"

# ---- top ----
ask top --once --json >"$work/top"
jq -e '[.edges[] | select(.edge | startswith("native.out -> ")) | .["packets/s"]] | length == 1 and
       .[0] > '$((rate / 2))' and .[0] < '$((rate * 2)) "$work/top" >/dev/null ||
    fail "top: $(cat "$work/top")"
ask top --once >"$work/top"
grep -Eq '^native\.out -> .* [0-9.]+ +[0-9.]+$' "$work/top" || fail "top --once: no line of native"

# ---- tap ----
ask tap encap --count 20 -w - >"$work/tap.pcapng" || fail "tap: exit code $?"
tshark -r "$work/tap.pcapng" -Y amt -T fields -e frame.interface_name -e amt.type 2>/dev/null |
    sort | uniq -c | sed 's/^ *//' >"$work/tapped"
[ "$(grep -c . "$work/tapped")" = 1 ] && grep -Eq '^20 encap\.out -> .*	(6|0x06)$' "$work/tapped" ||
    fail "tap encap in tshark: $(cat "$work/tapped")"
ask tap native --count 3 --filter "dst host 232.1.1.1" >"$work/tapped"
[ "$(grep -c "$SOURCE4 > 232.1.1.1" "$work/tapped")" -eq 3 ] || fail "tap native: $(cat "$work/tapped")"

# ---- call ----
ask call udp.reset
ask call secret.rotate
shown elements '[.[] | select(.element == "secret") | .class]' '["amt-secret"]'
"$AMTGRAPH" call secret.rotat --name relay 2>"$work/said" && fail "a call that does not exist was made"
grep -q 'did you mean "rotate"' "$work/said" || fail "call: $(cat "$work/said")"
first=$(ask show gateways --json | jq -r '.rows[0].gateway')
ask call membership.drop "${first%:*}" "${first##*:}"
shown gateways length $((gateways - 1))

# ---- a second run of this name ----
ip netns exec "$RLY" "$AMTGRAPH" run "$AMTGRAPH_GRAPHS/relay.yaml" --set upstream=up1 \
    --for 1s >/dev/null 2>"$work/second" && fail "a second run of one name was not refused"
grep -q "under the name \"relay\" already (process $relay_pid)" "$work/second" ||
    fail "a second run: $(cat "$work/second")"

# ---- metrics ----
ip netns exec "$RLY" curl -sf "http://$web/metrics" >"$work/metrics" || fail "no metrics"
grep -q '^amtgraph_' "$work/metrics" || fail "metrics: $(head "$work/metrics")"
if command -v promtool >/dev/null; then
    promtool check metrics <"$work/metrics" >"$work/promtool" 2>&1 || fail "promtool: $(cat "$work/promtool")"
fi
for path in healthz readyz; do
    ip netns exec "$RLY" curl -sf "http://$web/$path" >/dev/null || fail "/$path: not well"
done

source_stop
gateways_stop
relay_stop INT
"$AMTGRAPH" show --name relay 2>"$work/said" && fail "an ended run was asked"
grep -q 'no graph is running under the name "relay"' "$work/said" || fail "show: $(cat "$work/said")"
