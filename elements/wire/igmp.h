/*
 * IGMP: verify a report whole before anything of it is used (RFC 3376, section 4;
 * RFC 2236), and build the General Query that a relay puts in a Membership Query.
 */
#ifndef AMTG_WIRE_IGMP_H
#define AMTG_WIRE_IGMP_H

#include "elements/wire/report_check.h"

enum amtg_igmp_type {
    AMTG_IGMP_QUERY = 0x11,
    AMTG_IGMP_V1_REPORT = 0x12,
    AMTG_IGMP_V2_REPORT = 0x16,
    AMTG_IGMP_V2_LEAVE = 0x17,
    AMTG_IGMP_V3_REPORT = 0x22,
};

enum { AMTG_IGMP_QUERY_OCTETS = 36 }; /* of amtg_igmp_query_build: header 24, query 12 */

/*
 * Verify a report, leave or group records message, from IP protocol to last record.
 * octets: the datagram whose header was parsed to `ip`; the IGMP message is what is
 * between ip->transport and ip->total. strict: also demand Router Alert, TOS 0xc0 and
 * the right destination, which deployed gateways get wrong. v1: take IGMPv1 Reports.
 */
enum amtg_report_fault amtg_igmp_report_check(const uint8_t *octets, const struct amtg_ip *ip,
                                              bool strict, bool v1);

/*
 * Write an IGMPv3 General Query as an IP datagram: 24-octet header with Router Alert,
 * TTL 1, TOS 0xc0, to 224.0.0.1. out has AMTG_IGMP_QUERY_OCTETS; returns them.
 */
uint32_t amtg_igmp_query_build(const struct amtg_general_query *q, uint8_t *out);

#endif
