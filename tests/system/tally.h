/*
 * What one gateway has received: per stream, which numbers came and how often.
 */
#ifndef SYSTEM_TALLY_H
#define SYSTEM_TALLY_H

#include "packet.h"

struct tally {
    uint64_t count;      /* distinct numbers */
    uint64_t duplicates;
    uint64_t least, most; /* numbers; valid while count > 0 */
    uint64_t last_sent_ns;/* latest time of sending among them */
    uint8_t *seen;       /* one bit a number */
    uint64_t room;       /* numbers that fit in seen */
};

void tally_add(struct tally *tally, uint64_t number, uint64_t sent_ns);
/* Forget all. */
void tally_clear(struct tally *tally);

#endif
