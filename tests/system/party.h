/*
 * The gateways of the process `gateway`: their sockets, what they have received, and the
 * loop that serves all of them. One process, one thread: its state is global.
 */
#ifndef SYSTEM_PARTY_H
#define SYSTEM_PARTY_H

#include "peer.h"
#include "tally.h"

enum { GATEWAYS_MAX = 1024 };

struct gateway {
    int fd; /* -1: not open */
    struct address local, relay;
    uint16_t port;
    uint8_t waiting; /* type of message awaited: advertisement, query, or 0 */
    bool p;          /* of the last Request */
    uint32_t nonce;
    struct address asked; /* where the awaited message must come from */
    struct credentials credentials;
    uint64_t acted_ns; /* when the last report or teardown was sent */
    struct tally *tallies[STREAMS_MAX];
};

extern struct gateway gateways[GATEWAYS_MAX];
extern struct stream streams[STREAMS_MAX];
extern bool loose[STREAMS_MAX]; /* stream sent by a kernel socket, which fills in some fields */
extern unsigned violations;     /* of the protocol, by the relay, since the start */

/* Make the loop, with stdin in it. */
bool party_init(void);
/* Open the socket of a gateway on a port, 0: any. False: errno says why. */
bool party_open(struct gateway *gateway, const struct address *local, uint16_t port,
                const struct address *relay);
/* Note that the relay has done wrong. */
void party_violation(const struct gateway *gateway, const char *what);
/* Receive until stdin has something to read. */
void party_serve(void);
/* Receive for so long, or until `done` says so (NULL: never); whether it did. */
bool party_serve_until(double seconds, bool (*done)(const void *context), const void *context);

#endif
