/*
 * packet-socket on a cable in a namespace of its own: frames as the kernel would make them,
 * next hops as its tables say, and all else by `rest`.
 * Covers, R-72 (outer DF set), R-73, R-74 (outer packets whole), E-3.
 */
#include "tests/support/netns.h"
#include "tests/support/sockets.h"

#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "core/cursor.h"
#include "elements/wire/types.h"
#include "elements/wire/udp.h"

enum { PORT = 2268 };

#define MAC "02:00:00:00:00:09"
static const uint8_t mac[ETH_ALEN] = {2, 0, 0, 0, 0, 9}, other_mac[ETH_ALEN] = {2, 0, 0, 0, 0, 8};

/* The system call, which can be told that the kernel has lost what it had to say. */
static bool news_are_lost;

ssize_t recv(int fd, void *octets, size_t len, int flags)
{
    ssize_t n = syscall(SYS_recvfrom, fd, octets, len, flags, NULL, NULL);
    int domain = 0;
    socklen_t room = sizeof domain;

    if (n < 0 || !news_are_lost || !(flags & MSG_DONTWAIT) ||
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &room) < 0 || domain != AF_NETLINK)
        return n;
    while (syscall(SYS_recvfrom, fd, octets, len, flags, NULL, NULL) > 0)
        continue;
    errno = ENOBUFS;
    return -1;
}

/* The same: it sends nothing next time, for this reason. */
static int refusal;

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    if (!refusal)
        return (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
    errno = refusal;
    refusal = 0;
    return -1;
}

static struct amtg_peer peer_of(const char *remote, uint16_t port, const char *local)
{
    struct amtg_peer peer = {.remote_port = port};
    ck_assert(amtg_addr_parse(remote, &peer.remote));
    if (local) {
        ck_assert(amtg_addr_parse(local, &peer.local));
        peer.local_port = PORT;
    }
    return peer;
}

static struct amtg_set *set_of(const struct amtg_peer *peers, unsigned count)
{
    struct amtg_set *set = amtg_set_new(count);

    for (unsigned i = 0; i < count; i++) {
        struct amtg_endpoint *endpoint = amtg_endpoint_new(&peers[i]);
        ck_assert(amtg_set_add(&set, endpoint));
        amtg_endpoint_free(endpoint);
    }
    return set;
}

static struct amtg_packet *packet(struct rig *rig, size_t len)
{
    static uint8_t octets[9000];

    for (unsigned i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(i * 7 + 1);
    return rig_packet(rig, AMTG_DATAGRAM, octets, len);
}

static void push_to_set(struct rig *rig, struct amtg_set *set, size_t len)
{
    struct amtg_packet *p = packet(rig, len);
    amtg_packet_to_set(p, set);
    rig_push(rig, "in", p);
}

static void push(struct rig *rig, const struct amtg_peer *peer, size_t len)
{
    struct amtg_packet *p = packet(rig, len);
    amtg_packet_to_peer(p, peer);
    rig_push(rig, "in", p);
}

/* Sees the frames that arrive at v1. */
static int listen_on_v1(void)
{
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETH_P_ALL),
                             .sll_ifindex = (int)if_nametoindex("v1")};
    ck_assert(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    return fd;
}

/* The next one from our port; what it says is verified. false: there is none. */
struct frame {
    uint8_t octets[9100];
    uint32_t len;
    struct amtg_ip ip;
    struct amtg_udp udp;
};

static bool next_frame(int fd, struct frame *f)
{
    for (;;) {
        ssize_t n = recv(fd, f->octets, sizeof f->octets, 0);
        if (n < 0)
            return false;
        f->len = (uint32_t)n;
        if (n <= ETH_HLEN || amtg_ip_parse(f->octets + ETH_HLEN, f->len - ETH_HLEN, &f->ip) ||
            f->ip.protocol != IPPROTO_UDP)
            continue;
        ck_assert_int_eq(amtg_udp_parse(f->octets + ETH_HLEN, &f->ip, false, &f->udp),
                         AMTG_UDP_SOUND);
        if (f->udp.peer.remote_port == PORT)
            return true;
    }
}

static void expect_frame(int fd, const uint8_t *to, const struct amtg_peer *peer, size_t len)
{
    struct frame f;

    ck_assert(next_frame(fd, &f));
    ck_assert_mem_eq(f.octets, to, ETH_ALEN);
    ck_assert(amtg_addr_equal(&f.ip.dst, &peer->remote));
    ck_assert_uint_eq(f.udp.peer.local_port, peer->remote_port);
    ck_assert_uint_eq(f.udp.payload_octets, len);
}

static void expect_no_frame(int fd)
{
    struct frame f;
    ck_assert(!next_frame(fd, &f));
}

