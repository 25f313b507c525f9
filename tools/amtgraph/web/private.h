/* What the files of the web side share; nobody else includes it. */
#ifndef AMTG_TOOLS_WEB_PRIVATE_H
#define AMTG_TOOLS_WEB_PRIVATE_H

#include <microhttpd.h>

#include "tools/amtgraph/admin/private.h"
#include "tools/amtgraph/web/web.h"
#include "tools/amtgraph/web/address.h"

enum {
    WEB_CONNECTIONS = 96, /* at a time */
    WEB_STREAMS = 32,     /* of them: that get events */
    WEB_BODY = 4096,      /* octets of a request's body, where one may have one */
    WEB_WORDS = 1024,
};

struct web_request;

struct web {
    struct admin *admin;
    struct web_address address;
    const char *const *hosts; /* further names that it may be called by; lent */
    size_t hosts_count;
    struct MHD_Daemon *daemon;
    struct amtg_watch watch; /* of the daemon's descriptors */
    struct amtg_timer timer; /* when it wants a turn all the same */
    struct amtg_task turn;   /* it wants one now */
    struct web_request *requests;
    unsigned streams;
    char *page;
    size_t page_octets;
    char policy[512]; /* the Content-Security-Policy of all that is sent */
};

/* A place of the API. */
struct web_route {
    const char *method;
    const char *path;
    bool more;                             /* of the path may follow: a name */
    const char *kind;                      /* of the question that it asks, if it asks one */
    unsigned refused;                      /* the status when that is refused */
    void (*begin)(struct web_request *r);  /* answers, or asks */
    void (*finish)(struct web_request *r); /* what was asked has been answered */
};

struct web_request {
    struct web *web;
    struct MHD_Connection *connection;
    const struct web_route *route;
    const char *name; /* what follows the route's path */
    char path[256];
    char body[WEB_BODY + 1];
    size_t body_octets;
    bool posts, head; /* by which method */
    bool begun;

    struct admin_asker asker;
    struct amtg_timer timer; /* it is not answered for long */
    json_t *answer;          /* the last line, with the rows of all lines before it */
    uint64_t rows_most;
    bool answered, suspended;

    void *stream;           /* of events; NULL: none */
    enum MHD_Result result; /* of the reply */
    struct web_request *next, **at;
};

/* ---- web.c ---- */
/* Let the server have a turn soon: something was resumed. */
void web_soon(struct web *w);
/* The reply. `body` is malloced and taken; NULL: no memory. */
void web_reply(struct web_request *r, unsigned status, const char *type, char *body, size_t octets);
void web_reply_json(struct web_request *r, unsigned status, json_t *json); /* taken */
void web_reply_text(struct web_request *r, unsigned status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* {"error": ...} */
void web_refuse(struct web_request *r, unsigned status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Takes response; adds what all have in common. */
void web_send(struct web_request *r, unsigned status, struct MHD_Response *response);
/* Ask; request is taken. The route's `finish` follows. */
void web_ask(struct web_request *r, json_t *request);

/* ---- guard.c ---- */
/* Is it somebody else's page, another host's name? Then it is refused, and that is true. */
bool web_guard(struct web_request *r);
/* The same for a body where none belongs, or a longer one than any. */
bool web_guard_body(struct web_request *r);
/* A value of the query, or NULL. */
const char *web_argument(const struct web_request *r, const char *name);

/* ---- page.c ---- */
bool web_page_open(struct web *w);
void web_page_begin(struct web_request *r);

/* ---- api.c ---- */
/* The route of a path; NULL: none, or none by that method, and `allow` says which there is. */
const struct web_route *web_route_find(const char *method, const char *path, const char **allow);

/* ---- changes.c ---- */
/*
 * The members of `is`, and theirs, that are not as in `was` (NULL: nothing was); a number that was
 * not there was 0. A new reference; NULL: nothing has changed.
 */
json_t *web_changes(const json_t *was, const json_t *is);

/* ---- events.c, metrics.c ---- */
void web_events_begin(struct web_request *r);
void web_events_end(struct web_request *r); /* it has gone */
void web_metrics_finish(struct web_request *r);

#endif
