/*
 * amt-gateway: leaving a relay, after a change of our address and at the end.
 * Covers: M-23 to M-25, G-51, G-52, G-66 to G-73, K13, K15, T7.
 */
#include "elements/wire/checksum.h"
#include "tests/elements/amt/gateway_rig.h"
#include "tests/support/sockets.h"

/* ---- a change of address as the relay sees it (4.5) --------------------------------- */

/* Let the interval pass, and answer the Request so. Returns its nonce. */
static uint32_t next_query(struct rig *rig, struct told t)
{
    rig_step(rig, 60 * AMTG_S);
    t.nonce = take_request(rig, RELAY4, 0);
    tell(rig, t);
    ck_assert_uint_eq(rig_count(rig, "queries"), 1);
    rig_ignore(rig, "queries");
    return t.nonce;
}

static void end(struct rig *rig)
{
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}

#define CALM ", no-traffic: 0s"

/* Covers: G-51, G-52, G-67 to G-69, M-23 to M-25. */
START_TEST(g51_g52_g68_another_port_tears_the_old_endpoint_down)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));
    uint32_t old = establish(rig, (struct told){.mac = 5});
    uint32_t now = next_query(rig, (struct told){.mac = 6, .gateway_port = 51001});

    expect_teardown(rig, RELAY4, 5, old, OUTSIDE, GATEWAY_PORT);
    report(rig, IGMP_REPORT_HEX);
    expect_update(rig, RELAY4, 6, now, IGMP_REPORT_HEX);
    ck_assert_uint_eq(rig_counter(rig, "address-changes"), 1);
    end(rig);
}
END_TEST

/* Covers: G-51, G-52. */
START_TEST(g52_another_address_does_so_too)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));
    uint32_t old = establish(rig, (struct told){.mac = 5});

    next_query(rig, (struct told){.mac = 6, .gateway = "203.0.113.8"});
    expect_teardown(rig, RELAY4, 5, old, OUTSIDE, GATEWAY_PORT);
    end(rig);
}
END_TEST

START_TEST(an_endpoint_is_torn_down_once_also_when_nothing_is_reported_meanwhile)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));
    uint32_t old = establish(rig, (struct told){.mac = 5, .robustness = 1});

    next_query(rig, (struct told){.mac = 6, .gateway_port = 51001, .robustness = 1});
    expect_teardown(rig, RELAY4, 5, old, OUTSIDE, GATEWAY_PORT);
    next_query(rig, (struct told){.mac = 7, .gateway_port = 51001, .robustness = 1});
    rig_expect_nothing(rig, "out");
    end(rig);
}
END_TEST

/* Covers: G-70 to G-72. */
START_TEST(g70_g71_teardowns_are_repeated_as_robustness_says_within_a_second_each)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));
    uint32_t old = establish(rig, (struct told){.robustness = 4});

    next_query(rig, (struct told){.gateway_port = 51001});
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_le(wait_out(rig, 2), 1010);
        expect_teardown(rig, RELAY4, 1, old, OUTSIDE, GATEWAY_PORT);
    }
    expect_quiet(rig, 5);
    ck_assert_uint_eq(rig_counter(rig, "teardowns"), 4);
    end(rig);
}
END_TEST

START_TEST(g70_endpoints_left_one_after_the_other_are_each_torn_down_as_often)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM ", interval-floor: 1s, interval-cap: 1s"));
    unsigned teardowns[16] = {0}, moves = 0;

    establish(rig, (struct told){.robustness = 4, .gateway_port = GATEWAY_PORT});
    for (unsigned ms = 0; ms < 12000; ms += 10) {
        while (rig_count(rig, "out")) {
            struct amtg_packet *p = rig_take(rig, "out");
            struct amtg_amt_teardown gone;
            uint32_t nonce = amtg_get_u32(p->data + 4);
            unsigned type = p->data[0];
            if (type == 7) {
                ck_assert_int_eq(
                    amtg_amt_teardown_parse(p->data, p->len, AMTG_AMT_STRICT, &gone), AMTG_OK);
                teardowns[(gone.gateway_port - GATEWAY_PORT) % 16]++;
            }
            amtg_packet_free(p);
            if (type != 3)
                continue;
            moves += moves < 4;
            tell(rig, (struct told){.nonce = nonce, .robustness = 4,
                                    .gateway_port = (uint16_t)(GATEWAY_PORT + moves)});
            report(rig, IGMP_REPORT_HEX);
        }
        rig_step(rig, 10 * AMTG_MS);
    }
    for (unsigned i = 0; i < 4; i++)
        ck_assert_msg(teardowns[i] == 4, "endpoint %u: %u Teardowns", i, teardowns[i]);
    ck_assert_uint_eq(teardowns[4], 0);
    rig_ignore(rig, "queries");
    end(rig);
}
END_TEST

