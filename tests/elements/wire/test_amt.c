/*
 * AMT messages between octets and structs.
 * Covers: M-2, M-4, M-5, M-7, M-8, M-9, M-11 to M-16, M-19, M-22, M-24, M-26, G-13, R-11.
 */
#include "elements/wire/amt.h"
#include "tests/elements/wire/hex.h"

static const uint8_t mac[6] = {1, 2, 3, 4, 5, 6};

static struct amtg_addr addr(const char *text)
{
    struct amtg_addr a;
    ck_assert_msg(amtg_addr_parse(text, &a), "%s", text);
    return a;
}

#define ck_assert_addr(a, text)                                                \
    do {                                                                       \
        char shown_[AMTG_ADDR_TEXT];                                           \
        ck_assert_str_eq(amtg_addr_text(&(a), shown_), text);                  \
    } while (0)

static void ck_same(const uint8_t *a, uint32_t a_len, const uint8_t *b, uint32_t b_len)
{
    ck_assert_uint_eq(a_len, b_len);
    ck_assert_mem_eq(a, b, a_len);
}

/* One message of any type: parse; build into out and return its octets when it parsed. */
static enum amtg_err parse_any(enum amtg_amt_message type, const uint8_t *o, uint32_t len,
                               enum amtg_amt_rules rules, uint8_t *out, uint32_t *out_len)
{
    union {
        struct amtg_amt_discovery discovery;
        struct amtg_amt_advertisement advertisement;
        struct amtg_amt_request request;
        struct amtg_amt_query query;
        struct amtg_amt_update update;
        struct amtg_amt_data data;
        struct amtg_amt_teardown teardown;
    } m;
    enum amtg_err err = AMTG_ETYPE;
    const uint8_t *inner = NULL;
    uint32_t inner_len = 0;

    switch (type) {
    case AMTG_MSG_DISCOVERY:
        if (!(err = amtg_amt_discovery_parse(o, len, rules, &m.discovery)))
            *out_len = amtg_amt_discovery_build(&m.discovery, out);
        break;
    case AMTG_MSG_ADVERTISEMENT:
        if (!(err = amtg_amt_advertisement_parse(o, len, &m.advertisement)))
            *out_len = amtg_amt_advertisement_build(&m.advertisement, out);
        break;
    case AMTG_MSG_REQUEST:
        if (!(err = amtg_amt_request_parse(o, len, rules, &m.request)))
            *out_len = amtg_amt_request_build(&m.request, out);
        break;
    case AMTG_MSG_QUERY:
        if (!(err = amtg_amt_query_parse(o, len, &m.query)))
            *out_len = amtg_amt_query_build(&m.query, out);
        break;
    case AMTG_MSG_UPDATE:
        if (!(err = amtg_amt_update_parse(o, len, &m.update))) {
            *out_len = amtg_amt_update_head(&m.update, out);
            inner = m.update.inner;
            inner_len = m.update.inner_len;
        }
        break;
    case AMTG_MSG_DATA:
        if (!(err = amtg_amt_data_parse(o, len, &m.data))) {
            *out_len = amtg_amt_data_head(out);
            inner = m.data.inner;
            inner_len = m.data.inner_len;
        }
        break;
    case AMTG_MSG_TEARDOWN:
        if (!(err = amtg_amt_teardown_parse(o, len, rules, &m.teardown)))
            *out_len = amtg_amt_teardown_build(&m.teardown, out);
        break;
    }
    if (inner) {
        memcpy(out + *out_len, inner, inner_len);
        *out_len += inner_len;
    }
    return err;
}

static const struct {
    enum amtg_amt_message type;
    const char *octets;
    uint32_t least; /* the shortest length that is a message of this type */
} vectors[] = {
    {AMTG_MSG_DISCOVERY, HEX_DISCOVERY, 8},
    {AMTG_MSG_ADVERTISEMENT, HEX_ADVERTISEMENT4, 12},
    {AMTG_MSG_ADVERTISEMENT, HEX_ADVERTISEMENT6, 24},
    {AMTG_MSG_REQUEST, HEX_REQUEST4, 8},
    {AMTG_MSG_REQUEST, HEX_REQUEST6, 8},
    {AMTG_MSG_QUERY, HEX_QUERY4, 32},
    {AMTG_MSG_QUERY, HEX_QUERY4_G, 50},
    {AMTG_MSG_QUERY, HEX_QUERY6_LG, 50},
    {AMTG_MSG_UPDATE, HEX_UPDATE4, 32},
    {AMTG_MSG_UPDATE, HEX_UPDATE6, 32},
    {AMTG_MSG_TEARDOWN, HEX_TEARDOWN, 30},
    {AMTG_MSG_DATA, HEX_DATA, 22},
};
enum { VECTORS = sizeof vectors / sizeof vectors[0] };

