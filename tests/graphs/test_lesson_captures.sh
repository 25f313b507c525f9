#!/usr/bin/env bash
# graphs/lessons/captures: each NAME.pcap is what NAME.yaml writes.
# usage: test_lesson_captures.sh AMTGRAPH
set -euo pipefail

amtgraph=$1
captures=$(cd "$(dirname "$0")/../../graphs/lessons/captures" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp "$captures"/*.yaml "$work"
"$amtgraph" test "$work"/*.yaml
for made in "$work"/*.yaml; do
    name=$(basename "$made" .yaml).pcap
    cmp "$captures/$name" "$work/$name" || {
        echo "$name is not what its YAML says: amtgraph test graphs/lessons/captures/*.yaml writes it"
        exit 1
    }
done
