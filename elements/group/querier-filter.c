/*
 * querier-filter: lets datagrams through only while our querier is the elected one of the link
 * that they go to (RFC 4605, section 4.2). Of several proxies on one LAN, one forwards.
 *
 * in:  ip
 * out: ip, untouched
 *
 *     elements:
 *       ours: {class: querier-filter, igmp: igmp-querier, mld: mld-querier}
 *     edges:
 *       - wanted -> ours -> lan
 */
#include "core/element.h"
#include "elements/group/querier_role.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"

enum forward { FORWARD_QUERIER, FORWARD_ALWAYS };
static const char *const forwards[] = {"querier", "always", NULL};

struct querier_filter {
    struct amtg_element *igmp, *mld; /* NULL: that family passes */
    int forward;
};

enum { OUT };
enum { NOT_QUERIER4, NOT_QUERIER6 };

static bool is_elected(const struct amtg_element *querier)
{
    if (!querier)
        return true;
    const struct amtg_querier_role_ops *role = amtg_ops(querier, &amtg_querier_role);
    return role->is_elected(querier);
}

static void querier_filter_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    const struct querier_filter *state = amtg_state(e);

    (void)in;
    AMTG_EACH (packet, batch) {
        bool ip4 = amtg_ip_is4(packet);
        if (state->forward == FORWARD_ALWAYS || is_elected(ip4 ? state->igmp : state->mld))
            amtg_emit(e, OUT, packet);
        else
            amtg_drop(e, ip4 ? NOT_QUERIER4 : NOT_QUERIER6, packet);
    }
}

const struct amtg_class amtg_querier_filter = {
    .name = "querier-filter",
    .summary = "lets datagrams through only while our querier is the elected one",
    .details =
        "Of several routers on a LAN the elected querier is the one that forwards, so that nothing "
        "comes there twice (RFC 4605, section 4.2). Each family has an election of its own: IPv4 "
        "goes by the querier that `igmp` names, IPv6 by `mld`; a family without one passes. When "
        "the elected querier is known to forward nothing, as a switch with a querier of its own, "
        "set `forward: always`.",
    .example = "elements:\n"
               "  tunnel:  {class: pcap-source, file: inner.pcap}\n"
               "  check:   {class: check-ip}\n"
               "  queries: {class: pcap-source, file: queries.pcap}\n"
               "  querier: {class: igmp-querier, source: 192.0.2.1}\n"
               "  ours:    {class: querier-filter, igmp: querier}\n"
               "  lan:     {class: raw-socket, interface: eth1}\n"
               "edges:\n"
               "  - queries -> querier.queries\n"
               "  - querier -> lan\n"
               "  - tunnel -> check -> ours -> lan\n",
    AMTG_INPUTS({"in", AMTG_IP, "datagrams for the link, verified", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_IP, "those that are ours to forward",
                          AMTG_CARRIES_TYPE | AMTG_CARRIES_TO}),
    .state_octets = sizeof(struct querier_filter),
    AMTG_PARAMS(AMTG_REF(struct querier_filter, igmp, &amtg_querier_role, false,
                         "the querier of IPv4"),
                AMTG_REF(struct querier_filter, mld, &amtg_querier_role, false,
                         "the querier of IPv6"),
                AMTG_ENUM(struct querier_filter, forward, "querier", forwards,
                          "while elected only, or always")),
    AMTG_DROPS([NOT_QUERIER4] = {"not-querier4", "IPv4, while another querier is elected"},
               [NOT_QUERIER6] = {"not-querier6", "IPv6, while another querier is elected"}),
    .push = querier_filter_push,
};
