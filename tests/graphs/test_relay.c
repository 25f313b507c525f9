/*
 * The shipped relay graph on captures: whole conversations, and what a relay must
 * never do. Covers: M-3, M-10, M-21, R-12 to to
 * S-2 to S-4, S-6, S-8, S-9.
 */
#include <stdio.h>
#include <string.h>

#include "tests/support/amt.h"
#include "tests/support/scene.h"

enum { SEED = 1, OTHER_SEED = 2, SECOND = 1000 };

/* Ask once in a scene of its own, with the same settings, and take the MAC of the answer. */
static void learn_mac(uint8_t seed, const char *const settings[][2],
                      const struct amtg_peer *gateway, uint8_t flags, uint8_t mac[AMTG_AMT_MAC_OCTETS])
{
    struct scene *scene = scene_new(seed);

    for (; settings && (*settings)[0]; settings++)
        scene_set(scene, (*settings)[0], (*settings)[1]);
    scene_request(scene, 0, gateway, NONCE, flags);
    scene_play(scene, 0);
    scene_mac(scene, gateway, 0, mac);
    scene_free(scene);
}

static unsigned data_count(struct scene *scene, const struct amtg_peer *gateway)
{
    return scene_count(scene, gateway, AMTG_MSG_DATA);
}

/* Compare with tests/graphs/golden/NAME; AMTG_GOLDEN=write writes it anew, to be looked at. */
static void expect_golden(const char *name, char *text)
{
    char path[128], *want = NULL;
    size_t room = 0;

    snprintf(path, sizeof path, "tests/graphs/golden/%s", name);
    const char *mode = getenv("AMTG_GOLDEN");
    if (mode && strcmp(mode, "write") == 0) {
        FILE *out = fopen(path, "w");
        fputs(text, out);
        fclose(out);
    }
    FILE *in = fopen(path, "r");
    ck_assert_msg(in != NULL, "cannot read %s", path);
    ck_assert_int_gt(getdelim(&want, &room, '\0', in), 0);
    fclose(in);
    ck_assert_msg(strcmp(want, text) == 0, "not as in %s, but:\n%s", path, text);
    free(want);
    free(text);
}

/* ---- all four pairs of tunnel and payload -------------------------------- */

static const struct {
    const char *address, *relay, *report;
    uint16_t port;
    uint8_t flags;
} pairs[] = {
    {GATEWAY4, RELAY4, IGMP_REPORT_HEX, 51004, 0},
    {GATEWAY4, RELAY4, MLD_REPORT_HEX, 51006, 1},
    {GATEWAY6, RELAY6, IGMP_REPORT_HEX, 51004, 0},
    {GATEWAY6, RELAY6, MLD_REPORT_HEX, 51006, 1},
};
enum { PAIRS = sizeof pairs / sizeof pairs[0] };

/* Discovery, Request, Update, data for a second, Teardown, more data: the four at once. */
static struct scene *play_pairs(void)
{
    struct amtg_peer gateways[PAIRS];
    uint8_t macs[PAIRS][AMTG_AMT_MAC_OCTETS];
    struct scene *scene = scene_new(SEED);

    for (unsigned i = 0; i < PAIRS; i++) {
        gateways[i] = scene_gateway(pairs[i].address, pairs[i].port, pairs[i].relay);
        learn_mac(SEED, NULL, &gateways[i], pairs[i].flags, macs[i]);
    }
    for (unsigned i = 0; i < PAIRS; i++)
        scene_discovery(scene, 0, &gateways[i], NONCE + i);
    for (unsigned i = 0; i < PAIRS; i++)
        scene_request(scene, 100, &gateways[i], NONCE, pairs[i].flags);
    for (unsigned i = 0; i < PAIRS; i++)
        scene_update(scene, 200, &gateways[i], NONCE, macs[i], pairs[i].report);
    for (unsigned i = 0; i < PAIRS; i++)
        scene_teardown(scene, 1250, &gateways[i], &gateways[i], NONCE, macs[i]);
    for (unsigned at = 50; at < 1600; at += 500) {
        scene_native(scene, at, NATIVE4_HEX);
        scene_native(scene, at, NATIVE6_HEX);
    }
    scene_play(scene, 2 * SECOND);
    return scene;
}

