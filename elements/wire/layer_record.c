/*
 * Records, field by field: messages between elements, as structures in memory
 * (types.h). They look like layers here so that they are shown and written as packets are.
 */
#include <string.h>

#include "elements/wire/layer.h"
#include "elements/wire/types.h"

#define NUMBER AMTG_FORM_NUMBER

static uint32_t sources(const uint8_t *layer, uint32_t at, uint32_t len)
{
    struct amtg_join head;

    (void)at;
    (void)len;
    memcpy(&head, layer, sizeof head);
    return head.count * 16u;
}

static const struct amtg_word modes[] = {{0, "include"}, {1, "exclude"}, {0, NULL}};

#define COUNTED                                                                                  \
    AMTG_ROW("pad", 8, NUMBER, .initial = "0"),                                                  \
    AMTG_ROW("count", 16, NUMBER, .fill = AMTG_FILL_COUNT, .host_order = true),                  \
    AMTG_ROW("sources", 0, AMTG_FORM_ADDRESSES, .extent = sources)

static const struct amtg_field join_fields[] = {
    AMTG_ROW("group", 128, AMTG_FORM_MAPPED),
    AMTG_ROW("mode", 8, NUMBER, .initial = "include", .names = modes),
    COUNTED,
};
static const struct amtg_message join[] = {{.number = AMTG_ANY_NUMBER, AMTG_FIELDS(join_fields)}};

const struct amtg_layer amtg_layer_join = {
    .name = "join", .title = "what is wanted of a group", AMTG_MESSAGES(join), .brief = {"group"},
    .protocol = -1};

static const struct amtg_field ask_fields[] = {
    AMTG_ROW("group", 128, AMTG_FORM_MAPPED),
    AMTG_ROW("suppress", 8, NUMBER, .initial = "0"),
    COUNTED,
};
static const struct amtg_message ask[] = {{.number = AMTG_ANY_NUMBER, AMTG_FIELDS(ask_fields)}};

const struct amtg_layer amtg_layer_ask = {
    .name = "ask", .title = "what to ask the hosts of a LAN", AMTG_MESSAGES(ask),
    .brief = {"group"}, .protocol = -1};

static const struct amtg_field unreachable_fields[] = {
    AMTG_ROW("type", 8, NUMBER),
    AMTG_ROW("code", 8, NUMBER, .initial = "0"),
    AMTG_ROW("local", 8, NUMBER, .initial = "0"),
    AMTG_ROW("quoted", 8, NUMBER, .initial = "0"),
    AMTG_ROW("mtu", 32, NUMBER, .initial = "0", .host_order = true),
    AMTG_ROW("quote", 64, AMTG_FORM_OCTETS, .initial = "0x0000000000000000"),
};
static const struct amtg_message unreachable[] = {
    {.number = AMTG_ANY_NUMBER, AMTG_FIELDS(unreachable_fields)}};

const struct amtg_layer amtg_layer_unreachable = {
    .name = "unreachable", .title = "an ICMP error about a peer", AMTG_MESSAGES(unreachable),
    .brief = {"type"}, .protocol = -1};

static const struct amtg_message gone[] = {{.number = AMTG_ANY_NUMBER}};

const struct amtg_layer amtg_layer_gone = {
    .name = "gone", .title = "a peer that has torn its tunnel down", AMTG_MESSAGES(gone),
    .protocol = -1};

/* ---- host names ------------------------------------------------------------- */

#define HOST AMTG_ROW("name", 8 * AMTG_HOST_NAME, AMTG_FORM_HOST)

static const struct amtg_field lookup_fields[] = {HOST};
static const struct amtg_message lookup[] = {{.number = AMTG_ANY_NUMBER, AMTG_FIELDS(lookup_fields)}};

const struct amtg_layer amtg_layer_lookup = {
    .name = "lookup", .title = "a host name whose addresses are wanted", AMTG_MESSAGES(lookup),
    .brief = {"name"}, .protocol = -1};

static uint32_t found(const uint8_t *layer, uint32_t at, uint32_t len)
{
    (void)at;
    (void)len;
    return layer[offsetof(struct amtg_addresses, count)] * 16u;
}

static const struct amtg_word results[] = {
    {AMTG_LOOKUP_FOUND, "found"}, {AMTG_LOOKUP_NONE, "none"}, {AMTG_LOOKUP_FAILED, "failed"}, {0, NULL}};
static const struct amtg_field addresses_fields[] = {
    HOST,
    AMTG_ROW("result", 8, NUMBER, .initial = "found", .names = results),
    AMTG_ROW("count", 8, NUMBER, .fill = AMTG_FILL_COUNT),
    AMTG_ROW("found", 0, AMTG_FORM_ADDRESSES, .extent = found),
};
static const struct amtg_message addresses[] = {
    {.number = AMTG_ANY_NUMBER, AMTG_FIELDS(addresses_fields)}};

const struct amtg_layer amtg_layer_addresses = {
    .name = "addresses", .title = "what was found of a host name", AMTG_MESSAGES(addresses),
    .brief = {"name"}, .protocol = -1};
