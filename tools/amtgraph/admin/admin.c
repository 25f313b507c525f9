#include "tools/amtgraph/admin/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/admin/private.h"
#include "tools/amtgraph/run/pace.h"
#include "tools/amtgraph/web/web.h"

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

/* The socket, and the web page if there is to be one; without a socket only where that is no failure. */
static bool open_both(struct admin *a, const struct admin_options *options, enum amtg_err *err, char *why,
                      size_t room)
{
    a->socket = admin_socket_open(a, err, why, room);
    if (!a->socket && (*err != AMTG_ESYSTEM || options->must))
        return false;
    if (!a->socket)
        fprintf(stderr, "amtgraph: warning: no socket to ask this run by: %s\n", why);
    if (options->web)
        a->web = web_open(a, options->web, err, why, room);
    return a->web || !options->web;
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
    a->sources = admin_sources_read(admin_graph(a));
    if (a->sources && a->loop && amtg_mailbox_open(&a->mailbox, a->loop) == AMTG_OK) {
        amtg_loop_hold(a->loop);
        if (open_both(a, options, err, why, room))
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
    if (a->pace) /* elements may say more while they stop */
        pace_set_listener(a->pace, NULL, NULL);
    admin_questions_end(a);
    web_close(a->web);
    admin_socket_close(a->socket);
    amtg_mailbox_close(&a->mailbox);
    amtg_loop_free(a->loop);
    admin_sources_free(a->sources);
    admin_drops_free(a);
    json_decref(a->drawing);
    free(a);
}

void admin_set_draining(struct admin *a, bool on)
{
    if (a)
        atomic_store(&a->draining, on);
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
