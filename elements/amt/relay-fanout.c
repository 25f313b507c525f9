/*
 * relay-fanout: give each multicast datagram the set of endpoints that want it
 * (RFC 7450, section 5.3.3.6; RFC 3376, section 6.3; RFC 3810, section 7.3).
 *
 * in:  ip
 * out: ip, addressed: one packet per kind of endpoint (IPv4 tunnels, IPv6 tunnels,
 *      those with a smaller path MTU), each with its set; no octet is copied
 *
 *     elements:
 *       fanout: {class: relay-fanout, members: membership}
 *     edges:
 *       - native -> check -> fanout -> encap -> udp
 */
#include "core/element.h"
#include "elements/group/members.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"

struct relay_fanout {
    struct amtg_element *members;
};

enum { OUT };
enum { NOT_MULTICAST, SCOPE, SOURCE_SCOPE, NO_MEMBER };

/*
 * No router forwards these groups: 224.0.0.0/24 (RFC 5771, section 4), and IPv6
 * groups of reserved, interface-local and link-local scope (RFC 4291, section 2.7).
 */
static bool stays_on_link(const struct amtg_addr *group)
{
    static const uint8_t local4[3] = {224, 0, 0};
    enum { LINK_LOCAL = 2 };

    if (amtg_addr_is4(group))
        return memcmp(amtg_addr_octets4(group), local4, sizeof local4) == 0;
    return (group->octets[1] & 0x0f) <= LINK_LOCAL;
}

/* Send `packet` to each of the sets; the last one gets the packet itself. */
static void send_to(struct amtg_element *e, struct amtg_packet *packet, struct amtg_set *sets)
{
    for (; sets->next; sets = sets->next) {
        struct amtg_packet *copy = amtg_copy(e, packet);
        if (copy) {
            amtg_packet_to_set(copy, sets);
            amtg_emit(e, OUT, copy);
        } else {
            amtg_no_buffer_count(e);
        }
    }
    amtg_packet_to_set(packet, sets);
    amtg_emit(e, OUT, packet);
}

/* What becomes of the packets of one source to one group: a set of each kind, or a drop. */
struct fate {
    struct amtg_addr source, group;
    struct amtg_set *sets; /* NULL: dropped */
    unsigned drop;
};

static void decide(struct amtg_element *e, struct fate *f)
{
    const struct relay_fanout *state = amtg_state(e);
    const struct amtg_members_ops *members = amtg_ops(state->members, &amtg_members);

    f->sets = NULL;
    f->drop = NO_MEMBER;
    if (!amtg_addr_is_multicast(&f->group))
        f->drop = NOT_MULTICAST;
    else if (stays_on_link(&f->group))
        f->drop = SCOPE;
    else if (amtg_source_stays_on_link(&f->source))
        f->drop = SOURCE_SCOPE;
    else
        f->sets = members->lookup(state->members, &f->source, &f->group);
}

/* Packets of one stream come in a row: what was decided for the last holds for the next. */
static void relay_fanout_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct fate fate = {0};
    bool decided = false;

    (void)in;
    AMTG_EACH (packet, batch) {
        struct amtg_addr source = amtg_ip_source(packet), group = amtg_ip_destination(packet);

        if (!decided || !amtg_addr_equal(&group, &fate.group) ||
            !amtg_addr_equal(&source, &fate.source)) {
            fate.source = source;
            fate.group = group;
            decide(e, &fate);
            decided = true;
        }
        if (!fate.sets) {
            amtg_drop(e, fate.drop, packet);
            continue;
        }
        send_to(e, packet, fate.sets);
        if (e->outs[OUT].batch.count == 0) /* all was pushed on: memberships may have changed */
            decided = false;
    }
}

const struct amtg_class amtg_relay_fanout = {
    .name = "relay-fanout",
    .summary = "addresses multicast datagrams to the endpoints that want them",
    .details =
        "Asks the membership once per packet who wants the packets of its source to its group "
        "(RFC 3376, section 6.3; RFC 3810, section 7.3) and gives the packet that set: a packet "
        "to n endpoints is n copies not yet made. Endpoints come in kinds that need octets of "
        "their own: IPv4 and IPv6 tunnels, and those of either with a smaller path MTU. One packet "
        "leaves per kind, and all of them view the same buffer.",
    .example = "elements:\n"
               "  udp:        {class: udp-socket, bind: 127.0.0.1, port: 2268}\n"
               "  messages:   {class: amt-classifier}\n"
               "  secret:     {class: amt-secret}\n"
               "  query:      {class: amt-query, secret: secret}\n"
               "  update:     {class: amt-update, secret: secret}\n"
               "  igmp:       {class: igmp-parser}\n"
               "  membership: {class: membership}\n"
               "  joins:      {class: discard}\n"
               "  native:     {class: pcap-source, file: native.pcap}\n"
               "  check:      {class: check-ip}\n"
               "  fanout:     {class: relay-fanout, members: membership}\n"
               "  encap:      {class: amt-encap}\n"
               "edges:\n"
               "  - udp -> messages\n"
               "  - messages.request -> query -> udp\n"
               "  - messages.update -> update\n"
               "  - update.igmp -> igmp -> membership\n"
               "  - membership.joins -> joins\n"
               "  - native -> check -> fanout -> encap -> udp\n",
    AMTG_INPUTS({"in", AMTG_IP, "native multicast, verified", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_IP, "the same, addressed", AMTG_TO}),
    .state_octets = sizeof(struct relay_fanout),
    AMTG_PARAMS(AMTG_REF(struct relay_fanout, members, &amtg_members, true,
                         "knows which endpoints want a channel")),
    AMTG_DROPS([NOT_MULTICAST] = {"not-multicast",
                                  "the destination is no group (RFC 7450, 5.3.3.6)"},
               [SCOPE] = {"scope", "a group that never leaves its link: 224.0.0.0/24, or an IPv6 "
                                   "group of link-local or smaller scope"},
               [SOURCE_SCOPE] = {"source-scope", "from an address that no router forwards: "
                                                 "link-local, loopback, 0.0.0.0/8 or ::"},
               [NO_MEMBER] = {"no-member", "no endpoint wants this source and group"}),
    .push = relay_fanout_push,
};
