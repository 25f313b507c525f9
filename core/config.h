/*
 * YAML text to a tree of nodes, each with its place (libyaml events). Bounded:
 * file size, depth and number of nodes; aliases, anchors, tags and a second
 * document are refused with a message; duplicate keys are problems. The tree is
 * as the file says: no parameter is known here, nothing is substituted.
 */
#ifndef AMTG_CORE_CONFIG_H
#define AMTG_CORE_CONFIG_H

#include "core/diag.h"

enum amtg_yaml_kind { AMTG_YAML_SCALAR, AMTG_YAML_LIST, AMTG_YAML_MAP };

struct amtg_yaml {
    enum amtg_yaml_kind kind;
    struct amtg_mark mark; /* of the value */
    char *text;            /* SCALAR: NUL-terminated, no NUL inside */
    bool quoted;           /* SCALAR: written in quotes */
    bool bad;              /* a problem was reported here already: say no more about it */
    struct amtg_yaml *first; /* LIST, MAP: children in the order written */
    struct amtg_yaml *next;  /* next sibling */
    char *key;             /* child of a MAP: its key */
    struct amtg_mark key_mark;
};

enum {
    AMTG_YAML_MAX_OCTETS = 4 << 20,
    AMTG_YAML_MAX_DEPTH = 32,
    AMTG_YAML_MAX_NODES = 1 << 20,
};

/* Read a file; NULL when it has no usable tree (problems say why). `name` is what messages call it. */
struct amtg_yaml *amtg_yaml_read(const char *path, struct amtg_diag *diag);
struct amtg_yaml *amtg_yaml_parse(const char *name, const char *octets, size_t len,
                                  struct amtg_diag *diag);
void amtg_yaml_free(struct amtg_yaml *y); /* the root; NULL is fine */
/* The child of a MAP with this key, or NULL. */
const struct amtg_yaml *amtg_yaml_get(const struct amtg_yaml *map, const char *key);

#endif