/* The other end has no address: what is sent there just arrives at the listener. */
static void cable_to_nowhere(void)
{
    netns_run("ip addr flush dev v1 && ip link set v1 address " MAC " && "
              "ip neigh add 10.0.0.2 lladdr " MAC " dev v0 && "
              "ip neigh add fd00::2 lladdr " MAC " dev v0");
}

static struct rig *rig_with(int shared, const char *params)
{
    char text[128];
    snprintf(text, sizeof text, "it: {class: packet-socket%s}", params);
    return rig_new_real(shared, text);
}

/* One packet that leaves by `rest`, to so many of a set. */
static struct amtg_packet *take_rest(struct rig *rig, unsigned destinations)
{
    test_await(rig, "rest", 1);
    struct amtg_packet *p = rig_take(rig, "rest");
    ck_assert_ptr_nonnull(p->to);
    ck_assert_uint_eq(p->to->count, destinations);
    return p;
}

static void expect_rest(struct rig *rig, unsigned destinations)
{
    amtg_packet_free(take_rest(rig, destinations));
}

/* ---- frames ---------------------------------------------------------------- */

/* Both families; of the odd lengths too the checksum is right, for each of those who share a sum. */
START_TEST(a_frame_says_what_a_datagram_would)
{
    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_with(_i, ", hop-limit: 33, dscp: 34");
    int fd = listen_on_v1();
    struct amtg_peer four[] = {peer_of("10.0.0.2", 5, "10.0.0.1"), peer_of("10.0.0.2", 65535, NULL)};
    struct amtg_peer six[] = {peer_of("fd00::2", 5, "fd00::1"), peer_of("fd00::2", 6, NULL)};
    struct amtg_set *sets[] = {set_of(four, 2), set_of(six, 2)};
    const size_t lengths[2][2] = {{1472, 1}, {1452, 35}};
    struct frame f;

    for (unsigned family = 0; family < 2; family++)
        for (unsigned i = 0; i < 2; i++) {
            push_to_set(rig, sets[family], lengths[family][i]);
            test_await_counter(rig, "copies", family * 4 + i * 2 + 2);
            for (unsigned k = 0; k < 2; k++) {
                const struct amtg_peer *peer = family ? &six[k] : &four[k];
                ck_assert(next_frame(fd, &f));
                ck_assert_mem_eq(f.octets, mac, ETH_ALEN);
                ck_assert(amtg_addr_equal(&f.ip.dst, &peer->remote));
                ck_assert_msg(f.octets[ETH_HLEN + (family ? 23 : 15)] == 1, "not our address");
                ck_assert_uint_eq(f.udp.peer.local_port, peer->remote_port);
                ck_assert_uint_eq(f.udp.payload_octets, lengths[family][i]);
                ck_assert_uint_eq(f.octets[ETH_HLEN + f.udp.payload], 1);
                ck_assert_uint_eq(f.ip.hops, 33);
                ck_assert_uint_eq(f.ip.tos, 34 << 2);
                ck_assert(f.ip.dont_fragment && !f.ip.fragment);
            }
        }
    ck_assert_uint_eq(rig_counter(rig, "asked"), 4);
    expect_no_frame(fd);
    for (unsigned family = 0; family < 2; family++)
        amtg_set_free(sets[family]);
    close(fd);
    rig_free(rig);
}
END_TEST

/* The payload is summed once for all copies, also where the first of them is no frame, or has gone. */
START_TEST(each_packet_is_summed_anew)
{
    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_with(_i, "");
    int fd = listen_on_v1();
    struct amtg_peer peers[] = {peer_of("10.0.0.7", 5, "10.0.0.1"), peer_of("10.0.0.2", 5, "10.0.0.1")};
    struct amtg_set *set = set_of(peers, 2);

    for (unsigned i = 0; i < 8; i++) {
        set->entries[0]->dead = i >= 4;
        push_to_set(rig, set, 20 + i);
        test_await_counter(rig, "copies", i + 1);
        expect_frame(fd, mac, &peers[1], 20 + i); /* its checksum too */
        rig_ignore(rig, "rest");
    }
    amtg_set_free(set);
    close(fd);
    rig_free(rig);
}
END_TEST

