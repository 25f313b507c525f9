#include "packet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint8_t magic[4] = {'n', 'u', 'm', '1'};

uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void put32(uint8_t *at, uint32_t value)
{
    put16(at, (uint16_t)(value >> 16));
    put16(at + 2, (uint16_t)value);
}

static void put64(uint8_t *at, uint64_t value)
{
    put32(at, (uint32_t)(value >> 32));
    put32(at + 4, (uint32_t)value);
}

uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static uint64_t get64(const uint8_t *at)
{
    return (uint64_t)get32(at) << 32 | get32(at + 4);
}

/* ---- addresses ---- */

bool address_parse(const char *text, struct address *out)
{
    memset(out, 0, sizeof *out);
    out->family = strchr(text, ':') ? AF_INET6 : AF_INET;
    return inet_pton(out->family, text, out->a) == 1;
}

bool addresses_parse(const char *text, struct address *first, unsigned *count)
{
    char copy[64];
    if (strlen(text) >= sizeof copy)
        return false;
    strcpy(copy, text);
    char *slash = strchr(copy, '/');
    *count = 1;
    if (slash) {
        *slash = '\0';
        *count = (unsigned)strtoul(slash + 1, NULL, 10);
    }
    return *count > 0 && address_parse(copy, first);
}

size_t address_octets(const struct address *address)
{
    return address->family == AF_INET ? 4 : 16;
}

struct address address_plus(const struct address *first, uint32_t n)
{
    struct address result = *first;
    uint8_t *low = result.a + address_octets(first) - 4;
    put32(low, get32(low) + n);
    return result;
}

socklen_t address_to_sockaddr(const struct address *address, uint16_t port,
                              struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (address->family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        memcpy(&in->sin_addr, address->a, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    memcpy(&in6->sin6_addr, address->a, 16);
    return sizeof *in6;
}

const char *address_text(const struct address *address)
{
    static char text[INET6_ADDRSTRLEN];
    return inet_ntop(address->family, address->a, text, sizeof text);
}

bool range_parse(const char *text, unsigned *first, unsigned *last)
{
    char *end;
    *first = *last = (unsigned)strtoul(text, &end, 10);
    if (end == text)
        return false;
    if (*end == '-') {
        const char *second = end + 1;
        *last = (unsigned)strtoul(second, &end, 10);
        if (end == second)
            return false;
    }
    return *end == '\0' && *first <= *last;
}

bool streams_define(struct stream *streams, const char *range, const char *source,
                    const char *group, unsigned payload)
{
    unsigned first, last, sources, groups;
    struct address from, to;

    if (!range_parse(range, &first, &last) || last >= STREAMS_MAX ||
        !addresses_parse(source, &from, &sources) || !addresses_parse(group, &to, &groups) ||
        from.family != to.family || payload < PAYLOAD_MIN || payload > PACKET_MAX - 48)
        return false;
    for (unsigned i = first; i <= last; i++) {
        streams[i] = (struct stream){
            .set = true,
            .source = address_plus(&from, (i - first) % sources),
            .group = address_plus(&to, (i - first) % groups),
            .payload = payload,
        };
    }
    return true;
}

/* ---- checksums ---- */

uint32_t sum_octets(uint32_t sum, const void *data, size_t size)
{
    const uint8_t *at = data;
    for (; size > 1; at += 2, size -= 2)
        sum += get16(at);
    if (size)
        sum += (uint32_t)at[0] << 8;
    return sum;
}

uint16_t sum_fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

uint32_t sum_pseudo(const struct address *source, const struct address *destination,
                    uint8_t protocol, uint32_t size)
{
    uint32_t sum = sum_octets(0, source->a, address_octets(source));
    sum = sum_octets(sum, destination->a, address_octets(destination));
    return sum + protocol + (size >> 16) + (size & 0xffff);
}

/* ---- packets ---- */

/* Spreads a stream and number over 64 bits (the finalizer of splitmix64). */
static uint64_t spread(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

void payload_build(const struct stream *stream, const struct label *label, uint8_t *out)
{
    memcpy(out, magic, 4);
    put32(out + 4, label->stream);
    put64(out + 8, label->number);
    put64(out + 16, label->sent_ns);
    uint64_t digest = spread(spread(label->number ^ (uint64_t)label->stream << 40) ^
                             label->sent_ns);
    put64(out + 24, digest);
    for (unsigned i = PAYLOAD_MIN; i < stream->payload; i++)
        out[i] = (uint8_t)((digest >> (i & 7) * 8) + i);
}

size_t packet_build(const struct stream *stream, const struct label *label, uint8_t *out)
{
    bool v4 = stream->group.family == AF_INET;
    size_t header = v4 ? 20 : 40, udp_size = 8 + stream->payload;

    memset(out, 0, header);
    if (v4) {
        out[0] = 0x45;
        put16(out + 2, (uint16_t)(header + udp_size));
        put16(out + 4, (uint16_t)label->number);
        out[8] = 16; /* TTL */
        out[9] = IPPROTO_UDP;
        memcpy(out + 12, stream->source.a, 4);
        memcpy(out + 16, stream->group.a, 4);
        put16(out + 10, sum_fold(sum_octets(0, out, 20)));
    } else {
        put32(out, 0x60000000 | (uint32_t)(label->number & 0xfffff));
        put16(out + 4, (uint16_t)udp_size);
        out[6] = IPPROTO_UDP;
        out[7] = 16; /* hop limit */
        memcpy(out + 8, stream->source.a, 16);
        memcpy(out + 24, stream->group.a, 16);
    }

    uint8_t *udp = out + header;
    put16(udp, SOURCE_PORT);
    put16(udp + 2, GROUP_PORT);
    put16(udp + 4, (uint16_t)udp_size);
    put16(udp + 6, 0);
    payload_build(stream, label, udp + 8);
    uint16_t sum = sum_fold(sum_octets(sum_pseudo(&stream->source, &stream->group, IPPROTO_UDP,
                                                  (uint32_t)udp_size), udp, udp_size));
    put16(udp + 6, sum ? sum : 0xffff);
    return header + udp_size;
}

bool packet_label(const uint8_t *ip, size_t size, struct label *out)
{
    size_t header = size && ip[0] >> 4 == 4 ? 20 : 40;
    if (size < header + 8 + PAYLOAD_MIN)
        return false;
    const uint8_t *payload = ip + header + 8;
    if (memcmp(payload, magic, 4))
        return false;
    out->stream = get32(payload + 4);
    out->number = get64(payload + 8);
    out->sent_ns = get64(payload + 16);
    return true;
}
