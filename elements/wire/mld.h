/*
 * MLD: verify a report whole before anything of it is used (RFC 3810, section 5;
 * RFC 2710), and build the General Query that a relay puts in a Membership Query.
 */
#ifndef AMTG_WIRE_MLD_H
#define AMTG_WIRE_MLD_H

#include "elements/wire/report_check.h"

enum amtg_mld_type {
    AMTG_MLD_QUERY = 130,
    AMTG_MLD_V1_REPORT = 131,
    AMTG_MLD_V1_DONE = 132,
    AMTG_MLD_V2_REPORT = 143,
};

enum { AMTG_MLD_QUERY_OCTETS = 76 }; /* of amtg_mld_query_build: headers 48, query 28 */

/*
 * Verify a report or done, from IPv6 next header to last record; hop limit 1 and one
 * Router Alert option are always demanded, any source address is taken. strict: also
 * demand the right destination. As amtg_igmp_report_check else.
 */
enum amtg_report_fault amtg_mld_report_check(const uint8_t *octets, const struct amtg_ip *ip,
                                             bool strict);

/*
 * Write an MLDv2 General Query as an IP datagram: hop-by-hop header with Router
 * Alert, hop limit 1, to ff02::1. Many hosts answer only a link-local src. out has
 * AMTG_MLD_QUERY_OCTETS; returns them.
 */
uint32_t amtg_mld_query_build(const struct amtg_general_query *q, uint8_t *out);

#endif
