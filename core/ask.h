/*
 * What a running element can be asked and told, as its class declares it: listings
 * (listing.h) and calls. All of it in the thread of the element's runtime.
 */
#ifndef AMTG_CORE_ASK_H
#define AMTG_CORE_ASK_H

#include <jansson.h>

#include "core/runtime.h"

/* What amtg_runtimes_print_stats prints; the caller's. Sums over the runtimes of one graph. */
json_t *amtg_runtimes_json(struct amtg_runtime *const *runtimes, unsigned count);

/*
 * Some rows of a listing, as JSON objects with the names of the columns for keys, appended to
 * `out`. cursor: 0 at first, then what was returned, until that is 0.
 */
uint64_t amtg_ask_rows(struct amtg_element *e, const struct amtg_listing *listing, uint64_t cursor,
                       json_t *out);

/*
 * Make a call: args are texts "value" in the order of its parameters, or "name=value". Every
 * element has the call `reset` too, which sets what only grows to 0. AMTG_ECONFIG: no such
 * call, or wrong arguments; or what the call said. `why` (room octets) tells.
 */
enum amtg_err amtg_ask_call(struct amtg_element *e, const char *call, const char *const *args,
                            unsigned count, char *why, size_t room);
extern const struct amtg_call amtg_call_reset;

#endif
