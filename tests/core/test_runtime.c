/*
 * A running graph: batches are pushed on in order, start and stop are mirrored,
 * failures are named, randomness can be repeated.
 */
#include "tests/support/suite.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/runtime.h"

static char trace[256];

static void note(const char *what, const char *name)
{
    strncat(trace, what, sizeof trace - strlen(trace) - 1);
    strncat(trace, name, sizeof trace - strlen(trace) - 1);
    strncat(trace, " ", sizeof trace - strlen(trace) - 1);
}

static enum amtg_err trace_init(struct amtg_element *e)
{
    note("init:", e->name);
    return AMTG_OK;
}

static enum amtg_err trace_start(struct amtg_element *e)
{
    note("start:", e->name);
    return AMTG_OK;
}

static void trace_stop(struct amtg_element *e)
{
    note("stop:", e->name);
}

static void trace_fini(struct amtg_element *e)
{
    note("fini:", e->name);
}

/* ---- classes of this test ----------------------------------------------- */

struct numbers {
    uint32_t count;
    struct amtg_task task;
};

static void numbers_run(struct amtg_element *e, struct amtg_task *t)
{
    struct numbers *state = amtg_state(e);

    (void)t;
    for (uint32_t i = 0; i < state->count; i++) {
        struct amtg_packet *p = amtg_make(e, AMTG_PACKET, 1);
        p->data[0] = (uint8_t)i;
        amtg_emit(e, 0, p);
    }
    amtg_release(e);
}

static enum amtg_err numbers_start(struct amtg_element *e)
{
    struct numbers *state = amtg_state(e);

    state->task.run = numbers_run;
    amtg_hold(e);
    amtg_task_post(e, &state->task);
    return trace_start(e);
}

static const struct amtg_class numbers = {
    .name = "numbers", .summary = "numbered packets", .state_octets = sizeof(struct numbers),
    AMTG_OUTPUTS([0] = {"out", AMTG_PACKET, "numbered", 0}),
    AMTG_PARAMS(AMTG_U32(struct numbers, count, "3", 0, 200, "packets", "how many")),
    .init = trace_init, .start = numbers_start, .stop = trace_stop, .fini = trace_fini};

/* Even packets by one output, odd ones by the other. */
static void split_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (p, batch)
        amtg_emit(e, p->data[0] & 1, p);
}

static const struct amtg_class split = {
    .name = "split", .summary = "even and odd", AMTG_INPUTS([0] = {"in", AMTG_PACKET, "x", 0}),
    AMTG_OUTPUTS([0] = {"even", AMTG_PACKET, "x", AMTG_MAY_BE_OPEN},
                 [1] = {"odd", AMTG_PACKET, "x", AMTG_MAY_BE_OPEN}),
    .init = trace_init, .start = trace_start, .stop = trace_stop, .fini = trace_fini,
    .push = split_push};

static const struct amtg_class ordered = {
    .name = "ordered", .summary = "even and odd, in order", .flags = AMTG_ORDERED,
    AMTG_INPUTS([0] = {"in", AMTG_PACKET, "x", 0}),
    AMTG_OUTPUTS([0] = {"even", AMTG_PACKET, "x", 0}, [1] = {"odd", AMTG_PACKET, "x", 0}),
    .push = split_push};

static uint8_t seen[256];
static unsigned seen_count;

static void sink_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (p, batch) {
        seen[seen_count++] = p->data[0];
        amtg_finish(e, p);
    }
}

static const struct amtg_class sink = {
    .name = "sink", .summary = "remembers", AMTG_INPUTS([0] = {"in", AMTG_PACKET, "x", 0}),
    .init = trace_init, .start = trace_start, .stop = trace_stop, .fini = trace_fini,
    .push = sink_push};

static enum amtg_err refuse(struct amtg_element *e)
{
    return amtg_fail(e, AMTG_EPRIVILEGE, "needs %s", "CAP_NET_RAW");
}

static const struct amtg_class refusing = {
    .name = "refusing", .summary = "cannot start",
    AMTG_INPUTS([0] = {"in", AMTG_PACKET, "x", 0}), .push = sink_push, .start = refuse};

/* Says that it breaks cycles, and does not. */
static void lying_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (p, batch)
        amtg_emit(e, 0, p);
}

static const struct amtg_class lying = {
    .name = "lying", .summary = "breaks no cycle", .flags = AMTG_BREAKS,
    AMTG_INPUTS([0] = {"in", AMTG_PACKET, "x", 0}),
    AMTG_OUTPUTS([0] = {"out", AMTG_PACKET, "x", 0}), .push = lying_push};