/* Covers, M-3, M-10. */
START_TEST(the_four_family_pairs_are_served_in_one_process)
{
    struct scene *scene = play_pairs();

    expect_golden("relay-families.txt", scene_sent_text(scene));
    expect_golden("relay-families-joins.txt", scene_joins_text(scene));
    ck_assert_uint_eq(scene_counter(scene, "membership", "endpoints"), 0);
    scene_free(scene);
}
END_TEST

/* Covers: M-21, R-53, R-68. */
START_TEST(the_inner_datagram_arrives_octet_for_octet)
{
    struct scene *scene = play_pairs();

    for (unsigned i = 0; i < PAIRS; i++) {
        struct amtg_peer gateway =
            scene_gateway(pairs[i].address, pairs[i].port, pairs[i].relay);
        ck_assert_uint_eq(data_count(scene, &gateway), 2); /* at 550 and at 1050 */
        const struct sent *sent = scene_sent(scene, &gateway, AMTG_MSG_DATA, 0);
        uint8_t want[256] = {0x06, 0x00};
        size_t len = 2 + rig_octets(pairs[i].flags ? NATIVE6_HEX : NATIVE4_HEX, want + 2, 254);
        ck_assert_uint_eq(sent->len, len);
        ck_assert_mem_eq(sent->octets, want, len);
        ck_assert(amtg_addr_equal(&sent->peer.local, &gateway.local));
        ck_assert_uint_eq(sent->peer.local_port, AMTG_AMT_PORT);
    }
    scene_free(scene);
}
END_TEST

/* ---- who is let in ------------------------------------------------------- */

/* What must not be believed: nothing is sent, nothing is kept, nothing is joined. */
static void expect_no_trace(struct scene *scene, uint64_t bad_macs)
{
    char *joins = scene_joins_text(scene);

    ck_assert_uint_eq(scene_drops(scene, "update", "bad-mac"), bad_macs);
    ck_assert_uint_eq(scene_counter(scene, "membership", "reports"), 0);
    ck_assert_uint_eq(scene_counter(scene, "membership", "endpoints"), 0);
    ck_assert_uint_eq(scene_count(scene, NULL, AMTG_MSG_DATA), 0);
    ck_assert_str_eq(joins, "");
    free(joins);
}

/* Covers: R-39, S-9. */
START_TEST(a_mac_with_any_octet_spoiled_leaves_no_trace)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, GATEWAY_PORT, RELAY4);
    struct scene *scene = scene_new(SEED);
    uint8_t mac[AMTG_AMT_MAC_OCTETS];

    learn_mac(SEED, NULL, &gateway, 0, mac);
    for (unsigned i = 0; i < AMTG_AMT_MAC_OCTETS; i++) {
        mac[i] ^= 0x80;
        scene_update(scene, i, &gateway, NONCE, mac, IGMP_REPORT_HEX);
        mac[i] ^= 0x80;
    }
    scene_native(scene, 500, NATIVE4_HEX);
    scene_play(scene, SECOND);
    expect_no_trace(scene, AMTG_AMT_MAC_OCTETS);
    scene_free(scene);
}
END_TEST

