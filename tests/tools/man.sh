#!/usr/bin/env bash
# The manual pages: scdoc takes them, they name every command, option, key and class, and mandoc
# finds nothing wrong with them where it is installed.
# usage: man.sh AMTGRAPH
set -u

amtgraph=$(realpath "$1")
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
cd "$made" || exit 1
failed=0

fail()
{
    echo "FAIL $*"
    failed=$((failed + 1))
}

# names PAGE WORD...: each stands in it, as a name
names()
{
    local page=$1 word
    shift
    for word; do
        word=${word//_/\\\\_} # as scdoc has it
        grep -qE "^(#+ (amtgraph )?|\*)$word( |,|\*|$)" "$page.scd" || fail "$page does not name $word"
    done
}

pages='amtgraph.1 amtgraph-graph.5 amtgraph-elements.7'
for page in $pages; do
    "$amtgraph" man "$page" >"$page.scd" || fail "man $page: exit code"
    if ! command -v scdoc >/dev/null; then
        echo "no scdoc here: $page is not made"
        continue
    fi
    scdoc <"$page.scd" >"$page" || fail "scdoc does not take $page"
    # Empty paragraphs are of scdoc's making.
    if command -v mandoc >/dev/null; then
        mandoc -Tlint -Wwarning "$page" | grep -v 'skipping paragraph macro' && fail "mandoc finds fault with $page"
    fi
done

for command in $("$amtgraph" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    names amtgraph.1 "$command"
    for option in $("$amtgraph" "$command" --help | sed -n '/^Options:/,$s/^  \(--[a-z-]*\).*/\1/p'); do
        [ "$option" = --help ] || names amtgraph.1 "$option"
    done
done
names amtgraph.1 NO_COLOR 0 1 2 77 78
names amtgraph-graph.5 amtgraph elements edges params default duration ip6 class graph steps send skip-others
for class in $("$amtgraph" elements | sed -n 's/^  \([^ ]*\).*/\1/p'); do
    names amtgraph-elements.7 "$class"
done
"$amtgraph" man nothing >out 2>said && fail "a page that there is none of"
grep -q 'there is no page "nothing": amtgraph.1|' said || fail "$(cat said)"

echo "3 pages, $failed failures"
[ "$failed" = 0 ]
