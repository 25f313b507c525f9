/*
 * igmp-parser: takes the IPv4 datagram inside a Membership Update, verifies it and
 * its IGMP message whole, and gives the message as a report of its peer (RFC 7450,
 * section 5.3.3.4; RFC 3376; RFC 2236). All or nothing: of a report of which one
 * record does not fit, none is used.
 *
 *     elements:
 *       igmp: {class: igmp-parser}
 *     edges:
 *       - update.igmp -> igmp -> membership
 */
#include "core/cursor.h"
#include "core/element.h"
#include "elements/wire/checksum.h"
#include "elements/wire/igmp.h"
#include "elements/wire/types.h"

enum v1 { V1_IGNORE, V1_AS_V2 };
static const char *const v1_names[] = {"ignore", "as-v2", NULL};

struct igmp_parser {
    bool strict;
    int igmpv1;
};

enum { OUT };

/* From now on it is an IGMPv2 Report: the first word of the message changes. */
static void make_v2(struct amtg_packet *p)
{
    uint16_t before = amtg_get_u16(p->data);

    p->data[0] = AMTG_IGMP_V2_REPORT;
    amtg_put_u16(p->data + 2, amtg_checksum_replace(amtg_get_u16(p->data + 2), before,
                                                    amtg_get_u16(p->data)));
}

static void parse(struct amtg_element *e, struct amtg_packet *packet)
{
    const struct igmp_parser *state = amtg_state(e);
    struct amtg_ip ip;
    enum amtg_ip_fault ip_fault = amtg_ip_parse(packet->data, packet->len, &ip);

    if (ip_fault) {
        amtg_drop(e, ip_fault - 1, packet);
        return;
    }
    enum amtg_report_fault fault = amtg_igmp_report_check(packet->data, &ip, state->strict,
                                                          state->igmpv1 == V1_AS_V2);
    if (fault) {
        amtg_drop(e, AMTG_REPORT_REASON(fault), packet);
        return;
    }
    amtg_packet_trim(packet, ip.total);
    amtg_packet_pull(packet, ip.transport);
    if (packet->data[0] == AMTG_IGMP_V1_REPORT) {
        if (!amtg_packet_own(packet)) {
            amtg_drop_no_buffer(e, packet);
            return;
        }
        make_v2(packet);
    }
    packet->type = AMTG_REPORT;
    amtg_emit(e, OUT, packet);
}

static void igmp_parser_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch)
        parse(e, packet);
}

const struct amtg_class amtg_igmp_parser = {
    .name = "igmp-parser",
    .summary = "verifies IGMP reports from gateways and hands them on",
    .details =
        "IGMPv2 Reports and Leaves and IGMPv3 Reports, the messages that RFC 7450, section 5.1.5 "
        "lets a Membership Update carry. Always verified: the IPv4 header, TTL 1, no fragment, "
        "lengths, checksum, type, and that all group records fit. Any source address is taken "
        "(section 5.3.3.4, a MUST). Router Alert, type of service and destination are demanded "
        "by RFC 3376, section 4 too, but deployed gateways get them wrong, so they are checked "
        "only when `strict`.\n\n"
        "IGMPv1 Reports are none of those messages. Linux gateways send them all the same when "
        "a host behind them does; `igmpv1: as-v2` takes them for IGMPv2 Reports.",
    .example = "elements:\n"
               "  inner:   {class: pcap-source, file: reports.pcap}\n"
               "  igmp:    {class: igmp-parser, strict: true}\n"
               "  reports: {class: print}\n"
               "  end:     {class: discard}\n"
               "edges:\n"
               "  - inner -> igmp -> reports -> end\n",
    .state_octets = sizeof(struct igmp_parser),
    AMTG_INPUTS({"in", AMTG_IP_RAW, "inner IPv4 datagrams; the peer is the endpoint", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_REPORT, "verified reports of that peer", 0}),
    AMTG_PARAMS(AMTG_BOOL(struct igmp_parser, strict, "false",
                          "demand Router Alert, type of service and destination too"),
                AMTG_ENUM(struct igmp_parser, igmpv1, "ignore", v1_names,
                          "what to do with IGMPv1 Reports")),
    AMTG_DROPS(AMTG_IP_FAULT_REASONS AMTG_REPORT_FAULT_REASONS AMTG_REPORT_FAULT_REASONS_IGMP),
    .push = igmp_parser_push,
};
