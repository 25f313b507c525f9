#include "elements/io/frame_burst.h"

#include <net/ethernet.h>
#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/udp.h"

enum { HEAD_MOST = ETH_HLEN + AMTG_IP6_OCTETS + AMTG_UDP_OCTETS };

struct amtg_frame_burst {
    unsigned count;
    struct mmsghdr messages[AMTG_FRAME_BURST];
    struct iovec iov[AMTG_FRAME_BURST][2]; /* header, payload */
    const struct amtg_net_device *devices[AMTG_FRAME_BURST];
    uint8_t heads[AMTG_FRAME_BURST][HEAD_MOST];
    uint8_t ways[AMTG_FRAME_BURST];
    struct amtg_udp_place places[AMTG_FRAME_BURST + 1];
    const struct amtg_packet *summed; /* whose payload's sum it is; NULL: none's */
    uint64_t sum;
};

struct amtg_frame_burst *amtg_frame_burst_new(void)
{
    return calloc(1, sizeof(struct amtg_frame_burst));
}

void amtg_frame_burst_free(struct amtg_frame_burst *b)
{
    free(b);
}

unsigned amtg_frame_burst_count(const struct amtg_frame_burst *b)
{
    return b->count;
}

unsigned amtg_frame_burst_way(const struct amtg_frame_burst *b, unsigned i)
{
    return b->ways[i];
}

unsigned amtg_frame_burst_run(const struct amtg_frame_burst *b, unsigned i)
{
    unsigned from = i;

    while (i < b->count && b->ways[i] == AMTG_HOP_FRAME && b->devices[i] == b->devices[from])
        i++;
    return i - from;
}

const struct amtg_net_device *amtg_frame_burst_device(const struct amtg_frame_burst *b, unsigned i)
{
    return b->devices[i];
}

struct mmsghdr *amtg_frame_burst_messages(struct amtg_frame_burst *b)
{
    return b->messages;
}

const struct amtg_udp_place *amtg_frame_burst_place(const struct amtg_frame_burst *b, unsigned i)
{
    return &b->places[i];
}

/* ---- filling -------------------------------------------------------------- */

/* Ethernet, IP and UDP; returns their octets. */
static uint32_t write_head(const struct amtg_packet *p, struct amtg_peer peer, uint64_t sum,
                           const struct amtg_next_hop *hop,
                           const struct amtg_frame_options *options, uint8_t *out)
{
    bool ip4 = amtg_addr_is4(&peer.remote);
    const struct amtg_udp_options udp = {
        .hops = options->hops,
        .tos = amtg_packet_tos_to(p, &peer, options->tos),
        .dont_fragment = true, /* RFC 7450, section 5.3.3.6; so the identification is 0 (RFC 6864) */
    };

    if (amtg_addr_is_unspecified(&peer.local))
        peer.local = hop->source;
    if (!peer.local_port)
        peer.local_port = options->port;
    memcpy(out, hop->mac, ETH_ALEN);
    memcpy(out + ETH_ALEN, hop->device->mac, ETH_ALEN);
    amtg_put_u16(out + 2 * ETH_ALEN, ip4 ? ETHERTYPE_IP : ETHERTYPE_IPV6);
    return ETH_HLEN + amtg_udp_build_summed(&peer, &udp, sum, p->len, out + ETH_HLEN);
}

static uint64_t sum_of(struct amtg_frame_burst *b, const struct amtg_packet *p)
{
    if (b->summed != p) {
        b->summed = p;
        b->sum = amtg_sum(0, p->data, p->len);
    }
    return b->sum;
}

static void add_copy(struct amtg_frame_burst *b, const struct amtg_udp_place *at,
                     const struct amtg_peer *peer, struct amtg_next_hops *hops,
                     const struct amtg_frame_options *options)
{
    struct amtg_packet *p = at->train->first;
    unsigned i = b->count++;
    struct amtg_next_hop hop;
    unsigned way = amtg_next_hop(hops, peer, &hop);

    if (way == AMTG_HOP_FRAME && amtg_udp_heads_octets(peer) + p->len > hop.device->mtu)
        way = AMTG_FRAME_TOO_BIG;
    b->places[i] = *at;
    b->ways[i] = (uint8_t)way;
    if (way != AMTG_HOP_FRAME)
        return;
    uint32_t octets = write_head(p, *peer, sum_of(b, p), &hop, options, b->heads[i]);
    b->iov[i][0] = (struct iovec){b->heads[i], octets};
    b->iov[i][1] = (struct iovec){p->data, p->len};
    b->devices[i] = hop.device;
    b->messages[i].msg_hdr = (struct msghdr){.msg_iov = b->iov[i], .msg_iovlen = 2};
}

void amtg_frame_burst_fill(struct amtg_frame_burst *b, const struct amtg_udp_lane *lane,
                           uint32_t copies, struct amtg_next_hops *hops,
                           const struct amtg_frame_options *options)
{
    struct amtg_udp_place at = {lane->first, lane->index, 0};

    b->count = 0;
    for (; at.train; at = (struct amtg_udp_place){.train = at.train->next}) {
        uint32_t destinations = amtg_udp_destinations(at.train);
        if (at.index == 0) /* another packet, though it may lie where the last one lay */
            b->summed = NULL;
        for (; at.index < destinations; at.index++) {
            const struct amtg_peer *peer = amtg_udp_destination(at.train, at.index);
            if (!peer)
                continue;
            if (b->count == AMTG_FRAME_BURST || b->count == copies) {
                b->places[b->count] = at;
                return;
            }
            add_copy(b, &at, peer, hops, options);
        }
    }
    b->places[b->count] = at;
}
