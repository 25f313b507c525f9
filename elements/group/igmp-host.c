/*
 * igmp-host: says in IGMP what is wanted of IPv4 groups, as a host does: reports at
 * every change, and answers to Queries (RFC 3376, section 5; RFC 7450, section 5.2.1).
 *
 * joins:   what is wanted of each group, in full
 * queries: whole datagrams with Queries
 * out:     whole datagrams with reports
 *
 *     elements:
 *       igmp-host: {class: igmp-host}
 *     edges:
 *       - membership.joins -> igmp-host.joins
 *       - gateway.queries -> igmp-host.queries
 *       - igmp-host -> gateway.reports
 */
#include "core/element.h"
#include "elements/group/host.h"

static enum amtg_err igmp_host_init(struct amtg_element *e)
{
    return amtg_host_init(e, true);
}

const struct amtg_class amtg_igmp_host = {
    .name = "igmp-host",
    .summary = "reports in IGMP what is wanted of IPv4 groups, and answers Queries",
    .details =
        "The host side of IGMPv3 (RFC 3376, section 5). `joins` says in full what is wanted of a "
        "group; what has changed is reported at once, and again at random within a second, as many "
        "times in all as the robustness of the last Query. What is still to be repeated is merged "
        "with later changes. A General Query is answered with all groups, one about a group or "
        "sources with what of them is wanted; merged with answers that wait (RFC 3376, section "
        "5.2), and at once unless `answer: delayed`, as RFC 7450, section 5.2.1 allows. Joins are "
        "soft state: a group that is not said again for `hold` is left. When the graph stops, all "
        "are.\n\n"
        "Reports are whole datagrams to 224.0.0.22, with Router Alert and TTL 1, of at most `mtu` "
        "octets. A record with more sources is split: TO_IN as TO_IN and ALLOW, since a second "
        "TO_IN would take back the first; EXCLUDE says the first sources only (RFC 3376, section "
        "4.2.16).\n\n"
        "Joins and Queries of IPv6 are counted and left alone, so that a mld-host can stand beside "
        "it behind a tee. SSM groups (232.0.0.0/8) have to name sources (RFC 4604), 224.0.0.1 is "
        "never reported. With `older-versions`, General Queries of IGMPv1 and v2 make it speak that "
        "version for a while (RFC 3376, section 7.2); relays never send these.",
    .example = "elements:\n"
               "  wish:    {class: subscribe, channels: [198.51.100.12@232.1.2.3]}\n"
               "  queries: {class: pcap-source, file: queries.pcap}\n"
               "  host:    {class: igmp-host}\n"
               "  show:    {class: print}\n"
               "  end:     {class: discard}\n"
               "edges:\n"
               "  - wish -> host.joins\n"
               "  - queries -> host.queries\n"
               "  - host -> show -> end\n",
    .flags = AMTG_BREAKS,
    .state_octets = sizeof(struct amtg_host),
    AMTG_INPUTS(AMTG_HOST_INPUT_PORTS),
    AMTG_OUTPUTS({"out", AMTG_IP, "whole datagrams with IGMP reports", 0}),
    AMTG_PARAMS(AMTG_ADDRESS(struct amtg_host, source, "0.0.0.0", 4,
                             "of the reports; any is taken (RFC 3376, 4.2.13)"),
                AMTG_HOST_SHARED_PARAMS),
    AMTG_COUNTERS(AMTG_HOST_COUNTER_TABLE),
    AMTG_DROPS(AMTG_HOST_DROP_TABLE),
    .init = igmp_host_init,
    .stop = amtg_host_stop,
    .fini = amtg_host_fini,
    .push = amtg_host_push,
};