/* Covers: R-39, S-1. */
START_TEST(a_mac_is_good_for_its_address_port_and_nonce_only)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, GATEWAY_PORT, RELAY4);
    struct amtg_peer port = scene_gateway(GATEWAY4, GATEWAY_PORT + 1, RELAY4);
    struct amtg_peer address = scene_gateway("203.0.113.8", GATEWAY_PORT, RELAY4);
    struct scene *scene = scene_new(SEED);
    uint8_t mac[AMTG_AMT_MAC_OCTETS];

    learn_mac(SEED, NULL, &gateway, 0, mac);
    scene_update(scene, 0, &port, NONCE, mac, IGMP_REPORT_HEX);
    scene_update(scene, 1, &address, NONCE, mac, IGMP_REPORT_HEX);
    scene_update(scene, 2, &gateway, NONCE + 1, mac, IGMP_REPORT_HEX);
    scene_native(scene, 500, NATIVE4_HEX);
    scene_play(scene, SECOND);
    expect_no_trace(scene, 3);
    scene_free(scene);
}
END_TEST

START_TEST(after_a_restart_old_macs_are_refused)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, GATEWAY_PORT, RELAY4);
    struct scene *scene = scene_new(OTHER_SEED);
    uint8_t mac[AMTG_AMT_MAC_OCTETS];

    learn_mac(SEED, NULL, &gateway, 0, mac);
    scene_update(scene, 0, &gateway, NONCE, mac, IGMP_REPORT_HEX);
    scene_native(scene, 500, NATIVE4_HEX);
    scene_play(scene, SECOND);
    expect_no_trace(scene, 1);
    scene_free(scene);
}
END_TEST

/* Covers: S-9. */
START_TEST(requests_and_discoveries_leave_no_state)
{
    struct scene *scene = scene_new(SEED);

    for (unsigned i = 0; i < 200; i++) {
        struct amtg_peer gateway = scene_gateway(GATEWAY4, (uint16_t)(1024 + i), RELAY4);
        scene_discovery(scene, i, &gateway, NONCE);
        scene_request(scene, i, &gateway, NONCE, 0);
    }
    scene_native(scene, 500, NATIVE4_HEX);
    scene_play(scene, SECOND);
    ck_assert_uint_eq(scene_count(scene, NULL, AMTG_MSG_QUERY), 200);
    ck_assert_uint_eq(scene_count(scene, NULL, AMTG_MSG_ADVERTISEMENT), 200);
    expect_no_trace(scene, 0);
    scene_free(scene);
}
END_TEST

/* */
START_TEST(two_gateways_behind_one_address_are_two)
{
    struct amtg_peer a = scene_gateway(GATEWAY4, 40001, RELAY4);
    struct amtg_peer b = scene_gateway(GATEWAY4, 40002, RELAY4);
    uint8_t mac_a[AMTG_AMT_MAC_OCTETS], mac_b[AMTG_AMT_MAC_OCTETS];
    struct scene *scene = scene_new(SEED);

    learn_mac(SEED, NULL, &a, 0, mac_a);
    learn_mac(SEED, NULL, &b, 0, mac_b);
    scene_update(scene, 0, &a, NONCE, mac_a, IGMP_REPORT_HEX);
    scene_update(scene, 0, &b, NONCE, mac_b, IGMP_REPORT_HEX);
    scene_native(scene, 100, NATIVE4_HEX);
    scene_update(scene, 200, &a, NONCE, mac_a, IGMP_BLOCK_HEX);
    scene_native(scene, 300, NATIVE4_HEX);
    scene_play(scene, SECOND);
    ck_assert_uint_eq(data_count(scene, &a), 1);
    ck_assert_uint_eq(data_count(scene, &b), 2);
    scene_free(scene);
}
END_TEST

/* */
START_TEST(other_sources_of_the_group_are_not_forwarded)
{
    /* as NATIVE4_HEX, from 198.51.100.13 */
    static const char other[] = "450000201234000009118b54c633640de801020313881389000c000074657374";
    struct amtg_peer gateway = scene_gateway(GATEWAY4, GATEWAY_PORT, RELAY4);
    uint8_t mac[AMTG_AMT_MAC_OCTETS];
    struct scene *scene = scene_new(SEED);

    learn_mac(SEED, NULL, &gateway, 0, mac);
    scene_update(scene, 0, &gateway, NONCE, mac, IGMP_REPORT_HEX);
    scene_native(scene, 100, other);
    scene_play(scene, SECOND);
    ck_assert_uint_eq(data_count(scene, &gateway), 0);
    ck_assert_uint_eq(scene_drops(scene, "fanout", "no-member"), 1);
    scene_free(scene);
}
END_TEST

