/*
 * source: numbered multicast UDP packets, sent one by one (never coalesced).
 *
 *   source --interface up0 --rate 1000 --count 10000 STREAMS SOURCE[/N] GROUP[/N] ...
 *
 * --rate      packets per second, all streams together
 * --count     packets of each stream; or --for SECONDS, however many it can send
 * --payload   octets of UDP payload (default 64)
 * --sockets   send by kernel UDP sockets instead of whole frames: then the checksum
 *             is left to the device, as any program's would be on a veth
 *
 * Numbers begin at 0 in every stream; number n of all streams goes out before n + 1.
 * Ends with one line on stdout: packets sent and packets per second.
 */
#include "packet.h"

#include <errno.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

enum { BURST = 64, TICK_NS = 1000000 };

struct options {
    const char *interface;
    double rate;
    uint64_t count; /* packets of each stream */
    double seconds; /* 0: until count */
    unsigned payload;
    bool sockets;
};

static struct stream streams[STREAMS_MAX];
static unsigned used[STREAMS_MAX], used_count;
static int stream_sockets[STREAMS_MAX];

static void die(const char *what)
{
    fprintf(stderr, "source: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void usage(const char *why)
{
    fprintf(stderr, "source: %s\n", why);
    exit(2);
}

/* Multicast MAC addresses: RFC 1112 section 6.4, RFC 2464 section 7. */
static void group_mac(const struct address *group, uint8_t mac[6])
{
    static const uint8_t prefix4[3] = {0x01, 0x00, 0x5e};
    if (group->family == AF_INET) {
        memcpy(mac, prefix4, 3);
        memcpy(mac + 3, group->a + 1, 3);
        mac[3] &= 0x7f;
    } else {
        mac[0] = mac[1] = 0x33;
        memcpy(mac + 2, group->a + 12, 4);
    }
}

static int frame_socket(const char *interface, uint8_t mac[6])
{
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    if (fd < 0)
        die("packet socket");
    struct sockaddr_ll to = {.sll_family = AF_PACKET,
                             .sll_ifindex = (int)if_nametoindex(interface)};
    if (!to.sll_ifindex || bind(fd, (struct sockaddr *)&to, sizeof to))
        die(interface);
    struct ifreq request = {0};
    strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
    if (ioctl(fd, SIOCGIFHWADDR, &request))
        die("hardware address");
    memcpy(mac, request.ifr_hwaddr.sa_data, 6);
    return fd;
}

static int udp_socket(const struct stream *stream, const char *interface)
{
    int fd = socket(stream->group.family, SOCK_DGRAM, 0), hops = 16;
    int index = (int)if_nametoindex(interface);
    struct sockaddr_storage at;

    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    socklen_t size = address_to_sockaddr(&stream->source, SOURCE_PORT, &at);
    if (bind(fd, (struct sockaddr *)&at, size))
        die("bind source");
    if (stream->group.family == AF_INET) {
        struct ip_mreqn out = {.imr_ifindex = index};
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out);
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops);
    } else {
        setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index);
        setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops);
    }
    size = address_to_sockaddr(&stream->group, GROUP_PORT, &at);
    if (connect(fd, (struct sockaddr *)&at, size))
        die("connect group");
    return fd;
}

static void send_all(int fd, struct mmsghdr *messages, unsigned count)
{
    for (unsigned done = 0; done < count;) {
        int sent = sendmmsg(fd, messages + done, count - done, 0);
        if (sent > 0)
            done += (unsigned)sent;
        else if (errno != ENOBUFS && errno != EINTR && errno != EAGAIN)
            die("send");
    }
}

