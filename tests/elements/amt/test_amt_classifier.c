/* amt-classifier. Covers: M-26, R-9, R-11, G-12, G-13, S-13. */
#include "elements/wire/types.h"
#include "tests/support/amt.h"

static const struct {
    const char *output;
    const struct amtg_type *type;
    const char *hex;
    unsigned least; /* octets that the message cannot do without */
} messages[] = {
    {"discovery", AMTG_AMT_DISCOVERY, DISCOVERY_HEX, 8},
    {"advertisement", AMTG_AMT_ADVERTISEMENT, "02000000" NONCE_HEX "c0000201", 12},
    {"request", AMTG_AMT_REQUEST, REQUEST4_HEX, 8},
    {"query", AMTG_AMT_QUERY, "0400" MAC_HEX NONCE_HEX IGMP_QUERY_HEX, 32},
    {"update", AMTG_AMT_UPDATE, "0500" MAC_HEX NONCE_HEX IGMP_REPORT_HEX, 32},
    {"data", AMTG_AMT_DATA, "0600" NATIVE4_HEX, 22},
    {"teardown", AMTG_AMT_TEARDOWN, "0700" MAC_HEX NONCE_HEX GATEWAY4_HEX, 30},
};
enum { MESSAGES = sizeof messages / sizeof messages[0] };

/* Covers: M-26. */
START_TEST(each_message_leaves_by_its_name_and_with_its_type)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-classifier}");

    for (unsigned i = 0; i < MESSAGES; i++) {
        rig_push_hex(rig, "in", AMTG_DATAGRAM, messages[i].hex);
        struct amtg_packet *p = rig_take(rig, messages[i].output);
        ck_assert_ptr_eq(p->type, messages[i].type);
        expect_octets(p, messages[i].hex);
        amtg_packet_free(p);
    }
    rig_free(rig);
}
END_TEST

START_TEST(each_message_may_be_no_shorter_than_its_fixed_part)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-classifier}");
    uint64_t dropped = 0;

    for (unsigned i = 0; i < MESSAGES; i++) {
        for (unsigned len = 0; len < messages[i].least; len++) {
            struct amtg_packet *p = rig_packet_hex(rig, AMTG_DATAGRAM, messages[i].hex);
            amtg_packet_trim(p, len);
            rig_push(rig, "in", p);
            ck_assert_uint_eq(rig_drops(rig, "short"), ++dropped);
        }
        struct amtg_packet *p = rig_packet_hex(rig, AMTG_DATAGRAM, messages[i].hex);
        amtg_packet_trim(p, messages[i].least);
        rig_push(rig, "in", p);
        ck_assert_uint_eq(rig_count(rig, messages[i].output), 1);
        rig_ignore(rig, messages[i].output);
    }
    rig_free(rig);
}
END_TEST

START_TEST(trailing_octets_are_no_reason_to_drop)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-classifier}");

    rig_push_hex(rig, "in", AMTG_DATAGRAM, REQUEST4_HEX "00");
    rig_expect_hex(rig, "request", REQUEST4_HEX "00");
    rig_free(rig);
}
END_TEST

/* Covers: R-11, G-13, M-26. */
START_TEST(versions_other_than_0_are_dropped)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-classifier}");

    for (unsigned version = 1; version < 16; version++) {
        struct amtg_packet *p = rig_packet_hex(rig, AMTG_DATAGRAM, REQUEST4_HEX);
        p->data[0] = (uint8_t)(version << 4 | 3);
        rig_push(rig, "in", p);
    }
    ck_assert_uint_eq(rig_drops(rig, "version"), 15);
    rig_free(rig);
}
END_TEST

/* Covers: R-9, G-12. */
START_TEST(unknown_types_are_dropped)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-classifier}");

    for (unsigned type = 0; type < 16; type++) {
        struct amtg_packet *p = rig_packet_hex(rig, AMTG_DATAGRAM, REQUEST4_HEX);
        p->data[0] = (uint8_t)type;
        if (type == 0 || type > 7)
            rig_push(rig, "in", p);
        else
            amtg_packet_free(p);
    }
    ck_assert_uint_eq(rig_drops(rig, "type"), 9);
    rig_free(rig);
}
END_TEST

/* Covers, G-12. */
START_TEST(a_message_that_nobody_takes_is_dropped_under_its_name)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-classifier}");

    for (unsigned i = 0; i < MESSAGES; i++) {
        rig_element(rig, "it")->outs[i].peer = NULL;
        rig_push_hex(rig, "in", AMTG_DATAGRAM, messages[i].hex);
        ck_assert_uint_eq(rig_drops(rig, messages[i].output), 1);
    }
    ck_assert_uint_eq(rig_drops(rig, "open"), 0);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("amt-classifier", each_message_leaves_by_its_name_and_with_its_type,
               each_message_may_be_no_shorter_than_its_fixed_part,
               trailing_octets_are_no_reason_to_drop, versions_other_than_0_are_dropped,
               unknown_types_are_dropped, a_message_that_nobody_takes_is_dropped_under_its_name)
