/*
 * What has become of octets between two looks at them: the difference of two dissections,
 * layer by layer and field by field, as people would say it. Layers are lined up in their
 * order, however deep they stand, so that a header put in front is one line and not
 * everything behind it.
 *
 *     struct amtg_changes c;
 *     amtg_changes_find(&c, &before, &after);
 *     for (unsigned i = 0; i < c.count; i++)
 *         amtg_change_print(&c, i, stdout);      "ip4.ttl 64 -> 63"
 *     amtg_changes_free(&c);
 */
#ifndef AMTG_WIRE_CHANGE_H
#define AMTG_WIRE_CHANGE_H

#include "elements/wire/dissect.h"

enum amtg_change_kind {
    AMTG_CHANGE_REMOVED, /* a layer is gone: its header, and not what stands behind */
    AMTG_CHANGE_ADDED,   /* there is one more */
    AMTG_CHANGE_MESSAGE, /* it is another message of that layer */
    AMTG_CHANGE_VALUE,   /* a field of both has another value */
    AMTG_CHANGE_LOST,    /* a field, or an item of a list, is gone */
    AMTG_CHANGE_GAINED,  /* there is one more */
};

struct amtg_change {
    enum amtg_change_kind kind;
    int before, after;    /* parts of either dissection; -1: it has none */
    uint32_t octets;      /* of a layer removed or added: its own */
    bool filled;          /* a length, count or checksum: it follows from the others */
    const char *name;     /* "ip4.ttl", "igmp.records[1].group", "amt data" */
    const char *was, *is; /* values in words; NULL: of no value */
};

struct amtg_changes {
    struct amtg_change *all;
    unsigned count;
    bool others; /* no layer of the one is in the other: it has become something else */
    struct amtg_arena *arena;
};

/*
 * In the order of the octets; what is gone stands where it was. All words are the changes' own, so
 * that both dissections may be freed. No more than AMTG_CHANGES_MOST are said.
 */
enum { AMTG_CHANGES_MOST = 256 };
void amtg_changes_find(struct amtg_changes *c, const struct amtg_dissection *before,
                       const struct amtg_dissection *after);
void amtg_changes_free(struct amtg_changes *c);

/* One of them in words, without line end. */
void amtg_change_print(const struct amtg_changes *c, unsigned i, FILE *out);
/* "value", "added": what kind it is, for programs. */
const char *amtg_change_kind_name(enum amtg_change_kind kind);

#endif
