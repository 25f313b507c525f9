/*
 * mld-querier: asks the hosts of a LAN, or the kernel behind a tun, for their IPv6
 * memberships (RFC 3810, section 7.6).
 *
 * asks:    what to ask about a group
 * queries: whole datagrams with Queries of others, for the election
 * out:     whole datagrams with Queries
 *
 *     elements:
 *       mld-querier: {class: mld-querier}
 *     edges:
 *       - membership.asks -> mld-querier.asks
 *       - mld-querier -> lan
 */
#include "core/element.h"
#include "elements/group/querier.h"

static enum amtg_err mld_querier_init(struct amtg_element *e)
{
    return amtg_querier_init(e, false);
}

const struct amtg_class amtg_mld_querier = {
    .name = "mld-querier",
    .summary = "asks the hosts of a LAN for their IPv6 memberships",
    .details =
        "As igmp-querier, in MLDv2 (RFC 3810, section 7.6): General Queries every "
        "`query-interval`, the first `robustness` of them four times as fast; each `ask` record "
        "becomes a Query about an address, or about sources of it. Hosts of MLDv1 understand "
        "them.\n\n"
        "Where `queries` gives it the Queries that others send from link-local addresses, the "
        "lowest address asks, and the others are quiet until it has not been heard for its "
        "robustness x its interval + half of `query-response-interval` (RFC 3810, section 7.6.2), "
        "but no longer than by their own values. Hosts answer only Queries from a link-local "
        "address: with the source :: they come from that of `lan`. Whether it is the elected one "
        "is what querier-filter asks. Asks and Queries of IPv4 are counted and left alone.",
    .example = "elements:\n"
               "  inner:      {class: pcap-source, file: reports.pcap}\n"
               "  mld:        {class: mld-parser}\n"
               "  membership: {class: membership, leave: query}\n"
               "  joins:      {class: discard}\n"
               "  querier:    {class: mld-querier}\n"
               "  lan:        {class: raw-socket, interface: eth1}\n"
               "edges:\n"
               "  - inner -> mld -> membership.reports\n"
               "  - membership.joins -> joins\n"
               "  - membership.asks -> querier.asks\n"
               "  - querier -> lan\n",
    .flags = AMTG_SINGLE,
    .state_octets = sizeof(struct amtg_querier),
    AMTG_INPUTS(AMTG_QUERIER_INPUT_PORTS),
    AMTG_OUTPUTS({"out", AMTG_IP, "whole datagrams with MLD Queries", 0}),
    AMTG_PARAMS(AMTG_ADDRESS(struct amtg_querier, source, "fe80::1", 6, "of the Queries"),
                AMTG_QUERIER_SHARED_PARAMS),
    AMTG_COUNTERS(AMTG_QUERIER_COUNTER_TABLE),
    AMTG_DROPS(AMTG_QUERIER_DROP_TABLE),
    AMTG_PROVIDES({.interface = &amtg_querier_role, .ops = &amtg_querier_role_ops}),
    .check = amtg_querier_check,
    .init = mld_querier_init,
    .start = amtg_querier_start,
    .stop = amtg_querier_stop,
    .push = amtg_querier_push,
};
