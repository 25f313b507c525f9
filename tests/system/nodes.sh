# shellcheck shell=bash
# What the tests of our own gateway share; sourced after lib.sh.
#
# A node is another run of the program, in a namespace: a gateway, a proxy, a receiver. A
# listener is a plain receiver (listener.c). Both have a name that the test gives them.

declare -A node_pid=() listener_pid=()

# without_privileges COMMAND...: as somebody who may do nothing special. The tree may be where
# only root can read; then as root, but without a single capability.
without_privileges()
{
    local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    "${nobody[@]}" test -x "$AMTGRAPH" 2>/dev/null && "${nobody[@]}" test -r "$AMTGRAPH_GRAPHS" ||
        nobody=(setpriv)
    exec "${nobody[@]}" --inh-caps=-all --bounding-set=-all --no-new-privs "$@"
}

# ---- nodes ----

# node_start NAME NAMESPACE GRAPH [OPTION...]: `unprivileged=1 node_start ...` without privileges
node_start()
{
    local name=$1 ns=$2 graph=$AMTGRAPH_GRAPHS/$3.yaml
    shift 3
    (
        AMTGRAPH_RUNTIME_DIR=$work/runtime.$name # two of one graph have one name
        prefix=()
        [ -z "${unprivileged-}" ] || prefix=(without_privileges)
        export -f without_privileges
        export AMTGRAPH AMTGRAPH_GRAPHS
        if [ ${#prefix[@]} -gt 0 ]; then
            # shellcheck disable=SC2016 # it is the inner shell that puts the arguments in
            exec ip netns exec "$ns" bash -c 'without_privileges "$@"' _ \
                "$AMTGRAPH" run "$graph" "$@" --stats json
        fi
        exec $ahead ip netns exec "$ns" "$AMTGRAPH" run "$graph" "$@" --stats json
    ) >"$work/node.$name.out" 2>"$work/node.$name.err" </dev/null &
    node_pid[$name]=$!
    started[$!]=$name
    await 20 "$name to take signals" takes_signals "$!"
}

# takes_signals PID: SIGUSR1 waits to be read (bit 9) and would not end it; or it has ended
takes_signals()
{
    local blocked
    blocked=$(awk '/^SigBlk/ {print $2}' "/proc/$1/status" 2>/dev/null) || return 0
    [ -z "$blocked" ] || [ $((16#$blocked & 0x200)) -ne 0 ]
}

node_lives()
{
    kill -0 "${node_pid[$1]}" 2>/dev/null
}

# node_logs NAME WORDS: it has said so on standard error
node_logs()
{
    node_lives "$1" || fail "$1 has ended"
    grep -qE -- "$2" "$work/node.$1.err"
}

# node_value NAME FILTER: a value of its counters, asked for now
node_value()
{
    local out=$work/node.$1.out before
    before=$(jq -s length "$out")
    kill -USR1 "${node_pid[$1]}" || fail "$1 has ended"
    local deadline=$(($(date +%s) + 10))
    until [ "$(jq -s length "$out" 2>/dev/null || echo 0)" -gt "$before" ]; do
        [ "$(date +%s)" -lt "$deadline" ] || fail "$1 gives no counters"
        sleep 0.02
    done
    jq -rs "last | $2" "$out"
}

node_value_is()
{
    [ "$(node_value "$1" "$2")" = "$3" ]
}

# node_stop NAME: it must end in order, with exit code 0
node_stop()
{
    local code=0 pid=${node_pid[$1]}
    kill -TERM "$pid" || fail "$1 had ended before"
    local deadline=$(($(date +%s) + 30))
    while kill -0 "$pid" 2>/dev/null; do
        [ "$(date +%s)" -lt "$deadline" ] || fail "$1 does not stop"
        sleep 0.02
    done
    wait "$pid" || code=$?
    unset "started[$pid]" "node_pid[$1]"
    [ $code -eq 0 ] || fail "$1 ended with code $code"
    ! grep -Eq 'Sanitizer|runtime error' "$work/node.$1.err" || fail "a sanitizer complained"
}

# ---- listeners ----

# listener_start NAME NAMESPACE OPTION... SOURCE GROUP
listener_start()
{
    local name=$1 ns=$2
    shift 2
    rm -f "$work/heard.$name"
    $ahead ip netns exec "$ns" "$AMTGRAPH_TOOLS/listener" --status "$work/heard.$name" "$@" \
        2>"$work/listener.$name.err" &
    listener_pid[$name]=$!
    started[$!]=$name
    await 5 "$name to listen" test -s "$work/heard.$name"
}

# listener_stop NAME: as a program that ends; its kernel leaves the group
listener_stop()
{
    kill "${listener_pid[$1]}"
    wait "${listener_pid[$1]}" 2>/dev/null
    unset "started[${listener_pid[$1]}]" "listener_pid[$1]"
}

# heard NAME KEY: what the listener says; see listener.c
heard()
{
    local word
    for word in $(cat "$work/heard.$1"); do
        [ "${word%%=*}" != "$2" ] || echo "${word#*=}"
    done
}

heard_some()
{
    [ "$(heard "$1" count)" -ge "$2" ]
}

# forget NAME...: from here on it counts anew
forget()
{
    local name
    local -A before
    for name; do
        before[$name]=$(heard "$name" forgotten)
        kill -USR1 "${listener_pid[$name]}"
    done
    for name; do
        await 5 "$name to forget" has_forgotten "$name" "${before[$name]}"
    done
}

has_forgotten()
{
    [ "$(heard "$1" forgotten)" -gt "$2" ]
}

# whole NAME COUNT: at least COUNT packets came, each once, none is missing, none is wrong
whole()
{
    await 20 "$2 packets at $1" heard_some "$1" "$2"
    case $(cat "$work/heard.$1") in
    *' lost=0 twice=0 wrong=0 '*) ;;
    *) fail "$1: $(cat "$work/heard.$1")" ;;
    esac
}

# silent NAME SECONDS: nothing comes for so long
silent()
{
    local before
    before=$(heard "$1" count)
    sleep "$2"
    [ "$(heard "$1" count)" -eq "$before" ] || fail "$1 still receives"
}

# far_end MTU: a namespace END (10.30.0.2, 2001:db8:30::2) behind GWS, which is its router, by a
# link of that MTU
far_end()
{
    END=amtg$$e
    more_namespaces+=("$END")
    ip netns add "$END" || fail "cannot make a namespace"
    ip netns exec "$END" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
    ip -n "$END" link set lo up
    link "$GWS" far0 "$END" far1
    ip -n "$GWS" link set far0 mtu "$1"
    ip -n "$END" link set far1 mtu "$1"
    addresses "$GWS" far0 10.30.0.1/16 2001:db8:30::1/64
    addresses "$END" far1 10.30.0.2/16 2001:db8:30::2/64
    ip -n "$END" route add default via 10.30.0.1
    ip -n "$END" -6 route add default via 2001:db8:30::1
    ip netns exec "$GWS" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}
