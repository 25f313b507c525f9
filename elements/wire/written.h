/*
 * A packet as a person writes it, in YAML: a map whose keys name layers, from the
 * outermost on, each followed by those of its fields that are to be said.
 *
 *     {amt: request, nonce: 0x01020304}
 *     {ip4: 198.51.100.12 > 232.1.2.3, ttl: 5, udp: 5000 > 5001, payload: hello}
 *     {amt: update, mac: "${mac}", nonce: 7, inner: {igmp: report, records: [...]}}
 *
 * Where two layers have a field of one name, LAYER.FIELD says whose is meant.
 *
 * Here the names are looked up and the values checked, by the tables of layer.h.
 * compose.h makes octets of it, match.h compares it with octets.
 */
#ifndef AMTG_WIRE_WRITTEN_H
#define AMTG_WIRE_WRITTEN_H

#include "core/config.h"
#include "elements/wire/form.h"

/* What reading and composing need. */
struct amtg_writing {
    struct amtg_diag *diag;
    struct amtg_arena *arena;
    const char *subject; /* of problems; may be NULL */
    /*
     * A scalar's text, with what it stands for put in (`${name}`). NULL: not known yet, or a
     * problem, which has been reported: any value does. The function may be NULL: as written.
     */
    const char *(*value)(void *arg, const char *text, struct amtg_mark mark);
    void *arg;
};

struct amtg_written_field {
    const struct amtg_field *field;
    struct amtg_mark mark;        /* of the value */
    const char *text;             /* of a scalar, before `${}`; NULL: a list or a map */
    const struct amtg_yaml *node; /* what is nested; of a scalar it may be NULL */
};

struct amtg_written_layer {
    const struct amtg_layer *layer;
    const struct amtg_message *message; /* NULL: any */
    struct amtg_mark mark;              /* of its key */
    struct amtg_mark value_mark;
    struct amtg_written_field *fields;
    unsigned fields_count;
};

struct amtg_written {
    struct amtg_written_layer *layers;
    unsigned layers_count;
    struct amtg_mark mark;
};

/* Read it. false: there were problems, all of which are in diag. */
bool amtg_written_read(const struct amtg_writing *w, const struct amtg_yaml *map,
                       struct amtg_written *out);
/* The fields of one record of a list. */
bool amtg_written_record(const struct amtg_writing *w, const struct amtg_yaml *map,
                         const struct amtg_message *record, struct amtg_written_layer *out);
/* The text of a field's scalar, or of an item of a list, with `${}` put in; NULL: unknown. */
const char *amtg_written_text(const struct amtg_writing *w, const char *text,
                              struct amtg_mark mark);

#endif