/* ECN goes to those who heed it, by frames and by the rest. */
START_TEST(ecn_is_for_those_who_heed_it)
{
    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_with(_i, "");
    int fd = listen_on_v1();
    struct amtg_peer peers[] = {peer_of("10.0.0.2", 5, "10.0.0.1"), peer_of("10.0.0.2", 6, "10.0.0.1"),
                                peer_of("10.0.0.7", 7, "10.0.0.1")};
    peers[1].ecn = true;
    struct amtg_set *set = set_of(peers, 3);
    struct amtg_packet *p = packet(rig, 40);
    struct frame f;

    amtg_packet_to_set(p, set);
    amtg_packet_set_tos(p, 0xb8 | 2);
    rig_push(rig, "in", p);
    test_await_counter(rig, "copies", 2);
    ck_assert(next_frame(fd, &f));
    ck_assert_uint_eq(f.ip.tos, 0xb8);
    ck_assert(next_frame(fd, &f));
    ck_assert_uint_eq(f.ip.tos, 0xb8 | 2);
    p = take_rest(rig, 1);
    ck_assert(p->flags & AMTG_HAS_TOS);
    ck_assert_uint_eq(p->tos, 0xb8 | 2);
    amtg_packet_free(p);
    amtg_set_free(set);
    close(fd);
    rig_free(rig);
}
END_TEST

/* A set is expanded in turns, between which its endpoints may go. */
START_TEST(expansion_stops_and_goes_on)
{
    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_with(_i, ", copies-per-turn: 2");
    int fd = listen_on_v1();
    struct amtg_peer peers[5], alone = peer_of("10.0.0.2", 99, "10.0.0.1");
    for (unsigned i = 0; i < 5; i++)
        peers[i] = peer_of("10.0.0.2", (uint16_t)(10 + i), "10.0.0.1");
    struct amtg_set *set = set_of(peers, 5);

    push_to_set(rig, set, 100);
    push_to_set(rig, set, 101);
    rig_step(rig, 0);
    ck_assert_uint_le(rig_counter(rig, "copies"), 4);
    ck_assert_uint_gt(rig_counter(rig, "queued"), 0);
    set->entries[4]->dead = true; /* whose turn was not yet */
    push(rig, &alone, 50);
    test_await_counter(rig, "copies", 9);
    for (unsigned i = 0, reply = 0; i < 9; i++) {
        struct frame f;
        ck_assert(next_frame(fd, &f));
        if (f.udp.peer.local_port == 99) { /* a reply does not wait for the sets */
            ck_assert_uint_lt(i, 8);
            reply = 1;
            continue;
        }
        ck_assert_uint_eq(f.udp.peer.local_port, 10 + (i - reply) % 4);
        ck_assert_uint_eq(f.udp.payload_octets, i - reply < 4 ? 100 : 101);
    }
    ck_assert_uint_eq(rig_counter(rig, "queued"), 0);
    for (unsigned i = 0; i < 5; i++) { /* what `show` says of a gateway */
        ck_assert_uint_eq(set->entries[i]->copies, i == 4 ? 0 : 2);
        ck_assert_uint_eq(set->entries[i]->octets, i == 4 ? 0 : 100 + 101);
    }
    amtg_set_free(set);
    close(fd);
    rig_free(rig);
}
END_TEST

/* ---- next hops ------------------------------------------------------------- */

/* Steps until the kernel's news have come: a packet to `peer` then arrives as a frame to `to`. */
static void await_frame(struct rig *rig, int fd, const struct amtg_peer *peer, const uint8_t *to)
{
    struct amtg_set *set = set_of(peer, 1);
    struct frame f;

    for (unsigned tries = 0; tries < 300; tries++) {
        push_to_set(rig, set, 20);
        rig_step(rig, 10 * AMTG_MS);
        rig_ignore(rig, "rest");
        if (next_frame(fd, &f) && memcmp(f.octets, to, ETH_ALEN) == 0) {
            ck_assert(amtg_addr_equal(&f.ip.dst, &peer->remote));
            amtg_set_free(set);
            while (next_frame(fd, &f))
                continue;
            return;
        }
    }
    ck_abort_msg("no frame came");
}

/* Likewise, until it leaves by `rest` and is counted as that. */
static void await_rest(struct rig *rig, const struct amtg_peer *peer, const char *why)
{
    struct amtg_set *set = set_of(peer, 1);
    uint64_t before = rig_counter(rig, why);

    for (unsigned tries = 0; tries < 300 && rig_counter(rig, why) == before; tries++) {
        push_to_set(rig, set, 20);
        rig_step(rig, 10 * AMTG_MS);
    }
    ck_assert_msg(rig_counter(rig, why) > before, "nothing was %s", why);
    rig_ignore(rig, "rest");
    amtg_set_free(set);
}

