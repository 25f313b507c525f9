#include "elements/amt/gateway_wishes.h"

#include <stdlib.h>

/*
 * The host part is one reporter, so a BLOCK or TO_IN{} acts at once. Its wishes do
 * not age: while no relay answers it is not asked to repeat them.
 */
static const struct amtg_filter_rules rules = {
    .interval_ms = 1u << 30, .last_member_ms = 1000, .leave = AMTG_LEAVE_PROMPT};
enum { NOW_MS = 1 };

void amtg_gw_wishes_init(struct amtg_gw_wishes *w, const uint8_t key[16], uint32_t limit)
{
    *w = (struct amtg_gw_wishes){.limit = limit};
    w->end = &w->first;
    amtg_table_init(&w->table, key);
}

static void forget(struct amtg_gw_wishes *w, struct amtg_gw_wish *wish)
{
    amtg_table_remove(&w->table, &wish->node);
    *wish->link = wish->next;
    if (wish->next)
        wish->next->link = wish->link;
    else
        w->end = wish->link;
    amtg_filter_fini(&wish->filter);
    free(wish);
    w->count--;
}

void amtg_gw_wishes_fini(struct amtg_gw_wishes *w)
{
    while (w->first)
        forget(w, w->first);
    amtg_table_fini(&w->table);
}

static struct amtg_gw_wish *find(struct amtg_gw_wishes *w, const struct amtg_addr *group)
{
    uint64_t hash = amtg_table_hash(&w->table, group, sizeof *group);

    for (struct amtg_node *n = amtg_table_find(&w->table, hash); n; n = amtg_node_next(n, hash)) {
        struct amtg_gw_wish *wish = AMTG_CONTAINER(n, struct amtg_gw_wish, node);
        if (amtg_addr_equal(&wish->group, group))
            return wish;
    }
    return NULL;
}

/* NULL: no room. */
static struct amtg_gw_wish *add(struct amtg_gw_wishes *w, const struct amtg_addr *group)
{
    struct amtg_gw_wish *wish = w->count < w->limit ? calloc(1, sizeof *wish) : NULL;

    if (!wish)
        return NULL;
    wish->group = *group;
    if (!amtg_table_insert(&w->table, &wish->node,
                           amtg_table_hash(&w->table, group, sizeof *group))) {
        free(wish);
        return NULL;
    }
    wish->link = w->end;
    *w->end = wish;
    w->end = &wish->next;
    w->count++;
    return wish;
}

/*
 * A record of one reporter that names its whole state starts from nothing; ALLOW and
 * BLOCK change what there is. IS_IN too adds, as a long list is split over several
 * (RFC 3376, section 4.2.16).
 */
static bool adds(const struct amtg_filter *present, uint8_t type)
{
    return type == AMTG_ALLOW || type == AMTG_BLOCK || (type == AMTG_IS_IN && !present->exclude);
}

static void apply(struct amtg_gw_wishes *w, const struct amtg_group_record *record, bool older)
{
    static const struct amtg_filter nothing;
    struct amtg_gw_wish *wish = find(w, &record->group);
    const struct amtg_filter *before =
        wish && adds(&wish->filter, record->type) ? &wish->filter : &nothing;
    struct amtg_filter_skipped skipped;
    struct amtg_filter after;

    if (amtg_filter_apply(before, &rules, record, older, AMTG_FILTER_SOURCES, NOW_MS, &after,
                          &skipped)) {
        w->over_limit++;
        w->more = true;
        return;
    }
    if (skipped.over_limit)
        w->over_limit++;
    if (amtg_filter_empty(&after)) {
        amtg_filter_fini(&after);
        if (wish)
            forget(w, wish);
        return;
    }
    if (!wish)
        wish = add(w, &record->group);
    if (!wish) {
        amtg_filter_fini(&after);
        w->over_limit++;
        w->more = true;
        return;
    }
    amtg_filter_fini(&wish->filter);
    wish->filter = after;
    /* A host part that speaks an older version for a while must not outlive it here. */
    wish->filter.older = false;
}

unsigned amtg_gw_wishes_apply(struct amtg_gw_wishes *w, const uint8_t *message, uint32_t len,
                              bool ip4)
{
    struct amtg_group_record record;
    struct amtg_report report;
    unsigned count = 0;

    if (!amtg_report_open(&report, message, len, ip4))
        return 0;
    bool older = report.version != AMTG_IGMP_V3 && report.version != AMTG_MLD_V2;
    for (; amtg_report_next(&report, &record); count++)
        if (amtg_addr_is_multicast(&record.group) && record.type >= AMTG_IS_IN &&
            record.type <= AMTG_BLOCK)
            apply(w, &record, older);
    return count;
}