START_TEST(an_endpoint_that_we_are_again_is_not_torn_down_once_more)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM ", interval-floor: 1s, interval-cap: 1s"));
    uint32_t nonce = establish(rig, (struct told){.robustness = 7});

    rig_step(rig, AMTG_S);
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 0), .gateway_port = 51001});
    expect_teardown(rig, RELAY4, 1, nonce, OUTSIDE, GATEWAY_PORT);
    rig_ignore(rig, "queries");
    rig_step(rig, AMTG_S);
    uint32_t request = 0;
    while (rig_count(rig, "out")) {
        struct amtg_packet *p = rig_take(rig, "out");
        if (p->data[0] == 3)
            request = amtg_get_u32(p->data + 4);
        amtg_packet_free(p);
    }
    uint64_t teardowns = rig_counter(rig, "teardowns");
    tell(rig, (struct told){.nonce = request, .interval_s = 60});
    rig_ignore(rig, "queries");
    rig_step(rig, AMTG_S - 1);
    ck_assert_uint_eq(rig_counter(rig, "teardowns"), teardowns);
    end(rig);
}
END_TEST

/* Covers: G-51, G-67. */
START_TEST(g51_without_g_in_both_queries_or_without_subscriptions_nothing_is_torn_down)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));

    establish(rig, (struct told){.plain = true});
    next_query(rig, (struct told){.gateway_port = 51001});
    rig_expect_nothing(rig, "out");
    report(rig, IGMP_REPORT_HEX);
    rig_ignore(rig, "out");
    next_query(rig, (struct told){.plain = true});
    rig_expect_nothing(rig, "out");
    end(rig);

    rig = rig_new(_i, GATEWAY(CALM)); /* no report followed the first Query */
    report(rig, IGMP_REPORT_HEX);
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 0)});
    rig_ignore(rig, "queries");
    next_query(rig, (struct told){.gateway_port = 51001});
    rig_expect_nothing(rig, "out");
    end(rig);
}
END_TEST

START_TEST(with_the_endpoint_the_other_familys_state_is_gone_so_it_asks_at_once)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));
    uint32_t old = establish(rig, (struct told){.interval_s = 60});

    rig_step(rig, 30 * AMTG_S);
    establish(rig, (struct told){.mld = true, .interval_s = 60});
    rig_step(rig, 30 * AMTG_S);
    uint32_t now = take_request(rig, RELAY4, 0);
    tell(rig, (struct told){.nonce = now, .gateway_port = 51001, .mac = 2});
    rig_ignore(rig, "queries");
    expect_teardown(rig, RELAY4, 1, old, OUTSIDE, GATEWAY_PORT);
    uint32_t mld = take_request(rig, RELAY4, 1);
    tell(rig, (struct told){.nonce = mld, .mld = true, .gateway_port = 51001});
    rig_ignore(rig, "queries");
    rig_expect_nothing(rig, "out"); /* torn down with the other */
    ck_assert_uint_eq(rig_counter(rig, "address-changes"), 1);
    end(rig);
}
END_TEST

START_TEST(a_relay_that_names_another_port_each_time_cannot_make_it_spin)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));
    uint16_t port = 1;

    establish(rig, (struct told){.mac = 1, .interval_s = 5});
    establish(rig, (struct told){.mac = 1, .mld = true, .interval_s = 5});
    uint64_t before = rig_counter(rig, "requests");
    for (unsigned ms = 0; ms < 20000; ms += 10) {
        while (rig_count(rig, "out")) {
            struct amtg_packet *p = rig_take(rig, "out");
            unsigned type = p->data[0], mld = p->data[1];
            uint32_t nonce = amtg_get_u32(p->data + 4);
            amtg_packet_free(p);
            if (type != 3)
                continue;
            tell(rig, (struct told){
                          .nonce = nonce, .mld = mld, .gateway_port = port++, .interval_s = 1});
            report(rig, mld ? MLD_REPORT_HEX : IGMP_REPORT_HEX);
        }
        rig_step(rig, 10 * AMTG_MS);
    }
    ck_assert_uint_le(rig_counter(rig, "requests") - before, 2 * 20 + 2);
    rig_ignore(rig, "queries");
    end(rig);
}
END_TEST

