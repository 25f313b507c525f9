#!/bin/sh
# Usage: listings.sh PAGE...
#
# A fenced block of a page that follows a line `<!-- listing: FILE -->` must be
# that file, octet for octet; FILE counts from the root of the sources. At least
# one such block must be in each page.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
failed=0

for page; do
    rm -f "$found"/*
    awk -v dir="$found" '
        /^<!-- listing: .* -->$/ { file = $3; next }
        file && !inside && /^```/ { inside = 1; name = dir "/" ++n; print file > (name ".of"); next }
        inside && /^```/ { inside = 0; file = ""; close(name); next }
        inside { print > name }
    ' "$page"
    if ! ls "$found"/*.of >/dev/null 2>&1; then
        echo "$page: no listing in it" >&2
        failed=1
        continue
    fi
    for of in "$found"/*.of; do
        file=$(cat "$of")
        if ! diff -u "$root/$file" "${of%.of}"; then
            echo "$page: the listing of $file is out of date" >&2
            failed=1
        fi
    done
done
exit $failed
