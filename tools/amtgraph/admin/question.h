/*
 * Questions to a running graph. Somebody asks (a client of the socket, or of the web server),
 * in the admin thread, and gets lines of JSON, which may be many and take a while. What has
 * to be read or done in a shard is done by a visit: there in the thread of the shard, back in
 * the admin thread.
 */
#ifndef AMTG_TOOLS_ADMIN_QUESTION_H
#define AMTG_TOOLS_ADMIN_QUESTION_H

#include <jansson.h>

#include "core/shards.h"

enum { ADMIN_VERSION = 1 }; /* of all lines: "amtgraph": 1 */

struct admin;
struct admin_question;

/* Embedded in whatever asks. One question at a time. */
struct admin_asker {
    /* A line, which is now yours; after the last one the asker is free again. */
    void (*answer)(struct admin_asker *asker, json_t *line, bool last);
    /* So much is written and not yet gone that more had better wait for admin_resume. NULL: never. */
    bool (*full)(struct admin_asker *asker);
    bool may_change; /* it may also tell the graph to do something */
    struct admin_question *question; /* being answered */
};

/* request: {"do": KIND, ...}, lent. What is wrong with it is answered, too. */
void admin_ask(struct admin *a, struct admin_asker *asker, const json_t *request);
/* The asker has gone, or has heard enough: no more is answered. Harmless when nothing is asked. */
void admin_cancel(struct admin_asker *asker);
/* It is no longer full. */
void admin_resume(struct admin_asker *asker);

/* ---- for kinds of questions ------------------------------------------------ */

struct admin_visit {
    struct amtg_letter letter;
    struct admin *admin;
    struct admin_question *question; /* only to be looked at in the admin thread */
    unsigned shard;
    struct amtg_runtime *runtime;
    void (*there)(struct admin_visit *v);
    void (*back)(struct admin_visit *v); /* also when the asker has gone meanwhile; NULL: nothing */
    void *subject;       /* the kind's: what to look at; lent, must outlive the visit */
    json_t *request;     /* held; not to be changed */
    json_t *result;      /* made there, taken over or freed afterwards */
    uint64_t cursor;     /* of a listing */
    unsigned node;
};

struct admin_kind {
    const char *name; /* "show": what `do` says */
    const char *help;
    bool changes;     /* needs may_change */
    void (*begin)(struct admin_question *q);
    void (*resume)(struct admin_question *q); /* NULL: never waits */
    void (*cancel)(struct admin_question *q); /* the asker has gone; NULL: nothing is to be undone */
    void (*end)(struct admin_question *q);    /* frees `of_kind`; the shards stand still, or no visit is away; NULL */
};
extern const struct admin_kind *const admin_kinds[]; /* NULL-terminated */

struct admin_question {
    struct admin *admin;
    struct admin_asker *asker; /* NULL: has gone */
    const struct admin_kind *kind;
    json_t *request;
    unsigned away; /* visits that are not back */
    json_t *sum;   /* of what came back */
    bool waiting;  /* for admin_resume */
    bool done;     /* the last line has been given */
    struct admin_visit page; /* of a listing: where it goes on */
    void *of_kind;
    struct admin_question *next, **at;
};

/* Go to a shard, or to all of them. */
void admin_visit(struct admin_question *q, unsigned shard, const struct admin_visit *like);
void admin_visit_all(struct admin_question *q, const struct admin_visit *like);
/* Takes line, an object; gives it the version. */
void admin_answer(struct admin_question *q, json_t *line, bool last);
/* The last line: {"error": ...}. */
void admin_refuse(struct admin_question *q, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* a += b, number by number, through all objects of the same shape. */
void admin_sum(json_t *a, const json_t *b);

/* A JSON text of what may have been cut or come from anywhere: what is no UTF-8 is left out. null: no memory. */
json_t *admin_words(const char *text);

unsigned admin_shards_count(const struct admin *a);
const struct amtg_graph *admin_graph(const struct admin *a);
struct amtg_mailbox *admin_mailbox(struct admin *a);

#endif
