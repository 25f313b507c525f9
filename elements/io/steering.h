/*
 * Which shard a datagram is for: by the address of the gateway, so that all of one address
 * comes to one shard, and what is bounded for each address is bounded exactly. For an AMT
 * Teardown that is the address in the message, since it may come from another (RFC 7450,
 * section 5.3.3.5).
 *
 * The kernel decides by the same rule, as a classic BPF program on the group of sockets that
 * share a port (SO_REUSEPORT); the sockets of a group count in the order of being bound.
 */
#ifndef AMTG_IO_STEERING_H
#define AMTG_IO_STEERING_H

#include <stdbool.h>

#include "core/addr.h"

/* The shard for what comes from this address. shards > 0. */
unsigned amtg_steer(const struct amtg_addr *from, unsigned shards);
/* Have the kernel steer the group of a bound UDP socket so. false: errno says why. */
bool amtg_steer_group(int fd, bool is4, unsigned shards);

#endif
