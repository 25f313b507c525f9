/*
 * The interface `path`: does what is sent arrive just now? Offered by outage, asked by
 * whoever judges how long something took, since no time runs while it cannot arrive.
 */
#ifndef AMTG_FLOW_PATH_H
#define AMTG_FLOW_PATH_H

#include "core/element.h"

extern const struct amtg_interface amtg_path;

struct amtg_path_ops {
    /* since_ns: loop time from which on it has been so. */
    bool (*up)(const struct amtg_element *path, uint64_t *since_ns);
};

#endif
