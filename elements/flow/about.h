/* Random times for schedules, from the element's own stream. */
#ifndef AMTG_FLOW_ABOUT_H
#define AMTG_FLOW_ABOUT_H

#include "core/element.h"

/* From 1 ns to twice the mean, evenly. mean_ns: above 0, at most half of 2^64. */
static inline uint64_t amtg_random_about(struct amtg_element *e, uint64_t mean_ns)
{
    return 1 + amtg_random_below(e, 2 * mean_ns);
}

#endif
