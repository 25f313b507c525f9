/* Signals of a run, taken in by a loop. */
#ifndef AMTG_TOOLS_SIGNALS_H
#define AMTG_TOOLS_SIGNALS_H

#include "core/loop.h"

struct signals {
    void (*stop)(void *arg);  /* SIGINT, SIGTERM */
    void (*stats)(void *arg); /* SIGUSR1 */
    void (*drain)(void *arg); /* SIGUSR2 */
    void *arg;
    struct amtg_loop *loop;
    struct amtg_watch watch;
};

/* They wait from here on, in all threads that are made later too, until they are taken in. */
void signals_block(void);
/*
 * Signals come in through the loop from here on. The callbacks and `loop` are the caller's
 * to fill. false: the system refused, which is said.
 */
bool signals_open(struct signals *s);
void signals_close(struct signals *s);

#endif
