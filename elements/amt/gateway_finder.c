/*
 * Finding a relay (RFC 7450, section 5.2.3.4; RFC 8777, section 3.3).
 *
 * Timers:
 *   T_disc     Discovery sent: random in [1 s, min(1 s * 2^retries, 120 s)]; and the
 *              pause before discovery starts over, by the same formula; and so long
 *              after a lookup of names that brought nothing
 *   hold-down  of a relay: 10 min after L, 3 to 10 min after no traffic; kept as a
 *              date, no timer of its own
 */
#include "elements/amt/gateway.h"
#include "elements/wire/types.h"

/*
 * Relays that are given are candidates whose Advertisements are known: each gets its
 * turn, but for the one that serves already and those that are held down.
 */
static void choose_given(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);
    struct amtg_gw_finder *f = &g->finder;

    for (unsigned i = 0; i < f->candidates_count && !g->moving; i++) {
        unsigned turn = (f->next + i) % f->candidates_count;
        const struct amtg_addr *relay = &f->candidates[turn];
        if (amtg_gw_is_held(e, relay) ||
            (g->serving && amtg_addr_equal(&g->serving->relay, relay)))
            continue;
        f->candidate = turn;
        f->next = turn + 1;
        amtg_gw_finder_step(e, AMTG_FINDER_ADVERTISED);
        amtg_gw_found(e, relay);
        return;
    }
    amtg_gw_finder_step(e, g->serving ? AMTG_FINDER_QUIET : AMTG_FINDER_ALL_HELD);
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
    amtg_gw_send(e, p, &g->finder.candidates[g->finder.candidate]);
}

/* Unpredictable and not 0 (RFC 7450, section 5.2.3.4.5). */
static void new_nonce(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    do
        g->finder.nonce = amtg_random_u32(e);
    while (g->finder.nonce == 0);
}

/* Ask the candidate whose turn it is. There is one at least. */
static void ask(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    g->finder.tries = 0;
    g->finder.refused = 0;
    if (!amtg_gw_discovers(g)) {
        choose_given(e);
        return;
    }
    new_nonce(e);
    discover(e);
}

void amtg_gw_finder_ask(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    g->finder.retries = 0;
    amtg_gw_candidates(e);
    ask(e);
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

    f->candidate = (f->candidate + 1) % f->candidates_count;
    f->retries = f->candidate == 0 ? f->retries + 1 : f->retries - f->tries;
    f->tries = 0;
    new_nonce(e);
    discover(e);
}

/* The candidates were made when there turned out to be some. */
void amtg_gw_finder_ask_known(struct amtg_element *e)
{
    ask(e);
}

/* ---- names ------------------------------------------------------------------------- */

/* Random back-off between lookups, too (RFC 8777, section 3.5). */
static void look_up(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    amtg_timer_start(e, &g->finder.t_disc,
                     amtg_gw_back_off(e, AMTG_GW_RETRY_FIRST, g->finder.looks, g->retry_most_ns));
    amtg_gw_hosts_look_up(e);
}

void amtg_gw_finder_look_up(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    g->finder.retries = 0;
    g->finder.looks = 0;
    look_up(e);
}

void amtg_gw_finder_look_up_again(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    if (g->finder.looks < UINT32_MAX)
        g->finder.looks++;
    look_up(e);
}

/* All candidates have had their turn: the names may have others by now. */
void amtg_gw_finder_look_up_next(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    g->finder.candidate = 0;
    g->finder.retries++;
    g->finder.looks = 0;
    look_up(e);
}

/* ---- pauses -------------------------------------------------------------------------- */

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
    if (g->hosts.names && first - now > g->retry_most_ns)
        first = now + g->retry_most_ns; /* a name may lead elsewhere sooner */
    amtg_timer_start(e, &g->finder.t_disc, first - now);
}

void amtg_gw_finder_stop(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);
    amtg_timer_stop(e, &g->finder.t_disc);
}

/* What the end of T_disc means. */
static enum amtg_gw_finder_event over(struct amtg_element *e)
{
    const struct amt_gateway *g = amtg_state(e);
    const struct amtg_gw_finder *f = &g->finder;

    switch (f->state) {
    case AMTG_FINDER_PAUSED:
        return g->hosts.names ? AMTG_FINDER_LOOK : AMTG_FINDER_T_DISC;
    case AMTG_FINDER_LOOKING: /* whose name is not found is left out, or asked where it was */
        return amtg_gw_candidates(e) ? AMTG_FINDER_KNOWN : AMTG_FINDER_T_DISC;
    default:
        if (f->tries < g->retries)
            return AMTG_FINDER_T_DISC;
        return g->hosts.names && f->candidate + 1 >= f->candidates_count ? AMTG_FINDER_LOOK
                                                                         : AMTG_FINDER_NEXT;
    }
}

static void t_disc(struct amtg_element *e, struct amtg_timer *t)
{
    (void)t;
    amtg_gw_finder_step(e, over(e));
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
    amtg_gw_finder_step(e, before           ? AMTG_FINDER_SEEK_LATER
                           : g->hosts.names ? AMTG_FINDER_LOOK
                                            : AMTG_FINDER_SEEK);
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
    const struct amtg_addr *asked = &g->finder.candidates[g->finder.candidate];

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
        bool last = ++g->finder.refused >= g->finder.candidates_count;
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
