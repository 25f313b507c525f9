/* queue: nothing leaves from inside a push; order and drops by discipline. */
#include "elements/wire/types.h"
#include "tests/support/rig.h"

/* An IPv4 header: `tos` in octet 1, `source` ends the source address, `mark` stands behind it. */
static struct amtg_packet *ip4(struct rig *rig, uint8_t tos, uint8_t source, uint8_t mark,
                               uint32_t len)
{
    uint8_t octets[2048] = {0x45, tos, [15] = source, [20] = mark};
    return rig_packet(rig, AMTG_IP_RAW, octets, len);
}

static void push(struct rig *rig, uint8_t tos, uint8_t source, uint8_t mark)
{
    rig_push(rig, "in", ip4(rig, tos, source, mark, 21));
}

static void expect_mark(struct rig *rig, uint8_t mark)
{
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_uint_eq(p->data[20], mark);
    amtg_packet_free(p);
}

START_TEST(packets_wait_for_the_loop_and_leave_in_order)
{
    struct rig *rig = rig_new(_i, "it: {class: queue}");

    for (uint8_t i = 0; i < 3; i++)
        push(rig, 0, 1, i);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "length"), 3);
    ck_assert_uint_eq(rig_counter(rig, "octets"), 63);
    rig_step(rig, 0);
    for (uint8_t i = 0; i < 3; i++)
        expect_mark(rig, i);
    ck_assert_uint_eq(rig_counter(rig, "length"), 0);
    ck_assert_uint_eq(rig_counter(rig, "octets"), 0);
    ck_assert_uint_eq(rig_counter(rig, "most"), 3);
    rig_free(rig);
}
END_TEST

