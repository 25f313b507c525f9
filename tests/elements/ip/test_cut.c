/*
 * Fragments of IPv4 datagrams: put together again, they are what was cut (RFC 791,
 * section 3.2).
 */
#include <string.h>

#include "core/cursor.h"
#include "elements/ip/cut.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"
#include "tests/support/suite.h"

enum {
    MOST = 65535,
    ID = 0x1234, TOS = 0xb9, TTL = 7, PROTOCOL = 17,
    MORE = 0x2000, OFFSET = 0x1fff,
};

/* Options: which of them go into every fragment is in their first octet (0x80). */
static const uint8_t options[] = {
    0x07, 7, 4, 0, 0, 0, 0,          /* record route: in the first only */
    0x01,                            /* no operation */
    0x83, 7, 4, 192, 0, 2, 1,        /* loose source route: in all of them */
    0x82, 4, 0xab, 0xcd,             /* security: in all of them */
    0x00,                            /* end; what follows is padding */
};
static const uint8_t copied[] = {0x83, 7, 4, 192, 0, 2, 1, 0x82, 4, 0xab, 0xcd, 0x00};

/* ck_assert talks to the test's parent each time, which is slow. */
#define ENSURE(condition, ...)         \
    do {                               \
        if (!(condition))              \
            ck_abort_msg(__VA_ARGS__); \
    } while (0)

struct datagram {
    uint8_t octets[MOST];
    uint32_t header, len;
};

static void finish(struct datagram *d)
{
    amtg_put_u16(d->octets + 2, (uint16_t)d->len);
    amtg_put_u16(d->octets + 10, 0);
    amtg_put_u16(d->octets + 10, amtg_checksum(amtg_sum(0, d->octets, d->header)));
}

static struct datagram *make(bool with_options, uint32_t payload)
{
    static struct datagram d;

    d.header = AMTG_IP4_OCTETS + (with_options ? (uint32_t)sizeof options : 0);
    d.len = d.header + payload;
    memset(d.octets, 0, d.header);
    d.octets[0] = (uint8_t)(0x40 | d.header / 4);
    d.octets[1] = TOS;
    amtg_put_u16(d.octets + 4, ID);
    d.octets[8] = TTL;
    d.octets[9] = PROTOCOL;
    memcpy(d.octets + 12, "\xc6\x33\x64\x0c\xe8\x01\x02\x03", 8);
    if (with_options)
        memcpy(d.octets + AMTG_IP4_OCTETS, options, sizeof options);
    for (uint32_t i = 0; i < payload; i++)
        d.octets[d.header + i] = (uint8_t)(i * 7 + i / 251);
    finish(&d);
    return &d;
}

/* What has come together of a datagram. */
struct whole {
    uint8_t payload[MOST];
    uint32_t until, fragments; /* octets of it; how many pieces they came in */
    bool last;
};

/* Fragments come in order here, so each must begin where the one before ended. */
static void put(struct whole *w, const uint8_t *fragment, uint32_t len, uint32_t mtu)
{
    struct amtg_ip ip;

    ENSURE(len <= mtu, "%u octets", len);
    ENSURE(!amtg_ip_parse(fragment, len, &ip), "a bad header"); /* looks at the checksum, too */
    ENSURE(ip.total == len && !ip.dont_fragment && ip.tos == TOS && ip.hops == TTL &&
               ip.protocol == PROTOCOL && amtg_get_u16(fragment + 4) == ID &&
               memcmp(fragment + 12, "\xc6\x33\x64\x0c\xe8\x01\x02\x03", 8) == 0,
           "another header");
    ENSURE(!w->last, "more after the last");
    uint16_t field = amtg_get_u16(fragment + 6);
    ENSURE((field & OFFSET) * 8u == w->until, "offset %u", field & OFFSET);
    ENSURE(!(field & MORE) || (len - ip.header) % 8 == 0, "%u octets in the middle", len);
    memcpy(w->payload + w->until, fragment + ip.header, len - ip.header);
    w->until += len - ip.header;
    w->last = !(field & MORE);
    w->fragments++;
}

static void expect_whole(const struct whole *w, const struct datagram *d)
{
    ck_assert(w->last);
    ck_assert_uint_eq(w->until, d->len - d->header);
    ck_assert_mem_eq(w->payload, d->octets + d->header, w->until);
}

/* Cut at `mtu`; each fragment again at `again` if that is not 0. Returns how many came. */
static uint32_t cut(const struct datagram *d, uint32_t mtu, uint32_t again)
{
    static struct whole w;
    static uint8_t fragment[MOST], smaller[MOST];
    struct amtg_cut cut, inner;
    uint32_t octets, part;

    w.until = w.fragments = 0;
    w.last = false;
    ck_assert(amtg_cut_begin(&cut, d->octets, d->len, mtu));
    while ((octets = amtg_cut_octets(&cut))) {
        amtg_cut_write(&cut, fragment);
        if (!again || octets <= again) {
            put(&w, fragment, octets, mtu);
            continue;
        }
        ck_assert(amtg_cut_begin(&inner, fragment, octets, again));
        while ((part = amtg_cut_octets(&inner))) {
            amtg_cut_write(&inner, smaller);
            put(&w, smaller, part, again);
        }
    }
    expect_whole(&w, d);
    return w.fragments;
}