/* ---- leaving ------------------------------------------------------------- */

/* */
START_TEST(a_teardown_may_come_from_the_new_address_only_with_the_mac)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, GATEWAY_PORT, RELAY4);
    struct amtg_peer moved = scene_gateway("198.51.100.200", 33000, RELAY4);
    uint8_t mac[AMTG_AMT_MAC_OCTETS];
    struct scene *scene = scene_new(SEED);

    learn_mac(SEED, NULL, &gateway, 0, mac);
    scene_update(scene, 0, &gateway, NONCE, mac, IGMP_REPORT_HEX);
    mac[5] ^= 1;
    scene_teardown(scene, 100, &moved, &gateway, NONCE, mac);
    mac[5] ^= 1;
    scene_native(scene, 200, NATIVE4_HEX);
    scene_teardown(scene, 300, &moved, &gateway, NONCE, mac);
    scene_native(scene, 301, NATIVE4_HEX);
    scene_play(scene, SECOND);
    ck_assert_uint_eq(scene_drops(scene, "teardown", "bad-mac"), 1);
    ck_assert_uint_eq(data_count(scene, &gateway), 1);
    scene_free(scene);
}
END_TEST

/* */
START_TEST(a_silent_gateway_expires)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, GATEWAY_PORT, RELAY4);
    uint8_t mac[AMTG_AMT_MAC_OCTETS];
    struct scene *scene = scene_new(SEED);

    learn_mac(SEED, NULL, &gateway, 0, mac);
    scene_update(scene, 0, &gateway, NONCE, mac, IGMP_REPORT_HEX);
    scene_native(scene, 259 * SECOND, NATIVE4_HEX);
    scene_native(scene, 261 * SECOND, NATIVE4_HEX);
    scene_play(scene, 262 * SECOND);
    ck_assert_uint_eq(data_count(scene, &gateway), 1);
    ck_assert_uint_eq(scene_counter(scene, "membership", "endpoints"), 0);
    scene_free(scene);
}
END_TEST

/* ---- the secret changes -------------------------------------------------- */

/* Covers, S-4. */
START_TEST(an_old_mac_is_good_for_two_intervals_after_the_secret_changed)
{
    static const char *const settings[][2] = {{"rotate", "60s"}, {"interval", "10s"}, {NULL, NULL}};
    struct amtg_peer early = scene_gateway(GATEWAY4, 40001, RELAY4);
    struct amtg_peer late = scene_gateway(GATEWAY4, 40002, RELAY4);
    uint8_t early_mac[AMTG_AMT_MAC_OCTETS], late_mac[AMTG_AMT_MAC_OCTETS];
    struct scene *scene = scene_new(SEED);

    learn_mac(SEED, settings, &early, 0, early_mac);
    learn_mac(SEED, settings, &late, 0, late_mac);
    scene_set(scene, "rotate", "60s");
    scene_set(scene, "interval", "10s");
    scene_request(scene, 0, &early, NONCE, 0);
    scene_request(scene, 61 * SECOND, &early, NONCE, 0); /* the same question, another secret */
    scene_update(scene, 80 * SECOND - 1, &early, NONCE, early_mac, IGMP_REPORT_HEX);
    scene_native(scene, 80 * SECOND + 1, NATIVE4_HEX);
    scene_update(scene, 80 * SECOND + 1, &late, NONCE, late_mac, IGMP_REPORT_HEX);
    scene_native(scene, 80 * SECOND + 2, NATIVE4_HEX);
    scene_play(scene, 81 * SECOND);

    uint8_t first[AMTG_AMT_MAC_OCTETS], second[AMTG_AMT_MAC_OCTETS];
    scene_mac(scene, &early, 0, first);
    scene_mac(scene, &early, 1, second);
    ck_assert_mem_eq(first, early_mac, sizeof first);
    ck_assert_mem_ne(first, second, sizeof first);
    ck_assert_uint_eq(data_count(scene, &early), 2);
    ck_assert_uint_eq(data_count(scene, &late), 0);
    ck_assert_uint_eq(scene_drops(scene, "update", "bad-mac"), 1);
    ck_assert_uint_eq(scene_counter(scene, "secret", "right-previous"), 1);
    scene_free(scene);
}
END_TEST

