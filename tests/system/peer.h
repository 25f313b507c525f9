/*
 * The gateway's side of AMT, written from RFC 7450, RFC 3376 and RFC 3810 alone, with
 * nothing of the project's own codecs: it says what a relay must send, octet by octet.
 */
#ifndef SYSTEM_PEER_H
#define SYSTEM_PEER_H

#include "packet.h"

#include <stdio.h>

enum {
    AMT_PORT = 2268,
    AMT_DISCOVERY = 1,
    AMT_ADVERTISEMENT = 2,
    AMT_REQUEST = 3,
    AMT_QUERY = 4,
    AMT_UPDATE = 5,
    AMT_DATA = 6,
    AMT_TEARDOWN = 7,
    REPORT_MAX = 32768,
};

/* What a Membership Query gave, to be returned in Updates and Teardowns. */
struct credentials {
    bool valid;
    uint8_t mac[6];
    uint32_t nonce;
    uint16_t port;       /* Gateway Port Number */
    uint8_t address[16]; /* Gateway IP Address */
    unsigned qqic, qrv;
    bool limit;          /* L */
};

/* One group record. */
struct record {
    uint8_t type; /* 1 IS_IN, 2 IS_EX, 3 TO_IN, 4 TO_EX, 5 ALLOW, 6 BLOCK */
    struct address group, source;
    unsigned sources; /* consecutive ones from `source` on */
    int claimed;      /* number of sources written in the record; -1: the true one */
};

size_t discovery_build(uint8_t *out, uint32_t nonce);
/* P: payload IPv6 / MLDv2. */
size_t request_build(uint8_t *out, uint32_t nonce, bool p);
/* At least one record. IGMPv3 or MLDv2 by the family of the first; 0 if it does not fit. */
size_t update_build(uint8_t *out, size_t room, const struct credentials *credentials,
                    const struct record *records, unsigned count);
size_t teardown_build(uint8_t *out, const struct credentials *credentials);

/* The checkers return NULL, or what is wrong. */
const char *advertisement_check(const uint8_t *message, size_t size, uint32_t nonce,
                                const struct address *relay);
/*
 * local: the gateway's own address and port as the relay must have seen them.
 * out: written when all is right.
 */
const char *query_check(const uint8_t *message, size_t size, uint32_t nonce, bool p,
                        const struct address *local, uint16_t port, struct credentials *out);

#endif
