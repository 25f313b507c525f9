/*
 * Work for a loop from other threads: the only thing that threads share. A letter is
 * posted by any thread and opened by the thread that runs the loop, in the order of
 * posting. At most AMTG_MAILBOX_ROOM wait at a time.
 */
#ifndef AMTG_CORE_MAILBOX_H
#define AMTG_CORE_MAILBOX_H

#include <pthread.h>

#include "core/loop.h"

enum { AMTG_MAILBOX_ROOM = 4096 };

/* Embedded in whatever is to be done. */
struct amtg_letter {
    void (*open)(struct amtg_letter *letter);    /* in the thread of the loop; owns the letter */
    void (*discard)(struct amtg_letter *letter); /* it was not opened: frees it */
    struct amtg_letter *next;
};

struct amtg_mailbox {
    struct amtg_loop *loop;
    struct amtg_watch watch;
    pthread_mutex_t lock;
    struct amtg_letter *first, **end;
    unsigned count;
};

/* Before the loop runs. AMTG_ESYSTEM: no descriptor is to be had. */
enum amtg_err amtg_mailbox_open(struct amtg_mailbox *m, struct amtg_loop *loop);
/* After it has run, by its thread or when that has ended; letters that wait are discarded. */
void amtg_mailbox_close(struct amtg_mailbox *m);
/* From any thread. false: it is full; the letter stays the caller's. */
bool amtg_mailbox_post(struct amtg_mailbox *m, struct amtg_letter *letter);
/* The same for a letter that must get there, of which there are few: it has no bound. */
void amtg_mailbox_order(struct amtg_mailbox *m, struct amtg_letter *letter);

#endif