/* ---- the end (5.2.3.8) ------------------------------------------------------------------ */

/* Covers: G-66, G-67, G-73. */
START_TEST(g73_g67_at_the_end_the_endpoint_is_torn_down_once)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));
    uint32_t nonce = establish(rig, (struct told){.mac = 3, .robustness = 7});

    report(rig, MLD_REPORT_HEX);
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 1), .mld = true});
    rig_ignore(rig, "queries");
    report(rig, MLD_REPORT_HEX);
    rig_ignore(rig, "out");
    amtg_runtime_stop(rig_runtime(rig));
    expect_teardown(rig, RELAY4, 3, nonce, OUTSIDE, GATEWAY_PORT); /* both families' */
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

/* Covers: G-68, M-25. */
START_TEST(g68_at_the_end_the_query_of_the_last_update_counts)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));
    uint32_t nonce = establish(rig, (struct told){.mac = 3});

    rig_step(rig, 60 * AMTG_S);
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 0), .mac = 4});
    rig_ignore(rig, "queries"); /* nothing is reported by it */
    amtg_runtime_stop(rig_runtime(rig));
    expect_teardown(rig, RELAY4, 3, nonce, OUTSIDE, GATEWAY_PORT);
    rig_free(rig);
}
END_TEST

/* Covers: G-73, G-33. */
START_TEST(g73_k13_without_g_everything_is_removed_by_updates)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));
    uint32_t nonce = establish(rig, (struct told){.plain = true, .mac = 3});

    report(rig, IGMP_TO_EX_HEX);
    expect_update(rig, RELAY4, 3, nonce, IGMP_TO_EX_HEX);
    amtg_runtime_stop(rig_runtime(rig));
    struct amtg_packet *p = rig_take(rig, "out");
    struct amtg_amt_update update;
    struct amtg_ip ip;
    ck_assert_int_eq(amtg_amt_update_parse(p->data, p->len, &update), AMTG_OK);
    ck_assert_int_eq(amtg_ip_parse(update.inner, update.inner_len, &ip), AMTG_IP_SOUND);
    ck_assert_int_eq(amtg_igmp_report_check(update.inner, &ip, true, false), AMTG_REPORT_SOUND);
    ck_assert_uint_eq(ip.total, update.inner_len);
    /* BLOCK {198.51.100.12} of 232.1.2.3, TO_IN {} of 239.1.1.1 */
    uint8_t records[64];
    size_t len = rig_octets("0002 06000001e8010203c633640c 03000000ef010101", records,
                            sizeof records);
    ck_assert_uint_eq(update.inner_len, 24 + 6 + len);
    ck_assert_mem_eq(update.inner + 24 + 6, records, len);
    amtg_packet_free(p);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(g73_many_groups_are_removed_by_several_updates)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));
    uint8_t octets[64];
    size_t len = rig_octets(IGMP_REPORT_HEX, octets, sizeof octets);
    unsigned records = 0;

    establish(rig, (struct told){.plain = true});
    for (unsigned i = 0; i < 300; i++) {
        amtg_put_u16(octets + len - 6, (uint16_t)i); /* the group's last octets */
        amtg_put_u16(octets + 26, 0);
        amtg_put_u16(octets + 26, amtg_checksum(amtg_sum(0, octets + 24, (uint32_t)len - 24)));
        rig_push(rig, "reports", rig_packet(rig, AMTG_IP_RAW, octets, len));
        rig_ignore(rig, "out");
    }
    amtg_runtime_stop(rig_runtime(rig));
    while (rig_count(rig, "out")) {
        struct amtg_packet *p = rig_take(rig, "out");
        struct amtg_amt_update update;
        struct amtg_ip ip;
        ck_assert_int_eq(amtg_amt_update_parse(p->data, p->len, &update), AMTG_OK);
        ck_assert_uint_le(update.inner_len, 1200);
        ck_assert_int_eq(amtg_ip_parse(update.inner, update.inner_len, &ip), AMTG_IP_SOUND);
        ck_assert_int_eq(amtg_igmp_report_check(update.inner, &ip, true, false),
                         AMTG_REPORT_SOUND);
        records += amtg_get_u16(update.inner + 24 + 6);
        amtg_packet_free(p);
    }
    ck_assert_uint_eq(records, 301);
    rig_free(rig);
}
END_TEST

