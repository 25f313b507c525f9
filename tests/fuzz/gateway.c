/*
 * Fuzz: whole gateways, graphs/receive.yaml and graphs/gateway.yaml as they are shipped, for
 * hours of virtual time. Relays and strangers answer, as they should and as they should not;
 * hosts join and leave. What must hold:
 *
 *   - messages go to the relay that is configured, by address or by name, to the anycast
 *     addresses, or to a relay that was advertised in answer to a Discovery, each right, and
 *     not without end;
 *   - Updates and Teardowns have nonce and MAC of a Query that the relay gave;
 *   - what comes out is what the relay sent, and somebody wants it by the model; what a
 *     relay that serves sends does come out when somebody wants it.
 */
#include "core/cursor.h"
#include "elements/wire/amt.h"
#include "elements/wire/igmp.h"
#include "elements/wire/mld.h"
#include "elements/wire/query.h"
#include "tests/fuzz/support/mend.h"
#include "tests/fuzz/support/model.h"
#include "tests/fuzz/support/speech.h"
#include "tests/fuzz/support/stage.h"

enum { RECEIVE4, RECEIVE6, RECEIVE_DISCOVERS, RECEIVE_BY_NAMES, HOST, HOST_DISCOVERS, MODES };
enum { OTHERS = 6, GIVEN = 64, IGMP = 0, MLD, FAMILIES };
enum { BURST = 24, PER_SECOND = 8 }; /* messages that no gateway exceeds */

/* 0: the configured relay; 1, 2: where it looks for one; then relays and strangers. */
static const char *const others[OTHERS] = {"192.0.2.1", "192.52.193.1", "2001:3::1",
                                           "192.0.2.2", "2001:db8::1", "203.0.113.66"};

/* What a relay has said in a Query. */
struct given {
    struct amtg_addr relay;
    uint32_t nonce;
    uint8_t mac[AMTG_AMT_MAC_OCTETS];
};

struct asked {
    bool known;
    struct amtg_addr to;
    uint32_t nonce;
};

struct play {
    struct stage *stage;
    unsigned mode;
    struct model model;           /* of what the hosts want */
    bool advertised[OTHERS];      /* it may talk to that relay */
    struct asked discovery, request[FAMILIES];
    struct given given[GIVEN];
    unsigned given_count;
    unsigned sent;                /* in this step */

    /* Data that is on its way in. */
    bool data, raw;
    struct amtg_addr from, source, group;
    uint8_t octets[SPEECH_MOST];
    uint32_t len;
    unsigned delivered;
};

static bool is_host(const struct play *play)
{
    return play->mode >= HOST;
}

static bool discovers(const struct play *play)
{
    return play->mode == RECEIVE_DISCOVERS || play->mode == HOST_DISCOVERS;
}

static struct amtg_addr other(unsigned i)
{
    struct amtg_addr a;

    amtg_addr_parse(others[i], &a);
    return a;
}

static unsigned index_of(const struct amtg_addr *a)
{
    for (unsigned i = 0; i < OTHERS; i++) {
        struct amtg_addr known = other(i);
        if (amtg_addr_equal(&known, a))
            return i;
    }
    FUZZ_CHECK(false, "sent to a stranger");
    return 0;
}

/* ---- what the gateway sends ---------------------------------------------- */

static void check_given(const struct play *play, const struct amtg_addr *to, uint32_t nonce,
                        const uint8_t mac[AMTG_AMT_MAC_OCTETS])
{
    for (unsigned i = 0; i < play->given_count; i++) {
        const struct given *g = &play->given[i];
        if (amtg_addr_equal(&g->relay, to) && g->nonce == nonce &&
            memcmp(g->mac, mac, sizeof g->mac) == 0)
            return;
    }
    FUZZ_CHECK(play->given_count == GIVEN, "a MAC that this relay never gave for %08x", nonce);
}

static void hear_update(const struct play *play, const struct amtg_packet *p, const struct amtg_addr *to)
{
    struct amtg_amt_update m;
    struct amtg_ip ip;

    FUZZ_CHECK(amtg_amt_update_parse(p->data, p->len, &m) == AMTG_OK, "a bad Update");
    check_given(play, to, m.nonce, m.mac);
    FUZZ_CHECK(amtg_ip_parse(m.inner, m.inner_len, &ip) == AMTG_IP_SOUND, "inner IP");
    FUZZ_CHECK(amtg_igmp_report_check(m.inner, &ip, true, false) == AMTG_REPORT_SOUND ||
               amtg_mld_report_check(m.inner, &ip, true) == AMTG_REPORT_SOUND, "inner report");
}

