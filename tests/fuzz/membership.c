/*
 * Fuzz: what reports do, compared with a slow model of RFC 3376 and RFC 3810. After each
 * report, Teardown, ICMP error and each while, both say the same about who gets what, and
 * about what is joined upstream.
 */
#include "elements/group/members.h"
#include "tests/fuzz/support/joined.h"
#include "tests/fuzz/support/peers.h"
#include "tests/fuzz/support/speech.h"
#include "tests/fuzz/support/stage.h"

enum { INTERVAL_S = 20, ROBUSTNESS = 2 };

struct play {
    struct stage *stage;
    struct model model;
    struct joined joined;
};

static void hear_join(void *arg, const struct amtg_packet *p, const struct amtg_peer *to)
{
    struct play *play = arg;

    (void)to;
    joined_take(&play->joined, p);
}

static void hear_ask(void *arg, const struct amtg_packet *p, const struct amtg_peer *to)
{
    (void)arg, (void)p, (void)to;
}

static const struct stage_border borders[] = {{"joins", hear_join}, {"asks", hear_ask}, {NULL, NULL}};

static const struct amtg_graph *graph_for(unsigned leave)
{
    static const char *const leaves[] = {"prompt", "lmqt", "query"};
    static const struct amtg_graph *graphs[3];
    char text[1024];

    snprintf(text, sizeof text,
             "amtgraph: 1\nname: fuzz\nelements:\n"
             "  it: {class: membership, leave: %s, query-interval: %us, robustness: %u}\n"
             "  joins: {class: discard}\n  asks: {class: discard}\n"
             "edges:\n  - it.joins -> joins\n  - it.asks -> asks\n",
             leaves[leave], INTERVAL_S, ROBUSTNESS);
    if (!graphs[leave])
        graphs[leave] = stage_graph_text(text);
    return graphs[leave];
}

static void report(struct play *play, struct choices *c)
{
    unsigned i;
    struct amtg_peer peer = choose_peer(c, &i);
    bool ip4 = choose_u8(c) & 1;
    uint8_t message[SPEECH_MOST];
    uint32_t len = speech_report(c, ip4, message);

    model_report(&play->model, &peer, message, len, ip4, stage_now_ms(play->stage));
    stage_push(play->stage, "it", "reports", AMTG_REPORT, &peer, message, len);
}

static void unreachable(struct play *play, struct choices *c)
{
    unsigned i;
    struct amtg_peer peer = choose_peer(c, &i);
    struct amtg_unreachable record = {.type = choose(c, 5), .code = choose(c, 6)};

    model_unreachable(&play->model, &peer, record.type, record.code, stage_now_ms(play->stage));
    stage_push(play->stage, "it", "unreachable", AMTG_UNREACHABLE, &peer, (uint8_t *)&record,
               sizeof record);
}

static void gone(struct play *play, struct choices *c)
{
    unsigned i;
    struct amtg_peer peer = choose_peer(c, &i);

    model_gone(&play->model, &peer.remote, peer.remote_port);
    stage_push(play->stage, "it", "gone", AMTG_GONE, &peer, NULL, 0);
}

static void wait(struct play *play, uint64_t ms)
{
    stage_step(play->stage, ms);
    model_expire(&play->model, stage_now_ms(play->stage));
}

/* ---- the comparison ------------------------------------------------------ */

/* How often the endpoint, at this address of ours, is in a list of sets. */
static unsigned times_in(const struct amtg_set *sets, const struct amtg_peer *peer)
{
    unsigned times = 0;

    for (; sets; sets = sets->next)
        for (uint32_t i = 0; i < sets->count; i++)
            times += !sets->entries[i]->dead &&
                     peer_equal(&sets->entries[i]->peer, peer);
    return times;
}

static void check_channel(struct play *play, const struct amtg_addr *source,
                          const struct amtg_addr *group)
{
    struct amtg_element *it = stage_element(play->stage, "it");
    const struct amtg_members_ops *ops = amtg_ops(it, &amtg_members);
    const struct amtg_set *sets = ops->lookup(it, source, group);
    unsigned wanted = 0, listed = 0;

    for (const struct amtg_set *set = sets; set; set = set->next)
        listed += set->count;
    for (unsigned i = 0; i < play->model.count; i++) {
        const struct model_endpoint *e = &play->model.endpoints[i];
        bool wants = model_wants(e, source, group);
        FUZZ_CHECK(times_in(sets, &e->peer) == wants, "endpoint %u of port %u, wants %d", i,
                   e->peer.remote_port, wants);
        wanted += wants;
    }
    FUZZ_CHECK(listed == wanted, "%u get it, %u want it", listed, wanted);
}

static void check(struct play *play)
{
    FUZZ_CHECK(stage_counter(play->stage, "it", "endpoints") == play->model.count, "%u endpoints",
               play->model.count);
    FUZZ_CHECK(stage_counter(play->stage, "it", "memberships") == model_memberships(&play->model),
               "%u memberships", model_memberships(&play->model));
    for (unsigned ip4 = 0; ip4 < 2; ip4++)
        for (unsigned g = 0; g < SPEECH_GROUPS; g++)
            for (unsigned s = 0; s < SPEECH_GOOD_SOURCES; s++) {
                struct amtg_addr group = speech_group(ip4, g), source = speech_source(ip4, s);
                check_channel(play, &source, &group);
            }
    joined_check(&play->joined, &play->model);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    enum { KINDS = 8, MOST = 512 };
    struct choices c = {octets, len < MOST ? len : MOST};
    unsigned leave = choose(&c, 3);
    struct play play = {.model = {
        .interval_ms = (ROBUSTNESS * INTERVAL_S + 10) * 1000, .last_member_ms = ROBUSTNESS * 1000,
        .prompt = leave == 0, .errors = 3, .errors_span_ms = 3000}};

    play.stage = stage_new(graph_for(leave), borders, &play);
    while (c.left) {
        switch (choose(&c, KINDS)) {
        case 0: gone(&play, &c); break;
        case 1: unreachable(&play, &c); break;
        case 2: wait(&play, choose_u8(&c) * 10); break;
        case 3: wait(&play, choose_u8(&c) * 250); break;
        default: report(&play, &c); break;
        }
        check(&play);
    }
    stage_free(play.stage);
    joined_check_none(&play.joined);
    joined_fini(&play.joined);
    model_fini(&play.model);
    return 0;
}
