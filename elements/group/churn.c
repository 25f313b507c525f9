/*
 * churn: a receiver that comes and goes: wants each of its channels for a random time,
 * then does not for another one. Says so as `join` records, at every change and within
 * `refresh` again.
 *
 * out: join records, group by group
 *
 *     elements:
 *       viewer: {class: churn, channels: [198.51.100.12@232.1.2.3, 239.1.1.1], wanted: 20m,
 *                unwanted: 40m}
 *     edges:
 *       - viewer -> igmp-host.joins
 *
 * Timers:
 *   change   one a channel: it is wanted from now on, or no more
 *   refresh  all that is wanted is said again; after a second when a buffer was missing
 *   quiet    from `until` on nothing is wanted
 */
#include <stdlib.h>

#include "core/element.h"
#include "core/table.h"
#include "elements/flow/about.h"
#include "elements/group/channel_text.h"
#include "elements/wire/types.h"

struct channel {
    struct amtg_element *owner;
    struct amtg_addr source, group;
    bool has_source; /* else: every source */
    bool wanted;
    struct amtg_timer change;
};

struct churn {
    struct amtg_text_list channels;
    uint64_t wanted_ns, unwanted_ns, refresh_ns, until_ns;

    struct channel *list;
    unsigned count;
    bool unsaid; /* a change could not be said */
    struct amtg_timer refresh, quiet;
};

enum { OUT };
enum { WANTED, CHANGES, JOINS };
enum { CHANNELS_MOST = 64 };
#define RETRY_NS AMTG_S

/* ---- saying so ------------------------------------------------------------ */

/* What is wanted of this group: of one source or several, of all, or of none. */
static void say(struct amtg_element *e, const struct amtg_addr *group)
{
    struct churn *c = amtg_state(e);
    struct amtg_packet *p = amtg_make(
        e, AMTG_JOIN, (uint32_t)(sizeof(struct amtg_join) + c->count * sizeof *group));

    if (!p) {
        amtg_no_buffer_count(e);
        c->unsaid = true;
        amtg_timer_start(e, &c->refresh, RETRY_NS);
        return;
    }
    struct amtg_join *join = (struct amtg_join *)p->data;
    join->group = *group;
    for (unsigned i = 0; i < c->count; i++) {
        const struct channel *ch = &c->list[i];
        if (!ch->wanted || !amtg_addr_equal(&ch->group, group))
            continue;
        if (ch->has_source)
            join->sources[join->count++] = ch->source;
        else
            join->exclude = 1;
    }
    if (join->exclude) /* EXCLUDE{}: all sources, whatever else is listed */
        join->count = 0;
    amtg_packet_trim(p, (uint32_t)(sizeof *join + join->count * sizeof *group));
    amtg_count(e, JOINS, 1);
    amtg_emit(e, OUT, p);
}

static bool is_first_of_group(const struct churn *c, unsigned i)
{
    for (unsigned k = 0; k < i; k++)
        if (amtg_addr_equal(&c->list[k].group, &c->list[i].group))
            return false;
    return true;
}

static bool is_wanted(const struct churn *c, const struct amtg_addr *group)
{
    for (unsigned i = 0; i < c->count; i++)
        if (c->list[i].wanted && amtg_addr_equal(&c->list[i].group, group))
            return true;
    return false;
}

/* all: also of which groups nothing is wanted. */
static void say_all(struct amtg_element *e, bool all)
{
    struct churn *c = amtg_state(e);

    for (unsigned i = 0; i < c->count; i++)
        if (is_first_of_group(c, i) && (all || is_wanted(c, &c->list[i].group)))
            say(e, &c->list[i].group);
}

static void refresh(struct amtg_element *e, struct amtg_timer *t)
{
    struct churn *c = amtg_state(e);
    bool unsaid = c->unsaid;

    c->unsaid = false;
    amtg_timer_start(e, t, c->refresh_ns);
    say_all(e, unsaid);
}

/* ---- coming and going ------------------------------------------------------- */

static void show(struct amtg_element *e)
{
    const struct churn *c = amtg_state(e);
    uint64_t wanted = 0;

    for (unsigned i = 0; i < c->count; i++)
        wanted += c->list[i].wanted;
    amtg_gauge(e, WANTED, wanted);
}

static void change(struct amtg_element *e, struct amtg_timer *t)
{
    const struct churn *c = amtg_state(e);
    struct channel *ch = AMTG_CONTAINER(t, struct channel, change);

    ch->wanted = !ch->wanted;
    amtg_timer_start(e, t, amtg_random_about(e, ch->wanted ? c->wanted_ns : c->unwanted_ns));
    amtg_count(e, CHANGES, 1);
    show(e);
    say(e, &ch->group);
}

static void want_nothing(struct amtg_element *e)
{
    struct churn *c = amtg_state(e);

    for (unsigned i = 0; i < c->count; i++) {
        amtg_timer_stop(e, &c->list[i].change);
        c->list[i].wanted = false;
    }
    show(e);
}

