/*
 * Who has which addresses: ranges of addresses, each of which leads to outputs of an
 * element. Written as text, one for each item of a map:
 *
 *     192.0.2.1                                  one host
 *     10.1.0.1-10.1.3.232                        a row of 1000 hosts
 *     10.1.0.1-10.1.0.9, 2001:db8::1-2001:db8::9 a row of nine, each with two addresses
 *
 * All ranges of an item are as long as each other: the n-th host has the n-th address
 * of each.
 */
#ifndef AMTG_IP_HOSTS_H
#define AMTG_IP_HOSTS_H

#include "core/addr.h"

enum {
    AMTG_HOSTS_RANGES = 8,   /* of one item */
    AMTG_HOSTS_ROW = 65536,  /* hosts of one item */
};

struct amtg_hosts_range {
    struct amtg_addr first, last;
    uint32_t output; /* of `first`; the following addresses have the following ones */
};

struct amtg_hosts {
    struct amtg_hosts_range *ranges; /* ascending, none of them overlap */
    unsigned count;
};

/*
 * Read the ranges of an item. ret: NULL, or what is wrong in words. ranges: room for
 * AMTG_HOSTS_RANGES, outputs not set; row: how many hosts.
 */
const char *amtg_hosts_parse(const char *text, struct amtg_hosts_range *ranges, unsigned *count,
                             uint32_t *row);

/* Append one range, unsorted; false: no memory. Then amtg_hosts_sort, once. */
bool amtg_hosts_add(struct amtg_hosts *h, const struct amtg_hosts_range *range);
/* false: two ranges overlap, the one that begins at `*at` and the one before it. */
bool amtg_hosts_sort(struct amtg_hosts *h, struct amtg_addr *at);
void amtg_hosts_fini(struct amtg_hosts *h);

/* The output of an address; -1: nobody has it. */
int amtg_hosts_find(const struct amtg_hosts *h, const struct amtg_addr *address);

#endif
