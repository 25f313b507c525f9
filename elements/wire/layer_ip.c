/* IPv4, IPv6, UDP and ICMP, field by field (RFC 791, 8200, 768, 792, 4443). */
#include "elements/wire/layer.h"

#define NUMBER AMTG_FORM_NUMBER
#define HEX AMTG_FORM_HEX

static uint32_t rest(const uint8_t *layer, uint32_t at, uint32_t len)
{
    (void)layer;
    return len - at;
}

static const struct amtg_word ecn[] = {
    {0, "not-ect"}, {1, "ect1"}, {2, "ect0"}, {3, "ce"}, {0, NULL}};
static const struct amtg_word dscps[] = {{48, "cs6"}, {0, NULL}};
static const struct amtg_word protocols[] = {
    {0, "hop-by-hop"}, {1, "icmp"}, {2, "igmp"}, {17, "udp"}, {58, "icmp6"}, {0, NULL}};
static const struct amtg_octet_word options4[] = {{"94040000", "router-alert"}, {NULL, NULL}};
static const struct amtg_octet_word options6[] = {{"050200000100", "router-alert"}, {NULL, NULL}};

/* ---- IPv4 ------------------------------------------------------------------- */

static uint32_t options4_extent(const uint8_t *layer, uint32_t at, uint32_t len)
{
    uint32_t header = (layer[0] & 0xfu) * 4;

    (void)len;
    return header > at ? header - at : 0;
}

static const struct amtg_field ip4_fields[] = {
    AMTG_ROW("version", 4, NUMBER, .initial = "4"),
    AMTG_ROW("header-words", 4, NUMBER, .fill = AMTG_FILL_WORDS),
    AMTG_ROW("dscp", 6, NUMBER, .initial = "0", .group = "cs6", .names = dscps),
    AMTG_ROW("ecn", 2, NUMBER, .initial = "not-ect", .names = ecn),
    AMTG_ROW("total-length", 16, NUMBER, .fill = AMTG_FILL_LENGTH),
    AMTG_ROW("id", 16, HEX, .initial = "0"),
    AMTG_ROW("reserved", 1, NUMBER, .initial = "0"),
    AMTG_ROW("dont-fragment", 1, NUMBER, .initial = "0"),
    AMTG_ROW("more-fragments", 1, NUMBER, .initial = "0"),
    AMTG_ROW("fragment-offset", 13, NUMBER, .initial = "0"),
    AMTG_ROW("ttl", 8, NUMBER, .initial = "64", .group = "1"),
    AMTG_ROW("protocol", 8, NUMBER, .fill = AMTG_FILL_PROTOCOL, .names = protocols),
    AMTG_ROW("checksum", 16, HEX, .fill = AMTG_FILL_SUM_OWN),
    AMTG_ROW("source", 32, AMTG_FORM_ADDRESS, .group = "0.0.0.0"),
    AMTG_ROW("destination", 32, AMTG_FORM_ADDRESS),
    AMTG_ROW("options", 0, AMTG_FORM_OCTETS, .extent = options4_extent, .group = "router-alert",
             .words = options4),
};
static const struct amtg_message ip4[] = {{.number = AMTG_ANY_NUMBER, AMTG_FIELDS(ip4_fields)}};

const struct amtg_layer amtg_layer_ip4 = {
    .name = "ip4", .title = "IPv4", AMTG_MESSAGES(ip4), .brief = {"source", "destination"},
    .protocol = -1};

/* ---- IPv6 ------------------------------------------------------------------- */

static const struct amtg_field ip6_fields[] = {
    AMTG_ROW("version", 4, NUMBER, .initial = "6"),
    AMTG_ROW("dscp", 6, NUMBER, .initial = "0", .names = dscps),
    AMTG_ROW("ecn", 2, NUMBER, .initial = "not-ect", .names = ecn),
    AMTG_ROW("flow-label", 20, HEX, .initial = "0"),
    AMTG_ROW("payload-length", 16, NUMBER, .fill = AMTG_FILL_BEHIND),
    AMTG_ROW("next-header", 8, NUMBER, .fill = AMTG_FILL_PROTOCOL, .names = protocols),
    AMTG_ROW("hop-limit", 8, NUMBER, .initial = "64", .group = "1"),
    AMTG_ROW("source", 128, AMTG_FORM_ADDRESS, .group = "fe80::2"),
    AMTG_ROW("destination", 128, AMTG_FORM_ADDRESS),
};
static const struct amtg_message ip6[] = {{.number = AMTG_ANY_NUMBER, AMTG_FIELDS(ip6_fields)}};