/* Send `count` packets from `position` on (position = number * streams + index). */
static void send_frames(int fd, const uint8_t mac[6], uint64_t position, unsigned count)
{
    static uint8_t frames[BURST][14 + PACKET_MAX];
    struct iovec parts[BURST];
    struct mmsghdr messages[BURST];

    memset(messages, 0, sizeof messages);
    for (unsigned i = 0; i < count; i++, position++) {
        unsigned id = used[position % used_count];
        struct label label = {id, position / used_count, now_ns()};
        uint8_t *frame = frames[i];
        group_mac(&streams[id].group, frame);
        memcpy(frame + 6, mac, 6);
        put16(frame + 12, streams[id].group.family == AF_INET ? ETHERTYPE_IP : ETHERTYPE_IPV6);
        size_t size = packet_build(&streams[id], &label, frame + 14);
        parts[i] = (struct iovec){frame, 14 + size};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    send_all(fd, messages, count);
}

static void send_datagrams(uint64_t position, unsigned count)
{
    uint8_t payload[PACKET_MAX];
    for (unsigned i = 0; i < count; i++, position++) {
        unsigned id = used[position % used_count];
        struct label label = {id, position / used_count, now_ns()};
        payload_build(&streams[id], &label, payload);
        /* EMSGSIZE once: an ICMP error about an earlier one. From then on the kernel fragments. */
        ssize_t sent = send(stream_sockets[id], payload, streams[id].payload, 0);
        if (sent < 0 && errno == EMSGSIZE)
            sent = send(stream_sockets[id], payload, streams[id].payload, 0);
        if (sent < 0 && errno != ENOBUFS)
            die("send");
    }
}

static uint64_t run(const struct options *options)
{
    uint8_t mac[6];
    int fd = -1;
    if (options->sockets) {
        for (unsigned i = 0; i < used_count; i++)
            stream_sockets[used[i]] = udp_socket(&streams[used[i]], options->interface);
    } else {
        fd = frame_socket(options->interface, mac);
    }

    uint64_t total = options->seconds > 0 ? (uint64_t)(options->rate * options->seconds)
                                          : options->count * used_count;
    uint64_t start = now_ns(), sent = 0;
    uint64_t end = options->seconds > 0 ? start + (uint64_t)(options->seconds * 1e9) : UINT64_MAX;
    while (sent < total && now_ns() < end) {
        uint64_t due = (uint64_t)((double)(now_ns() - start) * options->rate / 1e9) + 1;
        if (due > total)
            due = total;
        while (sent < due && now_ns() < end) {
            unsigned count = due - sent < BURST ? (unsigned)(due - sent) : BURST;
            if (options->sockets)
                send_datagrams(sent, count);
            else
                send_frames(fd, mac, sent, count);
            sent += count;
        }
        nanosleep(&(struct timespec){.tv_nsec = TICK_NS}, NULL);
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    printf("sent %llu packets, %.0f/s\n", (unsigned long long)sent, (double)sent / seconds);
    return sent;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"interface", required_argument, NULL, 'i'}, {"rate", required_argument, NULL, 'r'},
        {"count", required_argument, NULL, 'c'},     {"for", required_argument, NULL, 'f'},
        {"payload", required_argument, NULL, 'p'},   {"sockets", no_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {.rate = 1000, .count = 1, .payload = 64};

    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'i': options.interface = optarg; break;
        case 'r': options.rate = atof(optarg); break;
        case 'c': options.count = strtoull(optarg, NULL, 10); break;
        case 'f': options.seconds = atof(optarg); break;
        case 'p': options.payload = (unsigned)atoi(optarg); break;
        case 's': options.sockets = true; break;
        default: usage("unknown option");
        }
    }
    if (!options.interface || options.rate <= 0 || argc == optind || (argc - optind) % 3)
        usage("need --interface and STREAMS SOURCE GROUP ...");
    for (int i = optind; i < argc; i += 3) {
        if (!streams_define(streams, argv[i], argv[i + 1], argv[i + 2], options.payload))
            usage("bad stream");
    }
    for (unsigned i = 0; i < STREAMS_MAX; i++) {
        if (streams[i].set)
            used[used_count++] = i;
    }
    run(&options);
    return 0;
}
