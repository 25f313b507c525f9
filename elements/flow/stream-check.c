/*
 * stream-check: reads the numbers and time stamps of a generator's packets, and says
 * what became of them: received, lost, duplicated, reordered, and how long they took.
 * At stop it prints a verdict, and a negative one makes `amtgraph run` fail.
 *
 *     elements:
 *       sent:  {class: generator, source: 192.0.2.1, group: 232.1.1.1}
 *       check: {class: stream-check, source: sent, progress: 1s}
 *     edges:
 *       - unwrap -> check
 *
 * The numbers received last are remembered in a ring of bits, one for each number of
 * the window that ends with the highest:
 *
 *     ... | known no more | highest-window+1 ......... highest |
 *           counted lost    bit set: received; else lost so far
 *
 * Timers:
 *   progress  every `progress`: a line with the figures
 *   ending    with `ends`, every ENDING_NS: has all come, or been silent for long enough?
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elements/flow/numbered.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"

#define ENDING_NS (20 * AMTG_MS)

enum report { TO_STDOUT, TO_STDERR, TO_NOBODY };
static const char *const reports[] = {"stdout", "stderr", "none", NULL};

struct stream_check {
    struct amtg_element *source;
    uint64_t may_lose, least;
    uint32_t window;
    uint64_t progress_ns, silence_ns;
    int report;
    bool latency, ends;

    uint8_t *ring; /* a bit for number n at n % window */
    bool begun;
    uint64_t first, highest;
    uint64_t last_ns;    /* when the last packet came */
    uint64_t least_ns, most_ns, sum_ns;
    struct amtg_timer timer;
    struct amtg_timer ending;
    uint64_t done_ns; /* when the source was first seen to have sent its last; 0: not yet */
};

enum { OUT };
enum { RECEIVED, LOST, DUPLICATED, REORDERED, STALE, LATENCY_LEAST, LATENCY_MEAN, LATENCY_MOST };
enum { NOT_NUMBERED, CHANGED };

/* ---- the ring ----------------------------------------------------------- */

static bool known(const struct stream_check *s, uint64_t number)
{
    uint64_t bit = number % s->window;
    return s->ring[bit / 8] >> bit % 8 & 1;
}

static void note(struct stream_check *s, uint64_t number, bool received)
{
    uint64_t bit = number % s->window;

    if (received)
        s->ring[bit / 8] |= (uint8_t)(1 << bit % 8);
    else
        s->ring[bit / 8] &= (uint8_t)~(1 << bit % 8);
}

/* A number above all others: those that it leaps over are lost unless they still come. */
static void advance(struct amtg_element *e, uint64_t number)
{
    struct stream_check *s = amtg_state(e);
    uint64_t leap = number - s->highest;

    if (leap >= s->window)
        memset(s->ring, 0, s->window / 8);
    else
        for (uint64_t n = s->highest + 1; n < number; n++)
            note(s, n, false);
    note(s, number, true);
    amtg_count(e, LOST, leap - 1);
    s->highest = number;
}

static void begin(struct stream_check *s, uint64_t number)
{
    s->begun = true;
    s->first = s->highest = number;
    memset(s->ring, 0, s->window / 8);
    note(s, number, true);
}

/* What is older than the first or than the window cannot be told from what was seen before. */
static void number_came(struct amtg_element *e, uint64_t number)
{
    struct stream_check *s = amtg_state(e);

    if (!s->begun) {
        begin(s, number);
    } else if (number > s->highest) {
        advance(e, number);
    } else if (number < s->first || s->highest - number >= s->window) {
        amtg_count(e, STALE, 1);
        return;
    } else if (known(s, number)) {
        amtg_count(e, DUPLICATED, 1);
        return;
    } else {
        note(s, number, true);
        amtg_count(e, REORDERED, 1);
        e->counters[LOST]--;
    }
    amtg_count(e, RECEIVED, 1);
}

/* ---- packets ------------------------------------------------------------ */

