/*
 * Is a drawing laid out well? Nothing lies on anything else, all is on the paper, lines
 * begin and end at their ports, and edges lead to the right unless they close a cycle.
 */
#ifndef AMTG_TESTS_DRAWING_CHECK_H
#define AMTG_TESTS_DRAWING_CHECK_H

#include "tools/amtgraph/draw/draw.h"

/* All of it, within a Check case. Takes time in the square of edges. */
void drawing_check(const struct drawing *drawing);
/* Only that boxes and frames have places of their own, and that nothing is left out. */
void drawing_check_places(const struct drawing *drawing);

#endif
