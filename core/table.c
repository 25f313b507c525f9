#include "core/table.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_SLOTS = 16,
    MOVES_PER_INSERT = 4, /* old slots emptied at each insert: the old array is gone long before the next growth */
};

void amtg_table_init(struct amtg_table *t, const uint8_t key[16])
{
    *t = (struct amtg_table){0};
    memcpy(t->key, key, sizeof t->key);
}

void amtg_table_fini(struct amtg_table *t)
{
    free(t->slots);
    free(t->old_slots);
    t->slots = t->old_slots = NULL;
    t->slots_count = t->old_count = t->count = 0;
}

uint64_t amtg_table_hash(const struct amtg_table *t, const void *key, size_t octets)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, key, octets, t->key);
    return hash;
}

static void move_slot(struct amtg_table *t, size_t i)
{
    struct amtg_node *node = t->old_slots[i], *next;

    for (; node; node = next) {
        next = node->next;
        struct amtg_node **slot = &t->slots[node->hash & (t->slots_count - 1)];
        node->next = *slot;
        *slot = node;
    }
    t->old_slots[i] = NULL;
}

static void move_some(struct amtg_table *t, size_t slots)
{
    while (t->old_slots && slots--) {
        move_slot(t, t->old_next++);
        if (t->old_next == t->old_count) {
            free(t->old_slots);
            t->old_slots = NULL;
        }
    }
}

static bool grow(struct amtg_table *t)
{
    size_t count = t->slots_count ? t->slots_count * 2 : FIRST_SLOTS;
    struct amtg_node **slots = calloc(count, sizeof *slots);

    if (!slots)
        return t->slots_count != 0; /* longer chains will do */
    move_some(t, SIZE_MAX);
    t->old_slots = t->slots;
    t->old_count = t->slots_count;
    t->old_next = 0;
    t->slots = slots;
    t->slots_count = count;
    if (t->old_count == 0)
        t->old_slots = NULL;
    return true;
}

/*
 * Nodes with one hash are all in the old array or all in the new one: insert
 * moves their old slot first.
 */
static struct amtg_node **chain_of(const struct amtg_table *t, uint64_t hash)
{
    if (t->old_slots) {
        struct amtg_node **old = &t->old_slots[hash & (t->old_count - 1)];
        if (*old)
            return old;
    }
    return &t->slots[hash & (t->slots_count - 1)];
}

static struct amtg_node *first_with(struct amtg_node *node, uint64_t hash)
{
    while (node && node->hash != hash)
        node = node->next;
    return node;
}

struct amtg_node *amtg_table_find(const struct amtg_table *t, uint64_t hash)
{
    return t->slots ? first_with(*chain_of(t, hash), hash) : NULL;
}

struct amtg_node *amtg_node_next(const struct amtg_node *node, uint64_t hash)
{
    return first_with(node->next, hash);
}

bool amtg_table_insert(struct amtg_table *t, struct amtg_node *node, uint64_t hash)
{
    if (t->count >= t->slots_count && !grow(t))
        return false;
    if (t->old_slots) {
        move_slot(t, hash & (t->old_count - 1));
        move_some(t, MOVES_PER_INSERT);
    }
    struct amtg_node **slot = &t->slots[hash & (t->slots_count - 1)];
    node->hash = hash;
    node->next = *slot;
    *slot = node;
    t->count++;
    return true;
}

void amtg_table_remove(struct amtg_table *t, struct amtg_node *node)
{
    struct amtg_node **at = chain_of(t, node->hash);

    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    t->count--;
}

void amtg_table_each(struct amtg_table *t, void (*visit)(struct amtg_node *node, void *arg), void *arg)
{
    move_some(t, SIZE_MAX);
    for (size_t i = 0; i < t->slots_count; i++) {
        struct amtg_node *next;
        for (struct amtg_node *node = t->slots[i]; node; node = next) {
            next = node->next;
            visit(node, arg);
        }
    }
}

static uint64_t reversed(uint64_t v)
{
    uint64_t out = 0;

    for (unsigned i = 0; i < 64; i++, v >>= 1)
        out = out << 1 | (v & 1);
    return out;
}

/*
 * The cursor counts in the highest bit of the slot's number first: when the array has grown,
 * the slots that the visited ones were split into have all been passed.
 */
uint64_t amtg_table_page(struct amtg_table *t, uint64_t cursor, unsigned slots,
                         void (*visit)(struct amtg_node *node, void *arg), void *arg)
{
    uint64_t mask = t->slots_count - 1;

    move_some(t, SIZE_MAX);
    while (t->slots_count && slots--) {
        for (struct amtg_node *node = t->slots[cursor & mask]; node; node = node->next)
            visit(node, arg);
        cursor = reversed(reversed(cursor | ~mask) + 1);
        if (!cursor)
            break;
    }
    return t->slots_count ? cursor : 0;
}
