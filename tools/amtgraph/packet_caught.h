/*
 * A packet that was caught on its way, for somebody who asked: copied where it was, with one peer
 * at most, and shown as JSON later, perhaps in another thread.
 */
#ifndef AMTG_TOOLS_PACKET_CAUGHT_H
#define AMTG_TOOLS_PACKET_CAUGHT_H

#include <jansson.h>

#include "core/element.h"

struct caught {
    struct amtg_packet packet; /* without its octets; it has one peer at most, and no buffer */
    uint64_t wall_ns;
    uint32_t copies;
    size_t at; /* where its octets are, among those that were copied */
};

/* What of it is shown. */
struct caught_view {
    uint32_t snap; /* octets of each in hex */
    bool wire, layers;
};

enum { CAUGHT_SNAP = 65535 };

/* In the thread of e's shard. */
struct caught caught_of(const struct amtg_element *e, const struct amtg_packet *p, size_t at);
/* octets: those that were copied. A new reference. */
json_t *caught_json(struct caught *c, const struct caught_view *view, uint8_t *octets);

#endif
