/*
 * Fuzz: the whole relay, graphs/relay.yaml as it is shipped, for hours of virtual time.
 * Gateways speak as they should and as they should not, with MACs from the relay's Queries;
 * a source sends. What must hold:
 *
 *   - nothing is sent but answers, to who asked, and Data, to exactly those who by the model
 *     (support/model.h) want it, from where they last reported to;
 *   - no state without a right MAC, and none that the model doesn't have; MACs are good for
 *     as long as they must be, and no longer than they may be (RFC 7450, section 5.3.6);
 *   - Data is the source's datagram, or all of its fragments; or it was too long for a tunnel
 *     and must not be cut, and at most the source of an SSM group is told so;
 *   - what is joined upstream is what all want together;
 *   - with low limits, no more state than they allow.
 */
#include "core/cursor.h"
#include "elements/group/filter.h"
#include "elements/wire/amt.h"
#include "elements/wire/igmp.h"
#include "elements/wire/mld.h"
#include "elements/wire/query.h"
#include "tests/fuzz/support/joined.h"
#include "tests/fuzz/support/mend.h"
#include "tests/fuzz/support/peers.h"
#include "tests/fuzz/support/speech.h"
#include "tests/fuzz/support/stage.h"

enum { NONCES = 2, INTERVAL_MS = 125000, ROTATE_MS = 7200000 };
enum { LEAST_MAC_MS = 2 * INTERVAL_MS, MOST_MAC_MS = ROTATE_MS + 2 * INTERVAL_MS };
enum { ENDPOINTS = 2, MEMBERSHIPS = 3 }; /* the low limits */
enum { PROMPT, LMQT, LOW_LIMITS, MODES };
enum { ALWAYS_FITS = 546, NEVER_FITS = 1470 }; /* octets: path MTUs of 576 and 1500, less headers */
enum { PIECES = 4 }; /* of a datagram, at most */

struct known_mac {
    bool known, ecn; /* ecn: its Request had E */
    uint64_t at_ms;
    uint8_t octets[AMTG_AMT_MAC_OCTETS];
};

struct play {
    struct stage *stage;
    unsigned mode;
    struct model model;
    struct joined joined;
    struct known_mac macs[PEERS][NONCES];
    uint64_t believed_until_ms[PEERS]; /* when the last state of its reports must have gone */

    /* What the relay may send now: so many messages of one type. */
    enum amtg_amt_message may;
    unsigned may_count, sent;
    struct amtg_peer asker;
    unsigned asker_index;
    bool asker_ecn; /* E: it heeds ECN (RFC 9601) */
    struct amtg_addr source, group; /* of Data */
    uint8_t data[SPEECH_MOST];
    uint32_t data_octets;
    uint32_t got[PEERS]; /* octets of its payload */
    unsigned told;       /* ICMP errors */
};

static uint32_t nonce_of(unsigned slot)
{
    return 0xa1b2c3d4u + slot;
}

/* ---- what the relay sends ------------------------------------------------ */

static void hear_query(struct play *play, const struct amtg_packet *p)
{
    struct amtg_amt_query m;
    struct amtg_query q;
    struct amtg_ip ip;

    FUZZ_CHECK(amtg_amt_query_parse(p->data, p->len, &m) == AMTG_OK, "a bad Query");
    FUZZ_CHECK(amtg_ip_parse(m.inner, m.inner_len, &ip) == AMTG_IP_SOUND, "inner IP");
    FUZZ_CHECK(amtg_query_parse(m.inner, &ip, &q) == AMTG_QUERY_SOUND && q.general, "inner Query");
    FUZZ_CHECK(!m.g || (amtg_addr_equal(&m.gateway, &play->asker.remote) &&
                        m.gateway_port == play->asker.remote_port), "another gateway's address");
    for (unsigned i = 0; i < NONCES; i++)
        if (m.nonce == nonce_of(i)) {
            struct known_mac *mac = &play->macs[play->asker_index][i];
            *mac = (struct known_mac){.known = true, .ecn = play->asker_ecn,
                                      .at_ms = stage_now_ms(play->stage)};
            memcpy(mac->octets, m.mac, sizeof mac->octets);
        }
}

