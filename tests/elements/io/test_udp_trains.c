/*
 * udp-socket: packets that wait for one set go to each destination as one message; what
 * becomes of it when the way takes none, when the system refuses, or when things change
 * meanwhile. On loopback; sendmmsg is this program's own, and can be told to fail.
 */
#include "tests/support/sockets.h"

#include <netinet/udp.h>
#include <sys/syscall.h>

#include "elements/io/udp_send.h"
#include "elements/registry.h"
#include "elements/wire/types.h"

enum { CLIENTS = 3, MOST = 64 };

/* ---- the system call, scripted --------------------------------------------------- */

static struct {
    bool no_trains;       /* as a kernel that does not know UDP_SEGMENT */
    bool refuse_trains;   /* as a link or a device that cannot do them */
    int refusal;          /* with this errno */
    unsigned most;        /* messages that one call sends; 0: all */
    int fail[16];         /* errno of the next calls, one each; 0: none */
    unsigned fails, failed;
    unsigned calls, messages, trains;
} script;

static bool is_train(const struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR((struct msghdr *)m, c))
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_SEGMENT)
            return true;
    return false;
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
    if (script.no_trains && level == IPPROTO_UDP && option == UDP_SEGMENT) {
        errno = ENOPROTOOPT;
        return -1;
    }
    return (int)syscall(SYS_setsockopt, fd, level, option, value, len);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    script.calls++;
    if (script.failed < script.fails && script.fail[script.failed++]) {
        errno = script.fail[script.failed - 1];
        return -1;
    }
    if (script.most && count > script.most)
        count = script.most;
    for (unsigned i = 0; i < count; i++)
        if (script.refuse_trains && is_train(&messages[i].msg_hdr)) {
            if (i == 0) {
                errno = script.refusal;
                return -1;
            }
            count = i;
        }
    for (unsigned i = 0; i < count; i++)
        script.trains += is_train(&messages[i].msg_hdr);
    script.messages += count;
    return (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
}

/* ---- a socket with clients ------------------------------------------------------- */

static int clients[CLIENTS];
static struct amtg_endpoint *endpoints[CLIENTS];
static struct amtg_set *set;
static struct rig *rig;

static struct amtg_set *set_of_all(void)
{
    struct amtg_set *s = amtg_set_new(CLIENTS);

    for (unsigned i = 0; i < CLIENTS; i++)
        ck_assert(amtg_set_add(&s, endpoints[i]));
    return s;
}

/* On whatever kernel the script says. */
static void begin_scripted(int shared, const char *address, const char *params)
{
    char text[256];

    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = test_udp(address, 0);
        struct amtg_peer peer = {.remote_port = test_port(clients[i])};
        ck_assert(amtg_addr_parse(address, &peer.remote));
        endpoints[i] = amtg_endpoint_new(&peer);
    }
    set = set_of_all();
    snprintf(text, sizeof text, "it: {class: udp-socket, port: 0, bind: \"%s\"%s}", address, params);
    rig = rig_new_real(shared, text);
}

static void begin_on(int shared, const char *address, const char *params)
{
    memset(&script, 0, sizeof script);
    begin_scripted(shared, address, params);
}

static void begin(int shared, const char *params)
{
    begin_on(shared, "127.0.0.1", params);
}

static void end(void)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        close(clients[i]);
        amtg_endpoint_free(endpoints[i]);
    }
    amtg_set_free(set);
    rig_free(rig);
}

/* A packet of `len` octets that begins with its number. */
static struct amtg_packet *numbered(uint8_t number, uint32_t len, struct amtg_set *to)
{
    uint8_t octets[2000];

    memset(octets, number, sizeof octets);
    struct amtg_packet *p = rig_packet(rig, AMTG_DATAGRAM, octets, len);
    amtg_packet_to_set(p, to);
    return p;
}

static void push(uint8_t first, unsigned count, uint32_t len)
{
    struct amtg_packet *packets[MOST];

    for (unsigned i = 0; i < count; i++)
        packets[i] = numbered((uint8_t)(first + i), len, set);
    rig_push_batch(rig, "in", packets, count);
}

