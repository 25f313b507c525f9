/*
 * Finding a relay (RFC 7450, section 5.2.3.4; RFC 8777, section 3.3).
 *
 * Timers:
 *   T_disc     Discovery sent: random in [1 s, min(1 s * 2^retries, 120 s)]; and the
 *              pause before discovery starts over, by the same formula
 *   hold-down  of a relay: 10 min after L, 3 to 10 min after no traffic; kept as a
 *              date, no timer of its own
 */
#include "elements/amt/gateway.h"
#include "elements/wire/types.h"

/* A relay that is configured is a candidate whose Advertisement is known. */
static bool ask_configured(struct amtg_element *e)
{
    const struct amt_gateway *g = amtg_state(e);

    if (amtg_gw_discovers(g))
        return false;
    if (amtg_gw_is_held(e, &g->relay.items[0])) {
        amtg_gw_finder_step(e, AMTG_FINDER_ALL_HELD);
    } else {
        amtg_gw_finder_step(e, AMTG_FINDER_ADVERTISED);
        amtg_gw_found(e, &g->relay.items[0]);
    }
    return true;
}

static void discover(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);
    struct amtg_amt_discovery message = {.nonce = g->finder.nonce};
    struct amtg_packet *p = amtg_gw_message(e, AMTG_AMT_DISCOVERY, AMTG_DISCOVERY_OCTETS);

    amtg_timer_start(e, &g->finder.t_disc,
                     amtg_gw_back_off(e, AMTG_GW_RETRY_FIRST, g->finder.retries, g->retry_most_ns));
    if (!p)
        return; /* T_disc repeats it */
    amtg_amt_discovery_build(&message, p->data);
    amtg_count(e, AMTG_GW_DISCOVERIES, 1);
    amtg_gw_send(e, p, &g->discovery.items[g->finder.candidate]);
}

/* Unpredictable and not 0 (RFC 7450, section 5.2.3.4.5). */
static void new_nonce(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    do
        g->finder.nonce = amtg_random_u32(e);
    while (g->finder.nonce == 0);
}

void amtg_gw_finder_ask(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    g->finder.tries = 0;
    g->finder.refused = 0;
    if (ask_configured(e))
        return;
    g->finder.retries = 0;
    new_nonce(e);
    discover(e);
}

void amtg_gw_finder_ask_again(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    g->finder.tries++;
    g->finder.retries++;
    discover(e);
}

/*
 * Another address is another discovery, so a new nonce; the back-off goes on once all
 * addresses have had their turn.
 */
void amtg_gw_finder_ask_next(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);
    struct amtg_gw_finder *f = &g->finder;

    f->candidate = (f->candidate + 1) % g->discovery.count;
    f->retries = f->candidate == 0 ? f->retries + 1 : f->retries - f->tries;
    f->tries = 0;
    new_nonce(e);
    discover(e);
}

void amtg_gw_finder_pause(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);
    unsigned pauses = g->finder.restarts - 2; /* before this one: the first time there was none */

    amtg_timer_start(e, &g->finder.t_disc,
                     amtg_gw_back_off(e, AMTG_GW_RETRY_FIRST, pauses, g->retry_most_ns));
}

/* Every relay that is known of is held down: wait for the first to be let go. */
void amtg_gw_finder_wait_for_release(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);
    uint64_t now = amtg_now(e), first = UINT64_MAX;

    for (unsigned i = 0; i < AMTG_GW_HELD; i++)
        if (g->finder.held[i].until_ns > now && g->finder.held[i].until_ns < first)
            first = g->finder.held[i].until_ns;
    if (first == UINT64_MAX || first - now < AMTG_GW_RETRY_FIRST)
        first = now + AMTG_GW_RETRY_FIRST;
    amtg_timer_start(e, &g->finder.t_disc, first - now);
}

void amtg_gw_finder_stop(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);
    amtg_timer_stop(e, &g->finder.t_disc);
}

static void t_disc(struct amtg_element *e, struct amtg_timer *t)
{
    struct amt_gateway *g = amtg_state(e);

    (void)t;
    bool over = g->finder.state == AMTG_FINDER_ASKING && g->finder.tries >= g->retries;
    amtg_gw_finder_step(e, over ? AMTG_FINDER_NEXT : AMTG_FINDER_T_DISC);
}

void amtg_gw_finder_init(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);
    g->finder.t_disc.fire = t_disc;
}

/*
 * Starting over is backed off until a relay has served: relays that advertise and then
 * refuse cannot make us spin.
 */
void amtg_gw_seek(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    if (g->finder.state != AMTG_FINDER_OFF)
        return;
    unsigned before = g->finder.restarts;
    if (before < UINT32_MAX)
        g->finder.restarts++;
    amtg_gw_finder_step(e, before ? AMTG_FINDER_SEEK_LATER : AMTG_FINDER_SEEK);
}

