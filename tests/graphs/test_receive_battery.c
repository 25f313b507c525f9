/*
 * The shipped receiver graph, and all that a relay or a stranger could send to have
 * something accepted that must not be: the wrong message, the wrong sender, the wrong
 * time. The elements' own battery is tests/elements/amt/test_amt_gateway_battery.c.
 * Covers: M-4, M-14, M-16, M-22, G-14 to G-16, G-24, G-27, G-40, G-42, G-46.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "elements/wire/amt.h"
#include "elements/wire/checksum.h"
#include "elements/wire/igmp.h"
#include "tests/support/amt.h"
#include "tests/support/receiver.h"

#define ANYCAST4 "192.52.193.1"
#define STRANGER "192.0.2.66"

static struct receiver *finder(void)
{
    static const char *const settings[][2] = {{"discovery", ANYCAST4}, {NULL, NULL}};
    return receiver_new(settings);
}

static struct receiver *with_relay(void)
{
    static const char *const settings[][2] = {{"relay", RELAY4}, {NULL, NULL}};
    return receiver_new(settings);
}

/* Its next message, which is of this type and to this address; waits at most 130 s. */
static uint32_t await(struct receiver *r, unsigned type, const char *to, struct said *m)
{
    char text[AMTG_ADDR_TEXT];
    unsigned ms = 0;

    for (; !receiver_take(r, m); ms += 10) {
        ck_assert_msg(ms < 130000, "it says nothing");
        receiver_step(r, 10);
    }
    ck_assert_uint_eq(m->octets[0], type);
    ck_assert_str_eq(amtg_addr_text(&m->to, text), to);
    ck_assert_uint_eq(m->port, RELAY_PORT);
    return amtg_get_u32(m->octets + (type == AMTG_MSG_UPDATE ? 8 : 4));
}

static void expect_silence(struct receiver *r, unsigned ms)
{
    struct said m;

    receiver_step(r, ms);
    ck_assert_msg(!receiver_take(r, &m), "it says something (type %u)", m.octets[0]);
}

/* mac: all its octets */
static void tell(struct receiver *r, const char *from, uint16_t port, uint32_t nonce, uint8_t mac)
{
    struct amtg_general_query general = {.max_response_code = 1, .qrv = 2, .qqi_s = 60};
    struct amtg_amt_query message = {.nonce = nonce};
    uint8_t inner[AMTG_IGMP_QUERY_OCTETS], octets[128];

    memset(message.mac, mac, sizeof message.mac);
    message.inner = inner;
    message.inner_len = amtg_igmp_query_build(&general, inner);
    receiver_hear(r, from, port, octets, amtg_amt_query_build(&message, octets));
}

static void advertise(struct receiver *r, const char *from, uint16_t port, uint32_t nonce,
                      const char *relay)
{
    struct amtg_amt_advertisement message = {.nonce = nonce};
    uint8_t octets[AMTG_ADVERTISEMENT6_OCTETS];

    ck_assert(amtg_addr_parse(relay, &message.relay));
    receiver_hear(r, from, port, octets, amtg_amt_advertisement_build(&message, octets));
}

/* Through Request and Query to the first Update. */
static uint32_t establish(struct receiver *r, uint8_t mac)
{
    struct said m;
    uint32_t nonce = await(r, AMTG_MSG_REQUEST, RELAY4, &m);

    tell(r, RELAY4, RELAY_PORT, nonce, mac);
    ck_assert_uint_eq(await(r, AMTG_MSG_UPDATE, RELAY4, &m), nonce);
    ck_assert_uint_eq(m.octets[2], mac);
    return nonce;
}

/* ---- Data ------------------------------------------------------------------ */

#define GOOD_HEX "0600" NATIVE4_HEX

/* A good Data message with one thing wrong, and where it ends. */
struct spoil {
    const char *element, *reason;
    const char *from;  /* NULL: the relay */
    uint16_t port;     /* 0: its port */
    unsigned at;       /* octet of the message; the inner datagram begins at 2 */
    uint8_t xor;
    bool mend;         /* put the inner header's checksum right again */
    int longer;
};

static void say_spoiled(struct receiver *r, const struct spoil *s)
{
    uint8_t octets[128];
    uint32_t len = (uint32_t)rig_octets(GOOD_HEX, octets, sizeof octets);

    octets[s->at] ^= s->xor;
    if (s->mend) {
        amtg_put_u16(octets + 2 + 10, 0);
        amtg_put_u16(octets + 2 + 10, amtg_checksum(amtg_sum(0, octets + 2, 20)));
    }
    receiver_hear(r, s->from ? s->from : RELAY4, s->port ? s->port : RELAY_PORT, octets,
                  (uint32_t)((int)len + s->longer));
}

