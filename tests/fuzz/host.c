/*
 * Fuzz: the host side against the router side. igmp-host and mld-host are told what is
 * wanted, and are asked; what they report goes to the model of a router
 * (support/model.h), but for a report that is lost now and then. What must hold:
 *
 *   - reports are sound by the strict rules, and no longer than they may be;
 *   - when no report was lost, the router forwards at once all that is wanted;
 *   - some seconds after the last change it forwards just that, a lost report or not
 *     (RFC 3376, sections 5.1 and 5.2), and goes on to for as long as it asks;
 *   - with queriers of older versions, reports are sound, no more.
 */
#include "elements/wire/igmp.h"
#include "elements/wire/mld.h"
#include "elements/wire/query.h"
#include "tests/fuzz/support/mend.h"
#include "tests/fuzz/support/model.h"
#include "tests/fuzz/support/speech.h"
#include "tests/fuzz/support/stage.h"

enum { GROUPS = 4, SOURCES = SPEECH_GOOD_SOURCES - 1, MTU = 1440, SMALL_MTU = 128 };
enum { DELAYED = 1, PROMPT = 2, SMALL = 4, OLDER = 8, HOW = 16 }; /* the first octet */
enum { SETTLED_MS = 5000, ASK_MS = 100000, SAY_AGAIN_MS = 50000, SLICE_MS = 10000 };
enum { APART_MS = 3 * ASK_MS }; /* lost reports, or two answers in a row might be lost */

struct wish {
    bool exclude;
    unsigned sources; /* a bit for each */
};

struct play {
    struct stage *stage;
    unsigned how;
    struct model model;
    struct wish wishes[2][GROUPS]; /* [IPv4] */
    uint64_t changed_ms, asked_ms, said_ms, lost_ms;
    bool lose;       /* the next report */
    bool may_lose;   /* all has been said as often as it is to be, and none was lost lately */
    bool lost;       /* since then */
};

static void hear_report(void *arg, const struct amtg_packet *p, const struct amtg_peer *to)
{
    static const struct amtg_peer host;
    struct play *play = arg;
    struct amtg_ip ip;

    (void)to;
    FUZZ_CHECK(p->len <= (play->how & SMALL ? SMALL_MTU : MTU), "%u octets", p->len);
    FUZZ_CHECK(amtg_ip_parse(p->data, p->len, &ip) == AMTG_IP_SOUND && ip.total == p->len, "IP");
    bool ip4 = ip.version == 4;
    bool v1 = play->how & OLDER;
    FUZZ_CHECK(ip4 ? amtg_igmp_report_check(p->data, &ip, true, v1) == AMTG_REPORT_SOUND
                   : amtg_mld_report_check(p->data, &ip, true) == AMTG_REPORT_SOUND, "a bad report");
    if (play->lose) {
        play->lose = false;
        play->lost = true;
        play->lost_ms = stage_now_ms(play->stage);
        return;
    }
    model_expire(&play->model, stage_now_ms(play->stage));
    model_report(&play->model, &host, p->data + ip.transport, ip.total - ip.transport, ip4,
                 stage_now_ms(play->stage));
}

static const struct stage_border borders[] = {{"reports", hear_report}, {NULL, NULL}};

/* ---- what is wanted ------------------------------------------------------ */

static void say(struct play *play, bool ip4, unsigned group, struct wish wish)
{
    _Alignas(struct amtg_join) uint8_t octets[sizeof(struct amtg_join) + SOURCES * sizeof(struct amtg_addr)];
    struct amtg_join *join = (struct amtg_join *)octets;
    static const char *const hosts[] = {"mld", "igmp"};

    *join = (struct amtg_join){.group = speech_group(ip4, group), .exclude = wish.exclude};
    for (unsigned i = 0; i < SOURCES; i++)
        if (wish.sources & 1u << i)
            join->sources[join->count++] = speech_source(ip4, i);
    for (unsigned i = 0; i < 2; i++) /* each leaves the other family alone */
        stage_push(play->stage, hosts[i], "joins", AMTG_JOIN, NULL, octets,
                   (uint32_t)(sizeof *join + join->count * sizeof join->sources[0]));
}

