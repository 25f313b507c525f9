/*
 * wish-check: judges what a receiver gets by what it wants: only channels that it wants
 * (or has wanted until a moment ago), and of these something again and again.
 *
 * joins: what is wanted, on its way to whoever sees to it; passed on
 * data:  what came, as whole datagrams
 *
 *     elements:
 *       judge: {class: wish-check, gap: 2m, grace: 5m, path: cable}
 *     edges:
 *       - viewer -> judge.joins
 *       - judge.joins -> igmp-host.joins
 *       - decap -> check -> judge.data
 *
 * Timer:
 *   look   once in `gap`: has a channel that is wanted been silent for so long?
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/element.h"
#include "elements/flow/path.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"

/* A channel that is wanted, or was. */
struct wish {
    struct amtg_addr source, group;
    bool any; /* every source of the group */
    bool wanted;
    uint64_t since_ns; /* it has been wanted, or has not */
    uint64_t last_ns;  /* when data came; or when its silence was last told */
};

struct wish_check {
    uint64_t gap_ns, grace_ns;
    uint32_t channels;
    struct amtg_element *path;

    struct wish *wishes;
    unsigned count;
    struct amtg_timer look;
};

enum { JOINS, DATA };
enum { WANTED, RECEIVED, LATE, GAPS, LONGEST_GAP };
enum { UNWANTED, MALFORMED };
enum { CHANNELS_MOST = 4096, WHEN = 32 };

/* ---- words ------------------------------------------------------------------ */

/* "3:02:05.250": hours of the run. */
static const char *when(uint64_t ns, char out[WHEN])
{
    uint64_t ms = ns / AMTG_MS;

    snprintf(out, WHEN, "%" PRIu64 ":%02u:%02u.%03u", ms / 3600000, (unsigned)(ms / 60000 % 60),
             (unsigned)(ms / 1000 % 60), (unsigned)(ms % 1000));
    return out;
}

static void tell_unwanted(struct amtg_element *e, const struct amtg_addr *source,
                          const struct amtg_addr *group, const struct wish *w)
{
    char from[AMTG_ADDR_TEXT], to[AMTG_ADDR_TEXT], now[WHEN], left[WHEN];

    amtg_addr_text(source, from);
    amtg_addr_text(group, to);
    when(amtg_now(e), now);
    if (w)
        amtg_verdict(e, false, "at %s came %s@%s, which has not been wanted since %s", now, from,
                     to, when(w->since_ns, left));
    else
        amtg_verdict(e, false, "at %s came %s@%s, which was never wanted", now, from, to);
    amtg_log(e, AMTG_LOG_ERROR, "unwanted", "source=%s group=%s time=%s", from, to, now);
}

static void tell_gap(struct amtg_element *e, const struct wish *w, uint64_t since_ns)
{
    char from[AMTG_ADDR_TEXT] = "*", to[AMTG_ADDR_TEXT], now[WHEN], since[WHEN];

    if (!w->any)
        amtg_addr_text(&w->source, from);
    amtg_addr_text(&w->group, to);
    when(amtg_now(e), now);
    when(since_ns, since);
    amtg_verdict(e, false, "at %s nothing has come of %s@%s since %s, though it is wanted", now,
                 from, to, since);
    amtg_log(e, AMTG_LOG_ERROR, "gap", "source=%s group=%s since=%s time=%s", from, to, since, now);
}

/* ---- what is wanted ---------------------------------------------------------- */

/* any: of every source. */
static struct wish *find(const struct wish_check *s, const struct amtg_addr *source,
                         const struct amtg_addr *group, bool any)
{
    for (unsigned i = 0; i < s->count; i++) {
        struct wish *w = &s->wishes[i];
        if (w->any == any && amtg_addr_equal(&w->group, group) &&
            (any || amtg_addr_equal(&w->source, source)))
            return w;
    }
    return NULL;
}

/* A place for another channel, perhaps that of one not wanted for long. NULL: there is none. */
static struct wish *place(struct amtg_element *e)
{
    struct wish_check *s = amtg_state(e);

    if (s->count < s->channels)
        return &s->wishes[s->count++];
    for (unsigned i = 0; i < s->count; i++)
        if (!s->wishes[i].wanted && amtg_now(e) - s->wishes[i].since_ns > s->grace_ns)
            return &s->wishes[i];
    return NULL;
}

