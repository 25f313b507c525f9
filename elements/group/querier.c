#include "elements/group/querier.h"

enum { OUT, STARTUP_SHARE = 4 };

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
        .source = s->source,
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
 * Does a Query from this address win? The lower address does. 0.0.0.0 is that of a
 * snooping switch, which never wins (RFC 4541, section 2.1.1); so whoever asks from
 * it, not knowing its own address, gives way to everybody who has one.
 */
static bool wins(const struct amtg_querier *s, const struct amtg_addr *source)
{
    return amtg_addr_is_unspecified(&s->source) ||
           memcmp(source->octets, s->source.octets, sizeof source->octets) < 0;
}

static void hear(struct amtg_element *e, const struct amtg_query *q)
{
    struct amtg_querier *s = amtg_state(e);

    if (amtg_addr_equal(&q->source, &s->source)) {
        amtg_count(e, AMTG_QUERIER_OWN, 1);
        return;
    }
    amtg_count(e, AMTG_QUERIER_HEARD, 1);
    /* RFC 3810, section 5.1.14: Queries of MLD come from link-local addresses. */
    if (amtg_addr_is_unspecified(&q->source) ||
        (!s->ip4 && !amtg_addr_is_link_local(&q->source))) {
        amtg_count(e, AMTG_QUERIER_NOT_ELECTABLE, 1);
        return;
    }
    if (!wins(s, &q->source))
        return;
    /* RFC 3376, sections 4.1.6, 4.1.7 and 8.5: by the other's own values, where it says them. */
    uint64_t times = q->robustness ? q->robustness : s->robustness;
    uint64_t interval = q->interval_s ? q->interval_s * AMTG_S : s->query_interval_ns;
    amtg_timer_start(e, &s->other_gone, times * interval + s->query_response_interval_ns / 2);
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
