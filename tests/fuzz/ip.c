/*
 * Fuzz: headers of IP and UDP, ICMP errors, and answers of name servers. What is found sound lies within the
 * datagram, and is found again in a datagram that is built of it. What is cut fits, and makes
 * the whole again; what answers it is sound.
 */
#include "core/cursor.h"
#include "elements/ip/cut.h"
#include "elements/wire/checksum.h"
#include "elements/wire/describe.h"
#include "elements/wire/dns.h"
#include "elements/wire/icmp.h"
#include "elements/wire/udp.h"
#include "tests/fuzz/support/fuzz.h"
#include "tests/fuzz/support/mend.h"

enum { MOST = 2048 };

static bool same(const struct amtg_addr *a, const struct amtg_addr *b)
{
    return amtg_addr_equal(a, b);
}

/* The header as we would write it: without options and extensions. */
static void rebuild_header(const struct amtg_ip *ip)
{
    static uint8_t built[AMTG_IP_HEAD_MOST + MOST];
    struct amtg_ip_head head = {
        .src = ip->src, .dst = ip->dst, .payload = ip->total - ip->transport,
        .protocol = ip->protocol, .hops = ip->hops, .tos = ip->tos,
        .dont_fragment = ip->dont_fragment, .router_alert = ip->protocol == IPPROTO_IGMP,
    };
    struct amtg_ip again;
    uint32_t octets = amtg_ip_build(&head, built);

    FUZZ_CHECK(octets == amtg_ip_head_octets(&head), "%u octets", octets);
    enum amtg_ip_fault fault = amtg_ip_parse(built, octets + head.payload, &again);
    if (ip->version == 6 && head.payload == 0 && !head.router_alert) {
        FUZZ_CHECK(fault == AMTG_IP_FAULT_TOTAL_LENGTH, "fault %d", fault);
        return;
    }
    /* The protocol of an extension header would have it read as one. */
    if (ip->version == 6 && ip->later_fragment)
        return;
    FUZZ_CHECK(fault == AMTG_IP_SOUND, "fault %d", fault);
    FUZZ_CHECK(same(&again.src, &ip->src) && same(&again.dst, &ip->dst), "addresses");
    FUZZ_CHECK(again.total == octets + head.payload && again.transport == octets, "lengths");
    FUZZ_CHECK(again.protocol == ip->protocol && again.hops == ip->hops && again.tos == ip->tos,
               "protocol %u, hops %u, tos %u", again.protocol, again.hops, again.tos);
    FUZZ_CHECK(again.dont_fragment == ip->dont_fragment && !again.fragment, "fragments");
    FUZZ_CHECK(again.router_alerts == head.router_alert, "%u alerts", again.router_alerts);
}

static void rebuild_udp(const uint8_t *octets, const struct amtg_ip *ip, const struct amtg_udp *udp)
{
    static uint8_t built[AMTG_UDP_HEADS_MOST + MOST];
    struct amtg_peer back = {.remote = udp->peer.local, .remote_port = udp->peer.local_port,
                             .local = udp->peer.remote, .local_port = udp->peer.remote_port};
    struct amtg_udp_options options = {.hops = ip->hops, .tos = ip->tos};
    uint32_t heads = amtg_udp_build(&back, &options, octets + udp->payload, udp->payload_octets, built);
    struct amtg_ip again_ip;
    struct amtg_udp again;

    FUZZ_CHECK(heads == amtg_udp_heads_octets(&back), "%u octets", heads);
    memcpy(built + heads, octets + udp->payload, udp->payload_octets);
    FUZZ_CHECK(amtg_ip_parse(built, heads + udp->payload_octets, &again_ip) == AMTG_IP_SOUND, "IP");
    FUZZ_CHECK(amtg_udp_parse(built, &again_ip, false, &again) == AMTG_UDP_SOUND, "UDP");
    FUZZ_CHECK(same(&again.peer.remote, &udp->peer.remote) && same(&again.peer.local, &udp->peer.local) &&
                   again.peer.remote_port == udp->peer.remote_port &&
                   again.peer.local_port == udp->peer.local_port, "another peer");
    FUZZ_CHECK(again.payload_octets == udp->payload_octets && !again.no_checksum, "the payload");
}

static void check_answer(const uint8_t *octets, uint32_t len)
{
    struct amtg_dns_answer answer;

    if (!amtg_dns_answer_parse(octets, len, &answer))
        return;
    FUZZ_CHECK(answer.count <= AMTG_DNS_ADDRESSES, "%u addresses", answer.count);
    FUZZ_CHECK(amtg_host_name_is(answer.name), "name %s", answer.name);
}

