/*
 * The messages of one sendmmsg(2) of udp-socket, and what each of them is a copy of. All
 * leave by one socket; those of one train share their iovecs, and messages that say the same
 * besides their octets share their control data.
 */
#ifndef AMTG_IO_UDP_BURST_H
#define AMTG_IO_UDP_BURST_H

#include <sys/socket.h>

#include "elements/io/udp_bound.h"
#include "elements/io/udp_lane.h"

struct amtg_udp_burst;

struct amtg_udp_burst *amtg_udp_burst_new(void); /* NULL: no memory */
void amtg_udp_burst_free(struct amtg_udp_burst *b);

/*
 * Fill it from the lane with at most about `copies` copies (at least one message), for the
 * sockets `bounds`. tos: of packets that have none of their own; now_ns: loop time.
 */
void amtg_udp_burst_fill(struct amtg_udp_burst *b, struct amtg_udp_lane *lane, uint32_t copies,
                         struct amtg_udp_bound *bounds, unsigned bounds_count, uint8_t tos,
                          uint64_t now_ns);

/* How many messages there are; the socket, NULL when the one message has none. */
unsigned amtg_udp_burst_count(const struct amtg_udp_burst *b);
struct amtg_udp_bound *amtg_udp_burst_bound(const struct amtg_udp_burst *b);
struct mmsghdr *amtg_udp_burst_messages(struct amtg_udp_burst *b);
/* Where message i is in the lane; i == count: where the next burst begins. */
const struct amtg_udp_place *amtg_udp_burst_place(const struct amtg_udp_burst *b, unsigned i);
/* How many copies message i is: packets of a train. */
unsigned amtg_udp_burst_copies(const struct amtg_udp_burst *b, unsigned i);
/* `count` messages from i on have left: copies in all, and how many messages are trains. */
struct amtg_udp_sum {
    unsigned copies, trains;
} amtg_udp_burst_sent(struct amtg_udp_burst *b, unsigned i, unsigned count);

#endif