static unsigned index_of(const struct amtg_peer *peer)
{
    for (unsigned i = 0; i < PEERS; i++) {
        struct amtg_peer known = peer_at(i, false);
        if (amtg_addr_equal(&known.remote, &peer->remote) && known.remote_port == peer->remote_port)
            return i;
    }
    FUZZ_CHECK(false, "Data to a stranger at port %u", peer->remote_port);
    return 0;
}

/* The datagram that the source sent, or a piece of it where it belongs; octets of its payload. */
static uint32_t piece_of(const struct play *play, const uint8_t *inner, uint32_t len)
{
    struct amtg_ip whole, piece;

    FUZZ_CHECK(amtg_ip_parse(play->data, play->data_octets, &whole) == AMTG_IP_SOUND, "source");
    if (len == play->data_octets && memcmp(inner, play->data, len) == 0) {
        FUZZ_CHECK(len <= NEVER_FITS, "%u octets in one piece", len);
        return whole.total - whole.header;
    }
    FUZZ_CHECK(amtg_ip_parse(inner, len, &piece) == AMTG_IP_SOUND && piece.total == len, "a piece");
    FUZZ_CHECK(piece.version == 4 && piece.fragment && !whole.dont_fragment && len <= NEVER_FITS,
               "not what the source sent");
    FUZZ_CHECK(amtg_addr_equal(&piece.src, &whole.src) && amtg_addr_equal(&piece.dst, &whole.dst) &&
               piece.tos == whole.tos && piece.hops == whole.hops, "another header");
    uint32_t at = whole.header + (amtg_get_u16(inner + 6) & 0x1fffu) * 8, octets = len - piece.header;
    FUZZ_CHECK(at + octets <= whole.total &&
                   memcmp(inner + piece.header, play->data + at, octets) == 0, "another piece");
    FUZZ_CHECK((at + octets < whole.total) == !!(amtg_get_u16(inner + 6) & 0x2000), "more to come");
    return octets;
}

static void hear_data(struct play *play, const struct amtg_packet *p, const struct amtg_peer *to)
{
    struct amtg_amt_data m;
    unsigned i = index_of(to);

    FUZZ_CHECK(amtg_amt_data_parse(p->data, p->len, &m) == AMTG_OK, "bad Data");
    play->got[i] += piece_of(play, m.inner, m.inner_len);
    FUZZ_CHECK(play->believed_until_ms[i] > stage_now_ms(play->stage), "Data to %u, long gone", i);
    for (unsigned k = 0; k < play->model.count; k++)
        if (peer_equal(&play->model.endpoints[k].peer, to) &&
            model_wants(&play->model.endpoints[k], &play->source, &play->group))
            return;
    FUZZ_CHECK(play->mode == LOW_LIMITS, "Data to %u, which did not ask for it", i);
}

static void hear_udp(void *arg, const struct amtg_packet *p, const struct amtg_peer *to)
{
    struct play *play = arg;
    enum amtg_amt_message message;

    FUZZ_CHECK(amtg_amt_peek(p->data, p->len, &message) == AMTG_OK, "no AMT message");
    FUZZ_CHECK(to != NULL && message == play->may && play->sent < play->may_count,
               "%s number %u, unasked", amtg_amt_name(message), play->sent);
    play->sent++;
    if (message == AMTG_MSG_DATA) {
        hear_data(play, p, to);
        return;
    }
    FUZZ_CHECK(peer_equal(to, &play->asker), "an answer to another");
    if (message == AMTG_MSG_QUERY)
        hear_query(play, p);
}

