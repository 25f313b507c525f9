#include "elements/wire/checksum.h"

#include <string.h>

/* One's complement addition: what is carried out of the top comes in at the bottom. */
static inline uint64_t add(uint64_t a, uint64_t b)
{
    uint64_t sum = a + b;
    return sum + (sum < a);
}

uint64_t amtg_sum(uint64_t sum, const void *octets, size_t len)
{
    const uint8_t *at = octets;
    uint64_t word, other = 0;

    /* Two sums, so that one addition does not wait for the carry of the last. */
    for (; len >= 16; at += 16, len -= 16) {
        memcpy(&word, at, 8);
        sum = add(sum, word);
        memcpy(&word, at + 8, 8);
        other = add(other, word);
    }
    sum = add(sum, other);
    if (len >= 8) {
        memcpy(&word, at, 8);
        sum = add(sum, word);
        at += 8;
        len -= 8;
    }
    if (len) {
        word = 0;
        memcpy(&word, at, len);
        sum = add(sum, word);
    }
    return sum;
}

uint64_t amtg_sum_pseudo(uint64_t sum, const struct amtg_addr *src, const struct amtg_addr *dst,
                         uint8_t protocol, uint32_t len)
{
    if (amtg_addr_is4(dst)) {
        sum = amtg_sum(sum, amtg_addr_octets4(src), 4);
        sum = amtg_sum(sum, amtg_addr_octets4(dst), 4);
    } else {
        sum = amtg_sum(sum, src->octets, 16);
        sum = amtg_sum(sum, dst->octets, 16);
    }
    /* The length has 16 bits in one family and 32 in the other: the sum is the same. */
    sum = amtg_sum_u16(sum, (uint16_t)(len >> 16));
    sum = amtg_sum_u16(sum, (uint16_t)len);
    return amtg_sum_u16(sum, protocol);
}

uint16_t amtg_sum_fold(uint64_t sum)
{
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return ntohs((uint16_t)sum);
}

uint16_t amtg_checksum_replace(uint16_t checksum, uint16_t old_word, uint16_t new_word)
{
    uint32_t sum = (uint16_t)~checksum;

    sum += (uint16_t)~old_word;
    sum += new_word;
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)~sum;
}
