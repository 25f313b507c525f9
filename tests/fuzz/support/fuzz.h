/*
 * A fuzz target is one function, fuzz_one, in a file of its own. With clang it becomes a
 * libFuzzer program; without, support/replay.c runs it on the files it is given.
 *
 * A target says what must hold by FUZZ_CHECK: a finding ends the program at once, and
 * libFuzzer keeps the input.
 */
#ifndef AMTG_TESTS_FUZZ_H
#define AMTG_TESTS_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* octets: lent, `len` of them, any. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

#define FUZZ_CHECK(condition, ...)                                                            \
    do {                                                                                      \
        if (!(condition)) {                                                                   \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);           \
            fprintf(stderr, __VA_ARGS__);                                                     \
            fputc('\n', stderr);                                                              \
            abort();                                                                          \
        }                                                                                     \
    } while (0)

/* An input that is read as a sequence of choices, from its first octet on; behind its end: zeroes. */
struct choices {
    const uint8_t *at;
    size_t left;
};

static inline uint8_t choose_u8(struct choices *c)
{
    if (!c->left)
        return 0;
    c->left--;
    return *c->at++;
}

static inline uint16_t choose_u16(struct choices *c)
{
    uint16_t high = choose_u8(c);
    return (uint16_t)(high << 8 | choose_u8(c));
}

/* 0 .. below-1; below: 1 .. 256 */
static inline unsigned choose(struct choices *c, unsigned below)
{
    return choose_u8(c) % below;
}

/* Lend the next octets: at most so many, fewer at the end. */
static inline const uint8_t *choose_octets(struct choices *c, size_t most, size_t *len)
{
    const uint8_t *at = c->at;

    *len = most < c->left ? most : c->left;
    c->at += *len;
    c->left -= *len;
    return at;
}

#endif
