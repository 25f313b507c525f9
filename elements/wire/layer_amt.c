/* The AMT messages, field by field (RFC 7450, section 5.1). */
#include "elements/wire/amt.h"
#include "elements/wire/layer.h"

#define NUMBER AMTG_FORM_NUMBER
#define HEX AMTG_FORM_HEX

static uint32_t rest(const uint8_t *layer, uint32_t at, uint32_t len)
{
    (void)layer;
    return len - at;
}

/* An address of the family that the length says (section 5.1.2.5). */
static uint32_t relay(const uint8_t *layer, uint32_t at, uint32_t len)
{
    (void)layer;
    return len - at >= 16 ? 16 : 4;
}

/* With G the gateway fields are counted from the end (section 5.1.4.9). */
static uint32_t before_gateway(const uint8_t *layer, uint32_t at, uint32_t len)
{
    uint32_t tail = layer[1] & 1 ? AMTG_QUERY_GATEWAY_OCTETS : 0;

    return len - at >= tail ? len - at - tail : 0;
}

static uint32_t port_if_g(const uint8_t *layer, uint32_t at, uint32_t len)
{
    (void)at;
    (void)len;
    return layer[1] & 1 ? 2 : 0;
}

static uint32_t gateway_if_g(const uint8_t *layer, uint32_t at, uint32_t len)
{
    (void)at;
    (void)len;
    return layer[1] & 1 ? 16 : 0;
}

static const struct amtg_word types[] = {
    {1, "discovery"}, {2, "advertisement"}, {3, "request"}, {4, "query"},
    {5, "update"},    {6, "data"},          {7, "teardown"}, {0, NULL}};

#define HEAD                                                                                     \
    AMTG_ROW("version", 4, NUMBER, .initial = "0"),                                              \
    AMTG_ROW("type", 4, NUMBER, .fill = AMTG_FILL_TYPE, .names = types)
#define RESERVED(bits_) AMTG_ROW("reserved", bits_, HEX, .initial = "0")
#define NONCE AMTG_ROW("nonce", 32, HEX)
#define MAC AMTG_ROW("mac", 48, AMTG_FORM_OCTETS)
#define TRAILER AMTG_ROW("trailer", 0, AMTG_FORM_OCTETS, .extent = rest)

static const struct amtg_field discovery[] = {HEAD, RESERVED(24), NONCE, TRAILER};
static const struct amtg_field advertisement[] = {
    HEAD, RESERVED(24), NONCE, AMTG_ROW("relay", 0, AMTG_FORM_ADDRESS, .extent = relay), TRAILER};
static const struct amtg_field request[] = {
    HEAD,
    AMTG_ROW("linux-p", 1, NUMBER, .initial = "0"), /* where a Linux gateway puts P */
    RESERVED(5),
    AMTG_ROW("e", 1, NUMBER, .initial = "0"), /* RFC 9601 */
    AMTG_ROW("p", 1, NUMBER, .initial = "0"), /* an MLDv2 Query is wanted */
    RESERVED(16),
    NONCE,
    TRAILER,
};
static const struct amtg_field query[] = {
    HEAD,
    RESERVED(6),
    AMTG_ROW("l", 1, NUMBER, .initial = "0"), /* no new endpoints */
    AMTG_ROW("g", 1, NUMBER, .fill = AMTG_FILL_TAIL),
    MAC,
    NONCE,
    AMTG_ROW("inner", 0, AMTG_FORM_INNER, .extent = before_gateway),
    AMTG_ROW("gateway-port", 0, NUMBER, .extent = port_if_g),
    AMTG_ROW("gateway", 0, AMTG_FORM_COMPAT, .extent = gateway_if_g),
};
static const struct amtg_field update[] = {
    HEAD, RESERVED(8), MAC, NONCE, AMTG_ROW("inner", 0, AMTG_FORM_INNER, .extent = rest)};
static const struct amtg_field data[] = {
    HEAD, RESERVED(8), AMTG_ROW("inner", 0, AMTG_FORM_INNER, .extent = rest)};
static const struct amtg_field teardown[] = {
    HEAD,
    RESERVED(8),
    MAC,
    NONCE,
    AMTG_ROW("gateway-port", 16, NUMBER),
    AMTG_ROW("gateway", 128, AMTG_FORM_COMPAT),
    TRAILER,
};
static const struct amtg_field other[] = {
    AMTG_ROW("version", 4, NUMBER, .initial = "0"), AMTG_ROW("type", 4, NUMBER),
    AMTG_ROW("content", 0, AMTG_FORM_OCTETS, .extent = rest)};

static const struct amtg_message messages[] = {
    {.name = "discovery", .number = AMTG_MSG_DISCOVERY, AMTG_FIELDS(discovery)},
    {.name = "advertisement", .number = AMTG_MSG_ADVERTISEMENT, AMTG_FIELDS(advertisement)},
    {.name = "request", .number = AMTG_MSG_REQUEST, AMTG_FIELDS(request)},
    {.name = "query", .number = AMTG_MSG_QUERY, AMTG_FIELDS(query)},
    {.name = "update", .number = AMTG_MSG_UPDATE, AMTG_FIELDS(update)},
    {.name = "data", .number = AMTG_MSG_DATA, AMTG_FIELDS(data)},
    {.name = "teardown", .number = AMTG_MSG_TEARDOWN, AMTG_FIELDS(teardown)},
    {.number = AMTG_ANY_NUMBER, AMTG_FIELDS(other)},
};

const struct amtg_layer amtg_layer_amt = {
    .name = "amt", .title = "AMT", AMTG_MESSAGES(messages), .type_octet = 0, .type_mask = 0x0f,
    .protocol = -1};
