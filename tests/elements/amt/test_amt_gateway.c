/*
 * amt-gateway: discovery, Request cycle, Updates, and what it does when something
 * fails, row by row. Covers: M-1, M-5, M-6, M-8, M-9, M-17, M-19, G-8 to G-11, G-19
 * to G-39, G-47 to G-65, G-74, S-10, D-16 to D-21, D-23 to D-25, D-27, K3, K4, K12,
 * T4, T5, T6, T9.
 */
#include "tests/elements/amt/gateway_rig.h"

/* ---- discovery (4.2 rows 1 to 3) ------------------------------------------------- */

/* Covers: G-19, G-20, G-31, G-62, M-1, M-2. */
START_TEST(g19_the_first_subscription_sends_a_discovery_to_the_anycast_address)
{
    struct rig *rig = rig_new(_i, FINDER(""));

    expect_quiet(rig, 300);
    report(rig, IGMP_REPORT_HEX);
    struct amtg_packet *p = rig_take(rig, "out");
    expect_to(p, ANYCAST4, 2268, "0.0.0.0", 0);
    ck_assert_uint_eq(p->len, 8);
    ck_assert_uint_eq(amtg_get_u32(p->data), 0x01000000);
    ck_assert_uint_ne(amtg_get_u32(p->data + 4), 0);
    amtg_packet_free(p);
    ck_assert_uint_eq(rig_drops(rig, "report-no-relay"), 1);
    rig_free(rig);
}
END_TEST

/* Covers: G-21 to G-23, G-29. */
START_TEST(g22_g23_g29_discovery_is_repeated_with_its_nonce_and_backs_off)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: 192.52.193.1, retries: 100"));
    uint32_t nonce;
    uint64_t least, most;

    report(rig, IGMP_REPORT_HEX);
    nonce = take_discovery(rig, ANYCAST4);
    for (unsigned n = 0; n < 12; n++) {
        uint64_t ms = wait_out(rig, 130);
        least = 1000;
        most = n < 7 ? 1000u << n : 120000;
        ck_assert_uint_ge(ms, least);
        ck_assert_uint_le(ms, most + 10);
        ck_assert_uint_eq(take_discovery(rig, ANYCAST4), nonce);
    }
    rig_free(rig);
}
END_TEST

/* Covers: G-19, G-30. */
START_TEST(g30_the_next_address_is_asked_with_a_new_nonce)
{
    struct rig *rig = rig_new(_i, FINDER(", retries: 1"));
    uint32_t first, second, again;

    report(rig, IGMP_REPORT_HEX);
    first = take_discovery(rig, ANYCAST4);
    wait_out(rig, 2);
    ck_assert_uint_eq(take_discovery(rig, ANYCAST4), first);
    wait_out(rig, 3);
    second = take_discovery(rig, ANYCAST6);
    ck_assert_uint_ne(second, first);
    wait_out(rig, 2);
    ck_assert_uint_eq(take_discovery(rig, ANYCAST6), second);
    wait_out(rig, 3);
    again = take_discovery(rig, ANYCAST4);
    ck_assert_uint_ne(again, first);
    ck_assert_uint_ne(again, second);
    rig_free(rig);
}
END_TEST

/* With two Discoveries for each address, the back-off goes on from round to round, not from one to the next. */
START_TEST(g29_g30_the_back_off_grows_when_all_addresses_have_had_their_turn)
{
    struct rig *rig = rig_new(_i, FINDER(", retries: 1"));
    uint64_t longest = 0;

    report(rig, IGMP_REPORT_HEX);
    for (unsigned round = 0; round < 5; round++)
        for (unsigned n = 0; n < 4; n++) { /* twice each of two */
            unsigned step = 2 * round + n % 2;
            uint64_t most = step < 7 ? 1000u << step : 120000;
            take_discovery(rig, n < 2 ? ANYCAST4 : ANYCAST6);
            uint64_t ms = wait_out(rig, 130);
            ck_assert_uint_ge(ms, 1000);
            ck_assert_msg(ms <= most + 10, "step %u: %u ms", step, (unsigned)ms);
            longest = ms > longest ? ms : longest;
        }
    ck_assert_uint_gt(longest, 16000); /* as from the fifth step on only */
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

/* Covers: G-24, G-27, G-35, M-5, M-6. */
START_TEST(g27_an_advertisement_leads_to_a_request_and_further_ones_are_ignored)
{
    struct rig *rig = rig_new(_i, FINDER(""));

    report(rig, IGMP_REPORT_HEX);
    uint32_t nonce = take_discovery(rig, ANYCAST4);
    advertise(rig, ANYCAST4, nonce, RELAY4);
    take_request(rig, RELAY4, 0);
    advertise(rig, ANYCAST4, nonce, OTHER_RELAY);
    ck_assert_uint_eq(rig_drops(rig, "ad-unexpected"), 1);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

/* Covers: M-5, M-9, G-10, G-34. */
START_TEST(m5_an_ipv6_relay_is_found_and_used_for_both_payload_families)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: \"2001:3::1\""));

    report(rig, IGMP_REPORT_HEX);
    advertise(rig, ANYCAST6, take_discovery(rig, ANYCAST6), RELAY6);
    uint32_t igmp = take_request(rig, RELAY6, 0);
    report(rig, MLD_REPORT_HEX);
    uint32_t mld = take_request(rig, RELAY6, 1);
    ck_assert_uint_ne(igmp, mld);
    tell(rig, (struct told){
                  .from = RELAY6, .nonce = mld, .mld = true, .gateway = GATEWAY6, .mac = 6});
    tell(rig, (struct told){.from = RELAY6, .nonce = igmp, .gateway = GATEWAY6, .mac = 4});
    rig_expect_hex(rig, "queries", "6000000000240001fe800000000000000000000000000001"
                                   "ff0200000000000000000000000000013a000502000001008200"
                                   "7de60001000000000000000000000000000000000000023c0000");
    ck_assert_uint_eq(rig_count(rig, "queries"), 1);
    rig_ignore(rig, "queries");
    report(rig, IGMP_REPORT_HEX);
    report(rig, MLD_REPORT_HEX);
    expect_update(rig, RELAY6, 4, igmp, IGMP_REPORT_HEX);
    expect_update(rig, RELAY6, 6, mld, MLD_REPORT_HEX);
    rig_step(rig, 100 * AMTG_MS);
    rig_ignore(rig, "out");
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out"); /* the Teardown of stop has tests of its own */
    rig_free(rig);
}
END_TEST

