/* A part of a running graph is restarted: state forgotten, in order, the rest undisturbed. */
#include "tests/support/suite.h"

#include <string.h>

#include "core/runtime.h"

static char story[512];

static void tell(const struct amtg_element *e, const char *what)
{
    size_t used = strlen(story);
    snprintf(story + used, sizeof story - used, "%s:%s ", what, e->name);
}

/* ---- a class that remembers, and one that restarts it ---------------------------- */

struct memory {
    uint32_t start_at; /* a parameter */
    uint32_t value;
    struct amtg_element *friend;
    bool refuses;
};

enum { SEEN, NOW };

static bool refuse_next;

static enum amtg_err memory_init(struct amtg_element *e)
{
    struct memory *m = amtg_state(e);
    tell(e, "init");
    ck_assert_uint_eq(m->value, 0); /* zeroed, as at first */
    m->value = m->start_at;
    return AMTG_OK;
}

static enum amtg_err memory_start(struct amtg_element *e)
{
    struct memory *m = amtg_state(e);
    tell(e, "start");
    m->value++;
    amtg_count(e, SEEN, 1);
    amtg_gauge(e, NOW, amtg_counter_of(e, NOW) + 1);
    return refuse_next ? amtg_fail(e, AMTG_ESYSTEM, "no luck") : AMTG_OK;
}

static void memory_stop(struct amtg_element *e)
{
    tell(e, "stop");
}

static void memory_fini(struct amtg_element *e)
{
    tell(e, "fini");
}

static void memory_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct memory *m = amtg_state(e);
    (void)in;
    m->value += batch->count;
    AMTG_EACH (p, batch)
        amtg_finish(e, p);
}

static const struct amtg_interface remembers = {"remembers", "x"};
static const struct amtg_provided provided = {.interface = &remembers, .ops = &provided};

static const struct amtg_class memory = {
    .name = "memory", .state_octets = sizeof(struct memory),
    .provides = &provided, .provides_count = 1,
    AMTG_INPUTS({"in", AMTG_ANY, "", AMTG_MAY_BE_OPEN}),
    AMTG_PARAMS(AMTG_U32(struct memory, start_at, "7", 0, 0, NULL, ""),
                AMTG_REF(struct memory, friend, &remembers, false, "")),
    AMTG_COUNTERS([SEEN] = {"seen", "starts", "", AMTG_COUNTER}, [NOW] = {"now", "starts", "", AMTG_GAUGE}),
    .init = memory_init, .start = memory_start, .stop = memory_stop, .fini = memory_fini,
    .push = memory_push};

struct again {
    const char *part;
    struct amtg_timer timer;
    bool found;
};

static void again_fire(struct amtg_element *e, struct amtg_timer *t)
{
    struct again *a = amtg_state(e);
    (void)t;
    tell(e, "fire");
    a->found = amtg_restart(e, a->part);
}

static enum amtg_err again_start(struct amtg_element *e)
{
    struct again *a = amtg_state(e);
    a->timer.fire = again_fire;
    amtg_hold(e);
    amtg_timer_start(e, &a->timer, AMTG_S);
    return AMTG_OK;
}

static void again_stop(struct amtg_element *e)
{
    struct again *a = amtg_state(e);
    amtg_timer_stop(e, &a->timer);
    amtg_release(e);
}

static const struct amtg_class again = {
    .name = "again", .state_octets = sizeof(struct again),
    AMTG_OUTPUTS({"out", AMTG_RECORD, "", AMTG_MAY_BE_OPEN}),
    AMTG_PARAMS(AMTG_TEXT(struct again, part, "", "")), .start = again_start, .stop = again_stop};

static const struct amtg_class *const classes[] = {&memory, &again, NULL};

/* ---- the run --------------------------------------------------------------------- */

static struct amtg_graph *graph;
static struct amtg_runtime *rt;

static void begin(const char *part)
{
    char text[512], why[256] = "";
    struct amtg_graph_options graph_options = {.classes = classes, .ports_may_be_open = true};
    struct amtg_runtime_options options = {.clock = AMTG_CLOCK_VIRTUAL};
    struct amtg_diag *diag = amtg_diag_new();
    enum amtg_err err;

    snprintf(text, sizeof text,
             "amtgraph: 1\nelements:\n  a: {class: memory, friend: ab}\n  ab: {class: memory}\n"
             "  a-b: {class: memory}\n  by: {class: again, part: \"%s\"}\n", part);
    graph = amtg_graph_parse("t.yaml", text, strlen(text), &graph_options, diag);
    amtg_diag_print(diag, stderr, false);
    amtg_diag_free(diag);
    ck_assert_ptr_nonnull(graph);
    rt = amtg_runtime_new(graph, &options, &err, why, sizeof why);
    ck_assert_msg(rt != NULL, "%s", why);
    ck_assert_int_eq(amtg_runtime_start(rt, why, sizeof why), AMTG_OK);
    *story = '\0';
}

static void end(void)
{
    refuse_next = false;
    amtg_runtime_free(rt);
    amtg_graph_free(graph);
}

static uint64_t counter(const char *name, unsigned i)
{
    return amtg_counter_of(amtg_runtime_find(rt, name), i);
}

START_TEST(only_the_part_of_that_name_restarts)
{
    char why[256];

    begin("a");
    ck_assert_int_eq(amtg_runtime_run(rt, 2 * AMTG_S, why, sizeof why), AMTG_OK);
    ck_assert_str_eq(story, "fire:by stop:a fini:a init:a start:a ");
    const struct memory *m = amtg_state(amtg_runtime_find(rt, "a"));
    ck_assert_uint_eq(m->value, 8); /* parameters are there again, and nothing else */
    ck_assert_ptr_eq(m->friend, amtg_runtime_find(rt, "ab"));
    ck_assert_uint_eq(counter("a", SEEN), 2); /* a counter goes on */
    ck_assert_uint_eq(counter("a", NOW), 1);  /* a gauge does not */
    ck_assert_uint_eq(counter("ab", SEEN), 1);
    end();
}
END_TEST

START_TEST(a_part_that_is_not_there_is_told)
{
    char why[256];

    begin("nobody");
    ck_assert_int_eq(amtg_runtime_run(rt, 2 * AMTG_S, why, sizeof why), AMTG_OK);
    ck_assert_str_eq(story, "fire:by ");
    ck_assert(!((struct again *)amtg_state(amtg_runtime_find(rt, "by")))->found);
    end();
}
END_TEST

START_TEST(what_cannot_start_again_ends_the_run)
{
    char why[256] = "";

    begin("a");
    refuse_next = true;
    ck_assert_int_eq(amtg_runtime_run(rt, 2 * AMTG_S, why, sizeof why), AMTG_ESYSTEM);
    ck_assert_ptr_nonnull(strstr(why, "a could not be restarted"));
    ck_assert_ptr_nonnull(strstr(why, "no luck"));
    *story = '\0';
    end();
    ck_assert_ptr_null(strstr(story, "stop:a ")); /* it was not started */
    ck_assert_ptr_nonnull(strstr(story, "fini:a "));
}
END_TEST

AMTG_SUITE("restart", only_the_part_of_that_name_restarts, a_part_that_is_not_there_is_told,
           what_cannot_start_again_ends_the_run)