/* Covers: G-16, S-10. */
START_TEST(no_wrong_data_reaches_the_player)
{
    static const struct spoil all[] = {
        {"tunnel/gateway", "data-source", .from = STRANGER},
        {"tunnel/gateway", "data-source", .from = RELAY6},
        {"tunnel/gateway", "data-source", .port = 2269},
        {"tunnel/gateway", "data-not-multicast", .at = 18, .xor = 0x28, .mend = true}, /* 192 */
        {"tunnel/gateway", "data-inner", .at = 2, .xor = 0x10},    /* IP version 5 */
        {"tunnel/messages", "short", .longer = -20},
        {"tunnel/messages", "version", .at = 0, .xor = 0x10},
        {"tunnel/messages", "type", .at = 0, .xor = 0x06},         /* 0 */
        {"tunnel/messages", "type", .at = 0, .xor = 0x0e},         /* 8 */
        {"tunnel/check", "ip-checksum", .at = 15, .xor = 0x01},    /* of the source */
        {"tunnel/check", "ip-header-length", .at = 2, .xor = 0x01},
        {"tunnel/check", "ip-truncated", .longer = -1},
        {"wanted", "no-member", .at = 17, .xor = 0x01, .mend = true}, /* another source */
        {"wanted", "no-member", .at = 21, .xor = 0x01, .mend = true}, /* another group */
        {"wanted", "group-management", .at = 11, .xor = 0x13, .mend = true}, /* IGMP */
        {"unwrap", "other-protocol", .at = 11, .xor = 0x17, .mend = true},   /* TCP */
        {"unwrap", "length", .at = 27, .xor = 0x08},               /* UDP length 4 */
        {"unwrap", "checksum", .at = 29, .xor = 0x01},
    };
    struct receiver *r = with_relay();

    establish(r, 1);
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
        uint64_t before = receiver_drops(r, all[i].element, all[i].reason);
        say_spoiled(r, &all[i]);
        ck_assert_msg(receiver_drops(r, all[i].element, all[i].reason) == before + 1,
                      "row %u is not dropped as %s of %s", i, all[i].reason, all[i].element);
    }
    receiver_hear_hex(r, RELAY4, RELAY_PORT, "0600" NATIVE6_HEX); /* of the other family */
    ck_assert_uint_eq(receiver_played(r, NULL), 0);
    say_spoiled(r, &(struct spoil){.at = 1, .xor = 0xff}); /* reserved bits are no fault */
    say_spoiled(r, &(struct spoil){.at = 0});
    ck_assert_uint_eq(receiver_played(r, "test"), 2);
    receiver_free(r);
}
END_TEST

/* Covers: G-14, G-15. */
START_TEST(data_is_refused_until_a_relay_is_found_and_then_taken_from_it_alone)
{
    struct receiver *r = finder();
    struct said m;

    receiver_hear_hex(r, RELAY4, RELAY_PORT, GOOD_HEX);
    uint32_t nonce = await(r, AMTG_MSG_DISCOVERY, ANYCAST4, &m);
    receiver_hear_hex(r, RELAY4, RELAY_PORT, GOOD_HEX);
    receiver_hear_hex(r, ANYCAST4, RELAY_PORT, GOOD_HEX);
    ck_assert_uint_eq(receiver_drops(r, "tunnel/gateway", "data-no-tunnel"), 3);
    advertise(r, ANYCAST4, RELAY_PORT, nonce, RELAY4);
    establish(r, 1);
    receiver_hear_hex(r, ANYCAST4, RELAY_PORT, GOOD_HEX); /* who advertised is not who serves */
    ck_assert_uint_eq(receiver_drops(r, "tunnel/gateway", "data-source"), 1);
    ck_assert_uint_eq(receiver_played(r, NULL), 0);
    receiver_hear_hex(r, RELAY4, RELAY_PORT, GOOD_HEX);
    ck_assert_uint_eq(receiver_played(r, "test"), 1);
    receiver_free(r);
}
END_TEST

/* ---- messages that are not for gateways -------------------------------------- */

/* Covers: G-12. */
START_TEST(messages_for_relays_are_never_answered)
{
    static const char *const all[][2] = {
        {DISCOVERY_HEX, "discovery"},
        {REQUEST4_HEX, "request"},
        {"0500" MAC_HEX NONCE_HEX IGMP_REPORT_HEX, "update"},
        {"0700" MAC_HEX NONCE_HEX GATEWAY4_HEX, "teardown"},
        {"", "short"},
        {"0f", "type"},
    };
    struct receiver *r = with_relay();

    establish(r, 1);
    receiver_step(r, 2000); /* the Update is repeated once */
    for (struct said m; receiver_take(r, &m);)
        ck_assert_uint_eq(m.octets[0], AMTG_MSG_UPDATE);
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
        receiver_hear_hex(r, RELAY4, RELAY_PORT, all[i][0]);
        ck_assert_uint_eq(receiver_drops(r, "tunnel/messages", all[i][1]), 1);
    }
    expect_silence(r, 1000);
    receiver_free(r);
}
END_TEST

/* ---- Advertisements ------------------------------------------------------------ */

