#include "elements/io/tun_train.h"

#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <string.h>

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"
#include "elements/wire/udp.h"

enum {
    GSO_UDP_L4 = 5, /* VIRTIO_NET_HDR_GSO_UDP_L4: newer than Debian 12's headers */
    DATAGRAM_MOST = 65535,
    FLAG4_DF = 0x4000,
};

/* What two datagrams of a train have in common, and where the payload begins. */
struct flow {
    const uint8_t *octets;
    uint32_t head;    /* octets of the IP header: 20 or 40 */
    uint32_t payload; /* octets behind the UDP header */
    uint16_t id;      /* IPv4 */
    bool dont_fragment;
};

/* Could it be in a train? Its checksum is not looked at yet. */
static bool read_flow(const struct amtg_packet *p, struct flow *f)
{
    const uint8_t *o = p->data;
    bool is4 = amtg_ip_is4(p);

    *f = (struct flow){.octets = o, .head = is4 ? AMTG_IP4_OCTETS : AMTG_IP6_OCTETS};
    if (p->protocol != IPPROTO_UDP || p->transport != f->head || (p->flags & AMTG_NO_CHECKSUM_YET) ||
        p->len < f->head + AMTG_UDP_OCTETS)
        return false;
    if (is4) {
        uint16_t part = amtg_get_u16(o + 6);
        f->id = amtg_get_u16(o + 4);
        f->dont_fragment = part == FLAG4_DF;
        if (part & ~FLAG4_DF)
            return false;
    }
    if (amtg_get_u16(o + f->head + 4) != p->len - f->head)
        return false;
    f->payload = p->len - f->head - AMTG_UDP_OCTETS;
    return f->payload > 0;
}

/* A checksum of 0 says nothing, and must not become one that vouches. */
static bool is_sound(const struct amtg_packet *p, const struct flow *f)
{
    struct amtg_addr src = amtg_ip_source(p), dst = amtg_ip_destination(p);
    uint32_t octets = f->payload + AMTG_UDP_OCTETS;

    if (amtg_get_u16(f->octets + f->head + 6) == 0)
        return false;
    uint64_t sum = amtg_sum(0, f->octets + f->head, octets);
    return amtg_sum_fold(amtg_sum_pseudo(sum, &src, &dst, IPPROTO_UDP, octets)) == 0xffff;
}

/* Equal in all that the kernel will copy to each: all but lengths, sums and IPv4 identification. */
static bool is_same(const struct flow *a, const struct flow *b)
{
    const uint8_t *x = a->octets, *y = b->octets;

    if (a->head != b->head || a->dont_fragment != b->dont_fragment ||
        memcmp(x + a->head, y + a->head, 4) != 0) /* ports */
        return false;
    if (a->head == AMTG_IP4_OCTETS)
        return memcmp(x, y, 2) == 0 && memcmp(x + 6, y + 6, 4) == 0 && memcmp(x + 12, y + 12, 8) == 0;
    return memcmp(x, y, 4) == 0 && memcmp(x + 6, y + 6, 34) == 0;
}

/* How many packets; *payload: octets of their payloads in all. */
static unsigned count_train(struct amtg_packet *const *packets, unsigned count,
                            const struct flow *first, uint32_t *payload)
{
    unsigned n = 1;
    struct flow next;

    *payload = first->payload;
    if (count < 2 || !is_sound(packets[0], first))
        return 1;
    for (; n < count; n++) {
        bool fits = read_flow(packets[n], &next) && is_same(first, &next) &&
                    next.payload <= first->payload &&
                    first->head + AMTG_UDP_OCTETS + *payload + next.payload <= DATAGRAM_MOST;
        bool counts = first->dont_fragment || first->head != AMTG_IP4_OCTETS ||
                      next.id == (uint16_t)(first->id + n);
        if (!fits || !counts || !is_sound(packets[n], &next))
            return n;
        *payload += next.payload;
        if (next.payload < first->payload)
            return n + 1;
    }
    return n;
}

/* The headers of the large datagram; its UDP checksum is that of the pseudo-header, to be finished. */
static void put_heads(struct amtg_tun_train *t, const struct flow *first, uint32_t payload)
{
    struct virtio_net_hdr vnet = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = GSO_UDP_L4,
        .hdr_len = (uint16_t)(first->head + AMTG_UDP_OCTETS),
        .gso_size = (uint16_t)first->payload,
        .csum_start = (uint16_t)first->head,
        .csum_offset = 6,
    };
    uint8_t *ip = t->heads + sizeof vnet, *udp = ip + first->head;
    struct amtg_addr src = amtg_ip_source(t->packets[0]), dst = amtg_ip_destination(t->packets[0]);
    uint32_t octets = payload + AMTG_UDP_OCTETS;

    memcpy(t->heads, &vnet, sizeof vnet);
    memcpy(ip, first->octets, first->head + AMTG_UDP_OCTETS);
    if (first->head == AMTG_IP4_OCTETS) {
        amtg_put_u16(ip + 2, (uint16_t)(first->head + octets));
        amtg_put_u16(ip + 10, 0);
        amtg_put_u16(ip + 10, amtg_checksum(amtg_sum(0, ip, first->head)));
    } else {
        amtg_put_u16(ip + 4, (uint16_t)octets);
    }
    amtg_put_u16(udp + 4, (uint16_t)octets);
    amtg_put_u16(udp + 6, amtg_sum_fold(amtg_sum_pseudo(0, &src, &dst, IPPROTO_UDP, octets)));
    t->iov[0] = (struct iovec){t->heads, sizeof vnet + first->head + AMTG_UDP_OCTETS};
}

void amtg_tun_train(struct amtg_tun_train *t, struct amtg_packet *const *packets, unsigned count,
                    unsigned most)
{
    struct flow first;
    uint32_t payload = 0;

    if (count > most)
        count = most;
    if (count > AMTG_TUN_TRAIN_MOST)
        count = AMTG_TUN_TRAIN_MOST;
    t->packets = packets;
    t->count = read_flow(packets[0], &first) ? count_train(packets, count, &first, &payload) : 1;
    if (t->count == 1) {
        memset(t->heads, 0, AMTG_TUN_VNET_OCTETS);
        t->iov[0] = (struct iovec){t->heads, AMTG_TUN_VNET_OCTETS};
        t->iov[1] = (struct iovec){packets[0]->data, packets[0]->len};
    } else {
        put_heads(t, &first, payload);
        for (unsigned i = 0; i < t->count; i++) {
            uint32_t heads = first.head + AMTG_UDP_OCTETS;
            t->iov[1 + i] = (struct iovec){packets[i]->data + heads, packets[i]->len - heads};
        }
    }
    t->iov_count = 1 + t->count;
}
