/* sample: the first of every row leaves by `out`, the others by `rest`. */
#include "core/ask.h"
#include "elements/wire/types.h"
#include "tests/support/rig.h"

START_TEST(the_first_of_every_row_is_passed_on)
{
    struct rig *rig = rig_new(_i, "it: {class: sample, every: 3}");

    rig_push_hex(rig, "in", AMTG_IP_RAW, "4500");
    rig_push_hex(rig, "in", AMTG_IP_RAW, "4501");
    rig_push_hex(rig, "in", AMTG_IP_RAW, "4502");
    rig_push_hex(rig, "in", AMTG_IP_RAW, "4503");
    rig_expect_hex(rig, "out", "4500");
    rig_expect_hex(rig, "out", "4503");
    rig_expect_hex(rig, "rest", "4501");
    rig_expect_hex(rig, "rest", "4502");
    ck_assert_uint_eq(rig_counter(rig, "sampled"), 2);
    rig_free(rig);
}
END_TEST

START_TEST(every_packet_is_passed_on_when_every_is_one)
{
    struct rig *rig = rig_new(_i, "it: {class: sample, every: 1}");

    rig_push_hex(rig, "in", AMTG_REPORT, "22");
    rig_push_hex(rig, "in", AMTG_REPORT, "22");
    ck_assert_uint_eq(rig_count(rig, "out"), 2);
    rig_expect_nothing(rig, "rest");
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(it_shows_its_row_and_is_told_another_length)
{
    struct rig *rig = rig_new(_i, "it: {class: sample, every: 3}");
    struct amtg_element *it = rig_element(rig, "it");
    json_t *rows = json_array();
    char why[256];

    rig_push_hex(rig, "in", AMTG_IP_RAW, "4500");
    ck_assert_uint_eq(amtg_ask_rows(it, &it->class->listings[0], 0, rows), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(rows, 0), "every")), 3);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(rows, 0), "skips")), 2);
    ck_assert_int_eq(amtg_ask_call(it, "every", (const char *[]){"1"}, 1, why, sizeof why),
                     AMTG_OK);
    rig_push_hex(rig, "in", AMTG_IP_RAW, "4501");
    rig_expect_hex(rig, "out", "4500");
    rig_expect_hex(rig, "out", "4501");
    rig_expect_nothing(rig, "rest");
    json_decref(rows);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("flow/sample", the_first_of_every_row_is_passed_on,
               every_packet_is_passed_on_when_every_is_one,
               it_shows_its_row_and_is_told_another_length)