static void neighbour_comes_and_goes(int shared, const char *remote, const char *local)
{
    netns_enter();
    netns_run("ip addr flush dev v1");
    struct rig *rig = rig_with(shared, "");
    int fd = listen_on_v1();
    struct amtg_peer peer = peer_of(remote, 5, local);
    struct amtg_set *set = set_of(&peer, 1);

    push_to_set(rig, set, 20);
    expect_rest(rig, 1);
    ck_assert_uint_eq(rig_counter(rig, "unresolved"), 1);
    netns_run("ip neigh replace %s lladdr " MAC " dev v0", remote);
    await_frame(rig, fd, &peer, mac);
    netns_run("ip neigh replace %s lladdr 02:00:00:00:00:08 dev v0", remote);
    await_frame(rig, fd, &peer, other_mac);
    netns_run("ip neigh del %s dev v0", remote);
    await_rest(rig, &peer, "unresolved");
    ck_assert_uint_eq(rig_counter(rig, "indirect"), 0);
    ck_assert_uint_eq(rig_counter(rig, "forgotten"), 0);
    amtg_set_free(set);
    close(fd);
    rig_free(rig);
}

START_TEST(an_ipv4_neighbour_comes_and_goes)
{
    neighbour_comes_and_goes(_i, "10.0.0.7", "10.0.0.1");
}
END_TEST

START_TEST(an_ipv6_neighbour_comes_and_goes)
{
    neighbour_comes_and_goes(_i, "fd00::7", "fd00::1");
}
END_TEST

/* A single packet keeps its destination. */
START_TEST(a_reply_to_an_unknown_neighbour_goes_by_the_rest)
{
    netns_enter();
    struct rig *rig = rig_with(_i, "");
    struct amtg_peer peer = peer_of("10.0.0.7", 5, "10.0.0.1");

    push(rig, &peer, 20);
    test_await(rig, "rest", 1);
    struct amtg_packet *p = rig_take(rig, "rest");
    ck_assert(p->flags & AMTG_ADDRESSED_ONE);
    ck_assert_mem_eq(&p->peer, &peer, sizeof peer);
    ck_assert_ptr_null(p->to);
    amtg_packet_free(p);
    rig_free(rig);
}
END_TEST

/* Frames do not tell the kernel that a neighbour is in use: one datagram a second does. */
START_TEST(a_neighbour_not_heard_for_long_is_looked_for)
{
    netns_enter();
    netns_run("ip addr flush dev v1 && ip neigh add 10.0.0.7 lladdr " MAC " nud stale dev v0");
    struct rig *rig = rig_with(_i, "");
    int fd = listen_on_v1();
    struct amtg_peer peer = peer_of("10.0.0.7", 5, "10.0.0.1");
    struct amtg_set *set = set_of(&peer, 1);

    for (unsigned i = 0; i < 3; i++)
        push_to_set(rig, set, 20);
    test_await_counter(rig, "copies", 2);
    ck_assert_uint_eq(rig_counter(rig, "confirming"), 1);
    expect_rest(rig, 1);
    expect_frame(fd, mac, &peer, 20);
    expect_frame(fd, mac, &peer, 20);
    expect_no_frame(fd);
    amtg_set_free(set);
    close(fd);
    rig_free(rig);
}
END_TEST

/* One of a set by a frame, the others of it together by the rest. */
START_TEST(what_no_frame_suits_stays_together)
{
    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_with(_i, "");
    int fd = listen_on_v1();
    struct amtg_peer peers[] = {
        peer_of("127.0.0.1", 5, "127.0.0.1"), peer_of("10.0.0.2", 5, "10.0.0.1"),
        peer_of("10.0.0.1", 5, "10.0.0.1"),   peer_of("192.0.2.1", 5, "10.0.0.1"),
        peer_of("10.0.0.7", 5, "10.0.0.1"),   peer_of("10.0.0.255", 5, "10.0.0.1")};
    struct amtg_set *set = set_of(peers, 6);

    push_to_set(rig, set, 20);
    struct amtg_packet *p = take_rest(rig, 5);
    ck_assert_uint_eq(p->len, 20);
    ck_assert_ptr_eq(p->to->entries[0], set->entries[0]);
    ck_assert_ptr_eq(p->to->entries[1], set->entries[2]);
    ck_assert_ptr_eq(p->to->entries[2], set->entries[3]);
    ck_assert_ptr_eq(p->to->entries[3], set->entries[4]);
    ck_assert_ptr_eq(p->to->entries[4], set->entries[5]);
    amtg_packet_free(p);
    expect_frame(fd, mac, &peers[1], 20);
    ck_assert_uint_eq(rig_counter(rig, "indirect"), 4); /* loopback, ourselves, nowhere, everybody */
    ck_assert_uint_eq(rig_counter(rig, "unresolved"), 1);
    amtg_set_free(set);
    close(fd);
    rig_free(rig);
}
END_TEST

