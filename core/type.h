/*
 * The tree of types that ports speak. The roots are here; protocols add their
 * own below them (elements/wire/types.h), as constants. An output may feed an
 * input of the same or of a wider type.
 *
 * A type also says how one of its packets is shown in words and how it looks on
 * a wire, so that printing, recording and replaying need no list of types.
 */
#ifndef AMTG_CORE_TYPE_H
#define AMTG_CORE_TYPE_H

#include <stdbool.h>
#include <stdio.h>

#include "core/packet.h"

/* Receives one whole IP datagram (unverified). Copies what it wants to keep. */
typedef void amtg_wire_sink(void *arg, const uint8_t *octets, uint32_t len);

/* How packets of a type look as whole IP datagrams in a capture file. */
struct amtg_wire_form {
    /*
     * Turn a captured IP datagram into a packet of this type, in place: data and
     * len moved, peer set. false: not one of these, p unchanged.
     */
    bool (*from_ip)(struct amtg_packet *p);
    /* Hand over each datagram that the wire would see: one per destination. */
    void (*to_ip)(const struct amtg_packet *p, amtg_wire_sink *sink, void *arg);
};

struct amtg_type {
    const char *name;               /* "amt.request" */
    const struct amtg_type *parent; /* NULL: the root */
    const char *summary;
    /* One line without line end about a packet of the type. NULL: as the parent does. */
    void (*describe)(const struct amtg_packet *p, FILE *out);
    const struct amtg_wire_form *wire; /* NULL: as the parent has */
};

extern const struct amtg_type amtg_type_any;    /* the root */
extern const struct amtg_type amtg_type_packet; /* octets of some protocol */
extern const struct amtg_type amtg_type_record; /* a message between elements, never on a wire */

#define AMTG_ANY (&amtg_type_any)
#define AMTG_PACKET (&amtg_type_packet)
#define AMTG_RECORD (&amtg_type_record)

/* Is `type` the same as `wide` or below it? */
bool amtg_type_is(const struct amtg_type *type, const struct amtg_type *wide);
/* The narrowest type that holds both. NULL counts as "nothing yet". */
const struct amtg_type *amtg_type_common(const struct amtg_type *a, const struct amtg_type *b);
/* Inherited lookups. describe never fails; wire may be NULL (records). */
void amtg_type_describe(const struct amtg_packet *p, FILE *out);
const struct amtg_wire_form *amtg_type_wire(const struct amtg_type *type);

#endif
