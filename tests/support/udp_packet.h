/* Whole UDP packets for tests, and what they say: "10.1.0.1:5000 > 192.0.2.1:2268 hops 64". */
#ifndef AMTG_TESTS_UDP_PACKET_H
#define AMTG_TESTS_UDP_PACKET_H

#include <stdio.h>
#include <stdlib.h>

#include "elements/wire/types.h"
#include "elements/wire/udp.h"
#include "tests/support/rig.h"

static inline struct amtg_packet *udp_packet(struct rig *rig, const char *from, uint16_t from_port,
                                             const char *to, uint16_t to_port, uint8_t hops)
{
    static const uint8_t payload[] = "what it says";
    struct amtg_peer peer = {.local_port = from_port, .remote_port = to_port};
    struct amtg_udp_options options = {.hops = hops};
    uint8_t octets[128];

    ck_assert_msg(amtg_addr_parse(from, &peer.local), "%s", from);
    ck_assert_msg(amtg_addr_parse(to, &peer.remote), "%s", to);
    uint32_t heads = amtg_udp_build(&peer, &options, payload, sizeof payload, octets);
    memcpy(octets + heads, payload, sizeof payload);
    struct amtg_packet *p = rig_packet(rig, AMTG_IP, octets, heads + sizeof payload);
    p->transport = (uint16_t)(heads - AMTG_UDP_OCTETS);
    p->protocol = IPPROTO_UDP;
    return p;
}

/* The next packet of an output, checksums verified; lent until the next call. */
static inline const char *udp_said(struct rig *rig, const char *output)
{
    static char text[192];
    char from[AMTG_ADDR_TEXT], to[AMTG_ADDR_TEXT];
    struct amtg_packet *p = rig_take(rig, output);
    struct amtg_ip ip;
    struct amtg_udp udp;

    ck_assert_int_eq(amtg_ip_parse(p->data, p->len, &ip), AMTG_IP_SOUND);
    ck_assert_int_eq(amtg_udp_parse(p->data, &ip, false, &udp), AMTG_UDP_SOUND);
    ck_assert(!udp.no_checksum);
    ck_assert_uint_eq(p->len, ip.total);
    snprintf(text, sizeof text, "%s:%u > %s:%u hops %u", amtg_addr_text(&ip.src, from),
             udp.peer.remote_port, amtg_addr_text(&ip.dst, to), udp.peer.local_port, ip.hops);
    amtg_packet_free(p);
    return text;
}

#endif
