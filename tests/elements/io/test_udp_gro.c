/*
 * udp-socket: datagrams that the kernel hands over as one message (UDP_GRO) come out one by
 * one, in their order, and as they were sent. On loopback; setsockopt is this program's own,
 * and can be told that the kernel knows no UDP_GRO, or that we have no privileges.
 */
#include "tests/support/sockets.h"

#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "elements/registry.h"
#include "elements/wire/types.h"

enum { OCTETS_MOST = 65536 };

static bool kernel_without, unprivileged;
static unsigned asked;
static int buffered; /* the socket that was last given a buffer */

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
    if (level == IPPROTO_UDP && option == UDP_GRO) {
        asked++;
        if (kernel_without) {
            errno = ENOPROTOOPT;
            return -1;
        }
    }
    if (level == SOL_SOCKET && (option == SO_RCVBUFFORCE || option == SO_SNDBUFFORCE)) {
        buffered = fd;
        if (unprivileged) {
            errno = EPERM;
            return -1;
        }
    }
    return (int)syscall(SYS_setsockopt, fd, level, option, value, len);
}

/* ---- a sender and a socket --------------------------------------------------------- */

static const char *const hosts[] = {"127.0.0.1", "::1"};
static uint8_t octets[OCTETS_MOST];
static const char *host;
static int sender;
static uint16_t port;
static struct rig *rig;
static uint64_t sent_ns; /* when the latest train was */

static void begin_on(int shared, unsigned family, const char *params)
{
    char text[256];

    for (unsigned i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(i * 7 + i / 251);
    host = hosts[family];
    port = test_free_port(host);
    sender = test_udp(host, 0);
    snprintf(text, sizeof text, "it: {class: udp-socket, port: %u, bind: \"%s\"%s}", port, host,
             params);
    rig = rig_new_real(shared, text);
    sent_ns = 0;
}

static void end(void)
{
    close(sender);
    rig_free(rig);
}

/* `len` octets in datagrams of `segment`, by one call: trains as a relay sends them. */
static void send_train(uint32_t len, uint16_t segment)
{
    struct sockaddr_storage to;
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof segment)];
    } control = {0};
    struct iovec iov = {octets, len};
    struct msghdr m = {.msg_name = &to,
                       .msg_namelen = test_sockaddr(host, port, &to),
                       .msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};

    control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof segment),
                                    .cmsg_level = IPPROTO_UDP,
                                    .cmsg_type = UDP_SEGMENT};
    memcpy(CMSG_DATA(&control.head), &segment, sizeof segment);
    sent_ns = amtg_now(rig_element(rig, "it"));
    ck_assert_msg(sendmsg(sender, &m, 0) == (ssize_t)len, "sendmsg: %s", strerror(errno));
}

/* The packet that comes next holds octets[at] and what follows; it is given back unless kept. */
static struct amtg_packet *expect_kept(uint32_t at, uint32_t len)
{
    struct amtg_packet *p = rig_take(rig, "out");
    char name[AMTG_ADDR_TEXT];

    ck_assert_ptr_eq(p->type, AMTG_DATAGRAM);
    ck_assert_uint_eq(p->len, len);
    if (len)
        ck_assert_msg(memcmp(p->data, octets + at, len) == 0, "not the octets from %u on", at);
    ck_assert_str_eq(amtg_addr_text(&p->peer.remote, name), host);
    ck_assert_str_eq(amtg_addr_text(&p->peer.local, name), host);
    ck_assert_uint_eq(p->peer.remote_port, test_port(sender));
    ck_assert_uint_eq(p->peer.local_port, port);
    ck_assert_uint_gt(p->time_ns, sent_ns);
    ck_assert_uint_le(p->time_ns, amtg_now(rig_element(rig, "it")));
    return p;
}

static void expect(uint32_t at, uint32_t len)
{
    amtg_packet_free(expect_kept(at, len));
}

static void expect_train(uint32_t len, uint32_t segment)
{
    test_await(rig, "out", (len + segment - 1) / segment);
    for (uint32_t at = 0; at < len; at += segment)
        expect(at, len - at < segment ? len - at : segment);
    rig_expect_nothing(rig, "out");
}

