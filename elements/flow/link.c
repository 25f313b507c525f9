/*
 * link: what a path does to packets: delay, jitter, loss, duplication, reordering, a
 * rate and a limit. All chance comes from the element's own stream, so that a run with
 * the same seed is the same run.
 *
 *     elements:
 *       path: {class: link, delay: 30ms, jitter: 5ms, loss: 0.01, rate: 10000000}
 *     edges:
 *       - encap -> path -> wrap
 *
 * A packet on its way:
 *
 *     lost? twice? full? -> serialised at `rate` -> delay, jitter -> out   in order
 *                                          \------------------------> out   overtakes
 *
 * Both ways keep their order, so each is a list; what is due first stands at its head.
 *
 * Timers:
 *   due   when the first packet of either list arrives at the far end
 */
#include "core/element.h"

struct line {
    struct amtg_packet *first, **end; /* their time_ns: when they arrive */
};

struct link {
    uint64_t delay_ns, jitter_ns;
    double loss, duplicate, reorder;
    uint64_t rate_bps;
    uint32_t limit;

    struct line lines[2];
    uint32_t count;
    uint64_t busy_until_ns; /* when the last packet has been serialised */
    uint64_t last_ns;       /* when the last of the ordinary line arrives */
    struct amtg_timer due;
};

enum { ORDINARY, OVERTAKING, LINES };
enum { OUT };
enum { LENGTH, DUPLICATED, OVERTOOK };
enum { LOST, FULL, STOPPED };

/* ---- the lines ---------------------------------------------------------- */

static void append(struct line *line, struct amtg_packet *p)
{
    p->next = NULL;
    *line->end = p;
    line->end = &p->next;
}

static struct amtg_packet *take(struct line *line)
{
    struct amtg_packet *p = line->first;

    line->first = p->next;
    if (!line->first)
        line->end = &line->first;
    p->next = NULL;
    return p;
}

/* The line whose head arrives first; NULL: both are empty. */
static struct line *next_line(struct link *l)
{
    struct line *best = NULL;

    for (unsigned i = 0; i < LINES; i++)
        if (l->lines[i].first &&
            (!best || l->lines[i].first->time_ns < best->first->time_ns))
            best = &l->lines[i];
    return best;
}

/* What is under way holds the run. */
static void show(struct amtg_element *e, uint32_t before)
{
    const struct link *l = amtg_state(e);

    if (!before && l->count)
        amtg_hold(e);
    if (before && !l->count)
        amtg_release(e);
    amtg_gauge(e, LENGTH, l->count);
}

static void wait_for_next(struct amtg_element *e)
{
    struct link *l = amtg_state(e);
    struct line *line = next_line(l);

    if (!line)
        amtg_timer_stop(e, &l->due);
    else if (!amtg_timer_running(&l->due) || l->due.deadline_ns != line->first->time_ns)
        amtg_timer_start(e, &l->due, line->first->time_ns > amtg_now(e)
                                         ? line->first->time_ns - amtg_now(e)
                                         : 0);
}

/* ---- in ----------------------------------------------------------------- */

static bool chance(struct amtg_element *e, double probability)
{
    return probability > 0 && (double)amtg_random_u32(e) < probability * 4294967296.0;
}

/* When the packet has left the near end: one after the other, at the rate. */
static uint64_t serialise(struct link *l, uint64_t now, uint32_t octets)
{
    if (!l->rate_bps)
        return now;
    if (l->busy_until_ns < now)
        l->busy_until_ns = now;
    l->busy_until_ns += (uint64_t)((double)octets * 8 * (double)AMTG_S / (double)l->rate_bps);
    return l->busy_until_ns;
}

/* delay - jitter .. delay + jitter, but not below 0. */
static uint64_t delay_of(struct amtg_element *e)
{
    const struct link *l = amtg_state(e);

    if (!l->jitter_ns)
        return l->delay_ns;
    uint64_t delay = l->delay_ns + amtg_random_below(e, 2 * l->jitter_ns + 1);
    return delay > l->jitter_ns ? delay - l->jitter_ns : 0;
}

static void enter(struct amtg_element *e, struct amtg_packet *p)
{
    struct link *l = amtg_state(e);

    if (l->count == l->limit) {
        amtg_drop(e, FULL, p);
        return;
    }
    l->count++;
    p->time_ns = serialise(l, amtg_now(e), p->len);
    if (chance(e, l->reorder)) {
        amtg_count(e, OVERTOOK, 1);
        append(&l->lines[OVERTAKING], p);
        return;
    }
    p->time_ns += delay_of(e);
    if (p->time_ns < l->last_ns) /* jitter alone does not reorder */
        p->time_ns = l->last_ns;
    l->last_ns = p->time_ns;
    append(&l->lines[ORDINARY], p);
}

