/*
 * Memory that is given back all at once. Used while files are read and graphs are
 * built: what they make lives and dies together. When the system has no memory the
 * program ends with a message; nothing runs yet at that time.
 */
#ifndef AMTG_CORE_ARENA_H
#define AMTG_CORE_ARENA_H

#include <stddef.h>

struct amtg_arena;

struct amtg_arena *amtg_arena_new(void);
void amtg_arena_free(struct amtg_arena *a); /* NULL is fine */

/* Zeroed octets, aligned for anything; never NULL. */
void *amtg_arena_get(struct amtg_arena *a, size_t octets);
/* A copy of a text / of its first len octets, with a NUL. */
char *amtg_arena_text(struct amtg_arena *a, const char *text);
char *amtg_arena_text_of(struct amtg_arena *a, const char *octets, size_t len);
char *amtg_arena_printf(struct amtg_arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Room for one more item at the end of an array in the arena: returns the array,
 * moved if it had to grow. count: items in use, a power of two at which it is full.
 */
void *amtg_arena_grow(struct amtg_arena *a, void *items, size_t count, size_t item_octets);

#endif
