/*
 * mld-parser: takes the IPv6 datagram inside a Membership Update, verifies it and
 * its MLD message whole, and gives the message as a report of its peer (RFC 7450,
 * section 5.3.3.4; RFC 3810; RFC 2710). All or nothing: of a report of which one
 * record does not fit, none is used.
 *
 *     elements:
 *       mld: {class: mld-parser}
 *     edges:
 *       - update.mld -> mld -> membership
 */
#include "core/element.h"
#include "elements/wire/mld.h"
#include "elements/wire/types.h"

struct mld_parser {
    bool strict;
};

enum { OUT };

static void parse(struct amtg_element *e, struct amtg_packet *packet)
{
    const struct mld_parser *state = amtg_state(e);
    struct amtg_ip ip;
    enum amtg_ip_fault ip_fault = amtg_ip_parse(packet->data, packet->len, &ip);

    if (ip_fault) {
        amtg_drop(e, ip_fault - 1, packet);
        return;
    }
    enum amtg_report_fault fault = amtg_mld_report_check(packet->data, &ip, state->strict);
    if (fault) {
        amtg_drop(e, AMTG_REPORT_REASON(fault), packet);
        return;
    }
    amtg_packet_trim(packet, ip.total);
    amtg_packet_pull(packet, ip.transport);
    packet->type = AMTG_REPORT;
    amtg_emit(e, OUT, packet);
}

static void mld_parser_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch)
        parse(e, packet);
}

const struct amtg_class amtg_mld_parser = {
    .name = "mld-parser",
    .summary = "verifies MLD reports from gateways and hands them on",
    .details =
        "MLDv1 Reports and Dones and MLDv2 Reports, the messages that RFC 7450, section 5.1.5 lets "
        "a Membership Update carry. Always verified: the IPv6 header, a hop-by-hop header with one "
        "Router Alert option and no other extension header, hop limit 1, lengths, checksum, type, "
        "and that all group records fit. Any source address is taken (section 5.3.3.4, a MUST). "
        "The destination is checked only when `strict`.",
    .example = "elements:\n"
               "  inner:   {class: pcap-source, file: reports.pcap}\n"
               "  mld:     {class: mld-parser}\n"
               "  reports: {class: print}\n"
               "  end:     {class: discard}\n"
               "edges:\n"
               "  - inner -> mld -> reports -> end\n",
    .state_octets = sizeof(struct mld_parser),
    AMTG_INPUTS({"in", AMTG_IP_RAW, "inner IPv6 datagrams; the peer is the endpoint", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_REPORT, "verified reports of that peer", 0}),
    AMTG_PARAMS(AMTG_BOOL(struct mld_parser, strict, "false", "demand the right destination too")),
    AMTG_DROPS(AMTG_IP_FAULT_REASONS AMTG_REPORT_FAULT_REASONS),
    .push = mld_parser_push,
};
