/*
 * What the octets of our protocols mean: for each layer a table of its messages, for
 * each message a table of its fields in wire order. The tables say each thing once;
 * what reads octets (dissect.h) and what writes them (compose.h) go by them.
 *
 * A field's place follows from the widths before it: fields are packed from the highest
 * bit of the first octet on. Only the last few of a message have no fixed width; these
 * say with `extent` how many octets they have.
 *
 * To add a field: a line in a table. A message: a table, and a line in that of its
 * layer. A layer: a constant `struct amtg_layer`, a line in amtg_layers, and whoever
 * carries it names it in amtg_layer_behind.
 */
#ifndef AMTG_WIRE_LAYER_H
#define AMTG_WIRE_LAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/type.h"

struct amtg_layer;

/* How a value is written in words, and compared. */
enum amtg_form {
    AMTG_FORM_NUMBER,  /* 2268, or one of `names` */
    AMTG_FORM_HEX,     /* 0x01020304, or one of `names` */
    AMTG_FORM_TENTHS,  /* an eight-bit floating-point code of tenths of a second: 10s, 1500ms */
    AMTG_FORM_SECONDS, /* the same of seconds: 125s */
    AMTG_FORM_MILLIS,  /* a sixteen-bit one of milliseconds: 10s */
    AMTG_FORM_ADDRESS, /* 192.0.2.1: four or sixteen octets, by its width */
    AMTG_FORM_COMPAT,  /* the same in sixteen octets, IPv4 as IPv4-compatible (RFC 7450, 5.1.4.9.2)
                        */
    AMTG_FORM_MAPPED,  /* the same, IPv4 as IPv4-mapped: in records (core/addr.h) */
    AMTG_FORM_OCTETS,  /* 0x00ff..., or one of `words` */
    AMTG_FORM_PAYLOAD, /* a text, or 0x00ff... */
    AMTG_FORM_HOST,    /* relay.example.net, and zeroes up to the width of the field */
    AMTG_FORM_ADDRESSES, /* a list; each of `item_octets`, MAPPED when these are 0 */
    AMTG_FORM_RECORDS,   /* a list; each with the fields of `record` */
    AMTG_FORM_INNER,     /* a whole IP datagram: layers within this one */
};

/* What a writer fills in when nothing is said. */
enum amtg_fill {
    AMTG_FILL_NOTHING,
    AMTG_FILL_TYPE,       /* the number of the message */
    AMTG_FILL_LENGTH,     /* octets of the layer and all behind it */
    AMTG_FILL_BEHIND,     /* octets behind the layer's own */
    AMTG_FILL_WORDS,      /* octets of the layer's own, in units of four */
    AMTG_FILL_COUNT,      /* items of the list of this message */
    AMTG_FILL_PROTOCOL,   /* number of the layer behind */
    AMTG_FILL_TAIL,       /* 1 if the fields behind an inner datagram are there */
    AMTG_FILL_SUM_OWN,    /* Internet checksum of the layer's own octets */
    AMTG_FILL_SUM,        /* of the layer and all behind it */
    AMTG_FILL_SUM_PSEUDO, /* the same with the pseudo-header of the IP layer before it */
};

struct amtg_word {
    uint32_t value;
    const char *text; /* NULL ends a table */
};

/* Octets that have a name of their own: hex digits. */
struct amtg_octet_word {
    const char *hex, *text; /* NULL ends a table */
};

struct amtg_field {
    const char *name; /* lower-case with dashes; unique in its message, "reserved" apart */
    uint16_t bits;    /* width; 0: see extent */
    enum amtg_form form;
    enum amtg_fill fill;
    /* Octets of a field of no fixed width: of a layer of `len` octets, of which those before `at`
     * are there. */
    uint32_t (*extent)(const uint8_t *layer, uint32_t at, uint32_t len);
    const char *initial; /* written when nothing is said; NULL: must be said, unless filled or
                            without width */
    const char *group;   /* the same in a datagram that carries IGMP or MLD; NULL: as initial */
    const struct amtg_word *names;
    const struct amtg_octet_word *words;
    const struct amtg_message *record; /* RECORDS */
    uint8_t item_octets;               /* ADDRESSES */
    bool host_order;                   /* of a record: as the machine has it, aligned */
};

enum { AMTG_ANY_NUMBER = -1 };

struct amtg_message {
    const char *name; /* "request"; NULL: the layer's only form */
    int number;       /* of its type field; AMTG_ANY_NUMBER: whatever the others are not */
    uint32_t least;   /* octets that it has at least: tells messages of one number apart */
    const struct amtg_field *fields;
    unsigned fields_count;
    const char *destination; /* IGMP, MLD: where it is sent; NULL: to its group */
};

struct amtg_layer {
    const char *name; /* "ip4" */
    const char *title;
    const struct amtg_message *messages;
    unsigned messages_count;
    uint8_t type_octet, type_mask; /* where the number of a message is */
    /* How the layer's key is written short: `igmp: report`, `ip4: A > B`, `join: GROUP`. */
    const char *brief[2]; /* names of fields; none: the name of a message */
    int protocol;         /* IP protocol number; -1: not carried by IP */
};

/* A line of a table of fields: name, width, form, and whatever else is to be said of it. */
#define AMTG_ROW(name_, bits_, form_, ...)                               \
    {                                                                    \
        .name = (name_), .bits = (bits_), .form = (form_), ##__VA_ARGS__ \
    }
#define AMTG_FIELDS(table)   .fields = (table), .fields_count = sizeof(table) / sizeof(table)[0]
#define AMTG_MESSAGES(table) .messages = (table), .messages_count = sizeof(table) / sizeof(table)[0]

extern const struct amtg_layer amtg_layer_ip4, amtg_layer_ip6, amtg_layer_hop_by_hop,
    amtg_layer_udp, amtg_layer_icmp, amtg_layer_icmp6, amtg_layer_igmp, amtg_layer_mld,
    amtg_layer_amt, amtg_layer_payload, amtg_layer_join, amtg_layer_ask, amtg_layer_unreachable,
    amtg_layer_gone, amtg_layer_lookup, amtg_layer_addresses;

extern const struct amtg_layer *const amtg_layers[]; /* NULL-terminated */

const struct amtg_layer *amtg_layer_named(const char *name);
/* The message that begins with these octets; never NULL. */
const struct amtg_message *amtg_layer_message(const struct amtg_layer *layer, const uint8_t *octets,
                                              uint32_t len);
/* By name; NULL: there is none. */
const struct amtg_message *amtg_layer_message_named(const struct amtg_layer *layer,
                                                    const char *name);
/* The field of a message with this name; NULL: there is none. */
const struct amtg_field *amtg_message_field(const struct amtg_message *m, const char *name);

/* What a packet of a type begins with; NULL: a type that nothing is known of. */
const struct amtg_layer *amtg_layer_first(const struct amtg_type *type, const uint8_t *octets,
                                          uint32_t len);
/* The widest type of which all packets begin with this layer; NULL: none says so much. */
const struct amtg_type *amtg_layer_type(const struct amtg_layer *layer);
/* May a packet of this type begin with this layer? */
bool amtg_layer_fits(const struct amtg_layer *layer, const struct amtg_type *type);
/*
 * What stands behind a layer whose own octets are octets[0 .. own-1]; *len: octets behind
 * them, shortened to what the layer says. NULL: nothing.
 */
const struct amtg_layer *amtg_layer_behind(const struct amtg_layer *layer, const uint8_t *octets,
                                           uint32_t own, uint32_t *len);

#endif
