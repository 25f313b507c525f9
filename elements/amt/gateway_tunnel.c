/*
 * Tunnels and their Request cycles (RFC 7450, section 5.2.3.5).
 *
 * Timers of each cycle:
 *   T_req    Request sent: random in [1 s, min(1 s * 2^n, 120 s)]; while Data flowed
 *            lately, in [1 s, 2 s]
 *   T_query  Query accepted: its interval, from `interval-floor` up to `interval-cap`
 *
 * One relay serves. When another is found, its tunnel gets no reports until it has
 * answered for each family that the present one serves with a Query without L: so
 * nothing is lost on the way (RFC 8777, section 3.2.3).
 */
#include "elements/amt/gateway.h"
#include "elements/wire/types.h"

enum { LINUX_AFTER = 2 }; /* Requests of the RFC's layout before the other is tried */

void amtg_gw_drop_held(struct amtg_gw_cycle *c)
{
    if (c->held)
        amtg_drop(c->tunnel->element, AMTG_GW_QUERY_GIVEN_UP, c->held);
    c->held = NULL;
}

/* ---- Requests -------------------------------------------------------------------- */

/*
 * Where P goes. Linux relays have it at the other end of the octet and drop what has
 * it where the RFC wants it. A relay known for that gets the one and the other in
 * turn; an unknown one that stays silent is tried too. IGMP has P=0 in both.
 */
static bool linux_bit(const struct amtg_gw_cycle *c)
{
    const struct amt_gateway *g = amtg_gw_of(c->tunnel);
    bool even = c->retries % 2 == 0;

    if (c->family == AMTG_GW_IGMP || g->compat == AMTG_GW_STRICT)
        return false;
    if (g->compat == AMTG_GW_LINUX)
        return true;
    return even && (c->tunnel->linux_relay || c->retries >= LINUX_AFTER);
}

void amtg_gw_put_request(struct amtg_gw_cycle *c)
{
    struct amtg_element *e = c->tunnel->element;
    struct amtg_packet *p = amtg_gw_message(e, AMTG_AMT_REQUEST, AMTG_REQUEST_OCTETS);
    struct amtg_amt_request message = {
        .nonce = c->nonce,
        .p = c->family == AMTG_GW_MLD && !c->linux_bit,
        .e = c->e,
        .linux_p = c->linux_bit,
    };

    c->sent_ns = amtg_now(e);
    c->asked = true;
    if (!p)
        return; /* T_req repeats it */
    amtg_amt_request_build(&message, p->data);
    if (c->linux_bit)
        p->data[1] |= 0x80;
    amtg_count(e, AMTG_GW_REQUESTS, 1);
    amtg_count(e, AMTG_GW_LINUX_REQUESTS, c->linux_bit);
    amtg_count(e, AMTG_GW_ECN_REQUESTS, c->e);
    c->tunnel->update_last = false;
    amtg_gw_send(e, p, &c->tunnel->relay);
}

/*
 * How long to wait for the Query. A relay that served a moment ago may be back any
 * time, so there the back-off stays at its first step; it goes on from there.
 */
static uint64_t patience(struct amtg_gw_cycle *c)
{
    struct amtg_element *e = c->tunnel->element;
    const struct amt_gateway *g = amtg_state(e);
    bool lately = g->serving == c->tunnel && g->data_seen &&
                  amtg_now(e) - g->data_ns < g->quick_ns;

    if (c->retries == 0)
        c->steps = 0;
    else if (!lately || c->steps == 0)
        c->steps++;
    return amtg_gw_back_off(e, AMTG_GW_RETRY_FIRST, c->steps, g->retry_most_ns);
}

static void send_request(struct amtg_gw_cycle *c)
{
    struct amtg_element *e = c->tunnel->element;

    c->linux_bit = linux_bit(c);
    c->e = amtg_gw_says_e(c);
    c->e_tried |= c->e;
    amtg_timer_start(e, &c->t_req, patience(c));
    amtg_gw_put_request(c);
}

