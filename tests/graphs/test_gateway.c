/*
 * The shipped graphs of the gateway's side on captures: a receiver, a host behind a tun, a
 * LAN behind a proxy. What they say to a relay, and what they let in.
 * Covers: G-1 to G-5, G-8, G-12, G-15, G-16, G-34, G-35, G-41, G-42, G-47, G-61, G-63 to G-65.
 */
#include <stdio.h>
#include <string.h>

#include "elements/wire/udp.h"
#include "tests/support/amt.h"
#include "tests/support/scene.h"

enum { SEED = 1, SECOND = 1000 };

static const struct scene_graph receive = {"graphs/receive.yaml", "tunnel/udp", NULL, "player"};
/* What a name server says comes in as native datagrams do elsewhere. */
static const struct scene_graph named = {"graphs/receive.yaml", "tunnel/udp", "tunnel/names", "player"};
static const struct scene_graph gateway = {"graphs/gateway.yaml", "tunnel/udp", "host", "host"};
static const struct scene_graph proxy = {"graphs/proxy.yaml", "tunnel/udp", "heard", "lan"};

/* As NATIVE4_HEX, but from 198.51.100.13; and to 192.0.2.77, which is no group. */
#define OTHER_SOURCE_HEX "450000201234000009118b54c633640de801020313881389000c000074657374"
#define UNICAST_HEX "450000201234000009113117c633640cc000024d13881389000c000074657374"

/* IGMP_QUERY_HEX of another querier on the LAN, 10.0.0.4. */
#define OTHER_QUERIER_HEX \
    "46c00024000040000102fa0e0a000004e0000001940400001101ec8100000000027d0000"

/* Relay and gateway as the gateway's socket sees them. */
static struct amtg_peer relay_at(const char *address)
{
    return scene_gateway(address, AMTG_AMT_PORT, GATEWAY4);
}

/* The settings and what the hosts say are the same in each scene of a test, so are the nonces. */
static struct scene *begin(const struct scene_graph *graph, const char *const *native)
{
    struct scene *s = scene_new_of(SEED, graph);

    scene_set(s, "relay", RELAY4);
    for (unsigned i = 0; native && native[i]; i++)
        scene_native(s, 50 + 1000 * i, native[i]);
    return s;
}

/* The nonce of Request number `index`, learnt in a scene of its own. */
static uint32_t learn_nonce(const struct scene_graph *graph, const char *const *native,
                            unsigned index)
{
    struct amtg_peer relay = relay_at(RELAY4);
    struct scene *s = begin(graph, native);

    scene_play(s, 900);
    const struct sent *request = scene_sent(s, &relay, AMTG_MSG_REQUEST, index);
    ck_assert_msg(request != NULL, "there was no Request %u", index);
    uint32_t nonce = amtg_get_u32(request->octets + 4);
    scene_free(s);
    return nonce;
}

/* A Query without gateway fields, from `relay`. */
static void say_query(struct scene *s, uint64_t at_ms, const struct amtg_peer *relay,
                      uint32_t nonce, const char *inner)
{
    char hex[512];

    snprintf(hex, sizeof hex, "0400" MAC_HEX "%08x%s", nonce, inner);
    scene_say_hex(s, at_ms, relay, hex);
}

static void say_data(struct scene *s, uint64_t at_ms, const struct amtg_peer *relay,
                     const char *inner)
{
    char hex[512];

    snprintf(hex, sizeof hex, "0600%s", inner);
    scene_say_hex(s, at_ms, relay, hex);
}

static bool has(const char *text, const char *words)
{
    return strstr(text, words) != NULL;
}

static unsigned count_of(const char *text, const char *words)
{
    unsigned count = 0;

    for (const char *at = strstr(text, words); at; at = strstr(at + 1, words))
        count++;
    return count;
}

#define expect_said(text, words) ck_assert_msg(has(text, words), "no \"%s\" in:\n%s", words, text)

/* ---- receive ------------------------------------------------------------- */

