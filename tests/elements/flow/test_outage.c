/* outage: both directions are cut together, for as long as is said, and not after `until`. */
#include "elements/flow/path.h"
#include "elements/wire/types.h"
#include "tests/support/rig.h"

static bool is_up(struct rig *rig, uint64_t *since_ns)
{
    struct amtg_element *it = rig_element(rig, "it");
    const struct amtg_path_ops *ops = amtg_ops(it, &amtg_path);
    return ops->up(it, since_ns);
}

/* Second by second until it is so; how many seconds that took. */
static unsigned wait_until(struct rig *rig, bool up, unsigned most)
{
    uint64_t since;
    unsigned seconds = 0;

    while (is_up(rig, &since) != up) {
        ck_assert_uint_lt(seconds++, most);
        rig_step(rig, AMTG_S);
    }
    return seconds;
}

START_TEST(what_is_sent_while_it_is_cut_is_lost)
{
    struct rig *rig = rig_new(_i, "it: {class: outage, every: 1h, length: 100s}");
    uint64_t since;

    rig_push_hex(rig, "up", AMTG_IP, "4501");
    rig_push_hex(rig, "down", AMTG_IP, "4502");
    rig_expect_hex(rig, "up", "4501");
    rig_expect_hex(rig, "down", "4502");
    wait_until(rig, false, 7200);
    ck_assert_uint_eq(rig_counter(rig, "is-cut"), 1);
    rig_push_hex(rig, "up", AMTG_IP, "4501");
    rig_push_hex(rig, "down", AMTG_IP, "4502");
    ck_assert_uint_eq(rig_drops(rig, "lost"), 2);
    wait_until(rig, true, 101);
    ck_assert(is_up(rig, &since));
    ck_assert_uint_gt(since, amtg_now(rig_element(rig, "it")) - AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "is-cut"), 0);
    rig_push_hex(rig, "up", AMTG_IP, "4503");
    rig_expect_hex(rig, "up", "4503");
    rig_free(rig);
}
END_TEST

START_TEST(cuts_come_about_as_often_as_is_said)
{
    struct rig *rig = rig_new(_i, "it: {class: outage, every: 1h, length: 10s}");

    rig_step(rig, 1000 * 3600 * AMTG_S);
    ck_assert_uint_ge(rig_counter(rig, "cuts"), 900); /* 1000, with a deviation of 18 */
    ck_assert_uint_le(rig_counter(rig, "cuts"), 1100);
    rig_free(rig);
}
END_TEST

START_TEST(it_is_whole_from_until_on_and_without_every)
{
    struct rig *rig = rig_new(_i, "it: {class: outage, every: 1h, length: 10s, until: 10h}");
    rig_step(rig, 10 * 3600 * AMTG_S + 10 * AMTG_S);
    uint64_t cuts = rig_counter(rig, "cuts");
    ck_assert_uint_ge(cuts, 4);
    rig_step(rig, 1000 * 3600 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "cuts"), cuts);
    ck_assert_uint_eq(rig_counter(rig, "is-cut"), 0);
    rig_free(rig);

    rig = rig_new(_i, "it: {class: outage}");
    rig_step(rig, 1000 * 3600 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "cuts"), 0);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("outage", what_is_sent_while_it_is_cut_is_lost, cuts_come_about_as_often_as_is_said,
               it_is_whole_from_until_on_and_without_every)
