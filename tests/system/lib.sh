# shellcheck shell=bash
# What the system tests share; sourced first by each of them.
#
# A test makes three network namespaces, and takes them away however it ends:
#
#     SRC               RLY                            GWS
#   +---------+       +--------------------------+        +------------------+
#   | source  |       |        amtgraph run      |        | gateway (many in |
#   |    up0  |-------| up1   graphs/relay.yaml  acc0 ----| acc1 one process)|
#   +---------+       +--------------------------+        +------------------+
#     10.10.0.2  10.10.0.1              10.20.0.1           10.20.1.1 ...
#     2001:db8:10::2  ::1     2001:db8:20::1                2001:db8:20::1:1 ...
#                             192.52.193.1, 2001:3::1 (discovery, on lo)
#
# From the environment:
#   AMTGRAPH            the program under test
#   AMTGRAPH_GRAPHS     directory of graphs
#   AMTGRAPH_TOOLS      directory of source, gateway, flood and listener
#   AMTGRAPH_SANITIZED  not empty: built with sanitizers, so be slower, and memory says nothing
#
# Every wait polls until a deadline. Exit codes: 0 passed, 1 failed, 70 skipped.
set -u

readonly EXIT_SKIP=70
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
test_name=$(basename "$0" .sh)
AMTGRAPH=${AMTGRAPH:-$here/../../build/dev/tools/amtgraph/amtgraph}
AMTGRAPH_GRAPHS=${AMTGRAPH_GRAPHS:-$here/../../graphs}
AMTGRAPH_TOOLS=${AMTGRAPH_TOOLS:-$here/../../build/dev/tests/system}
AMTGRAPH_SANITIZED=${AMTGRAPH_SANITIZED:-}
# A leak is a failure; freed memory is not held back, so that memory can be judged.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=1:quarantine_size_mb=8:exitcode=99
export UBSAN_OPTIONS=${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}halt_on_error=1:print_stacktrace=1:exitcode=99

SRC=amtg$$s RLY=amtg$$r GWS=amtg$$g
RELAY4=10.20.0.1 RELAY6=2001:db8:20::1
SOURCE4=10.10.0.2 SOURCE6=2001:db8:10::2
DISCOVERY4=192.52.193.1 DISCOVERY6=2001:3::1

# The programs of a test go before what else the machine may be doing: rates and times
# are theirs, not the neighbours'.
readonly ahead='nice -n -10'

work=
relay_pid=
relay_runs=0
more_namespaces=() # that a test has made besides
more_folders=()    # likewise; /etc/netns only if nobody else has made use of it
declare -A started=() # pid -> what it is

# ---- ends ----

say()
{
    printf '%s: %s\n' "$test_name" "$*" >&2
}

fail()
{
    say "FAILED: $*"
    local file
    for file in "$work"/relay.*.err "$work"/node.*.err; do
        [ -s "$file" ] && { say "end of ${file##*/}:"; tail -n 25 "$file" >&2; }
    done
    if [ -n "$relay_pid" ] && kill -0 "$relay_pid" 2>/dev/null && relay_stats; then
        jq -c '.elements | to_entries[] | {(.key): {counters: .value.counters,
            drops: ((.value.drops // {}) | with_entries(select(.value != 0)))}}' \
            "$work/stats.json" >&2
    fi
    exit 1
}

skip()
{
    say "skipped: $*"
    exit "$EXIT_SKIP"
}

cleanup()
{
    local pid ns folder
    for pid in "${!started[@]}"; do
        kill -KILL "$pid" 2>/dev/null
    done
    wait 2>/dev/null
    for ns in "$SRC" "$RLY" "$GWS" "${more_namespaces[@]}"; do
        ip netns del "$ns" 2>/dev/null
    done
    for folder in "${more_folders[@]}"; do
        case $folder in
        /etc/netns) rmdir "$folder" 2>/dev/null ;;
        *) rm -rf "$folder" ;;
        esac
    done
    if [ -n "$work" ]; then
        if [ -n "${AMTGRAPH_KEEP-}" ]; then
            say "files kept in $work"
        else
            rm -rf "$work"
        fi
    fi
}

# ---- waiting ----

# await SECONDS WHAT COMMAND...: until COMMAND succeeds
await()
{
    local deadline=$(($(date +%s%N) + ${1%.*} * 1000000000)) what=$2
    shift 2
    until "$@"; do
        [ "$(date +%s%N)" -lt "$deadline" ] || fail "waited in vain: $what"
        sleep 0.02
    done
}

