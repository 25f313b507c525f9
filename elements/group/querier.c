#include "elements/group/querier.h"

enum { OUT, STARTUP_SHARE = 4 };
#define WARN_NS (600 * AMTG_S)

const struct amtg_interface amtg_querier_role = {
    .name = "querier-role",
    .summary = "says whether it is the elected querier of its link",
};

static bool is_elected(const struct amtg_element *querier)
{
    const struct amtg_querier *s = amtg_state(querier);
    return !s->quiet;
}

const struct amtg_querier_role_ops amtg_querier_role_ops = {.is_elected = is_elected};

/* Where our Queries come from: as set, else our address on the link. */
static struct amtg_addr own_address(const struct amtg_querier *s)
{
    static const struct amtg_addr made_up = {
        {[0] = 0xfe, [1] = 0x80, [12] = 0x02, [13] = 0x32, [15] = 0x01}};
    struct amtg_addr own = s->source;

    if (!amtg_addr_is_unspecified(&s->source))
        return own;
    if (s->lan) {
        const struct amtg_lan_ops *lan = amtg_ops(s->lan, &amtg_lan);
        if (lan->own(s->lan, s->ip4, &own))
            return own;
    }
    return s->ip4 ? own : made_up; /* hosts ignore MLD from :: (RFC 3810, section 5.1.14) */
}

/* ---- asking ------------------------------------------------------------- */

/* false: there was no buffer. */
static bool pose(struct amtg_element *e, const struct amtg_question *q)
{
    uint32_t octets = amtg_question_octets(q);
    struct amtg_packet *p = amtg_make(e, AMTG_IP, octets);

    if (!p) {
        amtg_no_buffer_count(e);
        return false;
    }
    amtg_question_build(q, p->data);
    p->transport = q->ip4 ? AMTG_IP4_OCTETS + AMTG_ROUTER_ALERT4_OCTETS
                          : AMTG_IP6_OCTETS + AMTG_ROUTER_ALERT6_OCTETS;
    p->protocol = q->ip4 ? IPPROTO_IGMP : IPPROTO_ICMPV6;
    amtg_emit(e, OUT, p);
    return true;
}

static struct amtg_question question(const struct amtg_querier *s, uint64_t response_ns)
{
    return (struct amtg_question){
        .source = own_address(s),
        .max_response_ms = (uint32_t)(response_ns / AMTG_MS),
        .interval_s = (uint32_t)(s->query_interval_ns / AMTG_S),
        .robustness = s->robustness,
        .ip4 = s->ip4,
    };
}

/*
 * RFC 3376, sections 6.6.1 and 8.6: hosts are asked at each query interval, and a few
 * times four times as fast at the start, so that memberships are known soon.
 */
static void fire_general(struct amtg_element *e, struct amtg_timer *t)
{
    struct amtg_querier *s = amtg_state(e);
    struct amtg_question q = question(s, s->query_response_interval_ns);

    if (pose(e, &q))
        amtg_count(e, AMTG_QUERIER_GENERAL, 1);
    s->startup_left -= s->startup_left > 0;
    amtg_timer_start(e, t, s->startup_left ? s->query_interval_ns / STARTUP_SHARE
                                           : s->query_interval_ns);
}

static void take_ask(struct amtg_element *e, struct amtg_packet *p)
{
    struct amtg_querier *s = amtg_state(e);
    const struct amtg_ask *ask = (const void *)p->data;
    struct amtg_question q = question(s, s->last_member_interval_ns);

    if (p->len < sizeof *ask || p->len < sizeof *ask + ask->count * sizeof ask->sources[0] ||
        !amtg_addr_is_multicast(&ask->group)) {
        amtg_drop(e, AMTG_QUERIER_MALFORMED, p);
        return;
    }
    if (amtg_addr_is4(&ask->group) != s->ip4) {
        amtg_count(e, AMTG_QUERIER_OTHER_FAMILY, 1);
        amtg_finish(e, p);
        return;
    }
    if (s->quiet) {
        amtg_drop(e, AMTG_QUERIER_NOT_QUERIER, p);
        return;
    }
    q.group = ask->group;
    q.suppress = ask->suppress;
    uint32_t most = ((uint32_t)s->mtu_octets - amtg_question_octets(&q)) / (s->ip4 ? 4 : 16);
    uint32_t done = 0;
    do { /* as many Queries as the sources need; one about the group when there are none */
        q.sources = ask->sources + done;
        q.count = (uint16_t)(ask->count - done < most ? ask->count - done : most);
        if (pose(e, &q))
            amtg_count(e, AMTG_QUERIER_SPECIFIC, 1);
        done += q.count;
    } while (done < ask->count);
    amtg_finish(e, p);
}

