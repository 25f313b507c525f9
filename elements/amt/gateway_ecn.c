/*
 * The flag E of Requests: we heed the ECN field of what brings us Data, as amt-decap
 * does, so the relay may let the network mark it (RFC 9601, section 6.1.4.2).
 *
 * The RFC asks for it in each Request. But it is a reserved bit in RFC 7450, and Linux
 * relays drop Requests with such a bit. So a relay that does not answer is asked again
 * without it; and one that answers only then, twice in a row, is not asked with it for
 * an hour. Once might have been a lost datagram. Requests of Linux layout never have E.
 */
#include "elements/amt/gateway.h"

enum { PLAIN_TIMES = 2 };
#define PLAIN_FOR (3600 * AMTG_S)

static bool is_plain(const struct amtg_gw_cycle *c)
{
    const struct amt_gateway *g = amtg_gw_of(c->tunnel);

    return g->plain.times >= PLAIN_TIMES && amtg_now(c->tunnel->element) < g->plain.until_ns &&
           amtg_addr_equal(&g->plain.relay, &c->tunnel->relay);
}

bool amtg_gw_says_e(const struct amtg_gw_cycle *c)
{
    const struct amt_gateway *g = amtg_gw_of(c->tunnel);

    if (!g->ecn || g->compat == AMTG_GW_LINUX)
        return false;
    if (g->compat == AMTG_GW_STRICT)
        return true;
    return c->retries == 0 && !c->linux_bit && !c->tunnel->linux_relay && !is_plain(c);
}

void amtg_gw_e_answered(struct amtg_gw_cycle *c)
{
    struct amt_gateway *g = amtg_gw_of(c->tunnel);

    if (!c->e_tried)
        return;
    if (!amtg_addr_equal(&g->plain.relay, &c->tunnel->relay))
        g->plain.times = 0;
    g->plain.relay = c->tunnel->relay;
    g->plain.times = c->e ? 0 : g->plain.times + 1;
    g->plain.until_ns = amtg_now(c->tunnel->element) + PLAIN_FOR;
}