static void expect(unsigned client, uint8_t number, uint32_t len)
{
    uint8_t got[2000];
    ssize_t n = test_receive(clients[client], got, sizeof got, NULL, NULL);

    ck_assert_msg(n == (ssize_t)len, "client %u, packet %u: %zd octets, not %u", client, number, n, len);
    ck_assert_uint_eq(got[0], number);
    ck_assert_uint_eq(got[len - 1], number);
}

static void expect_all(uint8_t first, unsigned count, uint32_t len)
{
    for (unsigned c = 0; c < CLIENTS; c++)
        for (unsigned i = 0; i < count; i++)
            expect(c, (uint8_t)(first + i), len);
}

static void expect_nothing_more(void)
{
    uint8_t got[64];

    for (unsigned c = 0; c < CLIENTS; c++)
        ck_assert_int_eq(recv(clients[c], got, sizeof got, MSG_DONTWAIT), -1);
}

/* ---- trains ---------------------------------------------------------------------- */

START_TEST(packets_of_one_set_are_one_message_to_each)
{
    static const char *const addresses[] = {"127.0.0.1", "::1"};

    for (unsigned f = 0; f < 2; f++) {
        begin_on(_i, addresses[f], "");
        push(1, 10, 500);
        test_await_counter(rig, "copies", 10 * CLIENTS);
        expect_all(1, 10, 500);
        ck_assert_uint_eq(script.messages, CLIENTS);
        ck_assert_uint_eq(script.calls, 1);
        ck_assert_uint_eq(rig_counter(rig, "trains"), CLIENTS);
        ck_assert_uint_eq(rig_counter(rig, "plain"), 0);
        expect_nothing_more();
        end();
    }
}
END_TEST

START_TEST(one_packet_is_no_train)
{
    begin(_i, "");
    push(1, 1, 500);
    test_await_counter(rig, "copies", CLIENTS);
    expect_all(1, 1, 500);
    ck_assert_uint_eq(script.trains, 0);
    ck_assert_uint_eq(rig_counter(rig, "trains"), 0);
    end();
}
END_TEST

START_TEST(the_last_of_a_train_may_be_shorter_and_another_size_ends_it)
{
    begin(_i, "");
    struct amtg_packet *packets[] = {numbered(1, 500, set), numbered(2, 500, set),
                                     numbered(3, 400, set), numbered(4, 500, set),
                                     numbered(5, 600, set)};
    rig_push_batch(rig, "in", packets, 5);
    test_await_counter(rig, "copies", 5 * CLIENTS);
    for (unsigned c = 0; c < CLIENTS; c++) {
        expect(c, 1, 500);
        expect(c, 2, 500);
        expect(c, 3, 400);
        expect(c, 4, 500);
        expect(c, 5, 600);
        ck_assert_uint_eq(endpoints[c]->copies, 5);
        ck_assert_uint_eq(endpoints[c]->octets, 500 + 500 + 400 + 500 + 600);
    }
    ck_assert_uint_eq(script.trains, CLIENTS); /* of 1, 2 and 3 */
    ck_assert_uint_eq(script.messages, 3 * CLIENTS);
    end();
}
END_TEST

/* The kernel cuts no datagram of nothing out of a message. */
START_TEST(an_empty_datagram_is_sent_by_itself)
{
    static const uint32_t lengths[] = {500, 500, 0, 0, 500};
    uint8_t got[600];

    begin(_i, "");
    struct amtg_packet *packets[5];
    for (unsigned i = 0; i < 5; i++)
        packets[i] = numbered((uint8_t)(i + 1), lengths[i], set);
    rig_push_batch(rig, "in", packets, 5);
    test_await_counter(rig, "copies", 5 * CLIENTS);
    for (unsigned c = 0; c < CLIENTS; c++)
        for (unsigned i = 0; i < 5; i++)
            ck_assert_int_eq(test_receive(clients[c], got, sizeof got, NULL, NULL), lengths[i]);
    expect_nothing_more();
    end();
}
END_TEST

