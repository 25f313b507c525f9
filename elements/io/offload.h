/*
 * What senders leave to a network device, done by us instead: checksums, and the
 * cutting of one long UDP packet into the datagrams that it stands for (UDP_SEGMENT,
 * UDP GRO). A capture sees packets as they are before the device has done it.
 */
#ifndef AMTG_IO_OFFLOAD_H
#define AMTG_IO_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Complete an unfinished checksum: its field, `offset` octets behind `start`, holds
 * the pseudo-header's sum; it covers everything from `start` on. false: it would lie
 * outside the packet.
 */
bool amtg_offload_checksum(uint8_t *octets, uint32_t len, uint32_t start, uint32_t offset);

/* One UDP packet that stands for several. Points into the octets it was read from. */
struct amtg_offload_train {
    const uint8_t *octets;
    uint32_t heads;   /* IP and UDP header */
    uint32_t payload; /* octets, of all */
    uint32_t each;    /* payload octets of every datagram but perhaps the last */
    uint32_t count;   /* datagrams */
    bool is4;
};

/* false: not a UDP packet with plain headers, or its sizes make no sense. */
bool amtg_offload_train_read(const uint8_t *octets, uint32_t len, uint32_t each,
                             struct amtg_offload_train *out);
/* Octets of datagram i with its headers; and the datagram itself, checksums right. */
uint32_t amtg_offload_train_octets(const struct amtg_offload_train *train, uint32_t i);
void amtg_offload_train_write(const struct amtg_offload_train *train, uint32_t i, uint8_t *out);

#endif
