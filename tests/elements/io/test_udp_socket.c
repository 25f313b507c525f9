/*
 * udp-socket on loopback, with the real clock: receiving, replying from the address
 * that was asked, expanding sets, ICMP errors.
 * Covers: M-3, M-10, R-14, R-19 (the asker is answered from the address asked), and that an
 * ICMP error about one gateway does not touch another.
 */
#include "tests/support/sockets.h"

#include <netinet/udp.h>

#include "elements/io/route.h"
#include "elements/registry.h"
#include "elements/wire/types.h"

static struct rig *rig_on(int shared, const char *params, uint16_t port)
{
    char text[256];
    snprintf(text, sizeof text, "it: {class: udp-socket, port: %u, %s}", port, params);
    return rig_new_real(shared, text);
}

static struct amtg_peer peer_of(const char *remote, uint16_t remote_port, const char *local)
{
    struct amtg_peer peer = {.remote_port = remote_port};
    ck_assert(amtg_addr_parse(remote, &peer.remote));
    if (local)
        ck_assert(amtg_addr_parse(local, &peer.local));
    return peer;
}

static struct amtg_packet *reply_to(struct rig *rig, const struct amtg_peer *peer,
                                    const char *text)
{
    struct amtg_packet *p = rig_packet(rig, AMTG_DATAGRAM, text, strlen(text));
    amtg_packet_to_peer(p, peer);
    return p;
}

/* A set of endpoints; entries[i] is lent by the set. */
static struct amtg_set *set_of(const struct amtg_peer *peers, unsigned count)
{
    struct amtg_set *set = amtg_set_new(count);
    for (unsigned i = 0; i < count; i++) {
        struct amtg_endpoint *e = amtg_endpoint_new(&peers[i]);
        ck_assert(e && amtg_set_add(&set, e));
        amtg_endpoint_free(e);
    }
    return set;
}

static void push_to_set(struct rig *rig, struct amtg_set *set, const char *text)
{
    struct amtg_packet *p = rig_packet(rig, AMTG_DATAGRAM, text, strlen(text));
    amtg_packet_to_set(p, set);
    rig_push(rig, "in", p);
}

static void expect(int fd, const char *text, const char *from, uint16_t port)
{
    char got[64];
    struct amtg_addr a;
    char name[AMTG_ADDR_TEXT];
    uint16_t from_port;
    ssize_t n = test_receive(fd, got, sizeof got, &a, &from_port);

    ck_assert_msg(n >= 0, "nothing came, \"%s\" was expected", text);
    ck_assert_int_eq(n, (ssize_t)strlen(text));
    ck_assert_mem_eq(got, text, strlen(text));
    ck_assert_str_eq(amtg_addr_text(&a, name), from);
    ck_assert_uint_eq(from_port, port);
}

static void expect_nothing(int fd)
{
    char got[64];
    ck_assert_int_eq(test_receive(fd, got, sizeof got, NULL, NULL), -1);
}

/* ---- receiving and replying --------------------------------------------- */

static void ask_and_reply(int shared, const char *bound, const char *client, const char *asked)
{
    int fd = test_udp(client, 0);
    uint16_t port = test_free_port(client);
    struct rig *rig = rig_on(shared, bound, port);
    char name[AMTG_ADDR_TEXT];

    test_send(fd, asked, port, "hello", 5);
    test_await(rig, "out", 1);
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_ptr_eq(p->type, AMTG_DATAGRAM);
    ck_assert_uint_eq(p->len, 5);
    ck_assert_mem_eq(p->data, "hello", 5);
    ck_assert_str_eq(amtg_addr_text(&p->peer.remote, name), client);
    ck_assert_str_eq(amtg_addr_text(&p->peer.local, name), asked);
    ck_assert_uint_eq(p->peer.remote_port, test_port(fd));
    ck_assert_uint_eq(p->peer.local_port, port);

    rig_push(rig, "in", reply_to(rig, &p->peer, "welcome"));
    test_await_counter(rig, "copies", 1);
    expect(fd, "welcome", asked, port);
    amtg_packet_free(p);
    close(fd);
    rig_free(rig);
}