/* A socket of all our addresses: each destination is sent to from the one that it knows. */
START_TEST(each_copy_leaves_from_its_own_address)
{
    static const uint8_t any[16];

    begin_on(_i, "0.0.0.0", "");
    for (unsigned c = 0; c < CLIENTS; c++) {
        ck_assert(amtg_addr_parse("127.0.0.1", &endpoints[c]->peer.remote));
        endpoints[c]->peer.local = c == 2 ? amtg_addr_from4(any) : endpoints[c]->peer.remote;
    }
    ck_assert(amtg_addr_parse("127.0.0.3", &endpoints[1]->peer.local));
    push(1, 1, 200);
    test_await_counter(rig, "copies", CLIENTS);
    for (unsigned c = 0; c < CLIENTS; c++) {
        struct amtg_addr from;
        uint16_t port;
        uint8_t got[300];
        ck_assert_int_eq(test_receive(clients[c], got, sizeof got, &from, &port), 200);
        ck_assert(amtg_addr_equal(&from, c == 1 ? &endpoints[1]->peer.local : &endpoints[c]->peer.remote));
    }
    end();
}
END_TEST

/* Streams that come mixed: each has its trains, and its order. */
START_TEST(packets_of_other_sets_do_not_break_a_train)
{
    begin(_i, "");
    struct amtg_set *other = set_of_all();
    struct amtg_packet *packets[12];
    for (unsigned i = 0; i < 12; i++)
        packets[i] = numbered((uint8_t)(i + 1), 300, i % 2 ? other : set);
    rig_push_batch(rig, "in", packets, 12);
    test_await_counter(rig, "copies", 12 * CLIENTS);
    ck_assert_uint_eq(script.messages, 2 * CLIENTS);
    for (unsigned c = 0; c < CLIENTS; c++) {
        uint8_t last[2] = {0}, got[400];
        for (unsigned i = 0; i < 12; i++) {
            ck_assert_int_eq(test_receive(clients[c], got, sizeof got, NULL, NULL), 300);
            ck_assert_uint_gt(got[0], last[got[0] % 2]);
            last[got[0] % 2] = got[0];
        }
    }
    amtg_set_free(other);
    end();
}
END_TEST

START_TEST(another_tos_ends_a_train)
{
    begin(_i, "");
    struct amtg_packet *packets[4];
    for (unsigned i = 0; i < 4; i++) {
        packets[i] = numbered((uint8_t)(i + 1), 300, set);
        amtg_packet_set_tos(packets[i], i < 2 ? 0x20 : 0x40);
    }
    rig_push_batch(rig, "in", packets, 4);
    test_await_counter(rig, "copies", 4 * CLIENTS);
    expect_all(1, 4, 300);
    ck_assert_uint_eq(script.trains, 2 * CLIENTS);
    end();
}
END_TEST

START_TEST(a_train_holds_what_a_datagram_can)
{
    begin(_i, "");
    push(1, 64, 1346); /* 48 of these are 64608 octets, 49 are too many */
    test_await_counter(rig, "copies", 64 * CLIENTS);
    expect_all(1, 64, 1346);
    ck_assert_uint_eq(script.messages, 2 * CLIENTS);
    end();
    begin(_i, ", trains: 5");
    push(1, 12, 100);
    test_await_counter(rig, "copies", 12 * CLIENTS);
    expect_all(1, 12, 100);
    ck_assert_uint_eq(script.messages, 3 * CLIENTS);
    end();
    begin(_i, ", trains: 1");
    push(1, 12, 100);
    test_await_counter(rig, "copies", 12 * CLIENTS);
    expect_all(1, 12, 100);
    ck_assert_uint_eq(script.trains, 0);
    end();
}
END_TEST