static const struct amtg_class *const classes[] = {&numbers,  &split, &ordered, &sink,
                                                   &refusing, &lying, NULL};

/* ---- helpers ------------------------------------------------------------ */

static struct amtg_graph *graph;

static struct amtg_runtime *make(const char *text, const uint8_t *seed)
{
    struct amtg_graph_options graph_options = {.classes = classes};
    struct amtg_runtime_options options = {.clock = AMTG_CLOCK_VIRTUAL, .seed = seed};
    struct amtg_diag *diag = amtg_diag_new();
    enum amtg_err err;
    char why[256];

    memset(trace, 0, sizeof trace);
    seen_count = 0;
    graph = amtg_graph_parse("test", text, strlen(text), &graph_options, diag);
    amtg_diag_print(diag, stderr, false);
    ck_assert_ptr_nonnull(graph);
    amtg_diag_free(diag);
    struct amtg_runtime *rt = amtg_runtime_new(graph, &options, &err, why, sizeof why);
    ck_assert_msg(rt != NULL, "%s", why);
    return rt;
}

static void run(struct amtg_runtime *rt)
{
    char why[256];

    ck_assert_int_eq(amtg_runtime_start(rt, why, sizeof why), AMTG_OK);
    ck_assert_int_eq(amtg_runtime_run(rt, UINT64_MAX, why, sizeof why), AMTG_OK);
}

static void end(struct amtg_runtime *rt)
{
    amtg_runtime_free(rt);
    amtg_graph_free(graph);
}

/* ---- tests -------------------------------------------------------------- */

START_TEST(what_feeds_starts_last_and_stops_first)
{
    struct amtg_runtime *rt = make("amtgraph: 1\nelements:\n  a: {class: numbers}\n"
                                   "  s: {class: split}\n  z: {class: sink}\n"
                                   "edges:\n  - a -> s\n  - s.even -> z\n  - s.odd -> z\n", NULL);
    run(rt);
    amtg_runtime_stop(rt);
    amtg_runtime_stop(rt);
    end(rt);
    ck_assert_str_eq(trace, "init:z init:s init:a start:z start:s start:a "
                            "stop:a stop:s stop:z fini:a fini:s fini:z ");
}
END_TEST

START_TEST(side_outputs_are_collected_and_ordered_ones_keep_their_order)
{
    struct amtg_runtime *rt = make("amtgraph: 1\nelements:\n  a: {class: numbers, count: 6}\n"
                                   "  s: {class: split}\n  z: {class: sink}\n"
                                   "edges:\n  - a -> s\n  - s.even -> z\n  - s.odd -> z\n", NULL);
    static const uint8_t collected[] = {0, 2, 4, 1, 3, 5}, in_order[] = {0, 1, 2, 3, 4, 5};

    run(rt);
    ck_assert_uint_eq(seen_count, 6);
    ck_assert_mem_eq(seen, collected, 6);
    end(rt);
    rt = make("amtgraph: 1\nelements:\n  a: {class: numbers, count: 6}\n"
              "  s: {class: ordered}\n  z: {class: sink}\n"
              "edges:\n  - a -> s\n  - s.even -> z\n  - s.odd -> z\n", NULL);
    run(rt);
    ck_assert_uint_eq(seen_count, 6);
    ck_assert_mem_eq(seen, in_order, 6);
    end(rt);
}
END_TEST

START_TEST(more_than_a_batch_passes_and_open_outputs_are_counted)
{
    struct amtg_runtime *rt = make("amtgraph: 1\nelements:\n  a: {class: numbers, count: 200}\n"
                                   "  s: {class: split}\n  z: {class: sink}\n"
                                   "edges:\n  - a -> s\n  - s.even -> z\n", NULL);
    run(rt);
    struct amtg_element *s = amtg_runtime_find(rt, "s");
    ck_assert_uint_eq(seen_count, 100);
    ck_assert_uint_eq(s->taken, 200);
    ck_assert_uint_eq(s->outs[0].packets, 100);
    ck_assert_uint_eq(s->outs[0].octets, 100);
    ck_assert_uint_eq(s->drops[1], 100); /* `open` comes after the class's own reasons and no-buffer */
    ck_assert_uint_eq(amtg_pool_stats(amtg_runtime_pool(rt)).packets, 0);
    end(rt);
}
END_TEST

