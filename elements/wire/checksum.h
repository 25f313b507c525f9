/*
 * The Internet checksum (RFC 1071): one's complement sums of 16-bit words. A sum
 * is kept unfolded in 64 bits, so that a header, a pseudo-header and a payload
 * can be added in turn; amtg_checksum folds and complements it once.
 *
 * Sums are over words as they lie in memory (RFC 1071, section 2(B): the order
 * of octets does not matter to the sum), so all but the last piece must have an
 * even number of octets. Values that come out are in host order.
 */
#ifndef AMTG_WIRE_CHECKSUM_H
#define AMTG_WIRE_CHECKSUM_H

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"

/* Add octets to a sum, eight at a time. An odd last octet is padded with 0. */
uint64_t amtg_sum(uint64_t sum, const void *octets, size_t len);
/* Add one 16-bit value given in host order. */
static inline uint64_t amtg_sum_u16(uint64_t sum, uint16_t value)
{
    uint64_t total = sum + htons(value);
    return total + (total < sum);
}
/*
 * Add the pseudo-header of a transport (RFC 768; RFC 8200, section 8.1). Both
 * addresses are of one family; len: octets of transport header and payload.
 */
uint64_t amtg_sum_pseudo(uint64_t sum, const struct amtg_addr *src, const struct amtg_addr *dst,
                         uint8_t protocol, uint32_t len);
/* Fold to 16 bits without complementing, host order: 0xffff for octets whose checksum is right. */
uint16_t amtg_sum_fold(uint64_t sum);
/* The checksum to write, host order. */
static inline uint16_t amtg_checksum(uint64_t sum)
{
    return (uint16_t)~amtg_sum_fold(sum);
}
/*
 * The checksum after one 16-bit word that it covers has changed (RFC 1624,
 * equation 3). All in host order.
 */
uint16_t amtg_checksum_replace(uint16_t checksum, uint16_t old_word, uint16_t new_word);

#endif
