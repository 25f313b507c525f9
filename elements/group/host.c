#include "elements/group/host.h"

#include <stdlib.h>

#include "elements/group/filter.h"
#include "elements/wire/igmp.h"
#include "elements/wire/mld.h"

const char *const amtg_host_answers[] = {"at-once", "delayed", NULL};

enum {
    OUT,
    UNSOLICITED_S = 1,
    OLDER_UNSOLICITED_S = 10,
    DEFAULT_INTERVAL_S = 125,
    OLDER_PRESENT_MOST_S = 3600, /* whatever a Query says of its interval */
    RESPONSE_MOST_S = DEFAULT_INTERVAL_S, /* an answer later than that is for the next Query */
};

/* ---- groups ------------------------------------------------------------- */

static struct amtg_host_group *find(const struct amtg_host *h, const struct amtg_addr *group)
{
    uint64_t hash = amtg_table_hash(&h->table, group, sizeof *group);

    for (struct amtg_node *n = amtg_table_find(&h->table, hash); n; n = amtg_node_next(n, hash)) {
        struct amtg_host_group *g = AMTG_CONTAINER(n, struct amtg_host_group, node);
        if (amtg_addr_equal(&g->group, group))
            return g;
    }
    return NULL;
}

static void unlink_group(struct amtg_host *h, struct amtg_host_group *g)
{
    *(g->older ? &g->older->newer : &h->oldest) = g->newer;
    *(g->newer ? &g->newer->older : &h->newest) = g->older;
}

static void link_newest(struct amtg_host *h, struct amtg_host_group *g)
{
    g->newer = NULL;
    g->older = h->newest;
    *(g->older ? &g->older->newer : &h->oldest) = g;
    h->newest = g;
}

static struct amtg_host_group *add(struct amtg_host *h, const struct amtg_addr *group)
{
    struct amtg_host_group *g = amtg_host_group_new(group);

    if (!g)
        return NULL;
    if (!amtg_table_insert(&h->table, &g->node,
                           amtg_table_hash(&h->table, group, sizeof *group))) {
        amtg_host_group_free(g);
        return NULL;
    }
    link_newest(h, g);
    return g;
}

static void drop_group(struct amtg_host *h, struct amtg_host_group *g)
{
    amtg_table_remove(&h->table, &g->node);
    unlink_group(h, g);
    h->sources_count -= g->wish.count;
    amtg_host_group_free(g);
}

/* ---- versions ------------------------------------------------------------ */

/* RFC 3376, section 7.2.1; RFC 3810, section 8.2.1: the oldest querier that is present. */
static unsigned version(const struct amtg_element *e)
{
    const struct amtg_host *h = amtg_state(e);
    unsigned newest = h->ip4 ? 3 : 2;

    for (unsigned v = 1; v < newest; v++)
        if (h->older_ns[v] > amtg_now(e))
            return v;
    return newest;
}

static bool is_newest(const struct amtg_element *e)
{
    const struct amtg_host *h = amtg_state(e);
    return version(e) == (h->ip4 ? 3 : 2);
}

/* Older versions report a group and no sources; only IGMPv2 and MLDv1 leave one. */
static void put_older(struct amtg_element *e, const struct amtg_host_group *g)
{
    struct amtg_host *h = amtg_state(e);
    bool wanted = !amtg_wish_empty(&g->wish);
    unsigned v = version(e);

    if (h->ip4 && v == 1 && wanted)
        amtg_report_put_older(&h->writer, AMTG_IGMP_V1_REPORT, &g->group);
    else if (h->ip4 && v == 2)
        amtg_report_put_older(&h->writer, wanted ? AMTG_IGMP_V2_REPORT : AMTG_IGMP_V2_LEAVE,
                              &g->group);
    else if (!h->ip4)
        amtg_report_put_older(&h->writer, wanted ? AMTG_MLD_V1_REPORT : AMTG_MLD_V1_DONE,
                              &g->group);
}