/*
 * A new Request Nonce, unpredictable and not 0 (section 5.2.3.5.6; one relay takes 0
 * for invalid). A Linux relay remembers one nonce for both families.
 */
static uint32_t new_nonce(const struct amtg_gw_cycle *c)
{
    const struct amtg_gw_cycle *other = amtg_gw_other(c);
    struct amtg_element *e = c->tunnel->element;
    uint32_t nonce;

    if ((c->tunnel->linux_relay || amtg_gw_of(c->tunnel)->compat == AMTG_GW_LINUX) &&
        amtg_gw_awaits_query(other) && other->asked && other->sent_ns == amtg_now(e))
        return other->nonce;
    do
        nonce = amtg_random_u32(e);
    while (nonce == 0);
    return nonce;
}

void amtg_gw_cycle_request(struct amtg_gw_cycle *c)
{
    struct amtg_gw_cycle *other = amtg_gw_other(c);

    amtg_timer_stop(c->tunnel->element, &c->t_query);
    c->nonce = new_nonce(c);
    c->retries = 0;
    c->corrected = c->e_tried = false;
    send_request(c);
    /* What the relay now remembers is no longer the other family's. */
    if ((c->tunnel->linux_relay || amtg_gw_of(c->tunnel)->compat == AMTG_GW_LINUX) &&
        amtg_gw_has_query(other) && other->nonce != c->nonce &&
        amtg_gw_wanted(amtg_gw_of(c->tunnel), other->family))
        amtg_gw_cycle_step(other, AMTG_CYCLE_RENEW);
}

void amtg_gw_cycle_request_again(struct amtg_gw_cycle *c)
{
    if (c->retries < UINT32_MAX)
        c->retries++;
    send_request(c);
}

/*
 * The relay does not answer: look for another (section 5.2.3.5.3), and go on asking
 * this one. Not while it answers for the other family.
 */
void amtg_gw_cycle_request_and_seek(struct amtg_gw_cycle *c)
{
    struct amtg_gw_tunnel *t = c->tunnel;
    struct amt_gateway *g = amtg_gw_of(t);

    amtg_gw_cycle_request_again(c);
    if (t == g->moving) {
        amtg_gw_consider_move(t);
        if (t == g->moving) { /* it would serve less than the present one */
            amtg_gw_close(t);
            amtg_gw_seek(t->element);
        }
    } else if (amtg_gw_has_choice(g) && amtg_gw_other(c)->state != AMTG_CYCLE_ACTIVE) {
        amtg_gw_seek(t->element);
    }
}

void amtg_gw_cycle_forget(struct amtg_gw_cycle *c)
{
    amtg_timer_stop(c->tunnel->element, &c->t_req);
    amtg_timer_stop(c->tunnel->element, &c->t_query);
    amtg_gw_drop_held(c);
    c->last.valid = c->used.valid = false;
    c->asked = false;
}

/* ---- timers ------------------------------------------------------------------------ */

/* Without a subscription nothing is asked; a tunnel without cycles is given up. */
static void unwanted(struct amtg_gw_cycle *c)
{
    amtg_gw_cycle_step(c, AMTG_CYCLE_UNWANTED);
    if (amtg_gw_other(c)->state == AMTG_CYCLE_IDLE)
        amtg_gw_close(c->tunnel);
}

static void t_req(struct amtg_element *e, struct amtg_timer *timer)
{
    struct amtg_gw_cycle *c = AMTG_CONTAINER(timer, struct amtg_gw_cycle, t_req);
    const struct amt_gateway *g = amtg_state(e);

    if (!amtg_gw_wanted(g, c->family))
        unwanted(c);
    else
        amtg_gw_cycle_step(c, c->retries >= g->retries ? AMTG_CYCLE_SILENT : AMTG_CYCLE_T_REQ);
}