/* ---- peers as they are --------------------------------------------------- */

START_TEST(a_linux_gateway_gets_two_queries_and_uses_one_mac_for_both)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, 2268, RELAY4);
    uint8_t mac[AMTG_AMT_MAC_OCTETS], again[AMTG_AMT_MAC_OCTETS];
    struct scene *first = scene_new(SEED), *scene = scene_new(SEED);

    scene_request(first, 0, &gateway, NONCE, 0x00); /* its IPv4 half */
    scene_request(first, 0, &gateway, NONCE, 0x80); /* its IPv6 half, the same nonce */
    scene_play(first, 0);
    expect_golden("relay-linux.txt", scene_sent_text(first));
    scene_mac(first, &gateway, 0, mac);
    for (unsigned i = 1; i < 3; i++) {
        scene_mac(first, &gateway, i, again);
        ck_assert_mem_eq(mac, again, sizeof mac);
    }
    scene_free(first);

    scene_update(scene, 0, &gateway, NONCE, mac, IGMP_REPORT_HEX);
    scene_update(scene, 1, &gateway, NONCE, mac, MLD_REPORT_HEX);
    scene_native(scene, 100, NATIVE4_HEX);
    scene_native(scene, 100, NATIVE6_HEX);
    scene_play(scene, SECOND);
    ck_assert_uint_eq(data_count(scene, &gateway), 2);
    scene_free(scene);
}
END_TEST

/* With this limit of 1, and an endpoint with one membership of one source. */
static void fill_up(const char *limit)
{
    const char *const settings[][2] = {{limit, "1"}, {NULL, NULL}};
    struct amtg_peer a = scene_gateway(GATEWAY4, 40001, RELAY4);
    struct amtg_peer b = scene_gateway(GATEWAY4, 40002, RELAY4);
    struct amtg_peer c = scene_gateway(GATEWAY4, 40003, RELAY4);
    uint8_t mac_a[AMTG_AMT_MAC_OCTETS], mac_b[AMTG_AMT_MAC_OCTETS];
    struct scene *scene = scene_new(SEED);

    learn_mac(SEED, settings, &a, 0, mac_a);
    learn_mac(SEED, settings, &b, 0, mac_b);
    scene_set(scene, limit, "1");
    scene_request(scene, 0, &a, NONCE, 0);
    scene_update(scene, 1, &a, NONCE, mac_a, IGMP_REPORT_HEX);
    scene_request(scene, 2, &b, NONCE, 0);
    scene_update(scene, 3, &b, NONCE, mac_b, IGMP_REPORT_HEX);
    scene_request(scene, 4, &c, NONCE, 0x80);
    scene_native(scene, 100, NATIVE4_HEX);
    scene_play(scene, SECOND);
    ck_assert_uint_eq(scene_sent(scene, &a, AMTG_MSG_QUERY, 0)->octets[1], 0x01); /* G */
    ck_assert_uint_eq(scene_sent(scene, &b, AMTG_MSG_QUERY, 0)->octets[1], 0x03); /* L, G */
    /* Linux would take neither. */
    ck_assert_uint_eq(scene_sent(scene, &c, AMTG_MSG_QUERY, 0)->octets[1], 0);
    ck_assert_uint_eq(scene_sent(scene, &c, AMTG_MSG_QUERY, 1)->octets[1], 0);
    ck_assert_uint_eq(data_count(scene, &a), 1);
    ck_assert_uint_eq(data_count(scene, &b), 0);
    scene_free(scene);
}

