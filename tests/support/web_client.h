/*
 * A run with a web page, and a client of it that may say anything: it writes octets and reads
 * octets. Everything on loopback; the run's runtime directory is its own.
 */
#ifndef AMTG_TESTS_WEB_CLIENT_H
#define AMTG_TESTS_WEB_CLIENT_H

#include <check.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct web_run {
    pid_t pid;
    int said; /* its standard error */
    int out;  /* its standard output, which nobody reads; -1: that is nowhere */
    uint16_t port;
    char folder[64];
};

/* Start `amtgraph run ARGS... --web 0`, and wait until it says where its page is. */
void web_run_start(struct web_run *run, const char *const *args);
/* The same, but what it writes goes to a pipe: it stands still once that is full. */
void web_run_start_unread(struct web_run *run, const char *const *args);
/* Until a packet crosses an edge. */
void web_run_await(const struct web_run *run, const char *edge);
/* Ends it by SIGTERM, and removes its folder. Its exit code; above 128: a signal. */
int web_run_stop(struct web_run *run);

/*
 * A Check program on graphs/loop.yaml, which goes on until the tests are through: `more` are further
 * arguments of its run, up to NULL. A run that does not end well is a failure, too.
 */
int web_suite(const char *name, struct web_run *run, const char *const *more,
              const TTest *const *tests, size_t count);
#define WEB_SUITE(name, run, more, ...)                                                  \
    int main(void)                                                                       \
    {                                                                                    \
        const TTest *const tests_[] = {__VA_ARGS__};                                     \
        return web_suite(name, run, more, tests_, sizeof tests_ / sizeof tests_[0]);     \
    }

/* A connection; room: octets that the kernel buffers for us, 0: as it likes. */
int web_connect(const struct web_run *run, int room);
void web_write(int fd, const char *octets, size_t count);

struct web_reply {
    int status;    /* 0: no reply */
    char *all;     /* with a NUL at the end */
    char *body;    /* in it */
    size_t octets; /* of the body */
};

/* "GET /path" or another line's begin, further headers ("A: b\r\n" or ""), host NULL: the address.
 */
struct web_reply web_ask(const struct web_run *run, const char *what, const char *host,
                         const char *headers, const char *body);
struct web_reply web_get(const struct web_run *run, const char *path);
/* Octets as they are, until the other side closes. */
struct web_reply web_say(const struct web_run *run, const char *octets, size_t count);
void web_reply_free(struct web_reply *reply);
/* The value of a header, or NULL; until the next call. */
const char *web_header(const struct web_reply *reply, const char *name);
json_t *web_json(const struct web_reply *reply);

/* Events, one after another, as they come. */
struct web_events {
    int fd;
    char text[1 << 20];
    size_t octets;
    char event[64];
    uint64_t id;
    json_t *data;
};

/* query: "counters=1s&..." */
struct web_events *web_events_open(const struct web_run *run, const char *query);
/* The next one of that name (others are passed over). false: none within 20 s. */
bool web_events_next(struct web_events *e, const char *event);
void web_events_close(struct web_events *e);

#endif
