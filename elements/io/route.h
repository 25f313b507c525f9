/*
 * Two interfaces of what the host knows of its routes.
 *
 * `source-address`: which of a socket's addresses would the system use towards a peer?
 * Offered by udp-socket, asked by amt-advertise when the address that was asked is a
 * discovery address, and by amt-gateway.
 *
 * `routes`: the same of all addresses of the host, and how long packets to the world may
 * be. Offered by raw-socket; asked by amt-mtu for its ICMP errors and the path MTU to
 * begin with.
 */
#ifndef AMTG_IO_ROUTE_H
#define AMTG_IO_ROUTE_H

#include "core/element.h"

extern const struct amtg_interface amtg_source_address, amtg_routes;

struct amtg_source_address_ops {
    /* false: there is no route, or (on captures) nobody to ask. */
    bool (*towards)(struct amtg_element *socket, const struct amtg_addr *remote, uint32_t scope,
                    struct amtg_addr *out);
    /* Has it an address of the family, to send from? Known before it has started. */
    bool (*serves)(const struct amtg_element *socket, bool ip4);
};

struct amtg_routes_ops {
    /* Our address towards a host. false: there is no route, or (on captures) nobody to ask. */
    bool (*towards)(const struct amtg_addr *remote, struct amtg_addr *out);
    /* Octets: the MTU of the interface of the default route. 0: there is none, or nobody to ask. */
    uint32_t (*link_mtu)(bool ip4);
};

/* What a class that offers `routes` says: the host's own; and on captures, nothing. */
extern const struct amtg_routes_ops amtg_routes_of_host, amtg_routes_on_captures;

/* What the system would choose. scope: as in a peer. false: there is no route. */
bool amtg_route_towards(const struct amtg_addr *remote, uint32_t scope, struct amtg_addr *out);

#endif