/* Covers: S-10, G-64, G-65. */
START_TEST(a_receiver_joins_and_hands_out_just_its_channel)
{
    struct amtg_peer relay = relay_at(RELAY4), stranger = relay_at("192.0.2.66");
    uint32_t nonce = learn_nonce(&receive, NULL, 0);
    struct scene *s = begin(&receive, NULL);

    say_query(s, 100, &stranger, nonce, IGMP_QUERY_HEX);
    say_query(s, 110, &relay, nonce + 1, IGMP_QUERY_HEX);
    say_query(s, 120, &relay, nonce, IGMP_QUERY_HEX);
    say_data(s, 200, &relay, NATIVE4_HEX);
    say_data(s, 210, &stranger, NATIVE4_HEX);
    say_data(s, 220, &relay, OTHER_SOURCE_HEX);
    say_data(s, 230, &relay, UNICAST_HEX);
    scene_play(s, 300);

    char *said = scene_sent_text(s), *got = scene_joins_text(s);
    ck_assert_uint_eq(scene_drops(s, "tunnel/gateway", "query-source"), 1);
    ck_assert_uint_eq(scene_drops(s, "tunnel/gateway", "query-nonce"), 1);
    ck_assert_uint_eq(scene_drops(s, "tunnel/gateway", "data-source"), 1);
    ck_assert_uint_eq(scene_drops(s, "tunnel/gateway", "data-not-multicast"), 1);
    ck_assert_uint_eq(scene_drops(s, "wanted", "no-member"), 1);
    ck_assert_uint_eq(scene_count(s, &relay, AMTG_MSG_DISCOVERY), 0);
    ck_assert_uint_eq(scene_count(s, NULL, AMTG_MSG_REQUEST), 1);
    expect_said(said, "120 ms");
    expect_said(said, "IGMPv3 report, 1 record: IS_IN 232.1.2.3 {198.51.100.12}");
    ck_assert_uint_eq(count_of(got, "4 octets"), 1);
    free(said);
    free(got);
    scene_free(s);
}
END_TEST

/* Covers: G-19. */
START_TEST(a_receiver_asks_the_anycast_addresses_in_turn)
{
    struct amtg_peer first = relay_at("192.52.193.1"), second = relay_at("2001:3::1");
    struct scene *s = scene_new_of(SEED, &receive);

    scene_play(s, 60 * SECOND);
    ck_assert_uint_ge(scene_count(s, &first, AMTG_MSG_DISCOVERY), 4);
    ck_assert_uint_ge(scene_count(s, &second, AMTG_MSG_DISCOVERY), 1);
    ck_assert_uint_eq(scene_count(s, NULL, AMTG_MSG_REQUEST), 0);
    scene_free(s);
}
END_TEST

/* ---- a relay by name ------------------------------------------------------ */

#define NAME "relay.example.net"

/* What a name server says of NAME: these records (in hexadecimal), `count` of them. */
static void say_answer(struct scene *s, uint64_t at_ms, unsigned count, const char *records)
{
    struct amtg_udp_options options = {.hops = 64};
    struct amtg_peer way = {.local_port = 53, .remote_port = 40000};
    uint8_t payload[512], whole[600];
    char text[1024], *at = text;

    snprintf(text, sizeof text, "1234 8180 0001 %04x 0000 0000"
             "0572656c6179 076578616d706c65 036e6574 00 0001 0001 %s", count, records);
    uint32_t len = (uint32_t)rig_octets(text, payload, sizeof payload);
    ck_assert(amtg_addr_parse("192.0.2.53", &way.local) && amtg_addr_parse(GATEWAY4, &way.remote));
    uint32_t heads = amtg_udp_build(&way, &options, payload, len, whole);
    memcpy(whole + heads, payload, len);
    for (uint32_t i = 0; i < heads + len; i++)
        at += sprintf(at, "%02x", whole[i]);
    scene_native(s, at_ms, text);
}

/* A and AAAA records of NAME. */
#define RR4(address) "c00c 0001 0001 0000003c 0004" address
#define RR6(address) "c00c 001c 0001 0000003c 0010" address

