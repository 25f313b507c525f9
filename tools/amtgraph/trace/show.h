/*
 * What has been followed (follow.h), for people and for programs: the ways of one instant,
 * what each element did to the octets, and where they ended.
 */
#ifndef AMTG_TOOLS_TRACE_SHOW_H
#define AMTG_TOOLS_TRACE_SHOW_H

#include <jansson.h>

#include "tools/amtgraph/trace/follow.h"

/* Lines of text, and an empty one behind. */
void trace_show(struct follow *f, const struct amtg_graph *g, FILE *out);
/* One JSON object, as docs/trace-a-packet.md says; a new reference. */
json_t *trace_json(struct follow *f, const struct amtg_graph *g);
/* The help text of a drop reason of a class; NULL: it has none of that name. */
const char *trace_reason_help(const struct amtg_class *class, const char *reason);

#endif
