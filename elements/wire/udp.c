#include "elements/wire/udp.h"

#include "core/cursor.h"
#include "elements/wire/checksum.h"

enum { IP_MOST = 65535 };

uint32_t amtg_udp_heads_octets(const struct amtg_peer *peer)
{
    return (amtg_addr_is4(&peer->remote) ? AMTG_IP4_OCTETS : AMTG_IP6_OCTETS) + AMTG_UDP_OCTETS;
}

uint32_t amtg_udp_payload_most(const struct amtg_peer *peer)
{
    /* IPv4 counts its own header in the 16-bit length, IPv6 does not. */
    return IP_MOST - AMTG_UDP_OCTETS - (amtg_addr_is4(&peer->remote) ? AMTG_IP4_OCTETS : 0u);
}

uint32_t amtg_udp_build(const struct amtg_peer *peer, const struct amtg_udp_options *options,
                        const uint8_t *payload, uint32_t len, uint8_t *out)
{
    return amtg_udp_build_summed(peer, options, amtg_sum(0, payload, len), len, out);
}

uint32_t amtg_udp_build_summed(const struct amtg_peer *peer, const struct amtg_udp_options *options,
                               uint64_t payload_sum, uint32_t len, uint8_t *out)
{
    bool ip4 = amtg_addr_is4(&peer->remote);
    struct amtg_ip_head head = {
        .src = amtg_addr_is4(&peer->local) == ip4 ? peer->local : (struct amtg_addr){{0}},
        .dst = peer->remote,
        .payload = AMTG_UDP_OCTETS + len,
        .id = options->id,
        .protocol = IPPROTO_UDP,
        .hops = options->hops,
        .tos = options->tos,
        .dont_fragment = options->dont_fragment,
    };
    uint32_t at = amtg_ip_build(&head, out);
    uint8_t *udp = out + at;

    amtg_put_u16(udp, peer->local_port);
    amtg_put_u16(udp + 2, peer->remote_port);
    amtg_put_u16(udp + 4, (uint16_t)head.payload);
    amtg_put_u16(udp + 6, 0);
    uint64_t sum = amtg_sum_pseudo(payload_sum, &head.src, &head.dst, IPPROTO_UDP, head.payload);
    sum = amtg_sum(sum, udp, AMTG_UDP_OCTETS);
    uint16_t checksum = amtg_checksum(sum);
    /* RFC 768: 0 says that there is none, so a sum that comes out as 0 is sent as its twin. */
    amtg_put_u16(udp + 6, checksum ? checksum : 0xffff);
    return at + AMTG_UDP_OCTETS;
}

enum amtg_udp_fault amtg_udp_parse(const uint8_t *octets, const struct amtg_ip *ip,
                                   bool unfinished_too, struct amtg_udp *out)
{
    const uint8_t *udp = octets + ip->transport;

    if (ip->protocol != IPPROTO_UDP)
        return AMTG_UDP_OTHER_PROTOCOL;
    if (ip->fragment)
        return AMTG_UDP_FRAGMENT;
    uint32_t room = ip->total - ip->transport;
    if (room < AMTG_UDP_OCTETS)
        return AMTG_UDP_TRUNCATED;
    uint16_t len = amtg_get_u16(udp + 4);
    if (len < AMTG_UDP_OCTETS || len > room)
        return AMTG_UDP_LENGTH;

    uint16_t checksum = amtg_get_u16(udp + 6);
    bool unfinished = false;
    if (checksum) {
        uint64_t pseudo = amtg_sum_pseudo(0, &ip->src, &ip->dst, IPPROTO_UDP, len);
        if (amtg_sum_fold(amtg_sum(pseudo, udp, len)) != 0xffff) {
            unfinished = checksum == amtg_sum_fold(pseudo);
            if (!unfinished || !unfinished_too)
                return AMTG_UDP_CHECKSUM;
        }
    }
    *out = (struct amtg_udp){
        .peer = {
            .remote = ip->src,
            .local = ip->dst,
            .remote_port = amtg_get_u16(udp),
            .local_port = amtg_get_u16(udp + 2),
        },
        .payload = ip->transport + (uint32_t)AMTG_UDP_OCTETS,
        .payload_octets = len - (uint32_t)AMTG_UDP_OCTETS,
        .no_checksum = checksum == 0,
        .unfinished = unfinished,
    };
    return AMTG_UDP_SOUND;
}
