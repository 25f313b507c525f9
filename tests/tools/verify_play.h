/* A gateway, played for the judge of `amtgraph verify`, on time that the test gives. */
#ifndef AMTG_TESTS_VERIFY_PLAY_H
#define AMTG_TESTS_VERIFY_PLAY_H

#include "core/cursor.h"
#include "core/loop.h"
#include "elements/wire/query.h"
#include "elements/wire/udp.h"
#include "tests/support/suite.h"
#include "tools/amtgraph/verify/causes.h"
#include "tools/amtgraph/verify/steps.h"
#include "tools/amtgraph/verify/words.h"

#define RELAY  "192.0.2.1"
#define SOURCE "198.51.100.12"
#define GROUP  "232.1.2.3"

static inline struct amtg_addr addr(const char *text)
{
    struct amtg_addr a;

    ck_assert_msg(amtg_addr_parse(text, &a), "%s", text);
    return a;
}

struct play {
    struct verify v;
    uint64_t now_ns;
    unsigned settled;      /* how many results there were */
    enum verify_step last; /* the last of them */
    uint32_t nonces[64];   /* of probes that were sent */
    uint32_t payloads[64];
    unsigned probes;
};

static inline void settled(void *arg, enum verify_step step, const struct verify_result *result)
{
    struct play *play = arg;

    ck_assert_uint_gt(strlen(result->text), 0);
    play->settled++;
    play->last = step;
}

static inline void probe(void *arg, uint32_t payload, uint32_t nonce)
{
    struct play *play = arg;

    play->payloads[play->probes] = payload;
    play->nonces[play->probes++] = nonce;
}

static inline void begin(struct play *play, bool named, bool discovers, bool probes)
{
    const struct verify_options options = {.relay = named ? "relay.example" : RELAY,
                                           .named = named,
                                           .discovers = discovers,
                                           .group = addr(GROUP),
                                           .source = addr(SOURCE),
                                           .port = 2268,
                                           .timeout_ns = 5 * AMTG_S,
                                           .watch_ns = 5 * AMTG_S,
                                           .inner = 1356,
                                           .most_permille = 10,
                                           .nonce = 0x11223344,
                                           .settled = settled,
                                           .probe = probes ? probe : NULL,
                                           .arg = play,
                                           .probe_arg = play};

    *play = (struct play){.last = VERIFY_STEPS};
    verify_init(&play->v, &options, 0);
}

/* Let time pass, as the loop would. */
static inline void pass(struct play *play, uint64_t ns)
{
    uint64_t end = play->now_ns + ns;

    while (verify_next(&play->v) <= end) {
        play->now_ns = verify_next(&play->v);
        verify_time(&play->v, play->now_ns);
    }
    play->now_ns = end;
}

static inline const struct amtg_peer *relay_at(uint16_t port)
{
    static struct amtg_peer peer;

    peer = (struct amtg_peer){.remote = addr(RELAY), .remote_port = port};
    return &peer;
}

static inline void sends(struct play *play, enum amtg_amt_message message)
{
    uint8_t octets[64] = {(uint8_t)message};

    verify_sent(&play->v, play->now_ns, octets, sizeof octets, relay_at(2268));
}

static inline void hears_advertisement(struct play *play, uint32_t nonce)
{
    struct amtg_amt_advertisement m = {.nonce = nonce, .relay = addr(RELAY)};
    uint8_t octets[AMTG_ADVERTISEMENT6_OCTETS];

    verify_heard(&play->v, play->now_ns, octets, amtg_amt_advertisement_build(&m, octets),
                 relay_at(2268));
}

static inline void hears_query(struct play *play, uint16_t seen_port)
{
    const struct amtg_question general = {
        .max_response_ms = 100, .interval_s = 125, .robustness = 2, .ip4 = true};
    uint8_t inner[64], octets[128];
    struct amtg_amt_query m = {.nonce = 1,
                               .g = true,
                               .gateway_port = seen_port,
                               .gateway = addr("203.0.113.7"),
                               .inner = inner,
                               .inner_len = amtg_question_build(&general, inner)};

    verify_heard(&play->v, play->now_ns, octets, amtg_amt_query_build(&m, octets), relay_at(2268));
}

static inline void hears_icmp(struct play *play, uint8_t type, uint8_t code)
{
    struct amtg_unreachable record = {.type = type, .code = code};
    struct amtg_addr peer = addr(RELAY);

    verify_unreachable(&play->v, play->now_ns, &record, &peer);
}

static inline void hears_data(struct play *play, const char *source, uint16_t number)
{
    struct amtg_peer peer = {
        .local = addr(source), .local_port = 5000, .remote = addr(GROUP), .remote_port = 5004};
    struct amtg_udp_options options = {.hops = 9};
    uint8_t octets[256], rtp[64] = {0x80, 33};

    amtg_put_u16(rtp + 2, number);
    uint32_t heads = amtg_udp_build(&peer, &options, rtp, sizeof rtp, octets);
    memcpy(octets + heads, rtp, sizeof rtp);
    verify_datagram(&play->v, play->now_ns, octets, heads + sizeof rtp);
}

/* From the start to the Update. */
static inline void joins(struct play *play)
{
    sends(play, AMTG_MSG_DISCOVERY);
    pass(play, AMTG_MS);
    hears_advertisement(play, 7);
    sends(play, AMTG_MSG_REQUEST);
    pass(play, 2 * AMTG_MS);
    hears_query(play, 51000);
    verify_accepted(&play->v, play->now_ns);
    sends(play, AMTG_MSG_UPDATE);
    pass(play, 0);
}

static inline void failed_at(const struct play *play, enum verify_step step, enum verify_why why)
{
    ck_assert_int_eq(play->v.failed, step);
    ck_assert_int_eq(play->v.results[step].state, VERIFY_FAIL);
    ck_assert_int_eq(play->v.results[step].why, why);
    ck_assert(verify_over(&play->v));
    ck_assert_uint_eq(verify_next(&play->v), UINT64_MAX);
    ck_assert_msg(*verify_causes(step, why), "no causes: %s %s", verify_step_name(step),
                  verify_why_name(why));
}

#endif
