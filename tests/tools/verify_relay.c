/*
 * A relay for tests of `amtgraph verify`, on 127.0.0.1, that does one thing wrong:
 *
 *     verify_relay MODE          prints its port, then answers until it is killed
 *
 * Without privileges, and for one gateway at a time. MODE is one of:
 *
 *     good         all is well, 100 datagrams of RTP a second
 *     silent       answers nothing
 *     echo         answers all with four octets that are no AMT
 *     no-query     answers Discoveries only
 *     no-discovery answers everything else
 *     checksum     makes Queries with a wrong IGMP checksum
 *     nonce        makes Queries with another nonce
 *     limited      sets L in its Queries
 *     moving       sees the gateway at another port each time, and sends nothing
 *     deaf         ignores Updates
 *     one          serves 232.1.2.9 only, whatever is asked for
 *     gone         closes its port after its first Query
 *     narrow       takes no message of more than 1200 octets, and sends nothing
 *     other        sends another channel than the one that was asked for
 *     elsewhere    sends Data from another port than the one that is asked
 *     lossy        leaves out every tenth datagram, and sends every twentieth twice
 *     plain        sends datagrams that nothing is numbered in
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/cursor.h"
#include "elements/wire/amt.h"
#include "elements/wire/query.h"
#include "elements/wire/udp.h"

enum { NARROW = 1200, PAYLOAD = 188 * 7 };

struct relay {
    const char *mode;
    int fd, other_fd;
    struct sockaddr_in gateway;
    bool joined;
    unsigned queries, sent;
};

static bool is(const struct relay *r, const char *mode)
{
    return strcmp(r->mode, mode) == 0;
}

static void say_by(const struct relay *r, int fd, const void *octets, size_t len)
{
    if (sendto(fd, octets, len, 0, (const struct sockaddr *)&r->gateway, sizeof r->gateway) < 0 &&
        errno != ECONNREFUSED)
        perror("sendto");
}

static void say(const struct relay *r, const void *octets, size_t len)
{
    say_by(r, r->fd, octets, len);
}

static struct amtg_addr address(const char *text)
{
    struct amtg_addr a = {{0}};

    if (!amtg_addr_parse(text, &a))
        abort();
    return a;
}

static void advertise(const struct relay *r, uint32_t nonce)
{
    struct amtg_amt_advertisement m = {.nonce = nonce, .relay = address("127.0.0.1")};
    uint8_t out[AMTG_ADVERTISEMENT4_OCTETS];

    say(r, out, amtg_amt_advertisement_build(&m, out));
}

static void query(struct relay *r, uint32_t nonce)
{
    const struct amtg_question general = {
        .max_response_ms = 100, .interval_s = 125, .robustness = 2, .ip4 = true};
    uint8_t inner[64], out[256];
    struct amtg_amt_query m = {
        .mac = {1, 2, 3, 4, 5, 6},
        .nonce = nonce + is(r, "nonce"),
        .l = is(r, "limited"),
        .g = true,
        .gateway_port = (uint16_t)(ntohs(r->gateway.sin_port) + (is(r, "moving") ? r->queries : 0)),
        .gateway = amtg_addr_from4(&r->gateway.sin_addr),
        .inner = inner,
        .inner_len = amtg_question_build(&general, inner)};

    if (is(r, "checksum"))
        inner[m.inner_len - 1] ^= 1;
    r->queries++;
    say(r, out, amtg_amt_query_build(&m, out));
    if (is(r, "gone")) {
        close(r->fd);
        pause();
    }
}

/* One datagram of the channel that the tests ask for: RTP, unless it is to be plain. */
static void data(const struct relay *r, unsigned number)
{
    uint8_t out[2048], *rtp;
    struct amtg_peer peer = {.local = address(is(r, "other") ? "198.51.100.99" : "198.51.100.12"),
                             .local_port = 5000,
                             .remote = address(is(r, "one") ? "232.1.2.9" : "232.1.2.3"),
                             .remote_port = 5004};
    struct amtg_udp_options options = {.hops = 9};
    uint8_t payload[PAYLOAD + 12] = {0x80, 33};

    amtg_put_u16(payload + 2, (uint16_t)number);
    amtg_put_u32(payload + 8, 0x12345678);
    if (is(r, "plain"))
        memset(payload, (int)(number * 7), sizeof payload);
    uint32_t at = amtg_amt_data_head(out);
    at += amtg_udp_build(&peer, &options, payload, sizeof payload, out + at);
    rtp = out + at;
    memcpy(rtp, payload, sizeof payload);
    say_by(r, is(r, "elsewhere") ? r->other_fd : r->fd, out, at + sizeof payload);
}

static void hear(struct relay *r, const uint8_t *in, size_t len)
{
    enum amtg_amt_message message;

    if (is(r, "silent") || (is(r, "narrow") && len > NARROW))
        return;
    if (is(r, "echo"))
        say(r, "\xff\xff\xff\xff", 4);
    if (is(r, "echo") || amtg_amt_peek(in, (uint32_t)len, &message) || len < 8)
        return;
    if (message == AMTG_MSG_DISCOVERY && !is(r, "no-discovery"))
        advertise(r, amtg_get_u32(in + 4));
    if (message == AMTG_MSG_REQUEST && !is(r, "no-query"))
        query(r, amtg_get_u32(in + 4));
    if (message == AMTG_MSG_UPDATE)
        r->joined = !is(r, "deaf") && !is(r, "moving") && !is(r, "narrow");
    if (message == AMTG_MSG_TEARDOWN)
        r->joined = false;
}

static void flow(struct relay *r)
{
    unsigned number = r->sent++;

    if (is(r, "lossy") && number % 10 == 5)
        return;
    data(r, number);
    if (is(r, "lossy") && number % 20 == 0)
        data(r, number);
}

int main(int argc, char **argv)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof own;
    struct relay r = {.mode = argc > 1 ? argv[1] : "",
                      .fd = socket(AF_INET, SOCK_DGRAM, 0),
                      .other_fd = socket(AF_INET, SOCK_DGRAM, 0)};

    if (argc != 2 || r.fd < 0 || bind(r.fd, (struct sockaddr *)&own, len) ||
        getsockname(r.fd, (struct sockaddr *)&own, &len)) {
        perror("verify_relay");
        return EXIT_FAILURE;
    }
    printf("%u\n", ntohs(own.sin_port));
    fflush(stdout);
    for (;;) {
        struct pollfd ready = {.fd = r.fd, .events = POLLIN};
        uint8_t in[65536];
        if (poll(&ready, 1, r.joined ? 10 : -1) <= 0) { /* ms: a hundred datagrams a second */
            flow(&r);
            continue;
        }
        len = sizeof r.gateway;
        ssize_t got = recvfrom(r.fd, in, sizeof in, 0, (struct sockaddr *)&r.gateway, &len);
        if (got > 0)
            hear(&r, in, (size_t)got);
    }
}
