/*
 * Octets of a packet as written (written.h). What is not said is filled in as a right
 * message has it: lengths, counts, checksums, the numbers of what follows; an IGMP or MLD
 * message that stands alone gets the IP header it travels with (TTL or hop limit 1, Router
 * Alert, its usual destination).
 */
#ifndef AMTG_WIRE_COMPOSE_H
#define AMTG_WIRE_COMPOSE_H

#include "elements/wire/written.h"

struct amtg_composed {
    const struct amtg_layer *first; /* what it begins with, as written */
    const uint8_t *octets;          /* in the arena */
    uint32_t len;
};

/*
 * type: of the packet that it is to be; one of IP gets the header that IGMP and MLD lack.
 * false: there were problems (a field that must be said, more octets than a datagram has).
 */
bool amtg_compose(const struct amtg_writing *w, const struct amtg_written *written,
                  const struct amtg_type *type, struct amtg_composed *out);

#endif
