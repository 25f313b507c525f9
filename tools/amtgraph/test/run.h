/* One test, run: step by step until one fails. */
#ifndef AMTG_TOOLS_TEST_RUN_H
#define AMTG_TOOLS_TEST_RUN_H

#include "tools/amtgraph/test/file.h"

/*
 * g: the graph as the test wants it. true: it holds. Else diag says what does not, at its
 * place, and `detail` gets the packets that it is about.
 */
bool test_run(const struct test_file *f, const struct test *test, const struct amtg_graph *g,
              struct amtg_diag *diag, FILE *detail);

#endif
