#!/usr/bin/env bash
# amtgraph trace of the captures of graphs/demo/trace, which are those of the packets written in
# tests/graphs/trace: the same told of either, and of what comes by standard input. (What is told
# of each stands in docs/trace-a-packet.md, and is compared by docs/commands.sh.)
# usage: test_traces.sh AMTGRAPH TRACE_CAPTURES [--update]
# --update keeps new captures and JSON: read the difference.
set -euo pipefail

amtgraph=$(realpath "$1") trace_captures=$(realpath "$2") update=${3-}
cd "$(dirname "$0")/../.."
written=tests/graphs/trace captures=graphs/demo/trace
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

told()
{
    "$amtgraph" trace graphs/relay.yaml "$@"
}

# same KEPT NEW
same()
{
    [ -z "$update" ] || cp "$2" "$1"
    cmp -s "$1" "$2" || { diff -u "$1" "$2" || true; failed=1; }
}

for name in handshake wrong-mac data too-large wrong-checksum; do
    "$trace_captures" "$written/$name.yaml" "$work/$name.pcap"
    same "$captures/$name.pcap" "$work/$name.pcap"
    told "$captures/$name.pcap" >"$work/told"
    told "$written/$name.yaml" | diff -u "$work/told" - || failed=1
    told - <"$captures/$name.pcap" | diff -u "$work/told" - || failed=1
done
told "$captures/wrong-mac.pcap" --json | sed 's/"line":[0-9]*/"line":0/g' >"$work/wrong-mac.json"
same "$written/wrong-mac.json" "$work/wrong-mac.json"

# Two files are one row of packets, in the order of their times, wherever they go in.
told udp=graphs/demo/gateways.pcap native=graphs/demo/native.pcap >"$work/two"
told graphs/demo/native.pcap graphs/demo/gateways.pcap | diff -u "$work/two" - || failed=1
[ "$(grep -c '^[0-9]*  at ' "$work/two")" -eq 14 ] || { echo "not 14 packets"; failed=1; }

# Another seed has other secrets: what was right is wrong.
told "$captures/handshake.pcap" --seed 1 | grep -q 'update (.*DROPPED as bad-mac' ||
    { echo "the seed makes no difference"; failed=1; }
exit $failed
