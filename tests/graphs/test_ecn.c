/*
 * ECN and DSCP through the shipped graphs, at both ends of a tunnel (RFC 6040; RFC 9601,
 * section 6.1.4). Covers: E-1 to E-4, E-6 to E-10, E-14, E-16, E-17.
 */
#include <stdio.h>
#include <string.h>

#include "elements/wire/ecn.h"
#include "tests/support/amt.h"
#include "tests/support/scene.h"

enum { SEED = 1, SECOND = 1000, P = 0x01, E = 0x02, AF41 = 34 };

/* What comes with a TOS; IPv4 checksums as they have to be then. */
static const char *with_tos(const char *hex, uint8_t tos)
{
    static char text[256];
    uint8_t octets[128];
    size_t len = rig_octets(hex, octets, sizeof octets);

    amtg_ecn_write(octets, tos & AMTG_ECN_MASK);
    if (octets[0] >> 4 == 6) {
        octets[0] |= tos >> 4;
        octets[1] |= (uint8_t)((tos & 0x0c) << 4);
    }
    for (size_t i = 0; i < len; i++)
        sprintf(text + 2 * i, "%02x", octets[i]);
    return text;
}

/* ---- the relay ------------------------------------------------------------- */

static const struct {
    const char *address, *relay, *report, *native;
    uint8_t p;
} pairs[] = {
    {GATEWAY4, RELAY4, IGMP_REPORT_HEX, NATIVE4_HEX, 0},
    {GATEWAY4, RELAY4, MLD_REPORT_HEX, NATIVE6_HEX, P},
    {GATEWAY6, RELAY6, IGMP_REPORT_HEX, NATIVE4_HEX, 0},
    {GATEWAY6, RELAY6, MLD_REPORT_HEX, NATIVE6_HEX, P},
};
enum { PAIRS = sizeof pairs / sizeof pairs[0], GATEWAYS = 2 * PAIRS };

/* Of each pair two gateways, the second of which says E. */
static struct amtg_peer gateway_of(unsigned i)
{
    return scene_gateway(pairs[i / 2].address, (uint16_t)(51000 + i), pairs[i / 2].relay);
}

static struct scene *scene_with(const char *const *setting)
{
    struct scene *s = scene_new(SEED);

    for (; setting && setting[0]; setting += 2)
        scene_set(s, setting[0], setting[1]);
    for (unsigned i = 0; i < GATEWAYS; i++) {
        struct amtg_peer gateway = gateway_of(i);
        scene_request(s, 0, &gateway, NONCE, pairs[i / 2].p | (i % 2 ? E : 0));
    }
    return s;
}

/* All eight gateways join, and packets of each ECN field come, with a DSCP (24) in IPv6. */
static struct scene *play(const char *const *setting)
{
    uint8_t macs[GATEWAYS][AMTG_AMT_MAC_OCTETS];
    struct scene *s = scene_with(setting);

    scene_play(s, 0);
    for (unsigned i = 0; i < GATEWAYS; i++) {
        struct amtg_peer gateway = gateway_of(i);
        scene_mac(s, &gateway, 0, macs[i]);
    }
    scene_free(s);
    s = scene_with(setting);
    for (unsigned i = 0; i < GATEWAYS; i++) {
        struct amtg_peer gateway = gateway_of(i);
        scene_update(s, 100, &gateway, NONCE, macs[i], pairs[i / 2].report);
    }
    for (uint8_t ecn = 0; ecn < 4; ecn++) {
        scene_native(s, 200 + 10 * ecn, with_tos(NATIVE4_HEX, ecn));
        scene_native(s, 205 + 10 * ecn, with_tos(NATIVE6_HEX, 0x60 | ecn));
    }
    scene_play(s, SECOND);
    return s;
}

/* The outer field of Data: `dscp`, or -1 for the inner one, and ECN for those with E if `carried`. */
static void expect_data(struct scene *s, int dscp, bool carried)
{
    for (unsigned i = 0; i < GATEWAYS; i++) {
        struct amtg_peer gateway = gateway_of(i);
        unsigned class = dscp >= 0 ? (unsigned)dscp << 2 : pairs[i / 2].p ? 0x60 : 0;
        ck_assert_uint_eq(scene_count(s, &gateway, AMTG_MSG_DATA), 4);
        for (unsigned ecn = 0; ecn < 4; ecn++) {
            const struct sent *data = scene_sent(s, &gateway, AMTG_MSG_DATA, ecn);
            ck_assert_uint_eq(data->tos, class | (i % 2 && carried ? ecn : 0));
            /* Inside, nothing changes. */
            ck_assert_uint_eq(amtg_tos_read(data->octets + AMTG_DATA_HEAD_OCTETS),
                              (pairs[i / 2].p ? 0x60 : 0) | ecn);
        }
    }
}

