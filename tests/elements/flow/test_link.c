/* link: delay, jitter, loss, duplication, reordering, rate and limit; same seed, same run. */
#include <stdio.h>
#include <string.h>

#include "elements/wire/types.h"
#include "tests/support/rig.h"

enum { MANY = 2000 };

static void push(struct rig *rig, uint32_t mark, uint32_t len)
{
    uint8_t octets[2048] = {0};

    memcpy(octets, &mark, sizeof mark);
    rig_push(rig, "in", rig_packet(rig, AMTG_PACKET, octets, len));
}

static uint32_t take(struct rig *rig)
{
    struct amtg_packet *p = rig_take(rig, "out");
    uint32_t mark;

    memcpy(&mark, p->data, sizeof mark);
    amtg_packet_free(p);
    return mark;
}

static void push_many(struct rig *rig)
{
    for (uint32_t i = 0; i < MANY; i++) {
        push(rig, i, 100);
        rig_step(rig, AMTG_MS);
    }
    rig_step(rig, AMTG_S);
}

START_TEST(nothing_leaves_from_inside_a_push)
{
    struct rig *rig = rig_new(_i, "it: {class: link}");

    push(rig, 7, 100);
    rig_expect_nothing(rig, "out");
    rig_step(rig, 0);
    ck_assert_uint_eq(take(rig), 7);
    rig_free(rig);
}
END_TEST

START_TEST(a_packet_arrives_when_the_delay_is_over_and_is_dated_so)
{
    struct rig *rig = rig_new(_i, "it: {class: link, delay: 20ms}");

    rig_step(rig, 3 * AMTG_MS);
    push(rig, 1, 100);
    ck_assert_uint_eq(rig_counter(rig, "length"), 1);
    rig_step(rig, 20 * AMTG_MS - 1);
    rig_expect_nothing(rig, "out");
    rig_step(rig, 1);
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_uint_eq(p->time_ns, 23 * AMTG_MS);
    amtg_packet_free(p);
    ck_assert_uint_eq(rig_counter(rig, "length"), 0);
    rig_free(rig);
}
END_TEST

START_TEST(jitter_stays_within_its_bounds_and_in_order)
{
    struct rig *rig = rig_new(_i, "it: {class: link, delay: 10ms, jitter: 4ms}");
    uint64_t least = UINT64_MAX, most = 0, before = 0;

    push_many(rig);
    for (uint32_t i = 0; i < MANY; i++) {
        struct amtg_packet *p = rig_take(rig, "out");
        uint64_t took = p->time_ns - i * AMTG_MS;
        ck_assert_mem_eq(p->data, &i, sizeof i);
        ck_assert_uint_ge(p->time_ns, before);
        before = p->time_ns;
        least = took < least ? took : least;
        most = took > most ? took : most;
        amtg_packet_free(p);
    }
    ck_assert_uint_ge(least, 6 * AMTG_MS);
    ck_assert_uint_le(least, 9 * AMTG_MS);
    ck_assert_uint_le(most, 14 * AMTG_MS);
    ck_assert_uint_ge(most, 13 * AMTG_MS);
    rig_free(rig);
}
END_TEST

START_TEST(jitter_longer_than_the_delay_never_goes_back_in_time)
{
    struct rig *rig = rig_new(_i, "it: {class: link, delay: 1ms, jitter: 5ms}");

    push_many(rig);
    for (uint32_t i = 0; i < MANY; i++) {
        struct amtg_packet *p = rig_take(rig, "out");
        ck_assert_uint_ge(p->time_ns, i * AMTG_MS);
        amtg_packet_free(p);
    }
    rig_free(rig);
}
END_TEST

/* Four standard deviations of 2000 draws with p = 0.1 are 54. */
START_TEST(a_part_of_the_packets_is_lost_the_same_part_each_time)
{
    uint32_t came[2][MANY];
    unsigned count[2];

    for (unsigned run = 0; run < 2; run++) {
        struct rig *rig = rig_new(_i, "it: {class: link, loss: 0.1}");
        push_many(rig);
        count[run] = rig_count(rig, "out");
        for (unsigned i = 0; i < count[run]; i++)
            came[run][i] = take(rig);
        ck_assert_uint_eq(rig_drops(rig, "lost") + count[run], MANY);
        ck_assert_uint_ge(rig_drops(rig, "lost"), 200 - 54);
        ck_assert_uint_le(rig_drops(rig, "lost"), 200 + 54);
        rig_free(rig);
    }
    ck_assert_uint_eq(count[0], count[1]);
    ck_assert_mem_eq(came[0], came[1], count[0] * sizeof came[0][0]);
}
END_TEST