static void hear_join(void *arg, const struct amtg_packet *p, const struct amtg_peer *to)
{
    struct play *play = arg;

    (void)to;
    joined_take(&play->joined, p);
}

/* An ICMP error to the source. */
static void hear_error(void *arg, const struct amtg_packet *p, const struct amtg_peer *to)
{
    struct play *play = arg;
    struct amtg_ip ip;

    (void)to;
    FUZZ_CHECK(play->may_count && play->may == AMTG_MSG_DATA && play->told++ == 0, "an error, unasked");
    FUZZ_CHECK(amtg_ip_parse(p->data, p->len, &ip) == AMTG_IP_SOUND, "a bad error");
    FUZZ_CHECK(amtg_addr_equal(&ip.dst, &play->source), "an error to another");
    FUZZ_CHECK(amtg_group_is_ssm(&play->group) && play->data_octets > ALWAYS_FITS, "no error");
}

static const struct stage_border borders[] = {
    {"udp", hear_udp}, {"upstream", hear_join}, {"errors", hear_error}, {NULL, NULL}};

/* ---- what it hears ------------------------------------------------------- */

static void say(struct play *play, const struct amtg_peer *peer, const uint8_t *octets, uint32_t len)
{
    stage_say(play->stage, "udp", "out", AMTG_DATAGRAM, peer, octets, len);
}

/* It may answer with so many messages of this type. */
static void ask(struct play *play, const struct amtg_peer *peer, enum amtg_amt_message answer,
                unsigned answers, const uint8_t *octets, uint32_t len)
{
    play->may = answer;
    play->may_count = answers;
    play->asker = *peer;
    say(play, peer, octets, len);
}

static void discovery(struct play *play, struct choices *c)
{
    struct amtg_peer peer = choose_peer(c, &play->asker_index);
    struct amtg_amt_discovery m = {.nonce = nonce_of(choose(c, NONCES))};
    uint8_t octets[AMTG_DISCOVERY_OCTETS];

    ask(play, &peer, AMTG_MSG_ADVERTISEMENT, 1, octets, amtg_amt_discovery_build(&m, octets));
}

static void request(struct play *play, struct choices *c)
{
    enum { E_FLAG = 0x02 };
    struct amtg_peer peer = choose_peer(c, &play->asker_index);
    uint8_t octets[AMTG_REQUEST_OCTETS] = {AMTG_MSG_REQUEST};

    amtg_put_u32(octets + 4, nonce_of(choose(c, NONCES)));
    octets[1] = choose_u8(c);
    play->asker_ecn = octets[1] & E_FLAG;
    ask(play, &peer, AMTG_MSG_QUERY, 2, octets, sizeof octets);
}

struct claim {
    uint8_t mac[AMTG_AMT_MAC_OCTETS];
    uint32_t nonce;
    bool ecn;
    bool right;      /* it is the MAC that the relay gave for this peer and nonce, */
    uint64_t age_ms; /* so long ago */
};

/* The MAC of a peer, or a wrong one. */
static struct claim choose_claim(struct play *play, struct choices *c, unsigned peer)
{
    enum { SPOILT = 0x80 };
    unsigned how = choose_u8(c), slot = how % NONCES;
    const struct known_mac *mac = &play->macs[peer][slot];
    struct claim claim = {.nonce = nonce_of(slot), .ecn = mac->ecn, .right = mac->known && !(how & SPOILT),
                          .age_ms = stage_now_ms(play->stage) - mac->at_ms};

    memcpy(claim.mac, mac->octets, sizeof claim.mac);
    if (how & SPOILT)
        claim.mac[(how >> 1) % AMTG_AMT_MAC_OCTETS] ^= 1;
    return claim;
}