/* Trains of many shapes, twice: the second time there are large buffers ready for them. */
static const struct {
    uint32_t len;
    uint16_t segment;
} shapes[] = {
    {8 * 1346, 1346},      /* a relay's, of a video stream */
    {2 * 100, 100},        /* fits a small buffer */
    {7 * 1000 + 1, 1000},  /* the last is shorter */
    {64 * 20, 20},         /* as many as can be */
    {64 * 1000, 1000},
    {2048, 512},           /* just fits */
    {2049, 1024},          /* one octet more */
    {45 * 1452, 1452},     /* about as long as can be */
    {5 * 4000, 4000},      /* each longer than a small buffer */
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void send_shapes(void)
{
    for (unsigned i = 0; i < 2 * SHAPES; i++) {
        send_train(shapes[i / 2].len, shapes[i / 2].segment);
        expect_train(shapes[i / 2].len, shapes[i / 2].segment);
    }
    ck_assert_uint_eq(rig_drops_all(rig), 0);
}

static uint64_t datagrams_of_shapes(void)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < SHAPES; i++)
        n += 2 * ((shapes[i].len + shapes[i].segment - 1u) / shapes[i].segment);
    return n;
}

/* ---- trains ------------------------------------------------------------------------ */

START_TEST(a_train_comes_out_as_the_datagrams_that_it_holds)
{
    for (unsigned family = 0; family < 2; family++) {
        begin_on(_i, family, "");
        send_shapes();
        ck_assert_uint_eq(rig_counter(rig, "received"), datagrams_of_shapes());
        ck_assert_uint_eq(rig_counter(rig, "trains-received"), 2 * SHAPES);
        ck_assert_uint_eq(rig_counter(rig, "trains-copied"), 0);
        end();
    }
}
END_TEST

START_TEST(its_packets_share_one_buffer)
{
    begin_on(_i, 0, "");
    for (unsigned i = 0; i < 2; i++) {
        struct amtg_packet *packets[8];
        send_train(8 * 1346, 1346);
        test_await(rig, "out", 8);
        for (unsigned k = 0; k < 8; k++) {
            packets[k] = expect_kept(k * 1346, 1346);
            ck_assert_ptr_eq(packets[k]->buffer, packets[0]->buffer);
        }
        /* Who writes into one does not change the others. */
        ck_assert(amtg_packet_own(packets[3]));
        memset(packets[3]->data, 0, packets[3]->len);
        ck_assert_mem_eq(packets[2]->data, octets + 2 * 1346, 1346);
        ck_assert_mem_eq(packets[4]->data, octets + 4 * 1346, 1346);
        for (unsigned k = 0; k < 8; k++)
            amtg_packet_free(packets[k]);
    }
    end();
}
END_TEST

/* A large buffer is ready, but for one octet it would be held. */
START_TEST(what_is_short_never_holds_a_large_buffer)
{
    begin_on(_i, 0, "");
    for (unsigned i = 0; i < 2; i++) {
        send_train(8 * 1346, 1346);
        expect_train(8 * 1346, 1346);
    }
    for (unsigned i = 0; i < 2; i++) {
        test_send(sender, host, port, octets + 5, 1);
        test_await(rig, "out", 1);
        struct amtg_packet *p = expect_kept(5, 1);
        ck_assert_uint_lt(p->buffer->size, AMTG_LARGE_OCTETS);
        amtg_packet_free(p);
    }
    end();
}
END_TEST

START_TEST(many_trains_and_datagrams_that_wait_keep_their_order)
{
    begin_on(_i, 0, "");
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 20; i++) {
            send_train(3 * 900 + i, 900);
            test_send(sender, host, port, octets + i, 30);
        }
        test_await(rig, "out", 20 * 5 - 1); /* the first has no shorter last */
        for (unsigned i = 0; i < 20; i++) {
            for (unsigned k = 0; k < 3; k++)
                expect(k * 900, 900);
            if (i)
                expect(3 * 900, i);
            expect(i, 30);
        }
    }
    end();
}
END_TEST

