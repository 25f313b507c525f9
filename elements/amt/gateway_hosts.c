/*
 * Where relays are looked for: the hosts of `relay` or else `discovery`, given by
 * address or by name. Whoever `lookups` leads to resolves names. What was known of a
 * name stays when a later lookup fails.
 */
#include "elements/amt/gateway.h"
#include "elements/io/route.h"

void amtg_gw_hosts_init(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);
    const struct amtg_text_list *list = amtg_gw_discovers(g) ? &g->discovery : &g->relay;

    g->hosts = (struct amtg_gw_hosts){0};
    for (unsigned i = 0; i < list->count; i++) {
        struct amtg_gw_host *h = &g->hosts.items[g->hosts.count++];
        if (amtg_addr_parse(list->items[i], &h->addresses[0])) {
            h->count = 1;
            continue;
        }
        h->name = list->items[i];
        g->hosts.names = true;
    }
}

/* ---- which addresses are of use -------------------------------------------------------- */

static bool is_served(const struct amt_gateway *g, const struct amtg_addr *a)
{
    const struct amtg_source_address_ops *ops =
        g->socket ? amtg_ops(g->socket, &amtg_source_address) : NULL;

    return !ops || ops->serves(g->socket, amtg_addr_is4(a));
}

/* Nobody can be reached there, whatever a name server says. */
static bool is_fit(const struct amtg_addr *a)
{
    return !amtg_addr_is_unspecified(a) && !amtg_addr_is_multicast(a) &&
           !amtg_addr_is_link_local(a);
}

enum amtg_err amtg_gw_hosts_start(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);
    unsigned left = 0;

    for (unsigned i = 0; i < g->hosts.count; i++) {
        struct amtg_gw_host *h = &g->hosts.items[i];
        if (!h->name && !is_served(g, &h->addresses[0])) {
            amtg_count(e, AMTG_GW_ADDRESSES_UNSERVED, h->count);
            h->count = 0;
        }
        if (h->name && !e->outs[AMTG_GW_LOOKUPS].peer)
            return amtg_fail(e, AMTG_ECONFIG,
                             "%s is a name, and no edge leads from `lookups` to a name-lookup",
                             h->name);
        left += h->name != NULL || h->count != 0;
    }
    return left ? AMTG_OK
                : amtg_fail(e, AMTG_ECONFIG,
                            "`%s` has no address in the family of any that is to be asked",
                            g->socket->name);
}

static bool is_candidate(const struct amtg_gw_finder *f, const struct amtg_addr *a)
{
    for (unsigned i = 0; i < f->candidates_count; i++)
        if (amtg_addr_equal(&f->candidates[i], a))
            return true;
    return false;
}

/* The candidate asked last keeps its turn, wherever it now stands. */
unsigned amtg_gw_candidates(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);
    struct amtg_gw_finder *f = &g->finder;
    const struct amtg_addr last = f->candidates[f->candidate];

    f->candidate = f->candidates_count = 0;
    for (unsigned i = 0; i < g->hosts.count; i++)
        for (unsigned k = 0; k < g->hosts.items[i].count; k++) {
            const struct amtg_addr *a = &g->hosts.items[i].addresses[k];
            if (is_candidate(f, a))
                continue;
            if (amtg_addr_equal(a, &last))
                f->candidate = f->candidates_count;
            f->candidates[f->candidates_count++] = *a;
        }
    return f->candidates_count;
}

/* ---- lookups ----------------------------------------------------------------------------- */

bool amtg_gw_hosts_awaited(const struct amt_gateway *g)
{
    for (unsigned i = 0; i < g->hosts.count; i++)
        if (g->hosts.items[i].awaited)
            return true;
    return false;
}

/* A lookup that finds no buffer, or gets lost, is repeated when T_disc is over. */
void amtg_gw_hosts_look_up(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    for (unsigned i = 0; i < g->hosts.count; i++) {
        struct amtg_gw_host *h = &g->hosts.items[i];
        if (!h->name)
            continue;
        h->awaited = true;
        struct amtg_packet *p = amtg_make(e, AMTG_LOOKUP, sizeof(struct amtg_lookup));
        if (!p) {
            amtg_no_buffer_count(e);
            continue;
        }
        struct amtg_lookup *lookup = (struct amtg_lookup *)p->data;
        memcpy(lookup->name, h->name, strlen(h->name)); /* fits: it is a host name */
        amtg_count(e, AMTG_GW_LOOKUPS_SENT, 1);
        amtg_emit(e, AMTG_GW_LOOKUPS, p);
    }
}

/* What a host answers to from now on. */
static void keep(struct amtg_element *e, struct amtg_gw_host *h, const struct amtg_addresses *found)
{
    struct amt_gateway *g = amtg_state(e);
    char first[AMTG_ADDR_TEXT] = "none";

    h->count = 0;
    for (unsigned i = 0; i < found->count; i++) {
        const struct amtg_addr *a = &found->addresses[i];
        if (!is_fit(a))
            amtg_count(e, AMTG_GW_ADDRESSES_UNFIT, 1);
        else if (!is_served(g, a))
            amtg_count(e, AMTG_GW_ADDRESSES_UNSERVED, 1);
        else
            h->addresses[h->count++] = *a;
    }
    if (h->count)
        amtg_addr_text(&h->addresses[0], first);
    amtg_log(e, h->count ? AMTG_LOG_INFO : AMTG_LOG_WARNING, "gateway-addresses",
             "name=%s found=%u usable=%u first=%s", h->name, found->count, h->count, first);
}

static bool is_whole(const struct amtg_packet *p)
{
    const struct amtg_addresses *found = (const void *)p->data;

    return p->len >= sizeof *found && found->result < AMTG_LOOKUP_RESULTS &&
           found->count <= AMTG_LOOKUP_MOST &&
           p->len >= sizeof *found + found->count * sizeof found->addresses[0] &&
           memchr(found->name, '\0', sizeof found->name);
}

void amtg_gw_addresses(struct amtg_element *e, struct amtg_packet *p)
{
    struct amt_gateway *g = amtg_state(e);
    const struct amtg_addresses *found = (const void *)p->data;
    bool ours = false;

    if (!is_whole(p)) {
        amtg_drop(e, AMTG_GW_ADDRESSES_WRONG, p);
        return;
    }
    for (unsigned i = 0; i < g->hosts.count; i++) {
        struct amtg_gw_host *h = &g->hosts.items[i];
        if (!h->name || strcmp(h->name, found->name) != 0)
            continue;
        ours = true;
        h->awaited = false;
        if (found->result == AMTG_LOOKUP_FOUND) {
            keep(e, h, found);
        } else {
            amtg_count(e, AMTG_GW_LOOKUPS_FAILED, 1);
            amtg_log(e, AMTG_LOG_INFO, "gateway-lookup-failed", "name=%s kept=%u", h->name,
                     h->count);
        }
    }
    if (!ours) {
        amtg_drop(e, AMTG_GW_ADDRESSES_STRANGER, p);
        return;
    }
    amtg_finish(e, p);
    if (g->finder.state == AMTG_FINDER_LOOKING && !amtg_gw_hosts_awaited(g) &&
        amtg_gw_candidates(e))
        amtg_gw_finder_step(e, AMTG_FINDER_KNOWN);
}
