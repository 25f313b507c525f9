/*
 * upstream-join: the host joins, by IGMP or MLD on one interface, what the records say.
 *
 *   joins   what is wanted of a group, in full; soft state
 *
 * Joining as a host: RFC 3376 and RFC 3810 by the kernel, through the calls of RFC
 * 3678. Which sockets carry what is in joiner.h.
 *
 * Timers:
 *   forget   runs out when the group that was refreshed longest ago has not been
 *            refreshed for `hold`; that group is left then
 *   retry    one second after something could not be joined; at once while what was
 *            tried again succeeds
 *
 *     upstream: {class: upstream-join, interface: eth1}
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/listing.h"
#include "core/table.h"
#include "elements/io/interface.h"
#include "elements/io/joiner.h"
#include "elements/wire/types.h"

enum {
    SPARE_DESCRIPTORS = 64, /* of the process's, for all the rest */
    RETRIES = 64,           /* groups tried again in one turn */
    FAILURES = 8,           /* of them, after which the others would most likely fail as well */
};

#define RETRY_NS AMTG_S

struct group {
    struct amtg_node node;
    struct group *older, *newer; /* by when they were refreshed */
    uint64_t refreshed_ns;
    struct amtg_joined joined;
    bool exclude;
    uint32_t count;
    struct amtg_addr *sources; /* wanted: ascending, each once */
    bool failed;               /* not all that is wanted could be joined */
    struct group *before, *after; /* of those that have failed, in which order they are tried */
};

struct upstream_join {
    const char *interface;
    uint64_t hold_ns;
    uint32_t groups;
    uint32_t sources;
    uint32_t sockets;

    struct amtg_nic nic;
    struct amtg_joiner joiner;
    struct amtg_table table;
    struct group *oldest, *newest;
    struct group *next_failed, *last_failed;
    uint32_t sources_count;
    struct amtg_timer forget, retry;
    bool failing; /* said so */
};

enum { JOINS };
enum {
    GROUPS,
    SOURCES,
    SOCKETS,
    CHANGES,
    FORGOTTEN,
    NO_ROOM,
    NO_DESCRIPTOR,
    NO_INTERFACE,
    OTHER_ERRORS
};
enum { MALFORMED, LIMIT };

/* ---- groups ------------------------------------------------------------- */

static struct group *group_find(const struct upstream_join *state, const struct amtg_addr *addr)
{
    uint64_t hash = amtg_table_hash(&state->table, addr, sizeof *addr);

    for (struct amtg_node *n = amtg_table_find(&state->table, hash); n;
         n = amtg_node_next(n, hash)) {
        struct group *g = AMTG_CONTAINER(n, struct group, node);
        if (amtg_addr_equal(&g->joined.group, addr))
            return g;
    }
    return NULL;
}

static void unlink_group(struct upstream_join *state, struct group *g)
{
    *(g->older ? &g->older->newer : &state->oldest) = g->newer;
    *(g->newer ? &g->newer->older : &state->newest) = g->older;
}

static void link_newest(struct upstream_join *state, struct group *g)
{
    g->newer = NULL;
    g->older = state->newest;
    *(g->older ? &g->older->newer : &state->oldest) = g;
    state->newest = g;
}

static void unlink_failed(struct upstream_join *state, struct group *g)
{
    if (!g->failed)
        return;
    *(g->before ? &g->before->after : &state->next_failed) = g->after;
    *(g->after ? &g->after->before : &state->last_failed) = g->before;
    g->failed = false;
}

/* Behind all others that have failed. */
static void link_failed(struct upstream_join *state, struct group *g)
{
    g->after = NULL;
    g->before = state->last_failed;
    *(g->before ? &g->before->after : &state->next_failed) = g;
    state->last_failed = g;
    g->failed = true;
}

static struct group *group_new(struct upstream_join *state, const struct amtg_addr *addr)
{
    struct group *g = calloc(1, sizeof *g);

    if (!g)
        return NULL;
    g->joined.group = *addr;
    if (!amtg_table_insert(&state->table, &g->node,
                           amtg_table_hash(&state->table, addr, sizeof *addr))) {
        free(g);
        return NULL;
    }
    link_newest(state, g);
    return g;
}

static void group_free(struct upstream_join *state, struct group *g)
{
    amtg_table_remove(&state->table, &g->node);
    unlink_group(state, g);
    unlink_failed(state, g);
    state->sources_count -= g->count;
    amtg_joined_free(&g->joined);
    free(g->sources);
    free(g);
}

/* ---- joining ------------------------------------------------------------ */

