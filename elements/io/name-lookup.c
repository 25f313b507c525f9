/*
 * name-lookup: the addresses of hosts, as this host's own resolver knows them.
 *
 * in:  names (records `lookup`)
 * out: to each an answer (a record `addresses`): the addresses in the order of RFC 6724,
 *      section 6, or that there are none, or that nobody could say
 *
 * Timers:
 *   each question has its `timeout`, after which it has failed
 *
 *     elements:
 *       names: {class: name-lookup}
 *     edges:
 *       - gateway.lookups -> names -> gateway.addresses
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/element.h"
#include "core/table.h"
#include "elements/io/resolve.h"
#include "elements/wire/types.h"

enum { AT_ONCE_MOST = 64 };

/* A name under way: it has a process, or it has failed and waits to be answered. */
struct question {
    bool used;
    bool running;
    int error; /* errno, when there could be no process */
    char name[AMTG_HOST_NAME];
    struct amtg_resolve resolve;
    struct amtg_watch watch;
    struct amtg_timer timer;
};

struct name_lookup {
    uint8_t at_once;
    uint64_t timeout_ns;

    struct question questions[AT_ONCE_MOST];
};

enum { ASKED, REPEATED, FOUND, NONE, FAILED, TIMED_OUT, MORE, UNDER_WAY };
enum { BAD_NAME, BUSY };

/* ---- answers ------------------------------------------------------------------- */

/* The question is over; its slot is free before anything is sent on. */
static void answer(struct amtg_element *e, struct question *q, const struct amtg_resolved *found)
{
    static const unsigned counters[] = {
        [AMTG_LOOKUP_FOUND] = FOUND, [AMTG_LOOKUP_NONE] = NONE, [AMTG_LOOKUP_FAILED] = FAILED};
    unsigned count = found->count;
    struct amtg_packet *p = amtg_make(
        e, AMTG_ADDRESSES_OF,
        (uint32_t)(sizeof(struct amtg_addresses) + count * sizeof found->addresses[0]));

    q->used = false;
    e->counters[UNDER_WAY]--;
    amtg_release(e);
    amtg_count(e, counters[found->result], 1);
    amtg_count(e, MORE, found->more);
    if (!p) {
        amtg_no_buffer_count(e);
        return;
    }
    struct amtg_addresses *a = (struct amtg_addresses *)p->data;
    memcpy(a->name, q->name, sizeof a->name);
    a->result = (uint8_t)found->result;
    a->count = (uint8_t)count;
    memcpy(a->addresses, found->addresses, count * sizeof found->addresses[0]);
    amtg_emit(e, 0, p);
}

static void fail(struct amtg_element *e, struct question *q, const char *why)
{
    static const struct amtg_resolved failed = {.result = AMTG_LOOKUP_FAILED};

    amtg_log(e, AMTG_LOG_WARNING, "name-lookup", "name=%s result=failed why=\"%s\"", q->name, why);
    answer(e, q, &failed);
}

static void end_process(struct amtg_element *e, struct question *q)
{
    if (!q->running)
        return;
    amtg_watch_remove(e, &q->watch);
    amtg_resolve_end(&q->resolve);
    q->running = false;
}

static void ready(struct amtg_element *e, struct amtg_watch *w, uint32_t events)
{
    struct question *q = AMTG_CONTAINER(w, struct question, watch);
    struct amtg_resolved found;

    (void)events;
    bool whole = amtg_resolve_take(&q->resolve, &found);
    end_process(e, q);
    amtg_timer_stop(e, &q->timer);
    if (!whole) {
        fail(e, q, "its process ended without an answer");
        return;
    }
    if (found.result != AMTG_LOOKUP_FOUND)
        amtg_log(e, AMTG_LOG_WARNING, "name-lookup", "name=%s result=%s why=\"%s\"", q->name,
                 found.result == AMTG_LOOKUP_NONE ? "none" : "failed", amtg_resolved_why(&found));
    answer(e, q, &found);
}

static void over(struct amtg_element *e, struct amtg_timer *t)
{
    struct question *q = AMTG_CONTAINER(t, struct question, timer);
    bool late = q->running;

    end_process(e, q);
    amtg_count(e, TIMED_OUT, late);
    fail(e, q, late ? "no answer in time" : strerror(q->error));
}

/* ---- questions ------------------------------------------------------------------- */

static struct question *find(struct name_lookup *state, const char *name)
{
    for (unsigned i = 0; i < AT_ONCE_MOST; i++)
        if (state->questions[i].used && strcmp(state->questions[i].name, name) == 0)
            return &state->questions[i];
    return NULL;
}

static struct question *find_free(struct name_lookup *state)
{
    for (unsigned i = 0; i < state->at_once; i++)
        if (!state->questions[i].used)
            return &state->questions[i];
    return NULL;
}

/* What fails here is answered from the timer: nothing is sent on from within a push. */
static void begin(struct amtg_element *e, struct question *q, const char *name)
{
    const struct name_lookup *state = amtg_state(e);

    q->used = true;
    memcpy(q->name, name, sizeof q->name);
    q->running = amtg_resolve_start(&q->resolve, q->name);
    q->error = errno;
    if (q->running && amtg_watch_add(e, &q->watch, q->resolve.fd, EPOLLIN)) {
        q->error = errno;
        amtg_resolve_end(&q->resolve);
        q->running = false;
    }
    amtg_hold(e);
    amtg_count(e, ASKED, 1);
    e->counters[UNDER_WAY]++;
    amtg_timer_start(e, &q->timer, q->running ? state->timeout_ns : 0);
}

