/* IGMP and MLD, field by field (RFC 2236, 3376, 2710, 3810). */
#include "core/cursor.h"
#include "elements/wire/layer.h"

#define NUMBER AMTG_FORM_NUMBER
#define HEX AMTG_FORM_HEX

static uint32_t rest(const uint8_t *layer, uint32_t at, uint32_t len)
{
    (void)layer;
    return len - at;
}

/* Sources whose number stands in the two octets before them. */
static uint32_t sources4(const uint8_t *layer, uint32_t at, uint32_t len)
{
    (void)len;
    return amtg_get_u16(layer + at - 2) * 4u;
}

static uint32_t sources6(const uint8_t *layer, uint32_t at, uint32_t len)
{
    (void)len;
    return amtg_get_u16(layer + at - 2) * 16u;
}

/* The same in a record, where the group is between. */
static uint32_t record_sources4(const uint8_t *record, uint32_t at, uint32_t len)
{
    (void)at;
    (void)len;
    return amtg_get_u16(record + 2) * 4u;
}

static uint32_t record_sources6(const uint8_t *record, uint32_t at, uint32_t len)
{
    (void)at;
    (void)len;
    return amtg_get_u16(record + 2) * 16u;
}

static uint32_t auxiliary(const uint8_t *record, uint32_t at, uint32_t len)
{
    (void)at;
    (void)len;
    return record[1] * 4u;
}

/* ---- group records (RFC 3376, 4.2.4; RFC 3810, 5.2.5) ----------------------- */

static const struct amtg_word record_types[] = {
    {1, "is-include"}, {2, "is-exclude"}, {3, "to-include"}, {4, "to-exclude"},
    {5, "allow"},      {6, "block"},      {0, NULL}};

#define RECORD(group_bits_, sources_, octets_)                                                   \
    AMTG_ROW("type", 8, NUMBER, .names = record_types),                                          \
    AMTG_ROW("auxiliary-words", 8, NUMBER, .initial = "0"),                                      \
    AMTG_ROW("source-count", 16, NUMBER, .fill = AMTG_FILL_COUNT),                               \
    AMTG_ROW("group", group_bits_, AMTG_FORM_ADDRESS),                                           \
    AMTG_ROW("sources", 0, AMTG_FORM_ADDRESSES, .extent = sources_, .item_octets = octets_),     \
    AMTG_ROW("auxiliary", 0, AMTG_FORM_OCTETS, .extent = auxiliary),

static const struct amtg_field record4_fields[] = {RECORD(32, record_sources4, 4)};
static const struct amtg_field record6_fields[] = {RECORD(128, record_sources6, 16)};
static const struct amtg_message record4 = {.number = AMTG_ANY_NUMBER, AMTG_FIELDS(record4_fields)};
static const struct amtg_message record6 = {.number = AMTG_ANY_NUMBER, AMTG_FIELDS(record6_fields)};

/* ---- IGMP ------------------------------------------------------------------- */

#define IGMP_TYPE AMTG_ROW("type", 8, HEX, .fill = AMTG_FILL_TYPE)
#define IGMP_SUM AMTG_ROW("checksum", 16, HEX, .fill = AMTG_FILL_SUM)

static const struct amtg_field igmp_query[] = {
    IGMP_TYPE,
    AMTG_ROW("max-response", 8, AMTG_FORM_TENTHS, .initial = "10s"),
    IGMP_SUM,
    AMTG_ROW("group", 32, AMTG_FORM_ADDRESS, .initial = "0.0.0.0"),
    AMTG_ROW("reserved", 4, HEX, .initial = "0"),
    AMTG_ROW("suppress", 1, NUMBER, .initial = "0"),
    AMTG_ROW("robustness", 3, NUMBER, .initial = "2"),
    AMTG_ROW("interval", 8, AMTG_FORM_SECONDS, .initial = "125s"),
    AMTG_ROW("source-count", 16, NUMBER, .fill = AMTG_FILL_COUNT),
    AMTG_ROW("sources", 0, AMTG_FORM_ADDRESSES, .extent = sources4, .item_octets = 4),
};
static const struct amtg_field igmp_short[] = {
    IGMP_TYPE,
    AMTG_ROW("max-response", 8, AMTG_FORM_TENTHS, .initial = "0s"),
    IGMP_SUM,
    AMTG_ROW("group", 32, AMTG_FORM_ADDRESS, .initial = "0.0.0.0"),
    AMTG_ROW("trailer", 0, AMTG_FORM_OCTETS, .extent = rest),
};
static const struct amtg_field igmp_report[] = {
    IGMP_TYPE,
    AMTG_ROW("reserved", 8, HEX, .initial = "0"),
    IGMP_SUM,
    AMTG_ROW("reserved", 16, HEX, .initial = "0"),
    AMTG_ROW("record-count", 16, NUMBER, .fill = AMTG_FILL_COUNT),
    AMTG_ROW("records", 0, AMTG_FORM_RECORDS, .extent = rest, .record = &record4),
};
static const struct amtg_field igmp_other[] = {
    AMTG_ROW("type", 8, HEX),
    AMTG_ROW("code", 8, HEX, .initial = "0"),
    IGMP_SUM,
    AMTG_ROW("content", 0, AMTG_FORM_OCTETS, .extent = rest),
};

