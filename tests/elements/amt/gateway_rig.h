/*
 * For the tests of amt-gateway: a relay in the test's hands. What the gateway sends
 * is taken from `out` message by message; the test answers as a relay would, or not.
 */
#ifndef AMTG_TESTS_GATEWAY_RIG_H
#define AMTG_TESTS_GATEWAY_RIG_H

#include "elements/wire/amt.h"
#include "elements/wire/igmp.h"
#include "elements/wire/mld.h"
#include "tests/support/amt.h"

#define OTHER_RELAY "192.0.2.2"
#define ANYCAST4 "192.52.193.1"
#define ANYCAST6 "2001:3::1"
/* Our end, as a NAT shows it. */
#define OUTSIDE "203.0.113.7"

/* Without E, which has tests of its own: test_amt_gateway_ecn.c. */
#define GATEWAY(more) "it: {class: amt-gateway, ecn: no, relay: 192.0.2.1" more "}"
#define FINDER(more) "it: {class: amt-gateway, ecn: no" more "}"

/* TO_EX {} for 239.1.1.1, from 0.0.0.0 */
#define IGMP_TO_EX_HEX                                                                         \
    "46c00028000040000102 03fa 00000000e000001694040000 2200 e9fb 00000001 04000000 ef010101"

struct asked {
    uint8_t type, flags;
    uint32_t nonce;
};

/* The next message to a relay: who gets it, and its head. */
static inline struct asked take_message(struct rig *rig, const char *to, unsigned type)
{
    struct amtg_packet *p = rig_take(rig, "out");
    char text[AMTG_ADDR_TEXT];
    unsigned at = type == AMTG_MSG_DISCOVERY || type == AMTG_MSG_REQUEST ? 4 : 8;
    struct asked asked = {p->data[0], p->data[1], amtg_get_u32(p->data + at)};

    ck_assert_uint_eq(asked.type, type);
    ck_assert(p->flags & AMTG_ADDRESSED_ONE);
    ck_assert_str_eq(amtg_addr_text(&p->peer.remote, text), to);
    ck_assert_uint_eq(p->peer.remote_port, RELAY_PORT);
    ck_assert_uint_ne(asked.nonce, 0);
    amtg_packet_free(p);
    return asked;
}

static inline uint32_t take_discovery(struct rig *rig, const char *to)
{
    return take_message(rig, to, AMTG_MSG_DISCOVERY).nonce;
}

/* flags: the second octet. */
static inline uint32_t take_request(struct rig *rig, const char *to, unsigned flags)
{
    struct asked asked = take_message(rig, to, AMTG_MSG_REQUEST);
    ck_assert_uint_eq(asked.flags, flags);
    return asked.nonce;
}

static inline void advertise(struct rig *rig, const char *from, uint32_t nonce, const char *relay)
{
    struct amtg_amt_advertisement message = {.nonce = nonce};
    uint8_t octets[AMTG_ADVERTISEMENT6_OCTETS];

    ck_assert(amtg_addr_parse(relay, &message.relay));
    struct amtg_packet *p = rig_packet(rig, AMTG_AMT_ADVERTISEMENT, octets,
                                       amtg_amt_advertisement_build(&message, octets));
    rig_from(p, from, RELAY_PORT, "10.0.0.2", 40000);
    rig_push(rig, "advertisement", p);
}

/* A Query; all that is 0 or NULL is as a good relay has it. */
struct told {
    const char *from;
    uint16_t from_port;
    uint32_t nonce;
    bool mld, l, plain; /* plain: without G */
    const char *gateway;
    uint16_t gateway_port;
    uint32_t interval_s;
    uint8_t robustness; /* 8: sent as 0 */
    uint8_t mac;        /* all its octets */
};

static inline struct amtg_packet *query_packet(struct rig *rig, struct told t)
{
    uint8_t inner[AMTG_MLD_QUERY_OCTETS], octets[256];
    struct amtg_general_query general = {
        .max_response_code = 1,
        .qrv = t.robustness ? t.robustness : 2,
        .qqi_s = t.interval_s ? t.interval_s : 60,
    };
    struct amtg_amt_query message = {
        .nonce = t.nonce, .l = t.l, .g = !t.plain,
        .gateway_port = t.gateway_port ? t.gateway_port : GATEWAY_PORT, .inner = inner,
    };

    if (t.interval_s == UINT32_MAX)
        general.qqi_s = 0;
    if (t.mld)
        ck_assert(amtg_addr_parse("fe80::1", &general.src));
    memset(message.mac, t.mac ? t.mac : 1, sizeof message.mac);
    ck_assert(amtg_addr_parse(t.gateway ? t.gateway : OUTSIDE, &message.gateway));
    message.inner_len =
        t.mld ? amtg_mld_query_build(&general, inner) : amtg_igmp_query_build(&general, inner);
    struct amtg_packet *p =
        rig_packet(rig, AMTG_AMT_QUERY, octets, amtg_amt_query_build(&message, octets));
    rig_from(p, t.from ? t.from : RELAY4, t.from_port ? t.from_port : RELAY_PORT, "10.0.0.2",
             40000);
    return p;
}

