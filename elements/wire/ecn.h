/*
 * Explicit Congestion Notification across a tunnel (RFC 6040): the two bits of inner
 * and outer IP headers, and what becomes of them where the tunnel ends.
 */
#ifndef AMTG_WIRE_ECN_H
#define AMTG_WIRE_ECN_H

#include <stdbool.h>
#include <stdint.h>

enum { /* RFC 3168, section 5 */
    AMTG_NOT_ECT = 0,
    AMTG_ECT1 = 1,
    AMTG_ECT0 = 2,
    AMTG_CE = 3,
    AMTG_ECN_MASK = 3,
};

/* The TOS or Traffic Class octet of an IP header of which two octets are there. */
uint8_t amtg_tos_read(const uint8_t *ip);
/*
 * Write the ECN field of an IP header, of which 12 octets are there. The checksum of
 * IPv4 changes with it, and is right after it if it was before.
 */
void amtg_ecn_write(uint8_t *ip, uint8_t ecn);

struct amtg_ecn_egress {
    uint8_t ecn; /* of the packet that goes on */
    bool drop;   /* it must not go on */
    bool odd;    /* no sound tunnel makes this pair: worth saying */
};

/* What becomes of a packet that leaves a tunnel (RFC 6040, section 4.2). inner, outer: ECN fields. */
struct amtg_ecn_egress amtg_ecn_decapsulate(uint8_t inner, uint8_t outer);
const char *amtg_ecn_text(uint8_t ecn); /* "ECT(0)" */

#endif