/* */
START_TEST(fragments_of_every_size_make_the_datagram_again)
{
    for (uint32_t payload = 1; payload <= 100; payload++)
        for (uint32_t mtu = 28; mtu <= 130; mtu++)
            cut(make(false, payload), mtu, 0);
    for (uint32_t mtu = 28; mtu < 1500; mtu++)
        cut(make(false, 1480), mtu, 0);
    ck_assert_uint_eq(cut(make(false, MOST - 20), 1470, 0), (MOST - 20 + 1447) / 1448);
    ck_assert_uint_eq(cut(make(false, MOST - 20), 28, 0), (MOST - 20 + 7) / 8);
}
END_TEST

START_TEST(there_are_no_more_fragments_than_needed)
{
    /* 1470 octets: 1450 of payload, 1448 when more follow. */
    ck_assert_uint_eq(cut(make(false, 1450), 1470, 0), 1);
    ck_assert_uint_eq(cut(make(false, 1451), 1470, 0), 2);
    ck_assert_uint_eq(cut(make(false, 1448 + 1450), 1470, 0), 2);
    ck_assert_uint_eq(cut(make(false, 1448 + 1451), 1470, 0), 3);
}
END_TEST

START_TEST(fragments_are_cut_like_whole_datagrams)
{
    static const uint32_t mtus[] = {1470, 1450, 1250, 1000, 576, 100, 77};

    for (unsigned options_too = 0; options_too < 2; options_too++)
        for (unsigned i = 0; i < sizeof mtus / sizeof mtus[0]; i++)
            for (uint32_t again = mtus[i] - 1; again >= 50; again -= 23)
                cut(make(options_too, 4000), mtus[i], again);
}
END_TEST

/* RFC 791, section 3.1: the copied flag of each option. */
START_TEST(only_options_to_be_copied_are_in_later_fragments)
{
    struct datagram *d = make(true, 100);
    uint8_t fragment[MOST];
    struct amtg_cut cut_;

    ck_assert(amtg_cut_begin(&cut_, d->octets, d->len, 60));
    ck_assert_uint_eq(amtg_cut_octets(&cut_), 56); /* 40 of header, 16 of payload */
    ck_assert_uint_eq(amtg_cut_header(&cut_), 40);
    amtg_cut_write(&cut_, fragment);
    ck_assert_mem_eq(fragment + 20, options, sizeof options);
    ck_assert_uint_eq(fragment[0], 0x4a);

    ck_assert_uint_eq(amtg_cut_header(&cut_), 20 + sizeof copied);
    ck_assert_uint_eq(amtg_cut_octets(&cut_), 56); /* 32 and 24 */
    amtg_cut_write(&cut_, fragment);
    ck_assert_uint_eq(fragment[0], 0x48);
    ck_assert_mem_eq(fragment + 20, copied, sizeof copied);
    for (uint32_t mtu = 48; mtu < 160; mtu++)
        cut(d, mtu, 0);
}
END_TEST

START_TEST(too_small_an_mtu_is_refused)
{
    struct amtg_cut cut_;
    struct datagram *d = make(false, 100);

    ck_assert(!amtg_cut_begin(&cut_, d->octets, d->len, 0));
    ck_assert(!amtg_cut_begin(&cut_, d->octets, d->len, 27));
    ck_assert(amtg_cut_begin(&cut_, d->octets, d->len, 28));
    d = make(true, 100);
    ck_assert(!amtg_cut_begin(&cut_, d->octets, d->len, 47));
    ck_assert(amtg_cut_begin(&cut_, d->octets, d->len, 48));
}
END_TEST

/* Offsets have 13 bits: what reaches further would come out at another place, or with flags set. */
START_TEST(a_fragment_past_the_end_of_any_datagram_is_refused)
{
    struct datagram *d = make(false, 1000);
    struct amtg_cut cut_;

    amtg_put_u16(d->octets + 6, (65535 - 1020) / 8);
    finish(d);
    ck_assert(amtg_cut_begin(&cut_, d->octets, d->len, 500));
    amtg_put_u16(d->octets + 6, (65535 - 1020) / 8 + 1);
    finish(d);
    ck_assert(!amtg_cut_begin(&cut_, d->octets, d->len, 500));
    amtg_put_u16(d->octets + 6, MORE | OFFSET);
    finish(d);
    ck_assert(!amtg_cut_begin(&cut_, d->octets, d->len, 500));
}
END_TEST

AMTG_SUITE("ip/cut", fragments_of_every_size_make_the_datagram_again,
           there_are_no_more_fragments_than_needed, fragments_are_cut_like_whole_datagrams,
           only_options_to_be_copied_are_in_later_fragments, too_small_an_mtu_is_refused,
           a_fragment_past_the_end_of_any_datagram_is_refused)
