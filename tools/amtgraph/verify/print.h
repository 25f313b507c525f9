/* What `amtgraph verify` prints: a line for each step as it is settled, and all at the end. */
#ifndef AMTG_TOOLS_VERIFY_PRINT_H
#define AMTG_TOOLS_VERIFY_PRINT_H

#include <stdio.h>

#include "tools/amtgraph/verify/steps.h"

void verify_print_head(const struct verify_options *o, FILE *out);
void verify_print_step(enum verify_step step, const struct verify_result *result, bool color,
                       FILE *out);
/* The end: that all is well, or evidence and likely causes. code: the exit code. */
void verify_print_end(const struct verify *v, int code, FILE *out);
/* All of it as one JSON object; docs/why-no-packets.md has its shape. */
void verify_print_json(const struct verify *v, int code, FILE *out);

#endif
