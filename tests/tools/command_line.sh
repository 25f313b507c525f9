#!/usr/bin/env bash
# The command line itself: help, usage errors, exit codes, what goes where.
# usage: command_line.sh AMTGRAPH
set -u

amtgraph=$(realpath "$1")
vectors=$(realpath "$(dirname "$0")/../vectors.pcap")
made=$(mktemp -d)
export AMTGRAPH_RUNTIME_DIR=$made/runtime
trap 'rm -rf "$made"' EXIT
cd "$made" || exit 1
failed=0

fail()
{
    echo "FAIL $*"
    cat "$made/out" "$made/said"
    failed=$((failed + 1))
}

# expect CODE STREAM WORDS ARGUMENT...: exit code, and WORDS on STREAM (out or said), nothing on the other
expect()
{
    local code=$1 stream=$2 words=$3 got other=said
    shift 3
    [ "$stream" = said ] && other=out
    "$amtgraph" "$@" >"$made/out" 2>"$made/said"
    got=$?
    [ "$got" = "$code" ] || fail "$*: exit code $got, not $code"
    grep -qF -- "$words" "$made/$stream" || fail "$*: no \"$words\" on $stream"
    [ ! -s "$made/$other" ] || fail "$*: something on $other"
}

cat >good.yaml <<'END'
amtgraph: 1
params:
  limit: {type: uint, default: 5}
elements:
  source: {class: pcap-source, file: in.pcap}
  wait: {class: queue, limit: "${limit}"}
  end: {class: discard}
edges:
  - source -> wait -> end
END
sed 's/class: queue/class: quee/' good.yaml >wrong.yaml

expect 0 out "Usage: amtgraph COMMAND" --help
expect 0 out "amtgraph " --version
for command in $("$amtgraph" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    expect 0 out "Usage: amtgraph $command" "$command" --help
    expect 2 said "unknown or ambiguous option --nonsense" "$command" --nonsense
done
expect 2 said "a command is missing"
expect 2 said 'unknown command "chekc" (did you mean "check"?)' chekc
expect 2 said "check: missing FILE..." check
expect 2 said "graph: one operand too many: b" graph a b
expect 2 said "option --format needs a value" graph --format
expect 2 said "--format png: expected svg, dot, mermaid or json" graph good.yaml --format png
expect 2 said "--set limit: expected NAME=VALUE" check good.yaml --set limit

expect 2 said "trace: missing GRAPH [NAME=]PACKETS..." trace
expect 2 said 'no element "wiat" (did you mean "wait"?)' trace good.yaml "$vectors" --at wiat
expect 2 said "end (discard): no output that captured datagrams can come from" trace good.yaml "end=$vectors"
expect 2 said "--for soon: a duration" trace good.yaml "$vectors" --for soon
expect 1 said "cannot read none.pcap" trace good.yaml none.pcap
cat >native.yaml <<'END'
amtgraph: 1
params:
  filter: {type: text, default: udp}
elements:
  native: {class: packet-capture, interface: eth9, filter: "${filter}"}
  said: {class: print}
  end: {class: discard}
edges:
  - native -> said -> end
END
expect 0 out "1  at 0.000000 s: " trace native.yaml "$vectors"
expect 0 out "goes nowhere: it fits none of the places where captures can come in: native.out (ip-raw)" trace native.yaml "$vectors" --set filter=tcp
expect 0 out '{"version":1,' trace native.yaml "native=$vectors" --json
if grep -q '^0.* said: ' "$made/out"; then fail "trace: an element printed between its lines"; fi

expect 0 said "1 file: no problem" check good.yaml
expect 78 said '2 files: 1 problem' check good.yaml wrong.yaml
expect 78 said 'did you mean "queue"?' check wrong.yaml
expect 78 said 'wrong value "x"' check good.yaml --set limit=x
expect 78 out '"nearest": "queue"' check --json wrong.yaml good.yaml
expect 0 out "[]" check --json good.yaml
expect 0 out '"source" -> "wait" [label="out to in: ip-raw"]' graph good.yaml
expect 0 out 'n0 -->|"out to in: ip-raw"| n1' graph --format=mermaid good.yaml
expect 78 said 'did you mean "queue"?' graph wrong.yaml

# A verdict that is not good is told by the exit code, and in words; what was counted is still printed.
cat >stream.yaml <<'END'
amtgraph: 1
params:
  loss: {type: float, default: 0}
elements:
  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1, rate: 1000, count: 20}
  path: {class: link, loss: "${loss}"}
  check: {class: stream-check, source: source, least: 20}
