/*
 * UDP datagrams as whole IP datagrams, for a peer (core/packet.h): what leaves
 * goes from peer.local to peer.remote, what arrives came from peer.remote.
 */
#ifndef AMTG_WIRE_UDP_H
#define AMTG_WIRE_UDP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/packet.h"
#include "elements/wire/ip.h"

enum {
    AMTG_UDP_OCTETS = 8,
    AMTG_UDP_HEADS_MOST = AMTG_IP6_OCTETS + AMTG_UDP_OCTETS,
};

struct amtg_udp_options {
    uint8_t hops;        /* TTL or hop limit */
    uint8_t tos;         /* TOS or traffic class */
    bool dont_fragment;  /* IPv4 DF */
    uint16_t id;         /* IPv4 identification */
};

/* Octets of IP and UDP header towards this peer: 28 or 48. */
uint32_t amtg_udp_heads_octets(const struct amtg_peer *peer);
/* The longest payload that a datagram towards this peer can carry. */
uint32_t amtg_udp_payload_most(const struct amtg_peer *peer);
/*
 * Write IP and UDP header with their checksums to `out`, for a payload that is
 * given (and need not stand behind them); returns their octets. The source
 * address is peer->local, or the unspecified one when that is of another family.
 * len: at most amtg_udp_payload_most.
 */
uint32_t amtg_udp_build(const struct amtg_peer *peer, const struct amtg_udp_options *options,
                        const uint8_t *payload, uint32_t len, uint8_t *out);

/*
 * The same with the payload's sum (amtg_sum of 0 and its octets) in place of the payload, for
 * those who send it to many.
 */
uint32_t amtg_udp_build_summed(const struct amtg_peer *peer, const struct amtg_udp_options *options,
                               uint64_t payload_sum, uint32_t len, uint8_t *out);

enum amtg_udp_fault {
    AMTG_UDP_SOUND,
    AMTG_UDP_OTHER_PROTOCOL, /* no UDP */
    AMTG_UDP_FRAGMENT,       /* a part of a datagram */
    AMTG_UDP_TRUNCATED,      /* no room for the UDP header */
    AMTG_UDP_LENGTH,         /* its length is below 8 or past the IP datagram */
    AMTG_UDP_CHECKSUM,       /* there is one, and it is wrong */
};

struct amtg_udp {
    struct amtg_peer peer;   /* remote: who sent it; scope 0 */
    uint32_t payload;        /* octets before the payload, from the IP header on */
    uint32_t payload_octets;
    bool no_checksum;        /* the field is 0 */
    bool unfinished;         /* it holds just the pseudo-header's sum: left to a device */
};

/*
 * Read the UDP header of a datagram whose IP header was parsed to `ip`. Octets of
 * the IP datagram behind the UDP length are ignored. `out` is written only when
 * sound; an unfinished checksum is AMTG_UDP_CHECKSUM unless `unfinished_too`.
 */
enum amtg_udp_fault amtg_udp_parse(const uint8_t *octets, const struct amtg_ip *ip,
                                   bool unfinished_too, struct amtg_udp *out);

#endif
