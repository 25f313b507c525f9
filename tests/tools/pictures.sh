#!/bin/sh
# Usage: pictures.sh PROGRAM (in the root of the sources)
#
# `amtgraph graph`: each line that it writes in the languages of others is one that their
# grammars have, and nothing that a graph says can be taken for markup.
set -u

program=$1
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# lines FORMAT FILE PATTERN...: each line of it is of one of the patterns, from end to end.
lines() {
    format=$1 file=$2
    shift 2
    for pattern; do printf '%s\n' "$pattern"; done >"$work/patterns"
    "$program" graph "$file" --format "$format" >"$work/out" || failed=1
    if grep -nvxE -f "$work/patterns" "$work/out"; then
        echo "$file: these lines are not $format" >&2
        failed=1
    fi
}

# balanced OPEN CLOSE: as many lines of the one as of the other in what was written last.
balanced() {
    if [ "$(grep -cE "$1" "$work/out")" -ne "$(grep -cE "$2" "$work/out")" ]; then
        echo "$file: unbalanced: $1 and $2" >&2
        failed=1
    fi
}

text='"([^"\\]|\\.)*"'
quoted='"[^"]*"'

cat >"$work/odd.yaml" <<'END'
amtgraph: 1
name: odd "<b>&amp;
summary: "<script>alert('1')</script> & \" ]]>"
elements:
  end: {class: generator, source: 198.51.100.1, group: 232.1.1.1}
  graph: {class: discard}
edges:
  - end -> graph
END
# A folded row, frames, records and references are in these.
for graph in graphs/relay.yaml graphs/proxy.yaml graphs/sim/small.yaml "$work/odd.yaml"; do
    lines dot "$graph" "digraph $text \{" ' *rankdir=LR' ' *node \[shape=box\]' ' *\}' '\}' \
        " *$text \[label=$text( peripheries=2)?\]" ' *subgraph cluster_[0-9]+ \{' ' *style=dashed' \
        " *label=$text" " *$text -> $text \[label=$text( style=dashed| style=dotted arrowhead=empty)?\]"
    balanced '\{$' '^ *\}$'
    lines mermaid "$graph" 'flowchart LR' " *n[0-9]+\[$quoted\]" " *n[0-9]+\[\[$quoted\]\]" \
        " *subgraph f[0-9]+ \[$quoted\]" ' *end' " *n[0-9]+ (-->|-\.->)\|$quoted\| n[0-9]+"
    balanced '^ *subgraph' '^ *end$'
done

"$program" graph "$work/odd.yaml" --format svg >"$work/odd.svg" || failed=1
if grep -q '<script\|<b>' "$work/odd.svg"; then
    echo "what a graph says is markup in its SVG" >&2
    failed=1
fi
grep -q '&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot; \]\]&gt;' "$work/odd.svg" || {
    echo "the summary is not in the SVG as it was written" >&2
    failed=1
}
if "$program" graph graphs/relay.yaml --format svg | grep -v 'xmlns="http://www.w3.org/2000/svg"' |
   grep -n 'http\|url(\|@import\|href'; then
    echo "an SVG asks for something else" >&2
    failed=1
fi
exit $failed
