/*
 * One host interface as a member of many groups, without any sysctl changed.
 *
 * Linux gives a socket 20 memberships (igmp_max_memberships) and each of them 10
 * sources (igmp_max_msf). The kernel merges the wishes of all sockets, so a wish is
 * spread over as many join-only sockets as it needs: sockets bound to no port, which
 * never receive. A group's place on one socket is called a seat here.
 *
 *   {232.1.1.1: 23 sources}     seats of 10, 10 and 3 sources on three sockets
 *   {239.1.1.1: all but 2}      one seat in EXCLUDE mode, on a socket where the
 *                               group has no seat in INCLUDE mode
 *
 * Changes are made step by step: what is new is joined before what is old is left,
 * so that what stays has no gap, also when the filter mode changes.
 */
#ifndef AMTG_IO_JOINER_H
#define AMTG_IO_JOINER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"

enum {
    AMTG_JOINER_GROUPS = 20,  /* on each socket */
    AMTG_JOINER_SOURCES = 10, /* of a group on each socket */
};

struct amtg_join_socket;
struct amtg_seat;

/* What is wanted of a group: sources in ascending order, each once. */
struct amtg_wish {
    bool exclude; /* all but `sources`; else only these */
    uint32_t count;
    const struct amtg_addr *sources;
};

struct amtg_joined_source {
    struct amtg_addr addr;
    struct amtg_seat *seat;
};

/* What is joined of a group. Zero but for `group` before the first apply. */
struct amtg_joined {
    struct amtg_addr group;
    struct amtg_seat *seats;            /* in INCLUDE mode */
    struct amtg_joined_source *sources; /* ascending */
    uint32_t sources_count;
    struct amtg_seat *exclude; /* the seat in EXCLUDE mode, if any */
    struct amtg_addr blocked[AMTG_JOINER_SOURCES];
    uint32_t blocked_count;
};

struct amtg_joiner {
    unsigned interface;  /* index */
    uint32_t most;       /* sockets that may be open */
    uint32_t sockets;    /* that are open */
    uint64_t generation; /* of searches for a socket */
    struct amtg_join_socket *with_room[2]; /* by family: IPv4, IPv6 */
    struct amtg_join_socket *all;
};

void amtg_joiner_init(struct amtg_joiner *j, unsigned interface, uint32_t most);
/* Leaves everything at once by closing all sockets; joined groups are freed apart. */
void amtg_joiner_fini(struct amtg_joiner *j);

/*
 * Make what is joined what is wanted. 0, or the errno of the first step that
 * failed: then what could be joined is, nothing that is wanted was left, and a later
 * call goes on. A wish of no sources leaves the group. More excluded sources than a
 * socket takes: the first of them are; the rest is received and filtered later on.
 */
int amtg_joiner_apply(struct amtg_joiner *j, struct amtg_joined *g, const struct amtg_wish *wish);
/* Forget what is joined without telling the kernel (its sockets are closed). */
void amtg_joined_free(struct amtg_joined *g);

#endif
