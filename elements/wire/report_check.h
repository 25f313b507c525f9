/*
 * What may be wrong with a report, in both protocols: one list for the enum and
 * for the drop reasons of the parsers (elements/wire/igmp.h and mld.h check).
 */
#ifndef AMTG_WIRE_REPORT_CHECK_H
#define AMTG_WIRE_REPORT_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "elements/wire/ip.h"

#define AMTG_REPORT_FAULTS(X)                                                                   \
    X(FAMILY, "other-family", "an IP datagram of the other family")                             \
    X(PROTOCOL, "other-protocol", "IGMP, or ICMPv6 right behind the hop-by-hop header, is "     \
      "not what it carries")                                                                    \
    X(FRAGMENT, "fragment", "a fragment of an IP datagram")                                     \
    X(HOPS, "hops", "TTL or hop limit is not 1")                                                \
    X(ROUTER_ALERT, "no-router-alert", "not exactly one Router Alert option of value 0 "        \
      "(IGMP: only when strict)")                                                               \
    X(TRUNCATED, "truncated", "shorter than the fixed part of its type")                        \
    X(CHECKSUM, "checksum", "wrong IGMP or ICMPv6 checksum")                                    \
    X(QUERY, "query", "a Query, which only routers send")                                       \
    X(TYPE, "unknown-type", "no report, leave or done")                                         \
    X(DESTINATION, "destination", "not sent where its type is to be sent (only when strict)")   \
    X(GROUP, "group", "an older report, leave or done for a group that is not multicast")       \
    X(RECORDS, "records", "a group record does not fit the message; none of it is used")
#define AMTG_REPORT_FAULTS_IGMP(X)                                                              \
    X(TOS, "tos", "type of service is not internetwork control (only when strict)")             \
    X(V1, "igmpv1", "an IGMPv1 Report, which no Update may carry")

enum amtg_report_fault {
    AMTG_REPORT_SOUND,
#define X(name, text, help) AMTG_REPORT_FAULT_##name,
    AMTG_REPORT_FAULTS(X)
    AMTG_REPORT_FAULTS_IGMP(X)
#undef X
    AMTG_REPORT_FAULT_COUNT,
};

/* Drop tables of the parsers: the faults of the IP header first, then these. */
#define AMTG_REPORT_REASON(fault) (AMTG_IP_FAULT_COUNT - 1 + (fault) - 1)
#define AMTG_REPORT_FAULT_REASON_(fault, text, help)                                            \
    [AMTG_REPORT_REASON(AMTG_REPORT_FAULT_##fault)] = {text, help},
#define AMTG_REPORT_FAULT_REASONS AMTG_REPORT_FAULTS(AMTG_REPORT_FAULT_REASON_)
#define AMTG_REPORT_FAULT_REASONS_IGMP AMTG_REPORT_FAULTS_IGMP(AMTG_REPORT_FAULT_REASON_)

/*
 * Do all group records of an IGMPv3 or MLDv2 Report fit it, with their sources and
 * auxiliary data? message: len octets, at least 8. address: octets of an address,
 * 4 or 16. Octets behind the last record are fine (RFC 3376, section 4.2.11).
 */
bool amtg_report_records_fit(const uint8_t *message, uint32_t len, uint32_t address);

/* What a General Query of either protocol says. */
struct amtg_general_query {
    struct amtg_addr src;       /* unspecified: 0.0.0.0, or :: */
    uint16_t max_response_code; /* as on the wire: a float code of 8 bits, or of 16 for MLD */
    uint8_t qrv;                /* robustness; above 7 it is sent as 0 */
    uint32_t qqi_s;             /* query interval, seconds; rounded down to what QQIC can say */
};

#endif
