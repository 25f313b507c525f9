/* What the class amt-gateway shows when asked: its tunnels, and the search for a relay. */
#include "core/listing.h"
#include "elements/amt/gateway.h"

static void relay_cell(struct amtg_rows *rows, const struct amtg_addr *relay)
{
    char text[AMTG_ADDR_TEXT];

    if (amtg_addr_is_unspecified(relay))
        amtg_cell_none(rows);
    else
        amtg_cell_text(rows, "%s", amtg_addr_text(relay, text));
}

static void timer_cell(struct amtg_element *e, const struct amtg_timer *t, struct amtg_rows *rows)
{
    if (amtg_timer_running(t))
        amtg_cell_time(rows, t->deadline_ns > amtg_now(e) ? t->deadline_ns - amtg_now(e) : 0);
    else
        amtg_cell_none(rows);
}

static void show_finder(struct amtg_element *e, struct amtg_rows *rows)
{
    const struct amt_gateway *g = amtg_state(e);
    const struct amtg_gw_finder *f = &g->finder;
    static const struct amtg_addr nobody;

    amtg_row(rows);
    amtg_cell_text(rows, "search");
    amtg_cell_none(rows);
    relay_cell(rows, f->candidates_count && f->state == AMTG_FINDER_ASKING
                         ? &f->candidates[f->candidate % f->candidates_count] : &nobody);
    amtg_cell_text(rows, "%s", amtg_gw_finder_state_name(f->state));
    amtg_cell_number(rows, f->retries);
    timer_cell(e, &f->t_disc, rows);
    amtg_cell_none(rows);
    amtg_cell_none(rows);
    amtg_cell_none(rows);
}

static void show_cycle(struct amtg_element *e, const struct amtg_gw_tunnel *t,
                       const struct amtg_gw_cycle *c, struct amtg_rows *rows)
{
    const struct amt_gateway *g = amtg_state(e);
    char text[AMTG_ADDR_TEXT];

    amtg_row(rows);
    amtg_cell_text(rows, "%s", t == g->serving ? "serving" : t == g->moving ? "next" : "old");
    amtg_cell_text(rows, "%s", amtg_gw_family_name(c->family));
    relay_cell(rows, &t->relay);
    amtg_cell_text(rows, "%s", amtg_gw_cycle_state_name(c->state));
    amtg_cell_number(rows, c->retries);
    timer_cell(e, c->state == AMTG_CYCLE_ACTIVE ? &c->t_query : &c->t_req, rows);
    if (c->last.valid && c->last.g)
        amtg_cell_text(rows, strchr(amtg_addr_text(&c->last.gateway, text), ':') ? "[%s]:%u" : "%s:%u",
                       text, c->last.gateway_port);
    else
        amtg_cell_none(rows);
    amtg_cell_number(rows, g->wishes[c->family].count);
    if (g->data_seen)
        amtg_cell_time(rows, amtg_now(e) - g->data_ns);
    else
        amtg_cell_none(rows);
}

static uint64_t tunnel(struct amtg_element *e, uint64_t cursor, struct amtg_rows *rows)
{
    const struct amt_gateway *g = amtg_state(e);

    (void)cursor;
    show_finder(e, rows);
    for (unsigned i = 0; i < 2; i++)
        for (unsigned f = 0; f < AMTG_GW_FAMILIES && g->tunnels[i].open; f++)
            show_cycle(e, &g->tunnels[i], &g->tunnels[i].cycles[f], rows);
    return 0;
}

const struct amtg_listing amtg_gw_listings[AMTG_GW_LISTINGS] = {
    {.name = "tunnel", .help = "the tunnel to the relay, and the search for one", .rows = tunnel,
     AMTG_COLUMNS({"tunnel", NULL, "search, serving, or the next one that takes over"},
                  {"family", NULL, "igmp for IPv4 groups, mld for IPv6 ones"},
                  {"relay", NULL, "its address"}, {"state", NULL, "of the search, or of asking it"},
                  {"retries", "messages", "sent again without an answer"},
                  {"next", "s", "until it asks again"},
                  {"seen-as", NULL, "our address and port as the relay sees them"},
                  {"groups", "groups", "that are wanted"}, {"data", "s", "since the last packet"})},
};