static void hear_request(struct play *play, const struct amtg_packet *p, const struct amtg_addr *to)
{
    struct amtg_amt_request m;
    enum amtg_err err = amtg_amt_request_parse(p->data, p->len, AMTG_AMT_STRICT, &m);

    FUZZ_CHECK(err == AMTG_OK && m.nonce != 0, "a bad Request");
    play->request[m.p || m.linux_p ? MLD : IGMP] =
        (struct asked){.known = true, .to = *to, .nonce = m.nonce};
}

static void hear_udp(void *arg, const struct amtg_packet *p, const struct amtg_peer *to)
{
    struct play *play = arg;
    enum amtg_amt_message message;

    play->sent++;
    FUZZ_CHECK(amtg_amt_peek(p->data, p->len, &message) == AMTG_OK, "no AMT message");
    FUZZ_CHECK(to != NULL && to->remote_port == AMTG_AMT_PORT, "to no port of a relay");
    unsigned i = index_of(&to->remote);
    if (message == AMTG_MSG_DISCOVERY) {
        struct amtg_amt_discovery m;
        enum amtg_err err = amtg_amt_discovery_parse(p->data, p->len, AMTG_AMT_STRICT, &m);
        FUZZ_CHECK(err == AMTG_OK && m.nonce != 0, "a bad Discovery");
        FUZZ_CHECK(discovers(play) && (i == 1 || i == 2), "a Discovery to %s", others[i]);
        play->discovery = (struct asked){.known = true, .to = to->remote, .nonce = m.nonce};
        return;
    }
    FUZZ_CHECK(play->advertised[i], "%s to %s", amtg_amt_name(message), others[i]);
    if (message == AMTG_MSG_REQUEST) {
        hear_request(play, p, &to->remote);
    } else if (message == AMTG_MSG_UPDATE) {
        hear_update(play, p, &to->remote);
    } else {
        struct amtg_amt_teardown m;
        enum amtg_err err = amtg_amt_teardown_parse(p->data, p->len, AMTG_AMT_STRICT, &m);
        FUZZ_CHECK(err == AMTG_OK, "%s", amtg_amt_name(message));
        check_given(play, &to->remote, m.nonce, m.mac);
    }
}

/* ---- what comes out ------------------------------------------------------ */

/* The one channel of a receiver, or what the hosts want. */
static bool is_wanted(const struct play *play, const struct amtg_addr *source, const struct amtg_addr *group)
{
    bool ip4 = play->mode != RECEIVE6;
    struct amtg_addr just_source = speech_source(ip4, 0), just_group = speech_group(ip4, 0);

    if (is_host(play))
        return model_wish(&play->model, group, source);
    return amtg_addr_equal(source, &just_source) && amtg_addr_equal(group, &just_group);
}

static void check_delivery(struct play *play)
{
    FUZZ_CHECK(play->data, "delivered, and nothing had come");
    FUZZ_CHECK(play->advertised[index_of(&play->from)], "delivered from a stranger");
    FUZZ_CHECK(play->delivered == 0, "delivered twice");
    play->delivered++;
}

/* To the program: the payload of a UDP datagram. */
static void hear_player(void *arg, const struct amtg_packet *p, const struct amtg_peer *to)
{
    struct play *play = arg;

    (void)to;
    check_delivery(play);
    if (play->raw) /* a fragment may have made it whole, so it is not known who sent it */
        return;
    FUZZ_CHECK(is_wanted(play, &play->source, &play->group), "delivered, and nobody wants it");
    FUZZ_CHECK(p->len < play->len && memcmp(p->data, play->octets + play->len - p->len, p->len) == 0,
               "not what was sent");
}

