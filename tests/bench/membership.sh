# shellcheck shell=bash disable=SC2154 # sourced by tools/bench, after net.sh
# Without a network: reports straight into the element.
"$programs/bench_membership" 10000 100
"$programs/bench_membership" 100000 1000
