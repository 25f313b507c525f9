/* Copies of a graph on threads: what each does, what they say to each other, how they end. */
#include "tests/support/suite.h"

#include <poll.h>
#include <string.h>

#include "core/mailbox.h"
#include "core/shards.h"

/* ---- a class that counts on a timer, and tells its fellows ------------------------ */

struct ticker {
    uint64_t fail_after; /* ticks; 0: never */
    struct amtg_timer timer;
};

enum { TICKS, HEARD };

static void tick(struct amtg_element *e, struct amtg_timer *t)
{
    struct ticker *state = amtg_state(e);

    amtg_count(e, TICKS, 1);
    for (unsigned i = 0; i < amtg_shard_count(e); i++) {
        struct amtg_packet *p = amtg_make(e, AMTG_RECORD, 1);
        p->data[0] = (uint8_t)amtg_shard_of(e);
        ck_assert(amtg_emit_in(e, i, 0, p));
    }
    if (state->fail_after && amtg_counter_of(e, TICKS) == state->fail_after && amtg_shard_of(e) == 1)
        amtg_abort(e, "enough");
    amtg_timer_start(e, t, AMTG_MS);
}

static enum amtg_err ticker_start(struct amtg_element *e)
{
    struct ticker *state = amtg_state(e);

    state->timer.fire = tick;
    amtg_timer_start(e, &state->timer, 0);
    amtg_hold(e);
    return AMTG_OK;
}

static void ticker_stop(struct amtg_element *e)
{
    struct ticker *state = amtg_state(e);

    amtg_timer_stop(e, &state->timer);
    amtg_release(e);
}

static const struct amtg_class ticker = {
    .name = "ticker", .state_octets = sizeof(struct ticker),
    AMTG_OUTPUTS({"out", AMTG_RECORD, "", 0}),
    AMTG_PARAMS(AMTG_U64(struct ticker, fail_after, "0", 0, 0, NULL, "")),
    AMTG_COUNTERS([TICKS] = {"ticks", "ticks", "", AMTG_COUNTER}),
    .start = ticker_start, .stop = ticker_stop};

/* Which shards something came from. */
struct ear {
    uint64_t from[4];
};

static void ear_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct ear *ear = amtg_state(e);

    (void)in;
    AMTG_EACH (p, batch) {
        ear->from[p->data[0]]++;
        amtg_finish(e, p);
    }
}

static const struct amtg_class ear_class = {
    .name = "ear", .state_octets = sizeof(struct ear), AMTG_INPUTS({"in", AMTG_ANY, "", 0}),
    .push = ear_push};

static const struct amtg_class only_one = {
    .name = "only-one", .flags = AMTG_SINGLE, AMTG_INPUTS({"in", AMTG_ANY, "", AMTG_MAY_BE_OPEN}),
    .push = ear_push};

static const struct amtg_class *const classes[] = {&ticker, &ear_class, &only_one, NULL};

/* ---- the run --------------------------------------------------------------------- */

static struct amtg_graph *graph;

static void load(const char *elements)
{
    char text[512];
    struct amtg_graph_options options = {.classes = classes, .ports_may_be_open = true};
    struct amtg_diag *diag = amtg_diag_new();

    snprintf(text, sizeof text, "amtgraph: 1\nelements:\n%s", elements);
    graph = amtg_graph_parse("t.yaml", text, strlen(text), &options, diag);
    amtg_diag_print(diag, stderr, false);
    amtg_diag_free(diag);
    ck_assert_ptr_nonnull(graph);
}

static struct amtg_shards *begin(const char *elements, unsigned count)
{
    struct amtg_runtime_options options = {.clock = AMTG_CLOCK_REAL};
    char why[256] = "";
    enum amtg_err err;

    load(elements);
    struct amtg_shards *s = amtg_shards_new(graph, &options, count, &err, why, sizeof why);
    ck_assert_msg(s != NULL, "%s", why);
    ck_assert_uint_eq(amtg_shards_count(s), count);
    ck_assert_int_eq(amtg_shards_start(s, why, sizeof why), AMTG_OK);
    return s;
}

static void end(struct amtg_shards *s)
{
    amtg_shards_free(s);
    amtg_graph_free(graph);
}

static struct amtg_element *element(struct amtg_shards *s, unsigned shard, const char *name)
{
    return amtg_runtime_find(amtg_shards_runtimes(s)[shard], name);
}

#define TICKING "  t: {class: ticker}\n  ear: {class: ear}\nedges:\n  - t -> ear\n"

/* The least that any shard has done; looked at while all stand still. */
static void least(struct amtg_shards *s, void *arg)
{
    uint64_t *found = arg;

    *found = UINT64_MAX;
    for (unsigned i = 0; i < amtg_shards_count(s); i++) {
        uint64_t ticks = amtg_counter_of(element(s, i, "t"), TICKS);
        *found = ticks < *found ? ticks : *found;
    }
}

static void nobody_moves(struct amtg_shards *s, void *arg)
{
    uint64_t before, after;

    (void)arg;
    least(s, &before);
    poll(NULL, 0, 20);
    least(s, &after);
    ck_assert_uint_eq(before, after);
}