/* To the host: Queries of ours, and Data. */
static void hear_host(void *arg, const struct amtg_packet *p, const struct amtg_peer *to)
{
    struct play *play = arg;
    struct amtg_query q;
    struct amtg_ip ip;

    (void)to;
    FUZZ_CHECK(amtg_ip_parse(p->data, p->len, &ip) == AMTG_IP_SOUND, "no IP datagram");
    if (!play->data) {
        FUZZ_CHECK(amtg_query_parse(p->data, &ip, &q) == AMTG_QUERY_SOUND, "no Query");
        return;
    }
    check_delivery(play);
    FUZZ_CHECK(is_wanted(play, &ip.src, &ip.dst), "delivered, and nobody wants it");
    FUZZ_CHECK(p->len <= play->len && memcmp(p->data, play->octets, p->len) == 0, "not what was sent");
}

/* ---- what relays say ----------------------------------------------------- */

static void say(struct play *play, const struct amtg_addr *from, uint16_t port, const uint8_t *octets,
                uint32_t len)
{
    struct amtg_peer peer = {.remote = *from, .remote_port = port, .local_port = 40000};

    amtg_addr_parse(amtg_addr_is4(from) ? "203.0.113.7" : "2001:db8:1::7", &peer.local);
    stage_say(play->stage, "tunnel/udp", "out", AMTG_DATAGRAM, &peer, octets, len);
}

enum { WRONG_NONCE = 0x80, WRONG_FROM = 0x40, WRONG_PORT = 0x20 }; /* each a bit of `how` */

/* Who says it: whom it was asked, or another. */
static struct amtg_addr choose_from(struct choices *c, const struct amtg_addr *asked, unsigned how)
{
    return how & WRONG_FROM ? other(choose(c, OTHERS)) : *asked;
}

static void advertisement(struct play *play, struct choices *c)
{
    unsigned how = choose_u8(c), relay = choose(c, OTHERS);
    struct amtg_addr from = choose_from(c, &play->discovery.to, how);
    struct amtg_amt_advertisement m = {.nonce = play->discovery.nonce, .relay = other(relay)};
    uint8_t octets[AMTG_ADVERTISEMENT6_OCTETS];
    bool right = play->discovery.known && amtg_addr_equal(&from, &play->discovery.to) &&
                 !(how & (WRONG_NONCE | WRONG_PORT));

    if (how & WRONG_NONCE)
        m.nonce ^= 1;
    if (right)
        play->advertised[relay] = true;
    say(play, &from, how & WRONG_PORT ? 2269 : AMTG_AMT_PORT, octets,
        amtg_amt_advertisement_build(&m, octets));
}

static void query(struct play *play, struct choices *c)
{
    enum { OTHER_FAMILY = 0x10, WITHOUT_G = 0x08, L = 0x04, SPOILT = 0x02, MLD_REQUEST = 0x01 };
    enum { MEND = 0x80 };
    static const uint32_t intervals[] = {125, 0, 1, 60, 31744};
    unsigned how = choose_u8(c), family = how & MLD_REQUEST, what = choose_u8(c);
    const struct asked *asked = &play->request[family];
    struct amtg_addr from = choose_from(c, &asked->to, how);
    uint8_t inner[AMTG_MLD_QUERY_OCTETS], octets[256];
    struct amtg_general_query general = {
        .max_response_code = 1, .qrv = what & 7, .qqi_s = intervals[(what >> 3) % 5]};
    struct amtg_amt_query m = {
        .nonce = asked->nonce, .l = how & L, .g = !(how & WITHOUT_G), .inner = inner,
        .gateway_port = (uint16_t)(40000 + (what >> 7))};
    bool mld = (family == MLD) != !!(how & OTHER_FAMILY);
    bool right = asked->known && amtg_addr_equal(&from, &asked->to) &&
                 !(how & (WRONG_NONCE | WRONG_PORT));

    if (how & WRONG_NONCE)
        m.nonce ^= 1;
    amtg_addr_parse(mld ? "fe80::1" : "0.0.0.0", &general.src);
    amtg_addr_parse(what & 0x40 ? "203.0.113.8" : "2001:db8:1::9", &m.gateway);
    m.inner_len = mld ? amtg_mld_query_build(&general, inner) : amtg_igmp_query_build(&general, inner);
    memset(m.mac, what, sizeof m.mac);
    if (how & SPOILT)
        inner[choose(c, (unsigned)m.inner_len)] ^= 1u << what % 8;
    if (how & SPOILT && what & MEND)
        mend_checksums(inner, m.inner_len);
    uint32_t len = amtg_amt_query_build(&m, octets);
    if (right && play->given_count < GIVEN) {
        struct given *given = &play->given[play->given_count++];
        *given = (struct given){.relay = from, .nonce = m.nonce};
        memcpy(given->mac, m.mac, sizeof m.mac);
    }
    say(play, &from, how & WRONG_PORT ? 2269 : AMTG_AMT_PORT, octets, len);
}

