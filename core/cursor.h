/*
 * A bounds-checked cursor over octets. Reads past the end return 0 and set a
 * sticky error, so a parser reads all fields of a message and asks once, at
 * the end, whether it fitted. Values are converted from network to host order.
 * The cursor owns nothing; the octets must outlive it.
 */
#ifndef AMTG_CORE_CURSOR_H
#define AMTG_CORE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct amtg_cursor {
    const uint8_t *at;  /* next octet */
    const uint8_t *end; /* one past the last octet */
    bool failed;        /* sticky: some read went past the end */
};

static inline struct amtg_cursor amtg_cursor_of(const void *octets, size_t len)
{
    const uint8_t *at = octets;
    return (struct amtg_cursor){.at = at, .end = at + len, .failed = false};
}

/* Octets not yet read; 0 once a read has failed. */
static inline size_t amtg_cursor_left(const struct amtg_cursor *c)
{
    return c->failed ? 0 : (size_t)(c->end - c->at);
}

/* Lend the next n octets and step over them; NULL and failed when too few. */
static inline const uint8_t *amtg_cursor_take(struct amtg_cursor *c, size_t n)
{
    if (amtg_cursor_left(c) < n) {
        c->failed = true;
        return NULL;
    }
    const uint8_t *at = c->at;
    c->at += n;
    return at;
}

static inline void amtg_cursor_skip(struct amtg_cursor *c, size_t n)
{
    (void)amtg_cursor_take(c, n);
}

static inline uint8_t amtg_cursor_u8(struct amtg_cursor *c)
{
    const uint8_t *o = amtg_cursor_take(c, 1);
    return o ? o[0] : 0;
}

static inline uint16_t amtg_cursor_u16(struct amtg_cursor *c)
{
    const uint8_t *o = amtg_cursor_take(c, 2);
    return o ? (uint16_t)(o[0] << 8 | o[1]) : 0;
}

static inline uint32_t amtg_cursor_u32(struct amtg_cursor *c)
{
    const uint8_t *o = amtg_cursor_take(c, 4);
    return o ? (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3] : 0;
}

/* Copy the next n octets to `out`; zeroes there when too few. */
static inline void amtg_cursor_copy(struct amtg_cursor *c, void *out, size_t n)
{
    const uint8_t *o = amtg_cursor_take(c, n);
    if (o)
        memcpy(out, o, n);
    else
        memset(out, 0, n);
}

/* Writing network order into octets that the caller has room for. */
static inline void amtg_put_u16(uint8_t *o, uint16_t v)
{
    o[0] = (uint8_t)(v >> 8);
    o[1] = (uint8_t)v;
}

static inline void amtg_put_u32(uint8_t *o, uint32_t v)
{
    amtg_put_u16(o, (uint16_t)(v >> 16));
    amtg_put_u16(o + 2, (uint16_t)v);
}

static inline uint16_t amtg_get_u16(const uint8_t *o)
{
    return (uint16_t)(o[0] << 8 | o[1]);
}

static inline uint32_t amtg_get_u32(const uint8_t *o)
{
    return (uint32_t)amtg_get_u16(o) << 16 | amtg_get_u16(o + 2);
}

#endif