/* Covers: M-3, M-10, R-14, R-15, R-19, R-20, R-68. */
START_TEST(replies_leave_from_the_address_that_was_asked)
{
    ask_and_reply(_i, "bind: [0.0.0.0, \"::\"]", "127.0.0.1", "127.0.0.2");
    ask_and_reply(_i, "bind: [0.0.0.0, \"::\"]", "::1", "::1");
    ask_and_reply(_i, "hop-limit: 1", "::1", "::1"); /* by default, all addresses are bound */
    ask_and_reply(_i, "hop-limit: 1", "127.0.0.1", "127.0.0.3");
    ask_and_reply(_i, "bind: [127.0.0.1, 127.0.0.2, \"::1\"]", "127.0.0.1", "127.0.0.2");
    ask_and_reply(_i, "bind: 127.0.0.1, also: [127.0.0.9, 192.0.2.77]", "127.0.0.1", "127.0.0.9");
}
END_TEST

START_TEST(datagrams_of_any_size_arrive_whole)
{
    static const unsigned sizes[] = {0, 1, 2047, 2048, 2049, 9000, 60000, 65507};
    static uint8_t octets[65536];
    int fd = test_udp("127.0.0.1", 0);
    uint16_t port = test_free_port("127.0.0.1");
    struct rig *rig = rig_on(_i, "bind: 127.0.0.1", port);

    for (unsigned i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(i * 7 + i / 251);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        test_send(fd, "127.0.0.1", port, octets + i, sizes[i]);
        test_await(rig, "out", 1);
        struct amtg_packet *p = rig_take(rig, "out");
        ck_assert_uint_eq(p->len, sizes[i]);
        ck_assert(sizes[i] == 0 || memcmp(p->data, octets + i, sizes[i]) == 0);
        amtg_packet_free(p);
    }
    close(fd);
    rig_free(rig);
}
END_TEST

/* Relays may leave the checksum of Data out, over IPv6 too (RFC 6935). */
/* Covers: G-17, G-18, E-18. */
START_TEST(ipv6_datagrams_without_checksum_are_taken_where_that_is_wanted)
{
    int fd = test_udp("::1", 0), on = 1;
    uint16_t port = test_free_port("::1"), other = test_free_port("::1");
    struct rig *rig = rig_on(_i, "bind: \"::1\", zero-checksum6: true", port);
    struct rig *strict = rig_on(_i, "bind: \"::1\"", other);

    test_send(fd, "::1", port, "summed", 6);
    ck_assert_int_eq(setsockopt(fd, IPPROTO_UDP, UDP_NO_CHECK6_TX, &on, sizeof on), 0);
    test_send(fd, "::1", port, "bare", 4);
    test_await(rig, "out", 2);
    rig_expect_hex(rig, "out", "73756d6d6564");
    rig_expect_hex(rig, "out", "62617265");
    test_send(fd, "::1", other, "bare", 4);
    on = 0;
    ck_assert_int_eq(setsockopt(fd, IPPROTO_UDP, UDP_NO_CHECK6_TX, &on, sizeof on), 0);
    test_send(fd, "::1", other, "summed", 6);
    test_await(strict, "out", 1);
    rig_expect_hex(strict, "out", "73756d6d6564");
    close(fd);
    rig_free(rig);
    rig_free(strict);
}
END_TEST

START_TEST(many_datagrams_come_in_batches_and_in_order)
{
    int fd = test_udp("127.0.0.1", 0);
    uint16_t port = test_free_port("127.0.0.1");
    struct rig *rig = rig_on(_i, "bind: 127.0.0.1", port);

    for (unsigned i = 0; i < 150; i++)
        test_send(fd, "127.0.0.1", port, &i, sizeof i);
    test_await(rig, "out", 150);
    for (unsigned i = 0; i < 150; i++) {
        struct amtg_packet *p = rig_take(rig, "out");
        ck_assert_mem_eq(p->data, &i, sizeof i);
        amtg_packet_free(p);
    }
    close(fd);
    rig_free(rig);
}
END_TEST

