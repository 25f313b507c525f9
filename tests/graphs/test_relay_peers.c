/*
 * The shipped relay graph and gateways as they are deployed, each played as its program
 * writes and reads: the Linux driver, GrumpyOldTroll's amtgwd, VLC. docs/peers.md says
 * what came of it, row by row. Covers: K2, K4 to K7, K9, T1 to T3, T8, T10, C1 to C7.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "tests/support/amt.h"
#include "tests/support/scene.h"

enum { SEED = 1, SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
/* Offsets in a Query, as programs know them that count on 24 octets of IPv4 header. */
enum { INNER = 12, IGMP_AT = INNER + 24, QQIC_AT = IGMP_AT + 9, IGMP_QUERY_ENDS = IGMP_AT + 12,
       MLD_AT = INNER + 48, MLD_QUERY_ENDS = MLD_AT + 28 };

static unsigned data_count(struct scene *scene, const struct amtg_peer *gateway)
{
    return scene_count(scene, gateway, AMTG_MSG_DATA);
}

/* What the relay would answer to this nonce: its secret is that of the seed and settings. */
static void learn_mac(const struct amtg_peer *gateway, uint32_t nonce, const char *rotate,
                      uint8_t mac[AMTG_AMT_MAC_OCTETS])
{
    struct scene *scene = scene_new(SEED);

    if (rotate)
        scene_set(scene, "rotate", rotate);
    scene_request(scene, 0, gateway, nonce, 0);
    scene_play(scene, 0);
    scene_mac(scene, gateway, 0, mac);
    scene_free(scene);
}

/* An inner IPv4 datagram with its checksums put right, as hex. */
static const char *sealed(const char *hex)
{
    static char text[512];
    uint8_t o[sizeof text / 2];
    unsigned len = (unsigned)rig_octets(hex, o, sizeof o - 1), head = (o[0] & 15) * 4u;

    amtg_put_u16(o + 10, 0);
    amtg_put_u16(o + 10, amtg_checksum(amtg_sum(0, o, head)));
    if (o[9] == IPPROTO_IGMP) {
        amtg_put_u16(o + head + 2, 0);
        amtg_put_u16(o + head + 2, amtg_checksum(amtg_sum(0, o + head, len - head)));
    }
    for (unsigned i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", o[i]);
    return text;
}

/* ---- the Linux driver ----------------------------------------------------- */

enum { LINUX_CYCLES = 150, LINUX_CYCLE = 2 * SECOND };

/*
 * Its Request handler's other half: reserved bits (all but its L and G, at 0x40 and 0x80)
 * must be 0, the IPv4 header is 24 octets long, and QQIC is a plain number.
 */
static bool linux_takes(const struct sent *query, uint32_t nonce)
{
    const uint8_t *o = query->octets;

    if (o[0] != 0x04 || (o[1] & 0x3f) || query->len < INNER + 1 || amtg_get_u32(o + 8) != nonce)
        return false;
    if (o[INNER] >> 4 == 4)
        return query->len >= IGMP_QUERY_ENDS && o[QQIC_AT] == 125;
    return query->len >= MLD_QUERY_ENDS && o[MLD_AT] == 130;
}

/* Both its Requests, with one nonce; a new one each two seconds, whatever QQIC says. */
static void linux_asks(struct scene *scene, const struct amtg_peer *gateway, unsigned cycle)
{
    scene_request(scene, cycle * LINUX_CYCLE, gateway, cycle + 1, 0x00);
    scene_request(scene, cycle * LINUX_CYCLE, gateway, cycle + 1, 0x80);
}

/* The MAC that it has after each cycle: that of the last Query that it took. */
static void linux_learns(struct scene *scene, const struct amtg_peer *gateway,
                         uint8_t macs[][AMTG_AMT_MAC_OCTETS])
{
    unsigned taken[LINUX_CYCLES] = {0}, queries = scene_count(scene, gateway, AMTG_MSG_QUERY);

    for (unsigned i = 0; i < queries; i++) {
        const struct sent *query = scene_sent(scene, gateway, AMTG_MSG_QUERY, i);
        unsigned cycle = (unsigned)(query->at_ns / (LINUX_CYCLE * AMTG_MS));
        ck_assert_uint_lt(cycle, LINUX_CYCLES);
        if (!linux_takes(query, cycle + 1))
            continue;
        taken[cycle]++;
        scene_mac(scene, gateway, i, macs[cycle]);
    }
    for (unsigned i = 0; i < LINUX_CYCLES; i++)
        ck_assert_uint_eq(taken[i], 2); /* IGMP and MLD */
}

START_TEST(k2_k4_k5_k6_k7_a_linux_gateway_is_served_for_five_minutes)
{
    static uint8_t macs[LINUX_CYCLES][AMTG_AMT_MAC_OCTETS];
    struct amtg_peer gateway = scene_gateway(GATEWAY4, 2268, RELAY4);
    struct scene *first = scene_new(SEED), *scene = scene_new(SEED);

    for (unsigned i = 0; i < LINUX_CYCLES; i++)
        linux_asks(first, &gateway, i);
    scene_play(first, 0);
    linux_learns(first, &gateway, macs);
    scene_free(first);

    for (unsigned i = 0; i < LINUX_CYCLES; i++) {
        linux_asks(scene, &gateway, i);
        scene_update(scene, i * LINUX_CYCLE + 10, &gateway, i + 1, macs[i], IGMP_REPORT_HEX);
        scene_update(scene, i * LINUX_CYCLE + 20, &gateway, i + 1, macs[i], MLD_REPORT_HEX);
        scene_native(scene, i * LINUX_CYCLE + 30, NATIVE4_HEX);
        scene_native(scene, i * LINUX_CYCLE + 30, NATIVE6_HEX);
    }
    scene_play(scene, 0);
    ck_assert_uint_eq(data_count(scene, &gateway), 2 * LINUX_CYCLES);
    ck_assert_uint_eq(scene_drops(scene, "polite", "endpoint-rate"), 0);
    ck_assert_uint_eq(scene_drops(scene, "update", "bad-mac"), 0);
    for (unsigned i = 0; i < 2 * LINUX_CYCLES; i++) /* it drops Data with reserved bits */
        ck_assert_mem_eq(scene_sent(scene, &gateway, AMTG_MSG_DATA, i)->octets, "\x06\x00", 2);
    scene_free(scene);
}
END_TEST

START_TEST(k3_k8_a_linux_gateway_gets_its_advertisement_in_twelve_octets)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, 2268, RELAY4);
    struct scene *scene = scene_new(SEED);

    scene_discovery(scene, 0, &gateway, NONCE);
    scene_play(scene, 0);
    const struct sent *sent = scene_sent(scene, &gateway, AMTG_MSG_ADVERTISEMENT, 0);
    ck_assert_uint_eq(sent->len, 12);
    ck_assert_mem_eq(sent->octets, "\x02\x00\x00\x00\xa1\xb2\xc3\xd4\xc0\x00\x02\x01", 12);
    ck_assert(amtg_addr_equal(&sent->peer.local, &gateway.local));
    scene_free(scene);
}
END_TEST