/* Was it believed? It must not have been, or must have been, by what the MAC is worth. */
static bool believed(struct play *play, const struct claim *claim, const char *element, uint64_t before)
{
    bool refused = stage_drops(play->stage, element, "bad-mac") > before;

    FUZZ_CHECK(claim->right || refused, "%s: a wrong MAC was believed", element);
    if (claim->right && claim->age_ms <= LEAST_MAC_MS)
        FUZZ_CHECK(!refused, "%s: a MAC of %llu ms was refused", element,
                   (unsigned long long)claim->age_ms);
    if (claim->right && claim->age_ms > MOST_MAC_MS)
        FUZZ_CHECK(refused, "%s: a MAC of %llu ms was believed", element,
                   (unsigned long long)claim->age_ms);
    return !refused;
}

/* The report in a datagram, if it is one that a relay has to take. */
static void model_datagram(struct play *play, const struct amtg_peer *peer, const uint8_t *inner,
                           uint32_t len)
{
    struct amtg_ip ip;

    if (amtg_ip_parse(inner, len, &ip) != AMTG_IP_SOUND)
        return;
    bool ip4 = ip.version == 4;
    if (ip4 ? amtg_igmp_report_check(inner, &ip, false, false) == AMTG_REPORT_SOUND
            : amtg_mld_report_check(inner, &ip, false) == AMTG_REPORT_SOUND)
        model_report(&play->model, peer, inner + ip.transport, ip.total - ip.transport, ip4,
                     stage_now_ms(play->stage));
}

static void update(struct play *play, struct choices *c, const uint8_t *inner, uint32_t len)
{
    unsigned i;
    struct amtg_peer peer = choose_peer(c, &i);
    struct claim claim = choose_claim(play, c, i);
    struct amtg_amt_update m = {.nonce = claim.nonce};
    uint8_t octets[AMTG_UPDATE_HEAD_OCTETS + SPEECH_MOST];
    uint64_t before = stage_drops(play->stage, "update", "bad-mac");

    memcpy(m.mac, claim.mac, sizeof m.mac);
    uint32_t head = amtg_amt_update_head(&m, octets);
    memcpy(octets + head, inner, len);
    say(play, &peer, octets, head + len);
    if (len < AMTG_IP4_OCTETS || !believed(play, &claim, "update", before))
        return; /* a message so short is dropped before anybody looks at its MAC */
    peer.ecn = claim.ecn;
    model_datagram(play, &peer, inner, len);
    play->believed_until_ms[i] = stage_now_ms(play->stage) + play->model.interval_ms + 1;
}

static void report(struct play *play, struct choices *c)
{
    bool ip4 = choose_u8(c) & 1;
    uint8_t message[SPEECH_MOST], inner[SPEECH_MOST];
    uint32_t len = speech_report(c, ip4, message);

    update(play, c, inner, speech_datagram(ip4, message, len, inner));
}

static void raw_update(struct play *play, struct choices *c)
{
    uint8_t inner[SPEECH_MOST];
    size_t len;
    const uint8_t *octets = choose_octets(c, choose_u8(c), &len);

    memcpy(inner, octets, len);
    mend_checksums(inner, (uint32_t)len);
    update(play, c, inner, (uint32_t)len);
}

/* Of the peer itself, or of one that has moved and says so from where it is now. */
static void teardown(struct play *play, struct choices *c)
{
    unsigned i, from;
    struct amtg_peer gone = choose_peer(c, &i), peer = choose_peer(c, &from);
    struct claim claim = choose_claim(play, c, i);
    struct amtg_amt_teardown m = {.nonce = claim.nonce, .gateway = gone.remote,
                                  .gateway_port = gone.remote_port};
    uint8_t octets[AMTG_TEARDOWN_OCTETS];
    uint64_t before = stage_drops(play->stage, "teardown", "bad-mac");

    memcpy(m.mac, claim.mac, sizeof m.mac);
    say(play, &peer, octets, amtg_amt_teardown_build(&m, octets));
    if (believed(play, &claim, "teardown", before)) {
        model_gone(&play->model, &gone.remote, gone.remote_port);
        play->believed_until_ms[i] = 0;
    }
}