START_TEST(broadcasts_are_not_for_us)
{
    int fd = test_udp("127.0.0.1", 0), yes = 1;
    uint16_t port = test_free_port("127.0.0.1");
    struct rig *rig = rig_on(_i, "bind: 0.0.0.0", port);

    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes);
    test_send(fd, "127.255.255.255", port, "x", 1);
    test_send(fd, "127.0.0.1", port, "y", 1);
    test_await(rig, "out", 1);
    rig_expect_hex(rig, "out", "79");
    ck_assert_uint_eq(rig_drops(rig, "not-unicast"), 1);
    close(fd);
    rig_free(rig);
}
END_TEST

/* ---- sets --------------------------------------------------------------- */

START_TEST(a_set_is_expanded_and_the_dead_are_skipped)
{
    enum { PEERS = 5 };
    struct amtg_peer peers[PEERS];
    int fds[PEERS];
    uint16_t port = test_free_port("127.0.0.1");
    struct rig *rig = rig_on(_i, "bind: [0.0.0.0, \"::\"]", port);

    for (unsigned i = 0; i < PEERS; i++) {
        const char *addr = i == 3 ? "::1" : "127.0.0.1", *local = i == 3 ? "::1" : "127.0.0.5";
        fds[i] = test_udp(addr, 0);
        peers[i] = peer_of(addr, test_port(fds[i]), local);
    }
    struct amtg_set *set = set_of(peers, PEERS);
    push_to_set(rig, set, "data");
    set->entries[1]->dead = true; /* after the packet was queued */
    test_await_counter(rig, "copies", PEERS - 1);
    for (unsigned i = 0; i < PEERS; i++) {
        if (i == 1)
            expect_nothing(fds[i]);
        else
            expect(fds[i], "data", i == 3 ? "::1" : "127.0.0.5", port);
        close(fds[i]);
    }
    for (unsigned i = 0; i < PEERS; i++)
        set->entries[i]->dead = true;
    push_to_set(rig, set, "nobody");
    rig_step(rig, 10 * AMTG_MS);
    ck_assert_uint_eq(rig_counter(rig, "copies"), PEERS - 1);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    amtg_set_free(set);
    rig_free(rig);
}
END_TEST

START_TEST(a_reply_does_not_wait_behind_a_large_set)
{
    enum { PEERS = 5000 };
    static struct amtg_peer peers[PEERS];
    int crowd = test_udp("127.0.0.1", 0), asker = test_udp("127.0.0.1", 0);
    uint16_t port = test_free_port("127.0.0.1");
    struct rig *rig = rig_on(_i, "bind: 127.0.0.1, copies-per-turn: 500", port);
    struct amtg_peer one = peer_of("127.0.0.1", test_port(asker), "127.0.0.1");
    char got[64];
    unsigned came = 0;

    for (unsigned i = 0; i < PEERS; i++)
        peers[i] = peer_of("127.0.0.1", test_port(crowd), "127.0.0.1");
    struct amtg_set *set = set_of(peers, PEERS);
    push_to_set(rig, set, "first");
    push_to_set(rig, set, "second");
    rig_step(rig, 0);
    uint64_t before = rig_counter(rig, "copies");
    ck_assert_uint_ge(before, 500);
    ck_assert_uint_lt(before, PEERS);
    rig_push(rig, "in", reply_to(rig, &one, "answer"));
    rig_step(rig, 0);
    expect(asker, "answer", "127.0.0.1", port);
    ck_assert_uint_lt(rig_counter(rig, "copies"), PEERS);

    while (rig_counter(rig, "copies") < 2 * PEERS + 1) {
        uint64_t last = rig_counter(rig, "copies");
        rig_step(rig, AMTG_MS);
        ck_assert_uint_gt(rig_counter(rig, "copies"), last);
        while (test_receive(crowd, got, sizeof got, NULL, NULL) >= 0)
            came++;
    }
    ck_assert_uint_gt(came, 0);
    ck_assert_uint_eq(rig_counter(rig, "copies"), 2 * PEERS + 1);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    amtg_set_free(set);
    close(crowd);
    close(asker);
    rig_free(rig);
}
END_TEST

