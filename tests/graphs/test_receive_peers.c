/*
 * The shipped receiver graph and relays as they are deployed, each played as its program
 * reads and writes: the Linux driver and GrumpyOldTroll's amtrelayd. docs/peers.md says
 * what came of it, row by row. Covers: G-14, K1, K2, K4, K10 to K19, T1, T4 to T7, T9, T11.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "elements/group/report.h"
#include "elements/wire/amt.h"
#include "elements/wire/checksum.h"
#include "elements/wire/igmp.h"
#include "elements/wire/mld.h"
#include "elements/wire/udp.h"
#include "tests/support/amt.h"
#include "tests/support/receiver.h"

#define ANYCAST4 "192.52.193.1"
#define SOURCE4 "198.51.100.12"
#define SSM4 "232.1.2.3"
#define SOURCE6 "2001:db8::a"
#define SSM6 "ff3e::8000:d"
#define ASM4 "239.1.1.1"
#define ASM6 "ff1e::101"

enum { SECOND = 1000, MINUTE = 60 * SECOND, TICK = 20, PACKETS_EVERY = 100 };
enum { FAMILIES = 2, IGMP = 0, MLD = 1 };

/*
 * A relay for one receiver. All that is known to it of the other end is here; the
 * counters tell what it thought of what it heard.
 */
struct relay {
    struct receiver *r;
    const char *address; /* its own, from which everything is sent */
    const char *groups[FAMILIES], *sources[FAMILIES];
    const char *other_source; /* of the IPv4 group, too */
    void (*hear)(struct relay *relay, const struct said *m);
    uint64_t idle_ms;         /* an endpoint not heard of for so long is forgotten; 0: never */
    bool mld_only, trailing;

    bool known;         /* there is an endpoint */
    uint64_t heard_ms;  /* the last Update that counted */
    uint32_t nonce;     /* of the last Request */
    bool joined[FAMILIES];
    unsigned requests[FAMILIES];
    unsigned reserved, stale, tails, excludes, teardowns, forgotten, discoveries;
    unsigned offered[FAMILIES]; /* packets sent of what was asked for */
};

static void answer(struct relay *relay, const uint8_t *octets, uint32_t len)
{
    receiver_hear(relay->r, relay->address, RELAY_PORT, octets, len);
}

/* A MAC of the nonce alone serves a relay with one gateway. */
static void make_mac(uint32_t nonce, uint8_t mac[AMTG_AMT_MAC_OCTETS])
{
    amtg_put_u32(mac, nonce ^ 0x5a5a5a5a);
    amtg_put_u16(mac + 4, (uint16_t)nonce);
}

/* A Query without G and L, which neither of the two programs knows. */
static void put_query(struct relay *relay, uint32_t nonce, const uint8_t *inner, uint32_t len)
{
    uint8_t octets[256] = {0x04};

    make_mac(nonce, octets + 2);
    amtg_put_u32(octets + 8, nonce);
    memcpy(octets + 12, inner, len);
    if (relay->trailing) {
        memset(octets + 12 + len, 0xee, 3);
        len += 3;
    }
    answer(relay, octets, 12 + len);
}

static void advertise(struct relay *relay, const struct said *m, const char *from)
{
    struct amtg_amt_advertisement message = {.nonce = amtg_get_u32(m->octets + 4)};
    uint8_t octets[AMTG_ADVERTISEMENT6_OCTETS];

    ck_assert(amtg_addr_parse(relay->address, &message.relay));
    receiver_hear(relay->r, from, RELAY_PORT, octets,
                  amtg_amt_advertisement_build(&message, octets));
}

/* What an Update says: join or leave. Reads the last record; false: none. */
static bool read_report(struct relay *relay, const uint8_t *octets, uint32_t len)
{
    struct amtg_ip ip;
    struct amtg_report report;
    struct amtg_group_record record;
    bool any = false;

    ck_assert_int_eq(amtg_ip_parse(octets, len, &ip), AMTG_IP_SOUND);
    unsigned f = ip.version == 6;
    relay->tails += len != ip.total;
    if (!amtg_report_open(&report, octets + ip.transport, ip.total - ip.transport, !f))
        return false;
    while (amtg_report_next(&report, &record)) {
        any = true;
        bool exclude = record.type == AMTG_IS_EX || record.type == AMTG_TO_EX;
        relay->excludes += exclude && record.count;
        if (exclude || (record.count && record.type != AMTG_BLOCK))
            relay->joined[f] = true;
        else if (record.type == AMTG_TO_IN || record.type == AMTG_BLOCK)
            relay->joined[f] = false;
    }
    return any;
}

