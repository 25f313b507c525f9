#include "elements/wire/describe.h"

#include "core/cursor.h"
#include "elements/group/report.h"
#include "elements/wire/amt.h"
#include "elements/wire/float_code.h"
#include "elements/wire/icmp.h"
#include "elements/wire/ip.h"
#include "elements/wire/udp.h"

enum {
    LISTED_MOST = 4, /* records and sources shown of a report; the rest is counted */
    QUERY4 = 0x11, QUERY6 = 130,
};

static void put_addr(const struct amtg_addr *a, FILE *out)
{
    char text[AMTG_ADDR_TEXT];
    fputs(amtg_addr_text(a, text), out);
}

static const char *plural(unsigned n)
{
    return n == 1 ? "" : "s";
}

/* ---- IGMP and MLD -------------------------------------------------------- */

static void describe_record(const struct amtg_group_record *r, FILE *out)
{
    static const char *const names[] = {
        [AMTG_IS_IN] = "IS_IN", [AMTG_IS_EX] = "IS_EX", [AMTG_TO_IN] = "TO_IN",
        [AMTG_TO_EX] = "TO_EX", [AMTG_ALLOW] = "ALLOW", [AMTG_BLOCK] = "BLOCK",
    };

    if (r->type < sizeof names / sizeof names[0] && names[r->type])
        fputs(names[r->type], out);
    else
        fprintf(out, "type %u", r->type);
    fputc(' ', out);
    put_addr(&r->group, out);
    fputs(" {", out);
    for (unsigned i = 0; i < r->count && i < LISTED_MOST; i++) {
        struct amtg_addr source = amtg_record_source(r, i);
        if (i)
            fputs(", ", out);
        put_addr(&source, out);
    }
    if (r->count > LISTED_MOST)
        fprintf(out, " and %u more", r->count - LISTED_MOST);
    fputc('}', out);
}

static void describe_report(struct amtg_report *report, FILE *out)
{
    static const char *const versions[] = {
        [AMTG_IGMP_V1] = "IGMPv1", [AMTG_IGMP_V2] = "IGMPv2", [AMTG_IGMP_V3] = "IGMPv3",
        [AMTG_MLD_V1] = "MLDv1",   [AMTG_MLD_V2] = "MLDv2",
    };
    struct amtg_group_record record;
    unsigned records = report->left;

    fprintf(out, "%s report, %u record%s", versions[report->version], records, plural(records));
    for (unsigned i = 0; i < records && i < LISTED_MOST; i++) {
        if (!amtg_report_next(report, &record)) {
            fputs("; truncated", out);
            return;
        }
        fputs(i ? "; " : ": ", out);
        describe_record(&record, out);
    }
    if (records > LISTED_MOST)
        fprintf(out, "; and %u more", records - LISTED_MOST);
}

static void describe_query(const uint8_t *octets, uint32_t len, bool ip4, FILE *out)
{
    uint32_t head = ip4 ? 8 : 24; /* what the older versions have */
    struct amtg_addr group;

    if (len < head) {
        fprintf(out, "%s query, truncated", ip4 ? "IGMP" : "MLD");
        return;
    }
    group = ip4 ? amtg_addr_from4(octets + 4) : amtg_addr_from6(octets + 8);
    bool newest = len >= head + 4;
    if (ip4)
        fprintf(out, "IGMPv%d ", newest ? 3 : octets[1] ? 2 : 1);
    else
        fprintf(out, "MLDv%d ", newest ? 2 : 1);
    if (amtg_addr_is_unspecified(&group)) {
        fputs("general query", out);
    } else {
        fputs("query for ", out);
        put_addr(&group, out);
    }
    if (newest)
        fprintf(out, ", QRV %u, QQI %u s, %u sources", octets[head] & 7,
                amtg_float8_decode(octets[head + 1]), amtg_get_u16(octets + head + 2));
}