/* ---- election ------------------------------------------------------------ */

static void log_state(const struct amtg_element *e, const char *reason)
{
    const struct amtg_querier *s = amtg_state(e);
    char text[AMTG_ADDR_TEXT];

    amtg_log(e, AMTG_LOG_INFO, "querier-elected", "old=%s new=%s other=%s reason=%s",
             s->quiet ? "querier" : "non-querier", s->quiet ? "non-querier" : "querier",
             amtg_addr_text(&s->other, text), reason);
}

/* RFC 3376, section 6.6.2: it has been silent for too long; this one asks again. */
static void fire_other_gone(struct amtg_element *e, struct amtg_timer *t)
{
    struct amtg_querier *s = amtg_state(e);

    (void)t;
    s->quiet = false;
    amtg_count(e, AMTG_QUERIER_ELECTIONS, 1);
    amtg_gauge(e, AMTG_QUERIER_QUERYING, 1);
    log_state(e, "other-querier-gone");
    fire_general(e, &s->general);
}

/*
 * May whoever asks from this address be elected? Not a snooping switch, which has none (RFC
 * 4541, section 2.1.1), and nobody who cannot be on the link. IGMPv1 has no election (RFC
 * 2236, section 4); MLD is asked from link-local addresses (RFC 3810, section 5.1.14).
 */
static bool is_electable(const struct amtg_querier *s, const struct amtg_query *q)
{
    const struct amtg_addr *source = &q->source;

    if (amtg_addr_is_unspecified(source) || amtg_addr_is_multicast(source))
        return false;
    if (!s->ip4)
        return amtg_addr_is_link_local(source);
    if (q->version == 1 || amtg_addr_is_loopback(source) ||
        memcmp(amtg_addr_octets4(source), "\xff\xff\xff\xff", 4) == 0)
        return false;
    if (!s->lan)
        return true;
    const struct amtg_lan_ops *lan = amtg_ops(s->lan, &amtg_lan);
    return !lan->is_elsewhere(s->lan, source);
}

/*
 * The lower address wins. Whoever asks from 0.0.0.0, not knowing its own address, gives way
 * to everybody who has one.
 */
static bool wins(const struct amtg_addr *own, const struct amtg_addr *source)
{
    return amtg_addr_is_unspecified(own) ||
           memcmp(source->octets, own->octets, sizeof source->octets) < 0;
}

/*
 * RFC 3376, sections 4.1.6, 4.1.7 and 8.5: the other is waited for by its own values, where it
 * says them. But no longer than by ours: one forged Query could silence us for two days.
 */
static uint64_t patience_ns(struct amtg_element *e, const struct amtg_query *q)
{
    const struct amtg_querier *s = amtg_state(e);
    uint64_t times = q->robustness ? q->robustness : s->robustness;
    uint64_t interval = q->interval_s ? q->interval_s * AMTG_S : s->query_interval_ns;
    uint64_t most = s->robustness * s->query_interval_ns, wanted = times * interval;

    if (wanted > most)
        amtg_count(e, AMTG_QUERIER_CAPPED, 1);
    return (wanted < most ? wanted : most) + s->query_response_interval_ns / 2;
}

/*
 * RFC 3376, section 7.3.1; RFC 3810, section 8.3.1: routers of one link speak one version, which
 * somebody has to see to. Hosts that hear an older Query report in that version, and are
 * understood.
 */
