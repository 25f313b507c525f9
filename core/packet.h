/*
 * Buffers, packets, batches. Whom packets go to is in endpoint.h.
 *
 * A *buffer* is counted octets from a pool. A *packet* is a view of one: where
 * its octets begin and end, what type they have, who sent it and who gets it.
 * A tee makes two packets of one buffer; writing needs sole ownership, else the
 * octets are copied first. Packets have one owner at a time: whoever is pushed
 * a packet emits, keeps or drops it (element.h).
 *
 * A pool is bounded. A function that needs a buffer returns NULL or false when
 * the pool is dry; the packet is then dropped as `no-buffer`.
 * Nothing here is shared between threads: one pool per shard.
 */
#ifndef AMTG_CORE_PACKET_H
#define AMTG_CORE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/endpoint.h"

struct amtg_type;
struct amtg_pool;
struct amtg_loop;
struct amtg_task;

enum {
    AMTG_HEADROOM = 128,       /* octets before the data of a fresh packet */
    AMTG_SMALL_OCTETS = 2048,  /* data room of an ordinary buffer, headroom excluded */
    AMTG_LARGE_OCTETS = 65536, /* data room of a large one: any IP datagram */
    AMTG_BATCH = 64,           /* packets that travel together, at most */
};

/* ---- buffers and packets ------------------------------------------------ */

struct amtg_buffer {
    uint32_t refs; /* packets that view it */
    uint32_t size; /* octets in room[] */
    struct amtg_pool *pool;
    struct amtg_buffer *next; /* in the pool's free list */
    _Alignas(16) uint8_t room[];
};

enum amtg_packet_flags {
    AMTG_ADDRESSED_ONE = 1,     /* goes to `peer`: a reply, or a single send */
    AMTG_NO_CHECKSUM_YET = 2,   /* its transport checksum was left to a device */
    AMTG_HAS_TOS = 4,           /* `tos` says something */
};

struct amtg_packet {
    const struct amtg_type *type;
    struct amtg_buffer *buffer;
    uint8_t *data;          /* first octet */
    uint32_t len;           /* octets */
    uint16_t transport;     /* type ip and narrower: octets before the transport header */
    uint8_t protocol;       /* type ip and narrower: transport protocol number */
    uint8_t flags;          /* enum amtg_packet_flags */
    uint64_t time_ns;       /* loop time at which it came in or was made */
    struct amtg_peer peer;  /* who sent it; or, when AMTG_ADDRESSED_ONE, who gets it */
    struct amtg_set *to;    /* who gets it, when not one peer; NULL: nobody yet */
    struct amtg_packet *next; /* for whoever holds it: free lists, queues */
    uint8_t tos; /* datagrams: TOS or traffic class of the IP packet that brought it or is to take it */
};

struct amtg_pool_stats {
    uint32_t limit;  /* buffers that may be out at once */
    uint32_t in_use; /* buffers out now */
    uint32_t peak;
    uint64_t denied; /* requests refused because the pool was dry */
    uint64_t packets; /* packets out now (several may share a buffer) */
};

/* A pool of at most `limit` small buffers plus `large_limit` large ones. */
struct amtg_pool *amtg_pool_new(uint32_t limit, uint32_t large_limit);
/* Every packet must have come back. */
void amtg_pool_free(struct amtg_pool *pool);
struct amtg_pool_stats amtg_pool_stats(const struct amtg_pool *pool);
/*
 * Post `t` on `loop` once a part of the pool is free again (elements call
 * amtg_wait_for_buffers). After close nobody is woken any more.
 */
void amtg_pool_wait(struct amtg_pool *pool, struct amtg_loop *loop, struct amtg_task *t);
void amtg_pool_close(struct amtg_pool *pool);

/*
 * A packet of `len` octets (contents undefined) with at least AMTG_HEADROOM
 * before them; len up to AMTG_LARGE_OCTETS. NULL: pool dry. Type: packet.
 */
struct amtg_packet *amtg_packet_new(struct amtg_pool *pool, uint32_t len);
/* A second view of the same buffer, with type, peer and set. NULL: pool dry. */
struct amtg_packet *amtg_packet_clone(const struct amtg_packet *p);
/* Give the packet back to its pool, with its hold on buffer and set. */
void amtg_packet_free(struct amtg_packet *p);

/* Before writing octets: become sole owner, copying if shared. false: pool dry, p unchanged. */
bool amtg_packet_own(struct amtg_packet *p);
/*
 * Prepend n octets (contents undefined): sole ownership, moving to another
 * buffer when shared or when the headroom is too small. NULL: pool dry, p unchanged.
 */
uint8_t *amtg_packet_push(struct amtg_packet *p, uint32_t n);
/* Strip n octets at the front (n <= len); shorten to len octets. Never copies. */
static inline void amtg_packet_pull(struct amtg_packet *p, uint32_t n)
{
    p->data += n;
    p->len -= n;
}
static inline void amtg_packet_trim(struct amtg_packet *p, uint32_t len)
{
    p->len = len;
}
/* Octets after the data that the buffer still has room for. */
static inline uint32_t amtg_packet_tailroom(const struct amtg_packet *p)
{
    return (uint32_t)(p->buffer->room + p->buffer->size - (p->data + p->len));
}

/*
 * Send to one peer / to a set (takes a reference of its own) / to nobody yet. What came
 * in leaves with the sender's own TOS, unless another is set afterwards.
 */
void amtg_packet_to_peer(struct amtg_packet *p, const struct amtg_peer *peer);
void amtg_packet_to_set(struct amtg_packet *p, struct amtg_set *set);
void amtg_packet_to_nobody(struct amtg_packet *p);

static inline void amtg_packet_set_tos(struct amtg_packet *p, uint8_t tos)
{
    p->tos = tos;
    p->flags |= AMTG_HAS_TOS;
}
/*
 * The TOS or traffic class of a datagram to this peer: its own or, when it has none,
 * `usual`. The two bits of ECN only for a peer that heeds them (RFC 6040, section 4.3).
 */
static inline uint8_t amtg_packet_tos_to(const struct amtg_packet *p, const struct amtg_peer *peer,
                                         uint8_t usual)
{
    uint8_t tos = p->flags & AMTG_HAS_TOS ? p->tos : usual;

    return peer->ecn ? tos : tos & 0xfc;
}

/* ---- batches ------------------------------------------------------------ */

struct amtg_batch {
    uint32_t count;
    struct amtg_packet *packets[AMTG_BATCH];
};

/* for each packet of a batch: AMTG_EACH (packet, batch) { ... } */
#define AMTG_EACH(packet, batch)                                                          \
    for (uint32_t amtg_i_ = 0; amtg_i_ < (batch)->count; amtg_i_++)                        \
        for (struct amtg_packet *packet = (batch)->packets[amtg_i_]; packet; packet = NULL)

#endif