START_TEST(who_cannot_start_is_named_and_the_others_stop_again)
{
    struct amtg_runtime *rt = make("amtgraph: 1\nelements:\n  a: {class: numbers}\n"
                                   "  s: {class: split}\n  z: {class: sink}\n"
                                   "  r: {class: refusing}\n"
                                   "edges:\n  - a -> s\n  - s.even -> z\n  - s.odd -> r\n", NULL);
    char why[256];

    ck_assert_int_eq(amtg_runtime_start(rt, why, sizeof why), AMTG_EPRIVILEGE);
    ck_assert_str_eq(why, "r (refusing): needs CAP_NET_RAW");
    ck_assert_ptr_null(strstr(trace, "start:s"));
    ck_assert_int_eq(strstr(trace, "start:z") != NULL, strstr(trace, "stop:z") != NULL);
    end(rt);
}
END_TEST

START_TEST(a_class_that_breaks_no_cycle_though_it_says_so_shows)
{
    int said[2], status;
    char words[256] = "";

    ck_assert_int_eq(pipe(said), 0);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(said[1], STDERR_FILENO);
        run(make("amtgraph: 1\nelements:\n  a: {class: numbers}\n  l: {class: lying}\n"
                 "  s: {class: split}\nedges:\n  - a -> l -> s\n  - s.even -> l\n", NULL));
        _exit(0);
    }
    close(said[1]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    ck_assert_int_gt(read(said[0], words, sizeof words - 1), 0);
    ck_assert_ptr_nonnull(strstr(words, "l (lying): emits on \"out\" from inside a push"));
    close(said[0]);
}
END_TEST

static void draw(const uint8_t *seed, const char *element, uint8_t out[40])
{
    struct amtg_runtime *rt = make("amtgraph: 1\nelements:\n  a: {class: numbers}\n"
                                   "  z: {class: sink}\nedges:\n  - a -> z\n", seed);
    amtg_random(amtg_runtime_find(rt, element), out, 40);
    end(rt);
}

/* Covers: G-32, G-56. */
START_TEST(randomness_comes_from_the_seed_and_the_name)
{
    static const uint8_t one[32] = {1}, two[32] = {2};
    uint8_t a[40], again[40], z[40], other[40], system[40];

    draw(one, "a", a);
    draw(one, "a", again);
    draw(one, "z", z);
    draw(two, "a", other);
    draw(NULL, "a", system);
    ck_assert_mem_eq(a, again, sizeof a);
    ck_assert_mem_ne(a, z, sizeof a);
    ck_assert_mem_ne(a, other, sizeof a);
    ck_assert_mem_ne(a, system, sizeof a);
}
END_TEST

/* Says one packet more when it stops. Breaks cycles: it never emits from inside its push. */
static void talker_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (p, batch)
        amtg_finish(e, p);
}

static void talker_stop(struct amtg_element *e)
{
    amtg_emit(e, 0, amtg_make(e, AMTG_PACKET, 1));
}

static const struct amtg_class talker = {
    .name = "talker", .summary = "says farewell", .flags = AMTG_BREAKS | AMTG_HOST,
    AMTG_INPUTS([0] = {"in", AMTG_PACKET, "x", 0}),
    AMTG_OUTPUTS([0] = {"out", AMTG_PACKET, "x", 0}), .stop = talker_stop, .push = talker_push};

START_TEST(in_a_cycle_nobody_is_pushed_to_after_its_stop)
{
    static const struct amtg_class *const talkers[] = {&talker, NULL};
    static const char text[] = "amtgraph: 1\nelements:\n  a: {class: talker}\n"
                               "  b: {class: talker}\nedges:\n  - a -> b -> a\n";
    struct amtg_graph_options graph_options = {.classes = talkers};
    struct amtg_runtime_options options = {.clock = AMTG_CLOCK_VIRTUAL};
    struct amtg_diag *diag = amtg_diag_new();
    enum amtg_err err;
    char why[256];

    graph = amtg_graph_parse("test", text, strlen(text), &graph_options, diag);
    ck_assert_ptr_nonnull(graph);
    amtg_diag_free(diag);
    struct amtg_runtime *rt = amtg_runtime_new(graph, &options, &err, why, sizeof why);
    ck_assert_int_eq(amtg_runtime_start(rt, why, sizeof why), AMTG_OK);
    amtg_runtime_stop(rt);
    struct amtg_element *a = amtg_runtime_find(rt, "a"), *b = amtg_runtime_find(rt, "b");
    ck_assert_uint_eq(a->finished + b->finished, 1); /* by whoever stopped last */
    ck_assert_uint_eq(a->dropped + b->dropped, 1);
    ck_assert_uint_eq(a->drops[2] + b->drops[2], 1); /* `peer-stopped` */
    ck_assert_uint_eq(a->taken + a->made, a->emitted + a->dropped + a->finished);
    ck_assert_uint_eq(b->taken + b->made, b->emitted + b->dropped + b->finished);
    end(rt);
}
END_TEST