START_TEST(who_has_gone_meanwhile_is_skipped)
{
    begin(_i, "");
    push(1, 4, 200);
    endpoints[1]->dead = true;
    test_await_counter(rig, "copies", 4 * (CLIENTS - 1));
    for (unsigned i = 0; i < 4; i++) {
        expect(0, (uint8_t)(1 + i), 200);
        expect(2, (uint8_t)(1 + i), 200);
    }
    expect_nothing_more();
    end();
}
END_TEST

/* A turn ends in the middle of a set; what comes then does not join what is under way. */
START_TEST(a_train_under_way_takes_no_more)
{
    begin(_i, ", copies-per-turn: 3");
    push(1, 3, 200);
    rig_step(rig, 0); /* two turns: two destinations have their three */
    ck_assert_uint_eq(rig_counter(rig, "copies"), 6);
    push(4, 2, 200);
    test_await_counter(rig, "copies", 5 * CLIENTS);
    expect_all(1, 5, 200);
    expect_nothing_more();
    end();
}
END_TEST

START_TEST(a_reply_overtakes_the_rest_of_a_train)
{
    begin(_i, ", copies-per-turn: 3");
    push(1, 3, 200);
    rig_step(rig, 0);
    struct amtg_packet *reply = rig_packet(rig, AMTG_DATAGRAM, "\xee", 1);
    amtg_packet_to_peer(reply, &endpoints[2]->peer);
    rig_push(rig, "in", reply);
    test_await_counter(rig, "copies", 3 * CLIENTS + 1);
    expect(2, 0xee, 1); /* before the set's own, which were pushed earlier */
    expect_all(1, 3, 200);
    end();
}
END_TEST

/* ---- what cannot be had as trains ------------------------------------------------ */

START_TEST(a_way_that_takes_no_trains_gets_datagrams)
{
    static const int errors[] = {EINVAL, EMSGSIZE, EIO, EOPNOTSUPP};

    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++) {
        begin(_i, "");
        script.refuse_trains = true;
        script.refusal = errors[i];
        push(1, 4, 200);
        test_await_counter(rig, "copies", 4 * CLIENTS);
        expect_all(1, 4, 200);
        ck_assert_uint_eq(rig_counter(rig, "plain"), CLIENTS);
        ck_assert_uint_eq(rig_counter(rig, "trains"), 0);
        unsigned calls = script.calls;
        push(5, 4, 200); /* it is known by now */
        test_await_counter(rig, "copies", 8 * CLIENTS);
        expect_all(5, 4, 200);
        ck_assert_uint_eq(script.calls, calls + 1);
        ck_assert_uint_eq(rig_drops_all(rig), 0);
        expect_nothing_more();
        end();
    }
}
END_TEST

/* Linux before 4.18 */
START_TEST(a_kernel_without_trains_sends_datagrams)
{
    char *said;
    size_t length;
    FILE *log = open_memstream(&said, &length);

    memset(&script, 0, sizeof script);
    script.no_trains = true;
    rig_log_to(log);
    begin_scripted(_i, "127.0.0.1", "");
    push(1, 4, 200);
    test_await_counter(rig, "copies", 4 * CLIENTS);
    expect_all(1, 4, 200);
    ck_assert_uint_eq(script.trains, 0);
    ck_assert_uint_eq(script.messages, 4 * CLIENTS);
    ck_assert_uint_eq(rig_counter(rig, "plain"), 0); /* of nobody's way has anything been found out */
    expect_nothing_more();
    end();
    fclose(log);
    rig_log_to(NULL);
    ck_assert_ptr_nonnull(strstr(said, "no-trains"));
    ck_assert_ptr_null(strstr(strstr(said, "no-trains") + 1, "no-trains")); /* once */
    free(said);
}
END_TEST

