#!/usr/bin/env bash
# What is installed can be used: a program outside the tree builds against the
# CMake package and against pkg-config, and runs; so does the installed program.
# usage: test_install.sh BUILD COMPILER SANITIZERS
set -euo pipefail

build=$1 compiler=$2 sanitizers=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=()
[ -z "$sanitizers" ] || flags=("-fsanitize=$sanitizers")

# Installed in one place and then moved: nothing may remember where it was.
cmake --install "$build" --prefix "$work/first" >"$work/log"
mv "$work/first" "$work/prefix"
graph=$work/prefix/share/amtgraph/graphs/relay.yaml

"$work/prefix/bin/amtgraph" check "$(dirname "$graph")"/*.yaml
schema=$(dirname "$graph")/$(sed -n '1s/^# yaml-language-server: $schema=//p' "$graph")
[ -s "$schema" ] # where editors look for it
if command -v scdoc >/dev/null; then
    for page in man1/amtgraph.1 man5/amtgraph-graph.5 man7/amtgraph-elements.7; do
        [ -s "$work/prefix/share/man/$page" ]
    done
fi

cmake -S "$here/consumer" -B "$work/cmake" -DCMAKE_C_COMPILER="$compiler" \
    -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_C_FLAGS="${flags[*]-}" >"$work/log"
cmake --build "$work/cmake" >"$work/log"
"$work/cmake/consumer" "$graph" >"$work/by-cmake"

PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name amtgraph.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # pkg-config gives words
"$compiler" "${flags[@]}" "$here/consumer/consumer.c" -o "$work/by-hand" \
    $(pkg-config --cflags --libs amtgraph)
"$work/by-hand" "$graph" >"$work/by-pkg-config"

cmp "$work/by-cmake" "$work/by-pkg-config"
grep -qx udp-socket "$work/by-cmake"
