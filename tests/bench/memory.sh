# shellcheck shell=bash disable=SC2154 # sourced by tools/bench, after net.sh
# Growth of the relay's resident memory with gateways that have joined one channel.
# As many gateways ask before, and join nothing: that touches what has a fixed size
# (buffers, the tables of the rate limits, code), and leaves no state.
gateways=10000 rounds=3

net_up
for ((round = 1; round <= rounds; round++)); do
    relay_up
    start=$(relay_memory)
    gateways_ask $gateways
    asked=$(relay_memory)
    gateways_up $gateways
    joined=$(relay_memory)
    net_swallow # nobody hears what is sent now: no ICMP errors
    gateways_down
    relay_down
    net_unswallow
    printf 'round %d: %d octets at the start, +%d when %d had asked, +%d when they had joined\n' \
        "$round" "$start" $((asked - start)) $gateways $((joined - asked))
    echo $(((joined - asked) / gateways)) >>"$work/each"
done
printf 'octets for each gateway with one channel, min median max: '
min_median_max %.0f <"$work/each"
