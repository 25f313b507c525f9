#include "core/names.h"

#include <sodium.h>
#include <string.h>

void amtg_names_init(struct amtg_names *n, struct amtg_arena *arena)
{
    *n = (struct amtg_names){.arena = arena};
    randombytes_buf(n->key, sizeof n->key);
}

/* The slot of a text, or the free one where it belongs. */
static struct amtg_name *find_slot(const struct amtg_names *n, const char *text)
{
    uint64_t hash;

    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)text, strlen(text), n->key);
    for (size_t i = hash;; i++) {
        struct amtg_name *slot = &n->slots[i & (n->slots_count - 1)];
        if (!slot->text || strcmp(slot->text, text) == 0)
            return slot;
    }
}

static void grow(struct amtg_names *n)
{
    struct amtg_name *old = n->slots;
    size_t old_count = n->slots_count;

    n->slots_count = old_count ? 2 * old_count : 16;
    n->slots = amtg_arena_get(n->arena, n->slots_count * sizeof *n->slots);
    for (size_t i = 0; i < old_count; i++)
        if (old[i].text)
            *find_slot(n, old[i].text) = old[i];
}

bool amtg_names_add(struct amtg_names *n, const char *text, unsigned value)
{
    if (2 * n->count >= n->slots_count)
        grow(n);
    struct amtg_name *slot = find_slot(n, text);
    if (slot->text)
        return false;
    *slot = (struct amtg_name){.text = text, .value = value};
    n->all = amtg_arena_grow(n->arena, n->all, n->count, sizeof *n->all);
    n->all[n->count++] = text;
    return true;
}

int amtg_names_find(const struct amtg_names *n, const char *text)
{
    if (n->count == 0)
        return -1;
    const struct amtg_name *slot = find_slot(n, text);
    return slot->text ? (int)slot->value : -1;
}
