#include "elements/flow/numbered.h"

#include <string.h>

#include "core/cursor.h"

static const uint8_t magic[8] = {'A', 'M', 'T', 'G', 't', 'e', 's', 't'};

enum { OFF_SEQUENCE = 8, OFF_TIME = 16 };

const struct amtg_interface amtg_numbered_source = {
    .name = "numbered-source",
    .summary = "says how many numbered packets it has sent",
};

static void put_u64(uint8_t *o, uint64_t v)
{
    amtg_put_u32(o, (uint32_t)(v >> 32));
    amtg_put_u32(o + 4, (uint32_t)v);
}

static uint64_t get_u64(const uint8_t *o)
{
    return (uint64_t)amtg_get_u32(o) << 32 | amtg_get_u32(o + 4);
}

void amtg_numbered_write(uint8_t *payload, uint32_t len, uint64_t number, uint64_t time_ns)
{
    memcpy(payload, magic, sizeof magic);
    put_u64(payload + OFF_SEQUENCE, number);
    put_u64(payload + OFF_TIME, time_ns);
    for (uint32_t i = AMTG_NUMBERED_LEAST; i < len; i++)
        payload[i] = (uint8_t)i;
}

enum amtg_numbered_fault amtg_numbered_read(const uint8_t *payload, uint32_t len,
                                            struct amtg_numbered *out)
{
    if (len < AMTG_NUMBERED_LEAST || memcmp(payload, magic, sizeof magic) != 0)
        return AMTG_NUMBERED_FOREIGN;
    for (uint32_t i = AMTG_NUMBERED_LEAST; i < len; i++)
        if (payload[i] != (uint8_t)i)
            return AMTG_NUMBERED_CHANGED;
    out->number = get_u64(payload + OFF_SEQUENCE);
    out->time_ns = get_u64(payload + OFF_TIME);
    return AMTG_NUMBERED_SOUND;
}
