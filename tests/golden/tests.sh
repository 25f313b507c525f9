#!/usr/bin/env bash
# Tests in graph files: the exact messages about wrong ones, and of those that fail.
# usage: tests.sh AMTGRAPH [--update]
#
# `amtgraph check` must give exit code 78 and wrong-tests/NAME.txt for wrong-tests/NAME.yaml;
# `amtgraph test` exit code 1 and failing/NAME.txt for failing/NAME.yaml, twice the same.
# --update writes the texts instead: read the difference before you commit it.
set -u

amtgraph=$(realpath "$1")
update=${2:-}
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
files=0 failed=0

fail()
{
    printf 'FAIL %s\n' "$*"
    failed=$((failed + 1))
}

# compare TEXT: what is in $made/text against it
compare()
{
    files=$((files + 1))
    if [ "$update" = --update ]; then
        cp "$made/text" "$1"
    elif ! diff -u "$1" "$made/text"; then
        fail "$PWD: not what $1 says"
    fi
}

cd "$(dirname "${BASH_SOURCE[0]}")/wrong-tests" || exit 1
for file in *.yaml; do
    NO_COLOR=1 timeout 10 "$amtgraph" check "$file" >"$made/out" 2>"$made/text"
    code=$?
    [ "$code" = 78 ] && [ ! -s "$made/out" ] || fail "check $file: exit code $code, or standard output"
    compare "${file%.yaml}.txt"
    NO_COLOR=1 timeout 10 "$amtgraph" test "$file" >"$made/out" 2>"$made/said"
    [ $? = 78 ] || fail "test $file: exit code is not 78"
    grep -qF "$(grep -m 1 '^[^ ]' "$made/text")" "$made/said" || fail "test $file: says something else"
done

cd ../failing || exit 1
for file in *.yaml; do
    NO_COLOR=1 timeout 10 "$amtgraph" test "$file" >"$made/text" 2>"$made/said"
    code=$?
    [ "$code" = 1 ] && [ ! -s "$made/said" ] || fail "test $file: exit code $code, or standard error"
    compare "${file%.yaml}.txt"
    NO_COLOR=1 "$amtgraph" test "$file" 2>/dev/null | diff -q - "$made/text" || fail "$file: not the same twice"
    "$amtgraph" check "$file" 2>/dev/null || fail "check $file: not right"
done

# The shape of the JSON; one line for each test and each problem of it.
"$amtgraph" test --json example.yaml >"$made/json" || [ $? = 1 ] || fail "--json: exit code"
for words in '"version": 1' '"tests": 2' '"failed": 1' '"file": "example.yaml"' \
    '"name": "a packet comes out one hop older"' '"line": 18' '"passed": false' '"passed": true' \
    '"line": 23' '"column": 51' '"message": "ttl is 8"' '"expected": "9"' '"detail": "  what came into'; do
    grep -qF -- "$words" "$made/json" || fail "--json: no $words"
done
"$amtgraph" test --json ../wrong-tests/steps.yaml >"$made/json" 2>"$made/said"
[ $? = 78 ] && [ ! -s "$made/said" ] && grep -q '"nearest": "udp"' "$made/json" || fail "--json of a wrong file"

# Which tests: by pattern; a file without tests, and a pattern without a test, are no success.
"$amtgraph" test --filter 'goes nowhere' example.yaml >"$made/out" || fail "--filter: exit code"
[ "$(wc -l <"$made/out")" = 2 ] || fail "--filter: not one test"
"$amtgraph" test --filter 'a*one*older' example.yaml >"$made/out" && fail "--filter with stars"
"$amtgraph" test --filter nobody example.yaml >/dev/null 2>&1
[ $? = 2 ] || fail "--filter that matches nothing"
"$amtgraph" test graph/relay.yaml >/dev/null 2>"$made/said"
[ $? = 1 ] && grep -q 'relay.yaml has no tests' "$made/said" || fail "a graph without tests"

# What elements print is not among the results.
cat >"$made/prints.yaml" <<'END'
amtgraph: 1
elements:
  in:   {class: packet-capture, interface: eth0}
  show: {class: print}
  end:  {class: discard}
edges:
  - in -> show -> end
tests:
  - name: quiet
    steps:
      - send: in
        packet: {ip4: 192.0.2.1 > 232.1.2.3, udp: 1 > 2}
      - counters: {show.out: 1}
END
[ "$("$amtgraph" test "$made/prints.yaml" | wc -l)" = 2 ] || fail "more than the results"
mkdir "$made/tests"
sed -n '/^tests:/,$p' "$made/prints.yaml" | sed "1i amtgraph: 1\ngraph: ../prints.yaml" >"$made/tests/prints.yaml"
[ "$("$amtgraph" test "$made/prints.yaml" | wc -l)" = 3 ] || fail "tests/NAME.yaml is not found"

# Texts of files that are gone would rot.
for text in *.txt ../wrong-tests/*.txt; do
    [ -e "${text%.txt}.yaml" ] || fail "$text has no file"
done

echo "$files files, $failed failures"
[ "$files" -ge 8 ] && [ "$failed" = 0 ]