static inline void tell(struct rig *rig, struct told t)
{
    rig_push(rig, "query", query_packet(rig, t));
}

static inline void report(struct rig *rig, const char *hex)
{
    rig_push_hex(rig, "reports", AMTG_IP_RAW, hex);
}

static inline void data_from(struct rig *rig, const char *from, uint16_t port, const char *hex)
{
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_DATA, hex);
    rig_from(p, from, port, "10.0.0.2", 40000);
    rig_push(rig, "data", p);
}

/* Data of the relay comes through. */
static inline void flow(struct rig *rig, const char *from)
{
    data_from(rig, from, RELAY_PORT, "0600" NATIVE4_HEX);
    rig_expect_hex(rig, "data", "0600" NATIVE4_HEX);
}

static inline void unreachable(struct rig *rig, const char *about, uint8_t type, uint8_t code)
{
    struct amtg_unreachable record = {.type = type, .code = code};
    struct amtg_packet *p = rig_packet(rig, AMTG_UNREACHABLE, &record, sizeof record);
    rig_from(p, about, RELAY_PORT, "10.0.0.2", 40000);
    rig_push(rig, "unreachable", p);
}

/* An Update with this MAC (all octets the same), nonce and report. */
static inline void expect_update(struct rig *rig, const char *to, uint8_t mac, uint32_t nonce,
                                 const char *report_hex)
{
    static uint8_t inner[2048];
    size_t len = rig_octets(report_hex, inner, sizeof inner);
    struct amtg_packet *p = rig_take(rig, "out");
    struct amtg_amt_update update;
    char text[AMTG_ADDR_TEXT];

    ck_assert_uint_eq(p->data[0], 0x05);
    ck_assert_uint_eq(p->data[1], 0);
    ck_assert_int_eq(amtg_amt_update_parse(p->data, p->len, &update), AMTG_OK);
    ck_assert_str_eq(amtg_addr_text(&p->peer.remote, text), to);
    ck_assert_uint_eq(p->peer.remote_port, RELAY_PORT);
    ck_assert_uint_eq(update.nonce, nonce);
    for (unsigned i = 0; i < AMTG_AMT_MAC_OCTETS; i++)
        ck_assert_uint_eq(update.mac[i], mac);
    ck_assert_uint_eq(update.inner_len, len);
    ck_assert_mem_eq(update.inner, inner, len);
    amtg_packet_free(p);
}

/* A Teardown of this endpoint. */
static inline void expect_teardown(struct rig *rig, const char *to, uint8_t mac, uint32_t nonce,
                                   const char *gateway, uint16_t port)
{
    struct amtg_packet *p = rig_take(rig, "out");
    struct amtg_amt_teardown message;
    char text[AMTG_ADDR_TEXT];

    ck_assert_uint_eq(p->data[0], 0x07);
    ck_assert_int_eq(
        amtg_amt_teardown_parse(p->data, p->len, AMTG_AMT_STRICT, &message), AMTG_OK);
    ck_assert_str_eq(amtg_addr_text(&p->peer.remote, text), to);
    ck_assert_uint_eq(p->peer.remote_port, RELAY_PORT);
    ck_assert_uint_eq(message.nonce, nonce);
    ck_assert_uint_eq(message.mac[0], mac);
    ck_assert_uint_eq(message.mac[5], mac);
    ck_assert_uint_eq(message.gateway_port, port);
    ck_assert_str_eq(amtg_addr_text(&message.gateway, text), gateway);
    amtg_packet_free(p);
}

/* Through the first Request and Query to the first Update, whose nonce is returned. */
static inline uint32_t establish(struct rig *rig, struct told t)
{
    report(rig, t.mld ? MLD_REPORT_HEX : IGMP_REPORT_HEX);
    t.nonce = take_request(rig, t.from ? t.from : RELAY4, t.mld);
    tell(rig, t);
    rig_ignore(rig, "queries");
    report(rig, t.mld ? MLD_REPORT_HEX : IGMP_REPORT_HEX);
    expect_update(rig, t.from ? t.from : RELAY4, t.mac ? t.mac : 1, t.nonce,
                  t.mld ? MLD_REPORT_HEX : IGMP_REPORT_HEX);
    return t.nonce;
}

/* Let time pass to the next message, at most so many seconds; how many milliseconds it took. */
static inline uint64_t wait_out(struct rig *rig, unsigned most_s)
{
    for (uint64_t ms = 0; ms < most_s * 1000ull; ms += 10) {
        if (rig_count(rig, "out"))
            return ms;
        rig_step(rig, 10 * AMTG_MS);
    }
    ck_abort_msg("nothing was sent for %u s", most_s);
    return 0;
}

/* Nothing is sent for so long. */
static inline void expect_quiet(struct rig *rig, unsigned seconds)
{
    rig_step(rig, seconds * AMTG_S);
    rig_expect_nothing(rig, "out");
}

#endif
