/* Edges by the names that people give them: "udp", "udp.out", "udp -> messages", "udp.out -> messages.in". */
#ifndef AMTG_TOOLS_ADMIN_EDGE_H
#define AMTG_TOOLS_ADMIN_EDGE_H

#include "core/graph.h"

struct admin_edge {
    unsigned node, out;
};

/* false: there is none, or more than one, and `why` says which there are. */
bool admin_edge_find(const struct amtg_graph *g, const char *text, struct admin_edge *edge, char *why,
                     size_t room);
/* "udp.out -> messages.in" */
const char *admin_edge_text(const struct amtg_graph *g, unsigned edge, char *out, size_t room);

#endif