static void time_came(struct amtg_element *e, uint64_t made_ns)
{
    struct stream_check *s = amtg_state(e);
    uint64_t now = amtg_now(e), took = now > made_ns ? now - made_ns : 0;

    s->last_ns = now;
    if (!s->latency)
        return;
    if (took < s->least_ns)
        s->least_ns = took;
    if (took > s->most_ns)
        s->most_ns = took;
    s->sum_ns += took;
    uint64_t count = e->counters[RECEIVED] + e->counters[DUPLICATED] + e->counters[STALE];
    amtg_gauge(e, LATENCY_LEAST, s->least_ns);
    amtg_gauge(e, LATENCY_MEAN, s->sum_ns / count);
    amtg_gauge(e, LATENCY_MOST, s->most_ns);
}

/* The payload of UDP in IP; of anything else, all of it. */
static enum amtg_numbered_fault read_packet(const struct amtg_packet *p,
                                            struct amtg_numbered *numbered)
{
    struct amtg_ip ip;
    struct amtg_udp udp;

    if (!amtg_type_is(p->type, AMTG_IP_RAW))
        return amtg_numbered_read(p->data, p->len, numbered);
    if (amtg_ip_parse(p->data, p->len, &ip) || amtg_udp_parse(p->data, &ip, true, &udp))
        return AMTG_NUMBERED_FOREIGN;
    return amtg_numbered_read(p->data + udp.payload, udp.payload_octets, numbered);
}

static void stream_check_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch) {
        struct amtg_numbered numbered;
        enum amtg_numbered_fault fault = read_packet(packet, &numbered);
        if (fault) {
            amtg_drop(e, fault == AMTG_NUMBERED_FOREIGN ? NOT_NUMBERED : CHANGED, packet);
            continue;
        }
        number_came(e, numbered.number);
        time_came(e, numbered.time_ns);
        if (e->outs[OUT].peer)
            amtg_emit(e, OUT, packet);
        else
            amtg_finish(e, packet);
    }
}

/* ---- words -------------------------------------------------------------- */

static uint64_t sent_by_source(const struct stream_check *s)
{
    const struct amtg_numbered_source_ops *ops = amtg_ops(s->source, &amtg_numbered_source);
    return ops->sent(s->source);
}

/*
 * Numbers behind the highest: they are under way for as long as packets have come lately,
 * and lost once the stream has been silent for `silence`.
 */
static uint64_t lost_at_the_end(const struct amtg_element *e)
{
    const struct stream_check *s = amtg_state(e);

    if (!s->source || !s->begun || amtg_now(e) - s->last_ns < s->silence_ns)
        return 0;
    uint64_t sent = sent_by_source(s);
    return sent > s->highest + 1 ? sent - s->highest - 1 : 0;
}

static void print_figures(const struct amtg_element *e, FILE *out)
{
    const struct stream_check *s = amtg_state(e);

    if (s->source)
        fprintf(out, "sent %" PRIu64 ", ", sent_by_source(s));
    fprintf(out, "received %" PRIu64 ", lost %" PRIu64 ", duplicated %" PRIu64
            ", reordered %" PRIu64, e->counters[RECEIVED], e->counters[LOST] + lost_at_the_end(e),
            e->counters[DUPLICATED], e->counters[REORDERED]);
    if (e->counters[STALE])
        fprintf(out, ", stale %" PRIu64, e->counters[STALE]);
    if (e->drops[NOT_NUMBERED] + e->drops[CHANGED])
        fprintf(out, ", wrong %" PRIu64, e->drops[NOT_NUMBERED] + e->drops[CHANGED]);
    if (s->begun && s->first)
        fprintf(out, ", first number %" PRIu64, s->first);
    if (s->begun && s->latency)
        fprintf(out, ", latency least/mean/most %.3f/%.3f/%.3f ms",
                (double)e->counters[LATENCY_LEAST] / (double)AMTG_MS,
                (double)e->counters[LATENCY_MEAN] / (double)AMTG_MS,
                (double)e->counters[LATENCY_MOST] / (double)AMTG_MS);
    fputc('\n', out);
    fflush(out);
}

