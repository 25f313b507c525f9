/*
 * Draining: whoever serves peers takes on nobody new, and tells those that it has to go
 * elsewhere (RFC 7450, section 5.3.4); for a while, or until nobody is left, before a run
 * ends.
 */
#ifndef AMTG_TOOLS_DRAIN_H
#define AMTG_TOOLS_DRAIN_H

#include "core/shards.h"

struct drain {
    struct amtg_shards *shards;
    struct amtg_loop *loop; /* of the caller's thread; stopped when all is over */
    bool threads;           /* the shards run in threads */
    uint64_t longest_ns;    /* from the wish to end to the end; 0: at once */

    bool refusing; /* by drain_toggle */
    bool ending;
    uint64_t end_ns;
    struct amtg_timer timer; /* is anybody left to be served? */
};

/* The first time, whoever is served gets time to go elsewhere; the second time it is over. */
void drain_end(struct drain *d);
/* Refuse newcomers from now on; the next time, take them again. Says which. */
void drain_toggle(struct drain *d);
void drain_stop(struct drain *d);

#endif