/* ---- the Request cycle (4.2, 4.3) -------------------------------------------------- */

/* Covers: M-6 to M-8, G-34, G-35, G-63. */
START_TEST(m6_m8_a_known_relay_is_asked_at_once)
{
    struct rig *rig = rig_new(_i, GATEWAY(""));

    report(rig, IGMP_REPORT_HEX);
    struct amtg_packet *p = rig_take(rig, "out");
    expect_to(p, RELAY4, 2268, "0.0.0.0", 0);
    ck_assert_uint_eq(p->len, 8);
    ck_assert_uint_eq(amtg_get_u32(p->data), 0x03000000);
    amtg_packet_free(p);
    ck_assert_uint_eq(rig_counter(rig, "igmp-state"), 1);
    ck_assert_uint_eq(rig_counter(rig, "mld-state"), 0);
    rig_free(rig);
}
END_TEST

/* Covers: G-36 to G-38, G-58. */
START_TEST(g37_g38_g58_requests_are_repeated_with_their_nonce_and_back_off)
{
    struct rig *rig = rig_new(_i, GATEWAY(", retries: 2"));

    report(rig, IGMP_REPORT_HEX);
    uint32_t nonce = take_request(rig, RELAY4, 0);
    for (unsigned n = 0; n < 12; n++) {
        uint64_t ms = wait_out(rig, 130);
        ck_assert_uint_ge(ms, 1000);
        ck_assert_uint_le(ms, (n < 7 ? 1000u << n : 120000) + 10);
        ck_assert_uint_eq(take_request(rig, RELAY4, 0), nonce);
    }
    rig_free(rig);
}
END_TEST

/* Covers: G-39. */
START_TEST(g39_a_relay_that_stays_silent_is_looked_for_anew_and_still_asked)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: 192.52.193.1, retries: 1"));
    unsigned discoveries = 0, requests = 0;

    report(rig, IGMP_REPORT_HEX);
    advertise(rig, ANYCAST4, take_discovery(rig, ANYCAST4), RELAY4);
    for (unsigned i = 0; i < 8; i++) {
        wait_out(rig, 130);
        struct amtg_packet *p = rig_take(rig, "out");
        discoveries += p->data[0] == 1;
        requests += p->data[0] == 3;
        amtg_packet_free(p);
    }
    ck_assert_uint_ge(discoveries, 1);
    ck_assert_uint_ge(requests, 2);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

/* Covers: G-39. */
START_TEST(g39_when_the_silent_relay_is_found_again_it_stays)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: 192.52.193.1, retries: 1"));
    uint32_t nonce = 0;

    report(rig, IGMP_REPORT_HEX);
    advertise(rig, ANYCAST4, take_discovery(rig, ANYCAST4), RELAY4);
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 0), .interval_s = 60});
    rig_ignore(rig, "queries");
    report(rig, IGMP_REPORT_HEX);
    rig_ignore(rig, "out");
    for (unsigned type = 3; type == 3;) { /* it answers no more: Requests, then a Discovery */
        wait_out(rig, 130);
        struct amtg_packet *p = rig_take(rig, "out");
        type = p->data[0];
        nonce = amtg_get_u32(p->data + 4);
        amtg_packet_free(p);
    }
    advertise(rig, ANYCAST4, nonce, RELAY4);
    wait_out(rig, 130);
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 0), .interval_s = 60});
    ck_assert_uint_eq(rig_count(rig, "queries"), 1);
    ck_assert_uint_eq(rig_counter(rig, "moving"), 0);
    ck_assert_uint_eq(rig_counter(rig, "relay-changes"), 0);
    ck_assert_uint_eq(rig_counter(rig, "teardowns"), 0);
    rig_ignore(rig, "queries");
    rig_ignore(rig, "out");
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(g39_another_relay_takes_the_place_of_one_that_never_answered)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: 192.52.193.1, retries: 0"));

    report(rig, IGMP_REPORT_HEX);
    advertise(rig, ANYCAST4, take_discovery(rig, ANYCAST4), RELAY4);
    take_request(rig, RELAY4, 0);
    for (unsigned type = 3; type == 3;) { /* Requests, until there is a Discovery */
        wait_out(rig, 130);
        struct amtg_packet *p = rig_take(rig, "out");
        type = p->data[0];
        uint32_t nonce = amtg_get_u32(p->data + 4);
        amtg_packet_free(p);
        if (type == 1)
            advertise(rig, ANYCAST4, nonce, OTHER_RELAY);
    }
    rig_step(rig, 0);
    take_request(rig, OTHER_RELAY, 0);
    ck_assert_uint_eq(rig_counter(rig, "moving"), 0);
    rig_free(rig);
}
END_TEST

