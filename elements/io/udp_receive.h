/*
 * The receiving half of udp-socket: datagrams of any size into pool buffers, and
 * the error queue into `unreachable` records.
 *
 * Spare small buffers are kept ready between turns. Behind each lies an overflow
 * area that only a message longer than a small buffer touches; such a one is put
 * together in a large buffer. Where long ones came last time, large buffers are ready too,
 * and nothing is put together.
 *
 * A message is one datagram or, with UDP_GRO (udp(7)), a train of them: those leave as views
 * of one buffer. Whoever keeps one of them keeps all of a large buffer, of which the pool
 * has a bounded number; when none is left each datagram is copied to a small one.
 */
#ifndef AMTG_IO_UDP_RECEIVE_H
#define AMTG_IO_UDP_RECEIVE_H

#include "elements/io/udp_bound.h"

enum { AMTG_SOCK_OUT, AMTG_SOCK_UNREACHABLE }; /* outputs */

struct amtg_udp_intake; /* the arrays of recvmmsg */

struct amtg_udp_receiver {
    struct amtg_element *element;
    struct amtg_udp_intake *intake;
};

/* false: no memory. */
bool amtg_udp_receiver_init(struct amtg_udp_receiver *r, struct amtg_element *e);
void amtg_udp_receiver_fini(struct amtg_udp_receiver *r);
/* Receive what is there, up to some bursts, and emit it. false: no buffer to be had. */
bool amtg_udp_receive(struct amtg_udp_receiver *r, struct amtg_udp_bound *bound);
/* Give the spare buffers back. */
void amtg_udp_receiver_stop(struct amtg_udp_receiver *r);

/*
 * Read the socket's error queue and emit a record for each ICMP error in it.
 * Returns how many ICMP errors were found. Also called while sending, from a task.
 */
unsigned amtg_udp_drain_errors(struct amtg_element *e, struct amtg_udp_bound *bound);
/*
 * Emit such a record about a datagram that was too big to leave the host towards this
 * peer: the link takes no more than what the error queue said last.
 */
void amtg_udp_report_too_big(struct amtg_element *e, const struct amtg_udp_bound *bound,
                             const struct amtg_peer *peer);

#endif
