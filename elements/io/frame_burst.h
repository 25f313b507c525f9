/*
 * The frames of one sendmmsg(2) of packet-socket, and what each of them is a copy of. A frame
 * is a header of its own, Ethernet, IP and UDP, and the payload where it lies: that is summed
 * once for all copies.
 *
 * Some copies are no frame: `way` says why, and their message is empty.
 */
#ifndef AMTG_IO_FRAME_BURST_H
#define AMTG_IO_FRAME_BURST_H

#include <sys/socket.h>

#include "elements/io/next_hops.h"
#include "elements/io/udp_lane.h"

enum { AMTG_FRAME_BURST = 64 };

/* Why a copy is no frame: an enum amtg_hop_way, or that it is too long for the device. */
enum { AMTG_FRAME_TOO_BIG = AMTG_HOP_DOUBTED + 1 };

struct amtg_frame_options {
    uint8_t hops;
    uint8_t tos;   /* of packets that have none of their own */
    uint16_t port; /* ours, for what does not say its own */
};

struct amtg_frame_burst;

struct amtg_frame_burst *amtg_frame_burst_new(void); /* NULL: no memory */
void amtg_frame_burst_free(struct amtg_frame_burst *b);

/* Fill it from the lane with at most so many copies, those that are no frame included. */
void amtg_frame_burst_fill(struct amtg_frame_burst *b, const struct amtg_udp_lane *lane,
                           uint32_t copies, struct amtg_next_hops *hops,
                           const struct amtg_frame_options *options);

unsigned amtg_frame_burst_count(const struct amtg_frame_burst *b);
unsigned amtg_frame_burst_way(const struct amtg_frame_burst *b, unsigned i);
/* How many from i on are frames by one device, in a row; and that device. */
unsigned amtg_frame_burst_run(const struct amtg_frame_burst *b, unsigned i);
const struct amtg_net_device *amtg_frame_burst_device(const struct amtg_frame_burst *b, unsigned i);
struct mmsghdr *amtg_frame_burst_messages(struct amtg_frame_burst *b);
/* Where copy i is in the lane; i == count: where the next burst begins. */
const struct amtg_udp_place *amtg_frame_burst_place(const struct amtg_frame_burst *b, unsigned i);

#endif
