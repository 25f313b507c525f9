/* Which datagrams make a train into a tun interface, and what is written for it. */
#include "tests/support/suite.h"

#include <linux/virtio_net.h>
#include <string.h>

#include "core/cursor.h"
#include "elements/io/tun_train.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"

enum { MOST = 70, PAYLOAD = 100 };

static struct amtg_pool *pool;
static struct amtg_packet *packets[MOST];
static struct amtg_tun_train train;

/* What a datagram is made of; the zero of each is the usual thing. */
struct like {
    const char *source, *group;
    uint32_t payload;
    uint16_t port, id;
    uint8_t hops, tos;
    bool may_fragment;
};

static struct amtg_packet *datagram(const struct like *l, uint8_t fill)
{
    uint8_t octets[2048];
    struct amtg_peer peer = {.local_port = 5000, .remote_port = l->port ? l->port : 5001};
    struct amtg_udp_options options = {.hops = l->hops ? l->hops : 9, .tos = l->tos, .id = l->id,
                                       .dont_fragment = !l->may_fragment};
    uint32_t payload = l->payload ? l->payload : PAYLOAD;

    ck_assert(amtg_addr_parse(l->source ? l->source : "198.51.100.1", &peer.local));
    ck_assert(amtg_addr_parse(l->group ? l->group : "232.1.1.1", &peer.remote));
    uint8_t body[1500];
    memset(body, fill, sizeof body);
    uint32_t heads = amtg_udp_build(&peer, &options, body, payload, octets);
    memcpy(octets + heads, body, payload);
    struct amtg_packet *p = amtg_packet_new(pool, heads + payload);
    memcpy(p->data, octets, heads + payload);
    p->type = AMTG_IP;
    ck_assert_int_eq(amtg_ip_check(p, NULL), AMTG_IP_SOUND);
    return p;
}

static void make(unsigned count, const struct like *like)
{
    pool = amtg_pool_new(MOST + 2, 1);
    for (unsigned i = 0; i < count; i++)
        packets[i] = datagram(like, (uint8_t)i);
}

static void replace(unsigned i, const struct like *like)
{
    amtg_packet_free(packets[i]);
    packets[i] = datagram(like, (uint8_t)i);
}

static void drop_all(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        amtg_packet_free(packets[i]);
    amtg_pool_free(pool);
}

static unsigned length_of(unsigned count)
{
    amtg_tun_train(&train, packets, count, AMTG_TUN_TRAIN_MOST);
    ck_assert_uint_eq(train.iov_count, train.count + 1);
    return train.count;
}

START_TEST(equal_datagrams_are_one_write)
{
    static const char *const sources[] = {"198.51.100.1", "2001:db8::1"};
    static const char *const groups[] = {"232.1.1.1", "ff3e::8000:1"};
    struct like like = {.source = sources[_i], .group = groups[_i]};
    uint32_t head = _i ? 40 : 20;
    struct virtio_net_hdr vnet;
    uint8_t whole[4096];
    size_t octets = 0;

    make(5, &like);
    like.payload = 60; /* the last one may be shorter */
    replace(4, &like);
    ck_assert_uint_eq(length_of(5), 5);
    for (unsigned i = 0; i < train.iov_count; i++) {
        memcpy(whole + octets, train.iov[i].iov_base, train.iov[i].iov_len);
        octets += train.iov[i].iov_len;
    }
    ck_assert_uint_eq(octets, AMTG_TUN_VNET_OCTETS + head + 8 + 4 * PAYLOAD + 60);
    memcpy(&vnet, whole, sizeof vnet);
    ck_assert_uint_eq(vnet.gso_type, 5); /* UDP segmentation */
    ck_assert_uint_eq(vnet.gso_size, PAYLOAD);
    ck_assert_uint_eq(vnet.hdr_len, head + 8);
    ck_assert_uint_eq(vnet.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
    ck_assert_uint_eq(vnet.csum_start, head);
    ck_assert_uint_eq(vnet.csum_offset, 6);

    const uint8_t *ip = whole + AMTG_TUN_VNET_OCTETS;
    struct amtg_ip parsed;
    ck_assert_int_eq(amtg_ip_parse(ip, (uint32_t)(octets - AMTG_TUN_VNET_OCTETS), &parsed),
                     AMTG_IP_SOUND); /* lengths and header checksum of the whole */
    ck_assert_uint_eq(parsed.total, octets - AMTG_TUN_VNET_OCTETS);
    /* The device finishes the sum: with all octets added, what it writes must be right. */
    uint64_t sum = amtg_sum(0, ip + head, parsed.total - head);
    uint8_t finished[4096];
    memcpy(finished, ip, parsed.total);
    amtg_put_u16(finished + head + 6, amtg_checksum(sum));
    struct amtg_udp udp;
    ck_assert_int_eq(amtg_udp_parse(finished, &parsed, false, &udp), AMTG_UDP_SOUND);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_uint_eq(ip[head + 8 + i * PAYLOAD], i);
    drop_all(5);
}
END_TEST

START_TEST(one_goes_alone_behind_an_empty_header)
{
    static const uint8_t zero[AMTG_TUN_VNET_OCTETS];

    make(1, &(struct like){0});
    ck_assert_uint_eq(length_of(1), 1);
    ck_assert_uint_eq(train.iov[0].iov_len, sizeof zero);
    ck_assert_mem_eq(train.iov[0].iov_base, zero, sizeof zero);
    ck_assert_ptr_eq(train.iov[1].iov_base, packets[0]->data);
    ck_assert_uint_eq(train.iov[1].iov_len, packets[0]->len);
    drop_all(1);
}
END_TEST

START_TEST(another_flow_ends_the_train)
{
    static const struct like others[] = {
        {.source = "198.51.100.2"}, {.group = "232.1.1.2"}, {.port = 5002}, {.hops = 8},
        {.tos = 4}, {.payload = PAYLOAD + 1}, {.may_fragment = true},
        {.source = "2001:db8::1", .group = "ff3e::8000:1"},
    };

    make(4, &(struct like){0});
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++) {
        replace(2, &others[i]);
        ck_assert_msg(length_of(4) == 2, "other %u: a train of %u", i, train.count);
    }
    replace(2, &(struct like){.payload = PAYLOAD - 1}); /* shorter: in it, and its end */
    ck_assert_uint_eq(length_of(4), 3);
    drop_all(4);
}
END_TEST