no()
{
    ! "$@"
}

# ---- namespaces ----

begin()
{
    local tool
    [ "$(id -u)" -eq 0 ] || skip "needs root for network namespaces"
    for tool in ip jq ss tcpdump tshark ethtool sysctl; do
        command -v "$tool" >/dev/null 2>&1 || skip "$tool is missing"
    done
    [ -x "$AMTGRAPH" ] || fail "no program at $AMTGRAPH"
    ip netns add "$SRC" 2>/dev/null || skip "cannot make network namespaces"
    trap cleanup EXIT
    trap 'exit 1' INT TERM HUP
    work=$(mktemp -d "/tmp/amtgraph-$test_name.XXXXXX")
    export AMTGRAPH_RUNTIME_DIR=$work
    ip netns add "$RLY" && ip netns add "$GWS" || fail "cannot make network namespaces"
    local ns
    for ns in "$SRC" "$RLY" "$GWS"; do
        # Addresses are ours alone: no duplicate address detection, no waiting for it.
        ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.accept_dad=0 \
            net.ipv6.conf.default.accept_dad=0
        ip -n "$ns" link set lo up
    done
    link "$SRC" up0 "$RLY" up1
    link "$RLY" acc0 "$GWS" acc1
    addresses "$SRC" up0 10.10.0.2/16 2001:db8:10::2/64
    addresses "$RLY" up1 10.10.0.1/16 2001:db8:10::1/64
    addresses "$RLY" acc0 $RELAY4/16 $RELAY6/64
    addresses "$RLY" lo $DISCOVERY4/32 $DISCOVERY6/128
    local i
    for i in 1 2 3 4 5; do
        addresses "$GWS" acc1 10.20.1.$i/16 2001:db8:20::1:$i/64
    done
    ip -n "$GWS" route add default via $RELAY4
    ip -n "$GWS" -6 route add default via $RELAY6
    # Answers to spoofed addresses go back to where they came from.
    ip -n "$RLY" route add default via 10.20.1.1
    ip -n "$RLY" -6 route add default via 2001:db8:20::1:1
}

link()
{
    ip link add "$2" netns "$1" type veth peer name "$4" netns "$3" || fail "cannot make $2"
    ip -n "$1" link set "$2" up
    ip -n "$3" link set "$4" up
}

addresses()
{
    local ns=$1 device=$2 address
    shift 2
    for address; do
        case $address in
        *:*) ip -n "$ns" addr add "$address" dev "$device" nodad ;;
        *) ip -n "$ns" addr add "$address" dev "$device" ;;
        esac || fail "cannot add $address to $device"
    done
}

# Have the kernel finish each datagram of the relay itself, as it must travel on a real
# link: a veth would carry it unfinished, and a capture would call it wrong.
finish_on_the_link()
{
    ip netns exec "$RLY" ethtool -K acc0 tx off gso off >/dev/null || fail "ethtool"
}

# ---- the relay ----

# relay_start [OPTION...]: RELAY_GRAPH, or the shipped graph, up and listening
relay_start()
{
    local out
    relay_runs=$((relay_runs + 1))
    out=$work/relay.$relay_runs
    $ahead ip netns exec "$RLY" "$AMTGRAPH" run "${RELAY_GRAPH:-$AMTGRAPH_GRAPHS/relay.yaml}" \
        --set upstream=up1 --set listen4=$RELAY4 --set listen6=$RELAY6 \
        "$@" --stats json >"$out.out" 2>"$out.err" </dev/null &
    relay_pid=$!
    started[$relay_pid]=relay
    await 15 "the relay to listen" relay_listens
}

relay_listens()
{
    kill -0 "$relay_pid" 2>/dev/null || fail "the relay ended at once"
    # 2268 = 0x08DC, in both families
    [ -e "/proc/$relay_pid/net/udp" ] && grep -q ':08DC ' "/proc/$relay_pid/net/udp" &&
        grep -q ':08DC ' "/proc/$relay_pid/net/udp6"
}

stats_count()
{
    jq -s length "$work/relay.$relay_runs.out" 2>/dev/null || echo 0
}

more_stats_than()
{
    [ "$(stats_count)" -gt "$1" ]
}