static void want(struct amtg_element *e, const struct amtg_addr *source,
                 const struct amtg_addr *group, bool any)
{
    struct wish_check *s = amtg_state(e);
    struct wish *w = find(s, source, group, any);

    if (w && w->wanted)
        return;
    if (!w) {
        w = place(e);
        if (!w) {
            amtg_verdict(e, false, "more than %u channels to remember: raise `channels`",
                         s->channels);
            return;
        }
        *w = (struct wish){.group = *group, .any = any};
        if (!any)
            w->source = *source;
    }
    w->wanted = true;
    w->since_ns = amtg_now(e);
    if (s->gap_ns && !amtg_timer_running(&s->look))
        amtg_timer_start(e, &s->look, s->gap_ns);
}

static bool is_listed(const struct amtg_join *join, const struct wish *w)
{
    for (unsigned i = 0; i < join->count; i++)
        if (amtg_addr_equal(&join->sources[i], &w->source))
            return true;
    return false;
}

static void note_join(struct amtg_element *e, const struct amtg_join *join)
{
    struct wish_check *s = amtg_state(e);
    uint64_t wanted = 0;

    if (join->exclude)
        want(e, NULL, &join->group, true);
    for (unsigned i = 0; i < join->count && !join->exclude; i++)
        want(e, &join->sources[i], &join->group, false);
    for (unsigned i = 0; i < s->count; i++) {
        struct wish *w = &s->wishes[i];
        bool still = w->any ? join->exclude : !join->exclude && is_listed(join, w);
        if (w->wanted && amtg_addr_equal(&w->group, &join->group) && !still) {
            w->wanted = false;
            w->since_ns = amtg_now(e);
        }
        wanted += w->wanted;
    }
    amtg_gauge(e, WANTED, wanted);
}

/* ---- what comes ----------------------------------------------------------------- */

/* When the present silence of a channel began, as far as it counts. */
static uint64_t silent_since(const struct wish_check *s, const struct wish *w, bool *up)
{
    uint64_t since = w->since_ns > w->last_ns ? w->since_ns : w->last_ns, path_ns = 0;

    *up = true;
    if (s->path) {
        const struct amtg_path_ops *ops = amtg_ops(s->path, &amtg_path);
        *up = ops->up(s->path, &path_ns);
    }
    return path_ns > since ? path_ns : since;
}

static void came(struct amtg_element *e, struct wish *w)
{
    const struct wish_check *s = amtg_state(e);
    bool up;
    uint64_t gap = amtg_now(e) - silent_since(s, w, &up);

    if (gap > e->counters[LONGEST_GAP])
        amtg_gauge(e, LONGEST_GAP, gap);
    w->last_ns = amtg_now(e);
    amtg_count(e, RECEIVED, 1);
}

/* Which wish it came for; one that was given up last, if there is no better. */
static struct wish *wish_for(const struct wish_check *s, const struct amtg_addr *source,
                             const struct amtg_addr *group)
{
    struct wish *one = find(s, source, group, false), *all = find(s, source, group, true);

    if (!one || (all && (all->wanted || (!one->wanted && all->since_ns > one->since_ns))))
        return all;
    return one;
}

/* false: it should not have come. */
static bool judge(struct amtg_element *e, const struct amtg_packet *p)
{
    const struct wish_check *s = amtg_state(e);
    struct amtg_addr source = amtg_ip_source(p), group = amtg_ip_destination(p);
    struct wish *w = wish_for(s, &source, &group);

    if (w && w->wanted) {
        came(e, w);
    } else if (w && amtg_now(e) - w->since_ns <= s->grace_ns) {
        amtg_count(e, LATE, 1);
    } else {
        tell_unwanted(e, &source, &group, w);
        return false;
    }
    return true;
}

static bool is_whole(const struct amtg_packet *p)
{
    const struct amtg_join *join = (const void *)p->data;
    return p->len >= sizeof *join && p->len >= sizeof *join + join->count * sizeof join->sources[0];
}

static void wish_check_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    AMTG_EACH (packet, batch) {
        if (in == JOINS && !is_whole(packet)) {
            amtg_drop(e, MALFORMED, packet);
        } else if (in == JOINS) {
            note_join(e, (const struct amtg_join *)packet->data);
            amtg_emit(e, JOINS, packet);
        } else if (!judge(e, packet)) {
            amtg_drop(e, UNWANTED, packet);
        } else if (e->outs[DATA].peer) {
            amtg_emit(e, DATA, packet);
        } else {
            amtg_finish(e, packet);
        }
    }
}

/* ---- what does not ----------------------------------------------------------------- */

