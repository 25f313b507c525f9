/* Hex texts to octets, for the codecs' tests; blanks are skipped. */
#ifndef AMTG_TESTS_WIRE_HEX_H
#define AMTG_TESTS_WIRE_HEX_H

#include "tests/support/suite.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t hex(const char *text, uint8_t *out)
{
    uint32_t digits = 0;
    for (; *text; text++) {
        if (isspace((unsigned char)*text))
            continue;
        ck_assert_msg(isxdigit((unsigned char)*text), "not hex: %s", text);
        int digit = tolower((unsigned char)*text);
        uint8_t v = (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
        out[digits / 2] = (uint8_t)(digits % 2 ? out[digits / 2] | v : v << 4);
        digits++;
    }
    ck_assert_uint_eq(digits % 2, 0);
    return digits / 2;
}

/* A copy that ends where the heap block ends, so that a sanitizer sees the first octet too many. */
static inline uint8_t *exact(const uint8_t *octets, uint32_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, octets, len);
    return copy;
}

/* The messages of RFC 7450 in octets; one nonce and one MAC in all. */
#define NONCE 0xa1b2c3d4u
#define HEX_DISCOVERY "01000000a1b2c3d4"
#define HEX_ADVERTISEMENT4 "02000000a1b2c3d4 c0000201"
#define HEX_ADVERTISEMENT6 "02000000a1b2c3d4 20010db8000000000000000000000001"
#define HEX_REQUEST4 "03000000a1b2c3d4"
#define HEX_REQUEST6 "03010000a1b2c3d4"
#define HEX_INNER_QUERY4 \
    "46c00024000040000102041300000000e0000001940400001101ec8100000000027d0000"
#define HEX_QUERY4 "0400010203040506a1b2c3d4" HEX_INNER_QUERY4
#define HEX_QUERY4_G "0401010203040506a1b2c3d4" HEX_INNER_QUERY4 \
    "c738000000000000000000000000cb007107"
#define HEX_INNER_QUERY6 \
    "6000000000240001fe800000000000000000000000000001ff020000000000000000000000000001" \
    "3a0005020000010082007da50001000000000000000000000000000000000000027d0000"
#define HEX_QUERY6_LG "0403010203040506a1b2c3d4" HEX_INNER_QUERY6 \
    "c73820010db8000100000000000000000007"
#define HEX_INNER_REPORT4 \
    "46c0002c00004000010203f600000000e0000016940400002200c4b80000000105000001e8010203c633640c"
#define HEX_UPDATE4 "0500010203040506a1b2c3d4" HEX_INNER_REPORT4
#define HEX_INNER_REPORT6 \
    "6000000000340001fe800000000000000000000000000002ff020000000000000000000000000016" \
    "3a000502000001008f00c0eb0000000105000001ff3e000000000000000000008000000d" \
    "20010db800000000000000000000000a"
#define HEX_UPDATE6 "0500010203040506a1b2c3d4" HEX_INNER_REPORT6
#define HEX_TEARDOWN "0700010203040506a1b2c3d4c738000000000000000000000000cb007107"
#define HEX_INNER_DATA \
    "450000201234000009118b55c633640ce801020313881389000c000074657374"
#define HEX_DATA "0600" HEX_INNER_DATA

#endif