/* Has everybody got it who wants it, whole, or not at all for a good reason? */
static void check_copies(const struct play *play, bool may_be_cut)
{
    uint32_t payload = play->data_octets - (amtg_addr_is4(&play->group) ? AMTG_IP4_OCTETS : AMTG_IP6_OCTETS);

    for (unsigned k = 0; k < play->model.count; k++) {
        const struct model_endpoint *e = &play->model.endpoints[k];
        unsigned i = index_of(&e->peer);
        if (!model_wants(e, &play->source, &play->group))
            continue;
        FUZZ_CHECK(play->got[i] == payload ||
                       (play->got[i] == 0 && !may_be_cut && play->data_octets > ALWAYS_FITS),
                   "%u got %u of %u octets", i, play->got[i], payload);
    }
}

static void native(struct play *play, struct choices *c)
{
    enum { SIZES = 8, SIZE = 240 };
    unsigned how = choose_u8(c);
    bool ip4 = how & 1, may_be_cut = ip4 && !(how & 2);

    play->source = speech_source(ip4, choose(c, SPEECH_GOOD_SOURCES));
    play->group = speech_group(ip4, choose(c, SPEECH_GROUPS));
    if (amtg_addr_is4(&play->group) != ip4)
        return;
    play->data_octets = speech_data(&play->source, &play->group, 5 + (how >> 2) % SIZES * SIZE,
                                    !may_be_cut, play->data);
    play->may = AMTG_MSG_DATA;
    play->may_count = PEERS * PIECES;
    stage_say(play->stage, "native", "out", AMTG_IP_RAW, NULL, play->data, play->data_octets);
    if (play->mode != LOW_LIMITS)
        check_copies(play, may_be_cut);
}

static void raw_native(struct play *play, struct choices *c)
{
    size_t len;
    const uint8_t *octets = choose_octets(c, choose_u8(c), &len);
    struct amtg_ip ip;

    memcpy(play->data, octets, len);
    mend_checksums(play->data, (uint32_t)len);
    if (amtg_ip_parse(play->data, (uint32_t)len, &ip) == AMTG_IP_SOUND) {
        play->source = ip.src;
        play->group = ip.dst;
        play->data_octets = ip.total;
        play->may = AMTG_MSG_DATA;
        play->may_count = PEERS;
    }
    stage_say(play->stage, "native", "out", AMTG_IP_RAW, NULL, play->data, (uint32_t)len);
}

static void raw_message(struct play *play, struct choices *c)
{
    struct amtg_peer peer = choose_peer(c, &play->asker_index);
    unsigned type = choose_u8(c);
    uint8_t octets[SPEECH_MOST];
    size_t len;
    const uint8_t *chosen = choose_octets(c, choose_u8(c), &len);
    enum amtg_amt_message message;

    memcpy(octets, chosen, len);
    if (len && type < 0x80)
        octets[0] = type % (AMTG_MSG_TEARDOWN + 1);
    if (amtg_amt_peek(octets, (uint32_t)len, &message) != AMTG_OK)
        message = AMTG_MSG_DATA;
    if (message == AMTG_MSG_DISCOVERY) {
        ask(play, &peer, AMTG_MSG_ADVERTISEMENT, 1, octets, (uint32_t)len);
    } else if (message == AMTG_MSG_REQUEST) {
        struct amtg_amt_request m = {0};
        (void)amtg_amt_request_parse(octets, (uint32_t)len, AMTG_AMT_LENIENT, &m);
        play->asker_ecn = m.e;
        ask(play, &peer, AMTG_MSG_QUERY, 2, octets, (uint32_t)len);
    } else {
        say(play, &peer, octets, (uint32_t)len);
    }
}

