/*
 * A graph that runs inside a test: on the virtual clock, with stand-ins for the host, its
 * randomness from the test's seed. What passes the places that the test names is kept.
 */
#ifndef AMTG_TOOLS_TEST_WORLD_H
#define AMTG_TOOLS_TEST_WORLD_H

#include "core/runtime.h"
#include "tools/amtgraph/test/place.h"

/* A packet that passed; one with a set of destinations is one for each. */
struct test_seen {
    uint64_t time_ns;
    unsigned from, out; /* node and its output */
    int to, in;         /* node and its input; -1: it left the graph */
    const struct amtg_type *type;
    const uint8_t *octets; /* the world's */
    uint32_t len;
    bool has_peer, outward; /* outward: peer.remote gets it; else peer.remote sent it */
    struct amtg_peer peer;
    bool taken_out, taken_in; /* expected already, at that output / at that input */
};

struct test_world;

/* Who sends what names no sender: addresses for documentation (RFC 5737, RFC 3849). */
enum { TEST_SENDER_PORT = 51000 };
void test_sender(bool ip6, struct amtg_addr *out);

/* seed: 0 is the usual one. NULL: it could not be made; `why` says so. */
struct test_world *test_world_new(const struct amtg_graph *g, uint64_t seed, char *why,
                                  size_t room);
void test_world_free(struct test_world *w); /* NULL is fine */
/* Before the start: keep what passes here / join two stand-ins. */
void test_world_watch(struct test_world *w, const struct test_place *place);
void test_world_wire(struct test_world *w, const unsigned ends[2]);
bool test_world_start(struct test_world *w, char *why, size_t room);

/*
 * Send octets as a packet at a place; `first`: the layer that it begins with, or NULL. peer:
 * remote sent it (or gets it, where the port gives addressed packets). false: it cannot be
 * one of what passes there; `why` says so.
 */
bool test_world_send(struct test_world *w, const struct test_place *place,
                     const struct amtg_layer *first, const uint8_t *octets, uint32_t len,
                     const struct amtg_peer *peer, char *why, size_t room);
/* All datagrams of a capture, each when its time has come, the first at once. */
bool test_world_replay(struct test_world *w, const struct test_place *place, const char *path,
                       char *why, size_t room);
/* Let time pass. false: the run has failed, and `why` says why. */
bool test_world_pass(struct test_world *w, uint64_t ns, char *why, size_t room);
/*
 * The next packet at a place that has not been taken; waits for one at most until
 * until_ns. NULL: there is none.
 */
struct test_seen *test_world_next(struct test_world *w, const struct test_place *place,
                                  uint64_t until_ns);
/* Was it seen at the output of the place, or at its input? Marks it taken there. */
void test_world_take(const struct test_place *place, struct test_seen *seen);
uint64_t test_world_now(const struct test_world *w);
struct amtg_runtime *test_world_runtime(struct test_world *w);
/* Stop it in order. false: it has failed, or not every packet is accounted for. Idempotent. */
bool test_world_stop(struct test_world *w, char *why, size_t room);
/* After stop: the words of the first verdict that is not good; NULL: there is none. */
const char *test_world_verdict(const struct test_world *w);

#endif
