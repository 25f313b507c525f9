# shellcheck shell=bash disable=SC2154 # sourced by tools/bench
# What an element of a chain adds, without the host: times in turns with the empty chain.
printf '%-12s  %-12s  %s\n' element 'whole, ns' 'added to each packet or copy, ns: min, median, max'
"$programs/bench_framework" time 1000000 | while read -r name whole added; do
    printf '%-12s  %-12s  %s\n' "$name" "$whole" "$added"
done
