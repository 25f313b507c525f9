/*
 * listener: a plain multicast receiver, as any program is one. It knows of sockets and
 * groups only, and leaves IGMP and MLD to the kernel.
 *
 *   listener --status FILE [--port 40002] [--bind 127.0.0.1] SOURCE GROUP
 *   listener --status FILE --interface DEVICE --join any|source SOURCE GROUP
 *
 * SOURCE GROUP  whose packets (from `source`) should come; each payload is compared with
 *               what that program made, octet by octet
 * --join        any: the group of every source; source: of SOURCE only. Without it a
 *               unicast socket at --bind listens.
 * --interface   any: leave it to the routes of the host, as programs do that name none
 * --stream      the number that `source` was given for it (default 0)
 * --payload     octets of UDP payload (default 64)
 * --raw         payloads follow each other on standard input, as `stdout` writes them
 *
 * FILE is written anew whenever something has come, at most every 20 ms: one line,
 *
 *   count=N lost=N twice=N wrong=N first=N last=N gap_ms=N back_ns=T forgotten=N
 *
 * lost: numbers between first and last that did not come. gap_ms: the longest time
 * between two arrivals; back_ns: when it ended, by CLOCK_REALTIME. SIGUSR1 forgets all;
 * forgotten: how often that was done.
 */
#include "packet.h"
#include "tally.h"

#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WRITE_EVERY_MS = 20 };

struct options {
    const char *status, *interface, *join, *bind;
    uint16_t port;
    unsigned payload;
    bool raw;
};

static struct stream stream;
static unsigned expected; /* what the packets say that stream is */
static struct tally tally;
static uint64_t wrong, arrived_ns, gap_ns, back_ns, forgotten;
static volatile sig_atomic_t forget;

