#include "elements/wire/float_code.h"

/*
 * A code with `bits` of mantissa: 1, exponent (3 bits), mantissa; its value is
 * (2^bits + mantissa) * 2^(exponent + 3).
 */
static uint32_t decode(uint32_t code, unsigned bits)
{
    uint32_t one = 1u << bits;

    if (code < one << 3)
        return code;
    return ((code & (one - 1)) | one) << (((code >> bits) & 7) + 3);
}

static uint32_t encode(uint32_t value, unsigned bits)
{
    uint32_t one = 1u << bits;
    unsigned exponent = 0;

    if (value < one << 3)
        return value;
    while (value >> (exponent + 3) >= one << 1) {
        if (++exponent > 7)
            return (one << 4) - 1;
    }
    return one << 3 | exponent << bits | ((value >> (exponent + 3)) & (one - 1));
}

uint32_t amtg_float8_decode(uint8_t code)
{
    return decode(code, 4);
}

uint32_t amtg_float16_decode(uint16_t code)
{
    return decode(code, 12);
}

uint8_t amtg_float8_encode(uint32_t value)
{
    return (uint8_t)encode(value, 4);
}

uint16_t amtg_float16_encode(uint32_t value)
{
    return (uint16_t)encode(value, 12);
}
