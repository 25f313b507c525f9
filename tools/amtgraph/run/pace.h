/*
 * The pace of a run on the virtual clock, for looking at it step by step: it stands still
 * until it is told to go on by one packet, by one event, to a time, or at some speed. Stands
 * still before a timer fires, or as a packet crosses an edge, in the midst of all that
 * follows; whoever asks is answered meanwhile. All in the thread of the run.
 */
#ifndef AMTG_TOOLS_PACE_H
#define AMTG_TOOLS_PACE_H

#include <jansson.h>

#include "core/runtime.h"

enum pace_mode {
    PACE_PAUSED,
    PACE_PACKET, /* to the next packet that crosses an edge */
    PACE_EVENT,  /* to the end of all that one timer causes */
    PACE_UNTIL,  /* to a time */
    PACE_PLAY,   /* on and on */
};

struct pace;

struct pace *pace_new(const struct amtg_graph *g);
void pace_free(struct pace *p); /* NULL is fine */
/* The observer of the runtime, with the pace as argument. */
amtg_observer pace_look;
/* When the runtime is started: from here on it stands still. */
void pace_begin(struct pace *p, struct amtg_runtime *rt);
/* When it has come to its end: whoever looks on may go on doing so until the loop is stopped. */
void pace_linger(struct pace *p);

/* until_ns: of PACE_UNTIL, loop time. speed: of PACE_PLAY, seconds a second; 0: as fast as can be. */
void pace_set(struct pace *p, enum pace_mode mode, uint64_t until_ns, double speed);
/* It does not stand still before the next packet, nor the next event. */
bool pace_is_fast(const struct pace *p);
/* {"mode": "paused", "at": "packet", "now": 1.5, "next": 2.0, "ended": false}; a new reference. */
json_t *pace_state(const struct pace *p);
/*
 * The last packet that crossed an edge: where, as it is, and what the element has done to it.
 * NULL: none yet. A new reference.
 */
json_t *pace_crossing(const struct pace *p);
/* Told of each crossing and each change of state while there is one. NULL: nobody. */
void pace_set_listener(struct pace *p, void (*listen)(void *arg, bool crossing), void *arg);

#endif
