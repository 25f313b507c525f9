/* What `amtgraph verify` knows of a stream from its datagrams alone. */
#include "core/cursor.h"
#include "elements/wire/udp.h"
#include "tests/support/suite.h"
#include "tools/amtgraph/verify/stream.h"

static struct amtg_addr addr(const char *text)
{
    struct amtg_addr a;

    ck_assert_msg(amtg_addr_parse(text, &a), "%s", text);
    return a;
}

/* A datagram of the channel with this identification. */
static uint32_t datagram(uint8_t *octets, uint16_t id, const void *payload, uint32_t len)
{
    struct amtg_peer peer = {.local = addr("198.51.100.12"),
                             .local_port = 5000,
                             .remote = addr("232.1.2.3"),
                             .remote_port = 5004};
    struct amtg_udp_options options = {.hops = 9};
    uint32_t heads = amtg_udp_build(&peer, &options, payload, len, octets);

    memcpy(octets + heads, payload, len);
    /* the checksum follows the identification */
    uint32_t sum = (uint16_t)~amtg_get_u16(octets + 10) + (uint16_t)~amtg_get_u16(octets + 4) + id;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    amtg_put_u16(octets + 10, (uint16_t)~sum);
    amtg_put_u16(octets + 4, id);
    return heads + len;
}

static void add_rtp(struct verify_stream *s, uint16_t number, uint16_t id)
{
    uint8_t octets[256], rtp[64] = {0x80, 33};
    struct amtg_ip ip;

    amtg_put_u16(rtp + 2, number);
    uint32_t len = datagram(octets, id, rtp, sizeof rtp);
    ck_assert_int_eq(amtg_ip_parse(octets, len, &ip), AMTG_IP_SOUND);
    verify_stream_add(s, 0, octets, &ip);
}

START_TEST(rtp_numbers_tell_loss_duplicates_and_order)
{
    static struct verify_stream s;
    const struct verify_row *row;

    s = (struct verify_stream){0};
    for (unsigned i = 0; i < 100; i++) /* over the wrap */
        if (i != 20 && i != 60 && i != 61)
            add_rtp(&s, (uint16_t)(65500 + i), 0);
    add_rtp(&s, (uint16_t)(65500 + 61), 0); /* late, so not lost */
    add_rtp(&s, (uint16_t)(65500 + 99), 0); /* twice */
    ck_assert_int_eq(verify_stream_numbers(&s, &row), VERIFY_NUMBERS_RTP);
    ck_assert_uint_eq(row->lost, 2);
    ck_assert_uint_eq(row->duplicated, 1);
    ck_assert_uint_eq(row->reordered, 1);
    ck_assert_uint_eq(row->jumps, 0);
    ck_assert_uint_eq(s.repeated, 1);
    ck_assert_uint_eq(verify_row_lost_permille(row), 20);
}
END_TEST

static void add_plain(struct verify_stream *s, uint16_t id, uint8_t filling)
{
    uint8_t octets[256], payload[64];
    struct amtg_ip ip;

    memset(payload, filling & 0x3f, sizeof payload); /* version 0: no RTP */
    uint32_t len = datagram(octets, id, payload, sizeof payload);
    ck_assert_int_eq(amtg_ip_parse(octets, len, &ip), AMTG_IP_SOUND);
    verify_stream_add(s, 0, octets, &ip);
}

START_TEST(the_identification_counts_only_when_it_counts_up)
{
    static struct verify_stream s;
    const struct verify_row *row;

    s = (struct verify_stream){0};
    for (uint16_t i = 0; i < 100; i++)
        if (i != 50)
            add_plain(&s, i, (uint8_t)i);
    ck_assert_int_eq(verify_stream_numbers(&s, &row), VERIFY_NUMBERS_ID);
    ck_assert_uint_eq(row->lost, 1);

    s = (struct verify_stream){0};
    for (uint16_t i = 0; i < 100; i++) /* a counter that others use too */
        add_plain(&s, (uint16_t)(i * 3), (uint8_t)i);
    ck_assert_int_eq(verify_stream_numbers(&s, &row), VERIFY_NUMBERS_NONE);
    ck_assert_ptr_null(row);

    s = (struct verify_stream){0};
    for (uint16_t i = 0; i < 100; i++) /* now and then */
        add_plain(&s, (uint16_t)(i + i / 5), (uint8_t)i);
    ck_assert_int_eq(verify_stream_numbers(&s, &row), VERIFY_NUMBERS_NONE);

    s = (struct verify_stream){0};
    for (uint16_t i = 0; i < 100; i++) /* always 0, as is allowed with DF (RFC 6864) */
        add_plain(&s, 0, (uint8_t)i);
    ck_assert_int_eq(verify_stream_numbers(&s, &row), VERIFY_NUMBERS_NONE);
}
END_TEST

AMTG_SUITE("tools/verify_stream", rtp_numbers_tell_loss_duplicates_and_order,
           the_identification_counts_only_when_it_counts_up)
