/* Responses of name servers in captures: what they say, and what is none. */
#include "elements/wire/dns.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"
#include "tests/elements/wire/hex.h"

#define HEAD "1234 8180 0001 0003 0000 0000"
#define QUESTION "0572656c6179 076578616d706c65 036e6574 00 0001 0001" /* relay.example.net A */
#define ALIAS "c00c 0005 0001 0000003c 0004 0161c012"                  /* CNAME a.example.net */
#define FOUR "c02f 0001 0001 0000003c 0004 c0000201"
#define SIX "c02f 001c 0001 0000003c 0010 20010db8000000000000000000000001"

static bool parse(const char *text, struct amtg_dns_answer *out)
{
    uint8_t octets[2048];
    uint32_t len = hex(text, octets);

    return amtg_dns_answer_parse(octets, len, out);
}

static const char *text_of(const struct amtg_addr *a)
{
    static char text[AMTG_ADDR_TEXT];
    return amtg_addr_text(a, text);
}

START_TEST(addresses_of_both_families_are_read_in_their_order_behind_an_alias)
{
    struct amtg_dns_answer a;

    ck_assert(parse(HEAD QUESTION ALIAS SIX FOUR, &a));
    ck_assert_str_eq(a.name, "relay.example.net");
    ck_assert_uint_eq(a.rcode, 0);
    ck_assert_uint_eq(a.count, 2);
    ck_assert_str_eq(text_of(&a.addresses[0]), "2001:db8::1");
    ck_assert_str_eq(text_of(&a.addresses[1]), "192.0.2.1");
}
END_TEST

START_TEST(a_response_without_addresses_says_why)
{
    struct amtg_dns_answer a;

    ck_assert(parse("1234 8183 0001 0000 0001 0000" QUESTION, &a));
    ck_assert_uint_eq(a.rcode, AMTG_DNS_NAME_ERROR);
    ck_assert_uint_eq(a.count, 0);
    /* Records of other kinds, classes and lengths are passed over. */
    ck_assert(parse(HEAD QUESTION ALIAS "00 0001 0003 0000003c 0004 c0000201"
                                        "00 0001 0001 0000003c 0003 c00002", &a));
    ck_assert_uint_eq(a.count, 0);
}
END_TEST

START_TEST(no_more_than_sixteen_addresses_are_taken)
{
    uint8_t octets[2048];
    uint32_t len = hex("1234 8180 0001 0014 0000 0000" QUESTION, octets);
    struct amtg_dns_answer a;

    for (unsigned i = 0; i < 20; i++)
        len += hex("c00c 0001 0001 0000003c 0004 c0000201", octets + len);
    ck_assert(amtg_dns_answer_parse(octets, len, &a));
    ck_assert_uint_eq(a.count, AMTG_DNS_ADDRESSES);
}
END_TEST

START_TEST(whatever_ends_too_early_is_none)
{
    uint8_t octets[2048];
    uint32_t len = hex(HEAD QUESTION ALIAS SIX FOUR, octets);
    struct amtg_dns_answer a;

    for (uint32_t n = 0; n < len; n++) {
        uint8_t *cut = exact(octets, n);
        ck_assert_msg(!amtg_dns_answer_parse(cut, n, &a), "%u octets", n);
        free(cut);
    }
    ck_assert(amtg_dns_answer_parse(octets, len, &a));
}
END_TEST

START_TEST(what_is_no_response_for_a_host_name_is_none)
{
    struct amtg_dns_answer a;

    ck_assert(!parse("1234 0180 0001 0000 0000 0000" QUESTION, &a)); /* a question */
    ck_assert(!parse("1234 a880 0001 0000 0000 0000" QUESTION, &a)); /* another opcode */
    ck_assert(!parse("1234 8180 0000 0000 0000 0000" QUESTION, &a)); /* nothing was asked */
    ck_assert(!parse("1234 8180 0002 0000 0000 0000" QUESTION QUESTION, &a));
    ck_assert(!parse("1234 8180 0001 0000 0000 0000 c00c 0001 0001", &a)); /* a name of itself */
    ck_assert(!parse("1234 8180 0001 0000 0000 0000 00 0001 0001", &a));   /* the root */
    ck_assert(!parse("1234 8180 0001 0000 0000 0000 03612062 00 0001 0001", &a)); /* a blank */
    ck_assert(!parse("1234 8180 0001 0000 0000 0000 02610000 0001 0001", &a));    /* a NUL */
}
END_TEST

