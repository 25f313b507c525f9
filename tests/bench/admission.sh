# shellcheck shell=bash disable=SC2154 # sourced by tools/bench, after net.sh
# 10,000 gateways on 100 addresses: Request, Query, Update each, 512 at a time.
# Afterwards one packet of the channel must reach every one of them.
gateways=10000 rounds=5

net_up
for ((round = 1; round <= rounds; round++)); do
    relay_up
    gateways_up $gateways
    stream 10 5
    sleep 1
    gateways_down
    relay_down
    printf 'round %d: %s heard %d\n' "$round" "$admission" "$heard"
    [ "$heard" -eq $gateways ] || fail "not every gateway was served"
    awk '{print $4}' <<<"$admission" >>"$work/seconds"
done
printf 'seconds until all are admitted, min median max: '
min_median_max %.3f <"$work/seconds"