static bool is_sound(const struct amtg_packet *p)
{
    const struct amtg_lookup *lookup = (const void *)p->data;

    return p->len >= sizeof *lookup && memchr(lookup->name, '\0', sizeof lookup->name) &&
           amtg_host_name_is(lookup->name);
}

static void name_lookup_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct name_lookup *state = amtg_state(e);

    (void)in;
    AMTG_EACH (packet, batch) {
        const struct amtg_lookup *lookup = (const void *)packet->data;
        struct question *q;
        if (!is_sound(packet)) {
            amtg_drop(e, BAD_NAME, packet);
        } else if (find(state, lookup->name)) {
            amtg_count(e, REPEATED, 1);
            amtg_finish(e, packet);
        } else if (!(q = find_free(state))) {
            amtg_drop(e, BUSY, packet);
        } else {
            begin(e, q, lookup->name);
            amtg_finish(e, packet);
        }
    }
}

/* ---- life ------------------------------------------------------------------------- */

static enum amtg_err name_lookup_init(struct amtg_element *e)
{
    struct name_lookup *state = amtg_state(e);

    for (unsigned i = 0; i < AT_ONCE_MOST; i++) {
        state->questions[i].watch.ready = ready;
        state->questions[i].timer.fire = over;
    }
    return AMTG_OK;
}

static void name_lookup_stop(struct amtg_element *e)
{
    struct name_lookup *state = amtg_state(e);

    for (unsigned i = 0; i < AT_ONCE_MOST; i++) {
        struct question *q = &state->questions[i];
        if (!q->used)
            continue;
        end_process(e, q);
        amtg_timer_stop(e, &q->timer);
        amtg_release(e);
        q->used = false;
    }
    e->counters[UNDER_WAY] = 0;
}

const struct amtg_class amtg_name_lookup = {
    .name = "name-lookup",
    .summary = "looks up the addresses of hosts by this host's own resolver",
    .details =
        "Each name is asked by getaddrinfo, so as every program of this host does it: /etc/hosts, "
        "nsswitch.conf, search domains and DNS, A and AAAA, in the order of RFC 6724, section 6. "
        "That blocks, so it happens in a child process for each name, which ends with its answer, "
        "at `timeout`, or when the run ends; the loop never waits.\n\n"
        "A name that is under way already is not asked twice. Nothing is repeated or remembered: "
        "whoever asks does so again when it wants to, and is told of failures too.\n\n"
        "On captures, answers are responses of name servers (UDP port 53) in the file that is "
        "replayed; one response is the answer to its name, so let it hold both A and AAAA.",
    .example = "elements:\n"
               "  udp:      {class: udp-socket, bind: 0.0.0.0, port: 0}\n"
               "  messages: {class: amt-classifier}\n"
               "  gateway:  {class: amt-gateway, relay: relay.example.net, socket: udp}\n"
               "  names:    {class: name-lookup}\n"
               "  reports:  {class: pcap-source, file: reports.pcap}\n"
               "  queries:  {class: discard}\n"
               "  end:      {class: discard}\n"
               "edges:\n"
               "  - udp -> messages\n"
               "  - messages.query -> gateway.query\n"
               "  - messages.data -> gateway.data\n"
               "  - reports -> gateway.reports\n"
               "  - gateway.out -> udp\n"
               "  - gateway.lookups -> names -> gateway.addresses\n"
               "  - gateway.queries -> queries\n"
               "  - gateway.data -> end\n",
    .flags = AMTG_HOST | AMTG_BREAKS,
    .state_octets = sizeof(struct name_lookup),
    AMTG_INPUTS({.name = "in", .type = AMTG_LOOKUP, .help = "names"}),
    AMTG_OUTPUTS({.name = "out", .type = AMTG_ADDRESSES_OF, .help = "an answer to each"}),
    AMTG_PARAMS(AMTG_U8(struct name_lookup, at_once, "16", 1, AT_ONCE_MOST, "names",
                        "names that may be under way at a time, each in a process of its own"),
                AMTG_DURATION(struct name_lookup, timeout_ns, "30s", AMTG_MS, 3600 * AMTG_S,
                              "how long the resolver may take")),
    AMTG_COUNTERS([ASKED] = {"asked", "names", "names that the resolver was asked for"},
                  [REPEATED] = {"repeated", "names", "asked for while they were under way"},
                  [FOUND] = {"found", "names", "answers with an address"},
                  [NONE] = {"none", "names", "answers that there is no such host, or no address"},
                  [FAILED] = {"failed", "names", "nobody could say, or not in time"},
                  [TIMED_OUT] = {"timed-out", "names", "of these: not within `timeout`"},
                  [MORE] = {"more", "addresses", "left out: an answer holds 16"},
                  [UNDER_WAY] = {"under-way", "names", "being looked up", AMTG_GAUGE}),
    AMTG_DROPS([BAD_NAME] = {"bad-name", "it is not written as a host name"},
               [BUSY] = {"busy", "`at-once` names were under way"}),
    .init = name_lookup_init,
    .stop = name_lookup_stop,
    .push = name_lookup_push,
};
