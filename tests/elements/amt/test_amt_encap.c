/* amt-encap. Covers: M-21, M-22, R-53, E-1, E-2. */
#include "elements/wire/amt.h"
#include "elements/wire/ecn.h"
#include "tests/support/amt.h"

/* Covers: M-22. */
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

/* Covers: M-21, R-53. */
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

/* RFC 6040, section 4.1, and a DSCP that has nothing to do with it (RFC 2474). */
static void expect_tos(int shared, const char *params, unsigned inner, unsigned outer)
{
    char element[128];

    snprintf(element, sizeof element, "it: {class: amt-encap%s}", params);
    struct rig *rig = rig_new(shared, element);
    for (unsigned family = 4; family <= 6; family += 2) {
        struct amtg_packet *p =
            rig_packet_hex(rig, AMTG_IP, family == 4 ? NATIVE4_HEX : NATIVE6_HEX);
        if (family == 4) {
            p->data[1] = (uint8_t)inner;
        } else {
            p->data[0] = (uint8_t)(0x60 | inner >> 4);
            p->data[1] = (uint8_t)((inner & 15) << 4 | 0x0a); /* and a flow label */
        }
        amtg_packet_set_tos(p, 0xff); /* of what brought it here, say another tunnel */
        rig_push(rig, "in", p);
        p = rig_take(rig, "out");
        ck_assert(p->flags & AMTG_HAS_TOS);
        ck_assert_uint_eq(p->tos, outer);
        ck_assert_uint_eq(amtg_tos_read(p->data + AMTG_DATA_HEAD_OCTETS), inner); /* as it was */
        amtg_packet_free(p);
    }
    rig_free(rig);
}

/* Covers: E-1, E-2. */
START_TEST(the_outer_ecn_field_is_the_inner_one)
{
    for (unsigned ecn = 0; ecn < 4; ecn++) {
        expect_tos(_i, "", 0x88 | ecn, ecn);
        expect_tos(_i, ", dscp: 46", 0x88 | ecn, 46 << 2 | ecn);
        expect_tos(_i, ", copy-dscp: true, dscp: 46", 0x88 | ecn, 0x88 | ecn);
    }
}
END_TEST

AMTG_RIG_SUITE("amt-encap", two_octets_come_before_the_datagram, the_destinations_stay,
               the_outer_ecn_field_is_the_inner_one)