/* Its way may have changed: after AMTG_TRAINS_AGAIN it is tried again, and not before. */
START_TEST(a_way_that_took_no_trains_is_tried_again)
{
    begin(_i, "");
    const struct amtg_element *it = rig_element(rig, "it");
    script.refuse_trains = true;
    script.refusal = EINVAL;
    push(1, 4, 200);
    test_await_counter(rig, "copies", 4 * CLIENTS);
    for (unsigned c = 0; c < CLIENTS; c++) {
        ck_assert_uint_le(endpoints[c]->plain_ns, amtg_now(it) + AMTG_TRAINS_AGAIN);
        ck_assert_uint_gt(endpoints[c]->plain_ns, amtg_now(it));
    }
    script.refuse_trains = false;
    endpoints[1]->plain_ns = amtg_now(it); /* as if it were over for this one */
    push(5, 4, 200);
    test_await_counter(rig, "copies", 8 * CLIENTS);
    ck_assert_uint_eq(script.trains, 1);
    expect_all(1, 8, 200);

    script.refuse_trains = true; /* and again it takes none */
    endpoints[1]->plain_ns = amtg_now(it);
    push(9, 4, 200);
    test_await_counter(rig, "copies", 12 * CLIENTS);
    expect_all(9, 4, 200);
    ck_assert_uint_eq(rig_counter(rig, "plain"), CLIENTS + 1);
    ck_assert_uint_gt(endpoints[1]->plain_ns, amtg_now(it));
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    end();
}
END_TEST

/* Anybody can send an ICMP error; it fails the next send to whomever. */
START_TEST(an_icmp_error_about_another_costs_nobody_his_trains)
{
    begin(_i, "");
    int gone = test_udp("127.0.0.1", 0);
    struct amtg_peer nobody = {.remote_port = test_port(gone)};
    struct amtg_packet *packets[5];

    close(gone);
    ck_assert(amtg_addr_parse("127.0.0.1", &nobody.remote));
    packets[0] = rig_packet(rig, AMTG_DATAGRAM, "x", 1); /* sent first; its error waits then */
    amtg_packet_to_peer(packets[0], &nobody);
    for (unsigned i = 1; i < 5; i++)
        packets[i] = numbered((uint8_t)i, 200, set);
    script.fail[1] = EMSGSIZE;
    script.fails = 2;
    rig_push_batch(rig, "in", packets, 5);
    test_await_counter(rig, "copies", 1 + 4 * CLIENTS);
    expect_all(1, 4, 200);
    ck_assert_uint_eq(rig_counter(rig, "plain"), 0);
    ck_assert_uint_eq(script.trains, CLIENTS);
    ck_assert_uint_eq(rig_count(rig, "unreachable"), 1);
    rig_ignore(rig, "unreachable");
    end();
}
END_TEST

START_TEST(others_keep_their_trains)
{
    begin(_i, "");
    endpoints[1]->plain_ns = UINT64_MAX;
    push(1, 4, 200);
    test_await_counter(rig, "copies", 4 * CLIENTS);
    expect_all(1, 4, 200);
    ck_assert_uint_eq(script.trains, CLIENTS - 1);
    ck_assert_uint_eq(script.messages, CLIENTS - 1 + 4);
    end();
}
END_TEST

START_TEST(short_returns_and_full_devices_lose_nothing)
{
    begin(_i, "");
    script.most = 1;
    script.fail[0] = ENOBUFS;
    script.fail[2] = EINTR;
    script.fail[3] = EAGAIN;
    script.fails = 5;
    endpoints[1]->plain_ns = UINT64_MAX; /* resumed within its datagrams, too */
    push(1, 4, 200);
    test_await_counter(rig, "copies", 4 * CLIENTS);
    expect_all(1, 4, 200);
    expect_nothing_more();
    for (unsigned c = 0; c < CLIENTS; c++)
        ck_assert_uint_eq(endpoints[c]->copies, 4);
    ck_assert_uint_eq(rig_counter(rig, "waits"), 2);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    end();
}
END_TEST

/* No memory for a moment is a device that is full for a moment: tried again after a pause. */
START_TEST(a_kernel_short_of_memory_is_asked_again)
{
    begin(_i, "");
    script.fail[0] = script.fail[1] = ENOMEM;
    script.fails = 2;
    push(1, 4, 200);
    test_await_counter(rig, "copies", 4 * CLIENTS);
    expect_all(1, 4, 200);
    expect_nothing_more();
    ck_assert_uint_eq(rig_counter(rig, "waits"), 2);
    ck_assert_uint_eq(script.trains, CLIENTS);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    end();
}
END_TEST

