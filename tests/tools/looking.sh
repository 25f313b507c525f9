#!/usr/bin/env bash
# The commands that look at a running graph, and how its socket comes and goes. The graph makes its
# packets itself: no port, no privilege.
# usage: looking.sh AMTGRAPH
set -u

amtgraph=$(realpath "$1")
made=$(mktemp -d)
export AMTGRAPH_RUNTIME_DIR=$made/runtime
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$made"' EXIT
cd "$made" || exit 1
failed=0

fail()
{
    echo "FAIL $*"
    cat "$made/out" "$made/said" 2>/dev/null
    failed=$((failed + 1))
}

# expect CODE STREAM WORDS ARGUMENT...: exit code, and WORDS on STREAM (out or said)
expect()
{
    local code=$1 stream=$2 words=$3 got
    shift 3
    timeout 20 "$amtgraph" "$@" >"$made/out" 2>"$made/said"
    got=$?
    [ "$got" = "$code" ] || fail "$*: exit code $got, not $code"
    grep -qF -- "$words" "$made/$stream" || fail "$*: no \"$words\" on $stream"
}

# start ARGUMENT...: a run in the background, of the process $!; await NAME: until it answers
start()
{
    "$amtgraph" run graph.yaml --stats none --log error "$@" >"$made/run.out" 2>"$made/run.said" &
    pids+=($!)
}

await()
{
    local i
    for ((i = 0; i < 100; i++)); do
        "$amtgraph" show --name "$1" >/dev/null 2>&1 && return
        sleep 0.05
    done
    fail "$1 does not answer"
}

cat >graph.yaml <<'END'
amtgraph: 1
name: made
elements:
  source: {class: generator, source: 198.51.100.12, group: 232.1.2.3, rate: 200, count: 0}
  count: {class: counter}
  two: {class: tee, outputs: [a, b]}
  end: {class: discard}
  other: {class: discard}
edges:
  - source -> count -> two
  - two.a -> end
  - two.b -> other
END
"$amtgraph" check graph.yaml >"$made/out" 2>&1 || { fail "the graph"; exit 1; }

# ---- names ----
expect 1 said "no graph is running (no socket of one in $made/runtime)" show
expect 1 said 'no graph is running under the name "made"' show --name made
expect 2 said 'at most 63 letters' show --name ../made
expect 1 said "no graph is running" tap source -w none.pcapng
[ ! -e none.pcapng ] || fail "tap: a file though there is no run"
start
first=$!
await made
expect 2 said "a graph is running under the name \"made\" already (process $first)" run graph.yaml --for 1s
expect 0 out "elements" show
start --name two.2
second=$!
await two.2
expect 2 said "several graphs are running: say which by --name:" show
grep -q ' made' "$made/said" && grep -q ' two\.2' "$made/said" || fail "show: not both are named"
[ "$(stat -c %a runtime runtime/made.sock runtime/made.lock | paste -sd ' ')" = "700 600 600" ] ||
    fail "modes: $(stat -c '%n %a' runtime runtime/*)"
kill -KILL $second
{ wait $second; } 2>/dev/null
[ -S runtime/two.2.sock ] || fail "a socket is gone that was not removed"
expect 1 said 'no graph is running under the name "two.2"' show --name two.2
expect 0 out "elements" show # the only one that answers
start --name two.2
second=$!
await two.2
kill -INT $second
wait $second || fail "the run that took the name over ended with $?"
[ ! -e runtime/two.2.sock ] && [ ! -e runtime/two.2.lock ] || fail "it left something behind"

# ---- no socket ----
mkdir open && chmod 777 open
ln -s runtime link
touch file
for folder in open:other\ users\ may\ write\ there link:Not\ a\ directory file:Not\ a\ directory \
    none/of/these:No\ such\ file "$(printf '%0120d' 0):too long a path"; do
    AMTGRAPH_RUNTIME_DIR=$made/${folder%%:*} expect 0 said "warning: no socket to ask this run by" \
        run graph.yaml --for 50ms
    grep -qF "${folder#*:}" "$made/said" || fail "${folder%%:*}: not \"${folder#*:}\""
    AMTGRAPH_RUNTIME_DIR=$made/${folder%%:*} expect 1 said "${folder#*:}" run graph.yaml --for 50ms --name x
done
expect 0 out "source" run graph.yaml --for 50ms --no-admin
[ ! -s "$made/said" ] || fail "--no-admin: something is said"

# ---- looking ----
expect 0 out "source.out -> count.in" show edges
expect 0 out '"columns":' show edges --json
expect 0 out "counter" show elements
expect 0 out "(none)" show drops
expect 1 said 'no element of this graph shows "gateways"' show gateways
expect 0 out "packets/s" top --once --every 200ms
expect 0 out '"edges":[{"edge":"source.out -> count.in","packets/s":' top --once --every 200ms --json
expect 0 out "198.51.100.12 > 232.1.2.3" tap source --count 2
[ "$(wc -l <"$made/out")" -eq 2 ] || fail "tap --count 2: not two lines"
expect 0 out '"words":"198.51.100.12 > 232.1.2.3' tap "count.out -> two" --count 1 --json
expect 1 said 'the graph has no edge "sorce" (did you mean "source"?)' tap sorce
expect 1 said '"two" is more than one edge: two.a -> end.in, two.b -> other.in' tap two
expect 1 said 'filter "udp port": ' tap source --filter "udp port"
expect 2 said "exclude each other" tap source --json -w x
timeout 20 "$amtgraph" tap source --count 3 --filter "udp and dst net 232.0.0.0/8" -w three.pcapng ||
    fail "tap -w: exit code $?"
if command -v tshark >/dev/null; then
    tshark -r three.pcapng -T fields -e frame.interface_name -e ip.dst >"$made/out" 2>/dev/null
    [ "$(sort "$made/out" | uniq -c | sed 's/^ *//')" = "3 source.out -> count.in	232.1.2.3" ] || fail "tap -w"
fi
expect 0 out '"done":true' call count.reset --json
expect 1 said 'count (counter) has no call "rest" (did you mean "reset"?)' call count.rest
expect 1 said 'the graph has no element "cuont" (did you mean "count"?)' call cuont.reset
expect 2 said "ELEMENT.CALL expected" call reset
expect 1 said "this run keeps its own pace" pace packet
expect 2 said "sideways: packet, event, play, pause or until expected" pace sideways

# ---- the picture of a run ----
expect 0 out "<svg " graph --live --format svg --every 300ms
grep -Eq '>ip  (1[0-9][0-9]|2[0-9][0-9])/s  [0-9.]+ M?k?bit/s<' "$made/out" || fail "graph --live: no rates"
expect 0 out "/s" graph --live --format json --every 300ms
expect 2 said "--live draws a run" graph graph.yaml --live
expect 2 said "FILE is missing" graph

kill -INT "$first"
wait "$first" || fail "the run ended with $?"
[ -z "$(ls -A runtime)" ] || fail "left behind: $(ls -A runtime)"
[ $failed -eq 0 ] && echo "all as expected"
exit $((failed > 0))
