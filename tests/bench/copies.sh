# shellcheck shell=bash disable=SC2154 # sourced by tools/bench, after net.sh
# CPU time of the relay for each copy of a 1316-octet payload, with 1 to 1000
# gateways. After each round of the relay comes one of the yardstick: as many copies
# of the same size to as many destinations, through the same device, by sendmmsg.
rounds=7

# gateways packets/s packets: some seconds each, never near a full processor
cases='1 10000 20000
10 5000 10000
100 1000 2000
1000 100 200'

net_up
printf '%-9s  %-24s  %-24s  %s\n' gateways 'relay, ns a copy' 'sendmmsg, ns a copy' ratio
while read -r -u 9 gateways rate packets; do
    relay_up
    gateways_up "$gateways"
    net_swallow
    stream "$rate" 100 # warm
    rm -f "$work/bare" "$work/ratio"
    rm -f "$work/relay"
    for ((round = 0; round < rounds; round++)); do
        sent=$(relay_copies)
        cpu=$(relay_cpu_ns)
        stream "$rate" "$packets"
        sleep 0.1
        cpu=$(($(relay_cpu_ns) - cpu))
        sent=$(($(relay_copies) - sent))
        [ "$sent" -eq $((packets * gateways)) ] ||
            say "$sent of $((packets * gateways)) copies were sent"
        bare=$(ip netns exec "$ns_relay" "$programs/bench_sendmmsg" "$relay_address" "$first_gateway" \
            "$gateway_addresses" "$gateways" 1346 $((packets * gateways)))
        awk -v cpu="$cpu" -v sent="$sent" -v d="$work" '{
            print cpu / sent >> (d "/relay"); print $4 / $2 >> (d "/bare")
            print cpu / sent / ($4 / $2) >> (d "/ratio")}' <<<"$bare"
    done
    printf '%-9d  %-24s  %-24s  %s\n' "$gateways" "$(min_median_max %.0f <"$work/relay")" \
        "$(min_median_max %.0f <"$work/bare")" "$(min_median_max %.2f <"$work/ratio")"
    gateways_down
    relay_down
    net_unswallow
done 9<<<"$cases"
