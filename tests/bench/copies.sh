# shellcheck shell=bash disable=SC2034,SC2154 # sourced by tools/bench, after net.sh
# CPU time of the relay for each copy of a 1316-octet payload, with 1 to 10,000 gateways, for
# packets that come one by one and in bursts of 8 and 32. A burst arrives `whole`, or `in-turn`:
# then the relay, when it is free, begins with the first packet before it has seen the second.
# After each round of the relay come those of the yardstick: as many copies of the same size to
# as many destinations, through the same device, by sendmmsg: one by one; in messages of whole
# bursts, cut by UDP_SEGMENT; and the same at the times at which the source sends, with sleep
# between, since caches are cold after it for the kernel's part of the work too. So over IPv4 and
# IPv6; and for Ethernet frames (packet-socket), whose yardstick hands over the same frames.
rounds=5

# over gateways burst arrival packets/s packets: half a second to a second each, never near a full processor
cases='ip4 1 1 - 10000 5000
ip4 10 1 - 5000 2500
ip4 100 1 - 1000 500
ip4 1000 1 - 100 50
ip4 10000 1 - 10 5
ip4 10 8 whole 5000 3200
ip4 100 8 whole 1000 640
ip4 100 8 in-turn 1000 640
ip4 1000 8 whole 200 128
ip4 10000 8 whole 32 24
ip4 100 32 whole 1600 1280
ip4 100 32 in-turn 1600 1280
ip4 1000 32 whole 320 256
ip6 100 1 - 1000 500
ip6 1000 1 - 100 50
ip6 100 8 whole 1000 640
ip6 1000 8 whole 200 128
frames 10 1 - 5000 2500
frames 100 1 - 1000 500
frames 1000 1 - 100 50
frames 10000 1 - 10 5'

# yardstick COPIES GATEWAYS SEGMENTS [RATE]: ns for each copy
yardstick()
{
    ip netns exec "$ns_relay" "$programs/bench_sendmmsg" "$tunnel_relay" "$tunnel_first" \
        "$gateway_addresses" "$2" 1346 "$1" "${@:3}" | awk '{print $4 / $2}'
}

# frames sendmmsg|ring COPIES GATEWAYS [RATE]: the same of frames
frames()
{
    ip netns exec "$ns_relay" "$programs/bench_frames" "$1" sink0 "$3" 1346 "$2" "${@:4}" |
        awk '{print $4 / $2}'
}

# the_same COPIES GATEWAYS SEGMENTS [RATE]: by the calls that the relay makes
the_same()
{
    if [ $sink = fast ]; then
        frames sendmmsg "$1" "$2" "${@:4}"
    else
        yardstick "$@"
    fi
}

# round GATEWAYS BURST ARRIVAL RATE PACKETS: a line `relay bare same paced`, ns for each copy
round()
{
    local sent cpu bare same copies=$(($5 * $1)) whole=()
    [ "$3" != whole ] || whole=(whole)
    sent=$(relay_copies)
    cpu=$(relay_cpu_ns)
    stream "$4" "$5" "$2" 1 "${whole[@]}"
    sleep 0.1
    cpu=$(($(relay_cpu_ns) - cpu))
    sent=$(($(relay_copies) - sent))
    [ "$sent" -eq $copies ] || say "$sent of $copies copies were sent"
    bare=$(yardstick $copies "$1" 1)
    same=$bare
    [ "$2 $sink" = "1 udp" ] || same=$(the_same $copies "$1" "$2")
    awk -v cpu="$cpu" -v sent="$sent" -v bare="$bare" -v same="$same" \
        -v paced="$(the_same $copies "$1" "$2" "$4")" 'BEGIN {print cpu / sent, bare, same, paced}'
}

column()
{
    awk "{print $1}" "$work/rounds" | min_median_max "$2"
}

# way OVER: for the next case
way()
{
    relay_graph=relay.yaml sink=udp
    over 4
    case $1 in
    ip6) over 6 ;;
    frames) relay_graph=relay-packet-socket.yaml sink=fast ;;
    esac
}

line='%-6s  %-8s  %-5s  %-7s  %-17s  %-14s  %-14s  %-17s  %-14s  %-14s  %s\n'
net_up
# shellcheck disable=SC2059
printf "$line" over gateways burst arrival 'relay, ns a copy' sendmmsg 'the same calls' 'at the same times' \
    'to sendmmsg' 'to the calls' 'at the same times'
while read -r -u 9 over gateways burst arrival rate packets; do
    way "$over"
    relay_up --set endpoints-per-address=10000 --set entries-per-address=100000
    gateways_up "$gateways"
    if [ $sink = fast ]; then sink_up; else net_swallow; fi
    stream "$rate" $((2 * burst)) "$burst" # warm
    [ $sink = udp ] || { sleep 0.2 && stream "$rate" 2; } # next hops are asked for anew
    for ((i = 0; i < rounds; i++)); do
        round "$gateways" "$burst" "$arrival" "$rate" "$packets"
    done >"$work/rounds"
    # shellcheck disable=SC2059
    printf "$line" "$over" "$gateways" "$burst" "$arrival" "$(column '$1' %.0f)" "$(column '$2' %.0f)" \
        "$(column '$3' %.0f)" "$(column '$4' %.0f)" "$(column '$1/$2' %.2f)" "$(column '$1/$3' %.2f)" \
        "$(column '$1/$4' %.2f)"
    gateways_down
    relay_down
    if [ $sink = fast ]; then sink_down; else net_unswallow; fi
done 9<<<"$cases"

# What frames could cost besides: by a ring from which the kernel sends.
sink_up
for ((i = 0; i < rounds; i++)); do
    echo "$(frames sendmmsg 200000 1000) $(frames ring 200000 1000)"
done >"$work/rounds"
printf 'frames alone, 1000: sendmmsg %s, ring %s, ratio %s\n' "$(column '$1' %.0f)" \
    "$(column '$2' %.0f)" "$(column '$2/$1' %.2f)"
