/* restarts: a part forgets what it knew, about as often as is said. */
#include <stdio.h>

#include "elements/registry.h"
#include "elements/wire/types.h"
#include "tests/support/rig.h"

START_TEST(the_part_begins_anew)
{
    struct rig *rig = rig_new(_i, "it: {class: restarts, part: path, every: 1h, until: 1000h}\n"
                                  "src: {class: generator, source: 192.0.2.1, group: 232.1.1.1, "
                                  "rate: 0.001}\n"
                                  "path: {class: link, delay: 1h, limit: 10}\n"
                                  "end: {class: discard}\n"
                                  "edges:\n  - src -> path -> end\n");
    rig_step(rig, 1000 * 3600 * AMTG_S);
    uint64_t restarts = rig_counter(rig, "restarts");
    ck_assert_uint_ge(restarts, 900); /* 1000, with a deviation of 18 */
    ck_assert_uint_le(restarts, 1100);
    ck_assert_uint_gt(rig_element(rig, "path")->drops[2], 0); /* stopped: it was under way */
    rig_step(rig, 1000 * 3600 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "restarts"), restarts);
    rig_free(rig);
}
END_TEST

/* What the start of a graph fails with whose `it` restarts that part. */
static enum amtg_err start_with(const char *part, char *why, size_t room)
{
    struct amtg_graph_options options = {.classes = amtg_classes};
    struct amtg_runtime_options run = {.clock = AMTG_CLOCK_VIRTUAL};
    struct amtg_diag *diag = amtg_diag_new();
    char text[256];
    int len = snprintf(text, sizeof text,
                       "amtgraph: 1\nelements:\n  it: {class: restarts, part: %s, every: 9h}\n", part);
    struct amtg_graph *graph = amtg_graph_parse("x", text, (size_t)len, &options, diag);
    enum amtg_err err;

    ck_assert_ptr_nonnull(graph);
    struct amtg_runtime *rt = amtg_runtime_new(graph, &run, &err, why, room);
    ck_assert_ptr_nonnull(rt);
    err = amtg_runtime_start(rt, why, room);
    amtg_runtime_free(rt);
    amtg_graph_free(graph);
    amtg_diag_free(diag);
    return err;
}

START_TEST(a_part_that_cannot_be_restarted_is_told_at_the_start)
{
    char why[256] = "";

    ck_assert_int_eq(start_with("elsewhere", why, sizeof why), AMTG_ECONFIG);
    ck_assert_str_eq(why, "it (restarts): there is nothing called \"elsewhere\" to restart");
    ck_assert_int_eq(start_with("it", why, sizeof why), AMTG_ECONFIG);
    ck_assert_str_eq(why, "it (restarts): it cannot restart \"it\", of which it is a part");
}
END_TEST

AMTG_RIG_SUITE("restarts", the_part_begins_anew, a_part_that_cannot_be_restarted_is_told_at_the_start)
