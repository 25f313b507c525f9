/*
 * A run that is asked by its unix socket, and a client of it that may say anything: it writes
 * octets and reads lines. The run's runtime directory is its own.
 */
#ifndef AMTG_TESTS_RUN_CLIENT_H
#define AMTG_TESTS_RUN_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct asked_run {
    pid_t pid;
    const char *name;
    char folder[64]; /* AMTGRAPH_RUNTIME_DIR; "" at first: one is made */
};

/* Start `amtgraph run ARGS... --name NAME`, and wait until its socket answers. */
void asked_run_start(struct asked_run *run, const char *name, const char *const *args);
/* Ends it by a signal, and waits. Its exit code; above 128: a signal. */
int asked_run_stop(struct asked_run *run, int signal);
/* Remove the folder and what is left in it. */
void asked_run_clean(struct asked_run *run);

struct run_client {
    int fd;
    char *text; /* what has come and is not read yet */
    size_t octets, room;
};

/* false: nobody listens. */
bool run_client_open(struct run_client *c, const struct asked_run *run);
void run_client_close(struct run_client *c);
void run_client_write(struct run_client *c, const char *octets, size_t count);
void run_client_say(struct run_client *c, const char *text);
/* The next line; the caller's. NULL: the other side has closed, or said nothing for 20 s. */
json_t *run_client_line(struct run_client *c);
/* Say {"amtgraph": 1, "id": 1, and what `request` has within its braces, and return the first line of the answer. */
json_t *run_client_ask(struct run_client *c, const char *request);
/* The "error" of the answer to that, "" when there is none; until the next call. */
const char *run_client_error(struct run_client *c, const char *request);

#endif
