/*
 * The typed parameters of a class: a table that turns YAML scalars and lists
 * into the fields of its state. The same table is the source of range checks,
 * messages, help, reference pages and the schema. Defaults are given as the text
 * that a user would write, and go through the same parser.
 *
 *     .params = AMTG_PARAMS(
 *         AMTG_U8(struct hop_limit, floor, "1", 0, 254, "hops", "expire at or below"),
 *         AMTG_DURATION(struct query, interval_ns, "125s", AMTG_S, 3600 * AMTG_S, "time between ..."))
 *
 * A parameter is called after its field, with `_` as `-` and without a unit
 * suffix (`_ns`, `_octets`, `_ms`, `_bps`): `interval_ns` is written `interval`.
 * A parameter whose default is NULL is required.
 */
#ifndef AMTG_CORE_PARAM_H
#define AMTG_CORE_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/loop.h"

enum amtg_param_kind {
    AMTG_KIND_BOOL,      /* bool: true, false, yes, no, on, off */
    AMTG_KIND_UINT,      /* uint8_t .. uint64_t by `size`; 0x... allowed */
    AMTG_KIND_DURATION,  /* uint64_t, ns: "125s", "100ms", "2h", "1m30s", "5us" */
    AMTG_KIND_SIZE,      /* uint64_t, octets: "1500", "64KiB", "2MB" */
    AMTG_KIND_FLOAT,     /* double */
    AMTG_KIND_TEXT,      /* const char * */
    AMTG_KIND_ENUM,      /* int: index into `names` */
    AMTG_KIND_ADDR,      /* struct amtg_addr, either family */
    AMTG_KIND_ADDRS,     /* struct amtg_addr_list: a scalar or a list; `none` adds nothing */
    AMTG_KIND_HOSTS,     /* struct amtg_text_list: addresses or host names, one or a list; `none` adds nothing */
    AMTG_KIND_INTERFACE, /* const char *: a network interface's name, or `auto` */
    AMTG_KIND_FILE,      /* const char *: a path, relative to the graph file */
    AMTG_KIND_TEXTS,     /* struct amtg_text_list: a scalar or a list */
    AMTG_KIND_MAP,       /* struct amtg_map: names to texts, in the order written */
    AMTG_KIND_REF,       /* struct amtg_element *: another element that provides `interface` */
};

struct amtg_addr_list {
    unsigned count;
    const struct amtg_addr *items;
};

struct amtg_text_list {
    unsigned count;
    const char *const *items;
};

struct amtg_map {
    unsigned count;
    const char *const *names;
    const char *const *texts;
};

struct amtg_interface; /* element.h */

struct amtg_param {
    enum amtg_param_kind kind;
    const char *field;   /* the C field; amtg_param_name makes the user's name of it */
    size_t offset;       /* of the field in the state */
    size_t size;         /* of the field, octets */
    const char *initial; /* the default, as written in YAML; "" : empty list or text; NULL: required */
    uint64_t min, max;   /* UINT, DURATION (ns), SIZE (octets); lists and maps: number of items */
    double fmin, fmax;   /* FLOAT */
    const char *const *names; /* ENUM: NULL-terminated, in the order of the C enum */
    const struct amtg_interface *interface; /* REF */
    uint8_t family;      /* ADDR, ADDRS: 4, 6, or 0 for either */
    const char *unit;    /* "hops"; NULL when the kind says it or there is none */
    const char *help;
};

#define AMTG_FIELD(struct_, field_) .field = #field_, .offset = offsetof(struct_, field_), \
    .size = sizeof(((struct_ *)0)->field_)

#define AMTG_BOOL(struct_, field_, initial_, help_) \
    {.kind = AMTG_KIND_BOOL, AMTG_FIELD(struct_, field_), .initial = initial_, .help = help_}
#define AMTG_UINT(struct_, field_, initial_, min_, max_, unit_, help_)                          \
    {.kind = AMTG_KIND_UINT, AMTG_FIELD(struct_, field_), .initial = initial_, .min = min_,      \
     .max = max_, .unit = unit_, .help = help_}
#define AMTG_U8 AMTG_UINT
#define AMTG_U16 AMTG_UINT
#define AMTG_U32 AMTG_UINT
#define AMTG_U64 AMTG_UINT
#define AMTG_DURATION(struct_, field_, initial_, min_, max_, help_)                              \
    {.kind = AMTG_KIND_DURATION, AMTG_FIELD(struct_, field_), .initial = initial_, .min = min_,  \
     .max = max_, .help = help_}