/* Covers: G-8, G-48. */
START_TEST(g48_a_query_is_handed_over_without_what_surrounds_it)
{
    struct rig *rig = rig_new(_i, GATEWAY(""));

    report(rig, IGMP_REPORT_HEX);
    uint32_t nonce = take_request(rig, RELAY4, 0);
    tell(rig, (struct told){.nonce = nonce});
    rig_expect_hex(rig, "queries", "46c00024000040000102041300000000e000000194040000"
                                   "1101ecc20000000002 3c 0000");
    ck_assert_uint_eq(rig_counter(rig, "igmp-state"), 2);
    rig_free(rig);
}
END_TEST

/* Covers: G-47, G-61, G-63 to G-65, M-17, M-19. */
START_TEST(g61_g64_reports_before_the_query_are_dropped_and_go_out_at_once_after_it)
{
    struct rig *rig = rig_new(_i, GATEWAY(", teardown: false"));

    report(rig, IGMP_REPORT_HEX);
    uint32_t nonce = take_request(rig, RELAY4, 0);
    report(rig, IGMP_REPORT_HEX);
    ck_assert_uint_eq(rig_drops(rig, "report-no-query"), 2);
    tell(rig, (struct told){.nonce = nonce, .mac = 7});
    rig_ignore(rig, "queries");
    report(rig, IGMP_REPORT_HEX);
    expect_update(rig, RELAY4, 7, nonce, IGMP_REPORT_HEX);
    report(rig, IGMP_BLOCK_HEX);
    expect_update(rig, RELAY4, 7, nonce, IGMP_BLOCK_HEX);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

/* Covers: G-49, G-50, G-54, G-55, G-57, G-64, D-17. */
START_TEST(g49_g50_g57_the_interval_ends_with_a_new_request_and_a_new_nonce)
{
    struct rig *rig = rig_new(_i, GATEWAY(", no-traffic: 0s"));
    uint32_t nonce = establish(rig, (struct told){.interval_s = 60});

    rig_step(rig, 60 * AMTG_S - 1);
    rig_expect_nothing(rig, "out");
    rig_step(rig, 1);
    uint32_t next = take_request(rig, RELAY4, 0);
    ck_assert_uint_ne(next, nonce);
    ck_assert_uint_eq(rig_counter(rig, "igmp-state"), 3);
    /* Until the new Query is there the old one serves, and Data comes through. */
    report(rig, IGMP_REPORT_HEX);
    expect_update(rig, RELAY4, 1, nonce, IGMP_REPORT_HEX);
    flow(rig, RELAY4);
    tell(rig, (struct told){.nonce = next, .mac = 2});
    rig_ignore(rig, "queries");
    report(rig, IGMP_BLOCK_HEX);
    expect_update(rig, RELAY4, 2, next, IGMP_BLOCK_HEX);
    rig_free(rig);
}
END_TEST

/* How many seconds until the next Request after a Query of this interval. */
static unsigned interval(int shared, const char *elements, uint32_t seconds)
{
    struct rig *rig = rig_new(shared, elements);

    establish(rig, (struct told){.interval_s = seconds});
    unsigned ms = (unsigned)wait_out(rig, 32000);
    take_request(rig, RELAY4, 0);
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
    return (ms + 9) / 1000;
}

/* Covers: G-50. */
START_TEST(g50_the_interval_is_decoded_capped_and_never_below_the_floor)
{
    ck_assert_uint_eq(interval(_i, GATEWAY(", no-traffic: 0s"), 20), 20);
    ck_assert_uint_eq(interval(_i, GATEWAY(", no-traffic: 0s"), 125), 100);
    ck_assert_uint_eq(interval(_i, GATEWAY(", no-traffic: 0s, interval-cap: 0s"), 125), 125);
    ck_assert_uint_eq(interval(_i, GATEWAY(", no-traffic: 0s, interval-cap: 0s"), 256), 256);
    ck_assert_uint_eq(interval(_i, GATEWAY(", no-traffic: 0s, interval-cap: 0s"), 1024), 1024);
    ck_assert_uint_eq(interval(_i, GATEWAY(", no-traffic: 0s, interval-cap: 0s"), UINT32_MAX), 125);
    ck_assert_uint_eq(interval(_i, GATEWAY(", no-traffic: 0s"), 1), 5);
    ck_assert_uint_eq(interval(_i, GATEWAY(", no-traffic: 0s, interval-floor: 30s"), 20), 30);
}
END_TEST

/* Covers: G-33. */
START_TEST(g33_without_subscriptions_the_cycle_ends_and_nothing_is_sent)
{
    struct rig *rig = rig_new(_i, GATEWAY(""));
    uint32_t nonce = establish(rig, (struct told){0});

    report(rig, IGMP_BLOCK_HEX);
    expect_update(rig, RELAY4, 1, nonce, IGMP_BLOCK_HEX);
    report(rig, IGMP_BLOCK_HEX); /* the host part's repeat of its leave */
    expect_update(rig, RELAY4, 1, nonce, IGMP_BLOCK_HEX);
    expect_quiet(rig, 600);
    ck_assert_uint_eq(rig_counter(rig, "igmp-state"), 0);
    report(rig, IGMP_BLOCK_HEX);
    ck_assert_uint_eq(rig_drops(rig, "report-empty"), 1);
    rig_expect_nothing(rig, "out");
    report(rig, IGMP_REPORT_HEX);
    take_request(rig, RELAY4, 0);
    rig_free(rig);
}
END_TEST

START_TEST(a_leave_before_the_query_ends_the_requests)
{
    struct rig *rig = rig_new(_i, GATEWAY(""));

    report(rig, IGMP_REPORT_HEX);
    take_request(rig, RELAY4, 0);
    report(rig, IGMP_BLOCK_HEX);
    expect_quiet(rig, 600);
    ck_assert_uint_eq(rig_counter(rig, "igmp-state"), 0);
    rig_free(rig);
}
END_TEST

/* Covers: G-8. */
START_TEST(t5_robustness_0_and_a_short_inner_header_are_taken)
{
    struct rig *rig = rig_new(_i, GATEWAY(""));

    report(rig, IGMP_REPORT_HEX);
    uint32_t nonce = take_request(rig, RELAY4, 0);
    char hex[256];
    /* 20 octets of header, TOS 0, no Router Alert; Max Response Code 16, QRV 2, QQIC 20 */
    snprintf(hex, sizeof hex,
             "0400 010203040506 %08x 4500002000000000 01 02 1854 c0000201 e0000001"
             "1110 ecdb 00000000 02 14 0000", nonce);
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_QUERY, hex);
    /* header checksum */
    uint32_t sum = 0;
    for (unsigned i = 12; i < 32; i += 2)
        sum += i == 22 ? 0 : amtg_get_u16(p->data + i);
    sum = (sum & 0xffff) + (sum >> 16);
    amtg_put_u16(p->data + 22, (uint16_t)~((sum & 0xffff) + (sum >> 16)));
    rig_from(p, RELAY4, RELAY_PORT, "10.0.0.2", 40000);
    rig_push(rig, "query", p);
    ck_assert_uint_eq(rig_counter(rig, "igmp-queries"), 1);
    rig_ignore(rig, "queries");
    rig_free(rig);
}
END_TEST

