/* Reports of the host part in, Membership Updates out (RFC 7450, section 5.2.3.6). */
#include "elements/amt/gateway.h"
#include "elements/wire/igmp.h"
#include "elements/wire/mld.h"
#include "elements/wire/types.h"

void amtg_gw_update(struct amtg_gw_cycle *c, struct amtg_packet *p)
{
    struct amtg_element *e = c->tunnel->element;
    uint8_t *head = amtg_packet_push(p, AMTG_UPDATE_HEAD_OCTETS);

    if (!head) {
        amtg_drop_no_buffer(e, p);
        return;
    }
    /* Nonce and MAC of the last Query, also while the next one is awaited (section 5.2.3.6.2). */
    struct amtg_amt_update message = {.nonce = c->last.nonce};
    memcpy(message.mac, c->last.mac, sizeof message.mac);
    amtg_amt_update_head(&message, head);
    p->type = AMTG_AMT_UPDATE;
    c->used = c->last;
    c->tunnel->update_last = true;
    amtg_count(e, AMTG_GW_UPDATES, 1);
    amtg_gw_send(e, p, &c->tunnel->relay);
    if (amtg_gw_wanted(amtg_state(e), c->family))
        amtg_gw_expect_data(e);
}

/* AMTG_GW_DROPS: a report, leave or done of a version that Updates may carry. */
static unsigned check(const struct amtg_packet *p, struct amtg_ip *ip)
{
    enum amtg_ip_fault bad_ip = amtg_ip_parse(p->data, p->len, ip);
    enum amtg_report_fault bad_report;

    if (bad_ip)
        return bad_ip - 1;
    if (ip->version == 4)
        bad_report = amtg_igmp_report_check(p->data, ip, false, false);
    else
        bad_report = amtg_mld_report_check(p->data, ip, false);
    return bad_report ? (unsigned)AMTG_REPORT_REASON(bad_report) : (unsigned)AMTG_GW_DROPS;
}

void amtg_gw_report(struct amtg_element *e, struct amtg_packet *p)
{
    struct amt_gateway *g = amtg_state(e);
    struct amtg_ip ip;
    unsigned fault = check(p, &ip);

    if (fault != AMTG_GW_DROPS) {
        amtg_drop(e, fault, p);
        return;
    }
    amtg_packet_trim(p, ip.total); /* one relay refuses Updates with octets behind the report */
    enum amtg_gw_family family = ip.version == 4 ? AMTG_GW_IGMP : AMTG_GW_MLD;
    bool wanted_before = amtg_gw_wanted(g, family);
    unsigned records = amtg_gw_wishes_apply(&g->wishes[family], p->data + ip.transport,
                                            ip.total - ip.transport, ip.version == 4);
    g->inner_source[family] = ip.src;
    amtg_gw_wishes_changed(e);

    struct amtg_gw_cycle *c = g->serving ? &g->serving->cycles[family] : NULL;
    bool wanted = wanted_before || amtg_gw_wanted(g, family);
    if (records == 0 || (!wanted && !(c && c->used.valid)))
        amtg_drop(e, AMTG_GW_REPORT_EMPTY, p);
    else if (!c)
        amtg_drop(e, AMTG_GW_REPORT_NO_RELAY, p);
    else if (!amtg_gw_has_query(c))
        amtg_drop(e, AMTG_GW_REPORT_NO_QUERY, p);
    else
        amtg_gw_update(c, p);
}
