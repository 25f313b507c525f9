/* tee: each output gets everything, and clones share one buffer. */
#include "elements/wire/types.h"
#include "tests/support/rig.h"

START_TEST(each_output_gets_everything_in_order)
{
    static const char *const outputs[] = {"a", "b", "c"};
    struct rig *rig = rig_new(_i, "it: {class: tee, outputs: [a, b, c]}");

    rig_push_hex(rig, "in", AMTG_IP_RAW, "4501");
    rig_push_hex(rig, "in", AMTG_IP_RAW, "4502");
    for (unsigned i = 0; i < 3; i++) {
        rig_expect_hex(rig, outputs[i], "4501");
        rig_expect_hex(rig, outputs[i], "4502");
        rig_expect_nothing(rig, outputs[i]);
    }
    ck_assert_uint_eq(rig_counter(rig, "clones"), 4);
    rig_free(rig);
}
END_TEST

START_TEST(clones_share_the_buffer_and_the_last_output_gets_the_packet_itself)
{
    struct rig *rig = rig_new(_i, "it: {class: tee, outputs: [clone, original]}");
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_IP_RAW, "4501");

    rig_push(rig, "in", p);
    struct amtg_packet *clone = rig_take(rig, "clone"), *original = rig_take(rig, "original");
    ck_assert_ptr_eq(original, p);
    ck_assert_ptr_ne(clone, p);
    ck_assert_ptr_eq(clone->buffer, original->buffer);
    amtg_packet_free(clone);
    amtg_packet_free(original);
    rig_free(rig);
}
END_TEST

START_TEST(one_output_is_enough)
{
    struct rig *rig = rig_new(_i, "it: {class: tee, outputs: only}");

    rig_push_hex(rig, "in", AMTG_REPORT, "16");
    rig_expect_hex(rig, "only", "16");
    ck_assert_uint_eq(rig_counter(rig, "clones"), 0);
    rig_free(rig);
}
END_TEST

/* A pool gives out a bounded number of views for each buffer: push from one that has no more. */
START_TEST(an_output_goes_without_when_no_packet_is_left_for_its_clone)
{
    enum { VIEWS_MOST = 1000 };
    struct rig *rig = rig_new(false, "it: {class: tee, outputs: [clone, original]}");
    struct amtg_pool *pool = amtg_pool_new(1, 0);
    struct amtg_packet *views[VIEWS_MOST], *p = amtg_packet_new(pool, 1);
    unsigned count = 0;

    p->type = AMTG_IP_RAW;
    p->data[0] = 0x45;
    while (count < VIEWS_MOST && (views[count] = amtg_packet_clone(p)))
        count++;
    ck_assert_uint_lt(count, VIEWS_MOST);
    rig_push(rig, "in", p);
    rig_expect_nothing(rig, "clone");
    rig_expect_hex(rig, "original", "45");
    ck_assert_uint_eq(rig_drops(rig, "no-buffer"), 1);
    while (count)
        amtg_packet_free(views[--count]);
    amtg_pool_free(pool);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("flow/tee", each_output_gets_everything_in_order,
               clones_share_the_buffer_and_the_last_output_gets_the_packet_itself,
               one_output_is_enough,
               an_output_goes_without_when_no_packet_is_left_for_its_clone)
