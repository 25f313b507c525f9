/*
 * Fragments of IP datagrams (RFC 791, section 3.2; RFC 8200, section 4.5): what one
 * says, and the header of the datagram that they make together.
 */
#ifndef AMTG_IP_FRAGMENT_H
#define AMTG_IP_FRAGMENT_H

#include "core/packet.h"

/* Octets: what offsets count, and what all fragments but the last are multiples of. */
enum { AMTG_FRAGMENT_UNIT = 8 };

/* What fragments of one datagram have in common. No padding: it is hashed whole. */
struct amtg_fragment_key {
    struct amtg_addr src, dst;
    uint32_t id;
    uint8_t version, protocol; /* protocol: IPv4 */
    uint8_t pad[2];
};

/* Where things lie in a fragment. */
struct amtg_fragment {
    struct amtg_fragment_key key;
    uint32_t fixed;   /* octets before the payload that belongs to no fragment header */
    uint32_t payload; /* octets before the payload */
    uint32_t offset, len;
    bool more;
    uint8_t ecn;
};

/* p: of type ip. false: it is no fragment; `out` is then of no use. */
bool amtg_fragment_read(const struct amtg_packet *p, struct amtg_fragment *out);
/*
 * Write the header of the whole: that of the first fragment, as if it never had been in
 * pieces. to: first->fixed octets; payload: octets behind it; congested: mark it CE.
 */
void amtg_fragment_head(uint8_t *to, const struct amtg_packet *p, const struct amtg_fragment *first,
                        uint32_t payload, bool congested);

#endif