static void t_query(struct amtg_element *e, struct amtg_timer *timer)
{
    struct amtg_gw_cycle *c = AMTG_CONTAINER(timer, struct amtg_gw_cycle, t_query);

    if (!amtg_gw_wanted(amtg_state(e), c->family))
        unwanted(c);
    else
        amtg_gw_cycle_step(c, AMTG_CYCLE_T_QUERY);
}

/* ---- beginning, renewing, closing ---------------------------------------------------- */

/* Whatever makes us ask again, it is AMTG_GW_SPACING apart. */
void amtg_gw_cycle_renew(struct amtg_gw_cycle *c)
{
    struct amtg_element *e = c->tunnel->element;
    uint64_t since = amtg_now(e) - c->sent_ns;

    if (!amtg_gw_wanted(amtg_gw_of(c->tunnel), c->family))
        return;
    if (c->state == AMTG_CYCLE_IDLE)
        amtg_gw_cycle_step(c, AMTG_CYCLE_BEGIN);
    else if (!c->asked || since >= AMTG_GW_SPACING)
        amtg_gw_cycle_step(c, AMTG_CYCLE_RENEW);
    else if (c->state == AMTG_CYCLE_ACTIVE)
        amtg_timer_start(e, &c->t_query, AMTG_GW_SPACING - since);
}

void amtg_gw_renew(struct amtg_gw_tunnel *t)
{
    for (unsigned f = 0; f < AMTG_GW_FAMILIES && t->open; f++)
        amtg_gw_cycle_renew(&t->cycles[f]);
}

void amtg_gw_close(struct amtg_gw_tunnel *t)
{
    struct amt_gateway *g = amtg_gw_of(t);

    for (unsigned f = 0; f < AMTG_GW_FAMILIES; f++)
        amtg_gw_cycle_step(&t->cycles[f], AMTG_CYCLE_CLOSE);
    t->open = false;
    if (g->moving == t)
        g->moving = NULL;
    if (g->serving == t) {
        g->serving = NULL;
        g->data_seen = false;
        amtg_timer_stop(t->element, &g->t_silence);
        amtg_timer_stop(t->element, &g->t_traffic);
        amtg_timer_stop(t->element, &g->t_address);
    }
    amtg_gw_show(t->element);
}

static struct amtg_gw_tunnel *open_tunnel(struct amtg_element *e, const struct amtg_addr *relay)
{
    struct amt_gateway *g = amtg_state(e);
    struct amtg_gw_tunnel *t = &g->tunnels[g->tunnels[0].open];

    t->open = true;
    t->relay = *relay;
    t->linux_relay = t->update_last = t->local_known = false;
    return t;
}

/* The relay that serves is `t` from now on. */
static void serve(struct amtg_gw_tunnel *t)
{
    struct amt_gateway *g = amtg_gw_of(t);

    g->serving = t;
    g->data_seen = false;
    g->silence_now_ns = g->silence_ns;
    if (g->socket && g->address_check_ns)
        amtg_timer_start(t->element, &g->t_address, g->address_check_ns);
}

void amtg_gw_found(struct amtg_element *e, const struct amtg_addr *relay)
{
    struct amt_gateway *g = amtg_state(e);

    if (g->serving && amtg_addr_equal(&g->serving->relay, relay)) {
        /* The same relay again: nothing to move to. */
        if (g->moving)
            amtg_gw_close(g->moving);
        amtg_gw_renew(g->serving);
        return;
    }
    if (g->moving)
        amtg_gw_close(g->moving);
    if (g->serving && !g->serving->cycles[AMTG_GW_IGMP].last.valid &&
        !g->serving->cycles[AMTG_GW_MLD].last.valid)
        amtg_gw_close(g->serving); /* it has never answered */
    if (g->serving) {
        g->moving = open_tunnel(e, relay);
        amtg_gw_renew(g->moving);
    } else {
        serve(open_tunnel(e, relay));
        amtg_gw_renew(g->serving);
    }
    amtg_gw_show(e);
}