static unsigned counter_of(int error)
{
    switch (error) {
    case ENOBUFS:
    case ENOMEM:
        return NO_ROOM;
    case EMFILE:
    case ENFILE:
        return NO_DESCRIPTOR;
    case ENODEV:
    case ENXIO:
        return NO_INTERFACE;
    default:
        return OTHER_ERRORS;
    }
}

static void update_gauges(struct amtg_element *e)
{
    const struct upstream_join *state = amtg_state(e);

    amtg_gauge(e, GROUPS, state->table.count);
    amtg_gauge(e, SOURCES, state->sources_count);
    amtg_gauge(e, SOCKETS, state->joiner.sockets);
}

/* Let the kernel have the group as it is wanted; what fails is tried again later. */
static void apply(struct amtg_element *e, struct group *g)
{
    struct upstream_join *state = amtg_state(e);
    const struct amtg_wish wish = {g->exclude, g->count, g->sources};
    int error = amtg_joiner_apply(&state->joiner, &g->joined, &wish);
    char text[AMTG_ADDR_TEXT];

    unlink_failed(state, g);
    if (!error)
        return;
    link_failed(state, g);
    amtg_count(e, counter_of(error), 1);
    if (!amtg_timer_running(&state->retry))
        amtg_timer_start(e, &state->retry, RETRY_NS);
    if (!state->failing)
        amtg_log(e, AMTG_LOG_WARNING, "join-failed", "group=%s interface=%s error=\"%s\"",
                 amtg_addr_text(&g->joined.group, text), state->nic.name, strerror(error));
    state->failing = true;
}

/* Leave the group and forget it. */
static void leave(struct amtg_element *e, struct group *g)
{
    struct upstream_join *state = amtg_state(e);
    static const struct amtg_wish nothing = {.count = 0};

    amtg_joiner_apply(&state->joiner, &g->joined, &nothing);
    group_free(state, g);
}

/*
 * In their order, and a few in one turn: each costs system calls, and mostly they fail
 * for one reason (no descriptor, no interface), so some tell about all. Where they
 * succeed, the next turn follows at once.
 */
static void retry_due(struct amtg_element *e, struct amtg_timer *t)
{
    struct upstream_join *state = amtg_state(e);
    const struct group *last = state->last_failed; /* none twice */
    unsigned failures = 0;

    for (unsigned i = 0; i < RETRIES && failures < FAILURES && state->next_failed; i++) {
        struct group *g = state->next_failed;
        apply(e, g);
        failures += g->failed;
        if (g == last)
            break;
    }
    if (state->next_failed) {
        amtg_timer_start(e, t, failures ? RETRY_NS : AMTG_MS);
    } else {
        state->failing = false;
        amtg_log(e, AMTG_LOG_INFO, "joins-complete", "groups=%zu", state->table.count);
    }
    update_gauges(e);
}

/* Soft state: whoever wants a group says so again and again. */
static void forget_due(struct amtg_element *e, struct amtg_timer *t)
{
    struct upstream_join *state = amtg_state(e);
    uint64_t now = amtg_now(e);

    while (state->oldest && state->oldest->refreshed_ns + state->hold_ns <= now) {
        amtg_count(e, FORGOTTEN, 1);
        leave(e, state->oldest);
    }
    if (state->oldest)
        amtg_timer_start(e, t, state->oldest->refreshed_ns + state->hold_ns - now);
    update_gauges(e);
}

/* ---- records ------------------------------------------------------------ */

static int by_octets(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct amtg_addr));
}

/* Put the record's sources in order, each once; *out is the caller's. false: no memory. */
static bool sort_sources(const struct amtg_join *join, struct amtg_addr **out, uint32_t *count)
{
    struct amtg_addr *sorted = malloc((join->count ? join->count : 1u) * sizeof *sorted);
    uint32_t n = 0;

    if (!sorted)
        return false;
    memcpy(sorted, join->sources, join->count * sizeof *sorted);
    qsort(sorted, join->count, sizeof *sorted, by_octets);
    for (uint32_t i = 0; i < join->count; i++)
        if (n == 0 || !amtg_addr_equal(&sorted[n - 1], &sorted[i]))
            sorted[n++] = sorted[i];
    *out = sorted;
    *count = n;
    return true;
}

static bool well_formed(const struct amtg_packet *p)
{
    const struct amtg_join *join = (const void *)p->data;

    if (p->len < sizeof *join || p->len < sizeof *join + join->count * sizeof join->sources[0] ||
        !amtg_addr_is_multicast(&join->group))
        return false;
    for (unsigned i = 0; i < join->count; i++)
        if (amtg_addr_is4(&join->sources[i]) != amtg_addr_is4(&join->group))
            return false;
    return true;
}

