/* amt-query. Covers: E-3 to E-6, E-17, M-7 to M-16, R-19 to, S-13. */
#include "tests/support/amt.h"

#define QUERY "secret: {class: amt-secret}\n"

static struct amtg_packet *request(struct rig *rig, const char *hex, bool ip6)
{
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_REQUEST, hex);

    if (ip6)
        rig_from(p, GATEWAY6, GATEWAY_PORT, RELAY6, RELAY_PORT);
    else
        rig_from(p, GATEWAY4, GATEWAY_PORT, RELAY4, RELAY_PORT);
    return p;
}

/* The next answer is this message, but for the MAC, which is the secret's. */
static void expect_query(struct rig *rig, const char *hex, bool ip6)
{
    struct amtg_packet *want = rig_packet_hex(rig, AMTG_AMT_QUERY, hex), *p = rig_take(rig, "out");

    put_mac(rig, "secret", want, ip6 ? GATEWAY6 : GATEWAY4, GATEWAY_PORT);
    ck_assert_uint_eq(p->len, want->len);
    ck_assert_mem_eq(p->data, want->data, want->len);
    if (ip6)
        expect_to(p, GATEWAY6, GATEWAY_PORT, RELAY6, RELAY_PORT);
    else
        expect_to(p, GATEWAY4, GATEWAY_PORT, RELAY4, RELAY_PORT);
    amtg_packet_free(want);
    amtg_packet_free(p);
}

/* Covers: M-8 to M-11, M-13 to M-16, R-19 to. */
START_TEST(p_chooses_the_protocol_and_g_returns_the_sender)
{
    struct rig *rig = rig_new(_i, QUERY "it: {class: amt-query, secret: secret}");

    rig_push(rig, "in", request(rig, REQUEST4_HEX, false));
    expect_query(rig, "0401" MAC_HEX NONCE_HEX IGMP_QUERY_HEX GATEWAY4_HEX, false);
    rig_push(rig, "in", request(rig, REQUEST6_HEX, true));
    expect_query(rig, "0401" MAC_HEX NONCE_HEX MLD_QUERY_HEX GATEWAY6_HEX, true);
    rig_push(rig, "in", request(rig, REQUEST6_HEX, false));
    expect_query(rig, "0401" MAC_HEX NONCE_HEX MLD_QUERY_HEX GATEWAY4_HEX, false);
    rig_push(rig, "in", request(rig, REQUEST4_HEX, true));
    expect_query(rig, "0401" MAC_HEX NONCE_HEX IGMP_QUERY_HEX GATEWAY6_HEX, true);
    ck_assert_uint_eq(rig_counter(rig, "igmp-queries"), 2);
    ck_assert_uint_eq(rig_counter(rig, "mld-queries"), 2);
    rig_free(rig);
}
END_TEST

/* Is the MAC of the next Query one for a gateway that heeds ECN? */
static bool query_is_for_ecn(struct rig *rig)
{
    struct amtg_packet *p = rig_take(rig, "out");
    struct amtg_addr a;
    bool ecn;

    ck_assert(amtg_addr_parse(GATEWAY4, &a));
    ck_assert(mac_ops(rig, "secret")->check(rig_element(rig, "secret"), &a, GATEWAY_PORT, NONCE,
                                            p->data + 2, &ecn));
    amtg_packet_free(p);
    return ecn;
}

/* RFC 9601, section 6.1.4.2: bit 14 of a Request. */
/* Covers: E-17. */
START_TEST(e_goes_into_the_mac)
{
    for (unsigned on = 0; on < 2; on++) {
        struct rig *rig = rig_new(_i, on ? QUERY "it: {class: amt-query, secret: secret}"
                                         : QUERY "it: {class: amt-query, secret: secret, ecn: no}");
        for (unsigned flags = 0; flags < 0x80; flags++) {
            char hex[32];
            snprintf(hex, sizeof hex, "03%02xffff" NONCE_HEX, flags);
            rig_push(rig, "in", request(rig, hex, false));
            ck_assert(query_is_for_ecn(rig) == (on && (flags & 0x02)));
        }
        ck_assert_uint_eq(rig_counter(rig, "ecn-requests"), 64);
        rig_free(rig);
    }
}
END_TEST

/* Covers: R-29, M-16. */
START_TEST(without_teardown_there_are_no_gateway_fields)
{
    struct rig *rig = rig_new(_i, QUERY "it: {class: amt-query, secret: secret, teardown: false}");

    rig_push(rig, "in", request(rig, REQUEST4_HEX, false));
    expect_query(rig, "0400" MAC_HEX NONCE_HEX IGMP_QUERY_HEX, false);
    rig_free(rig);
}
END_TEST

