#include "tools/amtgraph/verify/stream.h"

#include <netinet/in.h>

#include "core/cursor.h"
#include "elements/flow/numbered.h"

enum {
    WINDOW = 64, /* numbers that `recent` knows of */
    JUMP = 1000, /* further ahead than that is no loss */
    RTP_OCTETS = 12,
    UDP_OCTETS = 8,
    RTP_LEAST = 8, /* datagrams that make a row of RTP */
    ID_LEAST = 16,
};

/* ---- rows -------------------------------------------------------------------- */

static void row_begin(struct verify_row *row, uint16_t number)
{
    row->jumps += row->begun;
    row->begun = true;
    row->highest = number;
    row->recent = 1;
}

static void row_ahead(struct verify_row *row, unsigned by)
{
    row->in_row += by == 1;
    row->lost += by - 1;
    row->highest = (uint16_t)(row->highest + by);
    row->recent = by < WINDOW ? row->recent << by | 1 : 1;
}

/* One that was lost, as it seemed, has come late; or one comes again. */
static void row_behind(struct verify_row *row, unsigned by)
{
    uint64_t bit = 1ull << by;

    if (row->recent & bit) {
        row->duplicated++;
        return;
    }
    row->recent |= bit;
    row->reordered++;
    row->lost -= row->lost > 0;
}

static void row_add(struct verify_row *row, uint16_t number)
{
    uint16_t ahead = (uint16_t)(number - row->highest), behind = (uint16_t)(row->highest - number);

    row->seen++;
    if (!row->begun)
        row_begin(row, number);
    else if (behind < WINDOW)
        row_behind(row, behind);
    else if (ahead <= JUMP)
        row_ahead(row, ahead);
    else
        row_begin(row, number);
}

static uint32_t permille(uint64_t part, uint64_t whole)
{
    return whole ? (uint32_t)((part * 1000 + whole / 2) / whole) : 0;
}

uint32_t verify_row_lost_permille(const struct verify_row *row)
{
    return permille(row->lost, row->seen - row->duplicated + row->lost);
}

uint32_t verify_row_duplicated_permille(const struct verify_row *row)
{
    return permille(row->duplicated, row->seen);
}

/* ---- what is numbered ---------------------------------------------------------- */

/* The first source of RTP that is seen; RTCP (RFC 5761, section 4) is none. */
static void add_rtp(struct verify_stream *s, const uint8_t *udp, uint32_t len)
{
    const uint8_t *rtp = udp + UDP_OCTETS;

    if (len < UDP_OCTETS + RTP_OCTETS || rtp[0] >> 6 != 2 ||
        ((rtp[1] & 0x7f) >= 64 && (rtp[1] & 0x7f) < 96))
        return;
    if (!s->rtp.begun) {
        s->ssrc = amtg_get_u32(rtp + 8);
        s->rtp_port = amtg_get_u16(udp + 2);
    }
    if (s->ssrc == amtg_get_u32(rtp + 8) && s->rtp_port == amtg_get_u16(udp + 2))
        row_add(&s->rtp, amtg_get_u16(rtp + 2));
}

static void add_own(struct verify_stream *s, const uint8_t *udp, uint32_t len)
{
    struct amtg_numbered own;

    if (len >= UDP_OCTETS &&
        amtg_numbered_read(udp + UDP_OCTETS, len - UDP_OCTETS, &own) == AMTG_NUMBERED_SOUND)
        row_add(&s->own, (uint16_t)own.number);
}

/* ---- duplicates by their octets -------------------------------------------------- */

/* FNV-1a, without what a router changes: hops, and with them the IPv4 checksum. */
static uint64_t hash(const uint8_t *octets, uint32_t len, bool ip4)
{
    uint64_t h = 14695981039346656037ull;

    for (uint32_t i = 0; i < len; i++) {
        bool changes = ip4 ? i == 1 || i == 8 || i == 10 || i == 11 : i <= 1 || i == 7;
        h = (h ^ (changes ? 0 : octets[i])) * 1099511628211ull;
    }
    return h | 1; /* 0: a free place */
}

static void note_repeated(struct verify_stream *s, const uint8_t *octets, const struct amtg_ip *ip)
{
    uint64_t h = hash(octets, ip->total, ip->version == 4);

    for (unsigned i = 0; i < VERIFY_RECENT; i++)
        if (s->recent[i] == h) {
            s->repeated++;
            return;
        }
    s->recent[s->recent_next] = h;
    s->recent_next = (s->recent_next + 1) % VERIFY_RECENT;
}

/* ---- datagrams -------------------------------------------------------------------- */

/* Octets of the datagram of which this is an IPv4 fragment, as far as this one knows. */
static uint32_t whole_octets(const uint8_t *octets, const struct amtg_ip *ip)
{
    uint32_t offset = ip->version == 4 ? (amtg_get_u16(octets + 6) & 0x1fffu) * 8 : 0;

    return offset + ip->total;
}

void verify_stream_add(struct verify_stream *s, uint64_t now_ns, const uint8_t *octets,
                       const struct amtg_ip *ip)
{
    uint32_t whole = whole_octets(octets, ip);

    if (s->datagrams == 0)
        s->first_ns = now_ns;
    else if (now_ns - s->last_ns > s->longest_gap_ns)
        s->longest_gap_ns = now_ns - s->last_ns;
    s->last_ns = now_ns;
    s->datagrams++;
    s->octets += ip->total;
    s->fragments += ip->fragment;
    s->largest = whole > s->largest ? whole : s->largest;
    note_repeated(s, octets, ip);
    if (ip->later_fragment)
        return;
    if (ip->version == 4)
        row_add(&s->id, amtg_get_u16(octets + 4));
    if (ip->protocol == IPPROTO_UDP && !ip->fragment)
        add_own(s, octets + ip->transport, ip->total - ip->transport);
    if (ip->protocol == IPPROTO_UDP)
        add_rtp(s, octets + ip->transport, ip->total - ip->transport);
}

/* ---- what of it can be trusted ------------------------------------------------------- */

static bool steady(const struct verify_row *row, unsigned least)
{
    return row->seen >= least && row->jumps <= row->seen / 100;
}

enum verify_numbers verify_stream_numbers(const struct verify_stream *s,
                                          const struct verify_row **row)
{
    if (s->own.seen && steady(&s->own, 1)) {
        *row = &s->own;
        return VERIFY_NUMBERS_OWN;
    }
    if (steady(&s->rtp, RTP_LEAST) && s->rtp.in_row * 2 > s->rtp.seen) {
        *row = &s->rtp;
        return VERIFY_NUMBERS_RTP;
    }
    /* Others of that host may share the counter: believe it only when nearly all is in row. */
    if (steady(&s->id, ID_LEAST) && s->id.in_row * 10 >= (s->id.seen - s->id.duplicated) * 9) {
        *row = &s->id;
        return VERIFY_NUMBERS_ID;
    }
    *row = NULL;
    return VERIFY_NUMBERS_NONE;
}

const char *verify_numbers_name(enum verify_numbers numbers)
{
    static const char *const names[] = {
        [VERIFY_NUMBERS_NONE] = "none",
        [VERIFY_NUMBERS_ID] = "identification",
        [VERIFY_NUMBERS_RTP] = "rtp",
        [VERIFY_NUMBERS_OWN] = "generator",
    };

    return names[numbers];
}
