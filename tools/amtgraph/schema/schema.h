/*
 * JSON Schema (draft-07) of graph files, made from what the program itself reads files by: the
 * descriptors of classes, the tables of keys (core/graph_keys.h, test/keys.h) and of layers. For
 * editors and validators; `amtgraph check` sees more (docs/graph-files.md says what).
 *
 * It takes whatever `check` takes, so an editor never marks what is right. Draft-07, for it is what
 * the language server of editors (yaml-language-server) was made for; it knows newer drafts in
 * part. There nothing may stand beside "$ref", so references are put into "anyOf" or "allOf".
 *
 * All functions return a new JSON value, the caller's.
 */
#ifndef AMTG_TOOLS_SCHEMA_H
#define AMTG_TOOLS_SCHEMA_H

#include <jansson.h>

#include "core/element.h"
#include "core/graph_keys.h"

/* The whole document. classes: NULL-terminated. */
json_t *schema_document(const struct amtg_class *const *classes);

/* ---- its parts ------------------------------------------------------------------- */

/* Adds what the others refer to: texts of each form by their patterns. */
void schema_define_forms(json_t *definitions);
/* Adds "element" and a definition for each class. */
void schema_define_elements(json_t *definitions, const struct amtg_class *const *classes);
/* Adds "test", "step" and "packet". */
void schema_define_tests(json_t *definitions);

enum schema_place {
    SCHEMA_OF_CLASS,   /* a parameter of an element: "${name}" may stand for it */
    SCHEMA_OF_DEFAULT, /* the default of a graph's parameter: whoever takes it checks more */
};

/* What a parameter may be: a list of alternatives. names: its items name ports. */
json_t *schema_alternatives(const struct amtg_param *p, enum schema_place place, bool names);
/* The same with help, range and default. */
json_t *schema_param(const struct amtg_param *p, bool names);

/* {"$ref": "#/definitions/NAME"}; {"anyOf": [...]}, which takes the list. */
json_t *schema_ref(const char *name);
json_t *schema_any_of(json_t *alternatives);
/* A text as a plain scalar of YAML would be read: a number, true, a text. */
json_t *schema_plain(const char *text);
/* A map with these keys and no others: help from the table, the rest from `values` (taken). */
json_t *schema_map(const struct amtg_key *keys, json_t *values);

#endif
