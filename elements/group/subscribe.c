/*
 * subscribe: wants the channels that its parameters name, for as long as the graph
 * runs: a receiver without a kernel. Says so as `join` records, again and again, and
 * knows for others what it wants (interface `members`).
 *
 * out: join records, group by group
 *
 *     elements:
 *       wish:   {class: subscribe, channels: [198.51.100.12@232.1.2.3, 239.1.1.1]}
 *       wanted: {class: members-filter, members: wish}
 *     edges:
 *       - wish -> igmp-host.joins
 *
 * Timer: one, that says all again.
 */
#include <stdlib.h>

#include "core/element.h"
#include "elements/group/channel_text.h"
#include "elements/group/members.h"
#include "elements/wire/types.h"

struct wanted {
    struct amtg_addr group;
    struct amtg_addr *sources; /* none: all */
    uint16_t count;
};

struct subscribe {
    struct amtg_text_list channels;
    struct amtg_addr_list group, source;
    uint64_t refresh_ns;

    struct wanted *wanted;
    unsigned count;
    unsigned said;        /* of them, since the last turn began */
    bool failed;          /* no memory */
    struct amtg_set *set; /* of one endpoint, which stands for this host */
    struct amtg_task say;
    struct amtg_timer again;
};

enum { OUT };
enum { GROUPS, JOINS };
enum { CHANNELS_MOST = 1000, RETRY_NS = 1000000000 };

/* ---- parameters ---------------------------------------------------------- */

/* Call `visit` for each channel that the parameters name: source NULL for any. */
static void each_channel(const struct subscribe *s, void *arg,
                         void (*visit)(void *arg, const char *param, int item,
                                       const struct amtg_addr *source,
                                       const struct amtg_addr *group))
{
    for (unsigned i = 0; i < s->channels.count; i++) {
        struct amtg_addr source, group;
        bool has_source;
        bool ok = amtg_channel_parse(s->channels.items[i], &source, &group, &has_source);
        visit(arg, "channels", (int)i, ok && has_source ? &source : NULL, ok ? &group : NULL);
    }
    for (unsigned i = 0; i < s->group.count; i++) {
        for (unsigned k = 0; k < s->source.count; k++)
            visit(arg, "group", (int)i, &s->source.items[k], &s->group.items[i]);
        if (s->source.count == 0)
            visit(arg, "group", (int)i, NULL, &s->group.items[i]);
    }
}

struct checking {
    struct amtg_check *check;
    unsigned channels;
};

static void check_channel(void *arg, const char *param, int item, const struct amtg_addr *source,
                          const struct amtg_addr *group)
{
    struct checking *c = arg;
    const char *problem = group ? amtg_channel_problem(source, group)
                                : "expected GROUP or SOURCE@GROUP, such as 192.0.2.1@232.1.2.3";

    c->channels++;
    if (problem)
        amtg_check_problem(c->check, param, item, "%s", problem);
}

static void subscribe_check(const void *state, struct amtg_check *check)
{
    const struct subscribe *s = state;
    struct checking c = {.check = check};

    each_channel(s, &c, check_channel);
    if (c.channels == 0)
        amtg_check_problem(check, "channels", -1, "there is none, and no `group`");
    if (s->source.count && s->group.count == 0)
        amtg_check_problem(check, "source", -1, "without a `group`");
    if (c.channels > CHANNELS_MOST)
        amtg_check_problem(check, s->channels.count > CHANNELS_MOST ? "channels" : "source", -1,
                           "%u channels together, at most %d", c.channels, CHANNELS_MOST);
}

/* ---- what is wanted ------------------------------------------------------- */

static struct wanted *find(const struct subscribe *s, const struct amtg_addr *group)
{
    for (unsigned i = 0; i < s->count; i++)
        if (amtg_addr_equal(&s->wanted[i].group, group))
            return &s->wanted[i];
    return NULL;
}

static bool wants(const struct wanted *w, const struct amtg_addr *source)
{
    for (unsigned i = 0; i < w->count; i++)
        if (amtg_addr_equal(&w->sources[i], source))
            return true;
    return w->count == 0;
}

static void count_channel(void *arg, const char *param, int item, const struct amtg_addr *source,
                          const struct amtg_addr *group)
{
    (void)param, (void)item, (void)source, (void)group;
    ++*(unsigned *)arg;
}

/* There is room for a further group. One without a source wants them all. */
static void add_channel(void *arg, const char *param, int item, const struct amtg_addr *source,
                        const struct amtg_addr *group)
{
    struct subscribe *s = arg;
    struct wanted *w = find(s, group);
    bool fresh = !w;

    (void)param, (void)item;
    if (fresh) {
        w = &s->wanted[s->count++];
        w->group = *group;
    }
    if (!source) {
        w->count = 0;
    } else if (fresh || !wants(w, source)) {
        struct amtg_addr *more = realloc(w->sources, (w->count + 1u) * sizeof *more);
        s->failed = s->failed || !more;
        if (!more)
            return;
        w->sources = more;
        w->sources[w->count++] = *source;
    }
}

static void free_wanted(struct subscribe *s)
{
    for (unsigned i = 0; i < s->count; i++)
        free(s->wanted[i].sources);
    free(s->wanted);
    s->wanted = NULL;
    s->count = 0;
}

static struct amtg_set *members_lookup(struct amtg_element *e, const struct amtg_addr *source,
                                       const struct amtg_addr *group)
{
    const struct subscribe *s = amtg_state(e);
    const struct wanted *w = find(s, group);

    return w && wants(w, source) ? s->set : NULL;
}

