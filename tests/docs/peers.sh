#!/bin/sh
# Usage: peers.sh PAGE [TESTS]
#
# Each test that PAGE names (in backquotes, five words or more joined by _) must be a
# case in TESTS, a folder, and each row of a peer must name one or say "not tried".
set -eu

page=$1
tests=${2:-$(dirname "$0")/..}
failed=0

names=$(grep -o '`[a-z][a-z0-9]*\(_[a-z0-9]*\)\{4,\}`' "$page" | tr -d '`' | sort -u)
[ -n "$names" ] || { echo "$page names no test" >&2; exit 1; }
for name in $names; do
    if ! grep -rqF --include='*.c' "START_TEST($name)" "$tests"; then
        echo "$page: there is no test $name" >&2
        failed=1
    fi
done

rows=$(grep -c '^| [KTC][0-9]* |' "$page") || true
[ "$rows" -gt 0 ] || { echo "$page has no row" >&2; exit 1; }
untried=$(grep '^| [KTC][0-9]* |' "$page" |
          awk -F '|' '$4 !~ /`[a-z0-9_]+`/ && $4 !~ /not tried/ { print $2 }')
if [ -n "$untried" ]; then
    echo "$page: rows without a test:" $untried >&2
    failed=1
fi
exit $failed
