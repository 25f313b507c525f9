#include "elements/ip/fragment.h"

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"

enum { FRAGMENT6_OCTETS = 8, ECN_MASK = 3, CE = 3 };

static bool read4(const struct amtg_packet *p, struct amtg_fragment *part)
{
    uint16_t field = amtg_get_u16(p->data + 6);

    part->more = field & 0x2000;
    part->offset = (field & 0x1fff) * AMTG_FRAGMENT_UNIT;
    if (!part->more && !part->offset)
        return false;
    part->fixed = part->payload = (p->data[0] & 0x0fu) * 4;
    part->key.id = amtg_get_u16(p->data + 4);
    part->key.protocol = p->data[9];
    part->key.version = 4;
    part->ecn = p->data[1] & ECN_MASK;
    return true;
}

/*
 * The fragment header stands behind those headers that each hop reads. The chain was
 * verified before. One that says offset 0 and no more is no fragment (RFC 6946).
 */
static bool read6(const struct amtg_packet *p, struct amtg_fragment *part)
{
    uint32_t at = AMTG_IP6_OCTETS;
    uint8_t next = p->data[6];

    while (next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS || next == IPPROTO_ROUTING) {
        next = p->data[at];
        at += (p->data[at + 1] + 1u) * AMTG_FRAGMENT_UNIT;
    }
    if (next != IPPROTO_FRAGMENT)
        return false;
    uint16_t field = amtg_get_u16(p->data + at + 2);
    part->more = field & 1;
    part->offset = field & 0xfff8;
    if (!part->more && !part->offset)
        return false;
    part->fixed = at;
    part->payload = at + FRAGMENT6_OCTETS;
    part->key.id = amtg_get_u32(p->data + at + 4);
    part->key.version = 6;
    part->ecn = p->data[1] >> 4 & ECN_MASK;
    return true;
}

bool amtg_fragment_read(const struct amtg_packet *p, struct amtg_fragment *part)
{
    memset(part, 0, sizeof *part);
    if (!(amtg_ip_is4(p) ? read4(p, part) : read6(p, part)))
        return false;
    part->key.src = amtg_ip_source(p);
    part->key.dst = amtg_ip_destination(p);
    part->len = p->len - part->payload;
    return true;
}

void amtg_fragment_head(uint8_t *to, const struct amtg_packet *p, const struct amtg_fragment *first,
                        uint32_t payload, bool congested)
{
    memcpy(to, p->data, first->fixed);
    if (first->key.version == 4) {
        to[1] |= congested ? CE : 0;
        amtg_put_u16(to + 2, (uint16_t)(first->fixed + payload));
        amtg_put_u16(to + 6, 0);
        amtg_put_u16(to + 10, 0);
        amtg_put_u16(to + 10, amtg_checksum(amtg_sum(0, to, first->fixed)));
        return;
    }
    to[1] |= congested ? CE << 4 : 0;
    amtg_put_u16(to + 4, (uint16_t)(first->fixed - AMTG_IP6_OCTETS + payload));
    /* The header before takes over what the fragment header said comes next. */
    uint32_t at = AMTG_IP6_OCTETS;
    uint8_t *next = to + 6;
    while (at < first->fixed) {
        next = to + at;
        at += (to[at + 1] + 1u) * AMTG_FRAGMENT_UNIT;
    }
    *next = p->data[first->fixed];
}