START_TEST(all_is_lost_or_nothing)
{
    struct rig *rig = rig_new(_i, "it: {class: link, loss: 1}");

    push_many(rig);
    ck_assert_uint_eq(rig_drops(rig, "lost"), MANY);
    rig_free(rig);
}
END_TEST

START_TEST(a_duplicated_packet_comes_twice_in_a_row)
{
    struct rig *rig = rig_new(_i, "it: {class: link, duplicate: 1, delay: 1ms}");

    push(rig, 1, 100);
    push(rig, 2, 100);
    rig_step(rig, AMTG_MS);
    for (uint32_t i = 1; i <= 2; i++) {
        ck_assert_uint_eq(take(rig), i);
        ck_assert_uint_eq(take(rig), i);
    }
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "duplicated"), 2);
    rig_free(rig);
}
END_TEST

START_TEST(a_reordered_packet_overtakes)
{
    struct rig *rig = rig_new(_i, "it: {class: link, reorder: 0.2, delay: 10ms}");
    unsigned backwards = 0;
    uint32_t highest = 0;

    push_many(rig);
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t mark = take(rig);
        backwards += mark < highest;
        highest = mark > highest ? mark : highest;
    }
    ck_assert_uint_ge(rig_counter(rig, "overtook"), 400 - 72);
    ck_assert_uint_le(rig_counter(rig, "overtook"), 400 + 72);
    ck_assert_uint_ge(backwards, 1000); /* most have one that overtakes within ten behind them */
    rig_free(rig);
}
END_TEST

/* 1250 octets at 1 Mbit/s take 10 ms. */
START_TEST(the_rate_spaces_packets)
{
    struct rig *rig = rig_new(_i, "it: {class: link, rate: 1000000, delay: 5ms}");

    for (uint32_t i = 0; i < 3; i++)
        push(rig, i, 1250);
    for (uint32_t i = 0; i < 3; i++) {
        rig_step(rig, (i ? 10 : 15) * AMTG_MS - 1);
        rig_expect_nothing(rig, "out");
        rig_step(rig, 1);
        ck_assert_uint_eq(take(rig), i);
    }
    rig_step(rig, AMTG_S); /* it is not saved up */
    push(rig, 3, 1250);
    rig_step(rig, 15 * AMTG_MS - 1);
    rig_expect_nothing(rig, "out");
    rig_step(rig, 1);
    ck_assert_uint_eq(take(rig), 3);
    rig_free(rig);
}
END_TEST

START_TEST(more_than_the_limit_is_dropped_as_full)
{
    struct rig *rig = rig_new(_i, "it: {class: link, limit: 2, delay: 1ms}");

    for (uint32_t i = 0; i < 3; i++)
        push(rig, i, 100);
    ck_assert_uint_eq(rig_drops(rig, "full"), 1);
    rig_step(rig, AMTG_MS);
    ck_assert_uint_eq(take(rig), 0);
    ck_assert_uint_eq(take(rig), 1);
    push(rig, 3, 100);
    rig_step(rig, AMTG_MS);
    ck_assert_uint_eq(take(rig), 3);
    rig_free(rig);
}
END_TEST

START_TEST(what_is_under_way_at_stop_is_dropped_under_a_name)
{
    struct rig *rig = rig_new(_i, "it: {class: link, delay: 1s, duplicate: 1}");

    push(rig, 1, 100);
    amtg_runtime_stop(rig_runtime(rig));
    ck_assert_uint_eq(rig_drops(rig, "stopped"), 2);
    rig_free(rig);
}
END_TEST

START_TEST(what_is_under_way_holds_the_run)
{
    struct rig *rig = rig_new(_i, "source: {class: generator, source: 192.0.2.1, group: 232.1.1.1,"
                                  " count: 3, rate: 1000}\n"
                                  "it: {class: link, delay: 1h}\n"
                                  "edges:\n"
                                  "  - source -> it\n");
    char why[256];

    ck_assert_int_eq(amtg_runtime_run(rig_runtime(rig), UINT64_MAX, why, sizeof why), AMTG_OK);
    ck_assert_uint_eq(rig_count(rig, "out"), 3);
    ck_assert_uint_eq(amtg_now(rig_element(rig, "it")), 3600 * AMTG_S + 2 * AMTG_MS);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("link", nothing_leaves_from_inside_a_push,
               a_packet_arrives_when_the_delay_is_over_and_is_dated_so,
               jitter_stays_within_its_bounds_and_in_order,
               jitter_longer_than_the_delay_never_goes_back_in_time,
               a_part_of_the_packets_is_lost_the_same_part_each_time, all_is_lost_or_nothing,
               a_duplicated_packet_comes_twice_in_a_row, a_reordered_packet_overtakes,
               the_rate_spaces_packets, more_than_the_limit_is_dropped_as_full,
               what_is_under_way_at_stop_is_dropped_under_a_name, what_is_under_way_holds_the_run)
