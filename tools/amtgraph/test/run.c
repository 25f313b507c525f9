#include "tools/amtgraph/test/run.h"

#include <string.h>

#include "elements/wire/match.h"
#include "tools/amtgraph/test/counter.h"
#include "tools/amtgraph/test/show.h"
#include "tools/amtgraph/test/step.h"
#include "tools/amtgraph/test/world.h"

enum { WHY = 512 };

struct run {
    const struct test *test;
    const struct amtg_graph *graph;
    struct amtg_diag *diag;
    FILE *detail;
    struct test_world *world;
    struct test_reading reading;
    bool stopped;
};

/* At a place in the file: what does not hold. expected: NULL when the words say it. Returns false.
 */
static bool fail(struct run *run, struct amtg_mark mark, const char *expected, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static bool fail(struct run *run, struct amtg_mark mark, const char *expected, const char *fmt, ...)
{
    char words[WHY];
    va_list args;

    va_start(args, fmt);
    vsnprintf(words, sizeof words, fmt, args);
    va_end(args);
    amtg_diag_add(run->diag, AMTG_PROBLEM, mark, NULL, expected, NULL, "%s", words);
    return false;
}

/* ---- send ------------------------------------------------------------------- */

/* As if a gateway talked to a relay, as far as nothing else is said. */
static struct amtg_peer peer_of(const struct test_step *s)
{
    enum { RELAY_PORT = 2268 };
    bool ip6 = (s->from.said && !amtg_addr_is4(&s->from.addr)) ||
               (s->to.said && !amtg_addr_is4(&s->to.addr));
    struct amtg_peer peer = {.remote = s->from.addr,
                             .local = s->to.addr,
                             .remote_port = s->from.port_said ? s->from.port : TEST_SENDER_PORT,
                             .local_port = s->to.port_said ? s->to.port : RELAY_PORT};

    if (!s->from.said)
        test_sender(ip6, &peer.remote);
    if (!s->to.said)
        amtg_addr_parse(ip6 ? "2001:db8::1" : "192.0.2.1", &peer.local);
    return peer;
}

static bool send_packet(struct run *run, const struct test_step *s)
{
    struct amtg_peer peer = peer_of(s);
    char why[WHY];

    for (uint32_t i = 0; i < s->count; i++) {
        bool good;
        if (s->pcap) {
            const char *file = run->reading.file->path, *slash = strrchr(file, '/');
            bool relative = *s->pcap->text != '/' && slash;
            const char *path =
                amtg_arena_printf(run->reading.writing.arena, "%.*s%s",
                                  relative ? (int)(slash + 1 - file) : 0, file, s->pcap->text);
            good = test_world_replay(run->world, &s->place, path, why, sizeof why);
        } else {
            good = test_world_send(run->world, &s->place, s->first, s->octets, s->len, &peer, why,
                                   sizeof why);
        }
        if (!good)
            return fail(run, s->value->mark, NULL, "%s", why);
    }
    return true;
}

/* ---- expect ----------------------------------------------------------------- */

static bool end_differs(const struct test_end *end, const struct amtg_addr *addr, uint16_t port)
{
    return end->said &&
           (!amtg_addr_equal(&end->addr, addr) || (end->port_said && end->port != port));
}

/* Says that an end is another one; quiet: only tells. */
static bool match_end(struct run *run, const char *what, const struct test_end *end,
                      const struct amtg_addr *addr, uint16_t port, bool quiet)
{
    char is[TEST_END_TEXT], expected[TEST_END_TEXT];

    if (!end_differs(end, addr, port))
        return true;
    if (!quiet)
        fail(run, end->mark, test_show_end(&end->addr, end->port_said ? end->port : port, expected),
             "it goes %s %s", what, test_show_end(addr, port, is));
    return false;
}

static bool match_ends(struct run *run, const struct test_step *s, const struct test_seen *seen,
                       bool quiet)
{
    const struct amtg_peer *p = &seen->peer;
    bool out = seen->outward;

    if (!seen->has_peer && (s->from.said || s->to.said)) {
        if (!quiet)
            fail(run, s->from.said ? s->from.mark : s->to.mark, NULL,
                 "what passes here has no `from` and `to`");
        return false;
    }
    bool from = match_end(run, "from", &s->from, out ? &p->local : &p->remote,
                          out ? p->local_port : p->remote_port, quiet);
    return match_end(run, "to", &s->to, out ? &p->remote : &p->local,
                     out ? p->remote_port : p->local_port, quiet) &&
           from;
}

static bool match_hex(struct run *run, const struct test_step *s, const struct test_seen *seen,
                      bool quiet)
{
    if (s->len == seen->len && memcmp(s->octets, seen->octets, s->len) == 0)
        return true;
    if (quiet)
        return false;
    fputs("  octets; + is there, - was expected:\n", run->detail);
    test_show_octets(seen->octets, seen->len, s->octets, s->len, run->detail);
    return fail(run, s->hex->mark, NULL, "its octets differ");
}

static void say_mismatches(struct run *run, const struct amtg_matching *m)
{
    for (unsigned i = 0; i < m->count; i++) {
        const struct amtg_mismatch *d = &m->mismatches[i];
        const char *is = d->is && *d->is ? d->is : "not like this";
        if (d->is)
            fail(run, d->mark, d->expected, "%s is %s", d->name, is);
        else
            fail(run, d->mark, d->expected, "there is no %s", d->name);
    }
}

/* Is it the packet? Unless quiet, all that differs is said, and the packet shown. */
static bool is_it(struct run *run, const struct test_step *s, const struct test_seen *seen,
                  bool quiet)
{
    struct amtg_dissection d;
    struct amtg_matching m = {0};

    if (!quiet) {
        fputs("  what came ", run->detail);
        test_show_head(run->graph, &s->place, seen, run->detail);
        fputs(":\n", run->detail);
    }
    bool good = match_ends(run, s, seen, quiet);
    if (s->hex)
        good = match_hex(run, s, seen, quiet) && good;
    amtg_dissect(&d, amtg_layer_first(seen->type, seen->octets, seen->len), seen->octets,
                 seen->len);
    if (s->packet)
        good = amtg_match(&run->reading.writing, &s->written, &d, &m) && good;
    if (!quiet) {
        say_mismatches(run, &m);
        test_show_parts(&d, &m, run->detail);
    }
    amtg_dissection_free(&d);
    return good;
}

static bool save(struct run *run, const struct test_step *s, const struct test_seen *seen)
{
    struct amtg_arena *arena = run->reading.writing.arena;
    const struct amtg_peer *p = &seen->peer;
    struct amtg_dissection d;
    char end[TEST_END_TEXT];
    bool good = true;

    amtg_dissect(&d, amtg_layer_first(seen->type, seen->octets, seen->len), seen->octets,
                 seen->len);
    for (const struct amtg_yaml *y = s->save ? s->save->first : NULL; y; y = y->next) {
        bool remote = strcmp(y->text, seen->outward ? "to" : "from") == 0;
        const struct amtg_part *part = amtg_match_find(&d, y->text);
        if (strcmp(y->text, "from") == 0 || strcmp(y->text, "to") == 0)
            test_value_save(
                &run->reading, y->key,
                amtg_arena_text(arena, remote ? test_show_end(&p->remote, p->remote_port, end)
                                              : test_show_end(&p->local, p->local_port, end)));
        else if (part)
            test_value_save(&run->reading, y->key, amtg_match_words(&d, part, arena, false));
        else
            good = fail(run, y->mark, NULL, "the packet has no %s to save", y->text);
    }
    amtg_dissection_free(&d);
    return good;
}

/* None came, or not enough of them. skipped: the last that was another one; NULL: none was. */
static bool fail_none(struct run *run, const struct test_step *s, uint32_t came,
                      const struct test_seen *skipped)
{
    double now = (double)test_world_now(run->world) / (double)AMTG_S;

    if (skipped)
        is_it(run, s, skipped, false);
    if (came)
        fail(run, s->value->mark, NULL, "%u came until %g s, not %u", came, now, s->count);
    else if (skipped)
        fail(run, s->value->mark, NULL, "none of what came until %g s is this; the last is shown",
             now);
    else
        fail(run, s->value->mark, NULL, "nothing came until %g s", now);
    return false;
}

static bool expect(struct run *run, const struct test_step *s)
{
    uint64_t until = test_world_now(run->world) + s->ns;

    for (uint32_t i = 0; i < s->count; i++) {
        const struct test_seen *skipped = NULL;
        struct test_seen *seen;
        while ((seen = test_world_next(run->world, &s->place, until))) {
            test_world_take(&s->place, seen);
            if (is_it(run, s, seen, true))
                break;
            skipped = seen;
            if (!s->skip_others) {
                fail(run, s->value->mark, NULL, "another packet came");
                return is_it(run, s, seen, false);
            }
        }
        if (!seen)
            return fail_none(run, s, i, skipped);
        if (!save(run, s, seen))
            return false;
    }
    return true;
}

static bool nothing(struct run *run, const struct test_step *s)
{
    struct test_seen *seen =
        test_world_next(run->world, &s->place, test_world_now(run->world) + s->ns);

    if (!seen)
        return true;
    fail(run, s->value->mark, "nothing", "something came");
    is_it(run, s, seen, false);
    return false;
}

/* ---- a test ----------------------------------------------------------------- */

static bool stop(struct run *run, struct amtg_mark mark)
{
    char why[WHY];

    run->stopped = true;
    if (!test_world_stop(run->world, why, sizeof why))
        return fail(run, mark, NULL, "%s", why);
    const char *verdict = test_world_verdict(run->world);
    if (verdict && !run->test->bad_verdict)
        return fail(run, mark, NULL, "negative verdict: %s", verdict);
    return verdict || !run->test->bad_verdict ||
           fail(run, mark, NULL, "the verdict is good, and a bad one was expected");
}

static bool counters(struct run *run, const struct test_step *s)
{
    return test_counters_hold(&run->reading, s->value, s->verb == TEST_DROPS,
                              test_world_runtime(run->world));
}

static bool after(struct run *run, const struct test_step *s)
{
    char why[WHY];

    return test_world_pass(run->world, s->ns, why, sizeof why) ||
           fail(run, s->mark, NULL, "%s", why);
}

static bool step(struct run *run, const struct test_step *s)
{
    if (run->stopped && (s->verb == TEST_SEND || s->verb == TEST_AFTER))
        return fail(run, s->mark, NULL, "the graph has been stopped");
    switch (s->verb) {
    case TEST_SEND:
        return send_packet(run, s);
    case TEST_EXPECT:
        return expect(run, s);
    case TEST_NOTHING:
        return nothing(run, s);
    case TEST_AFTER:
        return after(run, s);
    case TEST_COUNTERS:
        return counters(run, s);
    case TEST_DROPS:
        return counters(run, s);
    case TEST_STOP:
        return stop(run, s->mark);
    }
    return false;
}

/* Keep what passes where the test will look, and join what it wires. */
static void prepare(struct run *run)
{
    struct amtg_diag *quiet = amtg_diag_new(); /* all was checked before */
    struct test_reading look;
    struct test_step s;
    unsigned ends[2];

    test_reading_init(&look, run->reading.file, run->graph, quiet, run->reading.writing.arena);
    for (const struct amtg_yaml *y = run->test->steps->first; y; y = y->next) {
        test_step_read(&look, y, &s);
        if (s.place.name && (s.verb == TEST_EXPECT || s.verb == TEST_NOTHING))
            test_world_watch(run->world, &s.place);
    }
    for (const struct amtg_yaml *y = run->test->wires ? run->test->wires->first : NULL; y;
         y = y->next)
        if (test_wire_read(&look, y, ends))
            test_world_wire(run->world, ends);
    amtg_diag_free(quiet);
}

static bool steps(struct run *run)
{
    char why[WHY];

    if (!test_world_start(run->world, why, sizeof why))
        return fail(run, run->test->mark, NULL, "%s", why);
    for (const struct amtg_yaml *y = run->test->steps->first; y; y = y->next) {
        struct test_step s;
        if (!test_step_read(&run->reading, y, &s) || !step(run, &s))
            return false;
    }
    return stop(run, run->test->mark);
}

bool test_run(const struct test_file *f, const struct test *test, const struct amtg_graph *g,
              struct amtg_diag *diag, FILE *detail)
{
    struct amtg_arena *arena = amtg_arena_new();
    struct run run = {.test = test, .graph = g, .diag = diag, .detail = detail};
    char why[WHY];
    bool good = false;

    test_reading_init(&run.reading, f, g, diag, arena);
    run.world = test_world_new(g, test->seed, why, sizeof why);
    if (run.world) {
        prepare(&run);
        good = steps(&run);
    } else {
        fail(&run, test->mark, NULL, "%s", why);
    }
    test_world_free(run.world);
    amtg_arena_free(arena);
    return good;
}
