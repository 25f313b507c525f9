/* amt-teardown. Covers: M-24, M-25, R-48, R-49. */
#include "tests/support/amt.h"

#define TEARDOWN "secret: {class: amt-secret}\nit: {class: amt-teardown, secret: secret}"

/* A Teardown of GATEWAY4 with the right MAC, from another address: the gateway has moved. */
static struct amtg_packet *teardown(struct rig *rig, const char *fields, const char *gateway)
{
    char hex[128];

    snprintf(hex, sizeof hex, "0700" MAC_HEX NONCE_HEX "%s", fields);
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_TEARDOWN, hex);
    rig_from(p, "198.51.100.77", 40000, RELAY4, RELAY_PORT);
    put_mac(rig, "secret", p, gateway, GATEWAY_PORT);
    return p;
}

static void expect_gone(struct rig *rig, const char *gateway)
{
    struct amtg_packet *p = rig_take(rig, "out");
    char text[AMTG_ADDR_TEXT];

    ck_assert_ptr_eq(p->type, AMTG_GONE);
    ck_assert_uint_eq(p->len, 0);
    ck_assert_str_eq(amtg_addr_text(&p->peer.remote, text), gateway);
    ck_assert_uint_eq(p->peer.remote_port, GATEWAY_PORT);
    amtg_packet_free(p);
}

/* Covers: M-25, R-48. */
START_TEST(the_endpoint_in_the_message_is_gone_whoever_sent_it)
{
    struct rig *rig = rig_new(_i, TEARDOWN);

    rig_push(rig, "in", teardown(rig, GATEWAY4_HEX, GATEWAY4));
    expect_gone(rig, GATEWAY4);
    rig_push(rig, "in", teardown(rig, GATEWAY6_HEX, GATEWAY6));
    expect_gone(rig, GATEWAY6);
    rig_push(rig, "in", teardown(rig, GATEWAY4_HEX "00", GATEWAY4));
    expect_gone(rig, GATEWAY4);
    rig_free(rig);
}
END_TEST

/* Covers, S-1. */
START_TEST(each_octet_of_mac_nonce_port_and_address_counts)
{
    struct rig *rig = rig_new(_i, TEARDOWN);

    for (unsigned i = 2; i < 30; i++) {
        struct amtg_packet *p = teardown(rig, GATEWAY4_HEX, GATEWAY4);
        p->data[i] ^= 0x01;
        rig_push(rig, "in", p);
        ck_assert_uint_eq(rig_drops(rig, "bad-mac"), i - 1);
    }
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

/* Covers: M-24. */
START_TEST(reserved_bits_are_ignored)
{
    struct rig *rig = rig_new(_i, TEARDOWN);
    struct amtg_packet *p = teardown(rig, GATEWAY4_HEX, GATEWAY4);

    p->data[1] = 0xff;
    rig_push(rig, "in", p);
    expect_gone(rig, GATEWAY4);
    rig_free(rig);
}
END_TEST

/* Covers: S-12. */
START_TEST(short_teardowns_are_dropped)
{
    struct rig *rig = rig_new(_i, TEARDOWN);

    for (unsigned len = 0; len < 30; len++) {
        struct amtg_packet *p = teardown(rig, GATEWAY4_HEX, GATEWAY4);
        amtg_packet_trim(p, len);
        rig_push(rig, "in", p);
    }
    ck_assert_uint_eq(rig_drops(rig, "short"), 30);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("amt-teardown", the_endpoint_in_the_message_is_gone_whoever_sent_it,
               each_octet_of_mac_nonce_port_and_address_counts, reserved_bits_are_ignored,
               short_teardowns_are_dropped)
