/*
 * How long may a datagram to the relay be? Asked with Discoveries that are filled up with
 * zeroes: a relay ignores octets behind the last field, or the whole message. A short one is
 * the control: only while it is answered does it mean something that a long one is not.
 *
 * What it tells: the way from here to the relay. Data comes the other way, which is mostly
 * the same one, and need not be.
 *
 * Pure: the caller sends, and says what time it is.
 */
#ifndef AMTG_TOOLS_VERIFY_PROBE_H
#define AMTG_TOOLS_VERIFY_PROBE_H

#include <stdbool.h>
#include <stdint.h>

enum verify_probe_size {
    VERIFY_PROBE_CONTROL,  /* short */
    VERIFY_PROBE_NEEDED,   /* as long as the wanted inner datagram makes it */
    VERIFY_PROBE_ETHERNET, /* 1500 octets of IP */
    VERIFY_PROBE_IPV6,     /* 1280, the least that IPv6 has everywhere; this and the next two
                            * only once longer ones were not answered */
    VERIFY_PROBE_1024,
    VERIFY_PROBE_IPV4, /* 576, the least that IPv4 hosts take */
    VERIFY_PROBE_SIZES,
};

enum verify_probe_result {
    VERIFY_PROBE_PENDING,
    VERIFY_PROBE_FITS,    /* the needed length gets there */
    VERIFY_PROBE_SMALL,   /* it does not, and short ones do */
    VERIFY_PROBE_UNKNOWN, /* no filled Discovery is answered */
};

struct verify_probe {
    uint32_t octets[VERIFY_PROBE_SIZES]; /* of the IP datagram */
    uint32_t head;                       /* octets of IP and UDP header */
    uint32_t nonce;                      /* of the first size; the others follow */
    bool answered[VERIFY_PROBE_SIZES];
    bool control_last; /* the control of the last round was answered */
    unsigned rounds;   /* sent so far */
    unsigned sent;
    uint64_t next_ns; /* of the next round, or of the result */
    uint32_t told;    /* path MTU by an ICMP error or our own host; 0: none told */
    enum verify_probe_result result;
};

/* inner: octets of the inner datagram that has to fit. nonce: unpredictable. */
void verify_probe_start(struct verify_probe *p, uint64_t now_ns, bool ip4, uint32_t inner,
                        uint32_t nonce);
/*
 * What is to be done by now: calls `send` with octets of UDP payload and nonce for each
 * Discovery. Settles the result after the last round.
 */
void verify_probe_tick(struct verify_probe *p, uint64_t now_ns,
                       void (*send)(void *arg, uint32_t payload, uint32_t nonce), void *arg);
/* An Advertisement: is it an answer to a probe? */
bool verify_probe_heard(struct verify_probe *p, uint32_t nonce);
/* The longest IP datagram that is known to get there; 0: nothing is known. */
uint32_t verify_probe_longest(const struct verify_probe *p);

#endif
