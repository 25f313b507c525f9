/*
 * Fuzz: the codecs of the seven AMT messages. What a parser takes can be built again, to
 * the same octets but for those that it ignores (reserved bits, octets behind the end).
 */
#include "elements/wire/amt.h"
#include "elements/wire/describe.h"
#include "tests/fuzz/support/fuzz.h"

enum { MOST = 70000 };

/*
 * ::ffff:0:0/96 has no place in an address field; it is read as the IPv4 address in it,
 * whose own form is another.
 */
static bool is_mapped(const uint8_t address[16])
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(address, prefix, sizeof prefix) == 0;
}

/* built: `len` octets. The first octet and all from `from` on are as they were read. */
static void same(const uint8_t *octets, const uint8_t *built, uint32_t from, uint32_t len)
{
    FUZZ_CHECK(octets[0] == built[0], "type %u became %u", octets[0], built[0]);
    for (uint32_t i = from; i < len; i++)
        FUZZ_CHECK(octets[i] == built[i], "octet %u", i);
}

static void short_messages(const uint8_t *octets, uint32_t len, enum amtg_amt_rules rules)
{
    struct amtg_amt_discovery discovery;
    struct amtg_amt_request request;
    struct amtg_amt_teardown teardown;
    uint8_t built[AMTG_TEARDOWN_OCTETS];

    if (amtg_amt_discovery_parse(octets, len, rules, &discovery) == AMTG_OK)
        same(octets, built, 4, amtg_amt_discovery_build(&discovery, built));
    if (amtg_amt_request_parse(octets, len, rules, &request) == AMTG_OK) {
        same(octets, built, 4, amtg_amt_request_build(&request, built));
        FUZZ_CHECK(built[1] == (octets[1] & 0x83), "the flags %02x", octets[1]);
    }
    if (amtg_amt_teardown_parse(octets, len, rules, &teardown) == AMTG_OK &&
        !is_mapped(octets + 14))
        same(octets, built, 2, amtg_amt_teardown_build(&teardown, built));
}

static void long_messages(const uint8_t *octets, uint32_t len)
{
    static uint8_t built[MOST];
    struct amtg_amt_advertisement advertisement;
    struct amtg_amt_query query;
    struct amtg_amt_update update;
    struct amtg_amt_data data;

    if (amtg_amt_advertisement_parse(octets, len, &advertisement) == AMTG_OK &&
        (len == AMTG_ADVERTISEMENT4_OCTETS || !is_mapped(octets + 8))) {
        FUZZ_CHECK(amtg_amt_advertisement_build(&advertisement, built) == len, "%u", len);
        same(octets, built, 4, len);
    }
    if (amtg_amt_query_parse(octets, len, &query) == AMTG_OK && len < MOST &&
        !(query.g && is_mapped(octets + len - 16))) {
        FUZZ_CHECK(amtg_amt_query_build(&query, built) == len, "%u", len);
        same(octets, built, 2, len);
        FUZZ_CHECK(built[1] == (octets[1] & 0x03), "the flags %02x", octets[1]);
    }
    if (amtg_amt_update_parse(octets, len, &update) == AMTG_OK) {
        uint32_t head = amtg_amt_update_head(&update, built);
        same(octets, built, 2, head);
        FUZZ_CHECK(update.inner == octets + head && update.inner_len == len - head, "inner");
    }
    if (amtg_amt_data_parse(octets, len, &data) == AMTG_OK) {
        uint32_t head = amtg_amt_data_head(built);
        same(octets, built, 2, head);
        FUZZ_CHECK(data.inner == octets + head && data.inner_len == len - head, "inner");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    static FILE *nowhere;
    enum amtg_amt_message message;

    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    if (amtg_amt_peek(octets, (uint32_t)len, &message) == AMTG_OK)
        FUZZ_CHECK(strcmp(amtg_amt_name(message), "unknown") != 0, "message %d", message);
    short_messages(octets, (uint32_t)len, AMTG_AMT_LENIENT);
    short_messages(octets, (uint32_t)len, AMTG_AMT_STRICT);
    long_messages(octets, (uint32_t)len);
    amtg_describe_amt(octets, (uint32_t)len, nowhere);
    return 0;
}