START_TEST(every_message_survives_a_round_trip)
{
    for (unsigned i = 0; i < VECTORS; i++) {
        uint8_t in[256], out[256];
        uint32_t len = hex(vectors[i].octets, in), out_len = 0;
        enum amtg_amt_message type;
        ck_assert_int_eq(amtg_amt_peek(in, len, &type), AMTG_OK);
        ck_assert_int_eq(type, vectors[i].type);
        ck_assert_int_eq(parse_any(type, in, len, AMTG_AMT_STRICT, out, &out_len), AMTG_OK);
        ck_same(out, out_len, in, len);
    }
}
END_TEST

/* Covers: S-12. */
START_TEST(every_truncation_is_refused)
{
    for (unsigned i = 0; i < VECTORS; i++) {
        uint8_t in[256], out[256];
        uint32_t len = hex(vectors[i].octets, in), out_len = 0;
        for (uint32_t cut = 0; cut < len; cut++) {
            /* 12 octets of an IPv6 Advertisement are an IPv4 one: only the length tells. */
            if (vectors[i].type == AMTG_MSG_ADVERTISEMENT && cut == 12)
                continue;
            uint8_t *copy = exact(in, cut);
            enum amtg_err err =
                parse_any(vectors[i].type, copy, cut, AMTG_AMT_LENIENT, out, &out_len);
            if (cut < vectors[i].least)
                ck_assert_msg(err == AMTG_ETRUNC || err == AMTG_ELENGTH, "vector %u cut to %u: %s",
                              i, cut, amtg_err_name(err));
            else
                ck_assert_int_eq(err, AMTG_OK);
            free(copy);
        }
    }
}
END_TEST

/* Covers: M-26, G-13, R-11. */
START_TEST(every_other_version_and_type_is_refused)
{
    for (unsigned i = 0; i < VECTORS; i++) {
        uint8_t in[256], out[256];
        uint32_t len = hex(vectors[i].octets, in), out_len = 0;
        for (unsigned first = 0; first < 256; first++) {
            if (first == vectors[i].type)
                continue;
            in[0] = (uint8_t)first;
            enum amtg_err err =
                parse_any(vectors[i].type, in, len, AMTG_AMT_LENIENT, out, &out_len);
            ck_assert_int_eq(err, first > 15 ? AMTG_EVERSION : AMTG_ETYPE);
        }
    }
    enum amtg_amt_message type;
    ck_assert_int_eq(amtg_amt_peek((const uint8_t *)"\x00", 1, &type), AMTG_ETYPE);
    ck_assert_int_eq(amtg_amt_peek((const uint8_t *)"\x08", 1, &type), AMTG_ETYPE);
    ck_assert_int_eq(amtg_amt_peek((const uint8_t *)"\x13", 1, &type), AMTG_EVERSION);
    ck_assert_int_eq(amtg_amt_peek(NULL, 0, &type), AMTG_ETRUNC);
}
END_TEST

START_TEST(trailing_octets_are_ignored_unless_strict)
{
    static const char *const fixed[] = {HEX_DISCOVERY, HEX_REQUEST4, HEX_TEARDOWN};
    for (unsigned i = 0; i < 3; i++) {
        uint8_t in[256] = {0}, out[256];
        uint32_t len = hex(fixed[i], in), out_len = 0;
        enum amtg_amt_message type = in[0];
        ck_assert_int_eq(parse_any(type, in, len + 1, AMTG_AMT_LENIENT, out, &out_len), AMTG_OK);
        ck_same(out, out_len, in, len);
        ck_assert_int_eq(parse_any(type, in, len + 1, AMTG_AMT_STRICT, out, &out_len),
                         AMTG_ELENGTH);
    }
}
END_TEST