static FILE *output_of(const struct stream_check *s)
{
    return s->report == TO_STDOUT ? stdout : s->report == TO_STDERR ? stderr : NULL;
}

static void progress_due(struct amtg_element *e, struct amtg_timer *t)
{
    const struct stream_check *s = amtg_state(e);
    FILE *out = output_of(s);

    if (out) {
        fprintf(out, "%s: %.1f s: ", e->name, (double)amtg_now(e) / (double)AMTG_S);
        print_figures(e, out);
    }
    amtg_timer_start(e, t, s->progress_ns);
}

static void judge(struct amtg_element *e)
{
    const struct stream_check *s = amtg_state(e);
    uint64_t received = e->counters[RECEIVED], lost = e->counters[LOST] + lost_at_the_end(e);
    uint64_t changed = e->drops[CHANGED];
    FILE *out = output_of(s);
    bool good = received >= s->least && lost <= s->may_lose && !changed;

    if (out) {
        fprintf(out, "%s: verdict %s: ", e->name, good ? "good" : "bad");
        print_figures(e, out);
    }
    amtg_verdict(e, good, "received %" PRIu64 " (at least %" PRIu64 "), lost %" PRIu64
                 " (at most %" PRIu64 "), changed %" PRIu64 " (none)",
                 received, s->least, lost, s->may_lose, changed);
}

/* ---- the end ------------------------------------------------------------ */

/* All numbers from the first to the last that was sent are there, or nothing comes any more. */
static bool is_over(const struct amtg_element *e)
{
    const struct stream_check *s = amtg_state(e);
    uint64_t since = s->last_ns > s->done_ns ? s->last_ns : s->done_ns;

    if (s->begun && s->highest + 1 == sent_by_source(s) && !e->counters[LOST])
        return true;
    return amtg_now(e) - since >= s->silence_ns;
}

static void ending_due(struct amtg_element *e, struct amtg_timer *t)
{
    struct stream_check *s = amtg_state(e);
    const struct amtg_numbered_source_ops *ops = amtg_ops(s->source, &amtg_numbered_source);

    if (!s->done_ns && ops->done(s->source))
        s->done_ns = amtg_now(e);
    if (s->done_ns && is_over(e))
        amtg_end(e);
    else
        amtg_timer_start(e, t, ENDING_NS);
}

/* ---- life --------------------------------------------------------------- */

static enum amtg_err stream_check_init(struct amtg_element *e)
{
    struct stream_check *s = amtg_state(e);

    if (s->ends && !s->source)
        return amtg_fail(e, AMTG_ECONFIG, "`ends` needs `source`, to know how many there are");
    s->window = (s->window + 7) / 8 * 8;
    s->ring = calloc(s->window / 8, 1);
    s->least_ns = UINT64_MAX;
    s->timer.fire = progress_due;
    s->ending.fire = ending_due;
    return s->ring ? AMTG_OK : AMTG_ENOMEM;
}

static enum amtg_err stream_check_start(struct amtg_element *e)
{
    struct stream_check *s = amtg_state(e);

    if (s->progress_ns)
        amtg_timer_start(e, &s->timer, s->progress_ns);
    if (s->ends)
        amtg_timer_start(e, &s->ending, ENDING_NS);
    return AMTG_OK;
}

static void stream_check_stop(struct amtg_element *e)
{
    struct stream_check *s = amtg_state(e);

    amtg_timer_stop(e, &s->timer);
    amtg_timer_stop(e, &s->ending);
    judge(e);
}

static void stream_check_fini(struct amtg_element *e)
{
    struct stream_check *s = amtg_state(e);
    free(s->ring);
}

