/* amt-update. Covers: E-17, M-17 to M-19, R-5, R-37, R-39, R-42, S-9, S-12. */
#include "tests/support/amt.h"

#define UPDATE "secret: {class: amt-secret}\nit: {class: amt-update, secret: secret}"

/* An Update with the right MAC for GATEWAY4 and its port. */
static struct amtg_packet *update(struct rig *rig, const char *inner)
{
    char hex[1024];

    snprintf(hex, sizeof hex, "0500" MAC_HEX NONCE_HEX "%s", inner);
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_UPDATE, hex);
    rig_from(p, GATEWAY4, GATEWAY_PORT, RELAY4, RELAY_PORT);
    put_mac(rig, "secret", p, GATEWAY4, GATEWAY_PORT);
    return p;
}

/* Covers: R-39, M-19. */
START_TEST(reports_leave_by_their_family_with_the_sender_as_peer)
{
    struct rig *rig = rig_new(_i, UPDATE);
    static const char *const outputs[] = {"igmp", "mld"};
    static const char *const inners[] = {IGMP_REPORT_HEX, MLD_REPORT_HEX};

    for (unsigned i = 0; i < 2; i++) {
        rig_push(rig, "in", update(rig, inners[i]));
        struct amtg_packet *p = rig_take(rig, outputs[i]);
        char text[AMTG_ADDR_TEXT];
        expect_octets(p, inners[i]);
        ck_assert_ptr_eq(p->type, AMTG_IP_RAW);
        ck_assert_str_eq(amtg_addr_text(&p->peer.remote, text), GATEWAY4);
        ck_assert_uint_eq(p->peer.remote_port, GATEWAY_PORT);
        amtg_packet_free(p);
    }
    rig_free(rig);
}
END_TEST

/* Covers: E-17. */
START_TEST(the_sender_heeds_ecn_if_its_request_said_so)
{
    struct rig *rig = rig_new(_i, UPDATE);

    for (unsigned e = 0; e < 2; e++) {
        struct amtg_packet *p = update(rig, IGMP_REPORT_HEX);
        put_mac_e(rig, "secret", p, GATEWAY4, GATEWAY_PORT, e);
        p->peer.ecn = !e; /* not what the packet says of itself */
        rig_push(rig, "in", p);
        p = rig_take(rig, "igmp");
        ck_assert(p->peer.ecn == e);
        amtg_packet_free(p);
    }
    rig_free(rig);
}
END_TEST

/* */
START_TEST(octets_after_the_inner_datagram_are_cut_off)
{
    struct rig *rig = rig_new(_i, UPDATE);

    rig_push(rig, "in", update(rig, IGMP_REPORT_HEX "deadbeef"));
    rig_expect_hex(rig, "igmp", IGMP_REPORT_HEX);
    rig_push(rig, "in", update(rig, MLD_REPORT_HEX "00"));
    rig_expect_hex(rig, "mld", MLD_REPORT_HEX);
    rig_free(rig);
}
END_TEST

/* */
START_TEST(a_mac_with_any_octet_spoiled_is_refused)
{
    struct rig *rig = rig_new(_i, UPDATE);

    for (unsigned i = 0; i < AMTG_MAC_OCTETS; i++) {
        struct amtg_packet *p = update(rig, IGMP_REPORT_HEX);
        p->data[2 + i] ^= 0x01;
        rig_push(rig, "in", p);
        ck_assert_uint_eq(rig_drops(rig, "bad-mac"), i + 1);
    }
    rig_expect_nothing(rig, "igmp");
    rig_free(rig);
}
END_TEST

/* Covers: R-39, S-1. */
START_TEST(another_address_port_or_nonce_is_refused)
{
    struct rig *rig = rig_new(_i, UPDATE);
    struct amtg_packet *p = update(rig, IGMP_REPORT_HEX);

    rig_from(p, "203.0.113.8", GATEWAY_PORT, RELAY4, RELAY_PORT);
    rig_push(rig, "in", p);
    p = update(rig, IGMP_REPORT_HEX);
    rig_from(p, GATEWAY4, GATEWAY_PORT + 1, RELAY4, RELAY_PORT);
    rig_push(rig, "in", p);
    p = update(rig, IGMP_REPORT_HEX);
    p->data[11] ^= 1;
    rig_push(rig, "in", p);
    ck_assert_uint_eq(rig_drops(rig, "bad-mac"), 3);
    rig_free(rig);
}
END_TEST

/* Covers: S-9, R-39. */
START_TEST(the_mac_comes_first)
{
    struct rig *rig = rig_new(_i, UPDATE);
    struct amtg_packet *p = update(rig, "ff" IGMP_REPORT_HEX);

    p->data[2] ^= 1;
    rig_push(rig, "in", p);
    ck_assert_uint_eq(rig_drops(rig, "bad-mac"), 1);
    ck_assert_uint_eq(rig_drops(rig, "inner-version"), 0);
    rig_free(rig);
}
END_TEST

/* Covers: R-37, S-12. */
START_TEST(inner_datagrams_longer_than_the_message_are_dropped)
{
    static const struct {
        const char *inner;
        unsigned octets, output;
    } cases[] = {{IGMP_REPORT_HEX, 44, 0}, {MLD_REPORT_HEX, 92, 1}};
    struct rig *rig = rig_new(_i, UPDATE);
    uint64_t dropped = 0;

    for (unsigned i = 0; i < 2; i++)
        for (unsigned len = 20; len < cases[i].octets; len++) {
            struct amtg_packet *p = update(rig, cases[i].inner);
            amtg_packet_trim(p, 12 + len);
            rig_push(rig, "in", p);
            ck_assert_uint_eq(rig_drops(rig, "inner-length"), ++dropped);
        }
    rig_free(rig);
}
END_TEST

/* Covers: S-12. */
START_TEST(an_inner_length_below_the_header_is_dropped)
{
    struct rig *rig = rig_new(_i, UPDATE);
    struct amtg_packet *p = update(rig, IGMP_REPORT_HEX);

    p->data[12 + 3] = 19;
    rig_push(rig, "in", p);
    ck_assert_uint_eq(rig_drops(rig, "inner-length"), 1);
    rig_free(rig);
}
END_TEST

START_TEST(other_inner_versions_are_dropped)
{
    struct rig *rig = rig_new(_i, UPDATE);

    for (unsigned version = 0; version < 16; version++) {
        if (version == 4 || version == 6)
            continue;
        struct amtg_packet *p = update(rig, IGMP_REPORT_HEX);
        p->data[12] = (uint8_t)(version << 4 | 6);
        rig_push(rig, "in", p);
    }
    ck_assert_uint_eq(rig_drops(rig, "inner-version"), 14);
    rig_free(rig);
}
END_TEST

START_TEST(short_updates_are_dropped)
{
    struct rig *rig = rig_new(_i, UPDATE);

    for (unsigned len = 0; len < 12 + 20; len++) {
        struct amtg_packet *p = update(rig, IGMP_REPORT_HEX);
        amtg_packet_trim(p, len);
        rig_push(rig, "in", p);
    }
    ck_assert_uint_eq(rig_drops(rig, "short"), 12 + 20);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("amt-update", reports_leave_by_their_family_with_the_sender_as_peer,
               the_sender_heeds_ecn_if_its_request_said_so,
               octets_after_the_inner_datagram_are_cut_off, a_mac_with_any_octet_spoiled_is_refused,
               another_address_port_or_nonce_is_refused, the_mac_comes_first,
               inner_datagrams_longer_than_the_message_are_dropped,
               an_inner_length_below_the_header_is_dropped, other_inner_versions_are_dropped,
               short_updates_are_dropped)