/* Does the gateway have a relay that serves it, which can be this one only? */
static bool is_served_by(struct play *play, const struct amtg_addr *from)
{
    return !discovers(play) && play->mode != RECEIVE_BY_NAMES && index_of(from) == 0 &&
           (stage_counter(play->stage, "tunnel/gateway", "igmp-state") >= 2 ||
            stage_counter(play->stage, "tunnel/gateway", "mld-state") >= 2);
}

static void data(struct play *play, struct choices *c)
{
    unsigned how = choose_u8(c);
    bool ip4 = how & 1;
    uint8_t octets[AMTG_DATA_HEAD_OCTETS + SPEECH_MOST];
    uint32_t head = amtg_amt_data_head(octets);

    play->from = other(choose(c, OTHERS));
    play->source = speech_source(ip4, choose(c, SPEECH_GOOD_SOURCES));
    play->group = speech_group(ip4, choose(c, SPEECH_GROUPS));
    if (amtg_addr_is4(&play->group) != ip4)
        return;
    play->len = speech_data(&play->source, &play->group, 1 + (how >> 1 & 7), false, play->octets);
    memcpy(octets + head, play->octets, play->len);
    bool due = is_served_by(play, &play->from) && !(how & WRONG_PORT) &&
               is_wanted(play, &play->source, &play->group);
    play->data = true;
    say(play, &play->from, how & WRONG_PORT ? 2269 : AMTG_AMT_PORT, octets, head + play->len);
    FUZZ_CHECK(!due || play->delivered == 1, "the relay's Data did not come out");
}

static void raw_data(struct play *play, struct choices *c)
{
    uint8_t octets[AMTG_DATA_HEAD_OCTETS + SPEECH_MOST];
    uint32_t head = amtg_amt_data_head(octets);
    size_t len;

    play->from = other(choose(c, OTHERS));
    const uint8_t *inner = choose_octets(c, choose_u8(c), &len);
    memcpy(play->octets, inner, len);
    mend_checksums(play->octets, (uint32_t)len);
    play->len = (uint32_t)len;
    memcpy(octets + head, play->octets, len);
    play->data = play->raw = true;
    say(play, &play->from, AMTG_AMT_PORT, octets, head + play->len);
}

static void raw_message(struct play *play, struct choices *c)
{
    enum amtg_amt_message message;
    size_t len;
    uint8_t octets[SPEECH_MOST];
    unsigned type = choose_u8(c);
    struct amtg_addr from = other(choose(c, OTHERS));
    const uint8_t *chosen = choose_octets(c, choose_u8(c), &len);

    memcpy(octets, chosen, len);
    if (len && type < 0x80)
        octets[0] = type % (AMTG_MSG_TEARDOWN + 1);
    /* Data has a step of its own. An Advertisement or a Query with the right nonce is not guessed. */
    if (amtg_amt_peek(octets, (uint32_t)len, &message) != AMTG_OK || message != AMTG_MSG_DATA)
        say(play, &from, AMTG_AMT_PORT, octets, (uint32_t)len);
}

/* What the names of the relay lead to, asked or not. */
static void addresses(struct play *play, struct choices *c)
{
    static const char *const names[] = {"one.example", "two.example", "other.example"};
    enum { MOST = 4 };
    _Alignas(struct amtg_addresses) uint8_t octets[sizeof(struct amtg_addresses) + MOST * sizeof(struct amtg_addr)] = {0};
    struct amtg_addresses *found = (struct amtg_addresses *)octets;

    strcpy(found->name, names[choose(c, 3)]);
    found->result = choose(c, AMTG_LOOKUP_RESULTS);
    unsigned count = found->result == AMTG_LOOKUP_FOUND ? choose(c, MOST + 1) : 0;
    while (found->count < count) {
        unsigned i = choose(c, OTHERS);
        play->advertised[i] |= play->mode == RECEIVE_BY_NAMES;
        found->addresses[found->count++] = other(i);
    }
    stage_say(play->stage, "tunnel/names", "out", AMTG_ADDRESSES_OF, NULL, octets,
              (uint32_t)(sizeof *found + count * sizeof found->addresses[0]));
}