const struct amtg_class amtg_stream_check = {
    .name = "stream-check",
    .summary = "judges what has become of a generator's packets",
    .details =
        "Takes UDP in IP packets, or payloads. Counting begins with the first number that comes. "
        "A number that is leapt over is lost, unless it comes while it is still among the last "
        "`window` numbers: then it is reordered. With `source`, numbers behind the highest are "
        "lost, too, when nothing has come for `silence`; before that they are under way.\n\n"
        "At stop the verdict is printed. It is good when at least `least` packets came, no more "
        "than `may-lose` were lost, and none was changed; else `amtgraph run` ends with exit "
        "code 1. Packets that came twice or late do not matter to it.\n\n"
        "With `ends` the run is over as soon as all that the source had to send has come, or "
        "nothing more has for `silence`. The source's `count` says how many that is.\n\n"
        "Latency is measured by the clock of the run, so it has a meaning only where the generator "
        "is in the same run.",
    .example = "elements:\n"
               "  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1, count: 1000}\n"
               "  path:   {class: link, delay: 20ms}\n"
               "  check:  {class: stream-check, source: source, least: 1000}\n"
               "edges:\n"
               "  - source -> path -> check\n",
    .flags = AMTG_SINGLE,
    .state_octets = sizeof(struct stream_check),
    AMTG_INPUTS({.name = "in", .type = AMTG_PACKET, .help = "UDP in IP, or payloads"}),
    AMTG_OUTPUTS([OUT] = {.name = "out",
                          .type = AMTG_PACKET,
                          .help = "the numbered ones, unchanged; open: they end here",
                          .flags = AMTG_CARRIES_TYPE | AMTG_CARRIES_TO | AMTG_MAY_BE_OPEN}),
    AMTG_PARAMS(
        AMTG_REF(struct stream_check, source, &amtg_numbered_source, false,
                 "the generator, when it is in this graph: to know how many it sent"),
        AMTG_U64(struct stream_check, may_lose, "0", 0, UINT64_MAX, "packets",
                 "lost ones that a good verdict allows"),
        AMTG_U64(struct stream_check, least, "1", 0, UINT64_MAX, "packets",
                 "received ones that a good verdict demands"),
        AMTG_U32(struct stream_check, window, "4096", 8, 1 << 24, "packets",
                 "how far behind the highest number a late one is still told from a second one"),
        AMTG_DURATION(struct stream_check, silence_ns, "1s", 0, 3600 * AMTG_S,
                      "what was sent is lost, not under way, when nothing has come for so long"),
        AMTG_DURATION(struct stream_check, progress_ns, "0s", 0, 24 * 3600 * AMTG_S,
                      "time between lines that say how it goes; 0s: none"),
        AMTG_ENUM(struct stream_check, report, "stdout", reports,
                  "where the verdict and these lines are printed"),
        AMTG_BOOL(struct stream_check, ends, "no", "end the run once the source's last has come"),
        AMTG_BOOL(struct stream_check, latency, "yes", "measure how long packets took")),
    AMTG_COUNTERS(
        [RECEIVED] = {"received", "packets", "packets received, each number once"},
        [LOST] = {"lost", "packets", "leapt over and not come yet", AMTG_GAUGE},
        [DUPLICATED] = {"duplicated", "packets", "packets whose number had come already"},
        [REORDERED] = {"reordered", "packets", "packets that came after a higher number"},
        [STALE] = {"stale", "packets", "numbers before the first one or before the window"},
        [LATENCY_LEAST] = {"latency-least", "ns", "shortest way", AMTG_GAUGE},
        [LATENCY_MEAN] = {"latency-mean", "ns", "mean way", AMTG_GAUGE},
        [LATENCY_MOST] = {"latency-most", "ns", "longest way", AMTG_GAUGE}),
    AMTG_DROPS([NOT_NUMBERED] = {"not-numbered", "no packet of a generator"},
               [CHANGED] = {"changed", "the filling is not as the generator wrote it"}),
    .init = stream_check_init,
    .start = stream_check_start,
    .stop = stream_check_stop,
    .fini = stream_check_fini,
    .push = stream_check_push,
};
