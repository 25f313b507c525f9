/*
 * ICMP and ICMPv6 errors about UDP datagrams that we sent (RFC 792, RFC 4443).
 */
#ifndef AMTG_WIRE_ICMP_H
#define AMTG_WIRE_ICMP_H

#include "core/packet.h"

struct amtg_icmp_error {
    uint8_t type, code;    /* of ICMP when peer.remote is IPv4, else of ICMPv6 */
    uint32_t mtu;          /* octets, of "too big" errors; else 0 */
    struct amtg_peer peer; /* whom the quoted datagram was for, and whom of us it was from */
};

/*
 * octets, len: a whole IP datagram as captured. false unless it is an unreachable,
 * time exceeded, parameter problem or packet too big error, right in its lengths and
 * checksums, that quotes the head of a UDP datagram sent by whoever got the error.
 */
bool amtg_icmp_error_parse(const uint8_t *octets, uint32_t len, struct amtg_icmp_error *out);

#endif