START_TEST(one_datagram_is_no_train)
{
    static const uint32_t sizes[] = {0, 1, 1346, 2048, 2049, 9000, 65507};

    begin_on(_i, 0, "");
    for (unsigned i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
        test_send(sender, host, port, octets + i, sizes[i / 2]);
        test_await(rig, "out", 1);
        expect(i, sizes[i / 2]);
    }
    ck_assert_uint_eq(rig_counter(rig, "received"), 2 * sizeof sizes / sizeof *sizes);
    ck_assert_uint_eq(rig_counter(rig, "trains-received"), 0);
    end();
}
END_TEST

START_TEST(each_has_the_tos_of_the_train)
{
    static const int tos = 0xb9; /* EF, ECT(1) */

    for (unsigned family = 0; family < 2; family++) {
        begin_on(_i, family, "");
        ck_assert(family == 0 ? setsockopt(sender, IPPROTO_IP, IP_TOS, &tos, sizeof tos) == 0
                              : setsockopt(sender, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos) == 0);
        send_train(4 * 700, 700);
        test_await(rig, "out", 4);
        for (unsigned i = 0; i < 4; i++) {
            struct amtg_packet *p = expect_kept(i * 700, 700);
            ck_assert(p->flags & AMTG_HAS_TOS);
            ck_assert_uint_eq(p->tos, tos);
            amtg_packet_free(p);
        }
        end();
    }
}
END_TEST

/* ---- without ----------------------------------------------------------------------- */

START_TEST(without_it_datagrams_come_one_by_one)
{
    for (unsigned how = 0; how < 2; how++) {
        kernel_without = how;
        asked = 0;
        begin_on(_i, 0, how ? "" : ", gro: false");
        send_shapes();
        ck_assert_uint_eq(asked, how);
        ck_assert_uint_eq(rig_counter(rig, "received"), datagrams_of_shapes());
        ck_assert_uint_eq(rig_counter(rig, "trains-received"), 0);
        end();
        kernel_without = false;
    }
}
END_TEST

static int room(int option)
{
    int has = 0;
    socklen_t len = sizeof has;

    ck_assert(getsockopt(buffered, SOL_SOCKET, option, &has, &len) == 0);
    return has;
}

/* What anybody may have, one without privileges gets as well; of more, as much as anybody may have. */
START_TEST(buffers_without_privileges_are_what_anybody_may_have)
{
    int most[2];

    unprivileged = true;
    begin_on(_i, 0, ", receive-buffer: 64KiB, send-buffer: 32KiB");
    ck_assert_int_eq(room(SO_RCVBUF), 64 << 10);
    ck_assert_int_eq(room(SO_SNDBUF), 32 << 10);
    end();
    begin_on(_i, 0, ", receive-buffer: 1GiB, send-buffer: 1GiB");
    most[0] = room(SO_RCVBUF);
    most[1] = room(SO_SNDBUF);
    end();
    unprivileged = false;
    ck_assert_int_gt(most[0], 64 << 10);
    ck_assert_int_gt(most[1], 32 << 10);
}
END_TEST

/* All large buffers that the pool has left, in a list. */
static struct amtg_packet *take_all_large(void)
{
    struct amtg_pool *pool = rig_element(rig, "it")->pool;
    struct amtg_packet *all = NULL, *p;

    while ((p = amtg_packet_new(pool, AMTG_LARGE_OCTETS)) != NULL) {
        p->next = all;
        all = p;
    }
    return all;
}

static void free_all(struct amtg_packet *p)
{
    for (struct amtg_packet *next; p; p = next) {
        next = p->next;
        amtg_packet_free(p);
    }
}