static void passing_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (p, batch)
        amtg_emit(e, 0, p);
}

static const struct amtg_class passing = {
    .name = "passing", .summary = "passes on",
    AMTG_INPUTS([0] = {"in", AMTG_PACKET, "x", 0}),
    AMTG_OUTPUTS([0] = {"out", AMTG_PACKET, "x", 0}), .push = passing_push};

static void look_on(void *arg, const struct amtg_element *from, unsigned out,
                    const struct amtg_packet *p)
{
    (void)out;
    note(arg, from->name);
    ck_assert_uint_eq(p->len, 1);
}

START_TEST(a_part_is_fed_and_watched_at_the_ports_that_it_shows)
{
    static const struct amtg_class *const all[] = {&passing, NULL};
    static const char text[] = "amtgraph: 1\ninputs: {i: a.in}\noutputs: {o: b.out}\nelements:\n"
                               "  a: {class: passing}\n  b: {class: passing}\nedges:\n  - a -> b\n";
    struct amtg_graph_options graph_options = {.classes = all};
    struct amtg_runtime_options options = {
        .clock = AMTG_CLOCK_VIRTUAL, .observe = look_on, .observe_arg = "of:"};
    struct amtg_diag *diag = amtg_diag_new();
    enum amtg_err err;
    char why[256];

    graph = amtg_graph_parse("test", text, strlen(text), &graph_options, diag);
    amtg_diag_free(diag);
    ck_assert_ptr_nonnull(graph);
    ck_assert_uint_eq(graph->inputs_count, 1);
    ck_assert_str_eq(graph->inputs[0].name, "i");
    ck_assert_uint_eq(graph->outputs_count, 1);
    ck_assert_str_eq(graph->outputs[0].name, "o");
    struct amtg_runtime *rt = amtg_runtime_new(graph, &options, &err, why, sizeof why);
    ck_assert_int_eq(amtg_runtime_start(rt, why, sizeof why), AMTG_OK);
    struct amtg_element *a = amtg_runtime_element(rt, graph->inputs[0].node);
    struct amtg_element *b = amtg_runtime_element(rt, graph->outputs[0].node);
    trace[0] = '\0';
    amtg_runtime_push(a, graph->inputs[0].port, amtg_make(a, AMTG_PACKET, 1));
    ck_assert_str_eq(trace, "of:a of:b ");
    amtg_runtime_emit(b, 0, amtg_make(b, AMTG_PACKET, 1));
    ck_assert_str_eq(trace, "of:a of:b of:b ");
    ck_assert_uint_eq(b->dropped, 0);
    ck_assert_uint_eq(b->outs[0].packets, 2);
    ck_assert_uint_eq(a->taken + a->made, a->emitted);
    ck_assert_uint_eq(b->taken + b->made, b->emitted);
    end(rt);
}
END_TEST

static void note_end(void *arg, const struct amtg_element *at, const char *reason,
                     const struct amtg_packet *p)
{
    ck_assert_uint_eq(p->len, 1); /* not freed yet */
    note(arg, at->name);
    note("", reason ? reason : "finished");
}

START_TEST(drops_and_finishes_are_seen_by_who_watches)
{
    struct amtg_runtime *rt = make("amtgraph: 1\nelements:\n  s: {class: split}\n"
                                   "  a: {class: numbers}\n  z: {class: sink}\nedges:\n"
                                   "  - a -> s\n  - s.even -> z\n",
                                   NULL);
    struct amtg_element *s = amtg_runtime_find(rt, "s");
    char why[256];

    ck_assert_int_eq(amtg_runtime_start(rt, why, sizeof why), AMTG_OK);
    trace[0] = '\0';
    for (unsigned round = 0; round < 3; round++) {
        amtg_runtime_watch_ends(rt, round == 1 ? note_end : NULL, "at:");
        for (unsigned odd = 0; odd < 2; odd++) {
            struct amtg_packet *p = amtg_make(s, AMTG_PACKET, 1);
            p->data[0] = (uint8_t)odd;
            amtg_runtime_emit(s, odd, p);
        }
    }
    ck_assert_str_eq(trace, "at:z finished at:s open ");
    end(rt);
}
END_TEST

/* Takes itself away after three packets. */
struct counting_tap {
    struct amtg_tap tap;
    struct amtg_element *from;
    unsigned packets;
};

