#!/bin/sh
# graphs/relay-packet-socket.yaml is graphs/relay.yaml with another sink, and nothing else.
#
#     relay_packet_socket.sh [--update]
set -eu
cd "$(dirname "$0")/../../graphs"

derived=$(awk '
    /^name:/ {print "name: relay-packet-socket"; next}
    /^summary:/ {
        print "summary: The AMT relay of relay.yaml, whose Data leaves as Ethernet frames where it can"
        print ""
        print "# For a plain Ethernet uplink: see docs/operating-a-relay.md, \"Frames instead of datagrams\"."
        print "# This is relay.yaml but for the element `fast` (tests/graphs/relay_packet_socket.sh --update)."
        next
    }
    /^#    native --> check/ {sub("encap --> udp", "encap --> fast -- rest --> udp")}
    /^  encap: / {
        print
        print "  # What no frame suits, and what finds neighbours, goes by the UDP socket."
        print "  fast:       {class: packet-socket, port: 2268, destinations: \"${endpoints}\"}"
        next
    }
    /mtu.out -> encap -> udp/ {print "  - mtu.out -> encap -> fast"; print "  - fast.rest -> udp"; next}
    {print}' relay.yaml)

case ${1-} in
--update) printf '%s\n' "$derived" >relay-packet-socket.yaml ;;
*) printf '%s\n' "$derived" | diff -u relay-packet-socket.yaml - ;;
esac
