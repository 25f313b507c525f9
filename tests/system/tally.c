#include "tally.h"

#include <stdlib.h>
#include <string.h>

void tally_add(struct tally *tally, uint64_t number, uint64_t sent_ns)
{
    if (number >= tally->room) {
        uint64_t room = (number + 8192) & ~(uint64_t)7;
        uint8_t *seen = realloc(tally->seen, room / 8);
        if (!seen)
            abort();
        memset(seen + tally->room / 8, 0, (room - tally->room) / 8);
        tally->seen = seen;
        tally->room = room;
    }
    uint8_t bit = (uint8_t)(1u << (number & 7));
    if (tally->seen[number / 8] & bit) {
        tally->duplicates++;
        return;
    }
    tally->seen[number / 8] |= bit;
    if (tally->count == 0 || number < tally->least)
        tally->least = number;
    if (tally->count == 0 || number > tally->most)
        tally->most = number;
    if (sent_ns > tally->last_sent_ns)
        tally->last_sent_ns = sent_ns;
    tally->count++;
}

void tally_clear(struct tally *tally)
{
    free(tally->seen);
    memset(tally, 0, sizeof *tally);
}
