/*
 * members-filter: lets through the multicast datagrams that somebody wants, and no
 * others (RFC 3376, section 6.3; RFC 4605, section 4.2).
 *
 * in:  ip
 * out: ip, untouched
 *
 *     elements:
 *       wanted: {class: members-filter, members: membership}
 *     edges:
 *       - decap -> check -> wanted -> lan
 */
#include "core/element.h"
#include "elements/group/members.h"
#include "elements/wire/ip.h"
#include "elements/wire/mld.h"
#include "elements/wire/types.h"

struct members_filter {
    struct amtg_element *members;
};

enum { OUT };
enum { NOT_MULTICAST, NO_MEMBER, GROUP_MANAGEMENT, ICMP, SOURCE_SCOPE };

/*
 * Queries and Reports are for one link (RFC 3376, section 4; RFC 3810, section 5). From
 * elsewhere, one to a group that is wanted could unseat the querier of this link, or speak
 * for its hosts.
 */
static bool is_group_management(const struct amtg_packet *p)
{
    if (p->protocol == IPPROTO_IGMP)
        return true;
    if (p->protocol != IPPROTO_ICMPV6 || p->len <= p->transport)
        return false;
    switch (p->data[p->transport]) {
    case AMTG_MLD_QUERY:
    case AMTG_MLD_V1_REPORT:
    case AMTG_MLD_V1_DONE:
    case AMTG_MLD_V2_REPORT:
        return true;
    default:
        return false;
    }
}

/*
 * All else of ICMPv6 but Echo Requests is for one link (RFC 4861: an Advertisement would make
 * a router, with addresses and a default route, of whoever sends it) or for one host (errors
 * and answers: RFC 4443). The kernel does not mind that it came to a group.
 */
static bool is_icmp6_but_echo(const struct amtg_packet *p)
{
    enum { ECHO_REQUEST = 128 };

    return p->protocol == IPPROTO_ICMPV6 && p->len > p->transport &&
           p->data[p->transport] != ECHO_REQUEST;
}

static void members_filter_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    const struct members_filter *state = amtg_state(e);
    const struct amtg_members_ops *members = amtg_ops(state->members, &amtg_members);

    (void)in;
    AMTG_EACH (packet, batch) {
        struct amtg_addr source = amtg_ip_source(packet), group = amtg_ip_destination(packet);

        if (!amtg_addr_is_multicast(&group))
            amtg_drop(e, NOT_MULTICAST, packet);
        else if (is_group_management(packet))
            amtg_drop(e, GROUP_MANAGEMENT, packet);
        else if (is_icmp6_but_echo(packet))
            amtg_drop(e, ICMP, packet);
        else if (amtg_source_stays_on_link(&source))
            amtg_drop(e, SOURCE_SCOPE, packet);
        else if (!members->lookup(state->members, &source, &group))
            amtg_drop(e, NO_MEMBER, packet);
        else
            amtg_emit(e, OUT, packet);
    }
}

const struct amtg_class amtg_members_filter = {
    .name = "members-filter",
    .summary = "lets through the multicast datagrams that somebody wants",
    .details =
        "Asks whom `members` names, once per packet, whether anybody wants the packets of its "
        "source to its group. What comes through a tunnel or a shared link may be more than that: "
        "the merged wish of all receivers is wider than that of one, and a channel that has just "
        "been left still comes for a while. What is for one link only does not pass, whoever wants "
        "its group: it could change the routers and addresses of hosts behind.",
    .example = "elements:\n"
               "  tunnel: {class: pcap-source, file: inner.pcap}\n"
               "  check:  {class: check-ip}\n"
               "  wish:   {class: subscribe, channels: [198.51.100.12@232.1.2.3, 239.1.1.1]}\n"
               "  joins:  {class: discard}\n"
               "  wanted: {class: members-filter, members: wish}\n"
               "  end:    {class: discard}\n"
               "edges:\n"
               "  - wish -> joins\n"
               "  - tunnel -> check -> wanted -> end\n",
    AMTG_INPUTS({"in", AMTG_IP, "multicast datagrams, verified", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_IP, "those that somebody wants",
                          AMTG_CARRIES_TYPE | AMTG_CARRIES_TO}),
    .state_octets = sizeof(struct members_filter),
    AMTG_PARAMS(AMTG_REF(struct members_filter, members, &amtg_members, true,
                         "knows who wants a channel")),
    AMTG_DROPS([NOT_MULTICAST] = {"not-multicast", "the destination is no group"},
               [NO_MEMBER] = {"no-member", "nobody wants this source and group"},
               [GROUP_MANAGEMENT] = {"group-management",
                                     "IGMP or MLD, which never leaves its own link"},
               [ICMP] = {"icmp", "ICMPv6 other than Echo Request: for one link or one host (RFC "
                                 "4861; RFC 4443)"},
               [SOURCE_SCOPE] = {"source-scope", "from an address that no router forwards: "
                                                 "link-local, loopback, 0.0.0.0/8 or ::"}),
    .push = members_filter_push,
};
