/*
 * igmp-querier: asks the hosts of a LAN, or the kernel behind a tun, for their IPv4
 * memberships (RFC 3376, section 6.6).
 *
 * asks:    what to ask about a group
 * queries: whole datagrams with Queries of others, for the election
 * out:     whole datagrams with Queries
 *
 *     elements:
 *       igmp-querier: {class: igmp-querier}
 *     edges:
 *       - membership.asks -> igmp-querier.asks
 *       - igmp-querier -> lan
 */
#include "core/element.h"
#include "elements/group/querier.h"

static enum amtg_err igmp_querier_init(struct amtg_element *e)
{
    return amtg_querier_init(e, true);
}

const struct amtg_class amtg_igmp_querier = {
    .name = "igmp-querier",
    .summary = "asks the hosts of a LAN for their IPv4 memberships",
    .details =
        "General Queries of IGMPv3 every `query-interval`, the first `robustness` of them four "
        "times as fast (RFC 3376, sections 8.6 and 8.7). Hosts of versions 1 and 2 understand them. "
        "Each `ask` record becomes a Query about a group, or about sources of it, as many as `mtu` "
        "has room for; whoever writes the records repeats them.\n\n"
        "Where `queries` gives it the Queries that others send, the lowest address asks, and the "
        "others are quiet until it has not been heard for its robustness x its interval + half of "
        "`query-response-interval` (RFC 3376, section 6.6.2), but no longer than by their own "
        "values. IGMPv1 and addresses that cannot be of the link elect nobody; Queries of older "
        "versions are said as a warning, since all routers of a link have to speak one version "
        "(RFC 3376, section 7.3.1).\n\n"
        "With the source 0.0.0.0 its Queries come from the address of `lan`. Where that is not "
        "known, it gives way to everybody who has an address, and nobody gives way to it (RFC 4541, "
        "section 2.1.1). Behind a tun, 0.0.0.0 is right: Linux ignores Queries from an address of "
        "its own. Whether it is the elected one is what querier-filter asks. Asks and Queries of "
        "IPv6 are counted and left alone.",
    .example = "elements:\n"
               "  inner:      {class: pcap-source, file: reports.pcap}\n"
               "  igmp:       {class: igmp-parser}\n"
               "  membership: {class: membership, leave: query}\n"
               "  joins:      {class: discard}\n"
               "  querier:    {class: igmp-querier}\n"
               "  lan:        {class: raw-socket, interface: eth1}\n"
               "edges:\n"
               "  - inner -> igmp -> membership.reports\n"
               "  - membership.joins -> joins\n"
               "  - membership.asks -> querier.asks\n"
               "  - querier -> lan\n",
    .flags = AMTG_SINGLE,
    .state_octets = sizeof(struct amtg_querier),
    AMTG_INPUTS(AMTG_QUERIER_INPUT_PORTS),
    AMTG_OUTPUTS({"out", AMTG_IP, "whole datagrams with IGMP Queries", 0}),
    AMTG_PARAMS(AMTG_ADDRESS(struct amtg_querier, source, "0.0.0.0", 4, "of the Queries"),
                AMTG_QUERIER_SHARED_PARAMS),
    AMTG_COUNTERS(AMTG_QUERIER_COUNTER_TABLE),
    AMTG_DROPS(AMTG_QUERIER_DROP_TABLE),
    AMTG_PROVIDES({.interface = &amtg_querier_role, .ops = &amtg_querier_role_ops}),
    .check = amtg_querier_check,
    .init = igmp_querier_init,
    .start = amtg_querier_start,
    .stop = amtg_querier_stop,
    .push = amtg_querier_push,
};