START_TEST(at_the_end_replies_still_leave_and_sets_are_dropped)
{
    int fd = test_udp("127.0.0.1", 0);
    uint16_t port = test_free_port("127.0.0.1");
    struct rig *rig = rig_on(_i, "bind: 127.0.0.1, queue: 2", port);
    struct amtg_peer peer = peer_of("127.0.0.1", test_port(fd), "127.0.0.1");
    struct amtg_peer other = peer_of("::1", test_port(fd), NULL);
    struct amtg_set *set = set_of(&peer, 1);

    rig_push(rig, "in", reply_to(rig, &other, "nowhere"));
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            rig_push(rig, "in", reply_to(rig, &peer, "x"));
        push_to_set(rig, set, "y");
    }
    ck_assert_uint_eq(rig_drops(rig, "queue-full"), 3);
    amtg_runtime_stop(rig_runtime(rig));
    ck_assert_uint_eq(rig_drops(rig, "stopped"), 2);
    ck_assert_uint_eq(rig_drops(rig, "no-socket"), 1);
    expect(fd, "x", "127.0.0.1", port);
    expect(fd, "x", "127.0.0.1", port);
    ck_assert_int_lt(test_receive(fd, (char[4]){0}, 4, NULL, NULL), 0);
    close(fd);
    amtg_set_free(set);
    rig_free(rig);
}
END_TEST

START_TEST(a_copy_that_cannot_be_sent_does_not_hinder_the_next)
{
    int fd = test_udp("127.0.0.1", 0);
    uint16_t port = test_free_port("127.0.0.1");
    struct rig *rig = rig_on(_i, "bind: 127.0.0.1", port);
    static uint8_t huge[65508];
    const struct amtg_peer peers[] = {
        peer_of("127.0.0.1", 0, "127.0.0.1"),            /* no such port */
        peer_of("127.0.0.1", test_port(fd), "127.0.0.1"),
        peer_of("::1", test_port(fd), "::1"),            /* no socket of this family */
        peer_of("127.0.0.1", test_port(fd), "127.0.0.7"), /* nor of this address */
        peer_of("127.0.0.1", test_port(fd), NULL),
    };
    struct amtg_set *set = set_of(peers, 5);

    push_to_set(rig, set, "data");
    for (unsigned i = 0; i < 5; i++)
        rig_push(rig, "in", reply_to(rig, &peers[i], "data"));
    test_await_counter(rig, "copies", 4);
    ck_assert_uint_eq(rig_drops(rig, "send-failed"), 2);
    ck_assert_uint_eq(rig_drops(rig, "no-socket"), 4);
    for (unsigned i = 0; i < 4; i++)
        expect(fd, "data", "127.0.0.1", port);

    struct amtg_packet *p = rig_packet(rig, AMTG_DATAGRAM, huge, sizeof huge);
    amtg_packet_to_peer(p, &peers[1]);
    rig_push(rig, "in", p);
    rig_push(rig, "in", reply_to(rig, &peers[1], "after"));
    test_await_counter(rig, "copies", 5);
    ck_assert_uint_eq(rig_drops(rig, "too-big"), 1);
    expect(fd, "after", "127.0.0.1", port);
    amtg_set_free(set);
    close(fd);
    rig_free(rig);
}
END_TEST

/* ---- ICMP errors -------------------------------------------------------- */

static void closed_ports_of(int shared, const char *host, uint8_t type, uint8_t code)
{
    enum { PEERS = 6 };
    struct amtg_peer peers[PEERS];
    int fds[PEERS];
    uint16_t port = test_free_port(host);
    struct rig *rig = rig_on(shared, "bind: [0.0.0.0, \"::\"]", port);
    char name[AMTG_ADDR_TEXT];

    for (unsigned i = 0; i < PEERS; i++) {
        fds[i] = test_udp(host, 0);
        peers[i] = peer_of(host, test_port(fds[i]), host);
    }
    for (unsigned i = 0; i < PEERS; i += 2)
        close(fds[i]);
    struct amtg_set *set = set_of(peers, PEERS);
    push_to_set(rig, set, "data");
    test_await(rig, "unreachable", PEERS / 2);
    ck_assert_uint_eq(rig_counter(rig, "copies"), PEERS);
    for (unsigned i = 1; i < PEERS; i += 2) {
        expect(fds[i], "data", host, port);
        close(fds[i]);
    }
    for (unsigned i = 0; i < PEERS; i += 2) {
        struct amtg_packet *p = rig_take(rig, "unreachable");
        const struct amtg_unreachable *u = (void *)p->data;
        ck_assert_ptr_eq(p->type, AMTG_UNREACHABLE);
        ck_assert_uint_eq(u->type, type);
        ck_assert_uint_eq(u->code, code);
        ck_assert_str_eq(amtg_addr_text(&p->peer.remote, name), host);
        ck_assert_str_eq(amtg_addr_text(&p->peer.local, name), host);
        ck_assert_uint_eq(p->peer.remote_port, peers[i].remote_port);
        ck_assert_uint_eq(p->peer.local_port, port);
        amtg_packet_free(p);
    }
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    amtg_set_free(set);
    rig_free(rig);
}

