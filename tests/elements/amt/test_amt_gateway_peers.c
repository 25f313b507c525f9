/*
 * amt-gateway towards relays as they are deployed: the Linux driver, GrumpyOldTroll's
 * amtrelayd, and ones that do as the RFC says but lose packets.
 * Covers: G-9, G-11, G-34, K1, K2, K4, K10 to K14, K19, T1, T5, T9, T11.
 */
#include "tests/elements/amt/gateway_rig.h"

#define CALM ", no-traffic: 0s, teardown: false"

/* Unsubscribe from what was reported, so that the end says nothing. */
static void end(struct rig *rig)
{
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}

/* A Linux relay is found out: it takes only the third Request. Returns the nonce. */
static uint32_t answer_the_third(struct rig *rig)
{
    report(rig, MLD_REPORT_HEX);
    uint32_t nonce = take_request(rig, RELAY4, 0x01);
    wait_out(rig, 2);
    ck_assert_uint_eq(take_request(rig, RELAY4, 0x01), nonce);
    wait_out(rig, 3);
    ck_assert_uint_eq(take_request(rig, RELAY4, 0x80), nonce);
    tell(rig, (struct told){.nonce = nonce, .mld = true, .plain = true});
    ck_assert_uint_eq(rig_count(rig, "queries"), 1);
    rig_ignore(rig, "queries");
    return nonce;
}

static uint32_t find_linux(struct rig *rig)
{
    uint32_t nonce = answer_the_third(rig);

    report(rig, MLD_REPORT_HEX);
    expect_update(rig, RELAY4, 1, nonce, MLD_REPORT_HEX);
    return nonce;
}

START_TEST(k1_k2_a_relay_silent_to_the_right_bit_gets_the_one_that_linux_takes)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));
    uint32_t nonce = find_linux(rig);

    ck_assert_uint_eq(rig_counter(rig, "linux-requests"), 1);
    rig_step(rig, 60 * AMTG_S);
    uint32_t next = take_request(rig, RELAY4, 0x80); /* remembered */
    ck_assert_uint_ne(next, nonce);
    wait_out(rig, 2);
    ck_assert_uint_eq(take_request(rig, RELAY4, 0x01), next); /* it may be another relay by now */
    tell(rig, (struct told){.nonce = next, .mld = true});
    rig_ignore(rig, "queries");
    rig_step(rig, 60 * AMTG_S);
    take_request(rig, RELAY4, 0x01);
    end(rig);
}
END_TEST

START_TEST(k4_k12_a_linux_relay_is_asked_for_both_families_with_one_nonce)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));

    find_linux(rig);
    report(rig, IGMP_REPORT_HEX);
    for (unsigned i = 0; i < 3; i++) {
        uint32_t nonce = take_request(rig, RELAY4, 0x00);
        ck_assert_uint_eq(take_request(rig, RELAY4, 0x80), nonce);
        rig_expect_nothing(rig, "out");
        tell(rig, (struct told){.nonce = nonce, .plain = true, .mac = 4});
        tell(rig, (struct told){.nonce = nonce, .plain = true, .mac = 4, .mld = true});
        ck_assert_uint_eq(rig_count(rig, "queries"), 2);
        rig_ignore(rig, "queries");
        report(rig, IGMP_REPORT_HEX);
        report(rig, MLD_REPORT_HEX);
        expect_update(rig, RELAY4, 4, nonce, IGMP_REPORT_HEX);
        expect_update(rig, RELAY4, 4, nonce, MLD_REPORT_HEX);
        rig_step(rig, 60 * AMTG_S);
    }
    end(rig);
}
END_TEST

START_TEST(k12_when_linux_is_found_out_the_other_family_begins_anew)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));

    establish(rig, (struct told){.plain = true});
    answer_the_third(rig);
    /* The relay has forgotten the nonce of the IGMP Query. */
    uint32_t nonce = take_request(rig, RELAY4, 0x00);
    ck_assert_uint_eq(take_request(rig, RELAY4, 0x80), nonce);
    end(rig);
}
END_TEST

START_TEST(a_relay_that_reads_p_as_the_rfc_says_is_put_right_at_once)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));

    report(rig, MLD_REPORT_HEX);
    uint32_t nonce = take_request(rig, RELAY4, 0x01); /* both were lost */
    wait_out(rig, 2);
    take_request(rig, RELAY4, 0x01);
    wait_out(rig, 3);
    take_request(rig, RELAY4, 0x80);
    tell(rig, (struct told){.nonce = nonce}); /* IGMPv3: it takes 0x80 for a reserved bit */
    ck_assert_uint_eq(rig_drops(rig, "query-family"), 1);
    ck_assert_uint_eq(take_request(rig, RELAY4, 0x01), nonce);
    tell(rig, (struct told){.nonce = nonce}); /* once is enough */
    rig_expect_nothing(rig, "out");
    tell(rig, (struct told){.nonce = nonce, .mld = true});
    rig_ignore(rig, "queries");
    rig_step(rig, 60 * AMTG_S);
    take_request(rig, RELAY4, 0x01);
    end(rig);
}
END_TEST

START_TEST(a_query_with_g_is_not_from_linux)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));

    report(rig, MLD_REPORT_HEX);
    uint32_t nonce = take_request(rig, RELAY4, 0x01);
    wait_out(rig, 2);
    take_request(rig, RELAY4, 0x01);
    wait_out(rig, 3);
    take_request(rig, RELAY4, 0x80);
    tell(rig, (struct told){.nonce = nonce, .mld = true}); /* late, to the first */
    rig_ignore(rig, "queries");
    rig_step(rig, 60 * AMTG_S);
    take_request(rig, RELAY4, 0x01);
    end(rig);
}
END_TEST

