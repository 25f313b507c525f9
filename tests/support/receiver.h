/*
 * A receiver: the shipped graphs/receive.yaml, unchanged, on the virtual clock, with the
 * far end of its tunnel in the test's hands. What it sends is taken message by message;
 * the test answers, or a stand-in for a relay does.
 *
 *     static const char *const settings[][2] = {{"relay", "192.0.2.1"}, {NULL, NULL}};
 *     struct receiver *r = receiver_new(settings);
 *     receiver_step(r, 10);
 *     struct said request;
 *     ck_assert(receiver_take(r, &request));
 *     receiver_hear(r, "192.0.2.1", 2268, octets, len);
 *     receiver_free(r);
 */
#ifndef AMTG_TESTS_RECEIVER_H
#define AMTG_TESTS_RECEIVER_H

#include "core/packet.h"
#include "core/runtime.h"

struct receiver;

/* A message to a relay. */
struct said {
    struct amtg_addr to;
    uint16_t port;
    uint32_t len;
    uint8_t octets[2048];
};

/* settings: pairs as of `--set`, ended by a NULL. */
struct receiver *receiver_new(const char *const settings[][2]);
/* What it says at the end can still be taken. Idempotent. */
void receiver_stop(struct receiver *r);
void receiver_free(struct receiver *r); /* fails the test if a packet is not accounted for */

void receiver_step(struct receiver *r, unsigned ms);
uint64_t receiver_now_ms(struct receiver *r);

/* The oldest message not yet taken; false: there is none. */
bool receiver_take(struct receiver *r, struct said *out);
/* A datagram comes to its socket; from: "192.0.2.1". */
void receiver_hear(struct receiver *r, const char *from, uint16_t port, const uint8_t *octets,
                   uint32_t len);
void receiver_hear_hex(struct receiver *r, const char *from, uint16_t port, const char *hex);

/* How many payloads the player got that are this text, or (NULL) at all. */
unsigned receiver_played(struct receiver *r, const char *payload);

/* Of an element, by its name in receive.yaml ("tunnel/gateway"); unknown names fail the test. */
uint64_t receiver_drops(struct receiver *r, const char *element, const char *reason);
uint64_t receiver_counter(struct receiver *r, const char *element, const char *counter);

#endif