/* */
START_TEST(k9_what_a_linux_gateway_forwards_for_an_igmpv1_host_is_ignored)
{
    static const char igmpv1[] =
        "4500001c000040000102 0000 0a000002 ef010101 1200 0000 ef010101";
    static const char wanted[] = /* a datagram for that group */
        "4500002012340000 0911 0000 c633640c ef010101 1388 1389 000c 0000 74657374";
    struct amtg_peer gateway = scene_gateway(GATEWAY4, 2268, RELAY4);
    struct scene *scene = scene_new(SEED);
    uint8_t mac[AMTG_AMT_MAC_OCTETS];

    learn_mac(&gateway, NONCE, NULL, mac);
    scene_update(scene, 0, &gateway, NONCE, mac, sealed(igmpv1));
    scene_native(scene, 10, sealed(wanted));
    scene_update(scene, 20, &gateway, NONCE, mac, IGMP_REPORT_HEX); /* and v3 goes on */
    scene_native(scene, 30, NATIVE4_HEX);
    scene_play(scene, SECOND);
    ck_assert_uint_eq(scene_drops(scene, "igmp", "igmpv1"), 1);
    ck_assert_uint_eq(scene_counter(scene, "membership", "reports"), 1);
    ck_assert_uint_eq(data_count(scene, &gateway), 1);
    scene_free(scene);
}
END_TEST

/* No Leave and no Teardown of its ever comes: it is just not heard any more. */
START_TEST(k9_a_linux_gateway_that_is_gone_is_served_until_its_timers_end)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, 2268, RELAY4);
    struct scene *scene = scene_new(SEED);
    uint8_t mac[AMTG_AMT_MAC_OCTETS];

    learn_mac(&gateway, NONCE, NULL, mac);
    scene_update(scene, 0, &gateway, NONCE, mac, IGMP_REPORT_HEX);
    for (unsigned at = 5; at < 300; at += 10)
        scene_native(scene, at * SECOND, NATIVE4_HEX);
    scene_play(scene, 300 * SECOND);
    ck_assert_uint_eq(data_count(scene, &gateway), 26); /* the last at 255 s, of 260 s */
    ck_assert_uint_eq(scene_counter(scene, "membership", "endpoints"), 0);
    scene_free(scene);
}
END_TEST