const struct amtg_layer amtg_layer_ip6 = {
    .name = "ip6", .title = "IPv6", AMTG_MESSAGES(ip6), .brief = {"source", "destination"},
    .protocol = -1};

static uint32_t options6_extent(const uint8_t *layer, uint32_t at, uint32_t len)
{
    (void)len;
    return (layer[1] + 1u) * 8 - at;
}

static const struct amtg_field hop_by_hop_fields[] = {
    AMTG_ROW("next-header", 8, NUMBER, .fill = AMTG_FILL_PROTOCOL, .names = protocols),
    AMTG_ROW("length", 8, NUMBER, .initial = "0"),
    AMTG_ROW("options", 0, AMTG_FORM_OCTETS, .extent = options6_extent, .initial = "router-alert",
             .words = options6),
};
static const struct amtg_message hop_by_hop[] = {
    {.number = AMTG_ANY_NUMBER, AMTG_FIELDS(hop_by_hop_fields)}};

const struct amtg_layer amtg_layer_hop_by_hop = {
    .name = "hop-by-hop", .title = "IPv6 hop-by-hop options", AMTG_MESSAGES(hop_by_hop),
    .brief = {"options"}, .protocol = 0};

/* ---- UDP and what it carries ------------------------------------------------ */

static const struct amtg_field udp_fields[] = {
    AMTG_ROW("source-port", 16, NUMBER),
    AMTG_ROW("destination-port", 16, NUMBER),
    AMTG_ROW("length", 16, NUMBER, .fill = AMTG_FILL_LENGTH),
    AMTG_ROW("checksum", 16, HEX, .fill = AMTG_FILL_SUM_PSEUDO),
};
static const struct amtg_message udp[] = {{.number = AMTG_ANY_NUMBER, AMTG_FIELDS(udp_fields)}};

const struct amtg_layer amtg_layer_udp = {
    .name = "udp", .title = "UDP", AMTG_MESSAGES(udp), .brief = {"source-port", "destination-port"},
    .protocol = 17};

static const struct amtg_field payload_fields[] = {
    AMTG_ROW("data", 0, AMTG_FORM_PAYLOAD, .extent = rest)};
static const struct amtg_message payload[] = {
    {.number = AMTG_ANY_NUMBER, AMTG_FIELDS(payload_fields)}};

const struct amtg_layer amtg_layer_payload = {
    .name = "payload", .title = "Payload", AMTG_MESSAGES(payload), .brief = {"data"},
    .protocol = -1};

/* ---- ICMP ------------------------------------------------------------------- */

static const struct amtg_field icmp_fields[] = {
    AMTG_ROW("type", 8, NUMBER),
    AMTG_ROW("code", 8, NUMBER, .initial = "0"),
    AMTG_ROW("checksum", 16, HEX, .fill = AMTG_FILL_SUM),
    AMTG_ROW("unused", 16, HEX, .initial = "0"),
    AMTG_ROW("mtu", 16, NUMBER, .initial = "0"), /* of the next hop (RFC 1191); else unused */
    AMTG_ROW("quoted", 0, AMTG_FORM_INNER, .extent = rest),
};
static const struct amtg_message icmp[] = {{.number = AMTG_ANY_NUMBER, AMTG_FIELDS(icmp_fields)}};

const struct amtg_layer amtg_layer_icmp = {
    .name = "icmp", .title = "ICMP", AMTG_MESSAGES(icmp), .brief = {"type"}, .protocol = 1};

static const struct amtg_field icmp6_fields[] = {
    AMTG_ROW("type", 8, NUMBER),
    AMTG_ROW("code", 8, NUMBER, .initial = "0"),
    AMTG_ROW("checksum", 16, HEX, .fill = AMTG_FILL_SUM_PSEUDO),
    AMTG_ROW("mtu", 32, NUMBER, .initial = "0"), /* of Packet Too Big; of other types unused */
    AMTG_ROW("quoted", 0, AMTG_FORM_INNER, .extent = rest),
};
static const struct amtg_message icmp6[] = {{.number = AMTG_ANY_NUMBER, AMTG_FIELDS(icmp6_fields)}};

const struct amtg_layer amtg_layer_icmp6 = {
    .name = "icmp6", .title = "ICMPv6", AMTG_MESSAGES(icmp6), .brief = {"type"}, .protocol = 58};