edges:
  - source -> path -> check
END
expect 0 out "check: verdict good: sent 20, received 20, lost 0, duplicated 0" run stream.yaml
expect 0 out "check: verdict good" run stream.yaml --stats none
[ "$(wc -l <"$made/out")" = 1 ] || fail "--stats none: there is more than the verdict"
expect 2 said "--stats xml: json, text or none expected" run stream.yaml --stats xml
for where in 1.2.3.4.5:80 :80 127.0.0.1: 65536 http://localhost:80 ::1:80 '[::1]'; do
    expect 2 said "--web $where: a port, or an address and a port" run --web "$where" good.yaml
done
expect 2 said "--web-host no name: a host name expected" run --web 0 --web-host "no name" good.yaml
expect 2 said "--web lets others look at the run, --no-admin does not" run --web 0 --no-admin good.yaml
"$amtgraph" run stream.yaml --set loss=1 >"$made/out" 2>"$made/said"
[ $? = 1 ] || fail "a negative verdict: wrong exit code"
grep -qF "check: verdict bad: sent 20, received 0" "$made/out" || fail "no verdict printed"
grep -qF "amtgraph: negative verdict: check (stream-check): received 0" "$made/said" ||
    fail "the reason of the exit code is missing"

# A disk that is full: whatever could not be written is a failure.
cat >sink.yaml <<'END'
amtgraph: 1
elements:
  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1, count: 3, rate: 1000}
  end: {class: pcap-sink, file: /dev/full}
edges:
  - source -> end
END
cat >relay.yaml <<'END'
amtgraph: 1
elements:
  udp: {class: udp-socket}
  messages: {class: amt-classifier}
  advertise: {class: amt-advertise, relay4: 192.0.2.1, relay6: "2001:db8::1"}
edges:
  - udp -> messages
  - messages.discovery -> advertise -> udp
END
ln -s /dev/full full.pcap
for record in full.pcap /dev/full; do
    "$amtgraph" run relay.yaml --replay udp="$vectors" --record udp=$record >out 2>said
    [ $? = 1 ] || fail "--record udp=$record: no failure"
    grep -q "cannot write all" said || fail "--record udp=$record: not said"
done
"$amtgraph" run sink.yaml >out 2>said
[ $? = 1 ] || fail "pcap-sink on a full disk: no failure"
for command in --help elements "graph good.yaml" "check --json good.yaml"; do
    "$amtgraph" $command >/dev/full 2>said
    [ $? = 1 ] || fail "$command >/dev/full: no failure"
done

# What is given twice is not left out silently.
expect 2 said "two files for element \`udp\`" run relay.yaml --replay udp="$vectors" --replay udp="$vectors"
# A run whose reader has gone (| head) comes to an end.
cat >endless.yaml <<'END'
amtgraph: 1
elements:
  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1, rate: 1000}
  show: {class: print}
edges:
  - source -> show
END
timeout 10 "$amtgraph" run endless.yaml 2>"$made/said" | head -n 1 >"$made/out"
[ "${PIPESTATUS[0]}" = 1 ] || fail "print into a closed pipe: the run did not end, or with success"
grep -qF "amtgraph: show (print): cannot write to standard output: Broken pipe" "$made/said" ||
    fail "print into a closed pipe: not a word about it"