START_TEST(t6_octets_behind_a_report_are_not_sent_on)
{
    struct rig *rig = rig_new(_i, GATEWAY(", teardown: false"));
    uint32_t nonce = establish(rig, (struct told){0});

    report(rig, IGMP_BLOCK_HEX "0000");
    expect_update(rig, RELAY4, 1, nonce, IGMP_BLOCK_HEX);
    rig_free(rig);
}
END_TEST

/* Covers: G-59, G-60. */
START_TEST(g59_g60_only_reports_leaves_and_dones_become_updates)
{
    struct rig *rig = rig_new(_i, GATEWAY(", teardown: false"));
    uint32_t nonce = establish(rig, (struct told){0});

    report(rig, IGMP_QUERY_HEX);
    ck_assert_uint_eq(rig_drops(rig, "query"), 1);
    report(rig, NATIVE4_HEX);
    ck_assert_uint_eq(rig_drops(rig, "other-protocol"), 1);
    report(rig, "46c0");
    ck_assert_uint_eq(rig_drops(rig, "ip-truncated"), 1);
    rig_expect_nothing(rig, "out");
    report(rig, IGMP_BLOCK_HEX);
    expect_update(rig, RELAY4, 1, nonce, IGMP_BLOCK_HEX);
    rig_free(rig);
}
END_TEST

/* ---- Data (4.2 last row, G-14 to G-16) ------------------------------------------------- */

/* Covers: G-14, G-15. */
START_TEST(g14_data_is_taken_at_any_time_from_the_relay_alone)
{
    struct rig *rig = rig_new(_i, GATEWAY(""));

    data_from(rig, RELAY4, RELAY_PORT, "0600" NATIVE4_HEX);
    ck_assert_uint_eq(rig_drops(rig, "data-no-tunnel"), 1);
    report(rig, IGMP_REPORT_HEX);
    take_request(rig, RELAY4, 0);
    flow(rig, RELAY4);
    data_from(rig, OTHER_RELAY, RELAY_PORT, "0600" NATIVE4_HEX);
    data_from(rig, RELAY4, 2269, "0600" NATIVE4_HEX);
    ck_assert_uint_eq(rig_drops(rig, "data-source"), 2);
    data_from(rig, RELAY4, RELAY_PORT, "06ff" NATIVE4_HEX); /* reserved bits are ignored */
    rig_expect_hex(rig, "data", "06ff" NATIVE4_HEX);
    data_from(rig, RELAY4, RELAY_PORT, "0600" NATIVE6_HEX);
    rig_expect_hex(rig, "data", "0600" NATIVE6_HEX);
    rig_free(rig);
}
END_TEST

START_TEST(when_data_stops_the_relay_is_asked_and_ever_more_rarely)
{
    struct rig *rig = rig_new(_i, GATEWAY(", no-traffic: 0s, teardown: false"));

    establish(rig, (struct told){.plain = true});
    for (unsigned i = 0; i < 5; i++) {
        rig_step(rig, 2 * AMTG_S);
        flow(rig, RELAY4);
        rig_step(rig, (AMTG_S << i) - 1);
        rig_expect_nothing(rig, "out");
        rig_step(rig, 1);
        ck_assert_uint_eq(rig_counter(rig, "silences"), i + 1);
        tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 0), .plain = true});
        rig_ignore(rig, "queries");
    }
    /* After a steady stream it is as sharp as at first. */
    for (unsigned i = 0; i < 62; i++) {
        flow(rig, RELAY4);
        rig_step(rig, AMTG_S / 2);
    }
    rig_ignore(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "silences"), 5);
    rig_step(rig, AMTG_S / 2);
    ck_assert_uint_eq(rig_counter(rig, "silences"), 6);
    report(rig, IGMP_BLOCK_HEX);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