void amtg_gw_wishes_changed(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);
    bool any = amtg_gw_wanted(g, AMTG_GW_IGMP) || amtg_gw_wanted(g, AMTG_GW_MLD);

    amtg_gw_show(e);
    if (!any) {
        g->finder.restarts = 0;
        g->finder.next = 0; /* who comes first is tried first again */
        amtg_gw_finder_step(e, AMTG_FINDER_QUIET);
        if (g->moving)
            amtg_gw_close(g->moving);
        amtg_timer_stop(e, &g->t_traffic);
        amtg_timer_stop(e, &g->t_silence);
    } else if (!g->serving) {
        amtg_gw_seek(e);
    }
    for (unsigned i = 0; i < 2; i++)
        for (unsigned f = 0; f < AMTG_GW_FAMILIES && g->tunnels[i].open; f++)
            if (g->tunnels[i].cycles[f].state == AMTG_CYCLE_IDLE)
                amtg_gw_cycle_renew(&g->tunnels[i].cycles[f]);
}

void amtg_gw_tunnels_init(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    for (unsigned i = 0; i < 2; i++) {
        g->tunnels[i].element = e;
        for (unsigned f = 0; f < AMTG_GW_FAMILIES; f++) {
            struct amtg_gw_cycle *c = &g->tunnels[i].cycles[f];
            c->tunnel = &g->tunnels[i];
            c->family = (enum amtg_gw_family)f;
            c->t_req.fire = t_req;
            c->t_query.fire = t_query;
        }
    }
}

/* ---- moving to another relay (RFC 8777, section 3.2.3) ------------------------------- */

/* The host part answers the Query, if there is one, with what is subscribed now. */
void amtg_gw_hand_over(struct amtg_gw_cycle *c)
{
    struct amtg_element *e = c->tunnel->element;
    struct amtg_packet *p = c->held;

    c->held = NULL;
    if (p)
        amtg_emit(e, AMTG_GW_QUERIES, p);
}

static bool ready(const struct amtg_gw_tunnel *t)
{
    const struct amt_gateway *g = amtg_gw_of(t);
    bool any = false;

    for (unsigned f = 0; f < AMTG_GW_FAMILIES; f++) {
        const struct amtg_gw_cycle *c = &t->cycles[f];
        if (!amtg_gw_wanted(g, c->family))
            continue;
        any |= c->state == AMTG_CYCLE_ACTIVE;
        /* A family that the present relay does not serve either need not be waited for. */
        if (c->state != AMTG_CYCLE_ACTIVE &&
            (c->retries < g->retries || amtg_gw_has_query(&g->serving->cycles[f])))
            return false;
    }
    return any;
}

void amtg_gw_move(struct amtg_gw_tunnel *t, const struct amtg_addr *from)
{
    struct amt_gateway *g = amtg_gw_of(t);
    char text[AMTG_ADDR_TEXT], to[AMTG_ADDR_TEXT];

    amtg_count(t->element, AMTG_GW_RELAY_CHANGES, 1);
    amtg_log(t->element, AMTG_LOG_INFO, "gateway-relay", "from=%s to=%s",
             amtg_addr_text(from, text), amtg_addr_text(&t->relay, to));
    g->moving = NULL;
    serve(t);
    amtg_gw_finder_step(t->element, AMTG_FINDER_QUIET);
    for (unsigned f = 0; f < AMTG_GW_FAMILIES; f++)
        amtg_gw_hand_over(&t->cycles[f]);
    amtg_gw_show(t->element);
}

void amtg_gw_consider_move(struct amtg_gw_tunnel *t)
{
    struct amt_gateway *g = amtg_gw_of(t);
    struct amtg_gw_tunnel *old = g->serving;

    if (t != g->moving || !ready(t))
        return;
    amtg_gw_leave(old, false);
    amtg_gw_close(old);
    amtg_gw_move(t, &old->relay);
}