/* ... and apart from those of another packet, though both are expanded at once. */
START_TEST(the_rests_of_two_packets_are_two)
{
    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_with(_i, "");
    struct amtg_peer peers[] = {peer_of("10.0.0.7", 5, "10.0.0.1"), peer_of("10.0.0.2", 5, "10.0.0.1"),
                                peer_of("10.0.0.8", 5, "10.0.0.1")};
    struct amtg_set *sets[] = {set_of(peers, 3), set_of(peers, 1)};
    struct amtg_packet *batch[] = {packet(rig, 20), packet(rig, 30)};

    for (unsigned i = 0; i < 2; i++)
        amtg_packet_to_set(batch[i], sets[i]);
    rig_push_batch(rig, "in", batch, 2);
    test_await(rig, "rest", 2);
    for (unsigned i = 0; i < 2; i++) {
        struct amtg_packet *p = rig_take(rig, "rest");
        ck_assert_uint_eq(p->len, i ? 30 : 20);
        ck_assert_uint_eq(p->to->count, i ? 1 : 2);
        amtg_packet_free(p);
        amtg_set_free(sets[i]);
    }
    ck_assert_uint_eq(rig_counter(rig, "copies"), 1);
    rig_free(rig);
}
END_TEST

/* A router on the way, and another one instead. */
START_TEST(a_route_leads_elsewhere)
{
    netns_enter();
    cable_to_nowhere();
    netns_run("ip neigh add 10.0.0.3 lladdr 02:00:00:00:00:08 dev v0 && "
              "ip route add 192.0.2.0/24 via 10.0.0.2");
    struct rig *rig = rig_with(_i, "");
    int fd = listen_on_v1();
    struct amtg_peer peer = peer_of("192.0.2.1", 5, NULL);

    await_frame(rig, fd, &peer, mac);
    netns_run("ip route replace 192.0.2.0/24 via 10.0.0.3");
    await_frame(rig, fd, &peer, other_mac);
    netns_run("ip route del 192.0.2.0/24");
    await_rest(rig, &peer, "indirect");
    close(fd);
    rig_free(rig);
}
END_TEST

/* Which table of routes is asked is a matter of rules. */
START_TEST(a_rule_leads_elsewhere)
{
    netns_enter();
    cable_to_nowhere();
    netns_run("ip neigh add 10.0.0.3 lladdr 02:00:00:00:00:08 dev v0 && "
              "ip route add 192.0.2.0/24 via 10.0.0.2 && "
              "ip route add 192.0.2.0/24 via 10.0.0.3 table 100");
    struct rig *rig = rig_with(_i, "");
    int fd = listen_on_v1();
    struct amtg_peer peer = peer_of("192.0.2.1", 5, NULL);

    await_frame(rig, fd, &peer, mac);
    netns_run("ip rule add to 192.0.2.0/24 table 100");
    await_frame(rig, fd, &peer, other_mac);
    netns_run("ip rule del to 192.0.2.0/24 table 100");
    await_frame(rig, fd, &peer, mac);
    close(fd);
    rig_free(rig);
}
END_TEST

/* The kernel has more to say than there is room for, and says so instead: all is asked again. */
START_TEST(news_that_are_lost_do_not_matter)
{
    netns_enter();
    cable_to_nowhere();
    netns_run("ip neigh add 10.0.0.3 lladdr 02:00:00:00:00:08 dev v0 && "
              "ip route add 192.0.2.0/24 via 10.0.0.2");
    struct rig *rig = rig_with(_i, "");
    int fd = listen_on_v1();
    struct amtg_peer peer = peer_of("192.0.2.1", 5, NULL);

    await_frame(rig, fd, &peer, mac);
    news_are_lost = true;
    netns_run("ip route replace 192.0.2.0/24 via 10.0.0.3");
    await_frame(rig, fd, &peer, other_mac);
    news_are_lost = false;
    close(fd);
    rig_free(rig);
}
END_TEST

/* A routing daemon that is busy does not keep us asking. */
START_TEST(many_changes_at_once_are_one)
{
    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_with(_i, "");
    uint64_t began = amtg_now(rig_element(rig, "it"));

    netns_run("for i in $(seq 40); do echo route add 192.0.2.$i via 10.0.0.2; done | ip -batch -");
    for (unsigned i = 0; i < 30; i++)
        rig_step(rig, 10 * AMTG_MS);
    rig_push(rig, "in", packet(rig, 20)); /* to nobody: a turn, which shows the counters */
    rig_step(rig, 10 * AMTG_MS);
    uint64_t tenths = (amtg_now(rig_element(rig, "it")) - began) / (100 * AMTG_MS);
    ck_assert_uint_ge(rig_counter(rig, "forgotten"), 1);
    ck_assert_uint_le(rig_counter(rig, "forgotten"), 2 + tenths);
    rig_free(rig);
}
END_TEST