static void die(const char *what)
{
    fprintf(stderr, "listener: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void usage(const char *why)
{
    fprintf(stderr, "listener: %s\n", why);
    exit(2);
}

static void on_signal(int number)
{
    (void)number;
    forget = 1;
}

static uint64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- the socket ---------------------------------------------------------- */

static void join(int fd, const struct options *options)
{
    int level = stream.group.family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
    bool routed = strcmp(options->interface, "any") == 0;
    unsigned index = routed ? 0 : if_nametoindex(options->interface);

    if (!routed && !index)
        die(options->interface);
    /* Only what comes by that interface, whatever other programs have joined elsewhere. */
    if (!routed && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->interface,
                              (socklen_t)strlen(options->interface)))
        die("bind to the interface");
    if (strcmp(options->join, "any") == 0) {
        struct group_req request = {.gr_interface = index};
        address_to_sockaddr(&stream.group, 0, &request.gr_group);
        if (setsockopt(fd, level, MCAST_JOIN_GROUP, &request, sizeof request))
            die("join");
    } else {
        struct group_source_req request = {.gsr_interface = index};
        address_to_sockaddr(&stream.group, 0, &request.gsr_group);
        address_to_sockaddr(&stream.source, 0, &request.gsr_source);
        if (setsockopt(fd, level, MCAST_JOIN_SOURCE_GROUP, &request, sizeof request))
            die("join source");
    }
}

static int open_socket(const struct options *options)
{
    struct address here = stream.group;
    struct sockaddr_storage at;
    int one = 1, room = 4 << 20;

    if (!options->join && !address_parse(options->bind, &here))
        usage("bad address for --bind");
    int fd = socket(here.family, SOCK_DGRAM, 0);
    if (fd < 0)
        die("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    socklen_t size = address_to_sockaddr(&here, options->port, &at);
    if (bind(fd, (struct sockaddr *)&at, size))
        die("bind");
    if (options->join)
        join(fd, options);
    return fd;
}

/* ---- what comes ---------------------------------------------------------- */

static void judge(const uint8_t *payload, size_t size)
{
    /* packet_label reads behind the heads of an IPv4 packet. */
    uint8_t packet[PACKET_MAX] = {0x45}, made[PACKET_MAX];
    struct label label;
    uint64_t now = wall_ns();

    if (size != stream.payload) {
        wrong++;
        return;
    }
    memcpy(packet + 28, payload, size);
    if (!packet_label(packet, 28 + size, &label)) {
        wrong++;
        return;
    }
    payload_build(&stream, &label, made);
    if (label.stream != expected || memcmp(made, payload, size)) {
        wrong++;
        return;
    }
    if (arrived_ns && now - arrived_ns > gap_ns) {
        gap_ns = now - arrived_ns;
        back_ns = now;
    }
    arrived_ns = now;
    tally_add(&tally, label.number, label.sent_ns);
}

static void take(int fd, const struct options *options)
{
    uint8_t payload[PACKET_MAX];

    if (!options->raw) {
        ssize_t size;
        while ((size = recv(fd, payload, sizeof payload, MSG_DONTWAIT)) >= 0)
            judge(payload, (size_t)size);
        return;
    }
    size_t have = 0;
    while (have < stream.payload) {
        ssize_t size = read(fd, payload + have, stream.payload - have);
        if (size <= 0)
            exit(0);
        have += (size_t)size;
    }
    judge(payload, have);
}

static void write_status(const char *path)
{
    char fresh[4096];
    uint64_t lost = tally.count ? tally.most - tally.least + 1 - tally.count : 0;

    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *out = fopen(fresh, "w");
    if (!out)
        die(fresh);
    fprintf(out, "count=%llu lost=%llu twice=%llu wrong=%llu first=%llu last=%llu "
            "gap_ms=%llu back_ns=%llu forgotten=%llu\n",
            (unsigned long long)tally.count, (unsigned long long)lost,
            (unsigned long long)tally.duplicates, (unsigned long long)wrong,
            (unsigned long long)tally.least, (unsigned long long)tally.most,
            (unsigned long long)(gap_ns / 1000000), (unsigned long long)back_ns,
            (unsigned long long)forgotten);
    if (fclose(out) || rename(fresh, path))
        die(path);
}

static void run(int fd, const struct options *options)
{
    write_status(options->status);
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int ready = poll(&wait, 1, -1);
        if (forget) {
            forget = 0;
            tally_clear(&tally);
            wrong = arrived_ns = gap_ns = back_ns = 0;
            forgotten++;
            write_status(options->status);
        }
        if (ready <= 0)
            continue;
        take(fd, options);
        static uint64_t written_ns;
        if (!options->raw && now_ns() - written_ns < WRITE_EVERY_MS * 1000000ull) {
            struct timespec rest = {.tv_nsec = WRITE_EVERY_MS * 1000000};
            nanosleep(&rest, NULL);
            take(fd, options);
        }
        write_status(options->status);
        written_ns = now_ns();
    }
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"status", required_argument, NULL, 's'}, {"interface", required_argument, NULL, 'i'},
        {"join", required_argument, NULL, 'j'},   {"bind", required_argument, NULL, 'b'},
        {"port", required_argument, NULL, 'p'},   {"payload", required_argument, NULL, 'l'},
        {"stream", required_argument, NULL, 'n'}, {"raw", no_argument, NULL, 'r'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {.bind = "127.0.0.1", .port = GROUP_PORT, .payload = 64};

    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 's': options.status = optarg; break;
        case 'i': options.interface = optarg; break;
        case 'j': options.join = optarg; break;
        case 'b': options.bind = optarg; break;
        case 'p': options.port = (uint16_t)atoi(optarg); break;
        case 'l': options.payload = (unsigned)atoi(optarg); break;
        case 'n': expected = (unsigned)atoi(optarg); break;
        case 'r': options.raw = true; break;
        default: usage("unknown option");
        }
    }
    if (!options.status || argc - optind != 2 || (options.join && !options.interface))
        usage("need --status FILE SOURCE GROUP, and --interface with --join");
    if (!streams_define(&stream, "0", argv[optind], argv[optind + 1], options.payload))
        usage("bad stream");
    struct sigaction action = {.sa_handler = on_signal}; /* no restart: poll has to return */
    sigaction(SIGUSR1, &action, NULL);
    run(options.raw ? STDIN_FILENO : open_socket(&options), &options);
    return 0;
}