/* Covers: M-5. */
START_TEST(an_advertisement_of_any_other_length_is_refused)
{
    uint8_t in[64] = {0};
    struct amtg_amt_advertisement m;
    hex(HEX_ADVERTISEMENT6, in);
    for (uint32_t len = 12; len <= 64; len++) {
        enum amtg_err err = amtg_amt_advertisement_parse(in, len, &m);
        ck_assert_int_eq(err, len == 12 || len == 24 ? AMTG_OK : AMTG_ELENGTH);
    }
}
END_TEST

/* Covers: M-2, M-4, M-7, M-11, M-19, M-22, M-24. */
START_TEST(reserved_bits_are_ignored_and_sent_as_zero)
{
    struct { enum amtg_amt_message type; const char *octets; uint8_t at[3], bits[3]; } rows[] = {
        {AMTG_MSG_DISCOVERY, HEX_DISCOVERY, {1, 2, 3}, {0xff, 0xff, 0xff}},
        {AMTG_MSG_ADVERTISEMENT, HEX_ADVERTISEMENT4, {1, 2, 3}, {0xff, 0xff, 0xff}},
        {AMTG_MSG_REQUEST, HEX_REQUEST4, {1, 2, 3}, {0x7c, 0xff, 0xff}},
        {AMTG_MSG_QUERY, HEX_QUERY4, {1}, {0xfc}},
        {AMTG_MSG_UPDATE, HEX_UPDATE4, {1}, {0xff}},
        {AMTG_MSG_DATA, HEX_DATA, {1}, {0xff}},
        {AMTG_MSG_TEARDOWN, HEX_TEARDOWN, {1}, {0xff}},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t in[256], plain[256], out[256];
        uint32_t len = hex(rows[i].octets, in), out_len = 0;
        memcpy(plain, in, len);
        for (unsigned k = 0; k < 3; k++)
            in[rows[i].at[k]] |= rows[i].bits[k];
        ck_assert_int_eq(parse_any(rows[i].type, in, len, AMTG_AMT_STRICT, out, &out_len),
                         AMTG_OK);
        ck_same(out, out_len, plain, len);
    }
}
END_TEST

/* Covers: M-8, M-9, M-12 to M-14. */
START_TEST(fields_stand_where_the_rfc_puts_them)
{
    uint8_t o[256];
    struct amtg_amt_request request;
    struct amtg_amt_advertisement advertisement;
    struct amtg_amt_query query;
    struct amtg_amt_update update;
    struct amtg_amt_teardown teardown;
    struct amtg_amt_data data;

    ck_assert_int_eq(amtg_amt_request_parse(o, hex(HEX_REQUEST4, o), 0, &request), AMTG_OK);
    ck_assert_uint_eq(request.nonce, NONCE);
    ck_assert(!request.p && !request.e && !request.linux_p);
    ck_assert_int_eq(amtg_amt_request_parse(o, hex(HEX_REQUEST6, o), 0, &request), AMTG_OK);
    ck_assert(request.p && !request.e && !request.linux_p);
    o[1] = 0x80;
    ck_assert_int_eq(amtg_amt_request_parse(o, 8, 0, &request), AMTG_OK);
    ck_assert(!request.p && !request.e && request.linux_p);
    o[1] = 0x02;
    ck_assert_int_eq(amtg_amt_request_parse(o, 8, 0, &request), AMTG_OK);
    ck_assert(!request.p && request.e && !request.linux_p);

    amtg_amt_advertisement_parse(o, hex(HEX_ADVERTISEMENT4, o), &advertisement);
    ck_assert_addr(advertisement.relay, "192.0.2.1");
    amtg_amt_advertisement_parse(o, hex(HEX_ADVERTISEMENT6, o), &advertisement);
    ck_assert_addr(advertisement.relay, "2001:db8::1");

    ck_assert_int_eq(amtg_amt_query_parse(o, hex(HEX_QUERY4, o), &query), AMTG_OK);
    ck_assert(!query.l && !query.g);
    ck_assert_uint_eq(query.inner_len, 36);
    ck_assert_int_eq(amtg_amt_query_parse(o, hex(HEX_QUERY4_G, o), &query), AMTG_OK);
    ck_assert(!query.l && query.g);
    ck_assert_uint_eq(query.inner_len, 36);
    ck_assert_uint_eq(query.gateway_port, 51000);
    ck_assert_addr(query.gateway, "203.0.113.7");
    ck_assert_int_eq(amtg_amt_query_parse(o, hex(HEX_QUERY6_LG, o), &query), AMTG_OK);
    ck_assert(query.l && query.g);
    ck_assert_uint_eq(query.inner_len, 76);
    ck_assert_addr(query.gateway, "2001:db8:1::7");
    ck_assert_mem_eq(query.mac, mac, 6);
    ck_assert_uint_eq(query.nonce, NONCE);

    ck_assert_int_eq(amtg_amt_update_parse(o, hex(HEX_UPDATE6, o), &update), AMTG_OK);
    ck_assert_uint_eq(update.inner_len, 92);
    ck_assert_ptr_eq(update.inner, o + 12);
    ck_assert_mem_eq(update.mac, mac, 6);
    ck_assert_uint_eq(update.nonce, NONCE);

    ck_assert_int_eq(amtg_amt_teardown_parse(o, hex(HEX_TEARDOWN, o), 0, &teardown), AMTG_OK);
    ck_assert_mem_eq(teardown.mac, mac, 6);
    ck_assert_uint_eq(teardown.nonce, NONCE);
    ck_assert_uint_eq(teardown.gateway_port, 51000);
    ck_assert_addr(teardown.gateway, "203.0.113.7");

    ck_assert_int_eq(amtg_amt_data_parse(o, hex(HEX_DATA, o), &data), AMTG_OK);
    ck_assert_ptr_eq(data.inner, o + 2);
    ck_assert_uint_eq(data.inner_len, 32);
}
END_TEST

