# shellcheck shell=bash disable=SC2154 # sourced by tools/bench, after net.sh
# What looking at a relay costs it: CPU time of its own thread for each copy, with nobody there,
# with `amtgraph top`, with a page open (counters four times a second, the ladder's tap and
# drops), and with a tap on the edge that carries the stream. Alternated, round by round; what
# the admin thread itself takes is beside it, in ms a second.
rounds=5 gateways=100 rate=1000 seconds=2 port=8643

# thread N: ns of CPU time of the relay's N-th thread, counted from 1; the second is the admin's
thread()
{
    local tids
    mapfile -t tids < <(ls "/proc/$relay_pid/task" | sort -n)
    awk '{print $1}' "/proc/$relay_pid/task/${tids[$1 - 1]}/schedstat"
}

# look CASE: somebody does, in the background
look()
{
    case $1 in
    nobody) looker='' ;;
    top)
        "$amtgraph" top --name relay >"$work/looked" 2>&1 &
        looker=$!
        ;;
    page)
        ip netns exec "$ns_relay" curl -sN "http://127.0.0.1:$port/api/events?counters=250ms&changes=1&drops=1" \
            --get --data-urlencode tap=udp.out --data-urlencode 'filter=udp[8] & 15 != 6' >"$work/looked" 2>&1 &
        looker=$!
        ;;
    tap)
        "$amtgraph" tap native --name relay >"$work/looked" 2>&1 &
        looker=$!
        ;;
    esac
    sleep 0.3
}

# round CASE: a line `ns-a-copy admin-ms-a-second`
round()
{
    local sent cpu admin
    look "$1"
    sent=$(relay_copies)
    cpu=$(thread 1)
    admin=$(thread 2)
    stream $rate $((rate * seconds))
    sleep 0.1
    cpu=$(($(thread 1) - cpu))
    admin=$(($(thread 2) - admin))
    sent=$(($(relay_copies) - sent))
    if [ -n "$looker" ]; then
        kill "$looker" || { cat "$work/looked" >&2; fail "admin: $1 ended by itself"; }
        wait "$looker" 2>/dev/null || true
        [ -s "$work/looked" ] || fail "admin: $1 saw nothing"
    fi
    awk -v c="$cpu" -v s="$sent" -v a="$admin" -v t="$seconds" 'BEGIN {print c / s, a / 1e6 / t}'
}

net_up
relay_up --web $port
gateways_up $gateways
net_swallow
stream $rate 100 # warm
for ((i = 0; i < rounds; i++)); do
    for case in nobody top page tap; do
        round $case >>"$work/rounds.$case"
    done
done
printf '%-8s  %-18s  %-16s  %s\n' looker 'relay, ns a copy' 'to nobody' 'admin thread, ms/s'
for case in nobody top page tap; do
    printf '%-8s  %-18s  %-16s  %s\n' $case "$(awk '{print $1}' "$work/rounds.$case" | min_median_max %.0f)" \
        "$(paste "$work/rounds.$case" "$work/rounds.nobody" | awk '{print $1 / $3}' | min_median_max %.3f)" \
        "$(awk '{print $2}' "$work/rounds.$case" | min_median_max %.2f)"
done
gateways_down
relay_down
net_unswallow
