/*
 * What a membership has said upstream: the last join of each group, to be compared with
 * what the model would want.
 */
#ifndef AMTG_TESTS_FUZZ_JOINED_H
#define AMTG_TESTS_FUZZ_JOINED_H

#include "tests/fuzz/support/model.h"

struct joined_group {
    struct amtg_addr group;
    bool exclude;
    struct amtg_addr *sources;
    unsigned count;
};

struct joined {
    struct joined_group *groups;
    unsigned count;
};

/* A packet of type join. */
void joined_take(struct joined *j, const struct amtg_packet *p);
/* Ends the program unless both want the same of all groups that either knows. */
void joined_check(const struct joined *j, const struct model *m);
/* Nothing is wanted any more: so it must be after the end. */
void joined_check_none(const struct joined *j);
void joined_fini(struct joined *j);

#endif