/* ---- amtgwd --------------------------------------------------------------- */

START_TEST(t2_amtgwd_may_have_many_nonces_outstanding)
{
    enum { REPORTS = 10 };
    struct amtg_peer gateway = scene_gateway(GATEWAY4, 40000, RELAY4);
    struct scene *first = scene_new(SEED), *scene = scene_new(SEED);
    uint8_t macs[REPORTS][AMTG_AMT_MAC_OCTETS];

    for (unsigned i = 0; i < REPORTS; i++)
        scene_request(first, i, &gateway, NONCE + i, 0);
    scene_play(first, 0);
    for (unsigned i = 0; i < REPORTS; i++)
        scene_mac(first, &gateway, i, macs[i]);
    scene_free(first);

    for (unsigned i = 0; i < REPORTS; i++)
        scene_request(scene, i, &gateway, NONCE + i, 0);
    for (unsigned i = REPORTS; i-- > 0;) { /* the eldest last, a minute later */
        uint64_t at = (REPORTS - i) * 6 * SECOND;
        scene_update(scene, at, &gateway, NONCE + i, macs[i],
                     i % 2 ? IGMP_REPORT_HEX : IGMP_BLOCK_HEX);
        scene_native(scene, at + 1, NATIVE4_HEX);
    }
    scene_play(scene, 2 * MINUTE);
    ck_assert_uint_eq(scene_drops(scene, "update", "bad-mac"), 0);
    ck_assert_uint_eq(data_count(scene, &gateway), REPORTS / 2);
    scene_free(scene);
}
END_TEST

START_TEST(t1_amtgwd_for_ipv6_gets_an_igmp_query_whose_mac_serves_its_mld_reports)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, 40000, RELAY4);
    struct scene *first = scene_new(SEED), *scene = scene_new(SEED);
    uint8_t mac[AMTG_AMT_MAC_OCTETS];

    scene_request(first, 0, &gateway, NONCE, 0x00); /* it knows no P */
    scene_play(first, 0);
    ck_assert_uint_eq(scene_count(first, &gateway, AMTG_MSG_QUERY), 1);
    ck_assert_uint_eq(scene_sent(first, &gateway, AMTG_MSG_QUERY, 0)->octets[IGMP_AT], 0x11);
    scene_mac(first, &gateway, 0, mac);
    scene_free(first);
    scene_update(scene, 0, &gateway, NONCE, mac, MLD_REPORT_HEX);
    scene_native(scene, 10, NATIVE6_HEX);
    scene_play(scene, SECOND);
    ck_assert_uint_eq(data_count(scene, &gateway), 1);
    scene_free(scene);
}
END_TEST

START_TEST(t3_amtgwds_discoveries_and_its_repeated_requests_are_all_answered)
{
    enum { DISCOVERIES = 30, REQUESTS = 7 };
    struct amtg_peer gateway = scene_gateway(GATEWAY4, 40000, RELAY4);
    struct scene *scene = scene_new(SEED);
    unsigned at = 0, requests = 0;
    uint8_t mac[AMTG_AMT_MAC_OCTETS], again[AMTG_AMT_MAC_OCTETS];

    for (unsigned i = 0; i < DISCOVERIES; i++) {
        while (requests < REQUESTS && at <= i * 20) { /* at 0, 1, 3, 7 s and so on */
            scene_request(scene, at * SECOND, &gateway, NONCE, 0);
            at += 1u << requests++;
        }
        scene_discovery(scene, i * 20 * SECOND, &gateway, NONCE + i);
    }
    scene_play(scene, 0);
    ck_assert_uint_eq(scene_count(scene, &gateway, AMTG_MSG_ADVERTISEMENT), DISCOVERIES);
    ck_assert_uint_eq(scene_count(scene, &gateway, AMTG_MSG_QUERY), REQUESTS);
    for (unsigned i = 0; i < DISCOVERIES; i++) {
        const struct sent *sent = scene_sent(scene, &gateway, AMTG_MSG_ADVERTISEMENT, i);
        ck_assert_uint_eq(amtg_get_u32(sent->octets + 4), NONCE + i);
    }
    scene_mac(scene, &gateway, 0, mac);
    for (unsigned i = 1; i < REQUESTS; i++) { /* whichever answer it takes is as good */
        scene_mac(scene, &gateway, i, again);
        ck_assert_mem_eq(mac, again, sizeof mac);
    }
    scene_free(scene);
}
END_TEST