#define AMTG_SIZE(struct_, field_, initial_, min_, max_, help_)                                  \
    {.kind = AMTG_KIND_SIZE, AMTG_FIELD(struct_, field_), .initial = initial_, .min = min_,      \
     .max = max_, .unit = "octets", .help = help_}
#define AMTG_FLOAT(struct_, field_, initial_, min_, max_, unit_, help_)                          \
    {.kind = AMTG_KIND_FLOAT, AMTG_FIELD(struct_, field_), .initial = initial_, .fmin = min_,    \
     .fmax = max_, .unit = unit_, .help = help_}
#define AMTG_TEXT(struct_, field_, initial_, help_) \
    {.kind = AMTG_KIND_TEXT, AMTG_FIELD(struct_, field_), .initial = initial_, .help = help_}
#define AMTG_ENUM(struct_, field_, initial_, names_, help_)                                      \
    {.kind = AMTG_KIND_ENUM, AMTG_FIELD(struct_, field_), .initial = initial_, .names = names_,  \
     .help = help_}
#define AMTG_ADDRESS(struct_, field_, initial_, family_, help_)                                  \
    {.kind = AMTG_KIND_ADDR, AMTG_FIELD(struct_, field_), .initial = initial_,                   \
     .family = family_, .help = help_}
#define AMTG_ADDRESSES(struct_, field_, initial_, family_, max_, help_)                          \
    {.kind = AMTG_KIND_ADDRS, AMTG_FIELD(struct_, field_), .initial = initial_,                  \
     .family = family_, .max = max_, .help = help_}
#define AMTG_HOSTS(struct_, field_, initial_, max_, help_)                                       \
    {.kind = AMTG_KIND_HOSTS, AMTG_FIELD(struct_, field_), .initial = initial_, .max = max_,     \
     .help = help_}
#define AMTG_INTERFACE(struct_, field_, initial_, help_) \
    {.kind = AMTG_KIND_INTERFACE, AMTG_FIELD(struct_, field_), .initial = initial_, .help = help_}
#define AMTG_FILE(struct_, field_, initial_, help_) \
    {.kind = AMTG_KIND_FILE, AMTG_FIELD(struct_, field_), .initial = initial_, .help = help_}
#define AMTG_TEXTS(struct_, field_, initial_, min_, max_, help_)                                 \
    {.kind = AMTG_KIND_TEXTS, AMTG_FIELD(struct_, field_), .initial = initial_, .min = min_,     \
     .max = max_, .help = help_}
#define AMTG_MAP(struct_, field_, min_, max_, help_)                                             \
    {.kind = AMTG_KIND_MAP, AMTG_FIELD(struct_, field_), .initial = NULL, .min = min_,           \
     .max = max_, .help = help_}
/* required_: true, or false where the field may stay NULL */
#define AMTG_REF(struct_, field_, interface_, required_, help_)                                  \
    {.kind = AMTG_KIND_REF, AMTG_FIELD(struct_, field_), .initial = (required_) ? NULL : "",     \
     .interface = interface_, .help = help_}

enum { AMTG_PARAM_NAME = 64 };

/* The name a user writes, into out[AMTG_PARAM_NAME]; returns out. */
const char *amtg_param_name(const struct amtg_param *p, char out[AMTG_PARAM_NAME]);
/* "a duration from 1s to 1h", for messages and help; into out, returns out. */
const char *amtg_param_expected(const struct amtg_param *p, char *out, size_t room);
const char *amtg_param_kind_name(enum amtg_param_kind kind);
/* UINT, DURATION, SIZE: the largest value that the field holds and the range allows. */
uint64_t amtg_param_max(const struct amtg_param *p);

/*
 * Parse one scalar into the field of `state`: BOOL, UINT, DURATION, SIZE, FLOAT,
 * ENUM and ADDR. false: out of range or not of the kind; state unchanged.
 * (Texts, lists, maps and references need memory that the graph owns: graph.c.)
 */
bool amtg_param_scalar(const struct amtg_param *p, const char *text, void *state);

/* Shared by parameters and the command line: "10s" to ns; "64KiB" to octets. */
bool amtg_duration_parse(const char *text, uint64_t *ns);
bool amtg_size_parse(const char *text, uint64_t *octets);

#endif
