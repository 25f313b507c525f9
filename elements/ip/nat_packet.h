/*
 * What a NAT reads and writes in IPv4 packets (RFC 4787; RFC 5508 for ICMP errors).
 * Packets are of type ip, so their IP header has been verified; what is written to has
 * sole ownership of its octets.
 */
#ifndef AMTG_IP_NAT_PACKET_H
#define AMTG_IP_NAT_PACKET_H

#include "core/packet.h"
#include "elements/ip/nat_table.h"

enum amtg_nat_kind {
    AMTG_NAT_IP6,
    AMTG_NAT_UDP,      /* with a whole UDP header */
    AMTG_NAT_ICMP,     /* with a whole ICMP header */
    AMTG_NAT_FRAGMENT, /* first or later */
    AMTG_NAT_OTHER,
};
enum amtg_nat_kind amtg_nat_kind_of(const struct amtg_packet *p);

/* ---- AMTG_NAT_UDP ---------------------------------------------------------- */

struct amtg_nat_end amtg_nat_source(const struct amtg_packet *p);
struct amtg_nat_end amtg_nat_destination(const struct amtg_packet *p);
/* Both checksums are adjusted for what changes (RFC 1624); a missing one stays so. */
void amtg_nat_set_source(struct amtg_packet *p, const struct amtg_nat_end *end);
void amtg_nat_set_destination(struct amtg_packet *p, const struct amtg_nat_end *end);

/* ---- AMTG_NAT_ICMP --------------------------------------------------------- */

/* Is it an error about a UDP datagram? quoted: who sent that. */
bool amtg_nat_error_about(const struct amtg_packet *p, struct amtg_nat_end *quoted);
/* It goes to the end inside that sent the datagram; the quote says so, too (RFC 5508, REQ-4). */
void amtg_nat_set_error(struct amtg_packet *p, const struct amtg_nat_end *inside);

#endif
