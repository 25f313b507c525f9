#!/usr/bin/env bash
# Lessons: each page has its graph and each graph its page, questions with answers, the RFC, and
# options to try (`--set ...` in its text) that its graph knows.
# usage: lessons.sh AMTGRAPH
set -u

amtgraph=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 tried=0

fail()
{
    printf 'FAIL %s\n' "$*"
    failed=$((failed + 1))
}

for page in docs/lessons/[a-z]*.md; do
    graph=graphs/lessons/$(basename "$page" .md).yaml
    [ -f "$graph" ] || fail "$page: there is no $graph"
    grep -qF "](../../$graph)" "$page" || fail "$page: does not lead to $graph"
    grep -qF "]($(basename "$page"))" docs/lessons/README.md || fail "$page: not in the list of lessons"
    questions=$(grep -c '^<details><summary>' "$page")
    [ "$questions" -ge 3 ] && [ "$questions" = "$(grep -c '^</details>' "$page")" ] ||
        fail "$page: $questions questions, or one without an end"
    for part in '## Run it' '## What you see' '## Questions' '## Change it' 'RFC [0-9]*: sections'; do
        grep -q "^$part" "$page" || fail "$page: no '$part'"
    done

    while read -r options; do
        case $options in *--trace*) continue ;; esac # writes a file
        tried=$((tried + 1))
        # shellcheck disable=SC2086  # several options are several words
        NO_COLOR=1 timeout 30 "$amtgraph" run "$graph" --virtual --until 2s --log error ${options%%|*} \
            >"$work/said" 2>&1
        case $? in
        0 | 1) ;; # a verdict may be bad: that is often what is to be seen
        78) grep -qE 'has no parameter' "$work/said" && fail "$page: $options: $(head -n 1 "$work/said")" ;;
        *) fail "$page: $options: $(head -n 1 "$work/said")" ;;
        esac
    done < <(grep -oE '`--(set|seed|until|log|stats) [^`]*`' "$page" | tr -d '`' | sort -u)
done
for graph in graphs/lessons/*.yaml; do
    [ -f "docs/lessons/$(basename "$graph" .yaml).md" ] || fail "$graph has no page"
done

echo "$tried options tried, $failed failures"
[ $tried -ge 10 ] && [ $failed = 0 ]