START_TEST(a_closed_port_gives_a_record_and_nobody_else_misses_a_copy)
{
    closed_ports_of(_i, "127.0.0.1", 3, 3);
    closed_ports_of(_i, "::1", 1, 4);
}
END_TEST

/* The error of the first send waits in the socket when the second, another call, begins. */
START_TEST(a_send_that_failed_for_anothers_sake_is_repeated)
{
    int open = test_udp("127.0.0.1", 0);
    uint16_t port = test_free_port("127.0.0.1");
    struct rig *rig = rig_on(_i, "bind: 127.0.0.1", port);
    struct amtg_peer gone = peer_of("127.0.0.1", test_free_port("127.0.0.1"), "127.0.0.1");
    struct amtg_peer there = peer_of("127.0.0.1", test_port(open), "127.0.0.1");
    struct amtg_set *set = set_of(&there, 1);

    for (unsigned i = 1; i <= 30; i++) { /* more often than any one copy would be */
        push_to_set(rig, set, "data");
        rig_push(rig, "in", reply_to(rig, &gone, "x"));
        test_await_counter(rig, "copies", 2 * i);
        ck_assert_uint_eq(rig_counter(rig, "repeated"), i);
        ck_assert_uint_eq(rig_drops_all(rig), 0);
        expect(open, "data", "127.0.0.1", port);
    }
    test_await(rig, "unreachable", 30);
    rig_ignore(rig, "unreachable");
    amtg_set_free(set);
    close(open);
    rig_free(rig);
}
END_TEST

START_TEST(an_error_between_two_sends_is_no_loss)
{
    int open = test_udp("127.0.0.1", 0);
    uint16_t port = test_free_port("127.0.0.1");
    struct rig *rig = rig_on(_i, "bind: 127.0.0.1", port);
    struct amtg_peer gone = peer_of("127.0.0.1", test_free_port("127.0.0.1"), "127.0.0.1");
    struct amtg_peer there = peer_of("127.0.0.1", test_port(open), "127.0.0.1");

    for (unsigned i = 0; i < 100; i++) {
        rig_push(rig, "in", reply_to(rig, &gone, "x"));
        rig_push(rig, "in", reply_to(rig, &there, "y"));
    }
    test_await_counter(rig, "copies", 200);
    for (unsigned i = 0; i < 100; i++)
        expect(open, "y", "127.0.0.1", port);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    test_await(rig, "unreachable", rig_count(rig, "unreachable") ? rig_count(rig, "unreachable") : 1);
    rig_ignore(rig, "unreachable");
    close(open);
    rig_free(rig);
}
END_TEST

/* ---- set-up ------------------------------------------------------------- */

START_TEST(an_address_beside_the_wildcard_is_bound_once)
{
    uint16_t port = test_free_port("127.0.0.1");
    struct rig *rig = rig_on(_i, "bind: [127.0.0.1, 0.0.0.0, 127.0.0.2]", port);
    int fd = test_udp("127.0.0.1", 0);
    struct amtg_peer peer = peer_of("127.0.0.1", test_port(fd), "127.0.0.2");

    rig_push(rig, "in", reply_to(rig, &peer, "data"));
    test_await_counter(rig, "copies", 1);
    expect(fd, "data", "127.0.0.2", port);
    close(fd);
    rig_free(rig);
}
END_TEST