START_TEST(t8_a_mac_of_four_right_octets_is_refused)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, 40000, RELAY4);
    struct scene *scene = scene_new(SEED);
    uint8_t mac[AMTG_AMT_MAC_OCTETS];

    learn_mac(&gateway, NONCE, NULL, mac);
    mac[4] ^= 0xff; /* as IOS-XE 3.16 spoils them */
    mac[5] ^= 0xff;
    scene_update(scene, 0, &gateway, NONCE, mac, IGMP_REPORT_HEX);
    scene_native(scene, 10, NATIVE4_HEX);
    scene_play(scene, SECOND);
    ck_assert_uint_eq(scene_drops(scene, "update", "bad-mac"), 1);
    ck_assert_uint_eq(data_count(scene, &gateway), 0);
    scene_free(scene);
}
END_TEST

/* It asks again when QQI less the Max Response Time is over, with a new nonce. */
START_TEST(t10_amtgwd_that_refreshes_just_before_the_interval_ends_never_loses_its_stream)
{
    enum { TURNS = 12, TURN = 124900 };
    struct amtg_peer gateway = scene_gateway(GATEWAY4, 40000, RELAY4);
    struct scene *first = scene_new(SEED), *scene = scene_new(SEED);
    uint8_t mac[AMTG_AMT_MAC_OCTETS];

    for (unsigned i = 0; i < TURNS; i++)
        scene_request(first, i * TURN, &gateway, NONCE + i, 0);
    scene_play(first, 0);
    for (unsigned i = 0; i < TURNS; i++) {
        scene_mac(first, &gateway, i, mac);
        scene_request(scene, i * TURN, &gateway, NONCE + i, 0);
        scene_update(scene, i * TURN + 50, &gateway, NONCE + i, mac, IGMP_REPORT_HEX);
        scene_native(scene, i * TURN + 60, NATIVE4_HEX);
        scene_native(scene, i * TURN + TURN - 1, NATIVE4_HEX);
    }
    scene_free(first);
    scene_play(scene, 0);
    ck_assert_uint_eq(data_count(scene, &gateway), 2 * TURNS);
    scene_free(scene);
}
END_TEST

/* ---- VLC ------------------------------------------------------------------ */

/* TTL 1, TOS 0xc0, and four octets of nothing where Router Alert should be. */
#define VLC_HEAD(octets) "46c000" octets "000040000102 0000 00000000 e0000016 00000000"
#define VLC_SSM(type) VLC_HEAD("2c") "2200 0000 0000 0001" type "000001 e8010203 c633640c"
/* Four octets behind the only record, under the IGMP checksum. */
#define VLC_ASM(type) VLC_HEAD("2c") "2200 0000 0000 0001" type "000000 ef010101 de7ec7ed"
/* from 198.51.100.12 to 239.1.1.1, without UDP checksum */
#define NATIVE_ASM_HEX "450000201234000009118456 c633640c ef010101 13881389000c000074657374"

static void vlc_request(struct scene *scene, const struct amtg_peer *gateway)
{
    scene_say_hex(scene, 0, gateway, "01000000" NONCE_HEX);
    scene_say_hex(scene, 10, gateway, "03000000" NONCE_HEX "00"); /* nine octets, the same nonce */
}

START_TEST(c1_c2_c3_c4_c9_vlcs_request_gets_the_query_that_vlc_can_read)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, 50000, RELAY4);
    struct scene *scene = scene_new(SEED);

    vlc_request(scene, &gateway);
    scene_play(scene, 0);
    const struct sent *advertisement = scene_sent(scene, &gateway, AMTG_MSG_ADVERTISEMENT, 0);
    const struct sent *query = scene_sent(scene, &gateway, AMTG_MSG_QUERY, 0);
    ck_assert_uint_eq(advertisement->len, 12);
    ck_assert_uint_eq(advertisement->at_ns, 0);       /* it waits for 5 s, and asks once */
    ck_assert_uint_eq(query->at_ns, 10 * AMTG_MS);
    ck_assert_uint_ge(query->len, IGMP_QUERY_ENDS); /* it reads 48 octets, and needs them */
    ck_assert_uint_eq(query->octets[INNER], 0x46);
    ck_assert_uint_eq(query->octets[IGMP_AT], 0x11);
    ck_assert_uint_eq(query->octets[QQIC_AT], 125); /* a plain number to it */
    ck_assert_uint_eq(amtg_get_u32(query->octets + 8), NONCE);
    scene_free(scene);
}
END_TEST