static void look(struct amtg_element *e, struct amtg_timer *t)
{
    struct wish_check *s = amtg_state(e);
    uint64_t now = amtg_now(e), next = UINT64_MAX;

    for (unsigned i = 0; i < s->count; i++) {
        struct wish *w = &s->wishes[i];
        bool up;
        if (!w->wanted)
            continue;
        uint64_t since = silent_since(s, w, &up);
        if (up && now - since >= s->gap_ns) {
            amtg_count(e, GAPS, 1);
            tell_gap(e, w, since);
            since = w->last_ns = now;
        }
        uint64_t due = (up ? since : now) + s->gap_ns;
        next = due < next ? due : next;
    }
    if (next != UINT64_MAX)
        amtg_timer_start(e, t, next - now);
}

/* ---- life --------------------------------------------------------------------------- */

static enum amtg_err wish_check_init(struct amtg_element *e)
{
    struct wish_check *s = amtg_state(e);

    s->wishes = calloc(s->channels, sizeof *s->wishes);
    s->look.fire = look;
    return s->wishes ? AMTG_OK : AMTG_ENOMEM;
}

static void wish_check_stop(struct amtg_element *e)
{
    struct wish_check *s = amtg_state(e);
    amtg_timer_stop(e, &s->look);
}

static void wish_check_fini(struct amtg_element *e)
{
    struct wish_check *s = amtg_state(e);
    free(s->wishes);
}

const struct amtg_class amtg_wish_check = {
    .name = "wish-check",
    .summary = "judges what a receiver gets by what it wants",
    .details =
        "Stands where `join` records pass, and knows by them what is wanted and since when. The "
        "verdict is bad, and `amtgraph run` ends with exit code 1, when something comes that was "
        "never wanted or has not been for longer than `grace`; or when nothing comes of a channel "
        "that is wanted for `gap`, counted from when it was first wanted, from the last packet, or "
        "from when `path` was whole again, whichever was last. Each such case is a line of the log, "
        "too, and the first of them the words of the verdict.\n\n"
        "`grace` has to cover what is still under way, and how long a relay sends on after a leave "
        "that was lost: its group membership interval (RFC 3376, section 8.4). Records that exclude "
        "sources count as wishes for all.",
    .example = "elements:\n"
               "  viewer: {class: churn, channels: [198.51.100.12@232.1.2.3]}\n"
               "  judge:  {class: wish-check, gap: 1m}\n"
               "  host:   {class: igmp-host}\n"
               "  said:   {class: discard}\n"
               "  came:   {class: pcap-source, file: came.pcap}\n"
               "  check:  {class: check-ip}\n"
               "edges:\n"
               "  - viewer -> judge.joins\n"
               "  - judge.joins -> host.joins\n"
               "  - host -> said\n"
               "  - came -> check -> judge.data\n",
    .state_octets = sizeof(struct wish_check),
    AMTG_INPUTS([JOINS] = {"joins", AMTG_JOIN, "what is wanted of each group, in full", 0},
                [DATA] = {"data", AMTG_IP, "what came", 0}),
    AMTG_OUTPUTS([JOINS] = {"joins", AMTG_JOIN, "the same records", 0},
                 [DATA] = {"data", AMTG_IP, "what was in order; open: it ends here",
                           AMTG_MAY_BE_OPEN}),
    AMTG_PARAMS(AMTG_DURATION(struct wish_check, gap_ns, "0s", 0, 24 * 3600 * AMTG_S,
                              "longest silence of a channel that is wanted; 0s: any"),
                AMTG_DURATION(struct wish_check, grace_ns, "1s", 0, 24 * 3600 * AMTG_S,
                              "how long packets may come of what is wanted no more"),
                AMTG_REF(struct wish_check, path, &amtg_path, false,
                         "no silence counts while this path is cut"),
                AMTG_U32(struct wish_check, channels, "64", 1, CHANNELS_MOST, "channels",
                         "most that are remembered, wanted or not")),
    AMTG_COUNTERS([WANTED] = {"wanted", "channels", "wanted now", AMTG_GAUGE},
                  [RECEIVED] = {"received", "packets", "of channels that are wanted", AMTG_COUNTER},
                  [LATE] = {"late", "packets", "of channels that were, within `grace`",
                            AMTG_COUNTER},
                  [GAPS] = {"gaps", "times", "a channel was silent for `gap`", AMTG_COUNTER},
                  [LONGEST_GAP] = {"longest-gap", "ns", "longest silence that ended", AMTG_GAUGE}),
    AMTG_DROPS([UNWANTED] = {"unwanted", "it was never wanted, or has not been for longer than `grace`"},
               [MALFORMED] = {"malformed", "a join record that is truncated"}),
    .init = wish_check_init,
    .stop = wish_check_stop,
    .fini = wish_check_fini,
    .push = wish_check_push,
};
