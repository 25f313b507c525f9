/*
 * Saying what all endpoints together want of a group, as `join` records
 * (elements/wire/types.h): soft state for whoever joins upstream.
 */
#ifndef AMTG_GROUP_JOINS_H
#define AMTG_GROUP_JOINS_H

#include "core/element.h"
#include "elements/group/channels.h"

struct amtg_joins {
    struct amtg_addr *wish; /* room for `room` sources */
    uint16_t room;          /* most sources that a record may list */
    uint64_t said;          /* records */
    uint64_t over;          /* wishes of more sources than that */
};

enum amtg_err amtg_joins_init(struct amtg_joins *j, uint16_t room);
void amtg_joins_fini(struct amtg_joins *j);

/*
 * Emit the wish of a channel out of output `out` of e, unless it is what was said
 * last; again: then too. A wish for nothing is said once, after one for something.
 * A wish of too many sources is widened to EXCLUDE{}: rather too much from upstream
 * than too little. An SSM group knows no EXCLUDE (RFC 4604): there the sources
 * known longest are said.
 * false: there was no buffer (counted), and nothing has been said.
 */
bool amtg_joins_say(struct amtg_joins *j, struct amtg_element *e, unsigned out,
                    struct amtg_channel *c, bool again);

#endif
