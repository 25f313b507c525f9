#!/usr/bin/env bash
# Usage: verify.sh AMTGRAPH VERIFY_RELAY PAGE [--update]
#
# `amtgraph verify` against relays that do one thing wrong (verify_relay.c), all at once, on
# the loopback address and without privileges: each failure names its step, by words, exit
# code and JSON. What PAGE shows is what was printed, but for times and ports (--update: make
# the files that it shows, tests/tools/verify/*.txt, and PAGE itself anew).
set -u

amtgraph=$1 relay=$2 page=$3 update=${4-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) started=()
trap 'kill "${started[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
failed=0

wrong()
{
    printf 'verify: %s\n' "$*" >&2
    failed=1
}

# name, relay's mode, expected exit code, step ("-": none), why, further options
cases='
good          good         0  -         -            --for 1s
wrong-port    -            11 discovery refused      --port 9
no-relay      silent       11 discovery unanswered
echo          echo         11 discovery unacceptable
no-query      no-query     12 request   unanswered
no-discovery  no-discovery 0  -         -            --for 1s
never         good         0  -         -            --for 1s --discovery never
malformed     checksum     13 query     unacceptable
nonce         nonce        13 query     unacceptable
limited       limited      13 query     limited
moving        moving       14 update    moved        --timeout 3800ms
gone          gone         14 update    refused      --timeout 3800ms
narrow        narrow       15 mtu       too-big
silent-source deaf         16 data      silent
refused       deaf       14 update    ignored      --control 198.51.100.12@232.1.2.9
control       one        16 data      source-silent --control 198.51.100.12@232.1.2.9
elsewhere     elsewhere  16 data      unacceptable
other         other        16 data      other-channel
lossy         lossy        17 stream    loss
may-lose      lossy        0  -         -            --may-lose 20
plain         plain        0  -         -            --for 1s
no-name       -            10 name      -            --relay no-such-host.invalid
'

# run NAME PORT OPTION...: as text and as JSON, both at once
run()
{
    local name=$1 code=0
    shift
    "$amtgraph" verify --relay 127.0.0.1 --group 232.1.2.3 --source 198.51.100.12 \
        --timeout 1800ms --for 2s "$@" >"$work/$name" 2>"$work/$name.err" || code=$?
    echo $code >"$work/$name.code"
}

while read -r name mode code step why options; do
    [ -n "$name" ] || continue
    for form in text json; do
        port=
        if [ "$mode" != - ]; then
            exec {out}< <(exec "$relay" "$mode")
            started+=($!)
            read -r -t 10 port <&"$out" || wrong "no relay for $name"
            exec {out}<&-
        fi
        [ $form = json ] && form_option=--json || form_option=
        # shellcheck disable=SC2086
        run "$name.$form" ${port:+--port $port} $form_option $options &
        runs+=($!)
    done
done <<<"$cases"
wait "${runs[@]}"

while read -r name mode code step why options; do
    [ -n "$name" ] || continue
    for form in text json; do
        [ "$(cat "$work/$name.$form.code")" = "$code" ] ||
            wrong "$name ($form): exit code $(cat "$work/$name.$form.code"), not $code"
        [ ! -s "$work/$name.$form.err" ] || wrong "$name ($form): $(cat "$work/$name.$form.err")"
    done
    if [ "$step" = - ]; then
        grep -q '^  "failed": null,' "$work/$name.json" || wrong "$name: JSON names a step"
    else
        grep -q "^  \"failed\": \"$step\"," "$work/$name.json" || wrong "$name: JSON: not $step"
        grep -q "^Failed at step \`$step\` (exit code $code)" "$work/$name.text" ||
            wrong "$name: not $step"
        grep -q '^  - ' "$work/$name.text" || wrong "$name: no cause"
    fi
    [ "$why" = - ] || grep -q "\"why\": \"$why\"" "$work/$name.json" || wrong "$name: not $why"
    [ $failed = 0 ] || cat "$work/$name.text"
done <<<"$cases"

# What is measured differs from run to run.
plain()
{
    sed -E 's/[0-9.]+ ms/T ms/; s/port [0-9]+/port N/g; s/[0-9]+ datagrams/N datagrams/
        s/[0-9]+ kbit/R kbit/; s/lost [0-9]+, duplicated [0-9]+/lost L, duplicated D/
        s/[0-9]+ (Discoveries|Requests|Quer)/N \1/g
        s/(Discovery|Request|Query|Update|Data|Teardown) [0-9]+/\1 N/g' "$1"
}

mkdir -p "$here/verify"
for shown in $(sed -n 's,^<!-- listing: tests/tools/verify/\(.*\)\.txt -->$,\1,p' "$page"); do
    [ -e "$work/$shown.text" ] || { wrong "$page shows $shown, which is not run"; continue; }
    [ "$update" = --update ] && cp "$work/$shown.text" "$here/verify/$shown.txt"
    diff -u <(plain "$here/verify/$shown.txt") <(plain "$work/$shown.text") ||
        wrong "$page: $shown is out of date"
done
if [ "$update" = --update ]; then
    awk -v root="$here/../.." '
        /^<!-- listing: .* -->$/ { file = root "/" $3; print; next }
        file && !inside && /^```/ { inside = 1; print; while ((getline line < file) > 0) print line; next }
        inside && /^```/ { inside = 0; file = "" }
        !inside { print }' "$page" >"$work/page" && cp "$work/page" "$page"
fi
exit $failed