/* Covers, M-12. */
START_TEST(a_full_relay_says_so_and_keeps_whom_it_has)
{
    fill_up("endpoints");
    fill_up("memberships");
    fill_up("channels");
}
END_TEST

/* */
START_TEST(a_discovery_address_answers_and_advertises_the_relay)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, GATEWAY_PORT, "192.52.193.1");
    struct scene *scene = scene_new(SEED);

    scene_set(scene, "discovery4", "192.52.193.1");
    scene_set(scene, "advertise4", RELAY4);
    scene_discovery(scene, 0, &gateway, NONCE);
    scene_play(scene, 0);
    const struct sent *sent = scene_sent(scene, &gateway, AMTG_MSG_ADVERTISEMENT, 0);
    ck_assert_ptr_nonnull(sent);
    ck_assert_mem_eq(sent->octets, "\x02\x00\x00\x00\xa1\xb2\xc3\xd4\xc0\x00\x02\x01", 12);
    ck_assert(amtg_addr_equal(&sent->peer.local, &gateway.local));
    scene_free(scene);
}
END_TEST

/* Covers, S-13. */
START_TEST(what_is_not_for_a_relay_is_never_answered)
{
    static const struct {
        const char *hex, *reason;
    } wrong[] = {
        {"", "short"},
        {"03000000a1b2c3", "short"},
        {"13000000a1b2c3d4", "version"},
        {"00000000a1b2c3d4", "type"},
        {"08000000a1b2c3d4", "type"},
        {"02000000a1b2c3d4c0000201", "advertisement"},
        {"0400" MAC_HEX NONCE_HEX IGMP_QUERY_HEX, "query"},
        {"0600" NATIVE4_HEX, "data"},
    };
    struct amtg_peer gateway = scene_gateway(GATEWAY4, GATEWAY_PORT, RELAY4);
    struct scene *scene = scene_new(SEED);

    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        scene_say_hex(scene, i, &gateway, wrong[i].hex);
    scene_play(scene, SECOND);
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_uint_ge(scene_drops(scene, "messages", wrong[i].reason), 1);
    char *text = scene_sent_text(scene);
    ck_assert_str_eq(text, "");
    free(text);
    scene_free(scene);
}
END_TEST

/* Covers: S-8. */
START_TEST(one_endpoint_asking_without_end_is_answered_now_and_then)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, GATEWAY_PORT, RELAY4);
    struct scene *scene = scene_new(SEED);

    for (unsigned i = 0; i < 1000; i++)
        scene_request(scene, i, &gateway, NONCE, 0);
    scene_play(scene, SECOND);
    ck_assert_uint_le(scene_count(scene, &gateway, AMTG_MSG_QUERY), 30);
    ck_assert_uint_ge(scene_drops(scene, "polite", "endpoint-rate"), 970);
    scene_free(scene);
}
END_TEST

AMTG_SUITE("relay on captures", the_four_family_pairs_are_served_in_one_process,
           the_inner_datagram_arrives_octet_for_octet, a_mac_with_any_octet_spoiled_leaves_no_trace,
           a_mac_is_good_for_its_address_port_and_nonce_only, after_a_restart_old_macs_are_refused,
           requests_and_discoveries_leave_no_state, two_gateways_behind_one_address_are_two,
           other_sources_of_the_group_are_not_forwarded,
           a_teardown_may_come_from_the_new_address_only_with_the_mac, a_silent_gateway_expires,
           an_old_mac_is_good_for_two_intervals_after_the_secret_changed,
           a_linux_gateway_gets_two_queries_and_uses_one_mac_for_both,
           a_full_relay_says_so_and_keeps_whom_it_has,
           a_discovery_address_answers_and_advertises_the_relay,
           what_is_not_for_a_relay_is_never_answered,
           one_endpoint_asking_without_end_is_answered_now_and_then)
