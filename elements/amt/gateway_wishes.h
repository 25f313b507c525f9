/*
 * What one payload family has subscribed to: the host part's own reports, applied
 * by the rules of RFC 3376, section 6, as a relay that forgets nothing would. The
 * gateway asks it whether there is anything at all, and what to remove at the end.
 */
#ifndef AMTG_AMT_GATEWAY_WISHES_H
#define AMTG_AMT_GATEWAY_WISHES_H

#include "core/table.h"
#include "elements/group/filter.h"

struct amtg_gw_wish {
    struct amtg_node node;
    struct amtg_addr group;
    struct amtg_filter filter; /* never empty */
    struct amtg_gw_wish *next, **link; /* in the list of all, in the order in which they came */
};

struct amtg_gw_wishes {
    struct amtg_table table;
    struct amtg_gw_wish *first, **end;
    uint32_t count, limit;  /* groups */
    uint64_t over_limit;    /* records that were not remembered for lack of room */
    bool more;              /* there is more than is remembered: always wanted */
};

void amtg_gw_wishes_init(struct amtg_gw_wishes *w, const uint8_t key[16], uint32_t limit);
void amtg_gw_wishes_fini(struct amtg_gw_wishes *w);
/*
 * Apply a verified report: the IGMP or MLD message, len octets. Returns how many group
 * records it had. What finds no room is counted, and the family is wanted for good.
 */
unsigned amtg_gw_wishes_apply(struct amtg_gw_wishes *w, const uint8_t *message, uint32_t len,
                              bool ip4);
static inline bool amtg_gw_wishes_any(const struct amtg_gw_wishes *w)
{
    return w->count > 0 || w->more;
}

#endif