static void quiet(struct amtg_element *e, struct amtg_timer *t)
{
    (void)t;
    want_nothing(e);
    say_all(e, true);
}

/* ---- life ------------------------------------------------------------------- */

static void churn_check(const void *params, struct amtg_check *check)
{
    const struct churn *c = params;

    for (unsigned i = 0; i < c->channels.count; i++) {
        struct amtg_addr source, group;
        bool has_source;
        const char *problem =
            amtg_channel_parse(c->channels.items[i], &source, &group, &has_source)
                ? amtg_channel_problem(has_source ? &source : NULL, &group)
                : "expected GROUP or SOURCE@GROUP, such as 192.0.2.1@232.1.2.3";
        if (problem)
            amtg_check_problem(check, "channels", (int)i, "%s", problem);
    }
}

static enum amtg_err churn_init(struct amtg_element *e)
{
    struct churn *c = amtg_state(e);

    c->list = calloc(c->channels.count, sizeof *c->list);
    if (!c->list)
        return AMTG_ENOMEM;
    c->count = c->channels.count;
    for (unsigned i = 0; i < c->count; i++) {
        struct channel *ch = &c->list[i];
        amtg_channel_parse(c->channels.items[i], &ch->source, &ch->group, &ch->has_source);
        ch->change.fire = change;
    }
    c->refresh.fire = refresh;
    c->quiet.fire = quiet;
    return AMTG_OK;
}

static enum amtg_err churn_start(struct amtg_element *e)
{
    struct churn *c = amtg_state(e);
    uint64_t now = amtg_now(e);

    if (c->until_ns && c->until_ns <= now)
        return AMTG_OK;
    for (unsigned i = 0; i < c->count; i++)
        amtg_timer_start(e, &c->list[i].change, amtg_random_about(e, c->unwanted_ns));
    amtg_timer_start(e, &c->refresh, 1 + amtg_random_below(e, c->refresh_ns));
    if (c->until_ns)
        amtg_timer_start(e, &c->quiet, c->until_ns - now);
    return AMTG_OK;
}

static void churn_stop(struct amtg_element *e)
{
    struct churn *c = amtg_state(e);

    want_nothing(e);
    say_all(e, true);
    amtg_timer_stop(e, &c->refresh);
    amtg_timer_stop(e, &c->quiet);
}

static void churn_fini(struct amtg_element *e)
{
    struct churn *c = amtg_state(e);

    free(c->list);
    c->list = NULL;
    c->count = 0;
}

const struct amtg_class amtg_churn = {
    .name = "churn",
    .summary = "wants channels now and then, for random times",
    .details =
        "A receiver that comes and goes, for worlds. Each channel of the list is wanted for a "
        "random time, `wanted` on average, then is not for another one, `unwanted` on average, each "
        "on its own; the times are spread evenly from nothing to twice the mean. At the start "
        "nothing is wanted. From `until` on nothing is wanted any more.\n\n"
        "Says it by `join` records, as subscribe does, at every change; all that is wanted is said "
        "again within every `refresh`. Channels are written SOURCE@GROUP, or GROUP for every source; "
        "a group that is wanted with sources and without is wanted of every source.",
    .example = "elements:\n"
               "  viewer: {class: churn, channels: [198.51.100.12@232.1.2.3], wanted: 5m, "
               "unwanted: 10m}\n"
               "  host:   {class: igmp-host}\n"
               "  show:   {class: print}\n"
               "  end:    {class: discard}\n"
               "edges:\n"
               "  - viewer -> host.joins\n"
               "  - host -> show -> end\n",
    .state_octets = sizeof(struct churn),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_JOIN, "what is wanted of a group, in full", 0}),
    AMTG_PARAMS(AMTG_TEXTS(struct churn, channels, NULL, 1, CHANNELS_MOST,
                           "what to want now and then: SOURCE@GROUP or GROUP, each"),
                AMTG_DURATION(struct churn, wanted_ns, "10m", 1, 1000 * 24 * 3600 * AMTG_S,
                              "how long a channel is wanted, on average"),
                AMTG_DURATION(struct churn, unwanted_ns, "10m", 1, 1000 * 24 * 3600 * AMTG_S,
                              "how long it then is not, on average"),
                AMTG_DURATION(struct churn, refresh_ns, "60s", AMTG_S, 24 * 3600 * AMTG_S,
                              "within which all joins are said again"),
                AMTG_DURATION(struct churn, until_ns, "0s", 0, 1000 * 24 * 3600 * AMTG_S,
                              "time of the run from which on nothing is wanted; 0s: no such time")),
    AMTG_COUNTERS([WANTED] = {"wanted", "channels", "wanted now", AMTG_GAUGE},
                  [CHANGES] = {"changes", "times", "a channel came to be wanted, or no more",
                               AMTG_COUNTER},
                  [JOINS] = {"joins", "records", "said", AMTG_COUNTER}),
    .check = churn_check,
    .init = churn_init,
    .start = churn_start,
    .stop = churn_stop,
    .fini = churn_fini,
};
