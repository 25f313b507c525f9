/* Is it UTF-8? Graph files must be, and what messages quote is made so. */
#ifndef AMTG_CORE_UTF8_H
#define AMTG_CORE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Octets of the character at `at` (1 to 4), or 0 when it is none (RFC 3629, section 4). */
static inline size_t amtg_utf8_character(const char *at, size_t left)
{
    const uint8_t *o = (const uint8_t *)at;
    size_t len = left == 0 ? 0 : o[0] < 0x80 ? 1 : o[0] < 0xc2 ? 0 : o[0] < 0xe0 ? 2
                 : o[0] < 0xf0 ? 3 : o[0] < 0xf5 ? 4 : 0;

    if (len == 0 || len > left)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((o[i] & 0xc0) != 0x80)
            return 0;
    /* Overlong forms, surrogates, and what lies beyond U+10FFFF. */
    if ((o[0] == 0xe0 && o[1] < 0xa0) || (o[0] == 0xed && o[1] > 0x9f) ||
        (o[0] == 0xf0 && o[1] < 0x90) || (o[0] == 0xf4 && o[1] > 0x8f))
        return 0;
    return len;
}

#endif
