/*
 * The admin side of a run: answers questions about the running graph, and passes on what it
 * is told, on a thread of its own. It asks the shards by letters to their loops, so that no
 * element needs a lock and packets wait for nothing.
 *
 *   admin.c    its thread and its life
 *   question.c questions, and the visits that they pay to the shards
 *   kinds.c    what can be asked
 *   elements.c what the elements are, and the lines of the graph that say so
 *   graph.c    its picture
 *   health.c   whether all shards answer
 *   tap.c      packets as they cross an edge
 *   drops.c    packets that are dropped
 *   pace.c     a virtual run, step by step
 *   socket.c   asking by a unix socket: lines of JSON
 *   path.c     where that socket is
 *   web/web.c  asking by HTTP (web/web.h)
 */
#ifndef AMTG_TOOLS_ADMIN_H
#define AMTG_TOOLS_ADMIN_H

#include "core/shards.h"
#include "tools/amtgraph/web/address.h"

struct admin;
struct pace;

struct web_options {
    struct web_address address;
    const char *const *hosts; /* names that it may be called by besides its address; lent */
    size_t hosts_count;
};

struct admin_options {
    struct amtg_shards *shards;
    const char *name; /* of the run: that of its socket */
    struct pace *pace; /* of the run; lent; NULL: it keeps its own */
    const struct web_options *web; /* NULL: no web page */
    bool must;        /* to have no socket is a failure; else it is a warning */
};

/*
 * Open the socket, before privileges are given up. Nobody is answered yet. NULL: another run
 * has this name (*err AMTG_ECONFIG), or there can be none, and `why` says so.
 */
struct admin *admin_open(const struct admin_options *options, enum amtg_err *err, char *why,
                         size_t room);
/* Begin to answer: once the shards are started, and before they run. false: there is no thread. */
bool admin_launch(struct admin *a);
/* From the thread of the run: nobody new is served, or everybody is again. NULL is fine. */
void admin_set_draining(struct admin *a, bool on);
/* When the shards have come to their end, before they are stopped. NULL is fine. */
void admin_close(struct admin *a);

#endif
