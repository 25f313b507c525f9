/*
 * One question to the host's own resolver (/etc/hosts, nsswitch.conf, search domains,
 * DNS), which blocks and cannot be called back. So it is asked in a child process: the
 * answer is waited for on a descriptor, and to end it is to kill it. No thread, and
 * nothing is left behind, however long the resolver would have taken.
 */
#ifndef AMTG_IO_RESOLVE_H
#define AMTG_IO_RESOLVE_H

#include <stdbool.h>
#include <sys/types.h>

#include "elements/wire/types.h"

struct amtg_resolve {
    pid_t pid;
    int fd; /* to be waited for: readable when there is an answer, or when there will be none */
};

struct amtg_resolved {
    enum amtg_lookup_result result;
    int error;  /* EAI_... of getaddrinfo; 0 when found */
    int system; /* errno, with EAI_SYSTEM */
    unsigned count, more; /* addresses; and those beyond AMTG_LOOKUP_MOST */
    struct amtg_addr addresses[AMTG_LOOKUP_MOST]; /* best first (RFC 6724), each once */
};

/* false: no process could be made, and errno says why. */
bool amtg_resolve_start(struct amtg_resolve *r, const char *name);
/* Once r->fd is readable; false: the process ended without an answer. */
bool amtg_resolve_take(const struct amtg_resolve *r, struct amtg_resolved *out);
/* With or without an answer: no process and no descriptor is left. */
void amtg_resolve_end(struct amtg_resolve *r);
/* Why it was not found, in words. */
const char *amtg_resolved_why(const struct amtg_resolved *resolved);

#endif
