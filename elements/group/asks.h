/*
 * Open questions to the hosts of a LAN: after a host has left a group or some of its
 * sources, others may still want them, so they are asked before the timers, lowered
 * to the last member query time, run out (RFC 3376, section 6.6.3; RFC 3810, section
 * 7.6.3). Said as `ask` records (elements/wire/types.h), a few times each.
 */
#ifndef AMTG_GROUP_ASKS_H
#define AMTG_GROUP_ASKS_H

#include "core/element.h"
#include "elements/group/roster.h"

struct amtg_question_open;

struct amtg_asks {
    struct amtg_question_open *first;
    uint8_t times;         /* last member query count */
    uint32_t interval_ms;  /* last member query interval */
    uint32_t last_member_ms; /* the product of both */
    uint64_t said;         /* records */
};

void amtg_asks_fini(struct amtg_asks *a);

/*
 * Ask about what a record has lowered, from now on; merged with what is still being
 * asked about that group at that endpoint. false: no memory; nobody is asked, and
 * those who still want it have to say so by themselves.
 */
bool amtg_asks_add(struct amtg_asks *a, const struct amtg_peer *peer,
                   const struct amtg_addr *group, const struct amtg_filter_lowered *lowered,
                   uint32_t now_ms);
/* Emit all that is due out of output `out` of e: for each question what is still in doubt. */
void amtg_asks_say(struct amtg_asks *a, struct amtg_element *e, unsigned out,
                   const struct amtg_roster *r, uint32_t now_ms);
/* When something is next due; false: nothing is open. */
bool amtg_asks_next(const struct amtg_asks *a, uint32_t *due_ms);

#endif
