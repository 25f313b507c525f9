#!/usr/bin/env bash
#
#   source --- up0/up1 --- relay --- acc0/acc1 --- a gateway that wants very many sources x 4
#
# The largest Updates, from gateway to relay, in each of the four pairs: a join of so many sources
# that its report has as many octets as a report may have (`mtu` of igmp-host and mld-host), which
# over IPv6 fills the link's 1500 octets. It comes whole: the relay knows each of the sources, and
# has joined the last of them.
#
# Covers: M-17 to M-19, G-64, G-65.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/nodes.sh"
begin

relay_start
mkdir "$work/parts" && cp "$AMTGRAPH_GRAPHS"/parts/*.yaml "$work/parts" || fail "parts"

# wish NAME RELAY OUTER SOURCES GROUP PATTERN: PATTERN with %d, 1 to SOURCES, are the sources
wish()
{
    local i list='' seen pcap=$work/$1.pcap
    for ((i = 1; i <= $4; i++)); do
        # shellcheck disable=SC2059
        list+="\"$(printf "$6" $((i / 250)) $((i % 250 + 1)))@$5\", "
    done
    cat >"$work/$1.yaml" <<END
amtgraph: 1
name: many
summary: A wish for as many sources as a report has room for
elements:
  wish:   {class: subscribe, channels: [${list%, }]}
  tunnel: {class: ./parts/tunnel.yaml, relay: "$2"}
  end:    {class: discard}
edges:
  - wish -> tunnel.joins
  - tunnel.data -> end
END
    ip netns exec "$RLY" tcpdump -i acc0 -Q in -n -s 0 --immediate-mode -U -w "$pcap" \
        "udp and dst port 2268" >/dev/null 2>"$work/$1.tcpdump" &
    local tcpdump=$!
    started[$tcpdump]=tcpdump
    await 10 "tcpdump" grep -q 'listening on' "$work/$1.tcpdump"
    AMTGRAPH_GRAPHS=$work node_start "$1" "$GWS" "$1"
    await 10 "$4 channels of $1" channels_are "$4"
    # shellcheck disable=SC2059
    joined_source "$5" "$(printf "$6" $(($4 / 250)) $(($4 % 250 + 1)))" ||
        fail "$1: the last source is not joined"
    kill -INT $tcpdump
    wait $tcpdump
    unset "started[$tcpdump]"
    seen=$(tshark -n -r "$pcap" -T fields -e frame.len 2>/dev/null | sort -n | tail -n 1)
    [ "$seen" = $(($3 + 14)) ] || fail "$1: the largest message has $seen octets, not $3 and 14"
    node_stop "$1"
    await 5 "$5 to be left" no joined "$5"
}

channels_are()
{
    [ "$(relay_value .elements.membership.counters.channels)" = "$1" ]
}

# Inner datagrams of 1440 octets: (1440 - 24 - 8 - 8) / 4 sources, or (1440 - 48 - 8 - 20) / 16;
# outside them 12 octets of AMT, 8 of UDP, and 20 or 40 of IP.
wish 4in4 $RELAY4 $((1440 + 12 + 28)) 350 232.1.1.1 10.77.%d.%d
wish 6in4 $RELAY4 $((1436 + 12 + 28)) 85 ff3e::8000:1 2001:db8:77::%x:%x
wish 4in6 $RELAY6 $((1440 + 12 + 48)) 350 232.1.1.1 10.77.%d.%d
wish 6in6 $RELAY6 $((1436 + 12 + 48)) 85 ff3e::8000:1 2001:db8:77::%x:%x
relay_stop
