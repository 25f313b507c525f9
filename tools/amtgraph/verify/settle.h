/*
 * What the two halves of verify's judge share: steps.c is told what happens,
 * over.c says what it means that a step's time is over.
 */
#ifndef AMTG_TOOLS_VERIFY_SETTLE_H
#define AMTG_TOOLS_VERIFY_SETTLE_H

#include "tools/amtgraph/verify/steps.h"

/* A step has come to this; took_ns 0: means nothing. */
void verify_settle(struct verify *v, enum verify_step step, enum verify_state state,
                   uint64_t took_ns, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* It has failed, and all is over. */
void verify_fail(struct verify *v, enum verify_step step, enum verify_why why, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* It has failed by ICMP errors. */
void verify_refuse(struct verify *v, enum verify_step step, unsigned times);
/* The probes have come to something. */
void verify_settle_mtu(struct verify *v);
/* The time of the present step is over. */
void verify_end_step(struct verify *v);

#endif