void amtg_describe_group(const uint8_t *octets, uint32_t len, bool ip4, FILE *out)
{
    struct amtg_report report;

    if (amtg_report_open(&report, octets, len, ip4))
        describe_report(&report, out);
    else if (len > 0 && octets[0] == (ip4 ? QUERY4 : QUERY6))
        describe_query(octets, len, ip4, out);
    else if (len > 0)
        fprintf(out, "%s type %u, %u octets", ip4 ? "IGMP" : "ICMPv6", octets[0], len);
    else
        fprintf(out, "%s, empty", ip4 ? "IGMP" : "ICMPv6");
}

/* ---- AMT ----------------------------------------------------------------- */

static void describe_mac(const uint8_t *mac, uint32_t nonce, FILE *out)
{
    fprintf(out, " nonce %08x MAC %02x%02x%02x%02x%02x%02x", nonce, mac[0], mac[1], mac[2],
            mac[3], mac[4], mac[5]);
}

static void describe_inner(const uint8_t *octets, uint32_t len, FILE *out)
{
    fputs(": ", out);
    amtg_describe_ip(octets, len, out);
}

static void describe_query_message(const struct amtg_amt_query *m, FILE *out)
{
    describe_mac(m->mac, m->nonce, out);
    if (m->l)
        fputs(" L", out);
    if (m->g) {
        fputs(" gateway ", out);
        put_addr(&m->gateway, out);
        fprintf(out, " port %u", m->gateway_port);
    }
    describe_inner(m->inner, m->inner_len, out);
}

/* The fields of a message whose type is known; false: malformed. */
static bool describe_fields(enum amtg_amt_message type, const uint8_t *octets, uint32_t len,
                            FILE *out)
{
    union {
        struct amtg_amt_discovery discovery;
        struct amtg_amt_advertisement advertisement;
        struct amtg_amt_request request;
        struct amtg_amt_query query;
        struct amtg_amt_update update;
        struct amtg_amt_data data;
        struct amtg_amt_teardown teardown;
    } m;

    switch (type) {
    case AMTG_MSG_DISCOVERY:
        if (amtg_amt_discovery_parse(octets, len, AMTG_AMT_LENIENT, &m.discovery))
            return false;
        fprintf(out, " nonce %08x", m.discovery.nonce);
        return true;
    case AMTG_MSG_ADVERTISEMENT:
        if (amtg_amt_advertisement_parse(octets, len, &m.advertisement))
            return false;
        fprintf(out, " nonce %08x relay ", m.advertisement.nonce);
        put_addr(&m.advertisement.relay, out);
        return true;
    case AMTG_MSG_REQUEST:
        if (amtg_amt_request_parse(octets, len, AMTG_AMT_LENIENT, &m.request))
            return false;
        fprintf(out, " nonce %08x for %s%s%s", m.request.nonce, m.request.p ? "MLDv2" : "IGMPv3",
                m.request.e ? ", E" : "", m.request.linux_p ? ", 0x80 set" : "");
        return true;
    case AMTG_MSG_QUERY:
        if (amtg_amt_query_parse(octets, len, &m.query))
            return false;
        describe_query_message(&m.query, out);
        return true;
    case AMTG_MSG_UPDATE:
        if (amtg_amt_update_parse(octets, len, &m.update))
            return false;
        describe_mac(m.update.mac, m.update.nonce, out);
        describe_inner(m.update.inner, m.update.inner_len, out);
        return true;
    case AMTG_MSG_DATA:
        if (amtg_amt_data_parse(octets, len, &m.data))
            return false;
        describe_inner(m.data.inner, m.data.inner_len, out);
        return true;
    case AMTG_MSG_TEARDOWN:
        if (amtg_amt_teardown_parse(octets, len, AMTG_AMT_LENIENT, &m.teardown))
            return false;
        describe_mac(m.teardown.mac, m.teardown.nonce, out);
        fputs(" gateway ", out);
        put_addr(&m.teardown.gateway, out);
        fprintf(out, " port %u", m.teardown.gateway_port);
        return true;
    }
    return false;
}

