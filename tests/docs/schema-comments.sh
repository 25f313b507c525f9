#!/usr/bin/env bash
# Every graph file in graphs/, files of tests too, begins with the comment by which editors find
# the schema, with the way to it from there.
# usage: schema-comments.sh [--update]
#
# --update writes the comment where it is missing.
set -u

update=${1-}
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
files=0 failed=0

while read -r file; do
    read -r first <"$file"
    path=${first#'# yaml-language-server: $schema='}
    files=$((files + 1))
    [ "$path" != "$first" ] && [ "$(dirname "$file")/$path" -ef docs/graph.schema.json ] && continue
    comment="# yaml-language-server: \$schema=$(
        realpath --relative-to="$(dirname "$file")" docs/graph.schema.json)"
    if [ "$update" = --update ]; then
        sed -i "1i $comment" "$file"
    else
        echo "FAIL $file does not begin with: $comment"
        failed=$((failed + 1))
    fi
done < <(find graphs -name '*.yaml' | sort)

echo "$files files, $failed failures"
[ "$files" -ge 25 ] && [ "$failed" = 0 ]