static bool members_full(struct amtg_element *e)
{
    (void)e;
    return true; /* nobody else can become a member */
}

static const struct amtg_members_ops members_ops = {
    .lookup = members_lookup,
    .full = members_full,
};

/* ---- saying so ------------------------------------------------------------ */

/* nothing: that it is not wanted any more. false: no buffer. */
static bool say(struct amtg_element *e, const struct wanted *w, bool nothing)
{
    uint16_t count = nothing ? 0 : w->count;
    struct amtg_packet *p = amtg_make(
        e, AMTG_JOIN, (uint32_t)(sizeof(struct amtg_join) + count * sizeof w->sources[0]));

    if (!p) {
        amtg_no_buffer_count(e);
        return false;
    }
    struct amtg_join *join = (struct amtg_join *)p->data;
    *join = (struct amtg_join){.group = w->group, .exclude = !nothing && count == 0,
                               .count = count};
    for (unsigned i = 0; i < count; i++)
        join->sources[i] = w->sources[i];
    amtg_count(e, JOINS, 1);
    amtg_emit(e, OUT, p);
    return true;
}

static void say_all(struct amtg_element *e)
{
    struct subscribe *s = amtg_state(e);

    while (s->said < s->count && say(e, &s->wanted[s->said], false))
        s->said++;
    bool done = s->said == s->count;
    amtg_timer_start(e, &s->again, done ? s->refresh_ns : RETRY_NS);
    if (done)
        s->said = 0;
}

static void run_say(struct amtg_element *e, struct amtg_task *t)
{
    (void)t;
    say_all(e);
}

static void fire_again(struct amtg_element *e, struct amtg_timer *t)
{
    (void)t;
    say_all(e);
}

/* ---- life ---------------------------------------------------------------- */

static void subscribe_fini(struct amtg_element *e)
{
    struct subscribe *s = amtg_state(e);

    free_wanted(s);
    amtg_set_free(s->set);
}

static enum amtg_err subscribe_init(struct amtg_element *e)
{
    struct subscribe *s = amtg_state(e);
    static const struct amtg_peer nowhere;
    struct amtg_endpoint *endpoint = amtg_endpoint_new(&nowhere);
    unsigned channels = 0;

    each_channel(s, &channels, count_channel);
    s->wanted = calloc(channels, sizeof *s->wanted);
    s->set = amtg_set_new(1);
    bool ok = endpoint && s->wanted && s->set && amtg_set_add(&s->set, endpoint);
    amtg_endpoint_free(endpoint);
    if (ok)
        each_channel(s, s, add_channel);
    if (!ok || s->failed) {
        subscribe_fini(e);
        return AMTG_ENOMEM;
    }
    s->say.run = run_say;
    s->again.fire = fire_again;
    amtg_gauge(e, GROUPS, s->count);
    return AMTG_OK;
}

static enum amtg_err subscribe_start(struct amtg_element *e)
{
    struct subscribe *s = amtg_state(e);

    amtg_task_post(e, &s->say);
    return AMTG_OK;
}

static void subscribe_stop(struct amtg_element *e)
{
    struct subscribe *s = amtg_state(e);

    for (unsigned i = 0; i < s->count; i++)
        say(e, &s->wanted[i], true);
    amtg_task_cancel(e, &s->say);
    amtg_timer_stop(e, &s->again);
}

const struct amtg_class amtg_subscribe = {
    .name = "subscribe",
    .summary = "wants the channels that its parameters name",
    .details =
        "A receiver without a kernel: says by `join` records what it wants, when the graph starts "
        "and within every `refresh` again, and when the graph stops, that it wants nothing more. "
        "`channels` lists SOURCE@GROUP, or GROUP for every source, of both families in any order; "
        "`group` with `source` does the same in two parameters, for graphs that offer them: each "
        "source to each group. An SSM group (232.0.0.0/8, ff3x::/32) needs a source (RFC 4607). A "
        "group that is named with sources and without is wanted of every source.\n\n"
        "Whoever asks it for members, such as members-filter, learns that just these channels are "
        "wanted.",
    .example = "elements:\n"
               "  wish: {class: subscribe, channels: [198.51.100.12@232.1.2.3, 239.1.1.1]}\n"
               "  host: {class: igmp-host}\n"
               "  show: {class: print}\n"
               "  end:  {class: discard}\n"
               "edges:\n"
               "  - wish -> host.joins\n"
               "  - host -> show -> end\n",
    .state_octets = sizeof(struct subscribe),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_JOIN, "what is wanted of each group, in full", 0}),
    AMTG_PARAMS(AMTG_TEXTS(struct subscribe, channels, "", 0, CHANNELS_MOST,
                           "what to receive: SOURCE@GROUP or GROUP, each"),
                AMTG_ADDRESSES(struct subscribe, group, "none", 0, CHANNELS_MOST,
                               "groups to receive"),
                AMTG_ADDRESSES(struct subscribe, source, "none", 0, CHANNELS_MOST,
                               "sources of these groups; none: every source"),
                AMTG_DURATION(struct subscribe, refresh_ns, "60s", AMTG_S, 3600 * AMTG_S,
                              "within which all joins are said again")),
    AMTG_COUNTERS([GROUPS] = {"groups", "groups", "that are wanted", AMTG_GAUGE},
                  [JOINS] = {"joins", "records", "said", AMTG_COUNTER}),
    AMTG_PROVIDES({.interface = &amtg_members, .ops = &members_ops}),
    .check = subscribe_check,
    .init = subscribe_init,
    .start = subscribe_start,
    .stop = subscribe_stop,
    .fini = subscribe_fini,
};
