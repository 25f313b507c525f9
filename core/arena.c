#include "core/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_OCTETS = 64 << 10, ALIGN = _Alignof(max_align_t) };

struct block {
    struct block *next;
    size_t used, room;
    _Alignas(max_align_t) char octets[];
};

struct amtg_arena {
    struct block *blocks; /* the first one has room left */
};

static void *must(void *memory)
{
    if (!memory) {
        fputs("amtgraph: out of memory\n", stderr);
        abort();
    }
    return memory;
}

struct amtg_arena *amtg_arena_new(void)
{
    return must(calloc(1, sizeof(struct amtg_arena)));
}

void amtg_arena_free(struct amtg_arena *a)
{
    if (!a)
        return;
    for (struct block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
}

static struct block *add_block(struct amtg_arena *a, size_t octets)
{
    size_t room = octets > BLOCK_OCTETS ? octets : BLOCK_OCTETS;
    struct block *b = must(calloc(1, sizeof *b + room));

    b->room = room;
    if (a->blocks && octets > BLOCK_OCTETS / 4) {
        b->next = a->blocks->next; /* keep filling the first one */
        a->blocks->next = b;
    } else {
        b->next = a->blocks;
        a->blocks = b;
    }
    return b;
}

void *amtg_arena_get(struct amtg_arena *a, size_t octets)
{
    struct block *b = a->blocks;

    if (octets > SIZE_MAX / 2)
        must(NULL);
    octets = (octets + ALIGN - 1) / ALIGN * ALIGN;
    if (!b || b->room - b->used < octets)
        b = add_block(a, octets);
    void *memory = b->octets + b->used;
    b->used += octets;
    return memory;
}

char *amtg_arena_text_of(struct amtg_arena *a, const char *octets, size_t len)
{
    char *copy = amtg_arena_get(a, len + 1);

    memcpy(copy, octets, len);
    return copy;
}

char *amtg_arena_text(struct amtg_arena *a, const char *text)
{
    return amtg_arena_text_of(a, text, strlen(text));
}

char *amtg_arena_printf(struct amtg_arena *a, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = amtg_arena_get(a, (size_t)(len < 0 ? 0 : len) + 1);
    va_start(args, fmt);
    vsnprintf(text, (size_t)(len < 0 ? 0 : len) + 1, fmt, args);
    va_end(args);
    return text;
}

void *amtg_arena_grow(struct amtg_arena *a, void *items, size_t count, size_t item_octets)
{
    if (count != 0 && (count & (count - 1)) != 0)
        return items; /* between two powers of two: there is room */
    void *grown = amtg_arena_get(a, (count ? 2 * count : 1) * item_octets);
    if (count)
        memcpy(grown, items, count * item_octets);
    return grown;
}