/* ---- what is due ---------------------------------------------------------- */

/* Random in (0, most]. */
static uint64_t random_delay(struct amtg_element *e, uint64_t most_ns)
{
    return most_ns ? 1 + amtg_random_below(e, most_ns) : 0;
}

static void say_change(struct amtg_element *e, struct amtg_host_group *g, uint64_t again_ns)
{
    struct amtg_host *h = amtg_state(e);

    if (is_newest(e)) {
        amtg_host_put_change(g, &h->writer);
    } else {
        put_older(e, g);
        g->mode_left -= g->mode_left > 0;
        if (amtg_wish_empty(&g->wish)) /* a Leave is said once (RFC 2236, section 3) */
            g->mode_left = 0;
    }
    g->change_ns = amtg_host_has_change(g) ? again_ns : AMTG_NEVER;
}

/*
 * RFC 3376, section 5.1: a change is reported at once, and again after random times.
 * All that is said now is said again together, so that it is packed again.
 */
static void say_changes(struct amtg_element *e)
{
    struct amtg_host *h = amtg_state(e);
    uint64_t now = amtg_now(e);
    uint64_t again = now + random_delay(e, (is_newest(e) ? UNSOLICITED_S : OLDER_UNSOLICITED_S) *
                                               AMTG_S);

    for (struct amtg_host_group *g = h->oldest; g; g = g->newer)
        if (g->change_ns <= now)
            say_change(e, g, again);
    amtg_report_flush(&h->writer);
}

static void answer_queries(struct amtg_element *e)
{
    struct amtg_host *h = amtg_state(e);
    uint64_t now = amtg_now(e);
    bool general = h->general_ns <= now;

    if (general)
        h->general_ns = AMTG_NEVER;
    for (struct amtg_host_group *g = h->oldest; g; g = g->newer) {
        if (general)
            amtg_host_put_current(g, &h->writer);
        if (g->answer_ns > now)
            continue;
        if (is_newest(e)) {
            amtg_host_put_answer(g, &h->writer);
        } else {
            if (!amtg_wish_empty(&g->wish))
                put_older(e, g);
            g->answer_ns = AMTG_NEVER;
        }
    }
    amtg_report_flush(&h->writer);
}

static enum amtg_err change(struct amtg_element *e, struct amtg_host_group *g,
                            struct amtg_wish *wish)
{
    struct amtg_host *h = amtg_state(e);
    bool was = !amtg_wish_empty(&g->wish), is = !amtg_wish_empty(wish);
    uint32_t before = g->wish.count, count = wish->count;

    if (is_newest(e)) {
        enum amtg_err err = amtg_host_change(g, wish, h->qrv);
        if (err)
            return err;
        g->change_ns = amtg_now(e);
    } else {
        /* RFC 4605, section 4.1: to an older querier, groups begin and end, no more. */
        free(g->wish.sources);
        g->wish = *wish;
        *wish = (struct amtg_wish){0};
        if (was != is) {
            g->mode_left = h->qrv;
            g->change_ns = amtg_now(e);
        }
    }
    h->sources_count += count - before;
    amtg_count(e, AMTG_HOST_CHANGES, 1);
    amtg_task_post(e, &h->now);
    return AMTG_OK;
}