START_TEST(k15_the_last_update_has_the_host_parts_own_source_and_so_for_mld)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));

    establish(rig, (struct told){.plain = true, .mld = true, .mac = 3});
    amtg_runtime_stop(rig_runtime(rig));
    struct amtg_packet *p = rig_take(rig, "out");
    struct amtg_amt_update update;
    struct amtg_ip ip;
    char text[AMTG_ADDR_TEXT];
    ck_assert_int_eq(amtg_amt_update_parse(p->data, p->len, &update), AMTG_OK);
    ck_assert_int_eq(amtg_ip_parse(update.inner, update.inner_len, &ip), AMTG_IP_SOUND);
    ck_assert_int_eq(amtg_mld_report_check(update.inner, &ip, true), AMTG_REPORT_SOUND);
    ck_assert_str_eq(amtg_addr_text(&ip.src, text), "fe80::2");
    uint8_t records[64];
    size_t len = rig_octets("0001 06000001ff3e000000000000000000008000000d"
                            "20010db800000000000000000000000a", records, sizeof records);
    ck_assert_mem_eq(update.inner + update.inner_len - len, records, len);
    amtg_packet_free(p);
    rig_free(rig);
}
END_TEST

START_TEST(at_the_end_nothing_is_said_to_a_relay_that_knows_nothing_of_us)
{
    struct rig *rig = rig_new(_i, GATEWAY(CALM));

    report(rig, IGMP_REPORT_HEX);
    uint32_t nonce = take_request(rig, RELAY4, 0);
    tell(rig, (struct told){.nonce = nonce});
    rig_ignore(rig, "queries");
    rig_free(rig); /* no Update was sent */

    rig = rig_new(_i, GATEWAY(CALM));
    nonce = establish(rig, (struct told){0});
    report(rig, IGMP_BLOCK_HEX);
    expect_update(rig, RELAY4, 1, nonce, IGMP_BLOCK_HEX);
    rig_free(rig); /* all was left */
}
END_TEST

/* The whole way on loopback: what is said at the end passes the socket, which stops later. */
START_TEST(g73_what_is_said_at_the_end_leaves_the_host)
{
    int relay = test_udp("127.0.0.1", 0);
    char text[512];
    uint8_t got[64];

    snprintf(text, sizeof text,
             "it:  {class: amt-gateway, relay: 127.0.0.1, port: %u, socket: udp}\n"
             "udp: {class: udp-socket, bind: 127.0.0.1, port: 0}\n"
             "edges:\n  - it.out -> udp\n", test_port(relay));
    struct rig *rig = rig_new_real(_i, text);
    report(rig, IGMP_REPORT_HEX);
    for (int i = 0; i < 100 && test_receive(relay, got, sizeof got, NULL, NULL) != 8; i++)
        rig_step(rig, 10 * AMTG_MS);
    ck_assert_uint_eq(got[0], 3);
    tell(rig, (struct told){.from = "127.0.0.1", .from_port = test_port(relay),
                            .nonce = amtg_get_u32(got + 4)});
    rig_ignore(rig, "queries");
    report(rig, IGMP_REPORT_HEX);
    amtg_runtime_stop(rig_runtime(rig)); /* the Update still waits, too */
    ck_assert_int_eq(test_receive(relay, got, sizeof got, NULL, NULL), 56);
    ck_assert_uint_eq(got[0], 5);
    ck_assert_int_eq(test_receive(relay, got, sizeof got, NULL, NULL), 30);
    ck_assert_uint_eq(got[0], 7);
    close(relay);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("amt-gateway leaves",
               g51_g52_g68_another_port_tears_the_old_endpoint_down,
               g52_another_address_does_so_too,
               an_endpoint_is_torn_down_once_also_when_nothing_is_reported_meanwhile,
               g70_g71_teardowns_are_repeated_as_robustness_says_within_a_second_each,
               g70_endpoints_left_one_after_the_other_are_each_torn_down_as_often,
               an_endpoint_that_we_are_again_is_not_torn_down_once_more,
               g51_without_g_in_both_queries_or_without_subscriptions_nothing_is_torn_down,
               with_the_endpoint_the_other_familys_state_is_gone_so_it_asks_at_once,
               a_relay_that_names_another_port_each_time_cannot_make_it_spin,
               g73_g67_at_the_end_the_endpoint_is_torn_down_once,
               g68_at_the_end_the_query_of_the_last_update_counts,
               g73_k13_without_g_everything_is_removed_by_updates,
               g73_many_groups_are_removed_by_several_updates,
               k15_the_last_update_has_the_host_parts_own_source_and_so_for_mld,
               at_the_end_nothing_is_said_to_a_relay_that_knows_nothing_of_us,
               g73_what_is_said_at_the_end_leaves_the_host)