# Without a descriptor for the signals nobody could stop a run in order: it does not begin.
for descriptors in 4 5 6 7 8; do
    (ulimit -n $descriptors && timeout 10 "$amtgraph" run endless.yaml --for 10ms) >out 2>said
    code=$?
    grep -qF "amtgraph: signals cannot be received: Too many open files" said && break
done
[ "$code" = 1 ] || fail "no descriptor for the signals: exit code $code, not 1"

# A graph may come through a pipe that the shell has made.
expect 0 said "1 file: no problem" check <(cat good.yaml)
expect 0 said "1 file: no problem" check /dev/stdin < <(cat good.yaml)

# An operator sees what a run has opened, and what it has counted until now.
cat >socket.yaml <<'END'
amtgraph: 1
elements:
  udp: {class: udp-socket, bind: 127.0.0.1, port: 0}
  end: {class: discard}
edges:
  - udp.out -> end
  - udp.unreachable -> end
END
"$amtgraph" run socket.yaml >"$made/out" 2>"$made/said" &
pid=$!
for _ in $(seq 100); do
    grep -q "info listening" "$made/said" && break
    sleep 0.05
done
grep -qE "info listening element=udp address=127.0.0.1 port=[1-9]" "$made/said" ||
    fail "not said where the socket listens"
kill -USR1 "$pid"
for _ in $(seq 100); do
    grep -q "counters after" "$made/out" && break
    sleep 0.05
done
kill -TERM "$pid"
wait "$pid" || fail "SIGTERM: not exit code 0"
grep -qE "^counters after [0-9]+\.[0-9]{3} s:$" "$made/out" || fail "SIGUSR1: no counters"

# A gateway that can reach nobody does not begin.
cat >gateway.yaml <<'END'
amtgraph: 1
params:
  relay: {type: hosts}
elements:
  wish: {class: subscribe, source: 198.51.100.12, group: 232.1.2.3}
  host: {class: igmp-host}
  gateway: {class: amt-gateway, relay: "${relay}", socket: udp}
  udp: {class: udp-socket, bind: 127.0.0.1, port: 0}
  messages: {class: amt-classifier}
  end: {class: discard}
edges:
  - wish -> host.joins
  - host -> gateway.reports
  - gateway.queries -> host.queries
  - gateway.out -> udp -> messages
  - messages.query -> gateway.query
  - messages.data -> gateway.data
  - gateway.data -> end
END
expect 2 said "gateway (amt-gateway): relay.example.net is a name, and no edge leads from" \
    run gateway.yaml --set relay=relay.example.net
expect 2 said "gateway (amt-gateway): \`udp\` has no address in the family of any" \
    run gateway.yaml --set relay=2001:db8::1

# Ahead of a stop, who is served is told to go; with nobody there the stop comes at once.
cat >drain.yaml <<'END'
amtgraph: 1
elements:
  udp:        {class: udp-socket, bind: 127.0.0.1, port: 0}
  messages:   {class: amt-classifier}
  secret:     {class: amt-secret}
  query:      {class: amt-query, secret: secret, members: membership}
  update:     {class: amt-update, secret: secret}
  igmp:       {class: igmp-parser}
  membership: {class: membership}
  end:        {class: discard}
edges:
  - udp -> messages
  - messages.request -> query -> udp
  - messages.update -> update
  - update.igmp -> igmp -> membership
  - membership.joins -> end
