/*
 * What `source` sends and `gateway` expects: numbered multicast UDP packets whose
 * every octet follows from the stream, the number and the time of sending. Both
 * programs build packets with the same function, so a gateway can compare a whole
 * inner datagram byte for byte without asking the source.
 *
 * Deliberately apart from elements/wire: this is the oracle for that code.
 */
#ifndef SYSTEM_PACKET_H
#define SYSTEM_PACKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STREAMS_MAX = 1024,
    PACKET_MAX = 2048,  /* octets of one IP packet */
    PAYLOAD_MIN = 32,   /* octets: magic, stream, number, time, digest */
    SOURCE_PORT = 40001,
    GROUP_PORT = 40002, /* chosen so that no dissector claims the payload */
};

struct address {
    int family;     /* AF_INET or AF_INET6 */
    uint8_t a[16];  /* network order; IPv4 in the first four */
};

struct stream {
    bool set;
    struct address source, group;
    unsigned payload; /* octets of UDP payload */
};

/* What a packet says about itself. */
struct label {
    uint32_t stream;
    uint64_t number;
    uint64_t sent_ns; /* CLOCK_MONOTONIC, common to all namespaces */
};

bool address_parse(const char *text, struct address *out);
/* `10.0.0.1` or `10.0.0.1/5`: an address and how many consecutive ones; 1 without the slash. */
bool addresses_parse(const char *text, struct address *first, unsigned *count);
/* The address `n` after `first`. */
struct address address_plus(const struct address *first, uint32_t n);
size_t address_octets(const struct address *address);
socklen_t address_to_sockaddr(const struct address *address, uint16_t port,
                              struct sockaddr_storage *out);
/* Text of an address in a static buffer: for messages only. */
const char *address_text(const struct address *address);

/* `3` or `0-99`, both ends included. */
bool range_parse(const char *text, unsigned *first, unsigned *last);

/*
 * Define the streams of a range: `RANGE SOURCE[/N] GROUP[/N]`, in which sources and
 * groups advance with the stream's number, modulo their count.
 */
bool streams_define(struct stream *streams, const char *range, const char *source,
                    const char *group, unsigned payload);

/* One's complement sum, RFC 1071; fold() gives what goes into the header. */
uint32_t sum_octets(uint32_t sum, const void *data, size_t size);
uint16_t sum_fold(uint32_t sum);
/* Sum of an IPv4 or IPv6 pseudo header. */
uint32_t sum_pseudo(const struct address *source, const struct address *destination,
                    uint8_t protocol, uint32_t size);

void put16(uint8_t *at, uint16_t value);
void put32(uint8_t *at, uint32_t value);
uint16_t get16(const uint8_t *at);
uint32_t get32(const uint8_t *at);

/* Write the UDP payload of a packet, stream->payload octets. */
void payload_build(const struct stream *stream, const struct label *label, uint8_t *out);
/* Write the whole IP packet to `out` (PACKET_MAX octets); its size. */
size_t packet_build(const struct stream *stream, const struct label *label, uint8_t *out);
/* Read the label of an IP packet; false if it is none of ours. */
bool packet_label(const uint8_t *ip, size_t size, struct label *out);

uint64_t now_ns(void);

#endif
