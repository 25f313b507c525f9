/*
 * Fuzz: layers by their tables. The first octet chooses a type; whatever the others are, they
 * are taken apart into parts that lie within one another and leave no octet out, and the words
 * of each value are read as the same value.
 */
#include "elements/wire/match.h"
#include "elements/wire/types.h"
#include "tests/fuzz/support/fuzz.h"

enum { MOST = 2048, DEEPEST = 64 };

static const struct amtg_type *const types[] = {
    AMTG_IP_RAW, AMTG_DATAGRAM, AMTG_AMT, AMTG_REPORT, AMTG_JOIN, AMTG_ASK, AMTG_UNREACHABLE,
    AMTG_GONE, AMTG_LOOKUP, AMTG_ADDRESSES_OF};

static void check_ranges(const struct amtg_dissection *d)
{
    static bool seen[MOST];
    unsigned above[DEEPEST] = {0};

    memset(seen, 0, sizeof seen);
    for (unsigned i = 0; i < d->count; i++) {
        const struct amtg_part *p = &d->parts[i], *parent;
        FUZZ_CHECK(p->depth < DEEPEST, "depth %u", p->depth);
        FUZZ_CHECK(p->octet <= d->len && p->octets <= d->len - p->octet, "%u octets at %u of %u",
                   p->octets, p->octet, d->len);
        FUZZ_CHECK(p->bit + (uint64_t)p->bits <= 8ull * p->octets, "bits %u to %u of %u octets", p->bit,
                   p->bits, p->octets);
        parent = p->depth ? &d->parts[above[p->depth - 1]] : p;
        FUZZ_CHECK(p->octet >= parent->octet &&
                       p->octet + p->octets <= parent->octet + parent->octets,
                   "part %u is not within its parent", i);
        above[p->depth] = i;
        if (p->field)
            memset(seen + p->octet, true, p->octets);
        else if (p->fault[0]) /* octets behind a layer, or the bound of parts */
            memset(seen + p->octet, true, d->len - p->octet);
    }
    bool cut = d->count && strncmp(d->parts[d->count - 1].fault, "too many", 8) == 0;
    for (uint32_t i = 0; i < d->len && d->count && !cut; i++)
        FUZZ_CHECK(seen[i], "octet %u is in no part", i);
}

static void check_words(const struct amtg_dissection *d, struct amtg_arena *arena)
{
    for (unsigned i = 0; i < d->count; i++) {
        const struct amtg_part *p = &d->parts[i];
        struct amtg_value again;
        const char *words = amtg_match_words(d, p, arena, false);
        amtg_match_words(d, p, arena, true);
        if (!p->field || p->item >= 0 || amtg_form_is_nested(p->field->form) || p->fault[0] ||
            p->field->form == AMTG_FORM_HOST) /* what is no name has no words */
            continue;
        struct amtg_value is = amtg_form_value(p->field, d->octets, p->octet, p->bit, p->bits);
        FUZZ_CHECK(amtg_form_parse(p->field, words, arena, &again), "%s: %s", p->field->name, words);
        FUZZ_CHECK(amtg_value_equal(&is, &again), "%s: %s", p->field->name, words);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct amtg_dissection d;

    if (len < 1 || len > MOST)
        return 0;
    const struct amtg_type *type = types[octets[0] % (sizeof types / sizeof types[0])];
    uint32_t left = (uint32_t)len - 1;
    uint8_t *exact = malloc(left + !left); /* a sanitizer sees the first octet too many */
    struct amtg_arena *arena = amtg_arena_new();
    if (left)
        memcpy(exact, octets + 1, left);
    amtg_dissect(&d, amtg_layer_first(type, exact, left), exact, left);
    check_ranges(&d);
    check_words(&d, arena);
    amtg_dissection_free(&d);
    amtg_arena_free(arena);
    free(exact);
    return 0;
}