START_TEST(a_full_fifo_drops_what_comes)
{
    struct rig *rig = rig_new(_i, "it: {class: queue, limit: 2}");

    for (uint8_t i = 0; i < 4; i++)
        push(rig, 0, 1, i);
    ck_assert_uint_eq(rig_drops(rig, "full"), 2);
    rig_step(rig, 0);
    expect_mark(rig, 0);
    expect_mark(rig, 1);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

/* A task behind the queue's in each turn of the loop, which looks at what is left. */
static struct amtg_task spy;
static unsigned left[3], turns;

static void look(struct amtg_element *e, struct amtg_task *t)
{
    left[turns++] = (unsigned)e->counters[0]; /* length */
    if (turns < 3)
        amtg_task_post(e, t);
}

START_TEST(a_turn_passes_on_at_most_a_burst)
{
    struct rig *rig = rig_new(_i, "it: {class: queue, burst: 2}");

    for (uint8_t i = 0; i < 5; i++)
        push(rig, 0, 1, i);
    turns = 0;
    spy.run = look;
    amtg_task_post(rig_element(rig, "it"), &spy);
    rig_step(rig, 0);
    ck_assert_uint_eq(left[0], 3);
    ck_assert_uint_eq(left[1], 1);
    ck_assert_uint_eq(left[2], 0);
    for (uint8_t i = 0; i < 5; i++)
        expect_mark(rig, i);
    rig_free(rig);
}
END_TEST

START_TEST(what_waits_at_the_end_is_dropped_as_stopped)
{
    struct rig *rig = rig_new(_i, "it: {class: queue, discipline: fair}");

    push(rig, 0, 1, 0);
    push(rig, 0, 2, 0);
    amtg_runtime_stop(rig_runtime(rig));
    ck_assert_uint_eq(rig_drops(rig, "stopped"), 2);
    rig_free(rig);
}
END_TEST

START_TEST(higher_precedence_goes_first_and_order_is_kept_within_a_band)
{
    static const uint8_t order[] = {5, 3, 1, 4, 0, 2};
    struct rig *rig = rig_new(_i, "it: {class: queue, discipline: priority}");

    push(rig, 0x00, 1, 0);
    push(rig, 0xb8, 1, 1); /* expedited forwarding: class selector 5 */
    push(rig, 0x00, 1, 2);
    push(rig, 0xc0, 1, 3);
    push(rig, 0xbb, 1, 4); /* ECN bits do not count */
    rig_push_hex(rig, "in", AMTG_IP_RAW, /* IPv6, class selector 7 */
                 "6e000000 00000000 00000000 00000000 00000000 05");
    rig_step(rig, 0);
    for (unsigned i = 0; i < sizeof order; i++)
        expect_mark(rig, order[i]);
    rig_free(rig);
}
END_TEST

START_TEST(amt_messages_and_records_rank_above_datagrams)
{
    struct rig *rig = rig_new(_i, "it: {class: queue, discipline: priority}");

    rig_push_hex(rig, "in", AMTG_DATAGRAM, "01");
    rig_push_hex(rig, "in", AMTG_AMT_DATA, "0600");
    rig_push_hex(rig, "in", AMTG_AMT_QUERY, "0400");
    rig_push_hex(rig, "in", AMTG_REPORT, "22");
    rig_push_hex(rig, "in", AMTG_IP_RAW, "45"); /* too short to have a DSCP */
    rig_step(rig, 0);
    rig_expect_hex(rig, "out", "0400");
    rig_expect_hex(rig, "out", "22");
    rig_expect_hex(rig, "out", "01");
    rig_expect_hex(rig, "out", "0600");
    rig_expect_hex(rig, "out", "45");
    rig_free(rig);
}
END_TEST

START_TEST(a_full_priority_queue_lets_the_lowest_go)
{
    struct rig *rig = rig_new(_i, "it: {class: queue, discipline: priority, limit: 2}");

    push(rig, 0x20, 1, 0);
    push(rig, 0x40, 1, 1);
    push(rig, 0x40, 1, 2); /* instead of 0 */
    push(rig, 0x40, 1, 3); /* nobody is lower */
    push(rig, 0x00, 1, 4);
    ck_assert_uint_eq(rig_drops(rig, "full"), 3);
    rig_step(rig, 0);
    expect_mark(rig, 1);
    expect_mark(rig, 2);
    rig_free(rig);
}
END_TEST

/* How many octets of each mark are among the first `count` packets; takes all. */
static void take_all(struct rig *rig, unsigned count, unsigned octets[3])
{
    for (unsigned i = 0; rig_count(rig, "out"); i++) {
        struct amtg_packet *p = rig_take(rig, "out");
        if (i < count)
            octets[p->data[20]] += p->len;
        amtg_packet_free(p);
    }
}

START_TEST(flows_take_turns)
{
    struct rig *rig = rig_new(_i, "it: {class: queue, discipline: fair, flows: 4096}");
    unsigned octets[3] = {0};

    for (unsigned i = 0; i < 20; i++)
        rig_push(rig, "in", ip4(rig, 0, 1, 1, 1000));
    for (unsigned i = 0; i < 4; i++)
        rig_push(rig, "in", ip4(rig, 0, 2, 2, 1000));
    rig_step(rig, 0);
    take_all(rig, 9, octets);
    ck_assert_uint_eq(octets[2], 4000); /* the small flow is through by then */
    rig_free(rig);
}
END_TEST

START_TEST(flows_get_the_same_octets_whatever_their_packets)
{
    struct rig *rig = rig_new(_i, "it: {class: queue, discipline: fair, flows: 4096}");
    unsigned octets[3] = {0};

    for (unsigned i = 0; i < 100; i++)
        rig_push(rig, "in", ip4(rig, 0, 1, 1, 150));
    for (unsigned i = 0; i < 20; i++)
        rig_push(rig, "in", ip4(rig, 0, 2, 2, 1500));
    rig_step(rig, 0);
    take_all(rig, 55, octets); /* five turns of each: 50 small, 5 large */
    ck_assert_uint_eq(octets[1], 7500);
    ck_assert_uint_eq(octets[2], 7500);
    rig_free(rig);
}
END_TEST

START_TEST(a_flood_displaces_itself_only)
{
    struct rig *rig = rig_new(_i, "it: {class: queue, discipline: fair, limit: 10, flows: 4096}");
    unsigned octets[3] = {0};

    for (unsigned i = 0; i < 3; i++)
        push(rig, 0, 2, 2);
    for (unsigned i = 0; i < 100; i++)
        push(rig, 0, 1, 1);
    for (unsigned i = 0; i < 2; i++)
        push(rig, 0, 2, 2);
    ck_assert_uint_eq(rig_drops(rig, "full"), 95);
    rig_step(rig, 0);
    take_all(rig, 10, octets);
    ck_assert_uint_eq(octets[1], 5 * 21);
    ck_assert_uint_eq(octets[2], 5 * 21);
    rig_free(rig);
}
END_TEST

START_TEST(peers_are_flows_of_datagrams)
{
    struct rig *rig = rig_new(_i, "it: {class: queue, discipline: fair, limit: 4, flows: 4096}");
    unsigned ports[2] = {0};

    for (unsigned i = 0; i < 10; i++) {
        struct amtg_packet *p = rig_packet_hex(rig, AMTG_DATAGRAM, "03");
        rig_from(p, "192.0.2.1", i ? 1001 : 1000, "198.51.100.1", 2268);
        rig_push(rig, "in", p);
    }
    rig_step(rig, 0);
    while (rig_count(rig, "out")) {
        struct amtg_packet *p = rig_take(rig, "out");
        ports[p->peer.remote_port - 1000]++;
        amtg_packet_free(p);
    }
    ck_assert_uint_eq(ports[0], 1);
    ck_assert_uint_eq(ports[1], 3);
    rig_free(rig);
}
END_TEST

/* Lanes that are shared, that empty, and that come again. */
START_TEST(nothing_is_lost_over_many_rounds)
{
    struct rig *rig = rig_new(_i, "it: {class: queue, discipline: fair, flows: 3, burst: 5}");
    unsigned pushed = 0;

    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < 1 + round % 7; i++, pushed++)
            rig_push(rig, "in", ip4(rig, 0, (uint8_t)(round * i), 0, 21 + round * 37));
        rig_step(rig, 0);
    }
    ck_assert_uint_eq(rig_count(rig, "out"), pushed);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("flow/queue", packets_wait_for_the_loop_and_leave_in_order,
               a_full_fifo_drops_what_comes, a_turn_passes_on_at_most_a_burst,
               what_waits_at_the_end_is_dropped_as_stopped,
               higher_precedence_goes_first_and_order_is_kept_within_a_band,
               amt_messages_and_records_rank_above_datagrams,
               a_full_priority_queue_lets_the_lowest_go, flows_take_turns,
               flows_get_the_same_octets_whatever_their_packets, a_flood_displaces_itself_only,
               peers_are_flows_of_datagrams, nothing_is_lost_over_many_rounds)