START_TEST(c6_c7_vlcs_reports_join_and_leave)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, 50000, RELAY4);
    struct scene *scene = scene_new(SEED);
    uint8_t mac[AMTG_AMT_MAC_OCTETS];

    learn_mac(&gateway, NONCE, NULL, mac);
    vlc_request(scene, &gateway);
    scene_update(scene, 20, &gateway, NONCE, mac, sealed(VLC_SSM("01"))); /* IS_IN {S} */
    scene_native(scene, 30, NATIVE4_HEX);
    scene_update(scene, 40, &gateway, NONCE, mac, sealed(VLC_SSM("06"))); /* BLOCK {S} */
    scene_native(scene, 50, NATIVE4_HEX);
    scene_update(scene, 60, &gateway, NONCE, mac, sealed(VLC_ASM("04"))); /* TO_EX {} */
    scene_native(scene, 70, sealed(NATIVE_ASM_HEX));
    scene_update(scene, 80, &gateway, NONCE, mac, sealed(VLC_ASM("03"))); /* TO_IN {} */
    scene_native(scene, 90, sealed(NATIVE_ASM_HEX));
    scene_play(scene, SECOND);
    ck_assert_uint_eq(scene_counter(scene, "membership", "reports"), 4);
    ck_assert_uint_eq(data_count(scene, &gateway), 2); /* at 30 and at 70 */
    ck_assert_uint_eq(scene_sent(scene, &gateway, AMTG_MSG_DATA, 0)->at_ns, 30 * AMTG_MS);
    ck_assert_uint_eq(scene_sent(scene, &gateway, AMTG_MSG_DATA, 1)->at_ns, 70 * AMTG_MS);
    ck_assert_uint_eq(scene_counter(scene, "membership", "endpoints"), 0);
    scene_free(scene);
}
END_TEST

/* One Request, and then the same Update each 125 s. Returns in how many minutes Data came. */
static unsigned play_vlc(const char *rotate, unsigned hours)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, 50000, RELAY4);
    struct scene *scene = scene_new(SEED);
    uint64_t end = (uint64_t)hours * HOUR;
    uint8_t mac[AMTG_AMT_MAC_OCTETS];

    scene_set(scene, "rotate", rotate);
    learn_mac(&gateway, NONCE, rotate, mac);
    vlc_request(scene, &gateway);
    for (uint64_t at = 20; at < end; at += 125 * SECOND)
        scene_update(scene, at, &gateway, NONCE, mac, sealed(VLC_SSM("01")));
    for (uint64_t at = 30 * SECOND; at < end; at += MINUTE)
        scene_native(scene, at, NATIVE4_HEX);
    scene_play(scene, end);
    unsigned minutes = data_count(scene, &gateway);
    scene_free(scene);
    return minutes;
}

START_TEST(c5_vlc_which_never_asks_again_has_its_stream_for_as_long_as_the_secret_lasts)
{
    ck_assert_uint_eq(play_vlc("24h", 12), 12 * 60);
}
END_TEST

/* The first secret is good for 2 h and two intervals; the last Update then for 260 s. */
/* Covers: S-2, S-3, R-41. */
START_TEST(c5_with_the_default_rotation_vlcs_stream_ends_after_two_hours)
{
    unsigned minutes = play_vlc("2h", 4);

    ck_assert_uint_ge(minutes, 120 + 4);
    ck_assert_uint_le(minutes, 120 + 9);
}
END_TEST

AMTG_SUITE("relay and deployed gateways",
           k2_k4_k5_k6_k7_a_linux_gateway_is_served_for_five_minutes,
           k3_k8_a_linux_gateway_gets_its_advertisement_in_twelve_octets,
           k9_what_a_linux_gateway_forwards_for_an_igmpv1_host_is_ignored,
           k9_a_linux_gateway_that_is_gone_is_served_until_its_timers_end,
           t2_amtgwd_may_have_many_nonces_outstanding,
           t1_amtgwd_for_ipv6_gets_an_igmp_query_whose_mac_serves_its_mld_reports,
           t3_amtgwds_discoveries_and_its_repeated_requests_are_all_answered,
           t8_a_mac_of_four_right_octets_is_refused,
           t10_amtgwd_that_refreshes_just_before_the_interval_ends_never_loses_its_stream,
           c1_c2_c3_c4_c9_vlcs_request_gets_the_query_that_vlc_can_read,
           c6_c7_vlcs_reports_join_and_leave,
           c5_vlc_which_never_asks_again_has_its_stream_for_as_long_as_the_secret_lasts,
           c5_with_the_default_rotation_vlcs_stream_ends_after_two_hours)