START_TEST(a_name_that_is_too_long_is_not_written)
{
    static struct {
        struct amtg_dns_answer answer;
        uint8_t behind[2048];
    } out;
    static const uint8_t zero[sizeof out.behind];
    uint8_t octets[2048];

    for (unsigned labels = 4; labels < 25; labels++) { /* of 63 letters: from 255 characters on */
        uint32_t len = hex("1234 8180 0001 0000 0000 0000", octets);
        for (unsigned i = 0; i < labels; i++) {
            octets[len++] = 63;
            memset(octets + len, 'a', 63);
            len += 63;
        }
        len += hex("00 0001 0001", octets + len);
        ck_assert(!amtg_dns_answer_parse(octets, len, &out.answer));
        ck_assert_mem_eq(out.behind, zero, sizeof zero);
    }
}
END_TEST

/* A datagram that holds this, from a port, as a record; NULL: it makes none. */
static struct amtg_packet *record(struct amtg_pool *pool, uint16_t port, const char *text)
{
    struct amtg_udp_options options = {.hops = 64};
    struct amtg_peer way = {.local_port = port, .remote_port = 40000};
    uint8_t payload[512], whole[600];
    uint32_t len = hex(text, payload);

    ck_assert(amtg_addr_parse("192.0.2.53", &way.local) && amtg_addr_parse("10.0.0.2", &way.remote));
    uint32_t heads = amtg_udp_build(&way, &options, payload, len, whole);
    memcpy(whole + heads, payload, len);
    struct amtg_packet *p = amtg_packet_new(pool, heads + len);
    memcpy(p->data, whole, heads + len);
    if (amtg_type_wire(AMTG_ADDRESSES_OF)->from_ip(p))
        return p;
    amtg_packet_free(p);
    return NULL;
}

START_TEST(a_captured_response_becomes_an_answer)
{
    struct amtg_pool *pool = amtg_pool_new(4, 1);
    static const struct {
        const char *text;
        enum amtg_lookup_result result;
        unsigned count;
    } rows[] = {
        {HEAD QUESTION ALIAS SIX FOUR, AMTG_LOOKUP_FOUND, 2},
        {"1234 8183 0001 0000 0000 0000" QUESTION, AMTG_LOOKUP_NONE, 0},
        {"1234 8180 0001 0000 0000 0000" QUESTION, AMTG_LOOKUP_NONE, 0},
        {"1234 8182 0001 0000 0000 0000" QUESTION, AMTG_LOOKUP_FAILED, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct amtg_packet *p = record(pool, 53, rows[i].text);
        ck_assert_ptr_nonnull(p);
        const struct amtg_addresses *a = (const void *)p->data;
        ck_assert_uint_eq(p->len, sizeof *a + rows[i].count * sizeof a->addresses[0]);
        ck_assert_str_eq(a->name, "relay.example.net");
        ck_assert_uint_eq(a->result, rows[i].result);
        ck_assert_uint_eq(a->count, rows[i].count);
        amtg_packet_free(p);
    }
    ck_assert_ptr_null(record(pool, 5353, rows[0].text));
    ck_assert_ptr_null(record(pool, 53, "1234"));
    amtg_pool_free(pool);
}
END_TEST

AMTG_SUITE("wire/dns", addresses_of_both_families_are_read_in_their_order_behind_an_alias,
           a_response_without_addresses_says_why, no_more_than_sixteen_addresses_are_taken,
           whatever_ends_too_early_is_none, what_is_no_response_for_a_host_name_is_none,
           a_name_that_is_too_long_is_not_written,
           a_captured_response_becomes_an_answer)