/* Write down what is wanted. false: a limit forbids it. */
static bool note(struct amtg_element *e, const struct amtg_join *join, struct group **at)
{
    struct upstream_join *state = amtg_state(e);
    struct group *g = *at;
    struct amtg_addr *sources;
    uint32_t count, before = g ? g->count : 0;

    if (!g && state->table.count >= state->groups)
        return false;
    if (!sort_sources(join, &sources, &count))
        return false;
    if (count > before && state->sources_count - before + count > state->sources) {
        free(sources);
        return false;
    }
    if (!g)
        g = group_new(state, &join->group);
    if (!g) {
        free(sources);
        return false;
    }
    bool same = g->count == count && g->exclude == (join->exclude != 0) &&
                memcmp(g->sources ? g->sources : sources, sources, count * sizeof *sources) == 0;
    if (!same)
        amtg_count(e, CHANGES, 1);
    free(g->sources);
    g->sources = sources;
    g->count = count;
    g->exclude = join->exclude != 0;
    state->sources_count += count - before;
    *at = g;
    return true;
}

static void take(struct amtg_element *e, struct amtg_packet *p)
{
    struct upstream_join *state = amtg_state(e);
    const struct amtg_join *join = (const void *)p->data;

    if (!well_formed(p)) {
        amtg_drop(e, MALFORMED, p);
        return;
    }
    struct group *g = group_find(state, &join->group);
    if (!join->exclude && join->count == 0) { /* nothing is wanted any more */
        if (g) {
            amtg_count(e, CHANGES, 1);
            leave(e, g);
        }
        amtg_finish(e, p);
        return;
    }
    /* Refused or not, the group is wanted: what it has so far must not be forgotten. */
    bool noted = note(e, join, &g);
    if (g) {
        unlink_group(state, g);
        link_newest(state, g);
        g->refreshed_ns = amtg_now(e);
    }
    if (!noted) {
        amtg_drop(e, LIMIT, p);
        return;
    }
    if (!g->failed) /* else the retry timer sees to it */
        apply(e, g);
    amtg_finish(e, p);
}

static void upstream_join_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct upstream_join *state = amtg_state(e);

    (void)in;
    AMTG_EACH (packet, batch)
        take(e, packet);
    if (state->oldest && !amtg_timer_running(&state->forget))
        amtg_timer_start(e, &state->forget, state->hold_ns);
    update_gauges(e);
}

/* ---- life --------------------------------------------------------------- */

/* As many descriptors as we may have; returns how many sockets that leaves for groups. */
static uint32_t raise_descriptors(uint32_t wanted)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return wanted;
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit = raised;
    }
    if (limit.rlim_cur <= SPARE_DESCRIPTORS)
        return 1;
    rlim_t left = limit.rlim_cur - SPARE_DESCRIPTORS;
    return left < wanted ? (uint32_t)left : wanted;
}

static enum amtg_err upstream_join_init(struct amtg_element *e)
{
    struct upstream_join *state = amtg_state(e);

    amtg_table_init(&state->table, e->hash_key);
    state->forget.fire = forget_due;
    state->retry.fire = retry_due;
    return AMTG_OK;
}

static void upstream_join_fini(struct amtg_element *e)
{
    struct upstream_join *state = amtg_state(e);
    amtg_table_fini(&state->table);
}

static enum amtg_err upstream_join_start(struct amtg_element *e)
{
    struct upstream_join *state = amtg_state(e);
    enum amtg_err err = amtg_nic_find(e, state->interface, &state->nic);

    if (err)
        return err;
    amtg_joiner_init(&state->joiner, state->nic.index, raise_descriptors(state->sockets));
    amtg_log(e, AMTG_LOG_INFO, "joining", "interface=%s", state->nic.name);
    return AMTG_OK;
}

/* Closing a socket leaves its groups; the kernel sends what RFC 3376 and RFC 3810 ask for. */
static void upstream_join_stop(struct amtg_element *e)
{
    struct upstream_join *state = amtg_state(e);

    amtg_timer_stop(e, &state->forget);
    amtg_timer_stop(e, &state->retry);
    while (state->oldest)
        group_free(state, state->oldest);
    amtg_joiner_fini(&state->joiner);
    update_gauges(e);
}

/* ---- shown when asked ------------------------------------------------------ */

struct page {
    struct amtg_element *e;
    struct amtg_rows *rows;
};