static void join(struct play *play, struct choices *c)
{
    unsigned how = choose_u8(c), group = choose(c, SPEECH_GROUPS - 1);
    bool ip4 = how & 1;
    struct wish wish = {.exclude = how & 2, .sources = (how >> 2) & ((1u << SOURCES) - 1)};

    if (play->how & SMALL && wish.exclude && !ip4 && wish.sources == (1u << SOURCES) - 1)
        wish.sources = 1; /* more would be left out (RFC 3376, section 4.2.16) */
    say(play, ip4, group, wish);
    if (group >= GROUPS || (wish.exclude && (group == 0 || (!ip4 && group == 3))))
        return; /* not a good group, or EXCLUDE of an SSM one: nothing has changed */
    play->wishes[ip4][group] = wish;
    play->changed_ms = stage_now_ms(play->stage);
    play->may_lose = false;
}

static void say_again(struct play *play)
{
    for (unsigned ip4 = 0; ip4 < 2; ip4++)
        for (unsigned g = 0; g < GROUPS; g++)
            if (play->wishes[ip4][g].exclude || play->wishes[ip4][g].sources)
                say(play, ip4, g, play->wishes[ip4][g]);
    play->said_ms = stage_now_ms(play->stage);
}

/* ---- Queries ------------------------------------------------------------- */

static void ask(struct play *play, bool ip4, struct amtg_question *q)
{
    uint8_t octets[512];

    q->ip4 = ip4;
    q->interval_s = ASK_MS / 1000;
    amtg_addr_parse(ip4 ? "192.0.2.9" : "fe80::9", &q->source);
    stage_push(play->stage, ip4 ? "igmp" : "mld", "queries", AMTG_IP_RAW, NULL, octets,
               amtg_question_build(q, octets));
}

static void ask_all(struct play *play)
{
    for (unsigned ip4 = 0; ip4 < 2; ip4++)
        ask(play, ip4, &(struct amtg_question){.max_response_ms = 5000, .robustness = 2});
    play->asked_ms = stage_now_ms(play->stage);
}

/* A General Query of an older version, 1 or 2 (MLD: 1). */
static void older_query(struct play *play, bool ip4, unsigned version)
{
    uint8_t message[24] = {ip4 ? AMTG_IGMP_QUERY : AMTG_MLD_QUERY}, octets[128];
    struct amtg_ip_head head = {
        .payload = ip4 ? 8 : 24, .protocol = ip4 ? IPPROTO_IGMP : IPPROTO_ICMPV6, .hops = 1,
        .router_alert = true};

    amtg_addr_parse(ip4 ? "192.0.2.9" : "fe80::9", &head.src);
    amtg_addr_parse(ip4 ? "224.0.0.1" : "ff02::1", &head.dst);
    message[ip4 ? 1 : 5] = ip4 && version == 1 ? 0 : 50;
    uint32_t before = amtg_ip_build(&head, octets);
    memcpy(octets + before, message, head.payload);
    mend_checksums(octets, before + head.payload);
    stage_push(play->stage, ip4 ? "igmp" : "mld", "queries", AMTG_IP_RAW, NULL, octets,
               before + head.payload);
}

/* General, about a group, or about sources. */
static void query(struct play *play, struct choices *c)
{
    unsigned how = choose_u8(c), what = choose_u8(c);
    bool ip4 = how & 1;
    struct amtg_addr sources[2] = {speech_source(ip4, what & 3), speech_source(ip4, 4)};
    struct amtg_question q = {.max_response_ms = (how >> 4) * 500, .robustness = 2 + (how >> 3 & 1),
                              .sources = sources};

    if (!(how & 2) && what & 0x40) { /* without `older-versions` it is dropped */
        older_query(play, ip4, 1 + (what & 1));
        return;
    }
    if (how & 2) {
        q.group = speech_group(ip4, (what >> 2) % GROUPS);
        q.count = how & 4 ? 1 + (what >> 7) : 0;
    }
    ask(play, ip4, &q);
}

