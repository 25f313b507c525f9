#!/usr/bin/env bash
# tools/docs: builds, all links lead somewhere, nothing comes from elsewhere; and it sees what is wrong.
# usage: site.sh
set -euo pipefail

command -v cmark-gfm >/dev/null || exit 77
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "FAILED: $*"
    exit 1
}

"$root/tools/docs" "$work/site" || fail "tools/docs"

# Self-contained: only the reader may go elsewhere, by a link.
! grep -rnE '<(link|script|img|iframe)[^>]*(src|href)="(https?:)?//' "$work/site" || fail "something comes from elsewhere"
! grep -rnE '(@import|url\()' "$work/site/style.css" || fail "style.css fetches something"
for page in index docs/index docs/lessons/one-join docs/elements/nat README graphs/lessons/one-join.yaml; do
    [ -s "$work/site/$page.html" ] || fail "there is no $page.html"
done
grep -q 'id="who-owns-what"' "$work/site/docs/architecture.html" || fail "a heading has no anchor"
grep -q 'href="../../graphs/lessons/one-join.yaml.html"' "$work/site/docs/lessons/one-join.html" ||
    fail "a graph is not linked to as a page"
grep -q '"docs/lessons/one-join.html", "questions"' "$work/site/words.js" || fail "the search does not know a heading"

# What is wrong is seen, each by its name.
mkdir "$work/tree"
(cd "$root" && tar cf - --exclude=./build --exclude=./.git .) | tar xf - -C "$work/tree"
cat >>"$work/tree/docs/testing.md" <<'END'
[one](nowhere.md) [two](architecture.md#nothing) [three](#nothing-here) [four](../graphs/none.yaml)
END
echo '# Lost' >"$work/tree/docs/lost.md"
rm -r "$work/tree/docs/rfc-coverage.md" "$work/tree/docs/elements" # many pages, and more wrong links
! "$work/tree/tools/docs" "$work/other" 2>"$work/said" || fail "wrong links are not seen"
for words in 'leads nowhere: nowhere.md' 'leads nowhere: architecture.md#nothing' 'leads nowhere: #nothing-here' \
    'leads nowhere: ../graphs/none.yaml' 'docs/lost.md: not listed'; do
    grep -qF "$words" "$work/said" || { cat "$work/said" && fail "not seen: $words"; }
done