static void unreachable(struct play *play, struct choices *c)
{
    struct amtg_peer peer = {.remote = other(choose(c, OTHERS)), .remote_port = AMTG_AMT_PORT};
    struct amtg_unreachable record = {.type = choose(c, 5), .code = choose(c, 6)};

    stage_say(play->stage, "tunnel/udp", "unreachable", AMTG_UNREACHABLE, &peer, (uint8_t *)&record,
              sizeof record);
}

/* ---- what hosts say ------------------------------------------------------ */

static void report(struct play *play, struct choices *c)
{
    static const struct amtg_peer nobody;
    bool ip4 = choose_u8(c) & 1;
    uint8_t message[SPEECH_MOST], octets[SPEECH_MOST];
    uint32_t len = speech_report(c, ip4, message);

    if (!is_host(play))
        return;
    model_report(&play->model, &nobody, message, len, ip4, stage_now_ms(play->stage));
    stage_say(play->stage, "host", "out", AMTG_IP_RAW, NULL, octets,
              speech_datagram(ip4, message, len, octets));
}

static void wait(struct play *play, uint64_t ms)
{
    stage_step(play->stage, ms);
    model_expire(&play->model, stage_now_ms(play->stage));
    FUZZ_CHECK(play->sent <= BURST + PER_SECOND * (ms / 1000), "%u messages in %llu ms", play->sent,
               (unsigned long long)ms);
}

/* ---- the play ------------------------------------------------------------ */

static void step(struct play *play, struct choices *c)
{
    enum { KINDS = 16 };

    play->sent = play->delivered = 0;
    play->data = play->raw = false;
    switch (choose(c, KINDS)) {
    case 0: wait(play, choose_u8(c) * 10); break;
    case 1: wait(play, choose_u8(c) * 1000); break;
    case 2: wait(play, choose(c, 32) * 60000); break;
    case 3:
    case 4: advertisement(play, c); break;
    case 5:
    case 6:
    case 7: query(play, c); break;
    case 8:
    case 9: data(play, c); break;
    case 10: raw_data(play, c); break;
    case 11: raw_message(play, c); break;
    case 12: unreachable(play, c); break;
    case 13: addresses(play, c); break;
    default: report(play, c); break;
    }
    play->data = false;
}

static const struct stage_border borders_receive[] = {
    {"tunnel/udp", hear_udp}, {"player", hear_player}, {NULL, NULL}};
static const struct stage_border borders_host[] = {
    {"tunnel/udp", hear_udp}, {"host", hear_host}, {NULL, NULL}};

static const struct amtg_graph *graph_for(unsigned mode)
{
    static const struct amtg_setting settings[MODES][4] = {
        [RECEIVE4] = {{"relay", "192.0.2.1"}},
        [RECEIVE6] = {{"relay", "192.0.2.1"}, {"source", "2001:db8::a"}, {"group", "ff3e::8000:d"}},
        [RECEIVE_BY_NAMES] = {{"relay", "one.example, two.example"}},
        [HOST] = {{"relay", "192.0.2.1"}},
    };
    static const struct amtg_graph *graphs[MODES];

    if (!graphs[mode])
        graphs[mode] = stage_graph(mode >= HOST ? "graphs/gateway.yaml" : "graphs/receive.yaml",
                                   settings[mode]);
    return graphs[mode];
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    enum { MOST = 1024 };
    struct choices c = {octets, len < MOST ? len : MOST};
    struct play *play = calloc(1, sizeof *play);

    play->mode = choose(&c, MODES);
    play->advertised[0] = !discovers(play) && play->mode != RECEIVE_BY_NAMES;
    play->model = (struct model){.interval_ms = 260000, .last_member_ms = 200};
    play->stage = stage_new(graph_for(play->mode), is_host(play) ? borders_host : borders_receive, play);
    stage_step(play->stage, 0);
    while (c.left)
        step(play, &c);
    stage_free(play->stage);
    model_fini(&play->model);
    free(play);
    return 0;
}