/* ---- the comparison ------------------------------------------------------ */

static bool wants(const struct wish *wish, unsigned source)
{
    return !!(wish->sources & 1u << source) != wish->exclude;
}

static void check(const struct play *play)
{
    bool settled = stage_now_ms(play->stage) >= play->changed_ms + SETTLED_MS;

    if (play->how & OLDER)
        return;

    for (unsigned ip4 = 0; ip4 < 2; ip4++)
        for (unsigned g = 0; g < GROUPS; g++)
            for (unsigned s = 0; s < SPEECH_GOOD_SOURCES; s++) { /* the last is never named */
                struct amtg_addr group = speech_group(ip4, g), source = speech_source(ip4, s);
                bool wanted = wants(&play->wishes[ip4][g], s);
                bool forwarded = model_wish(&play->model, &group, &source);
                FUZZ_CHECK(play->lost || play->lose || forwarded || !wanted,
                           "IPv%c group %u source %u is wanted", ip4 ? '4' : '6', g, s);
                FUZZ_CHECK(!settled || forwarded == wanted,
                           "IPv%c group %u source %u: forwarded %d, wanted %d", ip4 ? '4' : '6', g, s,
                           forwarded, wanted);
            }
}

static void wait(struct play *play, uint64_t ms)
{
    for (uint64_t slice; ms; ms -= slice) {
        slice = ms < SLICE_MS ? ms : SLICE_MS;
        stage_step(play->stage, slice);
        uint64_t now = stage_now_ms(play->stage);
        model_expire(&play->model, now);
        if (now >= play->said_ms + SAY_AGAIN_MS)
            say_again(play);
        if (now >= play->asked_ms + ASK_MS)
            ask_all(play);
        check(play);
        if (now >= play->changed_ms + SETTLED_MS) {
            play->may_lose = now >= play->lost_ms + APART_MS;
            play->lost = false;
        }
    }
}

static const struct amtg_graph *graph_for(unsigned how)
{
    static const struct amtg_graph *graphs[HOW];
    char params[128], text[512];

    snprintf(params, sizeof params, "answer: %s, mtu: %d, older-versions: %s",
             how & DELAYED ? "delayed" : "at-once", how & SMALL ? SMALL_MTU : MTU,
             how & OLDER ? "yes" : "no");
    snprintf(text, sizeof text,
             "amtgraph: 1\nname: fuzz\nelements:\n"
             "  igmp: {class: igmp-host, %s}\n"
             "  mld: {class: mld-host, %s}\n"
             "  reports: {class: discard}\n"
             "edges:\n  - igmp -> reports\n  - mld -> reports\n", params, params);
    if (!graphs[how])
        graphs[how] = stage_graph_text(text);
    return graphs[how];
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    enum { KINDS = 8, MOST = 256 };
    struct choices c = {octets, len < MOST ? len : MOST};
    unsigned how = choose(&c, HOW);
    struct play play = {
        .how = how,
        .may_lose = true, /* the very first */
        .model = {.interval_ms = 260000, .last_member_ms = 2000, .prompt = how & PROMPT}};

    play.stage = stage_new(graph_for(how), borders, &play);
    while (c.left) {
        switch (choose(&c, KINDS)) {
        case 0: wait(&play, choose_u8(&c) * 20); break;
        case 1: wait(&play, choose_u8(&c) * 1000); break;
        case 2: query(&play, &c); break;
        case 3:
            play.lose = play.lose || play.may_lose;
            play.may_lose = false;
            break;
        default: join(&play, &c); break;
        }
        check(&play);
    }
    play.lose = false;
    uint64_t end_ms = stage_now_ms(play.stage);
    stage_free(play.stage);
    model_expire(&play.model, end_ms + play.model.last_member_ms);
    FUZZ_CHECK(play.lost || how & OLDER || play.model.count == 0, "not all was left at the end");
    model_fini(&play.model);
    return 0;
}
