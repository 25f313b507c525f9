/*
 * A hash table of structures that embed a node: keyed hash (SipHash-2-4, so that
 * a stranger cannot choose colliding keys), grows by itself a little at a time.
 * The caller owns the structures; the table owns its array of slots only.
 *
 *     struct thing { struct amtg_node node; uint32_t key; ... };
 *     for (n = amtg_table_find(&t, hash); n; n = amtg_node_next(n, hash)) compare
 */
#ifndef AMTG_CORE_TABLE_H
#define AMTG_CORE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct amtg_node {
    struct amtg_node *next;
    uint64_t hash;
};

struct amtg_table {
    struct amtg_node **slots;
    size_t slots_count; /* a power of two, or 0 before the first insert */
    size_t count;
    struct amtg_node **old_slots; /* being emptied into slots, or NULL */
    size_t old_count, old_next;
    uint8_t key[16];
};

/* key: 16 octets of the element's secret (amtg_element.hash_key). */
void amtg_table_init(struct amtg_table *t, const uint8_t key[16]);
/* Frees the slots; the nodes must be gone or be the caller's to free. */
void amtg_table_fini(struct amtg_table *t);

uint64_t amtg_table_hash(const struct amtg_table *t, const void *key, size_t octets);
/* The first node with this hash, or NULL; then amtg_node_next. The caller compares keys. */
struct amtg_node *amtg_table_find(const struct amtg_table *t, uint64_t hash);
struct amtg_node *amtg_node_next(const struct amtg_node *node, uint64_t hash);
/* false: no memory. */
bool amtg_table_insert(struct amtg_table *t, struct amtg_node *node, uint64_t hash);
void amtg_table_remove(struct amtg_table *t, struct amtg_node *node);
/* Call `visit` for each node, in no useful order; visit may remove and free its node. */
void amtg_table_each(struct amtg_table *t, void (*visit)(struct amtg_node *node, void *arg), void *arg);
/*
 * The same a few at a time, with changes in between: visit those of some further slots, from
 * cursor 0 on, until it returns 0. Whoever is in the table from the first page to the last is
 * visited, once or more often. visit must not change the table.
 */
uint64_t amtg_table_page(struct amtg_table *t, uint64_t cursor, unsigned slots,
                         void (*visit)(struct amtg_node *node, void *arg), void *arg);

#define AMTG_CONTAINER(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

#endif
