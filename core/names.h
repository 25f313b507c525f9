/*
 * Texts to numbers: the index by name of what a file lists. Keyed hash, so that
 * no file can make it slow. The texts must outlive it.
 */
#ifndef AMTG_CORE_NAMES_H
#define AMTG_CORE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"

struct amtg_name {
    const char *text; /* NULL: a free slot */
    unsigned value;
};

struct amtg_names {
    struct amtg_arena *arena;
    struct amtg_name *slots;
    size_t slots_count; /* a power of two, or 0 */
    size_t count;
    uint8_t key[16];
    const char **all; /* in the order in which they were added */
};

void amtg_names_init(struct amtg_names *n, struct amtg_arena *arena);
/* false: the text is there already and keeps its value. */
bool amtg_names_add(struct amtg_names *n, const char *text, unsigned value);
/* The value of a text; -1: it is not there. */
int amtg_names_find(const struct amtg_names *n, const char *text);

#endif
