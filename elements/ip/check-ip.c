/*
 * check-ip: verifies IP headers, so that nobody downstream parses or doubts one
 * again. What leaves has the length that its header says, its transport offset and
 * its transport protocol set (RFC 791; RFC 1122, section 3.2.1; RFC 8200).
 *
 *     elements:
 *       check: {class: check-ip}
 *     edges:
 *       - native -> check -> fanout
 */
#include <string.h>

#include "core/cursor.h"
#include "core/element.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"

enum { OUT };
enum { TRIMMED };
enum { MARTIAN = AMTG_IP_FAULT_COUNT - 1 };

/*
 * RFC 1812, section 5.3.7 and RFC 4291, section 2.7: nobody sends from a multicast or
 * broadcast address, or to the unspecified one.
 */
static bool is_martian(const struct amtg_ip *ip)
{
    static const uint8_t broadcast[4] = {255, 255, 255, 255};

    return amtg_addr_is_multicast(&ip->src) || amtg_addr_is_unspecified(&ip->dst) ||
           (ip->version == 4 && memcmp(amtg_addr_octets4(&ip->src), broadcast, 4) == 0);
}

/*
 * Nearly all packets: IPv4, no options, a sum that is right, from no multicast address. What
 * is not certainly sound by that is looked at in full.
 */
static bool is_plain(struct amtg_packet *p)
{
    const uint8_t *o = p->data;
    uint64_t sum = 0;

    if (p->len < AMTG_IP4_OCTETS || o[0] != 0x45 || o[12] >= 224)
        return false;
    uint32_t total = amtg_get_u16(o + 2);
    for (unsigned i = 0; i < AMTG_IP4_OCTETS; i += 4) {
        uint32_t word;
        memcpy(&word, o + i, sizeof word);
        sum += word;
    }
    static const uint8_t nobody[4];
    if (total < AMTG_IP4_OCTETS || total > p->len || amtg_sum_fold(sum) != 0xffff ||
        memcmp(o + 16, nobody, 4) == 0)
        return false;
    amtg_packet_trim(p, total);
    p->transport = AMTG_IP4_OCTETS;
    p->protocol = o[9];
    return true;
}

/* The octets that were there before it was trimmed tell whether it was. */
static void pass(struct amtg_element *e, struct amtg_packet *p, uint32_t octets)
{
    amtg_count(e, TRIMMED, p->len < octets);
    p->type = AMTG_IP;
    amtg_emit(e, OUT, p);
}

static void check_ip_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch) {
        struct amtg_ip ip;
        uint32_t len = packet->len;
        if (is_plain(packet)) {
            pass(e, packet, len);
            continue;
        }
        enum amtg_ip_fault fault = amtg_ip_check(packet, &ip);

        if (fault) {
            amtg_drop(e, fault - 1, packet);
            continue;
        }
        if (is_martian(&ip)) {
            amtg_drop(e, MARTIAN, packet);
            continue;
        }
        pass(e, packet, len);
    }
}

const struct amtg_class amtg_check_ip = {
    .name = "check-ip",
    .summary = "verifies IP headers and trims packets to their length",
    .details =
        "IPv4: version, header length, total length, header checksum and all options. IPv6: "
        "payload length and the chain of extension headers with their options; jumbograms are refused. "
        "Octets behind the datagram, such as Ethernet padding, are cut off. Fragments pass; "
        "nothing is said about the transport.",
    .example = "elements:\n"
               "  native: {class: pcap-source, file: native.pcap}\n"
               "  check:  {class: check-ip}\n"
               "  end:    {class: discard}\n"
               "edges:\n"
               "  - native -> check -> end\n",
    AMTG_INPUTS({"in", AMTG_IP_RAW, "IP datagrams as they were captured", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_IP, "those with a sound header", AMTG_CARRIES_TO}),
    AMTG_COUNTERS([TRIMMED] = {"trimmed", "packets", "had octets behind the datagram", 0}),
    AMTG_DROPS(AMTG_IP_FAULT_REASONS
               [MARTIAN] = {"martian", "from a multicast or broadcast address, or to the "
                                       "unspecified one"}),
    .push = check_ip_push,
};
