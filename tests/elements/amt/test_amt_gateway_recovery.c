/*
 * amt-gateway: outages of the relay, changes of our own address, and what it takes
 * for subscribed. Covers: G-33, G-57, G-59, 4.3 and 4.5 of the gateway's rules: a new
 * cycle on any local sign of a change of address.
 */
#include "tests/elements/amt/gateway_rig.h"
#include "tests/support/netns.h"

/* ---- outages ------------------------------------------------------------------------ */

/*
 * A relay that sends Data every 100 ms, is away for so long, and comes back knowing
 * nothing of us. How many milliseconds after its return the first Update comes.
 */
static unsigned recovery(int shared, unsigned away_ms)
{
    struct rig *rig = rig_new(shared, GATEWAY(", teardown: false"));
    unsigned at = 0;

    establish(rig, (struct told){.plain = true, .interval_s = 60});
    for (unsigned ms = 0; ms < 35000; ms += 100) {
        flow(rig, RELAY4);
        rig_step(rig, 100 * AMTG_MS);
    }
    for (unsigned ms = 0; ms < away_ms; ms += 10) {
        rig_step(rig, 10 * AMTG_MS);
        rig_ignore(rig, "out");
    }
    while (rig_counter(rig, "updates") < 2) {
        rig_step(rig, 10 * AMTG_MS);
        at += 10;
        ck_assert_uint_lt(at, 130000);
        while (rig_count(rig, "out")) {
            struct amtg_packet *p = rig_take(rig, "out");
            uint32_t nonce = amtg_get_u32(p->data + 4);
            bool request = p->data[0] == 3;
            amtg_packet_free(p);
            if (!request)
                continue;
            tell(rig, (struct told){.nonce = nonce, .plain = true, .mac = 2});
            rig_ignore(rig, "queries");
            report(rig, IGMP_REPORT_HEX);
        }
    }
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
    return at;
}

/* Covers: G-57, G-64. */
START_TEST(after_an_outage_of_a_few_seconds_it_is_back_within_two)
{
    ck_assert_uint_le(recovery(_i, 1500), 2010);
    ck_assert_uint_le(recovery(_i, 2500), 2010);
    ck_assert_uint_le(recovery(_i, 9000), 2010);
    ck_assert_uint_le(recovery(_i, 19000), 2010);
}
END_TEST