/* ---- L (4.6) ----------------------------------------------------------------------------- */

/* Covers: G-53, M-12, D-23 to D-25, D-27. */
START_TEST(g53_d23_a_full_relay_is_held_down_and_another_looked_for)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: [192.52.193.1, 198.51.100.1]"));

    report(rig, IGMP_REPORT_HEX);
    advertise(rig, ANYCAST4, take_discovery(rig, ANYCAST4), RELAY4);
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 0), .l = true});
    ck_assert_uint_eq(rig_drops(rig, "query-refused"), 1);
    ck_assert_uint_eq(rig_counter(rig, "held-down"), 1);
    rig_expect_nothing(rig, "queries");
    wait_out(rig, 3);
    advertise(rig, ANYCAST4, take_discovery(rig, ANYCAST4), RELAY4); /* the same again */
    ck_assert_uint_eq(rig_drops(rig, "ad-held-down"), 1);
    uint32_t nonce = take_discovery(rig, "198.51.100.1");
    advertise(rig, "198.51.100.1", nonce, OTHER_RELAY);
    take_request(rig, OTHER_RELAY, 0);
    rig_free(rig);
}
END_TEST

/* Covers: D-20. */
START_TEST(d20_when_all_are_held_down_it_waits_for_the_first_to_be_let_go)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: 192.52.193.1, hold-down: 60s"));

    report(rig, IGMP_REPORT_HEX);
    advertise(rig, ANYCAST4, take_discovery(rig, ANYCAST4), RELAY4);
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 0), .l = true});
    wait_out(rig, 3);
    advertise(rig, ANYCAST4, take_discovery(rig, ANYCAST4), RELAY4);
    ck_assert_uint_eq(rig_counter(rig, "finder-state"), 1);
    uint64_t ms = wait_out(rig, 70);
    ck_assert_uint_ge(ms, 55000);
    ck_assert_uint_le(ms, 60010);
    advertise(rig, ANYCAST4, take_discovery(rig, ANYCAST4), RELAY4);
    take_request(rig, RELAY4, 0);
    rig_free(rig);
}
END_TEST

/* Covers: G-53, D-24. */
START_TEST(g53_a_configured_relay_that_is_full_is_asked_again_after_the_hold_down)
{
    struct rig *rig = rig_new(_i, GATEWAY(", hold-down: 60s"));

    report(rig, IGMP_REPORT_HEX);
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 0), .l = true});
    uint64_t ms = wait_out(rig, 70);
    ck_assert_uint_ge(ms, 58000);
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 0)});
    ck_assert_uint_eq(rig_count(rig, "queries"), 1);
    rig_ignore(rig, "queries");
    rig_free(rig);
}
END_TEST

/* Established at RELAY4 by discovery; then it says L, and OTHER_RELAY is advertised. */
static uint32_t limited(struct rig *rig)
{
    report(rig, IGMP_REPORT_HEX);
    advertise(rig, ANYCAST4, take_discovery(rig, ANYCAST4), RELAY4);
    uint32_t nonce = take_request(rig, RELAY4, 0);
    tell(rig, (struct told){.nonce = nonce, .interval_s = 20});
    rig_ignore(rig, "queries");
    report(rig, IGMP_REPORT_HEX);
    expect_update(rig, RELAY4, 1, nonce, IGMP_REPORT_HEX);
    rig_step(rig, 20 * AMTG_S);
    nonce = take_request(rig, RELAY4, 0);
    tell(rig, (struct told){.nonce = nonce, .l = true, .mac = 2, .interval_s = 20});
    ck_assert_uint_eq(rig_count(rig, "queries"), 1); /* it stays in use */
    rig_ignore(rig, "queries");
    report(rig, IGMP_REPORT_HEX);
    uint32_t discovery = take_discovery(rig, ANYCAST4);
    expect_update(rig, RELAY4, 2, nonce, IGMP_REPORT_HEX);
    advertise(rig, ANYCAST4, discovery, OTHER_RELAY);
    return nonce;
}

#define MOVER FINDER(", discovery: 192.52.193.1, no-traffic: 0s")

