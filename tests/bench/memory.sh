# shellcheck shell=bash disable=SC2154 # sourced by tools/bench, after net.sh
# Growth of the relay's resident memory with gateways that have joined one channel.
# Buffers that the handshakes touch, and code that runs for the first time, grow it
# too: the slope between two crowds is what one more gateway costs.
net_up
# memory_with COUNT: sets `growth`
memory_with()
{
    relay_up
    local before after
    before=$(relay_memory)
    gateways_up "$1"
    after=$(relay_memory)
    net_swallow # nobody hears what is sent now: no ICMP errors
    gateways_down
    relay_down
    net_unswallow
    growth=$((after - before))
}

memory_with 1000
few=$growth
memory_with 10000
many=$growth
printf 'resident growth with 1,000 gateways: %d octets; with 10,000: %d octets\n' "$few" "$many"
printf 'octets for each gateway: %d over all 10,000; %d for one more\n' \
    $((many / 10000)) $(((many - few) / 9000))
