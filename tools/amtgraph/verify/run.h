/*
 * The gateway that `amtgraph verify` looks at: a graph of its own, run on the host's network,
 * and whatever passes its edges told to a judge (steps.h).
 */
#ifndef AMTG_TOOLS_VERIFY_RUN_H
#define AMTG_TOOLS_VERIFY_RUN_H

#include "core/runtime.h"
#include "tools/amtgraph/verify/steps.h"

struct verify_run {
    struct verify *judge;
    bool discovers;   /* by the relay's address, or the anycast ones if there is none */
    bool probes;      /* of the path MTU */
    bool logs;        /* the gateway's own log, on standard error */
    uint64_t base_ns; /* the judge's time when this run began; at its end, the time of that */
    bool interrupted; /* a signal ended it */
    char why[256];    /* when it could not run */

    /* its own */
    struct amtg_runtime *runtime;
    struct amtg_timer timer;
    struct amtg_task look;
    uint64_t *drops; /* as they were when last looked at, element by element */
};

/* Run until the judge is done: AMTG_OK, or what failed on this host, with `why`. */
enum amtg_err verify_run(struct verify_run *run);

#endif