/* Covers: G-28, D-16, D-43. */
START_TEST(d43_g28_with_l_it_moves_without_losing_its_subscriptions)
{
    struct rig *rig = rig_new(_i, MOVER);
    uint32_t old = limited(rig);
    uint32_t nonce = take_request(rig, OTHER_RELAY, 0);

    ck_assert_uint_eq(rig_counter(rig, "moving"), 1);
    flow(rig, RELAY4); /* the present relay serves on, and has what is new */
    report(rig, IGMP_TO_EX_HEX);
    rig_ignore(rig, "out");
    data_from(rig, OTHER_RELAY, RELAY_PORT, "0600" NATIVE4_HEX);
    ck_assert_uint_eq(rig_drops(rig, "data-source"), 1);
    tell(rig, (struct told){.from = OTHER_RELAY, .nonce = nonce, .mac = 9});
    expect_teardown(rig, RELAY4, 2, old, OUTSIDE, GATEWAY_PORT);
    ck_assert_uint_eq(rig_count(rig, "queries"), 1);
    rig_ignore(rig, "queries");
    report(rig, IGMP_REPORT_HEX);
    expect_update(rig, OTHER_RELAY, 9, nonce, IGMP_REPORT_HEX);
    ck_assert_uint_eq(rig_counter(rig, "relay-changes"), 1);
    ck_assert_uint_eq(rig_counter(rig, "moving"), 0);
    flow(rig, OTHER_RELAY);
    data_from(rig, RELAY4, RELAY_PORT, "0600" NATIVE4_HEX);
    ck_assert_uint_eq(rig_drops(rig, "data-source"), 2);
    rig_step(rig, 999 * AMTG_MS);
    wait_out(rig, 1);
    expect_teardown(rig, RELAY4, 2, old, OUTSIDE, GATEWAY_PORT); /* robustness 2: once more */
    rig_ignore(rig, "out");
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(d23_who_has_said_l_is_held_down_though_its_next_query_is_without)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: [192.52.193.1, 198.51.100.1], "
                                         "no-traffic: 0s, retries: 100"));
    uint32_t discovery = 0, request = 0;

    report(rig, IGMP_REPORT_HEX);
    advertise(rig, ANYCAST4, take_discovery(rig, ANYCAST4), RELAY4);
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 0), .interval_s = 20});
    report(rig, IGMP_REPORT_HEX);
    rig_ignore(rig, "out");
    rig_step(rig, 20 * AMTG_S);
    tell(rig, (struct told){
                  .nonce = take_request(rig, RELAY4, 0), .l = true, .interval_s = 20});
    ck_assert_uint_eq(rig_counter(rig, "held-down"), 1);
    advertise(rig, ANYCAST4, take_discovery(rig, ANYCAST4), RELAY4); /* itself */
    ck_assert_uint_eq(rig_drops(rig, "ad-held-down"), 1);
    report(rig, IGMP_REPORT_HEX);

    rig_step(rig, 20 * AMTG_S);
    while (rig_count(rig, "out")) {
        struct amtg_packet *p = rig_take(rig, "out");
        if (p->data[0] == 1)
            discovery = amtg_get_u32(p->data + 4);
        if (p->data[0] == 3)
            request = amtg_get_u32(p->data + 4);
        amtg_packet_free(p);
    }
    tell(rig, (struct told){.nonce = request, .interval_s = 20}); /* it has room again */
    ck_assert_uint_eq(rig_counter(rig, "finder-state"), 2);       /* and is left all the same */
    advertise(rig, "198.51.100.1", discovery, OTHER_RELAY);
    take_request(rig, OTHER_RELAY, 0);
    rig_ignore(rig, "queries");
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