static void note_older(struct amtg_element *e, const struct amtg_query *q)
{
    struct amtg_querier *s = amtg_state(e);
    uint64_t now = amtg_now(e);
    char text[AMTG_ADDR_TEXT];

    if (q->version == (s->ip4 ? 3 : 2))
        return;
    amtg_count(e, AMTG_QUERIER_OLDER, 1);
    if (s->warned_ns && now - s->warned_ns < WARN_NS)
        return;
    s->warned_ns = now ? now : 1;
    amtg_log(e, AMTG_LOG_WARNING, "older-querier", "querier=%s version=%s%u",
             amtg_addr_text(&q->source, text), s->ip4 ? "IGMPv" : "MLDv", q->version);
}

static void give_way(struct amtg_element *e, const struct amtg_query *q)
{
    struct amtg_querier *s = amtg_state(e);

    amtg_timer_start(e, &s->other_gone, patience_ns(e, q));
    amtg_timer_stop(e, &s->general);
    s->other = q->source;
    if (s->quiet)
        return;
    s->quiet = true;
    s->startup_left = 0;
    amtg_count(e, AMTG_QUERIER_ELECTIONS, 1);
    amtg_gauge(e, AMTG_QUERIER_QUERYING, 0);
    log_state(e, "lower-address");
}

static void hear(struct amtg_element *e, const struct amtg_query *q)
{
    struct amtg_querier *s = amtg_state(e);
    struct amtg_addr own = own_address(s);

    if (!amtg_addr_is_unspecified(&own) && amtg_addr_equal(&q->source, &own)) {
        amtg_count(e, AMTG_QUERIER_OWN, 1);
        return;
    }
    amtg_count(e, AMTG_QUERIER_HEARD, 1);
    note_older(e, q);
    if (!is_electable(s, q))
        amtg_count(e, AMTG_QUERIER_NOT_ELECTABLE, 1);
    else if (wins(&own, &q->source))
        give_way(e, q);
}

static void take_query(struct amtg_element *e, struct amtg_packet *p)
{
    const struct amtg_querier *s = amtg_state(e);
    struct amtg_ip ip;
    struct amtg_query q;

    if (p->len && p->data[0] >> 4 == (s->ip4 ? 6 : 4)) {
        amtg_count(e, AMTG_QUERIER_OTHER_FAMILY, 1);
        amtg_finish(e, p);
        return;
    }
    enum amtg_ip_fault ip_fault = amtg_ip_parse(p->data, p->len, &ip);
    if (ip_fault) {
        amtg_drop(e, ip_fault - 1, p);
        return;
    }
    enum amtg_query_fault fault = amtg_query_parse(p->data, &ip, &q);
    if (fault) {
        amtg_drop(e, AMTG_QUERY_REASON(fault), p);
        return;
    }
    hear(e, &q);
    amtg_finish(e, p);
}

void amtg_querier_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    AMTG_EACH (packet, batch) {
        if (in == AMTG_QUERIER_ASKS)
            take_ask(e, packet);
        else
            take_query(e, packet);
    }
}

/* ---- life ---------------------------------------------------------------- */

void amtg_querier_check(const void *state, struct amtg_check *check)
{
    const struct amtg_querier *s = state;

    /* RFC 3376, section 8.3 */
    if (s->query_response_interval_ns >= s->query_interval_ns)
        amtg_check_problem(check, "query-response-interval", -1, "must be less than `query-interval`");
    if (amtg_addr_is_multicast(&s->source))
        amtg_check_problem(check, "source", -1, "a datagram cannot come from a group");
}

enum amtg_err amtg_querier_init(struct amtg_element *e, bool ip4)
{
    struct amtg_querier *s = amtg_state(e);

    s->ip4 = ip4;
    s->general.fire = fire_general;
    s->other_gone.fire = fire_other_gone;
    return AMTG_OK;
}

enum amtg_err amtg_querier_start(struct amtg_element *e)
{
    struct amtg_querier *s = amtg_state(e);

    s->startup_left = s->robustness; /* RFC 3376, section 8.7 */
    amtg_gauge(e, AMTG_QUERIER_QUERYING, 1);
    amtg_timer_start(e, &s->general, 0);
    return AMTG_OK;
}

void amtg_querier_stop(struct amtg_element *e)
{
    struct amtg_querier *s = amtg_state(e);

    amtg_timer_stop(e, &s->general);
    amtg_timer_stop(e, &s->other_gone);
}
