#include "elements/group/host_group.h"

#include <stdlib.h>

#include "elements/group/report.h"

struct amtg_host_group *amtg_host_group_new(const struct amtg_addr *group)
{
    struct amtg_host_group *g = calloc(1, sizeof *g);

    if (g) {
        g->group = *group;
        g->change_ns = g->answer_ns = AMTG_NEVER;
    }
    return g;
}

static void forget_asked(struct amtg_host_group *g)
{
    free(g->asked);
    g->asked = NULL;
    g->asked_count = 0;
}

void amtg_host_cancel(struct amtg_host_group *g)
{
    g->change_ns = g->answer_ns = AMTG_NEVER;
    g->mode_left = 0;
    free(g->changed);
    g->changed = NULL;
    g->changed_count = 0;
    forget_asked(g);
}

void amtg_host_group_free(struct amtg_host_group *g)
{
    amtg_host_cancel(g);
    free(g->wish.sources);
    free(g);
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct amtg_addr));
}

bool amtg_wish_has(const struct amtg_wish *w, const struct amtg_addr *source)
{
    return w->count && bsearch(source, w->sources, w->count, sizeof *source, compare);
}

bool amtg_wish_equal(const struct amtg_wish *a, const struct amtg_wish *b)
{
    return a->exclude == b->exclude && a->count == b->count &&
           (a->count == 0 || memcmp(a->sources, b->sources, a->count * sizeof *a->sources) == 0);
}

/* ---- changes ------------------------------------------------------------- */

/* The next of up to three ascending lists, or NULL at the end of all. */
static const struct amtg_addr *least(const struct amtg_addr *a, const struct amtg_addr *b,
                                     const struct amtg_addr *c)
{
    const struct amtg_addr *best = a;

    if (b && (!best || compare(b, best) < 0))
        best = b;
    if (c && (!best || compare(c, best) < 0))
        best = c;
    return best;
}

/*
 * What has changed already, with the sources that the old wish and the new one do
 * not share; these are to be said `robustness` times. Room for all at `out`.
 */
static uint32_t merge_changed(const struct amtg_host_group *g, const struct amtg_wish *wish,
                              uint8_t robustness, struct amtg_host_source *out)
{
    const struct amtg_wish *old = &g->wish;
    uint32_t i = 0, j = 0, k = 0, n = 0;

    for (;;) {
        const struct amtg_addr *before = i < old->count ? &old->sources[i] : NULL;
        const struct amtg_addr *after = j < wish->count ? &wish->sources[j] : NULL;
        const struct amtg_addr *said = k < g->changed_count ? &g->changed[k].address : NULL;
        const struct amtg_addr *next = least(before, after, said);
        if (!next)
            return n;
        bool was = before && amtg_addr_equal(before, next);
        bool is = after && amtg_addr_equal(after, next);
        bool pending = said && amtg_addr_equal(said, next);
        uint8_t left = was != is ? robustness : pending ? g->changed[k].left : 0;
        if (left)
            out[n++] = (struct amtg_host_source){.address = *next, .left = left};
        i += was;
        j += is;
        k += pending;
    }
}

enum amtg_err amtg_host_change(struct amtg_host_group *g, struct amtg_wish *wish,
                               uint8_t robustness)
{
    if (g->wish.exclude != wish->exclude) {
        /* TO_IN and TO_EX say the whole list; pending sources need not be touched. */
        g->mode_left = robustness;
    } else {
        uint32_t most = g->wish.count + wish->count + g->changed_count;
        struct amtg_host_source *changed = malloc((most + 1) * sizeof *changed);
        if (!changed)
            return AMTG_ENOMEM;
        uint32_t count = merge_changed(g, wish, robustness, changed);
        free(g->changed);
        g->changed = changed;
        g->changed_count = count;
    }
    free(g->wish.sources);
    g->wish = *wish;
    *wish = (struct amtg_wish){0};
    return AMTG_OK;
}

bool amtg_host_has_change(const struct amtg_host_group *g)
{
    return g->mode_left || g->changed_count;
}