/* Covers: D-16, D-23. */
START_TEST(d16_d23_a_relay_that_says_l_is_not_moved_to)
{
    struct rig *rig = rig_new(_i, MOVER);

    limited(rig);
    uint32_t nonce = take_request(rig, OTHER_RELAY, 0);
    tell(rig, (struct told){.from = OTHER_RELAY, .nonce = nonce, .l = true});
    ck_assert_uint_eq(rig_drops(rig, "query-refused"), 1);
    ck_assert_uint_eq(rig_counter(rig, "moving"), 0);
    ck_assert_uint_eq(rig_counter(rig, "relay-changes"), 0);
    flow(rig, RELAY4);
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(a_relay_that_does_not_answer_is_not_moved_to)
{
    struct rig *rig = rig_new(_i, MOVER);

    limited(rig);
    take_request(rig, OTHER_RELAY, 0);
    for (unsigned i = 0; i < 32; i++) { /* the present one goes on */
        rig_step(rig, AMTG_S / 2);
        flow(rig, RELAY4);
    }
    ck_assert_uint_eq(rig_counter(rig, "moving"), 0);
    ck_assert_uint_eq(rig_counter(rig, "igmp-state"), 2);
    rig_ignore(rig, "out");
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(both_families_move_together)
{
    struct rig *rig = rig_new(_i, MOVER);

    limited(rig);
    uint32_t igmp = take_request(rig, OTHER_RELAY, 0);
    report(rig, MLD_REPORT_HEX); /* and the present relay is asked for that too */
    uint32_t at_old = 0, at_new = 0;
    while (rig_count(rig, "out")) {
        struct amtg_packet *p = rig_take(rig, "out");
        char text[AMTG_ADDR_TEXT];
        bool is_new = strcmp(amtg_addr_text(&p->peer.remote, text), OTHER_RELAY) == 0;
        *(is_new ? &at_new : &at_old) = amtg_get_u32(p->data + 4);
        amtg_packet_free(p);
    }
    tell(rig, (struct told){.nonce = at_old, .mld = true, .mac = 3});
    rig_ignore(rig, "queries");
    tell(rig, (struct told){.from = OTHER_RELAY, .nonce = igmp});
    ck_assert_uint_eq(rig_counter(rig, "moving"), 1); /* MLD is served by the old one only */
    rig_expect_nothing(rig, "queries");
    tell(rig, (struct told){.from = OTHER_RELAY, .nonce = at_new, .mld = true});
    ck_assert_uint_eq(rig_counter(rig, "moving"), 0);
    ck_assert_uint_eq(rig_count(rig, "queries"), 2);
    rig_ignore(rig, "queries");
    rig_ignore(rig, "out");
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(a_family_that_neither_relay_serves_holds_the_move_up_for_a_while)
{
    struct rig *rig = rig_new(_i, MOVER);

    limited(rig);
    uint32_t nonce = take_request(rig, OTHER_RELAY, 0);
    report(rig, MLD_REPORT_HEX); /* nobody will answer for it */
    tell(rig, (struct told){.from = OTHER_RELAY, .nonce = nonce});
    ck_assert_uint_eq(rig_counter(rig, "moving"), 1);
    rig_step(rig, 3 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "relay-changes"), 0);
    rig_step(rig, 30 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "relay-changes"), 1);
    rig_ignore(rig, "queries");
    rig_ignore(rig, "out");
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(when_the_present_relay_refuses_the_one_being_moved_to_takes_over)
{
    struct rig *rig = rig_new(_i, MOVER);
    uint32_t at_old = 0, at_new = 0;

    limited(rig);
    take_request(rig, OTHER_RELAY, 0);
    report(rig, MLD_REPORT_HEX);
    while (rig_count(rig, "out")) {
        struct amtg_packet *p = rig_take(rig, "out");
        char text[AMTG_ADDR_TEXT];
        bool is_new = strcmp(amtg_addr_text(&p->peer.remote, text), OTHER_RELAY) == 0;
        *(is_new ? &at_new : &at_old) = amtg_get_u32(p->data + 4);
        amtg_packet_free(p);
    }
    report(rig, IGMP_BLOCK_HEX); /* all that the present relay had of ours */
    rig_ignore(rig, "out");
    tell(rig, (struct told){.nonce = at_old, .mld = true, .l = true});
    ck_assert_uint_eq(rig_drops(rig, "query-refused"), 1);
    ck_assert_uint_eq(rig_counter(rig, "moving"), 0);
    ck_assert_uint_eq(rig_counter(rig, "relay-changes"), 1);
    ck_assert_uint_eq(rig_counter(rig, "mld-state"), 1);
    rig_ignore(rig, "out");
    tell(rig, (struct told){.from = OTHER_RELAY, .nonce = at_new, .mld = true, .mac = 9});
    ck_assert_uint_eq(rig_count(rig, "queries"), 1);
    rig_ignore(rig, "queries");
    report(rig, MLD_REPORT_HEX);
    expect_update(rig, OTHER_RELAY, 9, at_new, MLD_REPORT_HEX);
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

/* ---- no traffic (RFC 8777, section 3.3.4.1) ---------------------------------------------- */

/* Covers: D-18 to D-21. */
START_TEST(d18_d19_d20_without_data_another_relay_is_looked_for_and_this_one_serves_on)
{
    struct rig *rig = rig_new(_i, FINDER(", discovery: 192.52.193.1"));

    report(rig, IGMP_REPORT_HEX);
    advertise(rig, ANYCAST4, take_discovery(rig, ANYCAST4), RELAY4);
    uint32_t nonce = take_request(rig, RELAY4, 0);
    tell(rig, (struct told){.nonce = nonce});
    rig_ignore(rig, "queries");
    report(rig, IGMP_REPORT_HEX);
    expect_update(rig, RELAY4, 1, nonce, IGMP_REPORT_HEX);
    rig_step(rig, 4 * AMTG_S - 1);
    rig_expect_nothing(rig, "out");
    rig_step(rig, 1);
    ck_assert_uint_eq(rig_counter(rig, "no-traffic"), 1);
    ck_assert_uint_eq(rig_counter(rig, "held-down"), 1);
    /* There is no other: this one stays, and nothing is sent any more. */
    advertise(rig, ANYCAST4, take_discovery(rig, ANYCAST4), RELAY4);
    ck_assert_uint_eq(rig_counter(rig, "finder-state"), 0);
    ck_assert_uint_eq(rig_counter(rig, "igmp-state"), 2);
    flow(rig, RELAY4);
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(d18_data_ends_the_wait_for_it)
{
    struct rig *rig = rig_new(_i, GATEWAY(", silence: 0s, teardown: false"));

    establish(rig, (struct told){0});
    rig_step(rig, 3 * AMTG_S);
    flow(rig, RELAY4);
    rig_step(rig, 30 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "no-traffic"), 0);
    report(rig, IGMP_BLOCK_HEX);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

/* Report, and wait for the sign that no Data follows: in milliseconds. */
static unsigned without_data(struct rig *rig)
{
    uint64_t before = rig_counter(rig, "no-traffic");
    unsigned ms = 0;

    report(rig, IGMP_REPORT_HEX);
    for (; rig_counter(rig, "no-traffic") == before && ms < 121000; ms += 10)
        rig_step(rig, 10 * AMTG_MS);
    rig_ignore(rig, "out");
    return ms;
}

/* Covers: D-18, D-19. */
START_TEST(d18_the_wait_for_data_grows_until_there_is_some)
{
    struct rig *rig = rig_new(_i, GATEWAY(", silence: 0s, interval-cap: 0s"));
    unsigned total = 0;

    establish(rig, (struct told){.plain = true, .interval_s = 3600});
    rig_step(rig, 4 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "no-traffic"), 1);
    for (unsigned i = 0; i < 5; i++)
        total += without_data(rig);
    ck_assert_uint_gt(total, 5 * 4000);
    flow(rig, RELAY4);
    rig_step(rig, 5 * AMTG_S);
    ck_assert_uint_eq(without_data(rig), 4000);
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

/* ---- ICMP (4.7) ---------------------------------------------------------------------------- */

START_TEST(unreachable_about_a_request_changes_nothing)
{
    struct rig *rig = rig_new(_i, GATEWAY(""));

    report(rig, IGMP_REPORT_HEX);
    take_request(rig, RELAY4, 0);
    for (unsigned i = 0; i < 100; i++)
        unreachable(rig, RELAY4, 3, 3);
    rig_expect_nothing(rig, "out");
    ck_assert_uint_eq(rig_counter(rig, "unreachable-ignored"), 100);
    rig_step(rig, AMTG_S);
    take_request(rig, RELAY4, 0);
    rig_free(rig);
}
END_TEST

START_TEST(unreachable_about_a_discovery_changes_nothing)
{
    struct rig *rig = rig_new(_i, FINDER(""));

    report(rig, IGMP_REPORT_HEX);
    take_discovery(rig, ANYCAST4);
    unreachable(rig, ANYCAST4, 3, 1);
    ck_assert_uint_eq(rig_counter(rig, "unreachable-ignored"), 1);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

/* Covers: G-74. */
START_TEST(g74_unreachable_about_an_update_begins_a_new_cycle_once_a_second)
{
    struct rig *rig = rig_new(_i, GATEWAY(", teardown: false, no-traffic: 0s"));

    establish(rig, (struct told){.plain = true});
    unreachable(rig, RELAY4, 3, 3);
    unreachable(rig, RELAY4, 3, 3);
    rig_expect_nothing(rig, "out"); /* the last Request is not a second old */
    rig_step(rig, AMTG_S);
    uint32_t nonce = take_request(rig, RELAY4, 0);
    unreachable(rig, RELAY4, 3, 3); /* now about the Request */
    rig_expect_nothing(rig, "out");
    rig_step(rig, AMTG_S / 2);
    tell(rig, (struct told){.nonce = nonce, .plain = true});
    rig_ignore(rig, "queries");
    report(rig, IGMP_REPORT_HEX);
    expect_update(rig, RELAY4, 1, nonce, IGMP_REPORT_HEX);
    rig_step(rig, 2 * AMTG_S);
    unreachable(rig, RELAY4, 3, 1);
    take_request(rig, RELAY4, 0);
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(other_icmp_and_icmp_about_strangers_is_dropped_by_name)
{
    struct rig *rig = rig_new(_i, GATEWAY(", teardown: false"));

    establish(rig, (struct told){.plain = true});
    unreachable(rig, RELAY4, 3, 4);  /* too big */
    unreachable(rig, RELAY4, 11, 0); /* time exceeded */
    unreachable(rig, RELAY6, 2, 0);  /* ICMPv6 too big */
    ck_assert_uint_eq(rig_drops(rig, "unreachable-other"), 3);
    unreachable(rig, OTHER_RELAY, 3, 3);
    unreachable(rig, RELAY6, 1, 4);
    struct amtg_unreachable record = {.type = 3, .code = 3};
    struct amtg_packet *p = rig_packet(rig, AMTG_UNREACHABLE, &record, sizeof record);
    rig_from(p, RELAY4, RELAY_PORT + 1, "10.0.0.2", 40000);
    rig_push(rig, "unreachable", p); /* about another port of the relay */
    ck_assert_uint_eq(rig_drops(rig, "unreachable-stranger"), 3);
    rig_expect_nothing(rig, "out");
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("amt-gateway",
               g19_the_first_subscription_sends_a_discovery_to_the_anycast_address,
               g22_g23_g29_discovery_is_repeated_with_its_nonce_and_backs_off,
               g30_the_next_address_is_asked_with_a_new_nonce,
               g29_g30_the_back_off_grows_when_all_addresses_have_had_their_turn,
               g27_an_advertisement_leads_to_a_request_and_further_ones_are_ignored,
               m5_an_ipv6_relay_is_found_and_used_for_both_payload_families,
               m6_m8_a_known_relay_is_asked_at_once,
               g37_g38_g58_requests_are_repeated_with_their_nonce_and_back_off,
               g39_a_relay_that_stays_silent_is_looked_for_anew_and_still_asked,
               g39_when_the_silent_relay_is_found_again_it_stays,
               g39_another_relay_takes_the_place_of_one_that_never_answered,
               g48_a_query_is_handed_over_without_what_surrounds_it,
               g61_g64_reports_before_the_query_are_dropped_and_go_out_at_once_after_it,
               g49_g50_g57_the_interval_ends_with_a_new_request_and_a_new_nonce,
               g50_the_interval_is_decoded_capped_and_never_below_the_floor,
               g33_without_subscriptions_the_cycle_ends_and_nothing_is_sent,
               a_leave_before_the_query_ends_the_requests,
               t5_robustness_0_and_a_short_inner_header_are_taken,
               t6_octets_behind_a_report_are_not_sent_on,
               g59_g60_only_reports_leaves_and_dones_become_updates,
               g14_data_is_taken_at_any_time_from_the_relay_alone,
               when_data_stops_the_relay_is_asked_and_ever_more_rarely,
               g53_d23_a_full_relay_is_held_down_and_another_looked_for,
               d20_when_all_are_held_down_it_waits_for_the_first_to_be_let_go,
               g53_a_configured_relay_that_is_full_is_asked_again_after_the_hold_down,
               d43_g28_with_l_it_moves_without_losing_its_subscriptions,
               d23_who_has_said_l_is_held_down_though_its_next_query_is_without,
               d16_d23_a_relay_that_says_l_is_not_moved_to,
               a_relay_that_does_not_answer_is_not_moved_to,
               both_families_move_together,
               a_family_that_neither_relay_serves_holds_the_move_up_for_a_while,
               when_the_present_relay_refuses_the_one_being_moved_to_takes_over,
               d18_d19_d20_without_data_another_relay_is_looked_for_and_this_one_serves_on,
               d18_data_ends_the_wait_for_it, d18_the_wait_for_data_grows_until_there_is_some,
               unreachable_about_a_request_changes_nothing,
               unreachable_about_a_discovery_changes_nothing,
               g74_unreachable_about_an_update_begins_a_new_cycle_once_a_second,
               other_icmp_and_icmp_about_strangers_is_dropped_by_name)
