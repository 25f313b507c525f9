/*
 * The payload that generator writes and stream-check reads, in network order:
 *
 *     0   magic "AMTGtest"
 *     8   sequence number, from 0
 *     16  loop time at which it was made, ns
 *     24  filling: each octet is the low octet of its offset
 *
 * And the interface by which one who reads it asks how many were sent.
 */
#ifndef AMTG_FLOW_NUMBERED_H
#define AMTG_FLOW_NUMBERED_H

#include "core/element.h"

enum { AMTG_NUMBERED_LEAST = 24 }; /* octets of such a payload */

/* Write all of it; len: at least AMTG_NUMBERED_LEAST. */
void amtg_numbered_write(uint8_t *payload, uint32_t len, uint64_t number, uint64_t time_ns);

enum amtg_numbered_fault {
    AMTG_NUMBERED_SOUND,
    AMTG_NUMBERED_FOREIGN, /* too short, or without the magic */
    AMTG_NUMBERED_CHANGED, /* the filling is not as it was written */
};

struct amtg_numbered {
    uint64_t number;
    uint64_t time_ns;
};

/* `out` is written only when sound. */
enum amtg_numbered_fault amtg_numbered_read(const uint8_t *payload, uint32_t len,
                                            struct amtg_numbered *out);

extern const struct amtg_interface amtg_numbered_source;

struct amtg_numbered_source_ops {
    /* Packets sent so far, which is the next number. */
    uint64_t (*sent)(const struct amtg_element *source);
    /* Will there be no more? */
    bool (*done)(const struct amtg_element *source);
};

#endif