START_TEST(a_relay_is_found_by_its_name_and_at_an_address_that_can_be_reached)
{
    struct amtg_peer relay = relay_at(RELAY4);
    struct scene *s = scene_new_of(SEED, &named);

    scene_set(s, "relay", NAME);
    scene_set(s, "local6", "none");
    say_answer(s, 400, 0, "");
    say_answer(s, 2500, 2, RR6("20010db8000000000000000000000001") RR4("c0000201"));
    scene_play(s, 2800);
    ck_assert_uint_eq(scene_count(s, NULL, AMTG_MSG_REQUEST), 1);
    const struct sent *request = scene_sent(s, &relay, AMTG_MSG_REQUEST, 0);
    ck_assert_ptr_nonnull(request);
    ck_assert_uint_eq(request->at_ns, 2500 * AMTG_MS);
    ck_assert_uint_eq(scene_counter(s, "tunnel/gateway", "lookups-failed"), 1);
    ck_assert_uint_ge(scene_counter(s, "tunnel/gateway", "lookups"), 2);
    ck_assert_uint_eq(scene_counter(s, "tunnel/gateway", "addresses-unserved"), 1);
    scene_free(s);
}
END_TEST

START_TEST(when_a_relay_stays_silent_its_name_is_looked_up_and_followed)
{
    struct amtg_peer old = relay_at(RELAY4), new = relay_at("192.0.2.2");
    struct scene *s = scene_new_of(SEED, &named);

    scene_set(s, "relay", NAME);
    say_answer(s, 100, 1, RR4("c0000201"));
    say_answer(s, 60 * SECOND, 1, RR4("c0000202"));
    scene_play(s, 120 * SECOND);
    ck_assert_uint_ge(scene_count(s, &old, AMTG_MSG_REQUEST), 4);
    const struct sent *first = scene_sent(s, &new, AMTG_MSG_REQUEST, 0);
    ck_assert_ptr_nonnull(first);
    ck_assert_uint_ge(first->at_ns, 60 * AMTG_S);
    scene_free(s);
}
END_TEST

/* ---- gateway ------------------------------------------------------------- */

START_TEST(a_host_s_report_goes_up_and_its_channel_comes_down)
{
    static const char *const host[] = {IGMP_REPORT_HEX, IGMP_BLOCK_HEX, NULL};
    struct amtg_peer relay = relay_at(RELAY4);
    uint32_t nonce = learn_nonce(&gateway, host, 0);
    struct scene *s = begin(&gateway, host);

    say_query(s, 100, &relay, nonce, IGMP_QUERY_HEX);
    say_data(s, 200, &relay, NATIVE4_HEX);
    say_data(s, 300, &relay, OTHER_SOURCE_HEX);
    say_data(s, 2000, &relay, NATIVE4_HEX); /* after it has left */
    scene_play(s, 3 * SECOND);

    char *said = scene_sent_text(s), *got = scene_joins_text(s);
    expect_said(said, "IS_IN 232.1.2.3 {198.51.100.12}");
    expect_said(said, "BLOCK 232.1.2.3 {198.51.100.12}");
    ck_assert_uint_eq(count_of(got, "198.51.100.12 > 232.1.2.3"), 1);
    /* The host's kernel is asked by us, not by the relay: at the start, and when it leaves. */
    expect_said(got, "0.0.0.0 > 224.0.0.1");
    expect_said(got, "fe80::1 > ff02::1");
    expect_said(got, "0.0.0.0 > 232.1.2.3");
    ck_assert_uint_eq(scene_drops(s, "wanted", "no-member"), 2);
    free(said);
    free(got);
    scene_free(s);
}
END_TEST

/* Covers: G-34, G-57. */
START_TEST(both_families_have_cycles_of_their_own)
{
    static const char *const host[] = {MLD_REPORT_HEX, NULL};
    struct amtg_peer relay = relay_at(RELAY4);
    uint32_t nonce = learn_nonce(&gateway, host, 0);
    struct scene *s = begin(&gateway, host);

    say_query(s, 100, &relay, nonce, IGMP_QUERY_HEX); /* not what was asked for */
    say_query(s, 150, &relay, nonce, MLD_QUERY_HEX);
    say_data(s, 200, &relay, NATIVE6_HEX);
    scene_play(s, 800);

    char *said = scene_sent_text(s), *got = scene_joins_text(s);
    ck_assert_uint_eq(scene_sent(s, &relay, AMTG_MSG_REQUEST, 0)->octets[1], 3); /* P and E */
    ck_assert_uint_eq(scene_drops(s, "tunnel/gateway", "query-family"), 1);
    expect_said(said, "MLDv2 report");
    ck_assert_uint_eq(count_of(got, "2001:db8::a > ff3e::8000:d"), 1);
    free(said);
    free(got);
    scene_free(s);
}
END_TEST

