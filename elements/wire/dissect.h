/*
 * Octets taken apart by the tables of layer.h: a list of parts in the order of the
 * octets, each layer followed by its fields. Every part knows its range. Whatever the
 * octets are, each is in the range of some part, and none of it is read past its end.
 *
 *     struct amtg_dissection d;
 *     amtg_dissect(&d, amtg_layer_first(p->type, p->data, p->len), p->data, p->len);
 *     for (unsigned i = 0; i < d.count; i++) ...
 *     amtg_dissection_free(&d);
 */
#ifndef AMTG_WIRE_DISSECT_H
#define AMTG_WIRE_DISSECT_H

#include "elements/wire/form.h"

/*
 * A layer (field NULL), a field of it (one deeper), or an item of a list (field: the list,
 * item its number; a record's fields are one deeper again). Layers within a field of form
 * INNER are one deeper than it.
 */
struct amtg_part {
    const struct amtg_layer *layer;
    const struct amtg_message *message; /* of the layer; of an item of RECORDS: the record */
    const struct amtg_field *field;
    int item;       /* from 0; -1: no item of a list */
    unsigned depth; /* from 0 */
    uint32_t octet,
        octets;     /* where; of a field that is not whole octets: the octets that it touches */
    uint8_t bit;    /* its first, from the highest of `octet` */
    uint32_t bits;  /* its width; of a layer: 8 times octets */
    char fault[48]; /* what is wrong with it, in words; "": nothing */
};

struct amtg_dissection {
    const uint8_t *octets; /* lent; must outlive it */
    uint32_t len;
    struct amtg_part *parts;
    unsigned count, room;
};

/* first: NULL gives no parts. Parts are bounded: at most 4096; the last says that it is cut. */
void amtg_dissect(struct amtg_dissection *d, const struct amtg_layer *first, const uint8_t *octets,
                  uint32_t len);
void amtg_dissection_free(struct amtg_dissection *d);

/* The value of a field or an item of addresses, in words; a nested one gives "". cut: as
 * amtg_form_print. */
void amtg_part_print(const struct amtg_dissection *d, const struct amtg_part *part, bool cut,
                     FILE *out);
/* "igmp", or "igmp report": of a layer. "source", "records[1]": of a field or item. */
void amtg_part_print_name(const struct amtg_part *part, FILE *out);

#endif
