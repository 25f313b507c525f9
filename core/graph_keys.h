/*
 * The words of graph files: keys and types, each with what it means. Whoever reads files checks
 * keys by these tables, and whoever describes the format (the schema, the manual page) prints them.
 */
#ifndef AMTG_CORE_GRAPH_KEYS_H
#define AMTG_CORE_GRAPH_KEYS_H

#include <stdbool.h>

#include "core/config.h"
#include "core/param.h"

/* A key that a map may have. Tables end with one that has no name. */
struct amtg_key {
    const char *name;
    const char *help; /* without full stop */
    bool required;
};

extern const struct amtg_key amtg_graph_keys[];       /* of a graph file */
extern const struct amtg_key amtg_declaration_keys[]; /* of an entry of `params` */

/* What a parameter of a graph may be. Address families take one, several or none. */
struct amtg_graph_type {
    const char *name; /* NULL ends the table */
    enum amtg_param_kind kind;
    uint8_t family;
    size_t size; /* of the field, where it has bounds; else 0 */
    const char *written;
};

extern const struct amtg_graph_type amtg_graph_types[];

/* "name, summary or params", for messages; into out, returns out. */
const char *amtg_keys_text(const struct amtg_key *keys, char *out, size_t room);
/* A problem for each child of the map that is not among the keys. */
void amtg_keys_check(const struct amtg_yaml *map, const char *subject, const struct amtg_key *keys,
                     struct amtg_diag *diag);
/* May `min` and `max` be said of such a parameter? */
bool amtg_graph_type_has_bounds(const struct amtg_graph_type *type);

#endif
