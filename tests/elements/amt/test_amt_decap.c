/* amt-decap. Covers: M-22, S-12. */
#include "tests/support/amt.h"

START_TEST(the_inner_datagram_comes_out)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-decap}");

    rig_push_hex(rig, "in", AMTG_AMT_DATA, "0600" NATIVE4_HEX);
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_ptr_eq(p->type, AMTG_IP_RAW);
    expect_octets(p, NATIVE4_HEX);
    amtg_packet_free(p);
    rig_push_hex(rig, "in", AMTG_AMT_DATA, "06ff" NATIVE4_HEX);
    rig_expect_hex(rig, "out", NATIVE4_HEX);
    rig_free(rig);
}
END_TEST

START_TEST(short_messages_are_dropped)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-decap}");

    for (unsigned len = 0; len < 22; len++) {
        struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_DATA, "0600" NATIVE4_HEX);
        amtg_packet_trim(p, len);
        rig_push(rig, "in", p);
    }
    ck_assert_uint_eq(rig_drops(rig, "short"), 22);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("amt-decap", the_inner_datagram_comes_out, short_messages_are_dropped)