START_TEST(an_address_that_is_not_ours_is_named)
{
    static const char text[] =
        "amtgraph: 1\nname: t\nelements:\n  it: {class: udp-socket, bind: 192.0.2.77}\n";
    struct amtg_graph_options options = {.classes = amtg_classes, .ports_may_be_open = true};
    struct amtg_runtime_options run = {.clock = AMTG_CLOCK_REAL};
    struct amtg_diag *diag = amtg_diag_new();
    struct amtg_graph *graph = amtg_graph_parse("t", text, strlen(text), &options, diag);
    enum amtg_err err;
    char why[512];

    ck_assert_ptr_nonnull(graph);
    struct amtg_runtime *rt = amtg_runtime_new(graph, &run, &err, why, sizeof why);
    ck_assert_ptr_nonnull(rt);
    ck_assert_int_eq(amtg_runtime_start(rt, why, sizeof why), AMTG_ESYSTEM);
    ck_assert_msg(strstr(why, "192.0.2.77 port 2268") && strstr(why, "it (udp-socket)"), "%s", why);
    amtg_runtime_free(rt);
    amtg_graph_free(graph);
    amtg_diag_free(diag);
}
END_TEST

static unsigned problems_of(const char *params)
{
    char text[256];
    struct amtg_graph_options options = {.classes = amtg_classes, .ports_may_be_open = true};
    struct amtg_diag *diag = amtg_diag_new();

    snprintf(text, sizeof text, "amtgraph: 1\nname: t\nelements:\n  it: {class: udp-socket, %s}\n",
             params);
    struct amtg_graph *graph = amtg_graph_parse("t", text, strlen(text), &options, diag);
    amtg_graph_free(graph);
    amtg_diag_free(diag);
    return graph == NULL;
}

START_TEST(addresses_that_make_no_sense_are_refused)
{
    ck_assert(!problems_of("bind: 127.0.0.1"));
    ck_assert(!problems_of("bind: [none, 127.0.0.1]"));
    ck_assert(problems_of("bind: none"));
    ck_assert(problems_of("bind: 232.1.1.1"));
    ck_assert(problems_of("bind: [127.0.0.1, 127.0.0.1]"));
    ck_assert(problems_of("bind: 127.0.0.1, also: 0.0.0.0"));
}
END_TEST

static const char *source_towards(struct rig *rig, const char *remote)
{
    static char text[AMTG_ADDR_TEXT];
    struct amtg_element *it = rig_element(rig, "it");
    const struct amtg_source_address_ops *ops = amtg_ops(it, &amtg_source_address);
    struct amtg_addr a, out;

    ck_assert(amtg_addr_parse(remote, &a));
    return ops->towards(it, &a, 0, &out) ? amtg_addr_text(&out, text) : "nothing";
}

START_TEST(the_source_address_is_one_that_is_bound)
{
    struct rig *rig = rig_on(_i, "bind: [0.0.0.0, \"::1\"]", 0);
    ck_assert_str_eq(source_towards(rig, "127.0.0.3"), "127.0.0.1");
    ck_assert_str_eq(source_towards(rig, "::1"), "::1");
    rig_free(rig);

    rig = rig_on(_i, "bind: [127.0.0.5, 127.0.0.6], also: 127.0.0.1", 0);
    ck_assert_str_eq(source_towards(rig, "127.0.0.3"), "127.0.0.5");
    ck_assert_str_eq(source_towards(rig, "::1"), "nothing");
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("udp-socket", replies_leave_from_the_address_that_was_asked,
               datagrams_of_any_size_arrive_whole,
               ipv6_datagrams_without_checksum_are_taken_where_that_is_wanted,
               many_datagrams_come_in_batches_and_in_order, broadcasts_are_not_for_us, a_set_is_expanded_and_the_dead_are_skipped,
               a_reply_does_not_wait_behind_a_large_set, at_the_end_replies_still_leave_and_sets_are_dropped,
               a_copy_that_cannot_be_sent_does_not_hinder_the_next,
               a_closed_port_gives_a_record_and_nobody_else_misses_a_copy,
               a_send_that_failed_for_anothers_sake_is_repeated,
               an_error_between_two_sends_is_no_loss, an_address_beside_the_wildcard_is_bound_once,
               an_address_that_is_not_ours_is_named,
               addresses_that_make_no_sense_are_refused, the_source_address_is_one_that_is_bound)
