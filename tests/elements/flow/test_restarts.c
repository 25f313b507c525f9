/* restarts: a part forgets what it knew, about as often as is said. */
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

START_TEST(a_part_that_is_not_there_ends_the_run)
{
    struct rig *rig = rig_new(_i, "it: {class: restarts, part: elsewhere, every: 1s}");
    char why[256] = "";

    rig_step(rig, 3 * AMTG_S);
    ck_assert_int_eq(amtg_runtime_outcome(rig_runtime(rig), why, sizeof why), AMTG_ESYSTEM);
    ck_assert_str_eq(why, "it (restarts): there is nothing called \"elsewhere\" to restart");
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("restarts", the_part_begins_anew, a_part_that_is_not_there_ends_the_run)
