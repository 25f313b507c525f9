/*
 * A tun interface of the host: opened or created, and set up with addresses, routes,
 * MTU and reverse path filter. No packets are handled here.
 */
#ifndef AMTG_IO_TUN_DEVICE_H
#define AMTG_IO_TUN_DEVICE_H

#include <net/if.h>

#include "elements/io/netlink.h"

enum { AMTG_TUN_ITEMS = 16 }; /* addresses, and routes, at most */

/* How it should be. */
struct amtg_tun_wish {
    uint32_t mtu;
    unsigned addresses_count, routes_count;
    struct amtg_prefix addresses[AMTG_TUN_ITEMS], routes[AMTG_TUN_ITEMS];
};

struct amtg_tun_device {
    int fd;        /* packets; -1: not open */
    unsigned index;
    bool persistent; /* it stays when we close it */
    bool trains;     /* takes UDP segmentation; before each packet stands a struct virtio_net_hdr */
    uint32_t our_addresses, our_routes; /* bits: added by us */
    struct amtg_netlink nl;
};

/* What amtg_tun_set_up could not do: for words. */
struct amtg_tun_trouble {
    const char *what;                 /* "MTU and state"; NULL: nothing */
    const struct amtg_prefix *prefix; /* of an address or route, or NULL */
    bool without6;                    /* the host has no IPv6 there: what is of it was left out */
    bool strict;                      /* rp_filter could not be set to loose */
};

/*
 * Open nl, and open or create the interface, for IP packets. trains: want them, if the kernel
 * has them. 0 or errno; then nothing is open.
 */
int amtg_tun_open(struct amtg_tun_device *tun, const char *name, bool trains);
/* MTU, up, rp_filter loose, addresses, routes. 0 or errno. What is so already is no error. */
int amtg_tun_set_up(struct amtg_tun_device *tun, const struct amtg_tun_wish *wish,
                    struct amtg_tun_trouble *trouble);
/* Addresses and routes only: the kernel forgets them when the interface goes down. */
int amtg_tun_restore(struct amtg_tun_device *tun, const struct amtg_tun_wish *wish,
                     struct amtg_tun_trouble *trouble);
/* Its present name. false: it is gone. up: is it? */
bool amtg_tun_look(const struct amtg_tun_device *tun, char name[IF_NAMESIZE], bool *up);
/* Take away from an interface that stays what we added. wish: as for set_up. */
void amtg_tun_clear(struct amtg_tun_device *tun, const struct amtg_tun_wish *wish);
void amtg_tun_close(struct amtg_tun_device *tun);

#endif