void amtg_describe_amt(const uint8_t *octets, uint32_t len, FILE *out)
{
    enum amtg_amt_message type;
    enum amtg_err err = amtg_amt_peek(octets, len, &type);

    if (err) {
        fprintf(out, "no AMT message (%s), %u octets", amtg_err_text(err), len);
        return;
    }
    fprintf(out, "AMT %s", amtg_amt_name(type));
    if (!describe_fields(type, octets, len, out))
        fprintf(out, ", malformed, %u octets", len);
}

/* ---- IP and its transports ------------------------------------------------ */

static void describe_udp(const uint8_t *octets, const struct amtg_ip *ip, FILE *out)
{
    static const char *const faults[] = {
        [AMTG_UDP_OTHER_PROTOCOL] = "not UDP",         [AMTG_UDP_FRAGMENT] = "a fragment",
        [AMTG_UDP_TRUNCATED] = "truncated",            [AMTG_UDP_LENGTH] = "wrong length",
        [AMTG_UDP_CHECKSUM] = "wrong checksum",
    };
    struct amtg_udp udp;
    enum amtg_udp_fault fault = amtg_udp_parse(octets, ip, true, &udp);

    if (fault) {
        fprintf(out, "UDP, %s", faults[fault]);
        return;
    }
    fprintf(out, "UDP %u > %u, ", udp.peer.remote_port, udp.peer.local_port);
    if (udp.peer.remote_port == AMTG_AMT_PORT || udp.peer.local_port == AMTG_AMT_PORT)
        amtg_describe_amt(octets + udp.payload, udp.payload_octets, out);
    else
        fprintf(out, "%u octets", udp.payload_octets);
}

static void describe_icmp(const uint8_t *octets, uint32_t len, const struct amtg_ip *ip, FILE *out)
{
    const uint8_t *icmp = octets + ip->transport;
    uint32_t icmp_len = ip->total - ip->transport;
    struct amtg_icmp_error e;

    if (icmp_len < 2)
        fputs("ICMP, truncated", out);
    else if (amtg_icmp_error_parse(octets, len, &e)) {
        fprintf(out, "ICMP type %u code %u about UDP to ", e.type, e.code);
        put_addr(&e.peer.remote, out);
        fprintf(out, " port %u", e.peer.remote_port);
        if (e.mtu)
            fprintf(out, ", MTU %u", e.mtu);
    } else if (ip->version == 6 && (icmp[0] == 143 || (icmp[0] >= 130 && icmp[0] <= 132)))
        amtg_describe_group(icmp, icmp_len, false, out);
    else
        fprintf(out, "ICMP type %u code %u, %u octets", icmp[0], icmp[1], icmp_len);
}

void amtg_describe_ip(const uint8_t *octets, uint32_t len, FILE *out)
{
    struct amtg_ip ip;
    enum amtg_ip_fault fault = amtg_ip_parse(octets, len, &ip);

    if (fault) {
        fprintf(out, "no IP datagram (%s), %u octets", amtg_ip_fault_text(fault), len);
        return;
    }
    put_addr(&ip.src, out);
    fputs(" > ", out);
    put_addr(&ip.dst, out);
    fprintf(out, " %s %u, ", ip.version == 4 ? "TTL" : "hop limit", ip.hops);
    if (ip.later_fragment)
        fprintf(out, "fragment of protocol %u, %u octets", ip.protocol, ip.total - ip.transport);
    else if (ip.protocol == IPPROTO_UDP)
        describe_udp(octets, &ip, out);
    else if (ip.protocol == IPPROTO_IGMP && ip.version == 4)
        amtg_describe_group(octets + ip.transport, ip.total - ip.transport, true, out);
    else if (ip.protocol == (ip.version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
        describe_icmp(octets, len, &ip, out);
    else
        fprintf(out, "protocol %u, %u octets", ip.protocol, ip.total - ip.transport);
}
