/*
 * The floating-point codes of times in Queries: eight bits (RFC 3376, sections
 * 4.1.1 and 4.1.7: Max Resp Code, QQIC; RFC 3810, section 5.1.9: QQIC) and sixteen
 * (RFC 3810, section 5.1.3: Maximum Response Code). Small values stand for
 * themselves; larger ones have three bits of exponent.
 */
#ifndef AMTG_WIRE_FLOAT_CODE_H
#define AMTG_WIRE_FLOAT_CODE_H

#include <stdint.h>

/* Largest values that the codes can say. */
enum { AMTG_FLOAT8_MOST = 31744, AMTG_FLOAT16_MOST = 8387584 };

uint32_t amtg_float8_decode(uint8_t code);
uint32_t amtg_float16_decode(uint16_t code);
/* Exact if possible, else the next lower value that can be said; at most the largest. */
uint8_t amtg_float8_encode(uint32_t value);
uint16_t amtg_float16_encode(uint32_t value);

#endif