/* ---- the Linux driver ------------------------------------------------------ */

static void linux_request(struct relay *relay, const struct said *m)
{
    struct amtg_general_query general = {.max_response_code = 10, .qrv = 2, .qqi_s = 125};
    uint8_t inner[AMTG_MLD_QUERY_OCTETS];
    bool p = m->octets[1] & 0x80;

    if ((m->octets[1] & 0x7f) || m->octets[2] || m->octets[3]) {
        relay->reserved++;
        return;
    }
    relay->known = true; /* with the Request already */
    relay->nonce = amtg_get_u32(m->octets + 4);
    relay->requests[p]++;
    if (p)
        ck_assert(amtg_addr_parse("fe80::5efe:1", &general.src));
    put_query(relay, relay->nonce, inner,
              p ? amtg_mld_query_build(&general, inner) : amtg_igmp_query_build(&general, inner));
}

/* Nonce and MAC are compared with those of the last Request of that address. */
static void linux_update(struct relay *relay, const struct said *m)
{
    uint8_t mac[AMTG_AMT_MAC_OCTETS];

    make_mac(relay->nonce, mac);
    if (!relay->known || amtg_get_u32(m->octets + 8) != relay->nonce ||
        memcmp(m->octets + 2, mac, sizeof mac) != 0 || m->octets[1]) {
        relay->stale++;
        return;
    }
    relay->heard_ms = receiver_now_ms(relay->r);
    read_report(relay, m->octets + 12, m->len - 12);
}

static void linux_hears(struct relay *relay, const struct said *m)
{
    switch (m->octets[0]) {
    case 0x01:
        relay->discoveries++;
        advertise(relay, m, relay->address); /* whatever address was asked */
        break;
    case 0x03:
        linux_request(relay, m);
        break;
    case 0x05:
        linux_update(relay, m);
        break;
    default:
        relay->teardowns++; /* it does not know them */
        break;
    }
}

/* ---- amtrelayd -------------------------------------------------------------- */

/* 20 octets of header, TOS 0, no Router Alert; MRC 16, QRV 2, QQIC 20. */
static void amtrelayd_igmp_query(struct relay *relay, uint32_t nonce)
{
    uint8_t inner[32];

    rig_octets("45000020000000000102 0000 0a0000fe e0000001"
               "1110 0000 00000000 02 14 0000", inner, sizeof inner);
    amtg_put_u16(inner + 10, amtg_checksum(amtg_sum(0, inner, 20)));
    amtg_put_u16(inner + 22, amtg_checksum(amtg_sum(0, inner + 20, 12)));
    put_query(relay, nonce, inner, sizeof inner);
}

/* Router Alert, then a PadN of no octets; MRC 100, S, QRV 0, QQIC 5. */
static void amtrelayd_mld_query(struct relay *relay, uint32_t nonce)
{
    uint8_t inner[76];
    struct amtg_addr src, dst;

    rig_octets("60000000 0024 00 01 fe800000000000000000000000000099"
               "ff020000000000000000000000000001 3a00 05020000 0100"
               "8200 0000 0064 0000 00000000000000000000000000000000 08 05 0000",
               inner, sizeof inner);
    src = amtg_addr_from6(inner + 8);
    dst = amtg_addr_from6(inner + 24);
    uint64_t sum = amtg_sum_pseudo(0, &src, &dst, IPPROTO_ICMPV6, 28);
    amtg_put_u16(inner + 50, amtg_checksum(amtg_sum(sum, inner + 48, 28)));
    put_query(relay, nonce, inner, sizeof inner);
}

