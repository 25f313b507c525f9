/* counter and discard: what passes, and what ends, is counted. */
#include "elements/wire/types.h"
#include "tests/support/rig.h"

START_TEST(packets_and_octets_are_counted_and_pass_unchanged)
{
    struct rig *rig = rig_new(_i, "it: {class: counter}");

    rig_push_hex(rig, "in", AMTG_IP, "45000014");
    rig_push_hex(rig, "in", AMTG_DATAGRAM, "0000");
    rig_expect_hex(rig, "out", "45000014");
    rig_expect_hex(rig, "out", "0000");
    ck_assert_uint_eq(rig_counter(rig, "packets"), 2);
    ck_assert_uint_eq(rig_counter(rig, "octets"), 6);
    rig_free(rig);
}
END_TEST

START_TEST(type_and_destinations_pass_through)
{
    struct rig *rig = rig_new(_i, "it: {class: counter}");
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_QUERY, "0400");

    rig_from(p, "192.0.2.1", 51000, "198.51.100.1", 2268);
    p->flags |= AMTG_ADDRESSED_ONE;
    rig_push(rig, "in", p);
    p = rig_take(rig, "out");
    ck_assert_ptr_eq(p->type, AMTG_AMT_QUERY);
    ck_assert_uint_eq(p->flags & AMTG_ADDRESSED_ONE, AMTG_ADDRESSED_ONE);
    ck_assert_uint_eq(p->peer.remote_port, 51000);
    amtg_packet_free(p);
    rig_free(rig);
}
END_TEST

START_TEST(discarded_packets_are_counted_and_finished)
{
    struct rig *rig = rig_new(_i, "it: {class: discard}");

    rig_push_hex(rig, "in", AMTG_IP_RAW, "450000");
    rig_push_hex(rig, "in", AMTG_GONE, "");
    ck_assert_uint_eq(rig_counter(rig, "packets"), 2);
    ck_assert_uint_eq(rig_counter(rig, "octets"), 3);
    ck_assert_uint_eq(rig_element(rig, "it")->finished, 2);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("flow/counter", packets_and_octets_are_counted_and_pass_unchanged,
               type_and_destinations_pass_through, discarded_packets_are_counted_and_finished)