static void unreachable(struct play *play, struct choices *c)
{
    unsigned i;
    struct amtg_peer peer = choose_peer(c, &i);
    struct amtg_unreachable record = {.type = choose(c, 5), .code = choose(c, 6)};

    record.mtu = choose_u8(c) * 8u; /* of those that say it */
    model_unreachable(&play->model, &peer, record.type, record.code, stage_now_ms(play->stage));
    stage_say(play->stage, "udp", "unreachable", AMTG_UNREACHABLE, &peer, (uint8_t *)&record,
              sizeof record);
}

static void wait(struct play *play, uint64_t ms)
{
    stage_step(play->stage, ms);
    model_expire(&play->model, stage_now_ms(play->stage));
}

/* ---- the play ------------------------------------------------------------ */

static void step(struct play *play, struct choices *c)
{
    enum { KINDS = 16 };

    play->may_count = play->sent = play->told = 0;
    memset(play->got, 0, sizeof play->got);
    switch (choose(c, KINDS)) {
    case 0: wait(play, choose_u8(c) * 10); break;
    case 1: wait(play, choose_u8(c) * 1000); break;
    case 2: wait(play, choose_u8(c) * 60000); break;
    case 3: discovery(play, c); break;
    case 4:
    case 5: request(play, c); break;
    case 6: raw_update(play, c); break;
    case 7: teardown(play, c); break;
    case 8:
    case 9: native(play, c); break;
    case 10: raw_native(play, c); break;
    case 11: raw_message(play, c); break;
    case 12: unreachable(play, c); break;
    default: report(play, c); break;
    }
}

static void check(struct play *play)
{
    uint64_t endpoints = stage_counter(play->stage, "membership", "endpoints");
    uint64_t memberships = stage_counter(play->stage, "membership", "memberships");

    if (play->mode == LOW_LIMITS) {
        FUZZ_CHECK(endpoints <= ENDPOINTS && memberships <= MEMBERSHIPS, "beyond the limits");
        return;
    }
    FUZZ_CHECK(endpoints == play->model.count, "%llu endpoints, not %u",
               (unsigned long long)endpoints, play->model.count);
    FUZZ_CHECK(memberships == model_memberships(&play->model), "%llu memberships, not %u",
               (unsigned long long)memberships, model_memberships(&play->model));
    joined_check(&play->joined, &play->model);
}

static const struct amtg_graph *graph_for(unsigned mode)
{
    static const struct amtg_setting settings[MODES][8] = {
        [PROMPT] = {{"sources-per-endpoint", "100000"}, {"sources", "4000"},
                    {"icmp-source4", "192.0.2.1"}, {"icmp-source6", "2001:db8::1"}},
        [LMQT] = {{"leave", "lmqt"}, {"sources-per-endpoint", "100000"}, {"sources", "4000"}},
        [LOW_LIMITS] = {{"endpoints", "2"}, {"endpoints-per-address", "1"}, {"groups", "2"},
                        {"sources", "2"}, {"sources-per-endpoint", "3"}, {"memberships", "3"},
                        {"channels", "4"}},
    };
    static const struct amtg_graph *graphs[MODES];

    if (!graphs[mode])
        graphs[mode] = stage_graph("graphs/relay.yaml", settings[mode]);
    return graphs[mode];
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    enum { MOST = 1024 };
    struct choices c = {octets, len < MOST ? len : MOST};
    struct play *play = calloc(1, sizeof *play);

    play->mode = choose(&c, MODES);
    play->model = (struct model){
        .interval_ms = 2 * INTERVAL_MS + 10000, .last_member_ms = 2000,
        .prompt = play->mode != LMQT, .errors = 3, .errors_span_ms = 3000};
    play->stage = stage_new(graph_for(play->mode), borders, play);
    while (c.left) {
        step(play, &c);
        check(play);
    }
    play->may_count = play->sent = 0;
    stage_free(play->stage);
    joined_check_none(&play->joined);
    joined_fini(&play->joined);
    model_fini(&play->model);
    free(play);
    return 0;
}
