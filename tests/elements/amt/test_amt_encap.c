/* amt-encap. Covers: M-21, M-22, R-53. */
#include "tests/support/amt.h"

START_TEST(two_octets_come_before_the_datagram)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-encap}");

    struct amtg_packet *p = rig_packet_hex(rig, AMTG_IP, NATIVE4_HEX);
    p->data[-1] = p->data[-2] = 0xff; /* what was in the headroom before does not matter */
    rig_push(rig, "in", p);
    p = rig_take(rig, "out");
    ck_assert_ptr_eq(p->type, AMTG_AMT_DATA);
    expect_octets(p, "0600" NATIVE4_HEX);
    amtg_packet_free(p);
    rig_free(rig);
}
END_TEST

START_TEST(the_destinations_stay)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-encap}");
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_IP, NATIVE4_HEX);
    struct amtg_set *set = amtg_set_new(1);

    amtg_packet_to_set(p, set);
    rig_push(rig, "in", p);
    p = rig_take(rig, "out");
    ck_assert_ptr_eq(p->to, set);
    amtg_packet_free(p);
    amtg_set_free(set);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("amt-encap", two_octets_come_before_the_datagram, the_destinations_stay)
