#!/usr/bin/env bash
# The demonstration shows what it has always shown, and its captures are those that
# demo_captures makes. usage: test_demo.sh AMTGRAPH DEMO_CAPTURES
set -euo pipefail

amtgraph=$1 demo_captures=$2
demo=$(cd "$(dirname "$0")/../../graphs/demo" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$demo_captures" "$amtgraph" "$demo/../relay.yaml" "$work"
cmp "$work/gateways.pcap" "$demo/gateways.pcap"
cmp "$work/native.pcap" "$demo/native.pcap"
# The counters at the end are not compared: elements may come to count more.
"$demo/show" "$amtgraph" | sed '/^What was counted/,$d' >"$work/shown"
diff -u "$demo/expected.txt" "$work/shown"
