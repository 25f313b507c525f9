/*
 * A scene: a shipped graph, graphs/relay.yaml unless another is named, unchanged, on
 * captures and the virtual clock. A test writes down what gateways and a source send and when, in order of
 * time; plays it; and looks at what the relay sent. A MAC for an Update is taken
 * from the Query that an earlier scene with the same seed recorded.
 *
 *     struct scene *scene = scene_new(1);
 *     scene_request(scene, 0, &gateway, NONCE, 0);
 *     scene_play(scene);
 *     const struct sent *query = scene_sent(scene, &gateway, AMTG_MSG_QUERY, 0);
 *     scene_free(scene);
 */
#ifndef AMTG_TESTS_SCENE_H
#define AMTG_TESTS_SCENE_H

#include "core/packet.h"
#include "core/runtime.h"
#include "elements/wire/amt.h"

struct scene;

/* A datagram that the relay sent. */
struct sent {
    uint64_t at_ns;          /* since the scene began */
    struct amtg_peer peer;   /* remote: who gets it; local: the relay */
    uint8_t tos;             /* of the outer IP header, or its traffic class */
    const uint8_t *octets;   /* the UDP payload; the scene's */
    uint32_t len;
};

/* The two ends, as a gateway sees them: "203.0.113.7", 51000, "192.0.2.1" (port 2268). */
struct amtg_peer scene_gateway(const char *address, uint16_t port, const char *relay);

/* Another graph than the relay, and the elements of it that stand at its borders. */
struct scene_graph {
    const char *file;
    const char *udp;      /* AMT messages in and out */
    const char *native;   /* whole IP datagrams in; NULL: none */
    const char *upstream; /* what goes in there is noted as text (scene_joins_text) */
};
struct scene *scene_new_of(uint8_t seed, const struct scene_graph *graph);
/* seed: stands for the relay's process; another one is a relay that was restarted. */
struct scene *scene_new(uint8_t seed);
void scene_free(struct scene *s); /* fails the test if a packet is not accounted for */
/* `--set name=value` */
void scene_set(struct scene *s, const char *name, const char *value);

/* What comes to the relay's sockets, in order of time. at_ms: since the scene began. */
void scene_say(struct scene *s, uint64_t at_ms, const struct amtg_peer *gateway,
               const uint8_t *octets, uint32_t len);
void scene_say_hex(struct scene *s, uint64_t at_ms, const struct amtg_peer *gateway,
                   const char *hex);
/* TOS or traffic class of what is said from now on. */
void scene_tos(struct scene *s, uint8_t tos);
void scene_discovery(struct scene *s, uint64_t at_ms, const struct amtg_peer *gateway,
                     uint32_t nonce);
/* flags: the second octet as on the wire */
void scene_request(struct scene *s, uint64_t at_ms, const struct amtg_peer *gateway, uint32_t nonce,
                   uint8_t flags);
void scene_update(struct scene *s, uint64_t at_ms, const struct amtg_peer *gateway, uint32_t nonce,
                  const uint8_t mac[AMTG_AMT_MAC_OCTETS], const char *report_hex);
/* The endpoint that is torn down is `gone`; it is said by `gateway`. */
void scene_teardown(struct scene *s, uint64_t at_ms, const struct amtg_peer *gateway,
                    const struct amtg_peer *gone, uint32_t nonce,
                    const uint8_t mac[AMTG_AMT_MAC_OCTETS]);
/* What comes to the native interface (of a gateway: what its hosts say), in order of time: whole IP datagrams. */
void scene_native(struct scene *s, uint64_t at_ms, const char *hex);

/* Run it to its end, and then until until_ms if that is later. */
void scene_play(struct scene *s, uint64_t until_ms);

/* Message number `index` of a kind to a gateway (NULL: to anybody). NULL: there is none. */
const struct sent *scene_sent(const struct scene *s, const struct amtg_peer *gateway,
                              enum amtg_amt_message message, unsigned index);
unsigned scene_count(const struct scene *s, const struct amtg_peer *gateway,
                     enum amtg_amt_message message);
/* The MAC of Query number `index` to the gateway; fails the test when there is none. */
void scene_mac(const struct scene *s, const struct amtg_peer *gateway, unsigned index,
               uint8_t mac[AMTG_AMT_MAC_OCTETS]);
/*
 * As lines, yours to free: all that the relay sent, and what it wanted of its own
 * network, each wish once.
 */
char *scene_sent_text(struct scene *s);
char *scene_joins_text(struct scene *s);

/* A drop reason, or else a counter, of an element; an unknown name fails the test. */
uint64_t scene_drops(struct scene *s, const char *element, const char *reason);
uint64_t scene_counter(struct scene *s, const char *element, const char *counter);

#endif