static void amtrelayd_hears(struct relay *relay, const struct said *m)
{
    uint32_t nonce = amtg_get_u32(m->octets + (m->octets[0] == 0x05 ? 8 : 4));
    uint8_t mac[AMTG_AMT_MAC_OCTETS];

    ck_assert_uint_ne(nonce, 0); /* it takes 0 for none */
    switch (m->octets[0]) {
    case 0x01:
        relay->discoveries++;
        advertise(relay, m, ANYCAST4);
        break;
    case 0x03: /* P is nothing to it; its own family is */
        relay->requests[relay->mld_only]++;
        (relay->mld_only ? amtrelayd_mld_query : amtrelayd_igmp_query)(relay, nonce);
        break;
    case 0x05: /* any nonce that it has answered is good */
        make_mac(nonce, mac);
        if (memcmp(m->octets + 2, mac, sizeof mac) != 0 ||
            !read_report(relay, m->octets + 12, m->len - 12))
            relay->stale++;
        relay->known = true;
        relay->heard_ms = receiver_now_ms(relay->r);
        break;
    default:
        relay->teardowns++;
        break;
    }
}

/* ---- playing ----------------------------------------------------------------- */

static void put_data(struct relay *relay, const char *source, const char *group,
                     const char *payload)
{
    static const struct amtg_udp_options options = {.hops = 9};
    struct amtg_peer way = {.remote_port = 5001, .local_port = 5000};
    uint8_t octets[256] = {0x06, 0x00};
    uint32_t len = (uint32_t)strlen(payload);

    ck_assert(amtg_addr_parse(source, &way.local) && amtg_addr_parse(group, &way.remote));
    uint32_t heads = amtg_udp_build(&way, &options, (const uint8_t *)payload, len, octets + 2);
    memcpy(octets + 2 + heads, payload, len);
    answer(relay, octets, 2 + heads + len);
}

/* The sources go on all the time; what was joined is sent, by group alone. */
static void send_packets(struct relay *relay)
{
    static const char *const payloads[FAMILIES] = {"four", "six"};

    for (unsigned f = 0; f < FAMILIES; f++) {
        if (!relay->known || !relay->joined[f] || !relay->groups[f])
            continue;
        relay->offered[f]++;
        put_data(relay, relay->sources[f], relay->groups[f], payloads[f]);
        if (f == IGMP && relay->other_source)
            put_data(relay, relay->other_source, relay->groups[f], "other");
    }
}

static void play(struct relay *relay, unsigned ms)
{
    struct said m;

    for (unsigned at = 0; at < ms; at += TICK) {
        while (receiver_take(relay->r, &m))
            relay->hear(relay, &m);
        if (relay->idle_ms && relay->known &&
            receiver_now_ms(relay->r) - relay->heard_ms > relay->idle_ms) {
            relay->known = relay->joined[IGMP] = relay->joined[MLD] = false;
            relay->forgotten++;
        }
        if (at % PACKETS_EVERY == 0)
            send_packets(relay);
        receiver_step(relay->r, TICK);
    }
}

/* What it says at the end. */
static void play_end(struct relay *relay)
{
    struct said m;

    receiver_stop(relay->r);
    while (receiver_take(relay->r, &m))
        relay->hear(relay, &m);
}

static struct receiver *asm_receiver(void)
{
    static const char *const settings[][2] = {
        {"relay", RELAY4}, {"source", "none"}, {"group", ASM4 ", " ASM6}, {NULL, NULL}};
    return receiver_new(settings);
}

static struct receiver *ssm_receiver(const char *relay, const char *discovery, bool mld)
{
    const char *const settings[][2] = {
        {"group", mld ? SSM6 : SSM4},
        {"source", mld ? SOURCE6 : SOURCE4},
        {"relay", relay},
        {"discovery", discovery},
        {NULL, NULL},
    };
    return receiver_new(settings);
}

#define LINUX(receiver)                                                                        \
    {.r = (receiver), .address = RELAY4, .hear = linux_hears, .groups = {ASM4, ASM6},          \
     .sources = {SOURCE4, SOURCE6}, .idle_ms = 260 * SECOND}
