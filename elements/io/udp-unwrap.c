/*
 * udp-unwrap: takes the UDP datagram out of an IP packet; its peer is the sender.
 * The inverse of udp-wrap, for graphs that have the wire inside them.
 *
 *     elements:
 *       unwrap: {class: udp-unwrap}
 *     edges:
 *       - wire -> check -> unwrap -> messages
 */
#include "core/element.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"

enum zero_checksum { ZERO_NONE, ZERO_IP4, ZERO_BOTH };
static const char *const zero_names[] = {"none", "ip4", "both", NULL};

struct udp_unwrap {
    int zero_checksum;
};

enum { OUT };
enum { OTHER_PROTOCOL, FRAGMENT, TRUNCATED, LENGTH, CHECKSUM, NO_CHECKSUM };

static const unsigned reasons[] = {
    [AMTG_UDP_OTHER_PROTOCOL] = OTHER_PROTOCOL, [AMTG_UDP_FRAGMENT] = FRAGMENT,
    [AMTG_UDP_TRUNCATED] = TRUNCATED,           [AMTG_UDP_LENGTH] = LENGTH,
    [AMTG_UDP_CHECKSUM] = CHECKSUM,
};

/* RFC 768: in IPv4, 0 says that there is none. RFC 8200, 8.1: not so in IPv6, but for RFC 6935. */
static bool may_lack_checksum(const struct udp_unwrap *state, const struct amtg_ip *ip)
{
    return state->zero_checksum == ZERO_BOTH ||
           (state->zero_checksum == ZERO_IP4 && ip->version == 4);
}

static void unwrap(struct amtg_element *e, struct amtg_packet *packet)
{
    const struct udp_unwrap *state = amtg_state(e);
    struct amtg_ip ip;
    struct amtg_udp udp;

    if (amtg_ip_parse(packet->data, packet->len, &ip)) { /* type ip: it was sound once */
        amtg_drop(e, TRUNCATED, packet);
        return;
    }
    enum amtg_udp_fault fault =
        amtg_udp_parse(packet->data, &ip, packet->flags & AMTG_NO_CHECKSUM_YET, &udp);
    if (fault) {
        amtg_drop(e, reasons[fault], packet);
        return;
    }
    if (udp.no_checksum && !may_lack_checksum(state, &ip)) {
        amtg_drop(e, NO_CHECKSUM, packet);
        return;
    }
    amtg_packet_pull(packet, udp.payload);
    amtg_packet_trim(packet, udp.payload_octets);
    amtg_packet_to_nobody(packet);
    packet->flags &= (uint8_t)~AMTG_NO_CHECKSUM_YET;
    amtg_packet_set_tos(packet, ip.tos);
    packet->peer = udp.peer;
    packet->type = AMTG_DATAGRAM;
    amtg_emit(e, OUT, packet);
}

static void udp_unwrap_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch)
        unwrap(e, packet);
}

const struct amtg_class amtg_udp_unwrap = {
    .name = "udp-unwrap",
    .summary = "takes UDP datagrams out of IP packets",
    .details = "The length and the checksum of UDP are verified; octets of the IP packet behind "
               "the datagram are cut off. Fragments are not put together.",
    .example = "elements:\n"
               "  wire:     {class: pcap-source, file: tunnel.pcap}\n"
               "  check:    {class: check-ip}\n"
               "  unwrap:   {class: udp-unwrap}\n"
               "  messages: {class: print}\n"
               "  end:      {class: discard}\n"
               "edges:\n"
               "  - wire -> check -> unwrap -> messages -> end\n",
    .state_octets = sizeof(struct udp_unwrap),
    AMTG_INPUTS({"in", AMTG_IP, "IP packets with UDP", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_DATAGRAM, "their payload; the peer is the sender", 0}),
    AMTG_PARAMS(AMTG_ENUM(struct udp_unwrap, zero_checksum, "ip4", zero_names,
                          "where a datagram may go without a checksum")),
    AMTG_DROPS([OTHER_PROTOCOL] = {"other-protocol", "not UDP"},
               [FRAGMENT] = {"fragment", "a part of a datagram"},
               [TRUNCATED] = {"truncated", "too short for a UDP header"},
               [LENGTH] = {"length", "the UDP length is below 8 or past the IP packet"},
               [CHECKSUM] = {"checksum", "wrong UDP checksum"},
               [NO_CHECKSUM] = {"no-checksum", "the UDP checksum is 0 where it may not be"}),
    .push = udp_unwrap_push,
};
