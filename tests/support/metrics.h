/*
 * A strict reader of what Prometheus scrapes (text exposition format 0.0.4): each line must be what
 * that allows, and besides each family must have its HELP and TYPE before its samples, all of
 * them together, a name and labels that are allowed, and no sample twice.
 */
#ifndef AMTG_TESTS_METRICS_H
#define AMTG_TESTS_METRICS_H

#include <stddef.h>

/* NULL: all is well; else what is wrong, and where. samples: how many there are. */
const char *metrics_check(const char *text, size_t *samples);
/* The value of the first sample that begins with this; -1: there is none. */
double metrics_value(const char *text, const char *sample);

#endif
