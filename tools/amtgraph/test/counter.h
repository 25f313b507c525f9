/*
 * The steps `counters` and `drops`: what elements have counted. A number is called
 * ELEMENT.NAME: a reason for drops; or else a counter, or an output, whose packets are meant.
 */
#ifndef AMTG_TOOLS_TEST_COUNTER_H
#define AMTG_TOOLS_TEST_COUNTER_H

#include "core/runtime.h"
#include "tools/amtgraph/test/step.h"

/* All names and amounts of such a step; problems are in the diag. */
void test_counters_check(const struct test_reading *r, const struct amtg_yaml *map, bool drops);
/* Do all hold? Those that do not are problems in the diag. */
bool test_counters_hold(const struct test_reading *r, const struct amtg_yaml *map, bool drops,
                        struct amtg_runtime *rt);

#endif
