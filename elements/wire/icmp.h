/*
 * ICMP and ICMPv6 errors (RFC 792, RFC 4443): those about UDP datagrams that we sent,
 * and those that say that a datagram was too big.
 */
#ifndef AMTG_WIRE_ICMP_H
#define AMTG_WIRE_ICMP_H

#include "core/packet.h"

enum {
    AMTG_ICMP4_UNREACHABLE = 3, AMTG_ICMP4_FRAGMENTATION_NEEDED = 4 /* a code of it */,
    AMTG_ICMP6_UNREACHABLE = 1, AMTG_ICMP6_TOO_BIG = 2,
};

struct amtg_icmp_error {
    uint8_t type, code;    /* of ICMP when peer.remote is IPv4, else of ICMPv6 */
    uint32_t mtu;          /* octets, of "too big" errors; else 0 */
    struct amtg_peer peer; /* whom the quoted datagram was for, and whom of us it was from */
    const uint8_t *payload; /* of the quoted datagram, as far as it is quoted */
    uint32_t payload_octets;
};

/*
 * octets, len: a whole IP datagram as captured. false unless it is an unreachable,
 * time exceeded, parameter problem or packet too big error, right in its lengths and
 * checksums, that quotes the head of a UDP datagram sent by whoever got the error.
 */
bool amtg_icmp_error_parse(const uint8_t *octets, uint32_t len, struct amtg_icmp_error *out);

/* Does the error say that a datagram was too big for the next link? ip4: of ICMP. */
static inline bool amtg_icmp_is_too_big(bool ip4, uint8_t type, uint8_t code)
{
    return ip4 ? type == AMTG_ICMP4_UNREACHABLE && code == AMTG_ICMP4_FRAGMENTATION_NEEDED
               : type == AMTG_ICMP6_TOO_BIG;
}

/*
 * May an error that says "too big" answer this datagram, of type ip? No error answers an
 * error, or what came from no single host; and ICMP (not ICMPv6) none of the fragments
 * but the first (RFC 1812, section 4.3.2.7; RFC 4443, section 2.4(e)). That neither
 * answers what went to a group has exceptions: ICMPv6's own, for just this error, and
 * that of RFC 7450, section 5.3.3.6.2, for SSM groups. So groups are the caller's matter.
 */
bool amtg_icmp_may_answer(const struct amtg_packet *p);

/* The longest error that is built here: RFC 4443, section 2.4(c). */
enum { AMTG_ICMP_MOST = 1280 };
/*
 * An IP datagram with the error that says that this one, of type ip, is longer than
 * `mtu` octets: from our address `from`, of its family, to its source. Writes at most
 * AMTG_ICMP_MOST octets to `out`; returns how many.
 */
uint32_t amtg_icmp_too_big(const struct amtg_packet *p, const struct amtg_addr *from, uint32_t mtu,
                           uint8_t *out);

#endif