/* Frames by a device without neighbours go to itself, as the kernel's do; a ninth device is not known. */
START_TEST(so_many_devices_are_known)
{
    netns_enter();
    netns_run("ip link set v0 address 02:00:00:00:00:08 arp off && "
              "for i in 2 3 4 5 6 7 8 9 10; do ip link add d$i arp off type veth peer name e$i && "
              "ip link set d$i up && ip link set e$i up && ip addr add 10.1.$i.1/24 dev d$i; done");
    struct rig *rig = rig_with(_i, "");
    int fd = listen_on_v1();
    struct amtg_peer peers[10] = {peer_of("10.0.0.7", 5, "10.0.0.1")};
    for (unsigned i = 1; i < 10; i++) {
        char text[20];
        snprintf(text, sizeof text, "10.1.%u.7", i + 1);
        peers[i] = peer_of(text, 5, NULL);
    }
    struct amtg_set *set = set_of(peers, 10);

    push_to_set(rig, set, 20);
    expect_rest(rig, 2);
    expect_frame(fd, other_mac, &peers[0], 20);
    expect_no_frame(fd);
    ck_assert_uint_eq(rig_counter(rig, "copies"), 8);
    ck_assert_uint_eq(rig_counter(rig, "indirect"), 2);
    amtg_set_free(set);
    close(fd);
    rig_free(rig);
}
END_TEST

/* A tunnel, whose packets have no Ethernet header. */
START_TEST(what_is_no_ethernet_gets_no_frames)
{
    netns_enter();
    struct ifreq request = {.ifr_name = "t0", .ifr_flags = IFF_TUN | IFF_NO_PI};
    int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    ck_assert(tun >= 0 && ioctl(tun, TUNSETIFF, &request) == 0);
    netns_run("echo 1 >/proc/sys/net/ipv6/conf/t0/disable_ipv6; ip link set t0 up && "
              "ip addr add 10.0.9.1/24 dev t0");
    struct rig *rig = rig_with(_i, "");
    struct amtg_peer peer = peer_of("10.0.9.2", 5, "10.0.9.1");
    struct amtg_set *set = set_of(&peer, 1);
    uint8_t any[64];

    push_to_set(rig, set, 20);
    expect_rest(rig, 1);
    ck_assert_uint_eq(rig_counter(rig, "indirect"), 1);
    ck_assert_int_eq(read(tun, any, sizeof any), -1);
    amtg_set_free(set);
    close(tun);
    rig_free(rig);
}
END_TEST

/* What is sent meanwhile is the rest's, and nothing is dropped here. */
START_TEST(an_interface_goes_down_and_comes_back)
{
    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_with(_i, "");
    int fd = listen_on_v1();
    struct amtg_peer peer = peer_of("10.0.0.2", 5, "10.0.0.1");

    await_frame(rig, fd, &peer, mac);
    netns_run("ip link set v0 down");
    await_rest(rig, &peer, "indirect");
    netns_run("ip link set v0 up && ip neigh replace 10.0.0.2 lladdr " MAC " dev v0");
    await_frame(rig, fd, &peer, mac);
    netns_run("ip link set v1 down"); /* its carrier is gone */
    await_rest(rig, &peer, "indirect");
    netns_run("ip link set v1 up");
    await_frame(rig, fd, &peer, mac);
    netns_run("ip link del v0");
    await_rest(rig, &peer, "indirect");
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    close(fd);
    rig_free(rig);
}
END_TEST

START_TEST(what_is_too_long_for_the_device_goes_by_the_rest)
{
    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_with(_i, "");
    int fd = listen_on_v1();
    struct amtg_peer four = peer_of("10.0.0.2", 5, "10.0.0.1"), six = peer_of("fd00::2", 5, "fd00::1");
    struct amtg_set *set4 = set_of(&four, 1), *set6 = set_of(&six, 1);

    push_to_set(rig, set4, 1473);
    expect_rest(rig, 1);
    push_to_set(rig, set6, 1453);
    expect_rest(rig, 1);
    ck_assert_uint_eq(rig_counter(rig, "too-big"), 2);
    netns_run("ip link set v1 mtu 3000 && ip link set v0 mtu 3000");
    for (unsigned tries = 0; tries < 300 && rig_counter(rig, "copies") == 0; tries++) {
        push_to_set(rig, set4, 1473);
        rig_step(rig, 10 * AMTG_MS);
        rig_ignore(rig, "rest");
    }
    expect_frame(fd, mac, &four, 1473);
    amtg_set_free(set4);
    amtg_set_free(set6);
    close(fd);
    rig_free(rig);
}
END_TEST