/* Covers: M-14, M-16. */
START_TEST(gateway_fields_are_counted_from_the_end)
{
    /* Four octets of padding between the inner datagram and the fields. */
    uint8_t in[256], out[256];
    uint32_t len = hex(HEX_QUERY4_G, in);
    memcpy(out, in, 48);
    memset(out + 48, 0xee, 4);
    memcpy(out + 52, in + 48, len - 48);
    struct amtg_amt_query m;
    ck_assert_int_eq(amtg_amt_query_parse(out, len + 4, &m), AMTG_OK);
    ck_assert_uint_eq(m.inner_len, 40);
    ck_assert_uint_eq(m.gateway_port, 51000);
    ck_assert_addr(m.gateway, "203.0.113.7");
}
END_TEST

/* Covers: M-15. */
START_TEST(the_address_field_takes_ipv4_in_compatible_form)
{
    static const struct { const char *text, *octets; } rows[] = {
        {"203.0.113.7", "000000000000000000000000cb007107"},
        {"2001:db8::1", "20010db8000000000000000000000001"},
        {"::1", "00000000000000000000000000000001"},
        {"::", "00000000000000000000000000000000"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct amtg_addr a = addr(rows[i].text), back;
        uint8_t expected[16], out[16];
        hex(rows[i].octets, expected);
        amtg_amt_address_put(&a, out);
        ck_assert_mem_eq(out, expected, 16);
        back = amtg_amt_address_get(out);
        ck_assert(amtg_addr_equal(&a, &back));
    }
}
END_TEST

START_TEST(messages_have_names)
{
    ck_assert_str_eq(amtg_amt_name(AMTG_MSG_DISCOVERY), "Relay Discovery");
    ck_assert_str_eq(amtg_amt_name(AMTG_MSG_TEARDOWN), "Teardown");
    ck_assert_str_eq(amtg_amt_name(0), "unknown");
    ck_assert_str_eq(amtg_amt_name(8), "unknown");
}
END_TEST

AMTG_SUITE("amt messages", every_message_survives_a_round_trip, every_truncation_is_refused,
           every_other_version_and_type_is_refused, trailing_octets_are_ignored_unless_strict,
           an_advertisement_of_any_other_length_is_refused,
           reserved_bits_are_ignored_and_sent_as_zero, fields_stand_where_the_rfc_puts_them,
           gateway_fields_are_counted_from_the_end,
           the_address_field_takes_ipv4_in_compatible_form, messages_have_names)