static void link_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct link *l = amtg_state(e);
    uint32_t before = l->count;

    (void)in;
    AMTG_EACH (packet, batch) {
        if (chance(e, l->loss)) {
            amtg_drop(e, LOST, packet);
            continue;
        }
        struct amtg_packet *twin = NULL;
        if (chance(e, l->duplicate)) {
            twin = amtg_copy(e, packet);
            if (!twin)
                amtg_no_buffer_count(e);
        }
        enter(e, packet);
        if (twin) {
            amtg_count(e, DUPLICATED, 1);
            enter(e, twin);
        }
    }
    show(e, before);
    wait_for_next(e);
}

/* ---- out ---------------------------------------------------------------- */

static void arrive(struct amtg_element *e, struct amtg_timer *t)
{
    struct link *l = amtg_state(e);
    uint32_t before = l->count;
    struct line *line;

    (void)t;
    while ((line = next_line(l)) && line->first->time_ns <= amtg_now(e)) {
        l->count--;
        amtg_emit(e, OUT, take(line));
    }
    show(e, before);
    wait_for_next(e);
}

/* ---- life --------------------------------------------------------------- */

static void link_check(const void *state, struct amtg_check *check)
{
    const struct link *l = state;

    if (l->reorder > 0 && l->delay_ns == 0)
        amtg_check_problem(check, "reorder", -1,
                           "needs a `delay`: what is not delayed cannot be overtaken");
}

static uint32_t link_keeps(const void *state)
{
    const struct link *l = state;
    return l->limit;
}

static enum amtg_err link_init(struct amtg_element *e)
{
    struct link *l = amtg_state(e);

    for (unsigned i = 0; i < LINES; i++)
        l->lines[i].end = &l->lines[i].first;
    l->due.fire = arrive;
    return AMTG_OK;
}

static void link_stop(struct amtg_element *e)
{
    struct link *l = amtg_state(e);
    uint32_t before = l->count;
    struct line *line;

    amtg_timer_stop(e, &l->due);
    while ((line = next_line(l))) {
        l->count--;
        amtg_drop(e, STOPPED, take(line));
    }
    show(e, before);
}

const struct amtg_class amtg_link = {
    .name = "link",
    .summary = "delays, loses, repeats, reorders and limits packets, as a path does",
    .details =
        "Each packet may be lost; if not, it may come twice; then it is dropped as `full` when "
        "`limit` packets are under way. It is serialised at `rate`, one after the other, and takes "
        "`delay`, plus or minus a random part of `jitter`. Jitter alone never reorders; a packet "
        "chosen by `reorder` takes no delay, and so overtakes those that do.\n\n"
        "All chance comes from the element's own random stream: with the same seed, the same "
        "packets are lost. It never emits from inside its push, so a cycle of edges may pass "
        "through it. Packets and records of any type are carried through; one that goes to many "
        "destinations counts as one, so for each gateway a fate of its own, put it behind "
        "udp-wrap.",
    .example = "elements:\n"
               "  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1}\n"
               "  path:   {class: link, delay: 30ms, jitter: 5ms, loss: 0.01}\n"
               "  end:    {class: discard}\n"
               "edges:\n"
               "  - source -> path -> end\n",
    .flags = AMTG_BREAKS,
    .state_octets = sizeof(struct link),
    AMTG_INPUTS({.name = "in", .type = AMTG_ANY, .help = "the near end"}),
    AMTG_OUTPUTS([OUT] = {.name = "out",
                          .type = AMTG_ANY,
                          .help = "the far end",
                          .flags = AMTG_CARRIES_TYPE | AMTG_CARRIES_TO}),
    AMTG_PARAMS(
        AMTG_DURATION(struct link, delay_ns, "0s", 0, 3600 * AMTG_S, "time from end to end"),
        AMTG_DURATION(struct link, jitter_ns, "0s", 0, 3600 * AMTG_S,
                      "most by which the delay is longer or shorter"),
        AMTG_FLOAT(struct link, loss, "0", 0, 1, NULL, "part of the packets that is lost"),
        AMTG_FLOAT(struct link, duplicate, "0", 0, 1, NULL, "part of the packets that comes twice"),
        AMTG_FLOAT(struct link, reorder, "0", 0, 1, NULL, "part of the packets that overtakes"),
        AMTG_U64(struct link, rate_bps, "0", 0, 1000000000000, "bit/s",
                 "how fast packets enter it; 0: at once"),
        AMTG_U32(struct link, limit, "1024", 1, 1 << 20, "packets", "most that are under way")),
    AMTG_COUNTERS([LENGTH] = {"length", "packets", "packets under way now", AMTG_GAUGE},
                  [DUPLICATED] = {"duplicated", "packets", "packets that were made to come twice"},
                  [OVERTOOK] = {"overtook", "packets", "packets that took no delay"}),
    AMTG_DROPS([LOST] = {"lost", "by the chance of `loss`"},
               [FULL] = {"full", "`limit` packets were under way"},
               [STOPPED] = {"stopped", "still under way when the graph stopped"}),
    .check = link_check,
    .keeps = link_keeps,
    .init = link_init,
    .stop = link_stop,
    .push = link_push,
};