#define AMTRELAYD(receiver)                                                                    \
    {.r = (receiver), .address = RELAY4, .hear = amtrelayd_hears, .groups = {SSM4, SSM6},      \
     .sources = {SOURCE4, SOURCE6}, .idle_ms = MINUTE}

START_TEST(k1_k2_k4_k12_k17_a_linux_relay_serves_both_families_without_a_gap)
{
    struct relay relay = LINUX(asm_receiver());

    play(&relay, 10 * SECOND); /* to find out what it is */
    ck_assert(relay.joined[IGMP] && relay.joined[MLD]);
    ck_assert_uint_ge(relay.reserved, 1); /* P as the RFC has it */
    unsigned stale = relay.stale, asked = relay.requests[IGMP];
    unsigned offered = relay.offered[IGMP] + relay.offered[MLD];
    play(&relay, 10 * MINUTE);
    ck_assert_uint_eq(relay.stale, stale); /* all Updates had the newest nonce */
    ck_assert_uint_eq(relay.forgotten, 0);
    ck_assert_uint_ge(relay.requests[IGMP] - asked, 5);
    ck_assert_uint_eq(relay.offered[IGMP] + relay.offered[MLD] - offered, 2 * 6000);
    ck_assert_uint_eq(receiver_played(relay.r, "four"), relay.offered[IGMP]);
    ck_assert_uint_eq(receiver_played(relay.r, "six"), relay.offered[MLD]);
    receiver_free(relay.r);
}
END_TEST

START_TEST(k13_a_linux_relay_is_left_by_updates_and_no_teardown)
{
    struct relay relay = LINUX(asm_receiver());

    play(&relay, MINUTE);
    ck_assert(relay.joined[IGMP] && relay.joined[MLD]);
    play_end(&relay);
    ck_assert(!relay.joined[IGMP] && !relay.joined[MLD]);
    ck_assert_uint_eq(relay.teardowns, 0);
    receiver_free(relay.r);
}
END_TEST

/* Covers: S-10. */
START_TEST(k15_other_sources_that_a_linux_relay_sends_are_not_passed_on)
{
    struct relay relay = LINUX(ssm_receiver(RELAY4, "none", false));

    relay.groups[IGMP] = SSM4;
    relay.other_source = "198.51.100.13";
    play(&relay, 11 * SECOND); /* the first Request is lost: it has E, which Linux drops */
    ck_assert_uint_ge(relay.offered[IGMP], 90);
    ck_assert_uint_eq(receiver_played(relay.r, "four"), relay.offered[IGMP]);
    ck_assert_uint_eq(receiver_played(relay.r, NULL), relay.offered[IGMP]);
    ck_assert_uint_eq(receiver_drops(relay.r, "wanted", "no-member"), relay.offered[IGMP]);
    receiver_free(relay.r);
}
END_TEST

START_TEST(k14_a_linux_relay_that_answers_from_elsewhere_is_found_at_its_own_address_only)
{
    struct relay anycast = LINUX(ssm_receiver("none", ANYCAST4, false));

    play(&anycast, MINUTE);
    ck_assert_uint_ge(anycast.discoveries, 2);
    ck_assert_uint_eq(receiver_drops(anycast.r, "tunnel/gateway", "ad-source"),
                      anycast.discoveries);
    ck_assert_uint_eq(anycast.requests[IGMP], 0);
    receiver_free(anycast.r);

    struct relay unicast = LINUX(ssm_receiver("none", RELAY4, false));
    unicast.groups[IGMP] = SSM4;
    play(&unicast, 6 * SECOND); /* the first Request is lost: it has E, which Linux drops */
    ck_assert_uint_eq(unicast.discoveries, 1);
    ck_assert_uint_ge(receiver_played(unicast.r, "four"), 40);
    receiver_free(unicast.r);
}
END_TEST

