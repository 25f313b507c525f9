/* expect: counters of others stay within bounds, or the verdict is bad and says which did not. */
#include "elements/wire/types.h"
#include "tests/support/refused.h"
#include "tests/support/rig.h"

#define SOURCE "src: {class: generator, source: 192.0.2.1, group: 232.1.1.1, rate: 1}\n"
#define EDGES "edges:\n  - src -> path -> end\n"

static const char *verdict(struct rig *rig)
{
    const char *text = amtg_runtime_verdict(rig_runtime(rig));
    return text ? text : "good";
}

START_TEST(what_stays_within_its_bounds_is_good)
{
    struct rig *rig =
        rig_new(_i, "it: {class: expect, every: 1s, always: {path.length: 0..1, path.full: 0, "
                    "src.sent: 0..100, buffers: 0..2, records: 0}}\n" SOURCE
                    "path: {class: link, delay: 300ms}\n"
                    "end: {class: discard}\n" EDGES);
    rig_step(rig, 60 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "watched"), 5);
    ck_assert_uint_eq(rig_counter(rig, "looks"), 60);
    ck_assert_uint_eq(rig_counter(rig, "broken"), 0);
    ck_assert_str_eq(verdict(rig), "good");
    rig_free(rig);
}
END_TEST

START_TEST(what_leaves_its_bounds_is_told_once)
{
    struct rig *rig = rig_new(_i, "it: {class: expect, every: 10s, always: {src.sent: 0..100}}\n" SOURCE
                                  "path: {class: counter}\nend: {class: discard}\n" EDGES);
    rig_step(rig, 100 * AMTG_S - 1);
    ck_assert_str_eq(verdict(rig), "good");
    rig_step(rig, 100 * AMTG_S);
    ck_assert_str_eq(verdict(rig), "it (expect): at 0:01:50 src.sent is 110, not 0..100");
    ck_assert_uint_eq(rig_counter(rig, "broken"), 1);
    rig_free(rig);
}
END_TEST

START_TEST(too_little_is_out_of_bounds_too_and_drops_are_counters)
{
    struct rig *rig = rig_new(_i, "it: {class: expect, every: 10s, always: {src.sent: 8..20, "
                                  "path.lost: 0..99}}\n" SOURCE
                                  "path: {class: link, loss: 1}\nend: {class: discard}\n" EDGES);
    rig_step(rig, 10 * AMTG_S);
    ck_assert_str_eq(verdict(rig), "good");
    rig_free(rig);

    rig = rig_new(_i, "it: {class: expect, every: 10s, always: {src.sent: 80..200}}\n" SOURCE
                      "path: {class: counter}\nend: {class: discard}\n" EDGES);
    rig_step(rig, 10 * AMTG_S);
    ck_assert_str_eq(verdict(rig), "it (expect): at 0:00:10 src.sent is 10, not 80..200");
    rig_free(rig);
}
END_TEST

START_TEST(at_rest_holds_from_rest_on)
{
    struct rig *rig = rig_new(_i, "it: {class: expect, every: 10s, rest: 30s, at-rest: {"
                                  "src.sent: 0}}\n" SOURCE
                                  "path: {class: counter}\nend: {class: discard}\n" EDGES);
    rig_step(rig, 30 * AMTG_S - 1);
    ck_assert_str_eq(verdict(rig), "good");
    rig_step(rig, 1);
    ck_assert_str_eq(verdict(rig),
                     "it (expect): at 0:00:30 src.sent is 30, not 0..0 as it should be at rest");
    rig_free(rig);
}
END_TEST

/* How many counters a name stands for; 0: the graph does not start, for want of one. */
static unsigned watched(const char *name)
{
    char text[512], why[256] = "";
    struct amtg_graph_options options = {.classes = amtg_classes, .ports_may_be_open = true};
    struct amtg_diag *diag = amtg_diag_new();
    int len = snprintf(text, sizeof text,
                       "amtgraph: 1\nname: x\nelements:\n"
                       "  it: {class: expect, always: {\"%s\": 0..9}}\n"
                       "  path1: {class: link}\n  path2: {class: link}\n", name);
    struct amtg_graph *graph = amtg_graph_parse("x", text, (size_t)len, &options, diag);
    struct amtg_runtime_options run = {.clock = AMTG_CLOCK_VIRTUAL};
    enum amtg_err err;

    ck_assert_ptr_nonnull(graph);
    struct amtg_runtime *rt = amtg_runtime_new(graph, &run, &err, why, sizeof why);
    ck_assert_ptr_nonnull(rt);
    err = amtg_runtime_start(rt, why, sizeof why);
    unsigned count = (unsigned)amtg_runtime_find(rt, "it")->counters[0];
    ck_assert_int_eq(err, count ? AMTG_OK : AMTG_ECONFIG);
    ck_assert_msg(!err || strstr(why, "no element fits"), "%s", why);
    amtg_runtime_free(rt);
    amtg_graph_free(graph);
    amtg_diag_free(diag);
    return count;
}

START_TEST(a_star_stands_for_any_characters)
{
    static const struct {
        const char *name;
        unsigned count;
    } rows[] = {{"p*.length", 2}, {"path1.length", 1}, {"*.length", 2}, {"*1.length", 1},
                {"*a*h*.length", 2}, {"*.dropped-nothing", 0}, {"ath*.length", 0},
                {"path.length", 0}, {"*2*.length", 1}, {"*.open", 3}};

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(watched(rows[i].name) == rows[i].count, "%s", rows[i].name);
}
END_TEST

START_TEST(items_that_cannot_be_are_refused)
{
    expect_refused("it: {class: expect, always: {path: 0}}", "expected ELEMENT.COUNTER");
    expect_refused("it: {class: expect, always: {.length: 0}}", "expected ELEMENT.COUNTER");
    expect_refused("it: {class: expect, always: {path.: 0}}", "expected ELEMENT.COUNTER");
    expect_refused("it: {class: expect, always: {path.length: few}}", "expected a number or two");
    expect_refused("it: {class: expect, always: {path.length: 2..1}}", "expected a number or two");
    expect_refused("it: {class: expect, always: {path.length: 0..}}", "expected a number or two");
    expect_refused("it: {class: expect, at-rest: {path.length: 0}}", "needed, to know when");
}
END_TEST

AMTG_RIG_SUITE("expect", what_stays_within_its_bounds_is_good, what_leaves_its_bounds_is_told_once,
               too_little_is_out_of_bounds_too_and_drops_are_counters, at_rest_holds_from_rest_on,
               a_star_stands_for_any_characters, items_that_cannot_be_are_refused)
