/*
 * Telling a relay that we are gone: Teardowns (RFC 7450, section 5.2.3.7), or
 * Updates that remove everything (section 5.2.3.8).
 *
 * Timers:
 *   T_teardown  Teardown sent: random in (0, 1 s], until it was sent as often as the
 *               robustness of its Query says
 */
#include "core/cursor.h"
#include "elements/amt/gateway.h"
#include "elements/wire/checksum.h"
#include "elements/wire/igmp.h"
#include "elements/wire/mld.h"
#include "elements/wire/types.h"

/* ---- Teardowns -------------------------------------------------------------------- */

static void send_teardown(struct amtg_element *e, const struct amtg_gw_teardown *d)
{
    struct amtg_packet *p = amtg_gw_message(e, AMTG_AMT_TEARDOWN, AMTG_TEARDOWN_OCTETS);

    if (!p)
        return;
    memcpy(p->data, d->octets, AMTG_TEARDOWN_OCTETS);
    amtg_count(e, AMTG_GW_TEARDOWNS_SENT, 1);
    amtg_gw_send(e, p, &d->to.remote);
}

static void again_later(struct amtg_element *e, struct amtg_gw_teardown *d)
{
    if (d->left)
        amtg_timer_start(e, &d->t_teardown, 1 + amtg_random_below(e, AMTG_S));
}

static void t_teardown(struct amtg_element *e, struct amtg_timer *timer)
{
    struct amtg_gw_teardown *d = AMTG_CONTAINER(timer, struct amtg_gw_teardown, t_teardown);

    d->left--;
    send_teardown(e, d);
    again_later(e, d);
}

/* A free place, or that of the one with the fewest repeats to come. */
static struct amtg_gw_teardown *place(struct amt_gateway *g)
{
    struct amtg_gw_teardown *best = &g->teardowns[0];

    for (unsigned i = 1; i < AMTG_GW_TEARDOWNS; i++)
        if (g->teardowns[i].left < best->left)
            best = &g->teardowns[i];
    return best;
}

void amtg_gw_tear_down(struct amtg_gw_tunnel *t, const struct amtg_gw_query *old, bool once)
{
    struct amtg_element *e = t->element;
    struct amtg_gw_teardown *d = place(amtg_state(e));
    struct amtg_amt_teardown message = {
        .nonce = old->nonce, .gateway_port = old->gateway_port, .gateway = old->gateway};

    memcpy(message.mac, old->mac, sizeof message.mac);
    amtg_timer_stop(e, &d->t_teardown);
    amtg_amt_teardown_build(&message, d->octets);
    d->to.remote = t->relay;
    d->gateway = old->gateway;
    d->gateway_port = old->gateway_port;
    d->left = once || old->robustness == 0 ? 0 : old->robustness - 1u;
    t->update_last = false;
    send_teardown(e, d);
    again_later(e, d);
}

void amtg_gw_leave_cancel(struct amtg_element *e, const struct amtg_addr *relay,
                          const struct amtg_gw_query *present)
{
    struct amt_gateway *g = amtg_state(e);

    for (unsigned i = 0; i < AMTG_GW_TEARDOWNS; i++) {
        struct amtg_gw_teardown *d = &g->teardowns[i];
        if (!d->left || !amtg_addr_equal(&d->to.remote, relay) || !present->g ||
            d->gateway_port != present->gateway_port ||
            !amtg_addr_equal(&d->gateway, &present->gateway))
            continue;
        amtg_timer_stop(e, &d->t_teardown);
        d->left = 0;
    }
}

void amtg_gw_leave_stop(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    for (unsigned i = 0; i < AMTG_GW_TEARDOWNS; i++) {
        amtg_timer_stop(e, &g->teardowns[i].t_teardown);
        g->teardowns[i].left = 0;
    }
}

void amtg_gw_leave_init(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    for (unsigned i = 0; i < AMTG_GW_TEARDOWNS; i++)
        g->teardowns[i].t_teardown.fire = t_teardown;
}

/* ---- Updates that remove everything -------------------------------------------------- */

enum {
    RECORDS_OCTETS = 1100, /* of a report's group records: the message fits any path */
    RECORD_OCTETS = 4,     /* of a record, before group and sources */
    REPORT_OCTETS = 8,     /* of a report, before its records */
};

struct removal {
    struct amtg_gw_cycle *cycle;
    uint32_t address; /* octets of one */
    uint32_t used;
    uint16_t records;
    uint8_t octets[RECORDS_OCTETS];
};

static struct amtg_addr all_routers(bool ip4)
{
    static const uint8_t igmp[4] = {224, 0, 0, 22};
    static const uint8_t mld[16] = {0xff, 0x02, [15] = 0x16};

