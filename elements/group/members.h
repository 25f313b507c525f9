/*
 * The interface `members`: who wants the packets of a source to a group? Offered
 * by membership, asked by relay-fanout once per packet, so it is shared by
 * reference rather than drawn as an edge.
 */
#ifndef AMTG_GROUP_MEMBERS_H
#define AMTG_GROUP_MEMBERS_H

#include "core/element.h"

extern const struct amtg_interface amtg_members;

struct amtg_members_ops {
    /*
     * The endpoints that want source -> group: a list of sets, one a kind of endpoint
     * (amtg_sets_add). NULL: nobody wants it. The list is lent until control returns to
     * the loop; a set of it can be held for longer.
     */
    struct amtg_set *(*lookup)(struct amtg_element *members, const struct amtg_addr *source,
                               const struct amtg_addr *group);
    /* Has the relay no room for a further endpoint? (The L flag of RFC 7450, 5.3.3.3.) */
    bool (*full)(struct amtg_element *members);
};

/*
 * Does no router forward what comes from this address? It is of this host (RFC 1122, section
 * 3.2.1.3; RFC 4291, sections 2.5.2 and 2.5.3) or of its link (RFC 3927, section 7; RFC
 * 4291, section 2.5.6).
 */
bool amtg_source_stays_on_link(const struct amtg_addr *source);

#endif
