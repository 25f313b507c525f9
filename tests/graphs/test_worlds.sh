#!/usr/bin/env bash
# graphs/sim: worlds on the virtual clock. Whatever the seed, all that they state holds; the
# same seed gives the same run, another one another; and what they state can be broken.
# usage: test_worlds.sh AMTGRAPH
# Covers: G-14, G-19, G-34, G-62 to G-65, R-69.
set -euo pipefail

amtgraph=$1
sim=$(cd "$(dirname "$0")/../../graphs/sim" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "FAILED: $*"
    [ ! -e "$work/err" ] || { head -n 20 "$work/err" && tail -n 3 "$work/err"; }
    exit 1
}

# run CODE FILE OPTION...
run()
{
    local want=$1 file=$2 code=0
    shift 2
    "$amtgraph" run "$sim/$file" --virtual --log warning --digest "$@" \
        >"$work/out" 2>"$work/err" || code=$?
    [ $code -eq "$want" ] || fail "$file $*: exit code $code, not $want"
    digest=$(grep '^digest ' "$work/out")
}

# Sum of a counter over all elements whose name fits.
sum()
{
    awk -v element="$1" -v counter="$2" \
        '$1 ~ element && $3 == counter {n += $4} END {print n + 0}' "$work/err" "$work/out"
}

# at_least N ELEMENT COUNTER
at_least()
{
    local n
    n=$(sum "$2" "$3")
    [ "$n" -ge "$1" ] || fail "$2 $3 is $n, below $1: the world is too quiet to show anything"
}

# The hosts of worlds are made of what the shipped graphs are made of, but for the borders.
parts()
{
    sed -nE 's/^  ([a-z0-9-]+): +\{class: ([a-z-]+).*/\1 \2/p' "$sim/../$1" |
        grep -vxE "($2) [a-z-]+" | sort
}
diff <(parts relay.yaml 'udp|upstream|native|check|few|errors') \
    <(parts sim/parts/relay.yaml 'wrap|unwrap') || fail "the relay is not that of relay.yaml"
diff <(parts parts/tunnel.yaml 'udp|names') \
    <(parts sim/parts/gateway.yaml 'wrap|unwrap|viewer|judge') ||
    fail "the gateway is not that of parts/tunnel.yaml"

# Several seeds; in each of them, what may go wrong did.
for seed in 1 2 3 4 5; do
    run 0 small.yaml --seed $seed --until 4h
    ! grep -q . "$work/err" || ! grep -E '^[0-9.]+ (error|warning) ' "$work/err" || fail "seed $seed"
    at_least 3 '^crash$' restarts
    at_least 20 /cable$ cuts
    at_least 15 /nat$ rebinds
    at_least 8 relay/secret rotations
    at_least 100 /viewer$ changes
    at_least 5000 /judge$ received
    at_least 1 /nat$ other-address
    at_least 10 relay/membership torn-down
    at_least 20 /gateway$ advertisements
    at_least 100 relay/mtu fragments
    eval "digest_$seed=\$digest"
done
[ "$digest_1" != "$digest_2" ] || fail "two seeds give one run"
run 0 small.yaml --seed 1 --until 4h
[ "$digest" = "$digest_1" ] || fail "one seed gives two runs"

# An hour of the thousand, to the end at which all is at rest.
run 0 day.yaml --seed 1 --until 1h --set quiet=40m --set rest=55m --stats none
! grep -E '^[0-9.]+ (error|warning) ' "$work/err" || fail "day.yaml"

# What they state can be broken, and then is said.
broken()
{
    run 1 small.yaml --seed 1 --until 4h --set "$1"
    grep -q "negative verdict: $2" "$work/err" || fail "$1: no such verdict"
}
broken gap=20s '.*/judge (wish-check): at .* nothing has come of .*, though it is wanted'
broken grace=0s '.*/judge (wish-check): at .* came .*, which has not been wanted since'
broken rest=10801s 'invariants (expect): at 3:00:10 .* as it should be at rest'
