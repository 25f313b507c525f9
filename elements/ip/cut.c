#include "elements/ip/cut.h"

#include "core/cursor.h"
#include "elements/ip/fragment.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"

enum {
    OPTION_END = 0, OPTION_NOP = 1, OPTION_COPIED = 0x80,
    MORE_FRAGMENTS = 0x2000, OFFSET = 0x1fff,
};

/*
 * The options that go into each fragment (RFC 791, section 3.1: those with the copied
 * flag), to `out` if there is one, padded with ends of the list. Returns their octets.
 */
static uint32_t copied_options(const uint8_t *at, const uint8_t *end, uint8_t *out)
{
    uint32_t octets = 0;

    while (at < end && *at != OPTION_END) {
        uint32_t length = *at == OPTION_NOP ? 1 : at[1];
        if (*at & OPTION_COPIED) {
            if (out)
                memcpy(out + octets, at, length);
            octets += length;
        }
        at += length;
    }
    for (; octets % 4; octets++)
        if (out)
            out[octets] = OPTION_END;
    return octets;
}

bool amtg_cut_begin(struct amtg_cut *cut, const uint8_t *datagram, uint32_t len, uint32_t mtu)
{
    uint32_t header = (datagram[0] & 0x0fu) * 4;
    uint32_t offset = (amtg_get_u16(datagram + 6) & OFFSET) * AMTG_FRAGMENT_UNIT;

    *cut = (struct amtg_cut){
        .datagram = datagram,
        .header = header,
        .payload = len - header,
        .mtu = mtu,
        .later_header = AMTG_IP4_OCTETS + copied_options(datagram + AMTG_IP4_OCTETS,
                                                         datagram + header, NULL),
    };
    return mtu >= header + AMTG_FRAGMENT_UNIT && offset + len <= UINT16_MAX;
}

uint32_t amtg_cut_header(const struct amtg_cut *cut)
{
    return cut->done ? cut->later_header : cut->header;
}

uint32_t amtg_cut_octets(const struct amtg_cut *cut)
{
    uint32_t left = cut->payload - cut->done, header = amtg_cut_header(cut);

    if (!left)
        return 0;
    if (header + left <= cut->mtu)
        return header + left;
    /* Offsets count in units, so all fragments but the last are whole units long. */
    return header + (cut->mtu - header) / AMTG_FRAGMENT_UNIT * AMTG_FRAGMENT_UNIT;
}

void amtg_cut_write(struct amtg_cut *cut, uint8_t *out)
{
    uint32_t header = amtg_cut_header(cut), octets = amtg_cut_octets(cut);
    uint16_t field = amtg_get_u16(cut->datagram + 6);

    memcpy(out, cut->datagram, cut->done ? AMTG_IP4_OCTETS : header);
    if (cut->done)
        copied_options(cut->datagram + AMTG_IP4_OCTETS, cut->datagram + cut->header,
                       out + AMTG_IP4_OCTETS);
    memcpy(out + header, cut->datagram + cut->header + cut->done, octets - header);

    field = (uint16_t)((field & ~OFFSET) | ((field & OFFSET) + cut->done / AMTG_FRAGMENT_UNIT));
    cut->done += octets - header;
    if (cut->done < cut->payload) /* the last one has the flag of the datagram that is cut */
        field |= MORE_FRAGMENTS;
    out[0] = (uint8_t)(0x40 | header / 4);
    amtg_put_u16(out + 2, (uint16_t)octets);
    amtg_put_u16(out + 6, field);
    amtg_put_u16(out + 10, 0);
    amtg_put_u16(out + 10, amtg_checksum(amtg_sum(0, out, header)));
}
