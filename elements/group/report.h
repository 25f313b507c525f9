/*
 * Reading a membership report, whatever its version: IGMPv1/v2 Report, IGMPv2
 * Leave, IGMPv3 Report, MLDv1 Report and Done, MLDv2 Report. Works on the octets
 * of a `report` record, from the first octet of the IGMP or MLD message. The
 * parsers verify a message whole before they emit it, so reading cannot fail.
 */
#ifndef AMTG_GROUP_REPORT_H
#define AMTG_GROUP_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/cursor.h"

enum amtg_report_version { AMTG_IGMP_V1 = 1, AMTG_IGMP_V2, AMTG_IGMP_V3, AMTG_MLD_V1, AMTG_MLD_V2 };

/* RFC 3376 4.2.12, RFC 3810 5.2.12; values are those on the wire. */
enum amtg_record_type {
    AMTG_IS_IN = 1,
    AMTG_IS_EX,
    AMTG_TO_IN,
    AMTG_TO_EX,
    AMTG_ALLOW,
    AMTG_BLOCK,
};

struct amtg_report {
    enum amtg_report_version version;
    uint16_t left; /* records not yet read */
    struct amtg_cursor at;
};

/* One group record. Older versions appear as IS_EX{} (report) and TO_IN{} (leave, done). */
struct amtg_group_record {
    uint8_t type; /* enum amtg_record_type, or an unknown value: to be skipped */
    struct amtg_addr group;
    uint16_t count;         /* sources */
    const uint8_t *sources; /* count × (4 or 16) octets, as on the wire */
    bool ip4;
};

/* message: a verified report of len octets; ip4: IGMP (else MLD). false: no report at all. */
bool amtg_report_open(struct amtg_report *r, const uint8_t *message, uint32_t len, bool ip4);
/* The next record in the order of the message; false: there is none left. */
bool amtg_report_next(struct amtg_report *r, struct amtg_group_record *out);
/* Source i of a record, 0 <= i < count; unspecified when it is IPv4-mapped in an MLD record. */
struct amtg_addr amtg_record_source(const struct amtg_group_record *record, unsigned i);

#endif