/* Soft state: whoever wants a group says so again and again. */
static void forget(struct amtg_element *e)
{
    struct amtg_host *h = amtg_state(e);
    uint64_t now = amtg_now(e);

    for (struct amtg_host_group *g = h->oldest; g; g = g->newer) {
        struct amtg_wish nothing = {0};
        if (g->refreshed_ns + h->hold_ns > now)
            break;
        if (amtg_wish_empty(&g->wish) || change(e, g, &nothing) != AMTG_OK)
            continue;
        amtg_count(e, AMTG_HOST_FORGOTTEN, 1);
    }
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Free the groups that are over; wake up when something is due next. */
static void settle(struct amtg_element *e)
{
    struct amtg_host *h = amtg_state(e);
    uint64_t now = amtg_now(e), next = h->general_ns;

    for (struct amtg_host_group *g = h->oldest, *newer; g; g = newer) {
        newer = g->newer;
        next = sooner(next, sooner(g->change_ns, g->answer_ns));
        if (!amtg_wish_empty(&g->wish))
            next = sooner(next, g->refreshed_ns + h->hold_ns);
        else if (!amtg_host_has_change(g))
            drop_group(h, g);
    }
    for (unsigned v = 1; v < 3; v++)
        if (h->older_ns[v] > now)
            next = sooner(next, h->older_ns[v]);
    if (next == AMTG_NEVER)
        amtg_timer_stop(e, &h->wake);
    else
        amtg_timer_start(e, &h->wake, next > now ? next - now : 0);
    amtg_gauge(e, AMTG_HOST_GROUPS, h->table.count);
    amtg_gauge(e, AMTG_HOST_SOURCES, h->sources_count);
    amtg_gauge(e, AMTG_HOST_REPORTS, h->writer.reports);
    amtg_gauge(e, AMTG_HOST_RECORDS, h->writer.records);
    amtg_gauge(e, AMTG_HOST_LEFT_OUT, h->writer.left_out);
    amtg_gauge(e, AMTG_HOST_QUERY_ROBUSTNESS, h->qrv);
    amtg_gauge(e, AMTG_HOST_VERSION, version(e));
}

static void cancel_all(struct amtg_element *e)
{
    struct amtg_host *h = amtg_state(e);

    h->general_ns = AMTG_NEVER;
    for (struct amtg_host_group *g = h->oldest; g; g = g->newer)
        amtg_host_cancel(g);
}

static void act(struct amtg_element *e)
{
    struct amtg_host *h = amtg_state(e);
    uint64_t now = amtg_now(e);

    for (unsigned v = 1; v < 3; v++)
        if (h->older_ns[v] && h->older_ns[v] <= now) {
            /* RFC 3376, section 7.2.1: a change of version cancels what is pending. */
            h->older_ns[v] = 0;
            cancel_all(e);
        }
    forget(e);
    say_changes(e);
    answer_queries(e);
    settle(e);
}

static void run_now(struct amtg_element *e, struct amtg_task *t)
{
    (void)t;
    act(e);
}

static void fire_wake(struct amtg_element *e, struct amtg_timer *t)
{
    (void)t;
    act(e);
}

/* ---- joins ---------------------------------------------------------------- */

/* RFC 3376, section 5; RFC 3810, section 6: groups that every host is in, or that end at it. */
static bool is_reported(const struct amtg_addr *group)
{
    if (amtg_addr_is4(group))
        return memcmp(amtg_addr_octets4(group), "\xe0\0\0\1", 4) != 0;
    static const struct amtg_addr all_nodes = {{[0] = 0xff, [1] = 0x02, [15] = 0x01}};
    return (group->octets[1] & 0x0f) >= 2 && !amtg_addr_equal(group, &all_nodes);
}

static bool well_formed(const struct amtg_packet *p)
{
    const struct amtg_join *join = (const void *)p->data;

    if (p->len < sizeof *join || p->len < sizeof *join + join->count * sizeof join->sources[0] ||
        !amtg_addr_is_multicast(&join->group))
        return false;
    for (unsigned i = 0; i < join->count; i++)
        if (amtg_addr_is4(&join->sources[i]) != amtg_addr_is4(&join->group) ||
            amtg_addr_is_multicast(&join->sources[i]) ||
            amtg_addr_is_unspecified(&join->sources[i]))
            return false;
    return true;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct amtg_addr));
}

