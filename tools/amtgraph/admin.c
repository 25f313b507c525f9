#include "tools/amtgraph/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/admin_private.h"

static void *run(void *arg)
{
    struct admin *a = arg;

    amtg_loop_run(a->loop, UINT64_MAX);
    return NULL;
}

static void open_end(struct amtg_letter *l)
{
    struct admin_visit *v = (struct admin_visit *)l;

    amtg_loop_stop(v->admin->loop);
}

struct admin *admin_open(const struct admin_options *options, enum amtg_err *err, char *why,
                         size_t room)
{
    struct admin *a = calloc(1, sizeof *a);

    *err = AMTG_ENOMEM;
    snprintf(why, room, "%s", amtg_err_text(*err));
    if (!a)
        return NULL;
    a->shards = options->shards;
    a->pace = options->pace;
    a->mailbox.watch.fd = -1;
    snprintf(a->name, sizeof a->name, "%s", options->name);
    a->loop = amtg_loop_new(AMTG_CLOCK_REAL, NULL);
    if (a->loop && amtg_mailbox_open(&a->mailbox, a->loop) == AMTG_OK) {
        amtg_loop_hold(a->loop);
        a->socket = admin_socket_open(a, err, why, room);
    }
    if (a->socket)
        return a;
    if (*err == AMTG_ESYSTEM && !options->must) {
        fprintf(stderr, "amtgraph: warning: nobody can look at this run: %s\n", why);
        return a;
    }
    admin_close(a);
    return NULL;
}

bool admin_launch(struct admin *a)
{
    a->running = pthread_create(&a->thread, NULL, run, a) == 0;
    return a->running;
}

void admin_close(struct admin *a)
{
    if (!a)
        return;
    if (a->running) {
        struct admin_visit end = {.letter = {.open = open_end, .discard = open_end}, .admin = a};
        amtg_mailbox_order(&a->mailbox, &end.letter);
        pthread_join(a->thread, NULL);
    }
    admin_questions_end(a);
    admin_socket_close(a->socket);
    amtg_mailbox_close(&a->mailbox);
    amtg_loop_free(a->loop);
    free(a);
}

unsigned admin_shards_count(const struct admin *a)
{
    return amtg_shards_count(a->shards);
}

const struct amtg_graph *admin_graph(const struct admin *a)
{
    return amtg_runtime_graph(amtg_shards_runtimes(a->shards)[0]);
}

struct amtg_mailbox *admin_mailbox(struct admin *a)
{
    return &a->mailbox;
}
