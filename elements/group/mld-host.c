/*
 * mld-host: says in MLD what is wanted of IPv6 groups, as a host does: reports at
 * every change, and answers to Queries (RFC 3810, section 6; RFC 7450, section 5.2.1).
 *
 * joins:   what is wanted of each group, in full
 * queries: whole datagrams with Queries
 * out:     whole datagrams with reports
 *
 *     elements:
 *       mld-host: {class: mld-host}
 *     edges:
 *       - membership.joins -> mld-host.joins
 *       - gateway.queries -> mld-host.queries
 *       - mld-host -> gateway.reports
 */
#include "core/element.h"
#include "elements/group/host.h"

static enum amtg_err mld_host_init(struct amtg_element *e)
{
    return amtg_host_init(e, false);
}

const struct amtg_class amtg_mld_host = {
    .name = "mld-host",
    .summary = "reports in MLD what is wanted of IPv6 groups, and answers Queries",
    .details =
        "The host side of MLDv2 (RFC 3810, section 6). As igmp-host does in IGMPv3: what has "
        "changed is reported at once, and again at random within a second, as many times in all as "
        "the robustness of the last Query; a General Query is answered with all groups, one about "
        "an address or sources with what of them is wanted; what waits is merged. At once unless "
        "`answer: delayed`, as RFC 7450, section 5.2.1 allows. A group that is not said again for "
        "`hold` is left. When the graph stops, all are.\n\n"
        "Reports are whole datagrams to ff02::16, with Router Alert in a hop-by-hop header and hop "
        "limit 1, of at most `mtu` octets. A record with more sources is split: TO_IN as TO_IN and "
        "ALLOW, since a second TO_IN would take back the first; EXCLUDE says the first sources only "
        "(RFC 3810, section 5.2.15).\n\n"
        "Joins and Queries of IPv4 are counted and left alone, so that an igmp-host can stand "
        "beside it behind a tee. SSM groups (ff3x::/32) have to name sources (RFC 4604); ff02::1 "
        "and groups of interface scope are never reported. With `older-versions`, General Queries "
        "of MLDv1 make it speak that version for a while (RFC 3810, section 8.2); relays never send "
        "these.",
    .example = "elements:\n"
               "  wish:    {class: subscribe, channels: [\"2001:db8::1@ff3e::8000:1\"]}\n"
               "  queries: {class: pcap-source, file: queries.pcap}\n"
               "  host:    {class: mld-host}\n"
               "  show:    {class: print}\n"
               "  end:     {class: discard}\n"
               "edges:\n"
               "  - wish -> host.joins\n"
               "  - queries -> host.queries\n"
               "  - host -> show -> end\n",
    .flags = AMTG_BREAKS,
    .state_octets = sizeof(struct amtg_host),
    AMTG_INPUTS(AMTG_HOST_INPUT_PORTS),
    AMTG_OUTPUTS({"out", AMTG_IP, "whole datagrams with MLD reports", 0}),
    AMTG_PARAMS(AMTG_ADDRESS(struct amtg_host, source, "fe80::2", 6,
                             "of the reports; routers on a LAN take link-local ones only"),
                AMTG_HOST_SHARED_PARAMS),
    AMTG_COUNTERS(AMTG_HOST_COUNTER_TABLE),
    AMTG_DROPS(AMTG_HOST_DROP_TABLE),
    .init = mld_host_init,
    .stop = amtg_host_stop,
    .fini = amtg_host_fini,
    .push = amtg_host_push,
};