/* One that stays short costs the copies at hand, by name; the next message has its own tries. */
START_TEST(a_kernel_that_stays_short_of_memory_costs_copies_that_are_counted)
{
    begin(_i, "");
    for (; script.fails < 9; script.fails++) /* eight pauses, and the end */
        script.fail[script.fails] = ENOMEM;
    push(1, 4, 200);
    test_await_counter(rig, "copies", 4 * (CLIENTS - 1));
    ck_assert_uint_eq(rig_drops(rig, "no-device-room"), 4);
    ck_assert_uint_eq(rig_counter(rig, "waits"), 8);
    ck_assert_uint_eq(endpoints[0]->copies, 0);
    for (unsigned i = 0; i < 4; i++) {
        expect(1, (uint8_t)(1 + i), 200);
        expect(2, (uint8_t)(1 + i), 200);
    }
    expect_nothing_more();
    end();
}
END_TEST

START_TEST(copies_that_are_given_up_are_counted_each)
{
    begin(_i, "");
    for (script.fails = 0; script.fails < 2; script.fails++)
        script.fail[script.fails] = EACCES; /* tried twice, then given up */
    push(1, 4, 200);
    test_await_counter(rig, "copies", 4 * (CLIENTS - 1));
    ck_assert_uint_eq(rig_drops(rig, "not-permitted"), 4);
    ck_assert_uint_eq(endpoints[0]->copies, 0);
    for (unsigned i = 0; i < 4; i++) {
        expect(1, (uint8_t)(1 + i), 200);
        expect(2, (uint8_t)(1 + i), 200);
    }
    expect_nothing_more();
    end();
}
END_TEST

/* ---- waiting for others ---------------------------------------------------------- */

START_TEST(nothing_waits_unless_that_is_wanted)
{
    begin(_i, "");
    push(1, 1, 200);
    rig_step(rig, 0);
    ck_assert_uint_eq(rig_counter(rig, "copies"), CLIENTS);
    end();

    begin(_i, ", coalesce: 50ms, trains: 4");
    push(1, 1, 200);
    rig_step(rig, 0);
    push(2, 1, 200);
    rig_step(rig, 0);
    ck_assert_uint_eq(rig_counter(rig, "copies"), 0);
    test_await_counter(rig, "copies", 2 * CLIENTS); /* the time is over */
    ck_assert_uint_eq(script.trains, CLIENTS);
    expect_all(1, 2, 200);
    push(3, 4, 200); /* enough for a train: no more waiting */
    rig_step(rig, 0);
    ck_assert_uint_eq(rig_counter(rig, "copies"), 6 * CLIENTS);
    expect_all(3, 4, 200);
    push(7, 1, 200);
    end(); /* waits in vain: dropped as stopped, and accounted for */
}
END_TEST

AMTG_RIG_SUITE("udp-socket: trains", packets_of_one_set_are_one_message_to_each,
               one_packet_is_no_train,
               the_last_of_a_train_may_be_shorter_and_another_size_ends_it,
               an_empty_datagram_is_sent_by_itself, each_copy_leaves_from_its_own_address,
               packets_of_other_sets_do_not_break_a_train, another_tos_ends_a_train,
               a_train_holds_what_a_datagram_can, who_has_gone_meanwhile_is_skipped,
               a_train_under_way_takes_no_more, a_reply_overtakes_the_rest_of_a_train,
               a_way_that_takes_no_trains_gets_datagrams, a_kernel_without_trains_sends_datagrams,
               a_way_that_took_no_trains_is_tried_again,
               an_icmp_error_about_another_costs_nobody_his_trains, others_keep_their_trains,
               short_returns_and_full_devices_lose_nothing, a_kernel_short_of_memory_is_asked_again,
               a_kernel_that_stays_short_of_memory_costs_copies_that_are_counted,
               copies_that_are_given_up_are_counted_each, nothing_waits_unless_that_is_wanted)
