/* What a drawing shows, before anything has a place. */
#ifndef AMTG_TOOLS_DRAW_VIEW_H
#define AMTG_TOOLS_DRAW_VIEW_H

#include "tools/amtgraph/draw/draw.h"

/* A new drawing with boxes, frames, ports, edges and gates; NULL: too many boxes. */
struct drawing *draw_view(const struct amtg_graph *g, const struct draw_options *options);

#endif
