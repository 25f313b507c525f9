/*
 * What is traced: the datagrams of one or more capture files in the order of their times, and
 * where in a graph each goes in: out of the stand-in of a class that touches the host.
 */
#ifndef AMTG_TOOLS_TRACE_FEED_H
#define AMTG_TOOLS_TRACE_FEED_H

#include "core/capture_file.h"
#include "core/graph.h"

/* An output of a node. */
struct trace_place {
    unsigned node, out;
};

struct trace_feed;

/* g: lent. */
struct trace_feed *trace_feed_new(const struct amtg_graph *g);
void trace_feed_free(struct trace_feed *f); /* NULL is fine */
/* "udp" or "udp.out" to a place; false: why says what is wrong. */
bool trace_place_read(const struct amtg_graph *g, const char *text, struct trace_place *out,
                      char *why, size_t room);
/*
 * Add a file of packets: a capture ("-": standard input), or written ones. at: where all of it
 * goes; NULL: each datagram where it fits. false: it cannot be read; why, or problems in diag.
 */
bool trace_feed_add(struct trace_feed *f, const char *path, const struct trace_place *at,
                    struct amtg_diag *diag, char *why, size_t room);

/* A datagram that is due. */
struct trace_due {
    struct amtg_captured captured;
    struct trace_place place;
    bool placed; /* false: it fits nowhere */
};

enum trace_result { TRACE_DUE, TRACE_END, TRACE_BROKEN };
/* The next of all files; its octets are lent until the next call. BROKEN: why. */
enum trace_result trace_feed_next(struct trace_feed *f, struct trace_due *out, char *why,
                                  size_t room);
/* When the first was captured; 0: there is none. */
uint64_t trace_feed_first_ns(const struct trace_feed *f);

/* Where a datagram fits best, by its addresses and ports. false: nowhere. */
bool trace_place_choose(const struct amtg_graph *g, const uint8_t *octets, uint32_t len,
                        struct trace_place *out);
/* "udp (UDP to port 2268), native (multicast)": where what goes in, for people. */
void trace_places_print(const struct amtg_graph *g, FILE *out);

#endif
