/*
 * The sending half of udp-socket: expands destination sets, a bounded number of
 * copies a turn. Packets wait in two lanes, replies before sets, so that an answer
 * never waits behind a large set for longer than one turn. Where expansion stopped
 * is a place in the lane (udp_lane.h); entries that died meanwhile are skipped.
 */
#ifndef AMTG_IO_UDP_SEND_H
#define AMTG_IO_UDP_SEND_H

#include "elements/io/udp_bound.h"
#include "elements/io/udp_lane.h"

/* After so long a destination whose way took no trains is tried with one again. */
#define AMTG_TRAINS_AGAIN (60 * AMTG_S)

struct amtg_udp_burst;

struct amtg_udp_sender {
    struct amtg_element *element;
    struct amtg_udp_bound *bounds;
    unsigned bounds_count;
    uint32_t limit;  /* packets that may wait in each lane */
    uint32_t budget; /* copies a turn */
    uint64_t coalesce_ns; /* 0: no packet waits for others */
    bool plain_said;      /* that some destination takes no trains */
    uint8_t tos;     /* of packets that have none of their own */

    struct amtg_udp_lane replies, sets;
    struct amtg_udp_bound *blocked; /* waits for EPOLLOUT of this one */
    uint32_t shown;                  /* its part of the gauge `queued` */
    unsigned tries;                 /* of the message at the head */
    unsigned stalls;                /* times in a row that the device had no room */
    struct amtg_task task;
    struct amtg_timer pause;
    struct amtg_timer gather; /* while packets wait for others, at most coalesce_ns */
    struct amtg_udp_burst *burst;
};

/* longest: packets of a train, at most. false: no memory. */
bool amtg_udp_sender_init(struct amtg_udp_sender *s, struct amtg_element *e, uint32_t longest);
void amtg_udp_sender_fini(struct amtg_udp_sender *s);
/* Take a packet; it is sent from a task. Emits nothing, so it may be called inside push. */
void amtg_udp_sender_take(struct amtg_udp_sender *s, struct amtg_packet *p);
/* The socket that it waited for has room again. */
void amtg_udp_sender_writable(struct amtg_udp_sender *s, struct amtg_udp_bound *bound);
/* Send the replies that wait if that can be done at once, drop the rest; task and timer end. */
void amtg_udp_sender_stop(struct amtg_udp_sender *s);

#endif