/* Covers: G-24, M-4. */
START_TEST(no_wrong_advertisement_makes_it_ask_another_relay)
{
    struct receiver *r = finder();
    struct said m;
    uint32_t nonce;

    advertise(r, ANYCAST4, RELAY_PORT, 1, STRANGER); /* before it has asked */
    nonce = await(r, AMTG_MSG_DISCOVERY, ANYCAST4, &m);
    advertise(r, STRANGER, RELAY_PORT, nonce, STRANGER);
    advertise(r, ANYCAST4, 2269, nonce, STRANGER);
    advertise(r, ANYCAST4, RELAY_PORT, nonce ^ 0x80, STRANGER);
    advertise(r, ANYCAST4, RELAY_PORT, nonce, "224.0.0.22");
    advertise(r, ANYCAST4, RELAY_PORT, nonce, "127.0.0.1");
    advertise(r, ANYCAST4, RELAY_PORT, nonce, "0.0.0.0");
    advertise(r, ANYCAST4, RELAY_PORT, nonce, RELAY6);
    char mapped[64]; /* 24 octets that hold an IPv4 address */
    snprintf(mapped, sizeof mapped, "02000000%08x00000000000000000000ffffc0000242", nonce);
    receiver_hear_hex(r, ANYCAST4, RELAY_PORT, mapped);
    expect_silence(r, 500);
    advertise(r, ANYCAST4, RELAY_PORT, nonce, RELAY4);
    nonce = await(r, AMTG_MSG_REQUEST, RELAY4, &m);
    advertise(r, ANYCAST4, RELAY_PORT, amtg_get_u32(m.octets + 4), STRANGER); /* too late */
    advertise(r, ANYCAST4, RELAY_PORT, nonce, STRANGER);
    expect_silence(r, 500);
    ck_assert_uint_eq(receiver_counter(r, "tunnel/gateway", "advertisements"), 1);
    receiver_free(r);
}
END_TEST

START_TEST(no_impossible_ipv6_relay_is_asked)
{
    static const char *const settings[][2] = {
        {"discovery", "2001:3::1"}, {"source", "none"}, {"group", "239.1.1.1"}, {NULL, NULL}};
    static const char *const impossible[] = {"::", "::1", "ff02::1", "fe80::1", RELAY4};
    struct receiver *r = receiver_new(settings);
    struct said m;
    uint32_t nonce = await(r, AMTG_MSG_DISCOVERY, "2001:3::1", &m);

    for (unsigned i = 0; i < sizeof impossible / sizeof impossible[0]; i++)
        advertise(r, "2001:3::1", RELAY_PORT, nonce, impossible[i]);
    expect_silence(r, 500);
    advertise(r, "2001:3::1", RELAY_PORT, nonce, RELAY6);
    await(r, AMTG_MSG_REQUEST, RELAY6, &m);
    receiver_free(r);
}
END_TEST

/* ---- Queries ---------------------------------------------------------------------- */

/* Covers: G-40, G-42, S-11. */
START_TEST(no_wrong_query_makes_it_report)
{
    struct receiver *r = with_relay();
    struct said m;
    uint32_t nonce = await(r, AMTG_MSG_REQUEST, RELAY4, &m);

    tell(r, STRANGER, RELAY_PORT, nonce, 9);
    tell(r, RELAY4, 2269, nonce, 9);
    tell(r, RELAY6, RELAY_PORT, nonce, 9);
    tell(r, RELAY4, RELAY_PORT, nonce ^ 1, 9);
    tell(r, RELAY4, RELAY_PORT, 0, 9);
    receiver_hear_hex(r, RELAY4, RELAY_PORT, "0400" MAC_HEX NONCE_HEX IGMP_QUERY_HEX);
    expect_silence(r, 500);
    tell(r, RELAY4, RELAY_PORT, nonce, 1);
    await(r, AMTG_MSG_UPDATE, RELAY4, &m);
    ck_assert_uint_eq(m.octets[2], 1);
    receiver_free(r);
}
END_TEST

/* Covers: G-46. */
START_TEST(a_second_query_changes_nothing)
{
    struct receiver *r = with_relay();
    uint32_t nonce = establish(r, 1);
    struct said m;

    tell(r, RELAY4, RELAY_PORT, nonce, 2);
    tell(r, STRANGER, RELAY_PORT, nonce, 3);
    ck_assert_uint_eq(receiver_drops(r, "tunnel/gateway", "query-unexpected"), 1);
    ck_assert_uint_eq(receiver_drops(r, "tunnel/gateway", "query-source"), 1);
    receiver_stop(r);
    while (receiver_take(r, &m)) /* repeats, and what it says at the end */
        ck_assert_uint_eq(m.octets[2], 1);
    receiver_free(r);
}
END_TEST

AMTG_SUITE("receiver battery", no_wrong_data_reaches_the_player,
           data_is_refused_until_a_relay_is_found_and_then_taken_from_it_alone,
           messages_for_relays_are_never_answered,
           no_wrong_advertisement_makes_it_ask_another_relay, no_impossible_ipv6_relay_is_asked,
           no_wrong_query_makes_it_report,
           a_second_query_changes_nothing)