/* The wish of a record, its sources in order and each once. false: no memory. */
static bool read_wish(const struct amtg_join *join, struct amtg_wish *wish)
{
    *wish = (struct amtg_wish){.exclude = join->exclude != 0};
    if (join->count == 0)
        return true;
    wish->sources = malloc(join->count * sizeof *wish->sources);
    if (!wish->sources)
        return false;
    memcpy(wish->sources, join->sources, join->count * sizeof *wish->sources);
    qsort(wish->sources, join->count, sizeof *wish->sources, compare);
    for (unsigned i = 0; i < join->count; i++)
        if (i == 0 || !amtg_addr_equal(&wish->sources[wish->count - 1], &wish->sources[i]))
            wish->sources[wish->count++] = wish->sources[i];
    return true;
}

/* false: there is no room for it. */
static bool note(struct amtg_element *e, const struct amtg_join *join, struct amtg_host_group *g)
{
    struct amtg_host *h = amtg_state(e);
    struct amtg_wish wish;
    bool ok;

    if ((!g && h->table.count >= h->groups) || !read_wish(join, &wish))
        return false;
    uint32_t before = g ? g->wish.count : 0;
    ok = h->sources_count - before + wish.count <= h->sources;
    if (ok && !g)
        g = add(h, &join->group);
    if (ok && g) {
        g->refreshed_ns = amtg_now(e);
        unlink_group(h, g);
        link_newest(h, g);
        if (!amtg_wish_equal(&g->wish, &wish))
            ok = change(e, g, &wish) == AMTG_OK;
    }
    free(wish.sources);
    return ok && g;
}

static void take_join(struct amtg_element *e, struct amtg_packet *p)
{
    struct amtg_host *h = amtg_state(e);
    const struct amtg_join *join = (const void *)p->data;

    if (!well_formed(p)) {
        amtg_drop(e, AMTG_HOST_MALFORMED, p);
        return;
    }
    if (amtg_addr_is4(&join->group) != h->ip4) {
        amtg_count(e, AMTG_HOST_OTHER_FAMILY, 1);
        amtg_finish(e, p);
        return;
    }
    struct amtg_host_group *g = find(h, &join->group);
    bool nothing = !join->exclude && join->count == 0;
    if (!is_reported(&join->group))
        amtg_drop(e, AMTG_HOST_UNREPORTED, p);
    else if (join->exclude && amtg_group_is_ssm(&join->group))
        amtg_drop(e, AMTG_HOST_SSM_EXCLUDE, p);
    else if (!(nothing && !g) && !note(e, join, g))
        amtg_drop(e, AMTG_HOST_LIMIT, p);
    else
        amtg_finish(e, p);
}

/* ---- Queries ---------------------------------------------------------------- */

/* An older querier rules, until it has not been heard for a while (RFC 3376, section 8.12). */
static void hear_older(struct amtg_element *e, const struct amtg_query *q)
{
    struct amtg_host *h = amtg_state(e);
    unsigned before = version(e);
    uint64_t present_ns = h->qrv * h->interval_s * AMTG_S + q->max_response_ms * AMTG_MS;
    uint64_t most_ns = OLDER_PRESENT_MOST_S * AMTG_S;

    /* One forged Query must not take source filters away for days. */
    h->older_ns[q->version] = amtg_now(e) + (present_ns < most_ns ? present_ns : most_ns);
    if (version(e) != before)
        cancel_all(e);
}

static void schedule(struct amtg_element *e, const struct amtg_query *q)
{
    struct amtg_host *h = amtg_state(e);
    bool at_once = h->answer == AMTG_HOST_AT_ONCE, newest = is_newest(e);
    uint64_t wanted = sooner(q->max_response_ms * AMTG_MS, RESPONSE_MOST_S * AMTG_S);
    uint64_t most = at_once ? 0 : wanted;
    uint64_t at = amtg_now(e) + random_delay(e, most);

    if (h->general_ns <= at && newest)
        return; /* RFC 3376, section 5.2, rule 1: that answer covers it */
    if (q->general && newest) {
        h->general_ns = at;
    } else if (q->general) { /* RFC 2236, section 3: each group has a delay of its own */
        for (struct amtg_host_group *g = h->oldest; g; g = g->newer)
            amtg_host_ask(g, q, amtg_now(e) + random_delay(e, most), h->sources);
    } else {
        struct amtg_host_group *g = find(h, &q->group);
        if (g)
            amtg_host_ask(g, q, at, h->sources);
    }
}