static void count_batch(struct amtg_tap *t, const struct amtg_element *from, unsigned out,
                        const struct amtg_batch *batch)
{
    struct counting_tap *tap = (struct counting_tap *)t;

    ck_assert_ptr_eq(from, tap->from);
    tap->packets += batch->count;
    if (tap->packets >= 3)
        amtg_tap_remove(tap->from, out, t);
}

START_TEST(a_tap_sees_its_edge_alone_and_leaves_when_it_likes)
{
    struct amtg_runtime *rt = make("amtgraph: 1\nelements:\n  a: {class: numbers, count: 200}\n"
                                   "  s: {class: split}\n  z: {class: sink}\n"
                                   "edges:\n  - a -> s\n  - s.even -> z\n  - s.odd -> z\n", NULL);
    struct amtg_element *a = amtg_runtime_find(rt, "a"), *s = amtg_runtime_find(rt, "s");
    struct counting_tap early = {{.batch = count_batch}, a, 0}, even = {{.batch = count_batch}, s, 0},
                        gone = {{.batch = count_batch}, s, 0};

    amtg_tap_add(a, 0, &early.tap);
    amtg_tap_add(s, 0, &even.tap);
    amtg_tap_add(s, 1, &gone.tap);
    ck_assert(s->outs[1].watched);
    amtg_tap_remove(s, 1, &gone.tap);
    ck_assert(!s->outs[1].watched);
    run(rt);
    ck_assert_uint_eq(seen_count, 200);
    ck_assert_uint_eq(early.packets, AMTG_BATCH); /* the first batch, and no more */
    ck_assert_uint_eq(even.packets, AMTG_BATCH / 2);
    ck_assert_uint_eq(gone.packets, 0);
    ck_assert(!a->outs[0].watched);
    end(rt);
}
END_TEST

static unsigned lines_of(const char *text, const char *what)
{
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, what)); at++)
        count++;
    return count;
}

START_TEST(a_flood_of_events_does_not_flood_the_log)
{
    struct amtg_graph_options graph_options = {.classes = classes};
    struct amtg_diag *diag = amtg_diag_new();
    static const char text[] = "amtgraph: 1\nelements:\n  a: {class: numbers}\n"
                               "  z: {class: sink}\nedges:\n  - a -> z\n";
    char *log, why[256];
    size_t len;
    enum amtg_err err;
    FILE *out = open_memstream(&log, &len);
    struct amtg_runtime_options options = {
        .clock = AMTG_CLOCK_VIRTUAL, .log = out, .log_level = AMTG_LOG_INFO};

    graph = amtg_graph_parse("test", text, strlen(text), &graph_options, diag);
    amtg_diag_free(diag);
    struct amtg_runtime *rt = amtg_runtime_new(graph, &options, &err, why, sizeof why);
    struct amtg_element *e = amtg_runtime_find(rt, "z");
    for (int i = 0; i < 1000; i++)
        amtg_log(e, AMTG_LOG_INFO, "event", "number=%d", i);
    amtg_log(e, AMTG_LOG_DEBUG, "detail", "of=%d", 1);
    amtg_log(e, AMTG_LOG_ERROR, "fault", "of=%d", 1);
    amtg_loop_step(amtg_runtime_loop(rt), AMTG_S);
    amtg_log(e, AMTG_LOG_INFO, "event", "later=%d", 1);
    end(rt);
    fclose(out);
    ck_assert_uint_eq(lines_of(log, " event "), 201);
    ck_assert_uint_eq(lines_of(log, " fault "), 1); /* errors always */
    ck_assert_uint_eq(lines_of(log, " detail "), 0);
    ck_assert_uint_eq(lines_of(log, "log-held-back element=- lines=800\n"), 1);
    ck_assert_ptr_nonnull(strstr(log, "later=1"));
    free(log);
}
END_TEST

AMTG_SUITE("runtime", a_tap_sees_its_edge_alone_and_leaves_when_it_likes,
           drops_and_finishes_are_seen_by_who_watches,
           a_part_is_fed_and_watched_at_the_ports_that_it_shows,
           in_a_cycle_nobody_is_pushed_to_after_its_stop,
           a_flood_of_events_does_not_flood_the_log, what_feeds_starts_last_and_stops_first,
           side_outputs_are_collected_and_ordered_ones_keep_their_order,
           more_than_a_batch_passes_and_open_outputs_are_counted,
           who_cannot_start_is_named_and_the_others_stop_again,
           a_class_that_breaks_no_cycle_though_it_says_so_shows,
           randomness_comes_from_the_seed_and_the_name)
