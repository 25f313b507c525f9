/* What a field holds by rule: lengths, counts, checksums. For whoever writes or verifies. */
#ifndef AMTG_WIRE_LAYER_FILL_H
#define AMTG_WIRE_LAYER_FILL_H

#include "elements/wire/layer.h"

/* A layer in octets, with all behind it, and the IP header before it. */
struct amtg_laid {
    const struct amtg_layer *layer;
    const struct amtg_message *message;
    const struct amtg_layer *behind; /* NULL: nothing */
    const uint8_t *ip;               /* header before it; NULL: none */
    const uint8_t *octets;
    uint32_t own, all; /* octets of its own; with all behind */
    unsigned items;    /* of its list */
};

/*
 * at: octet of the field in the layer. false: by rule nothing can be said, such as of a
 * pseudo-header without IP.
 */
bool amtg_fill(const struct amtg_laid *laid, const struct amtg_field *f, uint32_t at,
               uint64_t *out);
/* Is the field a checksum? */
bool amtg_fill_is_sum(enum amtg_fill fill);

#endif