START_TEST(t5_t6_t9_t11_amtrelayd_serves_igmp_without_a_gap)
{
    struct relay relay = AMTRELAYD(ssm_receiver("none", ANYCAST4, false));

    play(&relay, 10 * MINUTE);
    ck_assert_uint_eq(relay.discoveries, 1); /* its Advertisement is from the anycast address */
    ck_assert_uint_eq(relay.forgotten, 0);   /* it forgets whoever is silent for 60 s */
    ck_assert_uint_eq(relay.tails, 0);       /* it drops Updates with octets behind */
    ck_assert_uint_eq(relay.stale, 0);
    ck_assert_uint_ge(relay.requests[IGMP], 29); /* each 20 s, as its Query says */
    ck_assert_uint_ge(relay.offered[IGMP], 5990);
    ck_assert_uint_eq(receiver_played(relay.r, "four"), relay.offered[IGMP]);
    receiver_free(relay.r);
}
END_TEST

START_TEST(t1_t5_t9_amtrelayd_for_ipv6_serves_mld_without_a_gap)
{
    struct relay relay = AMTRELAYD(ssm_receiver(RELAY4, "none", true));

    relay.mld_only = true;
    play(&relay, 5 * MINUTE);
    ck_assert_uint_eq(relay.forgotten, 0);
    ck_assert_uint_eq(relay.stale, 0);
    ck_assert_uint_ge(relay.requests[MLD], 58); /* each 5 s */
    ck_assert_uint_ge(relay.offered[MLD], 2990);
    ck_assert_uint_eq(receiver_played(relay.r, "six"), relay.offered[MLD]);
    receiver_free(relay.r);
}
END_TEST

/* In the family that the relay is not configured for nothing can come of it, and nothing breaks. */
START_TEST(t1_amtrelayd_for_ipv4_asked_for_mld_gets_no_updates)
{
    struct relay relay = AMTRELAYD(ssm_receiver(RELAY4, "none", true));

    play(&relay, 5 * MINUTE);
    ck_assert_uint_ge(relay.requests[IGMP], 3);
    ck_assert_uint_le(relay.requests[IGMP], 40);
    ck_assert(!relay.known);
    ck_assert_uint_ge(receiver_drops(relay.r, "tunnel/gateway", "query-family"), 3);
    receiver_free(relay.r);
}
END_TEST

/* EXCLUDE with sources would be a leave to it: what is sent says EXCLUDE {} alone. */
START_TEST(t7_an_any_source_join_never_lists_sources_for_amtrelayd)
{
    static const char *const settings[][2] = {
        {"relay", RELAY4}, {"source", "none"}, {"group", ASM4}, {NULL, NULL}};
    struct relay relay = AMTRELAYD(receiver_new(settings));

    relay.groups[IGMP] = ASM4;
    play(&relay, 2 * MINUTE);
    ck_assert_uint_eq(relay.excludes, 0);
    ck_assert(relay.joined[IGMP]);
    ck_assert_uint_eq(receiver_played(relay.r, "four"), relay.offered[IGMP]);
    play_end(&relay);
    ck_assert(!relay.joined[IGMP]); /* TO_IN {}, a leave to it */
    receiver_free(relay.r);
}
END_TEST

START_TEST(octets_behind_a_relays_query_do_no_harm)
{
    struct relay relay = AMTRELAYD(ssm_receiver(RELAY4, "none", false));

    relay.trailing = true;
    play(&relay, MINUTE);
    ck_assert_uint_eq(relay.tails, 0); /* and do not come back in Updates */
    ck_assert_uint_ge(receiver_played(relay.r, "four"), 590);
    receiver_free(relay.r);
}
END_TEST

AMTG_SUITE("receiver and deployed relays",
           k1_k2_k4_k12_k17_a_linux_relay_serves_both_families_without_a_gap,
           k13_a_linux_relay_is_left_by_updates_and_no_teardown,
           k15_other_sources_that_a_linux_relay_sends_are_not_passed_on,
           k14_a_linux_relay_that_answers_from_elsewhere_is_found_at_its_own_address_only,
           t5_t6_t9_t11_amtrelayd_serves_igmp_without_a_gap,
           t1_t5_t9_amtrelayd_for_ipv6_serves_mld_without_a_gap,
           t1_amtrelayd_for_ipv4_asked_for_mld_gets_no_updates,
           t7_an_any_source_join_never_lists_sources_for_amtrelayd,
           octets_behind_a_relays_query_do_no_harm)