/* Into pieces of at most `mtu` octets. */
static void check_cut(const uint8_t *octets, const struct amtg_ip *ip, uint32_t mtu)
{
    enum { MORE = 0x2000, OFFSET = 0x1fff };
    static uint8_t piece[MOST];
    uint16_t whole = amtg_get_u16(octets + 6), part = 0;
    struct amtg_cut cut;
    struct amtg_ip again;
    uint32_t len, at = 0;

    if (!amtg_cut_begin(&cut, octets, ip->total, mtu))
        return;
    while ((len = amtg_cut_octets(&cut))) {
        FUZZ_CHECK(len <= mtu && len <= ip->total, "%u octets of %u", len, mtu);
        amtg_cut_write(&cut, piece);
        FUZZ_CHECK(amtg_ip_parse(piece, len, &again) == AMTG_IP_SOUND && again.total == len, "a piece");
        part = amtg_get_u16(piece + 6);
        FUZZ_CHECK((part & OFFSET) * 8u == (whole & OFFSET) * 8u + at, "offset %u", part & OFFSET);
        FUZZ_CHECK(memcmp(piece + again.header, octets + ip->header + at, len - again.header) == 0,
                   "other octets");
        at += len - again.header;
        FUZZ_CHECK(!(part & MORE) == (at == ip->total - ip->header && !(whole & MORE)), "more");
    }
    FUZZ_CHECK(at == ip->total - ip->header, "%u octets in all", at);
}

static void check_too_big(const uint8_t *octets, const struct amtg_ip *ip)
{
    uint8_t out[AMTG_ICMP_MOST];
    struct amtg_packet p = {.data = (uint8_t *)octets, .len = ip->total,
                            .transport = ip->transport, .protocol = ip->protocol};
    struct amtg_addr from = ip->dst;
    struct amtg_ip again;

    if (!amtg_icmp_may_answer(&p))
        return;
    uint32_t len = amtg_icmp_too_big(&p, &from, 1280, out);
    FUZZ_CHECK(len <= (ip->version == 4 ? 576 : AMTG_ICMP_MOST), "%u octets", len);
    FUZZ_CHECK(amtg_ip_parse(out, len, &again) == AMTG_IP_SOUND && again.total == len, "an error");
    FUZZ_CHECK(same(&again.dst, &ip->src) && same(&again.src, &from), "addresses");
    p.data = out, p.len = len;
    FUZZ_CHECK(!amtg_icmp_may_answer(&p), "an error about an error");
}

static void check_datagram(const uint8_t *octets, uint32_t len)
{
    struct amtg_icmp_error error;
    struct amtg_udp udp;
    struct amtg_ip ip;

    if (amtg_icmp_error_parse(octets, len, &error))
        FUZZ_CHECK(error.payload >= octets && error.payload + error.payload_octets <= octets + len,
                   "a payload outside");
    if (amtg_ip_parse(octets, len, &ip) != AMTG_IP_SOUND)
        return;
    FUZZ_CHECK(ip.header <= ip.transport && ip.transport <= ip.total && ip.total <= len,
               "header %u, transport %u, total %u of %u", ip.header, ip.transport, ip.total, len);
    FUZZ_CHECK(amtg_addr_is4(&ip.src) == (ip.version == 4) &&
                   amtg_addr_is4(&ip.dst) == (ip.version == 4), "family");
    rebuild_header(&ip);
    check_too_big(octets, &ip);
    for (uint32_t mtu = 20; ip.version == 4 && mtu < ip.total + 8; mtu += 1 + mtu / 3)
        check_cut(octets, &ip, mtu);
    if (amtg_udp_parse(octets, &ip, true, &udp) == AMTG_UDP_SOUND) {
        FUZZ_CHECK(udp.payload + udp.payload_octets <= ip.total, "payload past the datagram");
        rebuild_udp(octets, &ip, &udp);
        check_answer(octets + udp.payload, udp.payload_octets);
    }
}

/* Ageing by a hop keeps the header sound. */
static void check_ageing(const uint8_t *octets, uint32_t len)
{
    struct amtg_pool *pool = amtg_pool_new(2, 2);
    struct amtg_packet *p = amtg_packet_new(pool, len);
    struct amtg_ip before, after;

    memcpy(p->data, octets, len);
    if (amtg_ip_check(p, &before) == AMTG_IP_SOUND && before.hops > 0) {
        FUZZ_CHECK(amtg_ip_age(p), "a buffer of its own");
        FUZZ_CHECK(amtg_ip_parse(p->data, p->len, &after) == AMTG_IP_SOUND, "aged");
        FUZZ_CHECK(after.hops == before.hops - 1, "%u hops", after.hops);
    }
    amtg_packet_free(p);
    amtg_pool_free(pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    static FILE *nowhere;
    uint8_t *mended = malloc(len + 1);

    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    if (len <= MOST) {
        memcpy(mended, octets, len);
        mend_checksums(mended, (uint32_t)len);
        check_datagram(octets, (uint32_t)len);
        check_datagram(mended, (uint32_t)len);
        check_ageing(mended, (uint32_t)len);
        amtg_describe_ip(mended, (uint32_t)len, nowhere);
    }
    free(mended);
    return 0;
}
