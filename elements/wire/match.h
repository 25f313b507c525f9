/*
 * Is this the packet that was meant? Compares a packet as written (written.h) with octets
 * taken apart (dissect.h). Only what is said is compared: layers in their order, others may
 * stand between them; fields by value; lists of addresses as sets; records in order. A
 * wrong checksum is a difference unless the field is said.
 */
#ifndef AMTG_WIRE_MATCH_H
#define AMTG_WIRE_MATCH_H

#include "elements/wire/dissect.h"
#include "elements/wire/written.h"

struct amtg_mismatch {
    struct amtg_mark mark;     /* where the expected was written */
    int part;                  /* the part that differs; -1: there is none */
    const char *name;          /* of the field or layer */
    const char *expected, *is; /* in words; is NULL: nothing */
};

struct amtg_matching {
    struct amtg_mismatch *mismatches; /* in the arena of w */
    unsigned count;
};

/* true: they match. w->value must know all that is said by now. */
bool amtg_match(const struct amtg_writing *w, const struct amtg_written *written,
                const struct amtg_dissection *d, struct amtg_matching *out);
/*
 * The part that a path means: FIELD, or LAYER.FIELD; the first one from the outermost
 * layer on. NULL: there is none.
 */
const struct amtg_part *amtg_match_find(const struct amtg_dissection *d, const char *path);
/* Could there be such a part at all? */
bool amtg_match_path_known(const char *path);
/* A part in words, in the arena. */
const char *amtg_match_words(const struct amtg_dissection *d, const struct amtg_part *part,
                             struct amtg_arena *arena, bool cut);

#endif
