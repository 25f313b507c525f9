/*
 * Is an inner datagram a General Query of IGMPv3 or MLDv2, and what does it say
 * (RFC 7450, section 5.2.3.5.4; RFC 3376, section 4.1; RFC 3810, section 5.1)?
 */
#ifndef AMTG_AMT_GATEWAY_CHECK_H
#define AMTG_AMT_GATEWAY_CHECK_H

#include <stdbool.h>
#include <stdint.h>

enum amtg_gw_query_fault {
    AMTG_GW_QUERY_SOUND,
    AMTG_GW_FAULT_IP,       /* its header is wrong, or it is longer than its room, or a fragment */
    AMTG_GW_FAULT_TYPE,     /* no IGMPv3 or MLDv2 Query */
    AMTG_GW_FAULT_CHECKSUM, /* of IGMP or ICMPv6 */
    AMTG_GW_FAULT_SPECIFIC, /* it asks for one group, or for sources */
    AMTG_GW_FAULT_ALERT,    /* MLD: not hop limit 1 and one Router Alert (RFC 3810, section 6.2) */
};

struct amtg_gw_general {
    bool ip4;
    uint32_t total;     /* octets of the datagram */
    uint8_t robustness; /* QRV as it is, 0 included */
    uint32_t interval_s; /* QQIC decoded, 0 included */
};

/*
 * octets: the inner datagram, len: its room. Any source is fine (section 5.2.1), an
 * IPv4 header of any length, without Router Alert and of any TOS too: deployed relays
 * send such. Octets behind the datagram are ignored. out is written when it is sound.
 */
enum amtg_gw_query_fault amtg_gw_query_check(const uint8_t *octets, uint32_t len,
                                             struct amtg_gw_general *out);

#endif