END
start_drain()
{
    rm -f "$made/said" # what an earlier run has said
    "$amtgraph" run "$@" >"$made/out" 2>"$made/said" &
    pid=$!
    for _ in $(seq 100); do
        grep -qs "info listening" "$made/said" && return
        sleep 0.05
    done
    fail "$1 did not begin"
}
await_said()
{
    for _ in $(seq 100); do
        grep -qF "$1" "$made/said" && return
        sleep 0.05
    done
    fail "not said: $1"
}
start_drain drain.yaml --drain 1h --stats none
kill -USR2 "$pid"
await_said "SIGUSR2: nobody new is served from now on"
await_said "info drain-begin element=membership endpoints=0"
kill -USR2 "$pid"
await_said "SIGUSR2: everybody is served again"
kill -TERM "$pid"
wait "$pid" || fail "SIGTERM with --drain: not exit code 0"
grep -qF "amtgraph: draining; one more signal stops at once" "$made/said" || fail "no draining"
start_drain socket.yaml --drain 1h --stats none
kill -USR2 "$pid"
await_said "SIGUSR2: nothing of this graph can refuse anybody"
kill -TERM "$pid"
wait "$pid" || fail "SIGTERM where nothing drains: not exit code 0"
expect 2 said "--drain soon: a duration such as 10s, 1m30s or 2h expected" run --drain soon socket.yaml

# A virtual run is the same each time for one seed; a seed is for such runs only.
cat >virtual.yaml <<'END'
amtgraph: 1
elements:
  source: {class: generator, source: 198.51.100.1, group: 232.1.1.1, rate: 1, count: 0}
  link: {class: link, loss: 0.5}
  end: {class: discard}
edges:
  - source -> link -> end
END
digest()
{
    "$amtgraph" run virtual.yaml --virtual --until 24h --digest --stats none "$@"
}
expect 2 said "it goes with --virtual" run virtual.yaml --seed 1
expect 2 said "--seed one: a number expected" run virtual.yaml --virtual --seed one
expect 2 said "--until soon: a duration" run virtual.yaml --virtual --until soon
expect 1 said "cannot write /nonexistent/t" run virtual.yaml --virtual --trace /nonexistent/t
expect 1 said "cannot write all of /dev/full" run virtual.yaml --virtual --until 1m --stats none \
    --trace /dev/full
[ "$(digest --seed 7)" = "$(digest --seed 7)" ] || fail "one seed, two digests"
[ "$(digest --seed 7)" != "$(digest --seed 8)" ] || fail "two seeds, one digest"
digest --trace - | head -c 4 | od -An -tx1 | grep -q "0a 0d 0d 0a" || fail "no pcapng"

# What verify is asked must make sense before anything is sent.
ssm=(--source 198.51.100.12 --group 232.1.2.3)
expect 2 said "--group is missing" verify --relay 192.0.2.1
expect 2 said "either --source or --any-source" verify --group 232.1.2.3
expect 2 said "either --source or --any-source" verify "${ssm[@]}" --any-source
expect 2 said "this channel cannot be joined" verify --any-source --group 232.1.2.3
expect 2 said "this channel cannot be joined" verify --source 2001:db8::1 --group 232.1.2.3
expect 2 said "--group 300.1.2.3: an IPv4 or IPv6 address expected" verify --any-source --group 300.1.2.3
expect 2 said "an address or a host name expected" verify "${ssm[@]}" --relay "no name"
expect 2 said "--family 6: 192.0.2.1 is an IPv4 address" verify "${ssm[@]}" --relay 192.0.2.1 --family 6
expect 2 said "--family 5: auto, 4 or 6 expected" verify "${ssm[@]}" --family 5
expect 2 said "--discovery never goes with --relay" verify "${ssm[@]}" --discovery never
expect 2 said "--timeout 0s: a duration" verify "${ssm[@]}" --timeout 0s
expect 2 said "--port 0: a number from 1 to 65535 expected" verify "${ssm[@]}" --port 0
expect 2 said "not of the IP family of --group" verify "${ssm[@]}" --control 2001:db8::1@ff3e::8000:1
expect 2 said "SOURCE@GROUP or GROUP expected" verify "${ssm[@]}" --control 1,2
expect 0 out "15 mtu" verify --help

# Colours are for terminals only.
"$amtgraph" check wrong.yaml 2>&1 | grep -q $'\033' && fail "colours without a terminal"

echo "$failed failures"
[ "$failed" = 0 ]