/* Somebody keeps a packet of each of many trains: the others are copied, and none is lost. */
START_TEST(a_pool_without_large_buffers_costs_a_copy_and_no_datagram)
{
    for (unsigned family = 0; family < 2; family++) {
        begin_on(_i, family, "");
        struct amtg_packet *all = take_all_large();
        for (unsigned i = 0; i < SHAPES - 1; i++) {
            send_train(shapes[i].len, shapes[i].segment);
            expect_train(shapes[i].len, shapes[i].segment);
        }
        ck_assert_uint_eq(rig_drops_all(rig), 0);
        ck_assert_uint_eq(rig_counter(rig, "trains-received"), SHAPES - 1);
        ck_assert_uint_eq(rig_counter(rig, "trains-copied"), SHAPES - 1 - 3); /* three are short */
        free_all(all);
        send_train(8 * 1346, 1346);
        expect_train(8 * 1346, 1346);
        ck_assert_uint_eq(rig_counter(rig, "trains-copied"), SHAPES - 1 - 3);
        end();
    }
}
END_TEST

START_TEST(what_fits_no_small_buffer_is_a_drop_with_a_name)
{
    begin_on(_i, 0, "");
    struct amtg_packet *all = take_all_large();
    send_train(3 * 4000 + 50, 4000);
    test_await(rig, "out", 1);
    expect(3 * 4000, 50);
    ck_assert_uint_eq(rig_counter(rig, "received"), 4);
    ck_assert_uint_eq(rig_drops(rig, "no-buffer"), 3);
    test_send(sender, host, port, octets, 4000);
    test_send(sender, host, port, octets, 40);
    test_await(rig, "out", 1);
    expect(0, 40);
    ck_assert_uint_eq(rig_drops(rig, "no-buffer"), 4);
    free_all(all);
    end();
}
END_TEST

/* ---- who writes into what came --------------------------------------------------- */

/* amt-decap writes the ECN field of each; what it keeps and what its neighbours hold stays. */
START_TEST(decapsulation_writes_into_no_neighbour)
{
    enum { COUNT = 8, OCTETS = 2 + 20 + 500 };
    static const int ce = 3;
    static const uint8_t head[] = {6, 0, 0x45, 1 /* ECT(1) */, 0x02, 0x08};
    char text[256];

    host = hosts[0];
    port = test_free_port(host);
    sender = test_udp(host, 0);
    ck_assert(setsockopt(sender, IPPROTO_IP, IP_TOS, &ce, sizeof ce) == 0);
    snprintf(text, sizeof text,
             "udp: {class: udp-socket, port: %u, bind: 127.0.0.1}\n"
             "messages: {class: amt-classifier}\n"
             "it: {class: amt-decap}\n"
             "edges:\n"
             "  - udp -> messages\n"
             "  - messages.data -> it\n",
             port);
    rig = rig_new_real(_i, text);
    for (unsigned i = 0; i < COUNT; i++) {
        memset(octets + i * OCTETS, (int)(i + 1), OCTETS);
        memcpy(octets + i * OCTETS, head, sizeof head);
    }
    send_train(COUNT * OCTETS, OCTETS);
    test_await(rig, "out", COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        struct amtg_packet *p = rig_take(rig, "out");
        ck_assert_uint_eq(p->len, OCTETS - 2);
        ck_assert_uint_eq(p->data[0], 0x45);
        ck_assert_uint_eq(p->data[1] & 3, 3);
        for (unsigned k = 12; k < p->len; k++)
            ck_assert_uint_eq(p->data[k], i + 1);
        amtg_packet_free(p);
    }
    end();
}
END_TEST

AMTG_RIG_SUITE("udp-socket: trains received", a_train_comes_out_as_the_datagrams_that_it_holds,
               its_packets_share_one_buffer, what_is_short_never_holds_a_large_buffer,
               many_trains_and_datagrams_that_wait_keep_their_order, one_datagram_is_no_train,
               each_has_the_tos_of_the_train, without_it_datagrams_come_one_by_one,
               buffers_without_privileges_are_what_anybody_may_have,
               a_pool_without_large_buffers_costs_a_copy_and_no_datagram,
               what_fits_no_small_buffer_is_a_drop_with_a_name,
               decapsulation_writes_into_no_neighbour)
