/*
 * Setting up a network interface by rtnetlink(7): what `ip link`, `ip addr` and `ip
 * route` do. One request at a time; the kernel answers at once, so nothing waits.
 * All functions return 0 or a positive errno.
 */
#ifndef AMTG_IO_NETLINK_H
#define AMTG_IO_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"

/* An address with a prefix length: of an interface, or where a route leads. */
struct amtg_prefix {
    struct amtg_addr addr;
    uint8_t length; /* bits: up to 32 or 128 */
};

/* Read "192.0.2.1/24" or "ff3e::/32"; without a length it is the whole address. */
bool amtg_prefix_parse(const char *text, struct amtg_prefix *out);

struct amtg_netlink {
    int fd;
    uint32_t sequence;
};

/* A socket that gets messages of these groups (RTMGRP_*); the caller closes it. -1 and errno on failure. */
int amtg_netlink_socket(int flags, uint32_t groups);
/* The caller closes fd. -1 and errno on failure. */
int amtg_netlink_open(struct amtg_netlink *nl);
/* A socket that gets messages about links; it does not block. The caller closes it. */
int amtg_netlink_watch_links(void);
/* Read what it has got: was something said about this interface, or lost that may have been? */
bool amtg_netlink_told(int fd, unsigned index);

/* Set the MTU and bring the interface up. */
int amtg_netlink_link_up(struct amtg_netlink *nl, unsigned index, uint32_t mtu);
/* Add an address to an interface / take it away. EEXIST: it is there already. */
int amtg_netlink_address(struct amtg_netlink *nl, unsigned index, const struct amtg_prefix *address,
                         bool add);
/*
 * Add a route to an interface / take it away. EEXIST: it is there already. Routes to IPv6
 * multicast go to the table `local`, where the kernel looks first and has ff00::/8 of other
 * interfaces.
 */
int amtg_netlink_route(struct amtg_netlink *nl, unsigned index, const struct amtg_prefix *to,
                       bool add);

#endif