static void take_query(struct amtg_element *e, struct amtg_packet *p)
{
    struct amtg_host *h = amtg_state(e);
    struct amtg_ip ip;
    struct amtg_query q;

    if (p->len && p->data[0] >> 4 == (h->ip4 ? 6 : 4)) {
        amtg_count(e, AMTG_HOST_OTHER_FAMILY, 1);
        amtg_finish(e, p);
        return;
    }
    enum amtg_ip_fault ip_fault = amtg_ip_parse(p->data, p->len, &ip);
    if (ip_fault) {
        amtg_drop(e, ip_fault - 1, p);
        return;
    }
    enum amtg_query_fault fault = amtg_query_parse(p->data, &ip, &q);
    bool older = !fault && q.version < (h->ip4 ? 3 : 2);
    if (fault || (older && !h->older_versions)) {
        amtg_drop(e, fault ? AMTG_QUERY_REASON(fault) : AMTG_HOST_OLDER_QUERY, p);
        return;
    }
    if (older && q.general) {
        hear_older(e, &q);
    } else if (!older) {
        /* RFC 7450, section 5.2.1: repeats are as many as the last Query says. */
        h->qrv = q.robustness ? q.robustness : h->robustness;
        h->interval_s = q.interval_s ? q.interval_s : DEFAULT_INTERVAL_S;
    }
    amtg_count(e, q.general ? AMTG_HOST_GENERAL : AMTG_HOST_SPECIFIC, 1);
    amtg_count(e, AMTG_HOST_HURRIED, q.max_response_ms > RESPONSE_MOST_S * 1000u);
    schedule(e, &q);
    amtg_finish(e, p);
    amtg_task_post(e, &h->now);
}

void amtg_host_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct amtg_host *h = amtg_state(e);

    AMTG_EACH (packet, batch) {
        if (in == AMTG_HOST_JOINS)
            take_join(e, packet);
        else
            take_query(e, packet);
    }
    if (h->oldest && !amtg_timer_running(&h->wake))
        amtg_task_post(e, &h->now);
}

/* ---- life ---------------------------------------------------------------- */

enum amtg_err amtg_host_init(struct amtg_element *e, bool ip4)
{
    struct amtg_host *h = amtg_state(e);

    amtg_table_init(&h->table, e->hash_key);
    h->ip4 = ip4;
    h->qrv = h->robustness;
    h->interval_s = DEFAULT_INTERVAL_S;
    h->general_ns = AMTG_NEVER;
    h->now.run = run_now;
    h->wake.fire = fire_wake;
    h->writer = (struct amtg_report_writer){
        .e = e, .out = OUT, .source = h->source, .mtu = (uint32_t)h->mtu_octets, .ip4 = ip4,
    };
    return AMTG_OK;
}

void amtg_host_stop(struct amtg_element *e)
{
    struct amtg_host *h = amtg_state(e);

    for (struct amtg_host_group *g = h->oldest; g; g = g->newer) {
        struct amtg_wish nothing = {0};
        if (!amtg_wish_empty(&g->wish))
            change(e, g, &nothing);
    }
    say_changes(e);
    while (h->oldest)
        drop_group(h, h->oldest);
    h->general_ns = AMTG_NEVER;
    settle(e);
    amtg_timer_stop(e, &h->wake);
    amtg_task_cancel(e, &h->now);
}

void amtg_host_fini(struct amtg_element *e)
{
    struct amtg_host *h = amtg_state(e);

    while (h->oldest)
        drop_group(h, h->oldest);
    amtg_table_fini(&h->table);
}
