/*
 * The interface `lan`: the addresses that the host has on a network interface, and so the
 * subnets of that link. Offered by raw-socket, asked by the queriers: what they say on a link has
 * to come from an address of it, and so does what another querier says.
 */
#ifndef AMTG_IO_LAN_H
#define AMTG_IO_LAN_H

#include <net/if.h>

#include "core/element.h"

extern const struct amtg_interface amtg_lan;

struct amtg_lan_ops {
    /*
     * The address to speak from on the link: the first of IPv4; the lowest link-local one of
     * IPv6, since the order that they are listed in changes when the interface comes up.
     * false: there is none, or (on captures) nobody to ask.
     */
    bool (*own)(struct amtg_element *lan, bool ip4, struct amtg_addr *out);
    /* Is this IPv4 address known to be in no subnet of the link? */
    bool (*is_elsewhere)(struct amtg_element *lan, const struct amtg_addr *addr);
};

enum { AMTG_LAN_SUBNETS = 32 };

/* What was found; looked up again when it is older than a second. All zero at first. */
struct amtg_lan_addresses {
    struct amtg_addr own4, own6; /* unspecified: none */
    uint8_t subnets[AMTG_LAN_SUBNETS][2][4]; /* IPv4 address and mask, as on the wire */
    unsigned subnets_count;
    bool more;       /* there are more than fit */
    uint64_t until_ns;
};

/* Bring it up to date: `name` as of now_ns (the loop's). */
void amtg_lan_look(struct amtg_lan_addresses *a, const char *name, uint64_t now_ns);
/* As amtg_lan_ops, on what was found. */
bool amtg_lan_own(const struct amtg_lan_addresses *a, bool ip4, struct amtg_addr *out);
bool amtg_lan_is_elsewhere(const struct amtg_lan_addresses *a, const struct amtg_addr *addr);

/* On captures there is no link. */
extern const struct amtg_lan_ops amtg_lan_nowhere;

#endif
