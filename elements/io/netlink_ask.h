/*
 * What the kernel knows of the way to a host, asked by rtnetlink(7) as `ip route get`, `ip
 * neigh get` and `ip link show` ask: routes, neighbours and devices. All functions that ask
 * return 0 or a positive errno; the kernel answers at once.
 */
#ifndef AMTG_IO_NETLINK_ASK_H
#define AMTG_IO_NETLINK_ASK_H

#include <linux/netlink.h>
#include <net/ethernet.h>

#include "elements/io/netlink.h"

struct amtg_net_route {
    bool plain;               /* unicast, and nothing is put around the packet */
    unsigned index;           /* of the device that it leads to */
    struct amtg_addr next;    /* the neighbour: a router, or the host itself */
    struct amtg_addr source;  /* our address towards it */
};

struct amtg_net_neighbour {
    unsigned index; /* of the device */
    struct amtg_addr addr;
    bool known;     /* `mac` is its address */
    bool doubted;   /* ... or was, but the kernel has not heard from it for a while */
    uint8_t mac[ETH_ALEN];
};

struct amtg_net_device {
    unsigned index;
    bool usable;    /* Ethernet, up, with a carrier */
    bool no_arp;    /* has no neighbours to be found */
    uint32_t mtu;   /* octets of an IP packet, at most */
    uint8_t mac[ETH_ALEN];
};

/* local: our address, if that is fixed already, else unspecified. scope: as in a peer. */
int amtg_netlink_ask_route(struct amtg_netlink *nl, const struct amtg_addr *to,
                           const struct amtg_addr *local, uint32_t scope,
                           struct amtg_net_route *out);
/* ENOENT: the kernel does not know it yet. */
int amtg_netlink_ask_neighbour(struct amtg_netlink *nl, unsigned index,
                               const struct amtg_addr *addr, struct amtg_net_neighbour *out);
int amtg_netlink_ask_device(struct amtg_netlink *nl, unsigned index, struct amtg_net_device *out);

/* A socket that is told of changes to all of these; it does not block. The caller closes it. */
int amtg_netlink_watch_ways(void);
/* What a message of its says: RTM_*NEIGH; RTM_*LINK. */
void amtg_netlink_read_neighbour(const struct nlmsghdr *m, struct amtg_net_neighbour *out);
void amtg_netlink_read_device(const struct nlmsghdr *m, struct amtg_net_device *out);

#endif
