/*
 * flood: AMT Requests from spoofed addresses, one each, as whole Ethernet frames.
 *
 *   flood --interface acc1 --mac 02:00:00:00:00:01 --from 10.64.0.0/1000000 --to 10.20.0.1
 *         --rate 100000
 *
 * --from     first source address and how many consecutive ones
 * --to       the relay; --mac its hardware address
 * --updates  send Membership Updates with a made-up MAC instead of Requests
 *
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
#include <sys/socket.h>
#include <time.h>

enum { BURST = 64, TICK_NS = 1000000, AMT_PORT = 2268, FRAME_MAX = 160 };

static void die(const char *what)
{
    fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* An IGMPv3 or MLDv2 Update needs no right content here: its MAC is looked at first. */
static size_t message_build(uint8_t *out, uint32_t nonce, bool update)
{
    memset(out, 0, 56);
    out[0] = update ? 0x05 : 0x03;
    out[1] = update ? 0 : nonce & 1; /* both payload families */
    put32(out + (update ? 8 : 4), nonce | 1);
    if (!update)
        return 8;
    /* IGMPv3, ALLOW {198.51.100.12} for 232.1.2.3, in an IPv4 header with Router Alert. */
    static const uint8_t report[] = {
        0x46, 0xc0, 0x00, 0x2c, 0x00, 0x00, 0x40, 0x00, 0x01, 0x02, 0x03, 0xf6, 0x00, 0x00, 0x00,
        0x00, 0xe0, 0x00, 0x00, 0x16, 0x94, 0x04, 0x00, 0x00, 0x22, 0x00, 0xc4, 0xb8, 0x00, 0x00,
        0x00, 0x01, 0x05, 0x00, 0x00, 0x01, 0xe8, 0x01, 0x02, 0x03, 0xc6, 0x33, 0x64, 0x0c,
    };
    put32(out + 2, nonce * 2654435761u); /* a MAC as good as random */
    memcpy(out + 12, report, sizeof report);
    return 12 + sizeof report;
}

static size_t datagram_build(uint8_t *out, const struct address *from, const struct address *to,
                             uint32_t nonce, bool update)
{
    size_t header = from->family == AF_INET ? 20 : 40;
    uint8_t *udp = out + header;
    size_t size = 8 + message_build(udp + 8, nonce, update);

    memset(out, 0, header);
    if (from->family == AF_INET) {
        out[0] = 0x45;
        put16(out + 2, (uint16_t)(header + size));
        out[8] = 64;
        out[9] = IPPROTO_UDP;
        memcpy(out + 12, from->a, 4);
        memcpy(out + 16, to->a, 4);
        put16(out + 10, sum_fold(sum_octets(0, out, 20)));
    } else {
        out[0] = 0x60;
        put16(out + 4, (uint16_t)size);
        out[6] = IPPROTO_UDP;
        out[7] = 64;
        memcpy(out + 8, from->a, 16);
        memcpy(out + 24, to->a, 16);
    }
    put16(udp, (uint16_t)(1024 + nonce % 60000));
    put16(udp + 2, AMT_PORT);
    put16(udp + 4, (uint16_t)size);
    put16(udp + 6, 0);
    uint32_t pseudo = sum_pseudo(from, to, IPPROTO_UDP, (uint32_t)size);
    uint16_t sum = sum_fold(sum_octets(pseudo, udp, size));
    put16(udp + 6, sum ? sum : 0xffff);
    return header + size;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"interface", required_argument, NULL, 'i'}, {"mac", required_argument, NULL, 'm'},
        {"from", required_argument, NULL, 'f'},      {"to", required_argument, NULL, 't'},
        {"rate", required_argument, NULL, 'r'},      {"updates", no_argument, NULL, 'u'},
        {NULL, 0, NULL, 0},
    };
    const char *interface = NULL;
    struct address first = {0}, relay = {0};
    unsigned count = 0;
    uint8_t mac[6] = {0};
    double rate = 100000;
    bool good = true, update = false;

    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'i': interface = optarg; break;
        case 'm':
            good &= sscanf(optarg, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2],
                           &mac[3], &mac[4], &mac[5]) == 6;
            break;
        case 'f': good &= addresses_parse(optarg, &first, &count); break;
        case 't': good &= address_parse(optarg, &relay); break;
        case 'r': rate = atof(optarg); break;
        case 'u': update = true; break;
        default: good = false;
        }
    }
    if (!good || !interface || !count || first.family != relay.family || rate <= 0) {
        fprintf(stderr, "flood: need --interface --mac --from A/N --to A\n");
        return 2;
    }

    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_ifindex = (int)if_nametoindex(interface)};
    if (fd < 0 || !at.sll_ifindex || bind(fd, (struct sockaddr *)&at, sizeof at))
        die(interface);

    static uint8_t frames[BURST][FRAME_MAX];
    uint64_t start = now_ns();
    for (uint32_t sent = 0; sent < count;) {
        uint64_t due = (uint64_t)((double)(now_ns() - start) * rate / 1e9) + 1;
        while (sent < count && sent < due) {
            struct iovec parts[BURST];
            struct mmsghdr messages[BURST];
            unsigned n = 0;
            memset(messages, 0, sizeof messages);
            for (; n < BURST && sent + n < count && sent + n < due; n++) {
                struct address from = address_plus(&first, sent + n);
                memcpy(frames[n], mac, 6);
                memset(frames[n] + 6, 2, 6);
                put16(frames[n] + 12, from.family == AF_INET ? ETHERTYPE_IP : ETHERTYPE_IPV6);
                size_t size = datagram_build(frames[n] + 14, &from, &relay, sent + n, update);
                parts[n] = (struct iovec){frames[n], 14 + size};
                messages[n].msg_hdr.msg_iov = &parts[n];
                messages[n].msg_hdr.msg_iovlen = 1;
            }
            for (unsigned done = 0; done < n;) {
                int some = sendmmsg(fd, messages + done, n - done, 0);
                if (some > 0)
                    done += (unsigned)some;
                else if (errno != ENOBUFS && errno != EINTR)
                    die("send");
            }
            sent += n;
        }
        nanosleep(&(struct timespec){.tv_nsec = TICK_NS}, NULL);
    }
    printf("sent %u packets, %.0f/s\n", count, count / ((double)(now_ns() - start) / 1e9));
    return 0;
}
