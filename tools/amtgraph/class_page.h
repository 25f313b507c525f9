/*
 * The reference page of a class, from its descriptor alone: for a terminal, as
 * Markdown (docs/elements/), or as JSON. Nothing here knows any class.
 */
#ifndef AMTG_TOOLS_CLASS_PAGE_H
#define AMTG_TOOLS_CLASS_PAGE_H

#include <jansson.h>
#include <stdio.h>

#include "core/element.h"

void class_page_text(const struct amtg_class *class, FILE *out);
void class_page_markdown(const struct amtg_class *class, FILE *out);
json_t *class_page_json(const struct amtg_class *class);
/* What it shows: name, help, columns. */
json_t *class_page_listing_json(const struct amtg_listing *l); /* a new reference */

/* What flags of ports and classes mean, in words, ending with {0, NULL, NULL}. */
struct flag_words {
    unsigned flag;
    const char *name;  /* for JSON */
    const char *words; /* for people */
};
extern const struct flag_words class_flag_words[], input_flag_words[], output_flag_words[];

/* "addressed, may stay open"; "" when there is no flag. Into out, returns out. */
const char *class_flags_text(const struct flag_words *words, unsigned flags, char *out, size_t room);
/* A default as it is written, "none", or "required". */
const char *class_default_text(const struct amtg_param *p);
/* What a user may write, with the unit: "a whole number from 0 to 254 (hops)". Into out, returns out. */
const char *class_expected_text(const struct amtg_param *p, char *out, size_t room);

#endif