START_TEST(compat_strict_and_linux_do_not_try_the_other_way)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM ", compat: strict"));

    report(rig, MLD_REPORT_HEX);
    take_request(rig, RELAY4, 0x01);
    for (unsigned i = 0; i < 6; i++) {
        wait_out(rig, 130);
        take_request(rig, RELAY4, 0x01);
    }
    end(rig);

    rig = rig_new(_i, GATEWAY(CALM ", compat: linux"));
    report(rig, MLD_REPORT_HEX);
    uint32_t nonce = take_request(rig, RELAY4, 0x80);
    for (unsigned i = 0; i < 6; i++) {
        wait_out(rig, 130);
        ck_assert_uint_eq(take_request(rig, RELAY4, 0x80), nonce);
    }
    end(rig);
}
END_TEST

START_TEST(k11_a_full_linux_relay_answers_icmp_and_another_is_looked_for)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: 192.0.2.1, retries: 1" CALM));

    report(rig, IGMP_REPORT_HEX);
    advertise(rig, RELAY4, take_discovery(rig, RELAY4), RELAY4); /* K14: from its own address */
    take_request(rig, RELAY4, 0);
    unreachable(rig, RELAY4, 3, 1);
    rig_expect_nothing(rig, "out");
    unsigned discoveries = 0;
    for (unsigned i = 0; i < 6; i++) {
        wait_out(rig, 130);
        struct amtg_packet *p = rig_take(rig, "out");
        discoveries += p->data[0] == 1;
        amtg_packet_free(p);
    }
    ck_assert_uint_ge(discoveries, 1);
    end(rig);
}
END_TEST

START_TEST(t1_a_relay_that_ignores_p_gets_no_updates_for_mld)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));

    report(rig, MLD_REPORT_HEX);
    uint32_t nonce = take_request(rig, RELAY4, 0x01);
    tell(rig, (struct told){.nonce = nonce, .plain = true});
    ck_assert_uint_eq(rig_drops(rig, "query-family"), 1);
    rig_expect_nothing(rig, "queries");
    report(rig, MLD_REPORT_HEX);
    rig_expect_nothing(rig, "out");
    end(rig);
}
END_TEST

START_TEST(t5_t9_amtrelayds_mld_query_is_taken_and_refreshed_in_time)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));
    char hex[256];

    report(rig, MLD_REPORT_HEX);
    uint32_t nonce = take_request(rig, RELAY4, 0x01);
    /* From a global address; Router Alert, then PadN of no octets; MRC 100, S 1, QRV 0, QQIC 5. */
    snprintf(hex, sizeof hex,
             "0400 010203040506 %08x 60000000 0024 00 01 20010db8000000000000000000000001"
             "ff020000000000000000000000000001 3a00 05020000 0100"
             "8200 0000 0064 0000 00000000000000000000000000000000 08 05 0000", nonce);
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_QUERY, hex);
    uint32_t sum = 58 + 28; /* the pseudo-header's next header and length */
    for (unsigned i = 12 + 8; i < 12 + 40; i += 2)
        sum += amtg_get_u16(p->data + i);
    for (unsigned i = 12 + 48; i < p->len; i += 2)
        sum += amtg_get_u16(p->data + i);
    sum = (sum & 0xffff) + (sum >> 16);
    amtg_put_u16(p->data + 12 + 50, (uint16_t)~((sum & 0xffff) + (sum >> 16)));
    rig_from(p, RELAY4, RELAY_PORT, "10.0.0.2", 40000);
    rig_push(rig, "query", p);
    ck_assert_uint_eq(rig_counter(rig, "mld-queries"), 1);
    rig_ignore(rig, "queries");
    rig_step(rig, 5 * AMTG_S);
    take_request(rig, RELAY4, 0x01);
    end(rig);
}
END_TEST

START_TEST(a_family_that_the_relay_does_not_serve_leaves_the_other_alone)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: 192.52.193.1, silence: 0s" CALM));

    report(rig, IGMP_REPORT_HEX);
    advertise(rig, ANYCAST4, take_discovery(rig, ANYCAST4), RELAY4);
    uint32_t nonce = take_request(rig, RELAY4, 0);
    tell(rig, (struct told){.nonce = nonce, .interval_s = 1000, .plain = true});
    rig_ignore(rig, "queries");
    report(rig, IGMP_REPORT_HEX);
    expect_update(rig, RELAY4, 1, nonce, IGMP_REPORT_HEX);
    report(rig, MLD_REPORT_HEX);
    rig_step(rig, 90 * AMTG_S);
    while (rig_count(rig, "out")) {
        struct amtg_packet *p = rig_take(rig, "out");
        ck_assert_uint_eq(p->data[0], 3); /* no Discovery */
        amtg_packet_free(p);
    }
    flow(rig, RELAY4);
    ck_assert_uint_eq(rig_counter(rig, "igmp-state"), 2);
    ck_assert_uint_eq(rig_counter(rig, "mld-state"), 1);
    end(rig);
}
END_TEST

AMTG_RIG_SUITE("amt-gateway peers",
               k1_k2_a_relay_silent_to_the_right_bit_gets_the_one_that_linux_takes,
               k4_k12_a_linux_relay_is_asked_for_both_families_with_one_nonce,
               k12_when_linux_is_found_out_the_other_family_begins_anew,
               a_relay_that_reads_p_as_the_rfc_says_is_put_right_at_once,
               a_query_with_g_is_not_from_linux,
               compat_strict_and_linux_do_not_try_the_other_way,
               k11_a_full_linux_relay_answers_icmp_and_another_is_looked_for,
               t1_a_relay_that_ignores_p_gets_no_updates_for_mld,
               t5_t9_amtrelayds_mld_query_is_taken_and_refreshed_in_time,
               a_family_that_the_relay_does_not_serve_leaves_the_other_alone)
