/* What the files of the admin side share; nobody else includes it. */
#ifndef AMTG_TOOLS_ADMIN_PRIVATE_H
#define AMTG_TOOLS_ADMIN_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "tools/amtgraph/admin/admin.h"
#include "tools/amtgraph/admin/question.h"

struct admin_socket;
struct admin_drops;
struct admin_sources;
struct web;

struct admin {
    struct amtg_shards *shards;
    char name[64];
    struct amtg_loop *loop;
    struct amtg_mailbox mailbox;
    struct admin_question *questions;
    unsigned questions_count;
    struct admin_socket *socket; /* NULL: none */
    struct web *web;             /* NULL: none */
    struct admin_sources *sources;
    struct admin_drops *drops; /* one a shard; NULL: nobody has asked yet */
    json_t *drawing;           /* of the graph; NULL: not laid out yet */
    pthread_t thread;
    bool running;
    struct pace *pace; /* of a virtual run that can be told to go on; NULL: it keeps its own */
    unsigned followers; /* the run's: of that pace */
    uint64_t news_ns;   /* the run's: real time at which a crossing was told while it runs fast */
    unsigned news_left; /* the run's: so many may follow at once */
    atomic_uint news_on_the_way;
    atomic_bool draining;
};

/* NULL: why. It is watched in the loop of the admin side. */
struct admin_socket *admin_socket_open(struct admin *a, enum amtg_err *err, char *why, size_t room);
/* Says goodbye, and removes it. NULL is fine. */
void admin_socket_close(struct admin_socket *s);

/* The text of the graph's files as they are now. NULL: no memory. */
struct admin_sources *admin_sources_read(const struct amtg_graph *g);
void admin_sources_free(struct admin_sources *s);

void admin_drops_free(struct admin *a);

/* End all questions; the shards stand still. */
void admin_questions_end(struct admin *a);

#endif