/* ---- proxy --------------------------------------------------------------- */

START_TEST(a_proxy_asks_the_lan_before_it_leaves)
{
    /* One host joins and leaves; another, which has the same group, answers the Query. */
    static const char *const answered[] = {IGMP_REPORT_HEX, IGMP_BLOCK_HEX, IGMP_REPORT_HEX, NULL};
    static const char *const silent[] = {IGMP_REPORT_HEX, IGMP_BLOCK_HEX, NULL};
    struct amtg_peer relay = relay_at(RELAY4);

    for (int answers = 0; answers < 2; answers++) {
        const char *const *lan = answers ? answered : silent;
        uint32_t nonce = learn_nonce(&proxy, lan, 0);
        struct scene *s = begin(&proxy, lan);
        say_query(s, 100, &relay, nonce, IGMP_QUERY_HEX);
        say_data(s, 200, &relay, NATIVE4_HEX);
        say_data(s, 2500, &relay, NATIVE4_HEX);
        say_data(s, 8000, &relay, NATIVE4_HEX);
        scene_play(s, 9 * SECOND);

        char *said = scene_sent_text(s), *got = scene_joins_text(s);
        expect_said(got, "> 232.1.2.3 TTL 1, IGMPv3"); /* the Query about the group */
        ck_assert_int_eq(has(said, "3050 ms"), !answers); /* twice `last-member` after it */
        expect_said(said, "BLOCK 232.1.2.3 {198.51.100.12}"); /* then, or at the end */
        ck_assert_uint_eq(scene_drops(s, "tunnel/gateway", "data-no-tunnel"), !answers);
        expect_said(got, "198.51.100.12 > 232.1.2.3 TTL 8"); /* one hop older */
        free(said);
        free(got);
        scene_free(s);
    }
}
END_TEST

START_TEST(a_proxy_forwards_while_it_is_the_querier)
{
    /* A host joins; another querier is heard at 1.05 s, and never again. */
    static const char *const lan[] = {IGMP_REPORT_HEX, OTHER_QUERIER_HEX, NULL};
    struct amtg_peer relay = relay_at(RELAY4);

    for (int always = 0; always < 2; always++) {
        struct scene *s = begin(&proxy, lan);
        scene_set(s, "querier4", "10.0.0.5");
        scene_set(s, "interval", "20s");
        scene_set(s, "forward", always ? "always" : "querier");
        uint32_t nonce = learn_nonce(&proxy, lan, 0);
        say_query(s, 100, &relay, nonce, IGMP_QUERY_HEX);
        say_data(s, 200, &relay, NATIVE4_HEX);
        say_data(s, 2000, &relay, NATIVE4_HEX);
        say_data(s, 46 * SECOND, &relay, NATIVE4_HEX); /* until 2 x 20 s + 5 s after 1.05 s */
        say_data(s, 47 * SECOND, &relay, NATIVE4_HEX);
        scene_play(s, 48 * SECOND);

        ck_assert_uint_eq(scene_drops(s, "wanted", "no-member"), 0);
        ck_assert_uint_eq(scene_drops(s, "ours", "not-querier4"), always ? 0 : 2);
        ck_assert_uint_eq(scene_counter(s, "igmp-querier", "elections"), 2);
        scene_free(s);
    }
}
END_TEST

AMTG_SUITE("gateway, proxy and receiver on captures",
           a_receiver_joins_and_hands_out_just_its_channel,
           a_receiver_asks_the_anycast_addresses_in_turn,
           a_relay_is_found_by_its_name_and_at_an_address_that_can_be_reached,
           when_a_relay_stays_silent_its_name_is_looked_up_and_followed,
           a_host_s_report_goes_up_and_its_channel_comes_down,
           both_families_have_cycles_of_their_own, a_proxy_asks_the_lan_before_it_leaves,
           a_proxy_forwards_while_it_is_the_querier)