START_TEST(each_runs_and_all_hear_all)
{
    struct amtg_shards *s = begin(TICKING, 3);
    uint64_t ticks = 0;
    char why[256];

    ck_assert(amtg_shards_launch(s, UINT64_MAX));
    for (int i = 0; i < 1000 && ticks < 5; i++) {
        amtg_shards_pause(s, least, &ticks);
        poll(NULL, 0, 2);
    }
    ck_assert_uint_ge(ticks, 5);
    amtg_shards_pause(s, nobody_moves, NULL);
    amtg_shards_end(s);
    amtg_shards_join(s);
    for (unsigned i = 0; i < 3; i++) {
        const struct ear *ear = amtg_state(element(s, i, "ear"));
        for (unsigned from = 0; from < 3; from++)
            ck_assert_uint_gt(ear->from[from], 0);
        ck_assert_uint_eq(ear->from[3], 0);
    }
    ck_assert_int_eq(amtg_shards_stop(s, why, sizeof why), AMTG_OK);
    end(s);
}
END_TEST

START_TEST(their_time_ends_and_so_do_they)
{
    struct amtg_shards *s = begin(TICKING, 2);
    char why[256];

    ck_assert(amtg_shards_launch(s, 20 * AMTG_MS));
    struct pollfd ended = {.fd = amtg_shards_ended_fd(s), .events = POLLIN};
    ck_assert_int_eq(poll(&ended, 1, 10000), 1);
    amtg_shards_join(s); /* nobody was asked to end */
    uint64_t ticks;
    amtg_shards_pause(s, least, &ticks); /* and nobody is waited for that has ended */
    ck_assert_uint_gt(ticks, 0);
    ck_assert_int_eq(amtg_shards_stop(s, why, sizeof why), AMTG_OK);
    end(s);
}
END_TEST

START_TEST(what_fails_in_one_is_told)
{
    struct amtg_shards *s =
        begin("  t: {class: ticker, fail-after: 3}\n  ear: {class: ear}\nedges:\n  - t -> ear\n", 2);
    char why[256] = "";

    ck_assert(amtg_shards_launch(s, UINT64_MAX));
    struct pollfd ended = {.fd = amtg_shards_ended_fd(s), .events = POLLIN};
    ck_assert_int_eq(poll(&ended, 1, 10000), 1);
    amtg_shards_end(s);
    amtg_shards_join(s);
    ck_assert_int_eq(amtg_shards_stop(s, why, sizeof why), AMTG_ESYSTEM);
    ck_assert_str_eq(why, "t (ticker): enough");
    end(s);
}
END_TEST

START_TEST(counters_are_summed_up)
{
    struct amtg_shards *s = begin(TICKING, 3);
    char *text, why[256];
    size_t len;
    FILE *out = open_memstream(&text, &len);
    uint64_t ticks = 0;

    ck_assert(amtg_shards_launch(s, 20 * AMTG_MS));
    amtg_shards_join(s);
    amtg_shards_stop(s, why, sizeof why);
    for (unsigned i = 0; i < 3; i++)
        ticks += amtg_counter_of(element(s, i, "t"), TICKS);
    amtg_runtimes_print_stats(amtg_shards_runtimes(s), 3, out, true);
    fclose(out);
    char expected[64];
    snprintf(expected, sizeof expected, "\"ticks\": %llu", (unsigned long long)ticks);
    ck_assert_ptr_nonnull(strstr(text, expected));
    free(text);
    end(s);
}
END_TEST

START_TEST(there_can_be_only_one_of_some)
{
    struct amtg_runtime_options options = {.clock = AMTG_CLOCK_REAL};
    char why[256] = "";
    enum amtg_err err;

    load("  a: {class: only-one}\n");
    ck_assert_ptr_null(amtg_shards_new(graph, &options, 2, &err, why, sizeof why));
    ck_assert_int_eq(err, AMTG_ECONFIG);
    ck_assert_ptr_nonnull(strstr(why, "a (only-one): there can be only one"));
    struct amtg_shards *s = amtg_shards_new(graph, &options, 1, &err, why, sizeof why);
    ck_assert_ptr_nonnull(s);
    end(s);
}
END_TEST

static unsigned discarded;

static void discard(struct amtg_letter *l)
{
    (void)l;
    discarded++;
}

/* A shard that is slow, or a flood of errors for it, costs no more memory than that. */
START_TEST(a_mailbox_that_nobody_empties_is_full_some_day)
{
    static struct amtg_letter letters[AMTG_MAILBOX_ROOM + 1], order;
    struct amtg_loop *loop = amtg_loop_new(AMTG_CLOCK_REAL, NULL);
    struct amtg_mailbox box;

    ck_assert_int_eq(amtg_mailbox_open(&box, loop), AMTG_OK);
    for (unsigned i = 0; i <= AMTG_MAILBOX_ROOM; i++) {
        letters[i].discard = discard;
        ck_assert(amtg_mailbox_post(&box, &letters[i]) == (i < AMTG_MAILBOX_ROOM));
    }
    order = letters[0]; /* what must get there does */
    amtg_mailbox_order(&box, &order);
    amtg_mailbox_close(&box);
    ck_assert_uint_eq(discarded, AMTG_MAILBOX_ROOM + 1);
    amtg_loop_free(loop);
}
END_TEST

AMTG_SUITE("shards", each_runs_and_all_hear_all, their_time_ends_and_so_do_they,
           what_fails_in_one_is_told, counters_are_summed_up, there_can_be_only_one_of_some,
           a_mailbox_that_nobody_empties_is_full_some_day)