/* ---- bounds ------------------------------------------------------------------ */

START_TEST(next_hops_of_so_many_are_kept)
{
    netns_enter();
    netns_run("for i in 2 3 4; do ip neigh add 10.0.0.$i lladdr " MAC " dev v0; done; ip addr flush dev v1");
    struct rig *rig = rig_with(_i, ", destinations: 2, keep: 1s");
    struct amtg_peer peers[] = {peer_of("10.0.0.2", 5, "10.0.0.1"), peer_of("10.0.0.3", 5, "10.0.0.1"),
                                peer_of("10.0.0.4", 5, "10.0.0.1")};
    struct amtg_set *set = set_of(peers, 3), *third = set_of(&peers[2], 1);

    rig_step(rig, 1);
    uint64_t began = amtg_now(rig_element(rig, "it"));
    push_to_set(rig, set, 20);
    push_to_set(rig, set, 20);
    test_await_counter(rig, "copies", 4);
    if (amtg_now(rig_element(rig, "it")) < began + AMTG_S)
        ck_assert_uint_eq(rig_counter(rig, "indirect"), 2);
    rig_ignore(rig, "rest");
    /* Of those that are known some may have gone: in time there is room again. */
    for (unsigned tries = 0; tries < 300 && rig_counter(rig, "copies") == 4; tries++) {
        push_to_set(rig, third, 20);
        rig_step(rig, 10 * AMTG_MS);
    }
    ck_assert_uint_eq(rig_counter(rig, "copies"), 5);
    rig_ignore(rig, "rest");
    amtg_set_free(set);
    amtg_set_free(third);
    rig_free(rig);
}
END_TEST

/* When there are too many, all is forgotten: not while frames wait that it was said of. */
START_TEST(forgetting_sends_no_frame_elsewhere)
{
    netns_enter();
    cable_to_nowhere();
    netns_run("ip link add w0 type veth peer name w1 && "
              "for i in w0 w1; do echo 1 >/proc/sys/net/ipv6/conf/$i/disable_ipv6; done; "
              "ip link set w0 up && ip link set w1 up && ip addr add 10.0.8.1/24 dev w0 && "
              "for i in 2 3; do ip neigh add 10.0.8.$i lladdr " MAC " dev w0; done");
    struct rig *rig = rig_with(_i, ", destinations: 2, keep: 1s");
    int fd = listen_on_v1();
    struct amtg_peer peers[] = {peer_of("10.0.0.2", 5, NULL), peer_of("10.0.8.2", 5, NULL),
                                peer_of("10.0.8.3", 5, NULL)};
    struct amtg_set *set = set_of(peers, 3);

    push(rig, &peers[0], 20);
    test_await_counter(rig, "copies", 1);
    expect_frame(fd, mac, &peers[0], 20);
    uint64_t until = amtg_now(rig_element(rig, "it")) + 1100 * AMTG_MS;
    while (amtg_now(rig_element(rig, "it")) < until)
        rig_step(rig, 50 * AMTG_MS);
    push_to_set(rig, set, 20);
    for (unsigned i = 0; i < 300 && rig_counter(rig, "copies") < 3; i++)
        rig_step(rig, 10 * AMTG_MS);
    expect_frame(fd, mac, &peers[0], 20);
    expect_no_frame(fd);
    ck_assert_uint_eq(rig_counter(rig, "asked"), 3); /* about the first once more, after `keep` */
    rig_ignore(rig, "rest");
    amtg_set_free(set);
    close(fd);
    rig_free(rig);
}
END_TEST

START_TEST(a_full_queue_drops_by_name)
{
    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_with(_i, ", queue: 2");
    struct amtg_peer peer = peer_of("10.0.0.2", 5, "10.0.0.1");
    struct amtg_packet *batch[4];

    for (unsigned i = 0; i < 4; i++) {
        batch[i] = packet(rig, 20);
        if (i)
            amtg_packet_to_peer(batch[i], &peer);
    }
    rig_push_batch(rig, "in", batch, 4);
    test_await_counter(rig, "copies", 2);
    ck_assert_uint_eq(rig_drops(rig, "queue-full"), 1);
    ck_assert_uint_eq(rig_drops(rig, "no-destination"), 1);
    rig_free(rig);
}
END_TEST