static void show_group(struct amtg_node *node, void *arg)
{
    const struct page *page = arg;
    const struct group *g = AMTG_CONTAINER(node, struct group, node);
    char text[AMTG_ADDR_TEXT];

    amtg_row(page->rows);
    amtg_cell_text(page->rows, "%s", amtg_addr_text(&g->joined.group, text));
    amtg_cell_text(page->rows, "%s", g->exclude ? "exclude" : "include");
    amtg_cell_number(page->rows, g->count);
    amtg_cell_text(page->rows, "%s", g->failed ? "not all, tried again" : "joined");
    amtg_cell_time(page->rows, amtg_now(page->e) - g->refreshed_ns);
}

static uint64_t upstream(struct amtg_element *e, uint64_t cursor, struct amtg_rows *rows)
{
    enum { SLOTS = 64 };
    struct upstream_join *state = amtg_state(e);

    return amtg_table_page(&state->table, cursor, SLOTS, show_group, &(struct page){e, rows});
}

const struct amtg_class amtg_upstream_join = {
    .name = "upstream-join",
    .summary = "joins on one interface, as a host, what the records say",
    .details =
        "Each record says all that is wanted of one group. It is soft state: a group that is not "
        "said again within `hold` is left, so a record that was lost does no lasting harm.\n\n"
        "The kernel speaks IGMPv3 and MLDv2. Its limits of 20 groups for a socket and 10 sources "
        "for a group on a socket are met by more sockets, so no sysctl needs changing; the limit "
        "of open descriptors is raised as far as it goes. Sockets are shared by up to 20 groups; a "
        "group with more than 10 sources sits on several. New sources are joined before old ones "
        "are left.\n\n"
        "Of a group wanted with more than 10 sources excluded, the first 10 are; the others are "
        "received and have to be filtered downstream. What cannot be joined is counted and tried "
        "again: some of it every second, all the rest as soon as that succeeds.",
    .example = "elements:\n"
               "  inner:      {class: pcap-source, file: reports.pcap}\n"
               "  igmp:       {class: igmp-parser}\n"
               "  membership: {class: membership}\n"
               "  upstream:   {class: upstream-join, interface: eth1}\n"
               "edges:\n"
               "  - inner -> igmp -> membership.reports\n"
               "  - membership.joins -> upstream\n",
    .flags = AMTG_HOST,
    .state_octets = sizeof(struct upstream_join),
    AMTG_INPUTS([JOINS] = {"in", AMTG_JOIN, "what is wanted of a group"}),
    AMTG_PARAMS(
        AMTG_INTERFACE(struct upstream_join, interface, "auto",
                       "where to join; auto: the interface of the default route"),
        AMTG_DURATION(struct upstream_join, hold_ns, "3m", AMTG_S, 24 * 3600 * AMTG_S,
                      "how long a group is kept that is not said again"),
        AMTG_U32(struct upstream_join, groups, "20000", 1, 1000000, "groups", "groups at most"),
        AMTG_U32(struct upstream_join, sources, "200000", 1, 10000000, "sources",
                 "sources of all groups together, at most"),
        AMTG_U32(struct upstream_join, sockets, "20000", 1, 1000000, "sockets",
                 "sockets at most; the system may allow fewer")),
    AMTG_COUNTERS(
        [GROUPS] = {"groups", "groups", "wanted now", AMTG_GAUGE},
        [SOURCES] = {"sources", "sources", "wanted or excluded now", AMTG_GAUGE},
        [SOCKETS] = {"sockets", "sockets", "open for joining now", AMTG_GAUGE},
        [CHANGES] = {"changes", "records", "that changed what is wanted"},
        [FORGOTTEN] = {"forgotten", "groups", "left because nobody said them again"},
        [NO_ROOM] = {"no-room", "errors", "joins that the kernel had no memory or room for"},
        [NO_DESCRIPTOR] = {"no-descriptor", "errors", "joins for which no socket was left"},
        [NO_INTERFACE] = {"no-interface", "errors", "joins that failed: the interface is gone"},
        [OTHER_ERRORS] = {"other-errors", "errors", "joins that failed for other reasons"}),
    AMTG_LISTINGS({.name = "upstream", .help = "what is joined upstream", .rows = upstream,
                   AMTG_COLUMNS({"group", NULL, "its address"}, {"mode", NULL, "include or exclude"},
                                {"listed", "sources", "wanted, or not wanted"},
                                {"state", NULL, "whether the kernel took all of it"},
                                {"refreshed", "s", "since it was last said"})}),
    AMTG_DROPS(
        [MALFORMED] = {"malformed", "no multicast group, or sources of another family"},
        [LIMIT] = {"limit", "more groups or sources than `groups` and `sources` allow"}),
    .init = upstream_join_init,
    .start = upstream_join_start,
    .stop = upstream_join_stop,
    .fini = upstream_join_fini,
    .push = upstream_join_push,
};