/* Covers: E-1 to E-6, E-14, E-17. */
START_TEST(the_relay_carries_ecn_to_gateways_that_said_e)
{
    struct scene *s = play(NULL);

    expect_data(s, 0, true);
    ck_assert_uint_eq(scene_counter(s, "query", "ecn-requests"), PAIRS);
    scene_free(s);
}
END_TEST

START_TEST(the_relay_can_be_told_not_to)
{
    static const char *const setting[] = {"ecn", "false", NULL};
    struct scene *s = play(setting);

    expect_data(s, 0, false);
    scene_free(s);
}
END_TEST

START_TEST(a_dscp_leaves_ecn_alone)
{
    static const char *const fixed[] = {"dscp", "34", NULL}, *const copied[] = {"copy-dscp", "true",
                                                                                NULL};
    struct scene *s = play(fixed);

    expect_data(s, AF41, true);
    scene_free(s);
    s = play(copied);
    expect_data(s, -1, true);
    scene_free(s);
}
END_TEST

/* An endpoint that asks without E one day, say after a downgrade, gets no ECN from then on. */
/* Covers: E-4, E-6, E-17. */
START_TEST(the_last_update_decides)
{
    static const uint8_t flags[] = {0, E, 0};
    struct amtg_peer gateway = gateway_of(0);
    uint8_t macs[3][AMTG_AMT_MAC_OCTETS];

    for (unsigned round = 0; round < 2; round++) {
        struct scene *s = scene_new(SEED);
        for (unsigned i = 0; i < 3; i++) {
            scene_request(s, i * SECOND, &gateway, NONCE + i, flags[i]);
            if (round)
                scene_update(s, i * SECOND + 100, &gateway, NONCE + i, macs[i], IGMP_REPORT_HEX);
            scene_native(s, i * SECOND + 200, with_tos(NATIVE4_HEX, AMTG_CE));
        }
        scene_play(s, 3 * SECOND);
        for (unsigned i = 0; i < 3; i++) {
            if (!round)
                scene_mac(s, &gateway, i, macs[i]);
            else
                ck_assert_uint_eq(scene_sent(s, &gateway, AMTG_MSG_DATA, i)->tos,
                                  flags[i] ? AMTG_CE : AMTG_NOT_ECT);
        }
        scene_free(s);
    }
}
END_TEST

/* ---- the gateway ------------------------------------------------------------ */

static const struct scene_graph receive = {"graphs/receive.yaml", "tunnel/udp", NULL, "player"};

/* A scene in which the receiver has been answered, if `nonce` is what it asks with. */
static struct scene *receiver(const struct amtg_peer *relay, uint32_t nonce)
{
    struct scene *s = scene_new_of(SEED, &receive);
    char hex[256];

    scene_set(s, "relay", RELAY4);
    snprintf(hex, sizeof hex, "0400" MAC_HEX "%08x" IGMP_QUERY_HEX, nonce);
    scene_say_hex(s, 100, relay, hex);
    return s;
}

/* Covers: E-7 to E-10, E-14, E-16. */
START_TEST(the_gateway_says_e_and_hands_on_what_the_tunnel_met)
{
    struct amtg_peer relay = scene_gateway(RELAY4, AMTG_AMT_PORT, GATEWAY4);
    struct scene *s = receiver(&relay, 0);

    scene_play(s, 900);
    const struct sent *request = scene_sent(s, &relay, AMTG_MSG_REQUEST, 0);
    ck_assert_uint_eq(request->octets[1], E);
    uint32_t nonce = amtg_get_u32(request->octets + 4);
    scene_free(s);

    s = receiver(&relay, nonce);
    for (uint8_t outer = 0; outer < 4; outer++)
        for (uint8_t inner = 0; inner < 4; inner++) {
            char hex[256];
            snprintf(hex, sizeof hex, "0600%s", with_tos(NATIVE4_HEX, inner));
            scene_tos(s, 0xb8 | outer);
            scene_say_hex(s, 200 + 10 * outer + inner, &relay, hex);
        }
    scene_play(s, SECOND);
    ck_assert_uint_eq(scene_counter(s, "tunnel/gateway", "data"), 16);
    ck_assert_uint_eq(scene_drops(s, "tunnel/decap", "not-ect-ce"), 1);
    ck_assert_uint_eq(scene_counter(s, "tunnel/decap", "congested"), 2);
    ck_assert_uint_eq(scene_counter(s, "tunnel/decap", "odd-ecn"), 5);
    /* Those that go on are whole: no IPv4 checksum was spoiled. */
    ck_assert_uint_eq(scene_drops(s, "tunnel/check", "ip-checksum"), 0);
    scene_free(s);
}
END_TEST

AMTG_SUITE("ECN and DSCP in the shipped graphs", the_relay_carries_ecn_to_gateways_that_said_e,
           the_relay_can_be_told_not_to, a_dscp_leaves_ecn_alone, the_last_update_decides,
           the_gateway_says_e_and_hands_on_what_the_tunnel_met)