START_TEST(identifications_that_say_something_must_count_up)
{
    make(4, &(struct like){.may_fragment = true, .id = 65535});
    ck_assert_uint_eq(length_of(4), 1);
    replace(1, &(struct like){.may_fragment = true, .id = 0});
    replace(2, &(struct like){.may_fragment = true, .id = 1});
    replace(3, &(struct like){.may_fragment = true, .id = 3});
    ck_assert_uint_eq(length_of(4), 3);
    drop_all(4);
}
END_TEST

/* What the kernel would give a new checksum must have had a right one. */
START_TEST(checksums_are_verified_first)
{
    make(4, &(struct like){0});
    packets[2]->data[40] ^= 1;
    ck_assert_uint_eq(length_of(4), 2);
    packets[0]->data[40] ^= 1;
    ck_assert_uint_eq(length_of(4), 1);
    replace(0, &(struct like){0});
    replace(2, &(struct like){0});
    amtg_put_u16(packets[1]->data + 26, 0); /* none at all */
    ck_assert_uint_eq(length_of(4), 1);
    replace(1, &(struct like){0});
    packets[3]->flags |= AMTG_NO_CHECKSUM_YET;
    ck_assert_uint_eq(length_of(4), 3);
    drop_all(4);
}
END_TEST

/* Set one octet of the IPv4 header of packet 1 and mend its checksum. */
static void spoil(unsigned at, uint8_t value)
{
    uint8_t *ip = packets[1]->data;

    ip[at] = value;
    amtg_put_u16(ip + 10, 0);
    amtg_put_u16(ip + 10, amtg_checksum(amtg_sum(0, ip, 20)));
    ck_assert_int_eq(amtg_ip_check(packets[1], NULL), AMTG_IP_SOUND);
}

START_TEST(fragments_and_other_protocols_go_alone)
{
    make(3, &(struct like){0});
    spoil(6, 0x20); /* more fragments */
    ck_assert_uint_eq(length_of(3), 1);
    ck_assert_uint_eq((amtg_tun_train(&train, packets + 1, 2, 64), train.count), 1);
    replace(1, &(struct like){0});
    spoil(9, 132); /* SCTP */
    ck_assert_uint_eq(length_of(3), 1);
    ck_assert_uint_eq((amtg_tun_train(&train, packets + 1, 2, 64), train.count), 1);
    replace(1, &(struct like){0});
    amtg_put_u16(packets[1]->data + 24, PAYLOAD + 7); /* UDP is shorter than IP */
    ck_assert_uint_eq(length_of(3), 1);
    drop_all(3);
}
END_TEST

START_TEST(a_train_has_bounds)
{
    make(MOST, &(struct like){0});
    ck_assert_uint_eq(length_of(MOST), AMTG_TUN_TRAIN_MOST);
    ck_assert_uint_eq((amtg_tun_train(&train, packets, MOST, 7), train.count), 7);
    drop_all(MOST);
    make(MOST, &(struct like){.payload = 1400}); /* 46 of these fit into 65535 octets */
    ck_assert_uint_eq(length_of(MOST), 46);
    drop_all(MOST);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tun_train");
    TCase *all = tcase_create("tun_train");

    tcase_add_loop_test(all, equal_datagrams_are_one_write, 0, 2);
    tcase_add_test(all, one_goes_alone_behind_an_empty_header);
    tcase_add_test(all, another_flow_ends_the_train);
    tcase_add_test(all, identifications_that_say_something_must_count_up);
    tcase_add_test(all, checksums_are_verified_first);
    tcase_add_test(all, fragments_and_other_protocols_go_alone);
    tcase_add_test(all, a_train_has_bounds);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
