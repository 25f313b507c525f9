/*
 * Writing membership reports: group records are packed into IGMPv3 or MLDv2 Reports
 * of at most the MTU, whole IP datagrams (RFC 3376, section 4.2; RFC 3810, section
 * 5.2), which leave by an output of the element that has something to report.
 */
#ifndef AMTG_GROUP_HOST_REPORT_H
#define AMTG_GROUP_HOST_REPORT_H

#include "core/element.h"

struct amtg_report_writer {
    struct amtg_element *e;
    unsigned out;            /* output of e */
    struct amtg_addr source; /* of the datagrams */
    uint32_t mtu;            /* octets of a datagram; room for a record with a source at least */
    bool ip4;                /* IGMP */

    struct amtg_packet *open; /* being filled */
    uint32_t used;            /* octets of its message */
    uint64_t reports, records; /* sent */
    uint64_t left_out;        /* sources of EXCLUDE records that did not fit */
};

/*
 * Add a record (enum amtg_record_type). One that fits no report is split (RFC 3376,
 * section 4.2.16): the parts of TO_IN are a TO_IN and ALLOWs, since a second TO_IN
 * would take back the first. IS_EX and TO_EX say what fits: always the first sources.
 * When there is no buffer, the report is lost as on a bad wire, and counted so.
 */
void amtg_report_put(struct amtg_report_writer *w, unsigned type, const struct amtg_addr *group,
                     const struct amtg_addr *sources, uint32_t count);
/* Send what is being filled. Nothing may be left open when control returns to the loop. */
void amtg_report_flush(struct amtg_report_writer *w);

/* A message of IGMPv1, IGMPv2 or MLDv1 with this type (wire/igmp.h, wire/mld.h), sent at once. */
void amtg_report_put_older(struct amtg_report_writer *w, unsigned type,
                           const struct amtg_addr *group);

#endif
