#!/usr/bin/env bash
# graphs/loop.yaml on real loopback sockets: the relay and the gateway find each other, the
# stream comes whole, and the run ends by itself; in all four pairs of tunnel and payload
# family; not as root, when root runs the test; with loss, the verdict says so.
# usage: test_loop.sh AMTGRAPH
# Covers: M-1, M-6, M-17, M-18, G-8 to G-11, G-19, G-34, G-35, G-62 to G-65.
set -euo pipefail

amtgraph=$1
loop=$(cd "$(dirname "$0")/../../graphs" && pwd)/loop.yaml
work=$(mktemp -d)
export AMTGRAPH_RUNTIME_DIR=$work
trap 'rm -rf "$work"' EXIT
port=$((20000 + $$ % 20000))
six=(--set source=2001:db8::a --set group=ff3e::8000:1)

# Root does without its privileges. Sanitizers read what another user may not.
as=()
if [ "$(id -u)" -eq 0 ]; then
    as=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --no-new-privs)
fi

fail()
{
    echo "FAILED: $*"
    cat "$work/out"
    exit 1
}

# run CODE WORDS OPTION...: exit code, and words that are printed
run()
{
    local want=$1 words=$2 code=0
    shift 2
    port=$((port + 1))
    timeout 30 "${as[@]}" "$amtgraph" run "$loop" --set port=$port --set count=50 "$@" \
        >"$work/out" 2>&1 || code=$?
    [ $code -eq "$want" ] || fail "$*: exit code $code, not $want"
    grep -qF "$words" "$work/out" || fail "$*: it does not say \"$words\""
}

whole='receiver: verdict good: sent 50, received 50, lost 0, duplicated 0, reordered 0, latency'

run 0 "$whole"
# Before the data comes all that leads to it.
sed -nE 's/^[0-9.]+ ([a-z-]+): .*(AMT [A-Z][a-z]+ [A-Z][a-z]+|AMT Request|AMT Teardown).*/\1 \2/p' \
    "$work/out" | uniq | head -n 6 >"$work/said"
diff - "$work/said" <<'END' || fail "another conversation"
gateway-says AMT Relay Discovery
relay-says AMT Relay Advertisement
gateway-says AMT Request
relay-says AMT Membership Query
gateway-says AMT Membership Update
data AMT Multicast Data
END
run 0 "$whole" "${six[@]}"
if [ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6; then
    run 0 "$whole" --set loopback=::1
    run 0 "$whole" --set loopback=::1 "${six[@]}"
fi

# A link that loses all: nothing is received, and the run ends all the same.
run 1 'receiver: verdict bad: sent 50, received 0' --set loss=1
