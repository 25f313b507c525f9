#include "elements/group/report.h"

#include <stddef.h>

enum {
    IGMP_V1_REPORT = 0x12, IGMP_V2_REPORT = 0x16, IGMP_V2_LEAVE = 0x17, IGMP_V3_REPORT = 0x22,
    MLD_V1_REPORT = 131, MLD_V1_DONE = 132, MLD_V2_REPORT = 143,
};

static struct amtg_addr address(const uint8_t *octets, bool ip4)
{
    return ip4 ? amtg_addr_from4(octets) : amtg_addr_from6(octets);
}

bool amtg_report_open(struct amtg_report *r, const uint8_t *message, uint32_t len, bool ip4)
{
    struct amtg_cursor in = amtg_cursor_of(message, len);
    uint8_t type = amtg_cursor_u8(&in);

    *r = (struct amtg_report){.left = 1, .at = amtg_cursor_of(message, len)};
    if (ip4 && type == IGMP_V1_REPORT)
        r->version = AMTG_IGMP_V1;
    else if (ip4 && (type == IGMP_V2_REPORT || type == IGMP_V2_LEAVE))
        r->version = AMTG_IGMP_V2;
    else if (!ip4 && (type == MLD_V1_REPORT || type == MLD_V1_DONE))
        r->version = AMTG_MLD_V1;
    else if (type == (ip4 ? IGMP_V3_REPORT : MLD_V2_REPORT))
        r->version = ip4 ? AMTG_IGMP_V3 : AMTG_MLD_V2;
    else
        return false;
    if (r->version == AMTG_IGMP_V3 || r->version == AMTG_MLD_V2) {
        /* Both have the same head: type, reserved, checksum, reserved, number of records. */
        amtg_cursor_skip(&in, 5);
        r->left = amtg_cursor_u16(&in);
        r->at = in;
    }
    return !in.failed;
}

/* RFC 3376 7.3.2, RFC 3810 8.3.2: an older report is IS_EX{}, a Leave or Done TO_IN{}. */
static bool next_of_old(struct amtg_report *r, struct amtg_group_record *out)
{
    bool ip4 = r->version != AMTG_MLD_V1;
    uint8_t type = amtg_cursor_u8(&r->at);

    amtg_cursor_skip(&r->at, ip4 ? 3 : 7);
    const uint8_t *group = amtg_cursor_take(&r->at, ip4 ? 4 : 16);
    if (!group)
        return false;
    bool leaves = type == (ip4 ? IGMP_V2_LEAVE : MLD_V1_DONE);
    *out = (struct amtg_group_record){
        .type = leaves ? AMTG_TO_IN : AMTG_IS_EX,
        .group = address(group, ip4),
        .ip4 = ip4,
    };
    return true;
}

bool amtg_report_next(struct amtg_report *r, struct amtg_group_record *out)
{
    if (r->left == 0)
        return false;
    r->left--;
    if (r->version != AMTG_IGMP_V3 && r->version != AMTG_MLD_V2)
        return next_of_old(r, out);

    bool ip4 = r->version == AMTG_IGMP_V3;
    struct amtg_group_record record = {.ip4 = ip4};
    record.type = amtg_cursor_u8(&r->at);
    uint8_t aux_words = amtg_cursor_u8(&r->at);
    record.count = amtg_cursor_u16(&r->at);
    const uint8_t *group = amtg_cursor_take(&r->at, ip4 ? 4 : 16);
    record.sources = amtg_cursor_take(&r->at, (size_t)record.count * (ip4 ? 4 : 16));
    amtg_cursor_skip(&r->at, (size_t)aux_words * 4);
    if (r->at.failed)
        return false;
    record.group = address(group, ip4);
    /* An IPv4-mapped group in MLD would pass for an IPv4 one: a record that nobody knows. */
    if (!ip4 && amtg_addr_is4(&record.group))
        record.type = 0;
    *out = record;
    return true;
}

struct amtg_addr amtg_record_source(const struct amtg_group_record *record, unsigned i)
{
    struct amtg_addr source =
        address(record->sources + (size_t)i * (record->ip4 ? 4 : 16), record->ip4);

    /* Nor an IPv4-mapped source in MLD: no unicast address of its family. */
    if (!record->ip4 && amtg_addr_is4(&source))
        return (struct amtg_addr){{0}};
    return source;
}