START_TEST(one_outage_after_the_other_is_seen_as_soon_as_the_first)
{
    struct rig *rig = rig_new(_i, GATEWAY(", no-traffic: 0s, teardown: false"));

    establish(rig, (struct told){.plain = true});
    for (unsigned i = 0; i < 5; i++) {
        flow(rig, RELAY4);
        rig_step(rig, AMTG_S);
        ck_assert_uint_eq(rig_counter(rig, "silences"), i + 1);
        uint32_t nonce = take_request(rig, RELAY4, 0);
        wait_out(rig, 3); /* it is not answered, and the next one is */
        ck_assert_uint_eq(take_request(rig, RELAY4, 0), nonce);
        tell(rig, (struct told){.nonce = nonce, .plain = true});
        rig_ignore(rig, "queries");
    }
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(after_a_longer_outage_it_is_back_as_the_back_off_says)
{
    ck_assert_uint_le(recovery(_i, 60000), 64010);
}
END_TEST

START_TEST(t_req_waits_one_to_two_seconds_while_data_flowed_lately_and_then_longer)
{
    struct rig *rig = rig_new(_i, GATEWAY(", teardown: false, no-traffic: 0s, quick: 10s"));
    uint64_t longest = 0;

    establish(rig, (struct told){.plain = true});
    flow(rig, RELAY4);
    wait_out(rig, 2);
    take_request(rig, RELAY4, 0);
    for (unsigned ms = 0; ms < 8000;) {
        uint64_t waited = wait_out(rig, 3);
        ck_assert_uint_ge(waited, 990);
        ck_assert_uint_le(waited, 2010);
        take_request(rig, RELAY4, 0);
        ms += (unsigned)waited;
    }
    for (unsigned i = 0; i < 12; i++) {
        uint64_t waited = wait_out(rig, 121);
        take_request(rig, RELAY4, 0);
        longest = waited > longest ? waited : longest;
    }
    ck_assert_uint_gt(longest, 8000);
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

/* ---- our own address ------------------------------------------------------------------ */

static void change_and_expect_request(struct rig *rig, const char *change)
{
    netns_run("%s", change);
    for (int i = 0; i < 300 && !rig_count(rig, "out"); i++)
        rig_step(rig, 10 * AMTG_MS);
    take_request(rig, RELAY4, 0);
}

START_TEST(a_new_address_or_a_route_that_is_back_begins_a_new_cycle)
{
    netns_enter();
    netns_run("ip addr add 10.0.0.9/24 dev v0; ip route add 192.0.2.0/24 dev v0 src 10.0.0.1");
    struct rig *rig = rig_new_real(
        _i, "it:  {class: amt-gateway, ecn: no, relay: 192.0.2.1, socket: udp, address-check: 50ms, "
            "no-traffic: 0s, teardown: false}\n"
            "udp: {class: udp-socket, bind: 0.0.0.0, port: 0}\n");
    report(rig, IGMP_REPORT_HEX);
    tell(rig, (struct told){.nonce = take_request(rig, RELAY4, 0), .plain = true});
    rig_ignore(rig, "queries");
    for (int i = 0; i < 30; i++)
        rig_step(rig, 50 * AMTG_MS);
    rig_expect_nothing(rig, "out");
    change_and_expect_request(rig, "ip route replace 192.0.2.0/24 dev v0 src 10.0.0.9");
    ck_assert_uint_eq(rig_counter(rig, "address-changes"), 1);
    netns_run("ip route del 192.0.2.0/24");
    for (int i = 0; i < 30; i++)
        rig_step(rig, 50 * AMTG_MS);
    rig_ignore(rig, "out"); /* repeats */
    ck_assert_uint_eq(rig_counter(rig, "address-changes"), 1);
    change_and_expect_request(rig, "ip route add 192.0.2.0/24 dev v0 src 10.0.0.9");
    ck_assert_uint_eq(rig_counter(rig, "address-changes"), 2);
    rig_free(rig);
}
END_TEST

/* ---- what is subscribed ------------------------------------------------------------------ */

/* An IGMPv3 Report of these group records. */
static void report_records(struct rig *rig, unsigned count, const char *records)
{
    static uint8_t octets[2048];
    size_t len = rig_octets("46c00000 00004000 01020000 00000000 e0000016 94040000"
                            "2200 0000 0000 0000", octets, sizeof octets);
    len += rig_octets(records, octets + len, sizeof octets - len);
    uint32_t sum = 0;

    amtg_put_u16(octets + 2, (uint16_t)len);
    octets[31] = (uint8_t)count;
    for (unsigned i = 0; i < 24; i += 2)
        sum += amtg_get_u16(octets + i);
    sum = (sum & 0xffff) + (sum >> 16);
    amtg_put_u16(octets + 10, (uint16_t)~((sum & 0xffff) + (sum >> 16)));
    sum = 0;
    for (unsigned i = 24; i < len; i += 2)
        sum += amtg_get_u16(octets + i);
    sum = (sum & 0xffff) + (sum >> 16);
    amtg_put_u16(octets + 26, (uint16_t)~((sum & 0xffff) + (sum >> 16)));
    rig_push(rig, "reports", rig_packet(rig, AMTG_IP_RAW, octets, len));
    rig_ignore(rig, "out");
}

#define G1 "ef010101"
#define G2 "ef010102"
#define S1 "0a000001"
#define S2 "0a000002"

/* Covers: G-33. */
START_TEST(what_is_subscribed_follows_the_reports)
{
    static const struct {
        unsigned records;
        const char *hex;
        unsigned groups;
    } steps[] = {
        {1, "06000000" G1, 0},               /* BLOCK {}: nothing */
        {1, "03000000" G1, 0},               /* TO_IN {} */
        {1, "05000001" G1 S1, 1},            /* ALLOW {1} */
        {1, "05000001" G1 S2, 1},            /* ALLOW {2} */
        {1, "06000001" G1 S1, 1},            /* BLOCK {1}: {2} is left */
        {1, "06000001" G1 S2, 0},
        {2, "04000000" G1 "01000001" G2 S1, 2}, /* TO_EX {}, IS_IN {1} */
        {1, "01000001" G2 S2, 2},            /* IS_IN goes on */
        {1, "06000002" G2 S1 S2, 1},
        {1, "06000001" G1 S1, 1},            /* EXCLUDE {1} */
        {1, "03000001" G1 S1, 1},            /* TO_IN {1}: no longer EXCLUDE */
        {1, "06000001" G1 S1, 0},
        {1, "02000001" G1 S1, 1},            /* IS_EX {1} */
        {1, "03000000" G1, 0},
        {1, "04000000" G1, 1},
        {1, "01000001" G1 S1, 1},            /* IS_IN {1}: all there is, no longer EXCLUDE {} */
        {1, "06000001" G1 S1, 0},
        {2, "01000001" G1 S1 "01000001" G1 S2, 1}, /* IS_IN {1, 2}, split over two records */
        {1, "06000001" G1 S2, 1},
        {1, "06000001" G1 S1, 0},
        {1, "09000000" G1, 0},               /* nobody knows this type */
        {1, "04000000" "0a000001", 0},       /* no group */
    };
    struct rig *rig = rig_new(_i, GATEWAY(", teardown: false"));

    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        report_records(rig, steps[i].records, steps[i].hex);
        ck_assert_msg(rig_counter(rig, "groups") == steps[i].groups, "step %u: %u groups", i,
                      (unsigned)rig_counter(rig, "groups"));
    }
    rig_free(rig);
}
END_TEST

START_TEST(groups_beyond_the_limit_are_sent_on_but_not_remembered)
{
    struct rig *rig = rig_new(_i, GATEWAY(", groups: 2, teardown: false"));
    uint32_t nonce = establish(rig, (struct told){.plain = true});

    report_records(rig, 2, "04000000" G1 "04000000" G2);
    ck_assert_uint_eq(rig_counter(rig, "updates"), 2);
    ck_assert_uint_eq(rig_counter(rig, "groups"), 2);
    ck_assert_uint_eq(rig_counter(rig, "groups-over-limit"), 1);
    report_records(rig, 2, "03000000" G1 "03000000" G2);
    report(rig, IGMP_BLOCK_HEX);
    ck_assert_uint_eq(rig_counter(rig, "groups"), 0);
    rig_ignore(rig, "out");
    rig_step(rig, 60 * AMTG_S); /* it cannot know that nothing is left */
    ck_assert_uint_ne(take_request(rig, RELAY4, 0), nonce);
    amtg_runtime_stop(rig_runtime(rig));
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

/* Covers: G-59. */
START_TEST(g59_igmpv2_reports_and_leaves_count_and_go_out)
{
    struct rig *rig = rig_new(_i, GATEWAY(", teardown: false"));
    static const char v2[] = "46c00020000040000102 f415 00000000 ef010101 94040000"
                             "1600 f9fc ef010101";
    static const char leave[] = "46c00020000040000102 0416 00000000 e0000002 94040000"
                                "1700 f8fc ef010101";

    report(rig, v2);
    ck_assert_uint_eq(rig_counter(rig, "groups"), 1);
    uint32_t nonce = take_request(rig, RELAY4, 0);
    tell(rig, (struct told){.nonce = nonce, .plain = true});
    rig_ignore(rig, "queries");
    report(rig, v2);
    expect_update(rig, RELAY4, 1, nonce, v2);
    report(rig, leave);
    expect_update(rig, RELAY4, 1, nonce, leave);
    ck_assert_uint_eq(rig_counter(rig, "groups"), 0);
    rig_free(rig);
}
END_TEST

AMTG_NETNS_SUITE("amt-gateway recovery",
                 after_an_outage_of_a_few_seconds_it_is_back_within_two,
                 one_outage_after_the_other_is_seen_as_soon_as_the_first,
                 after_a_longer_outage_it_is_back_as_the_back_off_says,
                 t_req_waits_one_to_two_seconds_while_data_flowed_lately_and_then_longer,
                 a_new_address_or_a_route_that_is_back_begins_a_new_cycle,
                 what_is_subscribed_follows_the_reports,
                 groups_beyond_the_limit_are_sent_on_but_not_remembered,
                 g59_igmpv2_reports_and_leaves_count_and_go_out)
