/*
 * Membership Queries in: which are acceptable, and what follows from one (RFC 7450,
 * section 5.2.3.5.4).
 */
#include "elements/amt/gateway.h"
#include "elements/wire/types.h"

enum {
    DEFAULT_ROBUSTNESS = 2,   /* for QRV 0, which some relays send (RFC 3376, section 8.1) */
    DEFAULT_INTERVAL_S = 125, /* for QQIC 0 (RFC 3376, section 8.2) */
};

/* ---- Queries: are they acceptable? (section 5.2.3.5.4) -------------------------------- */

static struct amtg_gw_tunnel *tunnel_from(struct amt_gateway *g, const struct amtg_peer *from)
{
    for (unsigned i = 0; i < 2; i++)
        if (g->tunnels[i].open && from->remote_port == g->port &&
            amtg_addr_equal(&from->remote, &g->tunnels[i].relay))
            return &g->tunnels[i];
    return NULL;
}

static enum amtg_gw_drop reason_of(enum amtg_gw_query_fault fault)
{
    switch (fault) {
    case AMTG_GW_FAULT_TYPE:
        return AMTG_GW_QUERY_TYPE;
    case AMTG_GW_FAULT_CHECKSUM:
        return AMTG_GW_QUERY_CHECKSUM;
    case AMTG_GW_FAULT_SPECIFIC:
        return AMTG_GW_QUERY_SPECIFIC;
    case AMTG_GW_FAULT_ALERT:
        return AMTG_GW_QUERY_ALERT;
    default:
        return AMTG_GW_QUERY_IP;
    }
}

/*
 * An IGMPv3 answer to what a Linux relay would have taken for a Request for MLD: the
 * relay reads P as the RFC says. Ask it so, once.
 */
static void correct(struct amtg_gw_cycle *c)
{
    if (c->family != AMTG_GW_MLD || !c->linux_bit || amtg_gw_of(c->tunnel)->compat == AMTG_GW_LINUX)
        return;
    c->tunnel->linux_relay = false;
    if (c->corrected)
        return;
    c->corrected = true;
    c->linux_bit = false;
    amtg_gw_put_request(c);
}

/* The cycle that the Query answers, or NULL and why it answers none. */
static struct amtg_gw_cycle *match(struct amtg_gw_tunnel *t, const struct amtg_amt_query *query,
                                   const struct amtg_packet *p, struct amtg_gw_general *general,
                                   enum amtg_gw_drop *why)
{
    struct amtg_gw_cycle *any = NULL;
    bool waits = false;

    for (unsigned f = 0; f < AMTG_GW_FAMILIES; f++) {
        struct amtg_gw_cycle *c = &t->cycles[f];
        waits |= amtg_gw_awaits_query(c);
        if (amtg_gw_awaits_query(c) && c->nonce == query->nonce)
            any = c;
    }
    *why = waits ? AMTG_GW_QUERY_NONCE : AMTG_GW_QUERY_UNEXPECTED;
    if (!any)
        return NULL;
    uint32_t room = p->len - AMTG_QUERY_HEAD_OCTETS - (query->g ? AMTG_QUERY_GATEWAY_OCTETS : 0);
    enum amtg_gw_query_fault fault = amtg_gw_query_check(query->inner, room, general);
    *why = reason_of(fault);
    if (fault)
        return NULL;
    struct amtg_gw_cycle *c = &t->cycles[general->ip4 ? AMTG_GW_IGMP : AMTG_GW_MLD];
    if (amtg_gw_awaits_query(c) && c->nonce == query->nonce)
        return c;
    *why = AMTG_GW_QUERY_FAMILY;
    correct(any);
    return NULL;
}

/* ---- Queries: what follows --------------------------------------------------------------- */

/* For how long the last Query is good: as it says, but neither endless nor a spin. */
static uint64_t interval_ns(const struct amt_gateway *g, uint32_t interval_s)
{
    uint64_t ns = (interval_s ? interval_s : DEFAULT_INTERVAL_S) * AMTG_S;

    if (g->interval_cap_ns && ns > g->interval_cap_ns)
        ns = g->interval_cap_ns;
    return ns < g->interval_floor_ns ? g->interval_floor_ns : ns;
}

/* Does the relay see us elsewhere than when we last reported to it (section 5.2.3.7.1)? */
static bool moved(const struct amtg_gw_query *before, const struct amtg_gw_query *now)
{
    return before->valid && before->g && now->g &&
           (before->gateway_port != now->gateway_port ||
            !amtg_addr_equal(&before->gateway, &now->gateway));
}

/*
 * The old endpoint still gets Data that no longer reaches us, or is somebody else's by
 * now: tear it down. All that it had goes, so the other family asks anew at once.
 */
static void leave_old_endpoint(struct amtg_gw_cycle *c, const struct amtg_gw_query *now)
{
    struct amtg_gw_cycle *other = amtg_gw_other(c);
    struct amt_gateway *g = amtg_gw_of(c->tunnel);

    if (!moved(&c->used, now))
        return;
    amtg_count(c->tunnel->element, AMTG_GW_ADDRESS_CHANGES, 1);
    amtg_log(c->tunnel->element, AMTG_LOG_INFO, "gateway-moved", "family=%s port=%u was=%u",
             amtg_gw_family_name(c->family), now->gateway_port, c->used.gateway_port);
    if (g->teardown)
        amtg_gw_tear_down(c->tunnel, &c->used, false);
    if (moved(&other->used, now)) {
        other->used.valid = false; /* torn down with it */
        amtg_gw_cycle_renew(other);
    }
    c->used.valid = false;
}