# relay_stats: ask the running relay for its counters; they land in stats.json
relay_stats()
{
    local before
    before=$(stats_count)
    kill -USR1 "$relay_pid" || return 1
    local deadline=$(($(date +%s) + 10))
    until more_stats_than "$before"; do
        [ "$(date +%s)" -lt "$deadline" ] || return 1
        sleep 0.02
    done
    jq -s last "$work/relay.$relay_runs.out" >"$work/stats.json"
}

# relay_value FILTER: one value of the counters just asked for, by a jq filter
relay_value()
{
    relay_stats || fail "no counters at SIGUSR1"
    jq -r "$1" "$work/stats.json"
}

endpoints()
{
    relay_value '.elements.membership.counters.endpoints'
}

endpoints_are()
{
    [ "$(endpoints)" = "$1" ]
}

# relay_memory: resident KiB
relay_memory()
{
    awk '/^VmRSS:/ {print $2}' "/proc/$relay_pid/status"
}

# relay_stop [SIGNAL]: it must end in order, with exit code 0, its counters and no complaint
relay_stop()
{
    local code=0 out=$work/relay.$relay_runs before
    before=$(stats_count)
    kill -"${1:-TERM}" "$relay_pid" || fail "the relay had ended before"
    local deadline=$(($(date +%s) + 30))
    while kill -0 "$relay_pid" 2>/dev/null; do
        [ "$(date +%s)" -lt "$deadline" ] || fail "the relay does not stop"
        sleep 0.02
    done
    wait "$relay_pid" || code=$?
    unset "started[$relay_pid]"
    relay_pid=
    [ $code -eq 0 ] || fail "the relay ended with code $code"
    ! grep -Eq 'Sanitizer|runtime error' "$out.err" || fail "a sanitizer complained"
    more_stats_than "$before" || fail "no counters at the end"
    jq -s last "$out.out" >"$work/stats.json"
}

# ---- what the relay's host has joined upstream: /proc/net of its namespace ----

hex4()
{
    local IFS=.
    # shellcheck disable=SC2086
    printf '%02X%02X%02X%02X' $1
}

# 32 hexadecimal digits of an IPv6 address with at most one `::`
hex6()
{
    local left=${1%%::*} right=${1##*::} digits='' part fill
    [ "$left" != "$1" ] || right=''
    local IFS=:
    local -a l=($left) r=($right)
    for part in "${l[@]}"; do digits+=$(printf '%04x' "0x$part"); done
    for ((fill = ${#l[@]} + ${#r[@]}; fill < 8; fill++)); do digits+=0000; done
    for part in "${r[@]}"; do digits+=$(printf '%04x' "0x$part"); done
    printf %s "$digits"
}

# joined GROUP: the group is in /proc/net/igmp or igmp6 on up1
joined()
{
    local hex
    case $1 in
    *:*)
        ip netns exec "$RLY" awk -v g="$(hex6 "$1")" \
            '$2 == "up1" && tolower($3) == g {found = 1} END {exit !found}' /proc/net/igmp6
        ;;
    *)
        hex=$(hex4 "$1") # igmp prints groups in the order of the machine
        ip netns exec "$RLY" awk -v g="${hex:6:2}${hex:4:2}${hex:2:2}${hex:0:2}" -v b="$hex" \
            '/^[0-9]/ {device = $2} $1 == g || $1 == b {if (device == "up1") found = 1}
             END {exit !found}' /proc/net/igmp
        ;;
    esac
}

# joined_source GROUP SOURCE: ... with that source in /proc/net/mcfilter or mcfilter6, INCLUDE
joined_source()
{
    local file=mcfilter group source
    case $1 in
    *:*) file=mcfilter6 group=$(hex6 "$1") source=$(hex6 "$2") ;;
    *) group=0x$(hex4 "$1") source=0x$(hex4 "$2") group=${group,,} source=${source,,} ;;
    esac
    ip netns exec "$RLY" awk -v g="$group" -v s="$source" \
        '$2 == "up1" && tolower($3) == g && tolower($4) == s && $5 > 0 {found = 1}
         END {exit !found}' "/proc/net/$file"
}

# ---- gateways ----

gateway_pid='' gateway_in='' gateway_out=''

