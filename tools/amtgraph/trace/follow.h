/*
 * Follows packets through a running graph: each one's way from element to element, how its
 * octets were at each step, where it ended and why, and what was born of it on the way. It
 * only looks on: at what leaves each output, and at what is dropped and finished.
 *
 * What is told apart is one *instant* at a time: all that happens, without time passing,
 * because of one packet or one timer. Ways stay until follow_forget; those that have not
 * ended by then (kept in a queue, say) are remembered, and go on in a later instant.
 */
#ifndef AMTG_TOOLS_FOLLOW_H
#define AMTG_TOOLS_FOLLOW_H

#include "core/arena.h"
#include "core/runtime.h"

enum { FOLLOW_TO_SHOWN = 16 }; /* destinations of a set that are remembered */

/* A packet as it was at one place. */
struct follow_view {
    const struct amtg_type *type;
    const uint8_t *octets;
    uint32_t len;
    const char *words;          /* as its type describes it */
    const struct amtg_peer *to; /* whom it goes to: the first few */
    unsigned to_count, to_shown;
    bool has_tos;
    uint8_t tos;
    uint64_t time_ns; /* of the loop */
};

/* It left `node` by its output `out`. */
struct follow_hop {
    unsigned node, out;
    const struct follow_view *before, *after;
};

enum follow_birth {
    FOLLOW_CAPTURED, /* it was fed */
    FOLLOW_COPIED,   /* of another, whose octets it began with */
    FOLLOW_MADE,     /* because of another: a reply, a record */
    FOLLOW_TIMED,    /* by a timer: because of none */
    FOLLOW_KEPT,     /* it was kept since an earlier instant, and goes on */
};

enum follow_end {
    FOLLOW_WAITS, /* it has none yet: it is kept in `at` */
    FOLLOW_SENT,  /* out of the graph, by a class that touches the host */
    FOLLOW_LEFT,  /* by an output of the graph itself */
    FOLLOW_FINISHED,
    FOLLOW_DROPPED,
    FOLLOW_REFUSED, /* it could not even be fed */
};

struct follow_way {
    const char *id;            /* "3"; what is born of it: "3.1"; of no packet: "t1" */
    struct follow_way *parent; /* in this instant; NULL: none */
    enum follow_birth birth;
    unsigned node; /* where it was fed or born; FOLLOW_KEPT: where it was kept */
    const struct follow_view *first, *last;
    struct follow_hop *hops;
    unsigned hops_count;
    enum follow_end end;
    unsigned at;        /* node */
    const char *reason; /* of a drop; or, in words, why it was refused */
    unsigned children;
    /* of follow.c */
    const struct amtg_packet *packet; /* NULL: it has ended */
    const struct amtg_buffer *buffer;
    struct amtg_arena *arena;
    struct follow_way *next; /* of the same hash */
    bool told;               /* it is one of this instant's ways */
};

struct follow;

/* Looks on at no runtime yet: `follow_look` is its observer, with the follow as argument. */
struct follow *follow_new(const struct amtg_graph *g);
amtg_observer follow_look;
/* Of the runtime that has this observer; before it is started. */
void follow_attach(struct follow *f, struct amtg_runtime *rt);
/* Look no more: what the end of a run does to what is kept is of no interest. */
void follow_detach(struct follow *f);
void follow_free(struct follow *f); /* NULL is fine */

/*
 * Feed a captured IP datagram out of an output of a node, by the wire form of its type, and see
 * to all that follows at once. id: of its way. false: the loop has failed (amtg_runtime_outcome).
 */
void follow_feed(struct follow *f, unsigned node, unsigned out, const char *id,
                 const uint8_t *octets, uint32_t len);
/* One that goes nowhere: why, in words. */
void follow_refuse(struct follow *f, const char *id, const uint8_t *octets, uint32_t len,
                   const char *why);
/* Let time pass until something is seen, or until then. true: something was. */
bool follow_wait(struct follow *f, uint64_t until_ns);

/* The ways of this instant, in the order in which they began. */
struct follow_way *const *follow_ways(const struct follow *f, unsigned *count);
void follow_forget(struct follow *f);

/* A counter of an element that has moved in this instant. */
struct follow_count {
    unsigned node;
    const struct amtg_counter *counter; /* NULL: a drop reason, of more than was seen to drop */
    const struct amtg_reason *reason;
    uint64_t was, is;
};
/* The i-th; false: there are no more. */
bool follow_counted(struct follow *f, unsigned i, struct follow_count *out);

#endif