/* One report less to be sent for each of them. */
static void count_down(struct amtg_host_group *g)
{
    uint32_t kept = 0;

    if (g->mode_left)
        g->mode_left--;
    for (uint32_t i = 0; i < g->changed_count; i++)
        if (--g->changed[i].left)
            g->changed[kept++] = g->changed[i];
    g->changed_count = kept;
    if (kept == 0) {
        free(g->changed);
        g->changed = NULL;
    }
}

/* Put the changed sources that are wanted now (ALLOW), or those that are not (BLOCK). */
static void put_sources(const struct amtg_host_group *g, bool wanted, struct amtg_addr *list,
                        struct amtg_report_writer *w)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < g->changed_count; i++) {
        const struct amtg_addr *source = &g->changed[i].address;
        if ((amtg_wish_has(&g->wish, source) != g->wish.exclude) == wanted)
            list[n++] = *source;
    }
    if (n)
        amtg_report_put(w, wanted ? AMTG_ALLOW : AMTG_BLOCK, &g->group, list, n);
}

void amtg_host_put_change(struct amtg_host_group *g, struct amtg_report_writer *w)
{
    const struct amtg_wish *wish = &g->wish;

    if (g->mode_left) {
        amtg_report_put(w, wish->exclude ? AMTG_TO_EX : AMTG_TO_IN, &g->group, wish->sources,
                        wish->count);
    } else if (g->changed_count) {
        struct amtg_addr *list = malloc(g->changed_count * sizeof *list);
        if (!list)
            return; /* said later */
        put_sources(g, true, list, w);
        put_sources(g, false, list, w);
        free(list);
    }
    count_down(g);
}

/* ---- answers ------------------------------------------------------------- */

void amtg_host_put_current(const struct amtg_host_group *g, struct amtg_report_writer *w)
{
    if (!amtg_wish_empty(&g->wish))
        amtg_report_put(w, g->wish.exclude ? AMTG_IS_EX : AMTG_IS_IN, &g->group, g->wish.sources,
                        g->wish.count);
}

/* The union of what waits and what is asked now; false: for want of room or memory, ask for all. */
static bool merge_asked(struct amtg_host_group *g, const struct amtg_query *q, uint32_t most)
{
    uint32_t room = g->asked_count + q->count, n = 0;
    struct amtg_addr *list = room <= 2 * most ? malloc(room * sizeof *list) : NULL;

    if (!list)
        return false;
    for (uint32_t i = 0; i < g->asked_count; i++)
        list[i] = g->asked[i];
    for (unsigned i = 0; i < q->count; i++)
        list[g->asked_count + i] = amtg_query_source(q, i);
    qsort(list, room, sizeof *list, compare);
    for (uint32_t i = 0; i < room; i++)
        if (n == 0 || !amtg_addr_equal(&list[n - 1], &list[i]))
            list[n++] = list[i];
    free(g->asked);
    g->asked = list;
    g->asked_count = n;
    return n <= most;
}

void amtg_host_ask(struct amtg_host_group *g, const struct amtg_query *q, uint64_t at_ns,
                   uint32_t most)
{
    bool about_all = g->answer_ns != AMTG_NEVER && g->asked_count == 0;

    if (q->count == 0 || about_all || !merge_asked(g, q, most))
        forget_asked(g);
    if (at_ns < g->answer_ns)
        g->answer_ns = at_ns;
}

void amtg_host_put_answer(struct amtg_host_group *g, struct amtg_report_writer *w)
{
    uint32_t n = 0;

    if (g->asked_count == 0) {
        amtg_host_put_current(g, w);
    } else {
        /* RFC 3376, section 5.2: of those asked about, which are to be forwarded? */
        for (uint32_t i = 0; i < g->asked_count; i++)
            if (amtg_wish_has(&g->wish, &g->asked[i]) != g->wish.exclude)
                g->asked[n++] = g->asked[i];
        if (n)
            amtg_report_put(w, AMTG_IS_IN, &g->group, g->asked, n);
    }
    forget_asked(g);
    g->answer_ns = AMTG_NEVER;
}
