/* What a host says on each of its links without being asked, and what of it matters to us. */
#ifndef AMTG_IO_CHATTER_H
#define AMTG_IO_CHATTER_H

#include "elements/wire/ip.h"

/*
 * Is a datagram for its link only, and not IGMP or MLD? Neighbour and router discovery,
 * mDNS, LLMNR and their like. ip: what amtg_ip_parse made of the octets.
 */
bool amtg_is_chatter(const uint8_t *octets, const struct amtg_ip *ip);

#endif
