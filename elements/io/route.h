/*
 * The interface `source-address`: which of our addresses would the system use
 * towards a peer? Offered by udp-socket, asked by amt-advertise when the address
 * that was asked is a discovery address, and by amt-gateway.
 */
#ifndef AMTG_IO_ROUTE_H
#define AMTG_IO_ROUTE_H

#include "core/element.h"

extern const struct amtg_interface amtg_source_address;

struct amtg_source_address_ops {
    /* false: there is no route, or (on captures) nobody to ask. */
    bool (*towards)(struct amtg_element *socket, const struct amtg_addr *remote, uint32_t scope,
                    struct amtg_addr *out);
    /* Has it an address of the family, to send from? Known before it has started. */
    bool (*serves)(const struct amtg_element *socket, bool ip4);
};

#endif