gateways_start()
{
    coproc GATEWAY {
        exec $ahead ip netns exec "$GWS" "$AMTGRAPH_TOOLS/gateway" 2>"$work/gateway.err"
    }
    # shellcheck disable=SC2153
    gateway_pid=$GATEWAY_PID
    started[$gateway_pid]=gateway
    exec {gateway_out}<&"${GATEWAY[0]}" {gateway_in}>&"${GATEWAY[1]}"
    eval "exec ${GATEWAY[0]}<&- ${GATEWAY[1]}>&-"
}

answer=
ask_gateways()
{
    printf '%s\n' "$*" >&"$gateway_in"
    read -r -t 120 answer <&"$gateway_out" || fail "the gateways do not answer: $*"
}

# gw COMMAND...: one step of the gateways; it must succeed
gw()
{
    ask_gateways "$@"
    case $answer in
    ok*) ;;
    *)
        tail -n 25 "$work/gateway.err" >&2
        fail "gateways: $*: $answer"
        ;;
    esac
}

# gateways_stop: not one datagram may have been wrong
gateways_stop()
{
    local code=0
    exec {gateway_in}>&-
    wait "$gateway_pid" || code=$?
    unset "started[$gateway_pid]"
    exec {gateway_out}<&-
    if [ $code -ne 0 ]; then
        tail -n 25 "$work/gateway.err" >&2
        fail "the gateways got something wrong"
    fi
}

# ---- traffic ----

source_pid=

# source_start OPTION... STREAMS SOURCE GROUP ...
source_start()
{
    $ahead ip netns exec "$SRC" "$AMTGRAPH_TOOLS/source" --interface up0 "$@" >"$work/source.out" 2>&1 &
    source_pid=$!
    started[$source_pid]=source
}

source_wait()
{
    wait "$source_pid" || fail "source: $(cat "$work/source.out")"
    unset "started[$source_pid]"
    say "source: $(cat "$work/source.out")"
}

source_stop()
{
    kill "$source_pid" 2>/dev/null
    wait "$source_pid" 2>/dev/null
    unset "started[$source_pid]"
}

# flood OPTION...: in the foreground
flood()
{
    local mac
    mac=$(ip netns exec "$RLY" cat /sys/class/net/acc0/address)
    ip netns exec "$GWS" "$AMTGRAPH_TOOLS/flood" --interface acc1 --mac "$mac" "$@" \
        >"$work/flood.out" || fail "flood"
    say "flood: $(cat "$work/flood.out")"
}

# ---- captures ----

capture_pid=

# capture_start: what the relay sends on the access link
capture_start()
{
    ip netns exec "$GWS" tcpdump -i acc1 -Q in -n -s 0 -B 65536 \
        --immediate-mode -U -w "$work/relay.pcap" "udp and src port 2268" \
        >/dev/null 2>"$work/tcpdump.err" &
    capture_pid=$!
    started[$capture_pid]=tcpdump
    await 10 "tcpdump to listen" grep -q 'listening on' "$work/tcpdump.err"
}

# The relay must have ended before; what is still in the kernel's ring is waited for.
capture_stop()
{
    local before=-1 size
    size=$(stat -c %s "$work/relay.pcap")
    while [ "$size" -ne "$before" ]; do
        sleep 0.3
        before=$size
        size=$(stat -c %s "$work/relay.pcap")
    done
    kill -INT "$capture_pid"
    wait "$capture_pid"
    unset "started[$capture_pid]"
    grep -q '^0 packets dropped by kernel' "$work/tcpdump.err" ||
        fail "the capture is not whole: $(grep dropped "$work/tcpdump.err")"
}

# Faults that tshark sees in a capture: malformed, a wrong checksum, or not AMT at all.
readonly faults='_ws.malformed or _ws.expert.severity >= "Error" or ip.checksum.status == 0 or
    udp.checksum.status == 0 or igmp.checksum.status == 0 or icmpv6.checksum.status == 0 or
    not amt'
tshark_checked()
{
    tshark -n -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -r "$@" 2>"$work/tshark.err"
}

# capture_judge FILE: every frame is AMT, none is at fault
capture_judge()
{
    local bad frames
    frames=$(tshark_checked "$1" | wc -l)
    [ "$frames" -gt 0 ] || fail "the capture is empty"
    bad=$(tshark_checked "$1" -Y "$faults" | wc -l)
    if [ "$bad" -ne 0 ]; then
        tshark_checked "$1" -Y "$faults" -V -c 2000 | head -n 60 >&2
        fail "tshark finds fault with $bad of $frames messages of the relay"
    fi
    say "tshark: $frames messages, all right"
}
