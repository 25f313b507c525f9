/*
 * Cutting an IPv4 datagram into fragments (RFC 791, section 3.2): the reverse of what
 * fragment.h reads. Also one that is a fragment itself. IPv6 datagrams are cut by
 * nobody but their source (RFC 8200, section 4.5).
 *
 *     amtg_cut_begin(&cut, p->data, p->len, mtu);
 *     while ((octets = amtg_cut_octets(&cut)))
 *         amtg_cut_write(&cut, room_for(octets));
 */
#ifndef AMTG_IP_CUT_H
#define AMTG_IP_CUT_H

#include <stdbool.h>
#include <stdint.h>

struct amtg_cut {
    const uint8_t *datagram;
    uint32_t header, payload; /* octets of the datagram's */
    uint32_t mtu;
    uint32_t later_header; /* octets of the header of all fragments but the first */
    uint32_t done;         /* octets of payload that have been written */
};

/*
 * Start to cut a datagram, whose header has been verified, into fragments of at most
 * `mtu` octets. The datagram stays, and stays unchanged, meanwhile. false: so few octets
 * have no room for its header and eight octets behind it, or it is a fragment that
 * reaches past the end of the longest datagram.
 */
bool amtg_cut_begin(struct amtg_cut *cut, const uint8_t *datagram, uint32_t len, uint32_t mtu);
/* Octets of the next fragment, of which there are 0 when the last one has been written. */
uint32_t amtg_cut_octets(const struct amtg_cut *cut);
/* Octets of its header. */
uint32_t amtg_cut_header(const struct amtg_cut *cut);
/* Write it, whole and with its checksum, where there is room for that many octets. */
void amtg_cut_write(struct amtg_cut *cut, uint8_t *out);

#endif