/* ---- hold-down (RFC 8777, sections 3.3.4.1 and 3.3.5) ----------------------------- */

void amtg_gw_hold_down(struct amtg_element *e, const struct amtg_addr *relay, uint64_t ns)
{
    struct amt_gateway *g = amtg_state(e);
    unsigned place = 0;
    char text[AMTG_ADDR_TEXT];

    /* Its own place, else the one that is or gets free first. */
    for (unsigned i = 0; i < AMTG_GW_HELD; i++) {
        if (g->finder.held[i].until_ns && amtg_addr_equal(&g->finder.held[i].relay, relay)) {
            place = i;
            break;
        }
        if (g->finder.held[i].until_ns < g->finder.held[place].until_ns)
            place = i;
    }
    g->finder.held[place].relay = *relay;
    g->finder.held[place].until_ns = amtg_now(e) + ns;
    amtg_log(e, AMTG_LOG_INFO, "gateway-hold-down", "relay=%s seconds=%llu",
             amtg_addr_text(relay, text), (unsigned long long)(ns / AMTG_S));
}

bool amtg_gw_is_held(struct amtg_element *e, const struct amtg_addr *relay)
{
    const struct amt_gateway *g = amtg_state(e);

    for (unsigned i = 0; i < AMTG_GW_HELD; i++)
        if (g->finder.held[i].until_ns > amtg_now(e) &&
            amtg_addr_equal(&g->finder.held[i].relay, relay))
            return true;
    return false;
}

/* ---- Advertisements (RFC 7450, section 5.2.3.4.4) ---------------------------------- */

static bool is_broadcast(const struct amtg_addr *a)
{
    return amtg_addr_is4(a) && amtg_addr_octets4(a)[0] >= 240;
}

/* AMTG_GW_DROPS: acceptable. */
static enum amtg_gw_drop check(struct amtg_element *e, const struct amtg_packet *p,
                               struct amtg_amt_advertisement *ad)
{
    const struct amt_gateway *g = amtg_state(e);
    const struct amtg_addr *asked = &g->discovery.items[g->finder.candidate];

    if (amtg_amt_advertisement_parse(p->data, p->len, ad))
        return AMTG_GW_AD_LENGTH;
    if (g->finder.state != AMTG_FINDER_ASKING)
        return AMTG_GW_AD_UNEXPECTED;
    if (!amtg_addr_equal(&p->peer.remote, asked) || p->peer.remote_port != g->port)
        return AMTG_GW_AD_SOURCE;
    if (ad->nonce != g->finder.nonce)
        return AMTG_GW_AD_NONCE;
    if (amtg_addr_is4(&ad->relay) != amtg_addr_is4(asked))
        return AMTG_GW_AD_FAMILY;
    /* The length says the family (section 5.1.2.5): no IPv4-mapped address in 24 octets. */
    if (amtg_addr_is4(&ad->relay) != (p->len == AMTG_ADVERTISEMENT4_OCTETS))
        return AMTG_GW_AD_FAMILY;
    if (amtg_addr_is_unspecified(&ad->relay) || amtg_addr_is_multicast(&ad->relay) ||
        (amtg_addr_is_loopback(&ad->relay) && !amtg_addr_is_loopback(asked)) ||
        amtg_addr_is_link_local(&ad->relay) || is_broadcast(&ad->relay))
        return AMTG_GW_AD_RELAY;
    return AMTG_GW_DROPS;
}

void amtg_gw_advertisement(struct amtg_element *e, struct amtg_packet *p)
{
    struct amt_gateway *g = amtg_state(e);
    struct amtg_amt_advertisement ad;
    enum amtg_gw_drop fault = check(e, p, &ad);

    if (fault != AMTG_GW_DROPS) {
        amtg_drop(e, fault, p);
        return;
    }
    /* RFC 8777, section 3.3.4.1: a relay that is held down is no candidate. */
    if (amtg_gw_is_held(e, &ad.relay)) {
        amtg_drop(e, AMTG_GW_AD_HELD_DOWN, p);
        bool last = ++g->finder.refused >= g->discovery.count;
        if (last && g->serving)
            amtg_gw_finder_step(e, AMTG_FINDER_QUIET);
        else
            amtg_gw_finder_step(e, last ? AMTG_FINDER_ALL_HELD : AMTG_FINDER_HELD_DOWN);
        return;
    }
    amtg_finish(e, p);
    amtg_count(e, AMTG_GW_ADVERTISEMENTS, 1);
    amtg_gw_finder_step(e, AMTG_FINDER_ADVERTISED);
    amtg_gw_found(e, &ad.relay);
}
