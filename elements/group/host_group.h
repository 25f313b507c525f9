/*
 * What a host wants of one group, and what of it still has to be said (RFC 3376,
 * section 5; RFC 3810, section 6). Time and randomness are the caller's: nothing
 * here waits.
 */
#ifndef AMTG_GROUP_HOST_GROUP_H
#define AMTG_GROUP_HOST_GROUP_H

#include "core/err.h"
#include "core/table.h"
#include "elements/group/host_report.h"
#include "elements/wire/query.h"

#define AMTG_NEVER UINT64_MAX

/* INCLUDE or EXCLUDE of sources, ascending, each once. All zero: nothing is wanted. */
struct amtg_wish {
    struct amtg_addr *sources;
    uint32_t count;
    bool exclude;
};

/* A source whose change is still to be said `left` times. */
struct amtg_host_source {
    struct amtg_addr address;
    uint8_t left;
};

struct amtg_host_group {
    struct amtg_node node;
    struct amtg_host_group *older, *newer; /* the owner's list, by time of refresh */
    struct amtg_addr group;
    uint64_t refreshed_ns;
    struct amtg_wish wish;

    /* State-change reports: at `change_ns` the next one is due; AMTG_NEVER: none is. */
    uint64_t change_ns;
    uint8_t mode_left;                /* reports that still say the filter mode */
    struct amtg_host_source *changed; /* ascending */
    uint32_t changed_count;

    /* The answer to specific Queries, due at `answer_ns`; AMTG_NEVER: none is. */
    uint64_t answer_ns;
    struct amtg_addr *asked; /* sources asked about; none: about the group */
    uint32_t asked_count;
};

/* A group of which nothing is wanted. NULL: no memory. */
struct amtg_host_group *amtg_host_group_new(const struct amtg_addr *group);
void amtg_host_group_free(struct amtg_host_group *g);

static inline bool amtg_wish_empty(const struct amtg_wish *w)
{
    return !w->exclude && w->count == 0;
}
bool amtg_wish_equal(const struct amtg_wish *a, const struct amtg_wish *b);
bool amtg_wish_has(const struct amtg_wish *w, const struct amtg_addr *source);

/*
 * The wish changes to *wish, whose sources are taken, and the difference is to be
 * said `robustness` times (RFC 3376, section 5.1). What was still to be said of
 * earlier changes is merged with it. AMTG_OK, or AMTG_ENOMEM: nothing has changed
 * and *wish is still the caller's.
 */
enum amtg_err amtg_host_change(struct amtg_host_group *g, struct amtg_wish *wish,
                               uint8_t robustness);
/* Put the state-change records that are pending, and count them as said once. */
void amtg_host_put_change(struct amtg_host_group *g, struct amtg_report_writer *w);
bool amtg_host_has_change(const struct amtg_host_group *g);
/* Nothing is to be said any more: the version has changed (RFC 3376, section 7.2.1). */
void amtg_host_cancel(struct amtg_host_group *g);

/* Put the answer to a General Query: nothing when nothing is wanted. */
void amtg_host_put_current(const struct amtg_host_group *g, struct amtg_report_writer *w);
/*
 * A specific Query that is to be answered at `at_ns` or earlier, merged with those
 * that wait (RFC 3376, section 5.2, rules 3 to 5). At most `most` sources are
 * remembered; beyond that the whole group is answered for (section 9.1).
 */
void amtg_host_ask(struct amtg_host_group *g, const struct amtg_query *q, uint64_t at_ns,
                   uint32_t most);
/* Put the answer to what was asked, and forget it. */
void amtg_host_put_answer(struct amtg_host_group *g, struct amtg_report_writer *w);

#endif
