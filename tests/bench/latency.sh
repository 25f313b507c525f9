# shellcheck shell=bash disable=SC2154 # sourced by tools/bench, after net.sh
# From when the source sends a packet until the kernel has the last of its 1000 copies, at
# gateways that receive them all, at a tenth and at four fifths of the highest rate at which
# none is lost. That rate is found by steps of a half, two seconds each, then by halves.
# Beyond it the gateways' own program is as likely to lose packets as the relay.
gateways=1000

# try RATE PACKETS: a relay and gateways of their own; what came is in the file heard
try()
{
    relay_up
    gateways_up $gateways stamp
    stream 10 1 # warm; its number is taken up again
    sleep 0.2
    stream "$1" "$2"
    sleep 0.5
    gateways_down
    relay_down
}

# Did every packet reach every gateway? Number 0 was sent twice.
lossless()
{
    awk -v n=$gateways -v packets="$1" '/^packet/ && $4 >= n {whole++} END {exit whole != packets}' \
        "$work/heard"
}

# percentiles RATE SECONDS: a line of the table
percentiles()
{
    try "$1" $(($1 * $2))
    awk -v n=$gateways '/^packet/ && $2 > 0 && $4 == n {print $6 / 1e6}' "$work/heard" | sort -g |
        awk -v rate="$1" -v due=$(($1 * $2 - 1)) '{v[NR] = $1} END {
            printf "%-10d  %-10d  %-10.2f  %-10.2f  %-10.2f  %d\n", rate, NR, v[1],
                v[int((NR + 1) / 2)], v[int(NR * 0.99 + 0.5)], due - NR}'
}

net_up
highest=0 lost=100
while try $lost $((2 * lost)) && lossless $((2 * lost)); do
    highest=$lost lost=$((lost * 3 / 2))
done
for _ in 1 2 3; do
    rate=$(((highest + lost) / 2))
    if try $rate $((2 * rate)) && lossless $((2 * rate)); then highest=$rate; else lost=$rate; fi
done
printf 'highest rate without loss: %d packets/s (lost at %d)\n' $highest $lost
printf '%-10s  %-10s  %-10s  %-10s  %-10s  %s\n' packets/s whole 'least, ms' p50 p99 'not whole'
percentiles $((highest / 10)) 5
percentiles $((highest * 4 / 5)) 4
