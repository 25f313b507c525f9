/*
 * Counters of a run as tables of elements, edges and drops: what show and top print. From the
 * answers to "counters" and "edges" (kinds.c).
 */
#ifndef AMTG_TOOLS_RUN_VIEW_H
#define AMTG_TOOLS_RUN_VIEW_H

#include <jansson.h>

/* {"columns": [...], "rows": [...]} */
json_t *run_view_elements(const json_t *counters);
json_t *run_view_edges(const json_t *counters, const json_t *edges);
json_t *run_view_drops(const json_t *counters);

/*
 * The same per second, between two answers to "counters": edges by packets and bits, then
 * elements by drops; what stands still is left out.
 */
json_t *run_view_edge_rates(const json_t *before, const json_t *after, const json_t *edges);
json_t *run_view_element_rates(const json_t *before, const json_t *after);
/* For each edge, in their order, [packets/s, bit/s]. */
json_t *run_view_rates(const json_t *before, const json_t *after, const json_t *edges);

#endif