    return ip4 ? amtg_addr_from4(igmp) : amtg_addr_from6(mld);
}

static void put_address(struct removal *r, const struct amtg_addr *a)
{
    memcpy(r->octets + r->used, a->octets + 16 - r->address, r->address);
    r->used += r->address;
}

/* Send what is collected as one report (RFC 3376, section 4.2; RFC 3810, section 5.2). */
static void flush(struct removal *r)
{
    struct amtg_element *e = r->cycle->tunnel->element;
    const struct amt_gateway *g = amtg_state(e);
    bool ip4 = r->cycle->family == AMTG_GW_IGMP;
    struct amtg_ip_head head = {
        .src = g->inner_source[r->cycle->family],
        .dst = all_routers(ip4),
        .payload = REPORT_OCTETS + r->used,
        .protocol = ip4 ? IPPROTO_IGMP : IPPROTO_ICMPV6,
        .hops = 1,
        .tos = AMTG_TOS_CONTROL,
        .dont_fragment = true,
        .router_alert = true,
    };

    if (!r->records)
        return;
    struct amtg_packet *p =
        amtg_gw_message(e, AMTG_IP_RAW, amtg_ip_head_octets(&head) + head.payload);
    if (p) {
        uint8_t *report = p->data + amtg_ip_build(&head, p->data);
        memset(report, 0, REPORT_OCTETS);
        report[0] = ip4 ? AMTG_IGMP_V3_REPORT : AMTG_MLD_V2_REPORT;
        amtg_put_u16(report + 6, r->records);
        memcpy(report + REPORT_OCTETS, r->octets, r->used);
        uint64_t sum =
            ip4 ? 0 : amtg_sum_pseudo(0, &head.src, &head.dst, IPPROTO_ICMPV6, head.payload);
        amtg_put_u16(report + 2, amtg_checksum(amtg_sum(sum, report, head.payload)));
        amtg_gw_update(r->cycle, p);
    }
    r->used = r->records = 0;
}

/* Begin a record; its number of sources is to be filled in. */
static uint8_t *begin_record(struct removal *r, uint8_t type, const struct amtg_addr *group)
{
    if (r->used + RECORD_OCTETS + 2 * r->address > RECORDS_OCTETS)
        flush(r);
    uint8_t *record = r->octets + r->used;
    memset(record, 0, RECORD_OCTETS);
    record[0] = type;
    r->used += RECORD_OCTETS;
    put_address(r, group);
    r->records++;
    return record;
}

/*
 * What a host sends that leaves: BLOCK of its sources, or the change to INCLUDE{}
 * (RFC 3376, section 5.1).
 */
static void remove_wish(struct removal *r, const struct amtg_gw_wish *wish)
{
    const struct amtg_filter *filter = &wish->filter;

    if (filter->exclude) {
        begin_record(r, AMTG_TO_IN, &wish->group);
        return;
    }
    for (unsigned i = 0; i < filter->count;) {
        uint8_t *record = begin_record(r, AMTG_BLOCK, &wish->group);
        uint16_t sources = 0;
        while (i < filter->count && r->used + r->address <= RECORDS_OCTETS) {
            put_address(r, &filter->sources[i++].address);
            sources++;
        }
        amtg_put_u16(record + 2, sources);
    }
}

static void remove_all(struct amtg_gw_cycle *c)
{
    struct amt_gateway *g = amtg_state(c->tunnel->element);
    struct removal r = {.cycle = c, .address = c->family == AMTG_GW_IGMP ? 4 : 16};

    for (const struct amtg_gw_wish *wish = g->wishes[c->family].first; wish; wish = wish->next)
        remove_wish(&r, wish);
    flush(&r);
}

void amtg_gw_leave(struct amtg_gw_tunnel *t, bool once)
{
    const struct amt_gateway *g = amtg_state(t->element);
    const struct amtg_gw_query *torn = NULL;

    for (unsigned f = 0; f < AMTG_GW_FAMILIES; f++) {
        struct amtg_gw_cycle *c = &t->cycles[f];
        if (!c->used.valid || !amtg_gw_wanted(g, c->family))
            continue;
        if (!g->teardown || !c->used.g) {
            remove_all(c);
        } else if (!torn || torn->gateway_port != c->used.gateway_port ||
                   !amtg_addr_equal(&torn->gateway, &c->used.gateway)) {
            /* One Teardown removes what the endpoint has, of both families. */
            amtg_gw_tear_down(t, &c->used, once);
            torn = &c->used;
        }
    }
}