static const struct amtg_message igmp[] = {
    {"query", 0x11, 12, AMTG_FIELDS(igmp_query), "224.0.0.1"},
    {"query-v2", 0x11, 0, AMTG_FIELDS(igmp_short), "224.0.0.1"},
    {"report", 0x22, 0, AMTG_FIELDS(igmp_report), "224.0.0.22"},
    {"report-v1", 0x12, 0, AMTG_FIELDS(igmp_short), NULL},
    {"report-v2", 0x16, 0, AMTG_FIELDS(igmp_short), NULL},
    {"leave", 0x17, 0, AMTG_FIELDS(igmp_short), "224.0.0.2"},
    {NULL, AMTG_ANY_NUMBER, 0, AMTG_FIELDS(igmp_other), "224.0.0.1"},
};

const struct amtg_layer amtg_layer_igmp = {
    .name = "igmp", .title = "IGMP", AMTG_MESSAGES(igmp), .type_octet = 0, .type_mask = 0xff,
    .protocol = 2};

/* ---- MLD -------------------------------------------------------------------- */

#define MLD_TYPE AMTG_ROW("type", 8, NUMBER, .fill = AMTG_FILL_TYPE)
#define MLD_SUM AMTG_ROW("checksum", 16, HEX, .fill = AMTG_FILL_SUM_PSEUDO)

static const struct amtg_field mld_query[] = {
    MLD_TYPE,
    AMTG_ROW("code", 8, HEX, .initial = "0"),
    MLD_SUM,
    AMTG_ROW("max-response", 16, AMTG_FORM_MILLIS, .initial = "10s"),
    AMTG_ROW("reserved", 16, HEX, .initial = "0"),
    AMTG_ROW("group", 128, AMTG_FORM_ADDRESS, .initial = "::"),
    AMTG_ROW("reserved", 4, HEX, .initial = "0"),
    AMTG_ROW("suppress", 1, NUMBER, .initial = "0"),
    AMTG_ROW("robustness", 3, NUMBER, .initial = "2"),
    AMTG_ROW("interval", 8, AMTG_FORM_SECONDS, .initial = "125s"),
    AMTG_ROW("source-count", 16, NUMBER, .fill = AMTG_FILL_COUNT),
    AMTG_ROW("sources", 0, AMTG_FORM_ADDRESSES, .extent = sources6, .item_octets = 16),
};
static const struct amtg_field mld_short[] = {
    MLD_TYPE,
    AMTG_ROW("code", 8, HEX, .initial = "0"),
    MLD_SUM,
    AMTG_ROW("max-response", 16, AMTG_FORM_MILLIS, .initial = "0s"),
    AMTG_ROW("reserved", 16, HEX, .initial = "0"),
    AMTG_ROW("group", 128, AMTG_FORM_ADDRESS, .initial = "::"),
    AMTG_ROW("trailer", 0, AMTG_FORM_OCTETS, .extent = rest),
};
static const struct amtg_field mld_report[] = {
    MLD_TYPE,
    AMTG_ROW("code", 8, HEX, .initial = "0"),
    MLD_SUM,
    AMTG_ROW("reserved", 16, HEX, .initial = "0"),
    AMTG_ROW("record-count", 16, NUMBER, .fill = AMTG_FILL_COUNT),
    AMTG_ROW("records", 0, AMTG_FORM_RECORDS, .extent = rest, .record = &record6),
};
static const struct amtg_field mld_other[] = {
    AMTG_ROW("type", 8, NUMBER),
    AMTG_ROW("code", 8, HEX, .initial = "0"),
    MLD_SUM,
    AMTG_ROW("content", 0, AMTG_FORM_OCTETS, .extent = rest),
};

static const struct amtg_message mld[] = {
    {"query", 130, 28, AMTG_FIELDS(mld_query), "ff02::1"},
    {"query-v1", 130, 0, AMTG_FIELDS(mld_short), "ff02::1"},
    {"report", 143, 0, AMTG_FIELDS(mld_report), "ff02::16"},
    {"report-v1", 131, 0, AMTG_FIELDS(mld_short), NULL},
    {"done", 132, 0, AMTG_FIELDS(mld_short), "ff02::2"},
    {NULL, AMTG_ANY_NUMBER, 0, AMTG_FIELDS(mld_other), "ff02::1"},
};

const struct amtg_layer amtg_layer_mld = {
    .name = "mld", .title = "MLD", AMTG_MESSAGES(mld), .type_octet = 0, .type_mask = 0xff,
    .protocol = 58};