/* A tap of which nobody reads: its queue of two stays full. */
START_TEST(a_full_device_is_given_time_and_then_given_up)
{
    netns_enter();
    struct ifreq request = {.ifr_name = "t0", .ifr_flags = IFF_TAP | IFF_NO_PI};
    int tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    ck_assert(tap >= 0 && ioctl(tap, TUNSETIFF, &request) == 0);
    netns_run("echo 1 >/proc/sys/net/ipv6/conf/t0/disable_ipv6; ip link set t0 txqueuelen 2 up && "
              "ip addr add 10.0.9.1/24 dev t0 && ip neigh add 10.0.9.2 lladdr " MAC " dev t0");
    struct rig *rig = rig_with(_i, "");
    struct amtg_peer peer = peer_of("10.0.9.2", 5, "10.0.9.1");
    struct amtg_set *set = set_of(&peer, 1);

    for (unsigned i = 0; i < 4; i++)
        push_to_set(rig, set, 20);
    for (unsigned i = 0; i < 500 && (rig_counter(rig, "queued") || i == 0); i++)
        rig_step(rig, 10 * AMTG_MS);
    ck_assert_uint_gt(rig_counter(rig, "waits"), 0);
    ck_assert_uint_ge(rig_counter(rig, "copies"), 1);
    ck_assert_uint_ge(rig_drops(rig, "no-device-room"), 1);
    ck_assert_uint_eq(rig_counter(rig, "copies") + rig_drops(rig, "no-device-room"), 4);
    amtg_set_free(set);
    close(tap);
    rig_free(rig);
}
END_TEST

/* What a socket has no room for waits; what a device refuses goes by the rest, and all is asked again. */
START_TEST(refused_frames_are_not_lost)
{
    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_with(_i, "");
    int fd = listen_on_v1();
    struct amtg_peer peer = peer_of("10.0.0.2", 5, "10.0.0.1");

    refusal = EAGAIN;
    push(rig, &peer, 20);
    test_await_counter(rig, "copies", 1);
    expect_frame(fd, mac, &peer, 20);
    ck_assert_uint_eq(rig_counter(rig, "waits"), 1);
    ck_assert_uint_eq(rig_counter(rig, "refused"), 0);
    uint64_t before = rig_counter(rig, "forgotten");
    refusal = ENETDOWN;
    push(rig, &peer, 30);
    test_await(rig, "rest", 1);
    struct amtg_packet *p = rig_take(rig, "rest");
    ck_assert_uint_eq(p->len, 30);
    amtg_packet_free(p);
    ck_assert_uint_eq(rig_counter(rig, "refused"), 1);
    for (unsigned i = 0; i < 30 && rig_counter(rig, "forgotten") == before; i++) {
        push(rig, &peer, 40);
        rig_step(rig, 10 * AMTG_MS);
    }
    ck_assert_uint_gt(rig_counter(rig, "forgotten"), before);
    expect_frame(fd, mac, &peer, 40);
    ck_assert_uint_eq(rig_drops_all(rig), 0);
    close(fd);
    rig_free(rig);
}
END_TEST

START_TEST(what_waits_at_the_end_is_dropped_by_name)
{
    netns_enter();
    cable_to_nowhere();
    struct rig *rig = rig_with(_i, ", copies-per-turn: 1");
    struct amtg_peer peers[] = {peer_of("10.0.0.2", 5, "10.0.0.1"), peer_of("10.0.0.2", 6, "10.0.0.1"),
                                peer_of("10.0.0.2", 7, "10.0.0.1")};
    struct amtg_set *set = set_of(peers, 3);

    push_to_set(rig, set, 20);
    push_to_set(rig, set, 20);
    rig_step(rig, 0);
    ck_assert_uint_gt(rig_counter(rig, "queued"), 0);
    amtg_set_free(set);
    rig_free(rig);
}
END_TEST

AMTG_NETNS_SUITE("io/packet-socket", a_frame_says_what_a_datagram_would,
                 each_packet_is_summed_anew, ecn_is_for_those_who_heed_it,
                 expansion_stops_and_goes_on, an_ipv4_neighbour_comes_and_goes,
                 an_ipv6_neighbour_comes_and_goes, a_reply_to_an_unknown_neighbour_goes_by_the_rest,
                 a_neighbour_not_heard_for_long_is_looked_for, what_no_frame_suits_stays_together,
                 the_rests_of_two_packets_are_two,
                 a_route_leads_elsewhere, a_rule_leads_elsewhere,
                 news_that_are_lost_do_not_matter, many_changes_at_once_are_one,
                 so_many_devices_are_known, what_is_no_ethernet_gets_no_frames,
                 an_interface_goes_down_and_comes_back,
                 what_is_too_long_for_the_device_goes_by_the_rest, next_hops_of_so_many_are_kept,
                 forgetting_sends_no_frame_elsewhere,
                 a_full_queue_drops_by_name, a_full_device_is_given_time_and_then_given_up,
                 refused_frames_are_not_lost,
                 what_waits_at_the_end_is_dropped_by_name)