/* */
START_TEST(interval_robustness_and_sources_are_told)
{
    struct rig *rig = rig_new(_i, QUERY "it: {class: amt-query, secret: secret,\n"
                                        "     interval: 20s, robustness: 3, source4: 192.0.2.1, source6: fe80::2}");

    rig_push(rig, "in", request(rig, REQUEST4_HEX, false));
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_mem_eq(p->data + 12 + 12, "\xc0\x00\x02\x01", 4);
    ck_assert_uint_eq(p->data[12 + 24 + 8], 3);
    ck_assert_uint_eq(p->data[12 + 24 + 9], 20);
    amtg_packet_free(p);
    rig_push(rig, "in", request(rig, REQUEST6_HEX, false));
    p = rig_take(rig, "out");
    ck_assert_uint_eq(p->data[12 + 8 + 15], 2);
    ck_assert_uint_eq(p->data[12 + 48 + 24], 3);
    ck_assert_uint_eq(p->data[12 + 48 + 25], 20);
    amtg_packet_free(p);
    rig_free(rig);
}
END_TEST

/* Covers: M-7. */
START_TEST(reserved_bits_and_a_ninth_octet_are_ignored)
{
    struct rig *rig = rig_new(_i, QUERY "it: {class: amt-query, secret: secret}");

    rig_push(rig, "in", request(rig, "037cffff" NONCE_HEX "00", false));
    expect_query(rig, "0401" MAC_HEX NONCE_HEX IGMP_QUERY_HEX GATEWAY4_HEX, false);
    rig_push(rig, "in", request(rig, "03fdffff" NONCE_HEX, false));
    expect_query(rig, "0401" MAC_HEX NONCE_HEX MLD_QUERY_HEX GATEWAY4_HEX, false);
    rig_free(rig);
}
END_TEST

START_TEST(a_linux_gateway_gets_both_queries_without_g)
{
    struct rig *rig = rig_new(_i, QUERY "it: {class: amt-query, secret: secret}");

    rig_push(rig, "in", request(rig, REQUEST_LINUX6_HEX, false));
    expect_query(rig, "0400" MAC_HEX NONCE_HEX IGMP_QUERY_HEX, false);
    expect_query(rig, "0400" MAC_HEX NONCE_HEX MLD_QUERY_HEX, false);
    ck_assert_uint_eq(rig_counter(rig, "compat-requests"), 1);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(strict_reads_p_by_the_rfc_alone)
{
    struct rig *rig = rig_new(_i, QUERY "it: {class: amt-query, secret: secret, compat: strict}");

    rig_push(rig, "in", request(rig, REQUEST_LINUX6_HEX, false));
    expect_query(rig, "0401" MAC_HEX NONCE_HEX IGMP_QUERY_HEX GATEWAY4_HEX, false);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(short_requests_are_dropped)
{
    struct rig *rig = rig_new(_i, QUERY "it: {class: amt-query, secret: secret}");

    for (unsigned len = 0; len < 8; len++) {
        struct amtg_packet *p = request(rig, REQUEST4_HEX, false);
        amtg_packet_trim(p, len);
        rig_push(rig, "in", p);
    }
    ck_assert_uint_eq(rig_drops(rig, "short"), 8);
    rig_free(rig);
}
END_TEST

/* Covers: S-13. */
START_TEST(impossible_sources_are_never_answered)
{
    static const char *const sources[] = {"0.0.0.0", "255.255.255.255", "224.0.0.1", "::",
                                          "ff02::1"};
    struct rig *rig = rig_new(_i, QUERY "it: {class: amt-query, secret: secret}");

    for (unsigned i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        struct amtg_packet *p = request(rig, REQUEST4_HEX, false);
        ck_assert(amtg_addr_parse(sources[i], &p->peer.remote));
        rig_push(rig, "in", p);
    }
    struct amtg_packet *p = request(rig, REQUEST_LINUX6_HEX, false);
    p->peer.remote_port = 0;
    rig_push(rig, "in", p);
    ck_assert_uint_eq(rig_drops(rig, "source"), 6);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("amt-query", p_chooses_the_protocol_and_g_returns_the_sender,
               e_goes_into_the_mac,
               without_teardown_there_are_no_gateway_fields,
               interval_robustness_and_sources_are_told,
               reserved_bits_and_a_ninth_octet_are_ignored,
               a_linux_gateway_gets_both_queries_without_g,
               strict_reads_p_by_the_rfc_alone, short_requests_are_dropped,
               impossible_sources_are_never_answered)
