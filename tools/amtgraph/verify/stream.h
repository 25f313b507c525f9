/*
 * What can be known of a stream from its datagrams alone: AMT does not number Data, so loss
 * shows only where the sender has numbered something. In order of trust: the numbers of
 * `generator`, RTP (RFC 3550, section 5.1), and the IPv4 identification, which need not count
 * up by one (RFC 6864, section 4.1), and of which it is known only afterwards whether it does.
 *
 * Pure: time and octets are inputs.
 */
#ifndef AMTG_TOOLS_VERIFY_STREAM_H
#define AMTG_TOOLS_VERIFY_STREAM_H

#include "elements/wire/ip.h"

enum verify_numbers {
    VERIFY_NUMBERS_NONE,
    VERIFY_NUMBERS_ID,
    VERIFY_NUMBERS_RTP,
    VERIFY_NUMBERS_OWN
};

/* A number that counts up by one, modulo 2^16. */
struct verify_row {
    bool begun;
    uint16_t highest;
    uint64_t recent; /* bit i: highest - i was seen */
    uint64_t seen, in_row, lost, duplicated, reordered;
    uint64_t jumps; /* too far to be loss: it began anew */
};

enum { VERIFY_RECENT = 1024 };

struct verify_stream {
    uint64_t datagrams, octets; /* fragments count as datagrams */
    uint64_t first_ns, last_ns, longest_gap_ns;
    uint64_t fragments;
    uint32_t largest;  /* octets of an inner datagram, before it was fragmented */
    uint64_t repeated; /* octet for octet like one of the last VERIFY_RECENT */
    struct verify_row rtp, id, own;
    uint32_t ssrc;
    uint16_t rtp_port;
    uint64_t recent[VERIFY_RECENT];
    unsigned recent_next;
};

/* octets: the inner datagram, whose header was parsed to ip. */
void verify_stream_add(struct verify_stream *s, uint64_t now_ns, const uint8_t *octets,
                       const struct amtg_ip *ip);
/* The best numbers there are, or none; row: them. */
enum verify_numbers verify_stream_numbers(const struct verify_stream *s,
                                          const struct verify_row **row);
/* "rtp", "identification", "generator", "none" */
const char *verify_numbers_name(enum verify_numbers numbers);
/* Parts in a thousand, of all that was sent, as far as is known. */
uint32_t verify_row_lost_permille(const struct verify_row *row);
uint32_t verify_row_duplicated_permille(const struct verify_row *row);

#endif
