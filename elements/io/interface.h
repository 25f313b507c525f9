/*
 * Network interfaces of the host, for the elements that are bound to one.
 * A parameter of kind `interface` holds a name or `auto`; `auto` is the interface
 * of the default route, IPv4 before IPv6, the smallest metric first.
 */
#ifndef AMTG_IO_INTERFACE_H
#define AMTG_IO_INTERFACE_H

#include <net/if.h>
#include <stdio.h>

#include "core/element.h"

struct amtg_nic {
    char name[IF_NAMESIZE];
    unsigned index; /* the kernel's, from 1 */
};

/*
 * Find the interface that a parameter names. For `start`: on failure amtg_fail
 * has been called with the reason, and its error is returned.
 */
enum amtg_err amtg_nic_find(struct amtg_element *e, const char *name, struct amtg_nic *out);

/*
 * The interface of the default route, from texts in the form of /proc/net/route
 * and /proc/net/ipv6_route (either may be NULL). false: there is none.
 */
bool amtg_nic_of_default_route(FILE *route4, FILE *route6, char name[IF_NAMESIZE]);

#endif
