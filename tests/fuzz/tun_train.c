/*
 * Fuzz: trains into a tun interface. The input is a row of IP datagrams, each much like the one
 * before. What is written for a train is cut as the kernel cuts it (UDP segmentation): the
 * datagrams that come out are those that went in, but for identifications that say nothing.
 */
#include "elements/io/tun_train.h"

#include <linux/virtio_net.h>
#include <netinet/in.h>

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"
#include "tests/fuzz/support/fuzz.h"
#include "tests/fuzz/support/mend.h"

enum { MOST = 12, OCTETS = 160, UDP_OCTETS = 8, DF = 0x4000 };

/* A datagram of UDP that could be in a train, to be changed. Returns its octets. */
static uint32_t begin(struct choices *c, uint8_t *octets)
{
    bool ip4 = choose(c, 2);
    uint32_t head = ip4 ? 20 : 40, payload = choose(c, 48), len = head + UDP_OCTETS + payload;

    memset(octets, 0, OCTETS);
    octets[0] = ip4 ? 0x45 : 0x60;
    amtg_put_u16(octets + (ip4 ? 2 : 4), (uint16_t)(ip4 ? len : len - head));
    octets[ip4 ? 8 : 7] = 9;
    octets[ip4 ? 9 : 6] = IPPROTO_UDP;
    octets[ip4 ? 12 : 8] = ip4 ? 192 : 0x20;
    octets[ip4 ? 16 : 24] = ip4 ? 232 : 0xff;
    if (ip4 && choose(c, 2))
        amtg_put_u16(octets + 6, DF);
    amtg_put_u16(octets + head + 4, (uint16_t)(len - head));
    return len;
}

/* The next one: another identification, payload or length, any octet changed. */
static uint32_t change(struct choices *c, uint8_t *octets, uint32_t len)
{
    bool ip4 = octets[0] >> 4 == 4;
    uint32_t head = ip4 ? 20 : 40;

    if (ip4)
        amtg_put_u16(octets + 4, (uint16_t)(amtg_get_u16(octets + 4) + choose(c, 3)));
    for (unsigned n = choose(c, 4); n--;) {
        uint8_t what = choose_u8(c);
        if (what < 64 && len > head + UDP_OCTETS) {
            octets[head + UDP_OCTETS + what % (len - head - UDP_OCTETS)] = choose_u8(c);
        } else if (what < 128) {
            len = head + UDP_OCTETS + what % 48;
            amtg_put_u16(octets + (ip4 ? 2 : 4), (uint16_t)(ip4 ? len : len - head));
            amtg_put_u16(octets + head + 4, (uint16_t)(len - head));
        } else {
            octets[what % len] ^= choose_u8(c);
        }
    }
    if (choose(c, 8))
        mend_checksums(octets, len);
    return len;
}

/* Datagram i of the train, as the kernel makes it. */
static void check_segment(const struct amtg_tun_train *t, const struct virtio_net_hdr *vnet,
                          const uint8_t *whole, uint32_t whole_len, unsigned i)
{
    uint8_t made[OCTETS];
    const struct amtg_packet *p = t->packets[i];
    uint32_t head = vnet->csum_start, heads = vnet->hdr_len, at = i * (uint32_t)vnet->gso_size;
    uint32_t payload = whole_len - heads - at < vnet->gso_size ? whole_len - heads - at : vnet->gso_size;
    uint32_t len = heads + payload;
    bool ip4 = whole[0] >> 4 == 4;

    memcpy(made, whole, heads);
    memcpy(made + heads, whole + heads + at, payload);
    amtg_put_u16(made + head + 4, (uint16_t)(len - head));
    amtg_put_u16(made + (ip4 ? 2 : 4), (uint16_t)(ip4 ? len : len - head));
    if (ip4)
        amtg_put_u16(made + 4, (uint16_t)(amtg_get_u16(whole + 4) + i));
    mend_checksums(made, len);
    if (amtg_get_u16(made + head + 6) == 0)
        amtg_put_u16(made + head + 6, 0xffff); /* RFC 768 */
    FUZZ_CHECK(p->len == len, "datagram %u: %u octets, not %u", i, len, p->len);
    if (ip4) { /* 0 and 0xffff are one checksum; with DF the identification says nothing */
        memcpy(made + 10, p->data + 10, 2);
        if (amtg_get_u16(p->data + 6) == DF)
            memcpy(made + 4, p->data + 4, 2);
    }
    FUZZ_CHECK(memcmp(made, p->data, len) == 0, "datagram %u is another one", i);
}

static void check_train(const struct amtg_tun_train *t)
{
    static uint8_t written[AMTG_TUN_VNET_OCTETS + MOST * OCTETS];
    struct virtio_net_hdr vnet;
    uint32_t len = 0;

    for (unsigned i = 0; i < t->iov_count; i++) {
        FUZZ_CHECK(len + t->iov[i].iov_len <= sizeof written, "%u parts", t->iov_count);
        memcpy(written + len, t->iov[i].iov_base, t->iov[i].iov_len);
        len += (uint32_t)t->iov[i].iov_len;
    }
    memcpy(&vnet, written, sizeof vnet);
    const uint8_t *whole = written + sizeof vnet;
    len -= (uint32_t)sizeof vnet;
    if (t->count == 1) {
        FUZZ_CHECK(vnet.flags == 0 && vnet.gso_type == 0, "one alone is to be changed");
        FUZZ_CHECK(len == t->packets[0]->len && memcmp(whole, t->packets[0]->data, len) == 0, "alone");
        return;
    }
    FUZZ_CHECK(vnet.gso_size > 0 && vnet.hdr_len == vnet.csum_start + UDP_OCTETS, "heads of %u", vnet.hdr_len);
    FUZZ_CHECK((len - vnet.hdr_len + vnet.gso_size - 1) / vnet.gso_size == t->count, "another count");
    for (unsigned i = 0; i < t->count; i++)
        check_segment(t, &vnet, whole, len, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct choices c = {octets, len};
    struct amtg_pool *pool = amtg_pool_new(MOST, 1);
    struct amtg_packet *packets[MOST];
    struct amtg_tun_train train;
    uint8_t datagram[OCTETS];
    unsigned count = 0;
    uint32_t octets_now = begin(&c, datagram);

    for (unsigned tries = 0; tries < MOST && (c.left || !tries); tries++) {
        octets_now = change(&c, datagram, octets_now);
        struct amtg_packet *p = amtg_packet_new(pool, octets_now);
        FUZZ_CHECK(p, "no packet");
        memcpy(p->data, datagram, octets_now);
        p->type = AMTG_IP;
        if (amtg_ip_check(p, NULL) == AMTG_IP_SOUND)
            packets[count++] = p;
        else
            amtg_packet_free(p);
    }
    for (unsigned at = 0; at < count; at += train.count) {
        amtg_tun_train(&train, packets + at, count - at, MOST);
        FUZZ_CHECK(train.count > 0 && train.count <= count - at, "%u of %u", train.count, count - at);
        check_train(&train);
    }
    for (unsigned i = 0; i < count; i++)
        amtg_packet_free(packets[i]);
    amtg_pool_free(pool);
    return 0;
}