/* The Query is in c->last and c->held. */
void amtg_gw_cycle_accept(struct amtg_gw_cycle *c)
{
    struct amtg_gw_tunnel *t = c->tunnel;
    struct amt_gateway *g = amtg_gw_of(t);

    amtg_timer_stop(t->element, &c->t_req);
    /* It was away, so that Data stopped was no fault of a source: be as watchful as at first. */
    if (t == g->serving && c->retries)
        g->silence_now_ns = g->silence_ns;
    c->retries = 0;
    if (c->last.l) {
        /* We may stay, but should look for another (RFC 8777, section 3.3.5). */
        if (amtg_gw_has_choice(g)) {
            amtg_gw_hold_down(t->element, &t->relay, g->hold_down_ns);
            amtg_gw_seek(t->element);
        }
    } else {
        g->finder.restarts = 0;
        if (t == g->serving && !g->moving && !amtg_gw_is_held(t->element, &t->relay))
            amtg_gw_finder_step(t->element, AMTG_FINDER_QUIET);
    }
    if (t == g->serving)
        amtg_gw_hand_over(c);
}

/* L, and the relay has nothing of ours: it would ignore our Updates (section 5.2.3.5.4). */
static void refuse(struct amtg_gw_cycle *c)
{
    struct amtg_gw_tunnel *t = c->tunnel;
    struct amt_gateway *g = amtg_gw_of(t);

    amtg_gw_hold_down(t->element, &t->relay, g->hold_down_ns);
    amtg_gw_cycle_step(c, AMTG_CYCLE_REFUSED);
    amtg_gw_close(t);
    if (!g->serving && g->moving)
        amtg_gw_move(g->moving, &t->relay); /* it is all that is left */
    else if (amtg_gw_wanted(g, AMTG_GW_IGMP) || amtg_gw_wanted(g, AMTG_GW_MLD))
        amtg_gw_seek(t->element);
}

/* Does the relay hold subscriptions of ours? It answers for the endpoint, not the family. */
static bool knows_us(const struct amtg_gw_tunnel *t)
{
    const struct amt_gateway *g = amtg_gw_of(t);

    for (unsigned f = 0; f < AMTG_GW_FAMILIES; f++)
        if (t->cycles[f].used.valid && amtg_gw_wanted(g, t->cycles[f].family))
            return true;
    return false;
}

/* An MLD Query to a Request of Linux layout, and without what Linux does not know. */
static void learn_linux(struct amtg_gw_cycle *c, const struct amtg_gw_query *query)
{
    bool was = c->tunnel->linux_relay;

    if (c->family != AMTG_GW_MLD)
        return;
    c->tunnel->linux_relay = c->linux_bit && !query->g && !query->l;
    if (!was && c->tunnel->linux_relay && amtg_gw_has_query(amtg_gw_other(c)))
        amtg_gw_cycle_renew(amtg_gw_other(c)); /* its nonce is worth nothing any more */
}

void amtg_gw_query(struct amtg_element *e, struct amtg_packet *p)
{
    struct amt_gateway *g = amtg_state(e);
    struct amtg_gw_tunnel *t = tunnel_from(g, &p->peer);
    struct amtg_gw_general general;
    struct amtg_amt_query query;
    enum amtg_gw_drop why;

    if (amtg_amt_query_parse(p->data, p->len, &query)) {
        amtg_drop(e, AMTG_GW_QUERY_SHORT, p);
        return;
    }
    if (!t) {
        amtg_drop(e, AMTG_GW_QUERY_SOURCE, p);
        return;
    }
    struct amtg_gw_cycle *c = match(t, &query, p, &general, &why);
    if (!c) {
        amtg_drop(e, why, p);
        return;
    }
    struct amtg_gw_query now = {
        .valid = true, .g = query.g, .l = query.l, .nonce = query.nonce,
        .gateway = query.gateway, .gateway_port = query.gateway_port,
        .robustness = general.robustness ? general.robustness : DEFAULT_ROBUSTNESS,
    };
    memcpy(now.mac, query.mac, sizeof now.mac);
    amtg_count(e, c->family == AMTG_GW_IGMP ? AMTG_GW_IGMP_QUERIES : AMTG_GW_MLD_QUERIES, 1);
    amtg_count(e, AMTG_GW_LIMITED, now.l);
    if (now.l && !knows_us(t)) {
        amtg_drop(e, AMTG_GW_QUERY_REFUSED, p);
        refuse(c);
        return;
    }
    leave_old_endpoint(c, &now);
    amtg_gw_leave_cancel(e, &t->relay, &now);
    c->last = now;
    /* Nothing but the inner datagram goes on (section 5.2.3.5.4). */
    amtg_packet_pull(p, AMTG_QUERY_HEAD_OCTETS);
    amtg_packet_trim(p, general.total);
    p->type = AMTG_IP_RAW;
    amtg_gw_drop_held(c);
    c->held = p;
    amtg_timer_start(e, &c->t_query, interval_ns(g, general.interval_s));
    amtg_gw_e_answered(c);
    amtg_gw_cycle_step(c, AMTG_CYCLE_QUERY);
    learn_linux(c, &now);
    amtg_gw_consider_move(t);
}
