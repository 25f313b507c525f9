#include "elements/io/offload.h"

#include <netinet/in.h>
#include <string.h>

#include "core/cursor.h"
#include "elements/wire/checksum.h"

enum {
    IP4_HEADER = 20,
    IP6_HEADER = 40,
    UDP_HEADER = 8,
    IP4_LENGTH = 2,
    IP4_ID = 4,
    IP4_FRAGMENT = 6,
    IP4_PROTOCOL = 9,
    IP4_CHECKSUM = 10,
    IP4_ADDRESSES = 12,
    IP6_LENGTH = 4,
    IP6_NEXT = 6,
    IP6_ADDRESSES = 8,
    UDP_LENGTH = 4,
    UDP_CHECKSUM = 6,
    MOST = 1024, /* datagrams of a train: far more than any kernel makes */
};

bool amtg_offload_checksum(uint8_t *octets, uint32_t len, uint32_t start, uint32_t offset)
{
    if (start > len || offset + 2 > len - start)
        return false;
    uint16_t sum = amtg_checksum(amtg_sum(0, octets + start, len - start));
    /* 0 would mean "no checksum" in UDP; the other zero means the same sum (RFC 768). */
    amtg_put_u16(octets + start + offset, sum ? sum : 0xffff);
    return true;
}

/* Octets of the IP header when UDP comes right behind it; else 0. */
static uint32_t ip_header(const uint8_t *octets, uint32_t len)
{
    if (len >= IP4_HEADER && octets[0] >> 4 == 4) {
        uint32_t header = (octets[0] & 0x0fu) * 4;
        bool fragment = (amtg_get_u16(octets + IP4_FRAGMENT) & 0x3fff) != 0;
        if (header < IP4_HEADER || fragment || octets[IP4_PROTOCOL] != IPPROTO_UDP)
            return 0;
        return header;
    }
    if (len >= IP6_HEADER && octets[0] >> 4 == 6)
        return octets[IP6_NEXT] == IPPROTO_UDP ? IP6_HEADER : 0;
    return 0;
}

bool amtg_offload_train_read(const uint8_t *octets, uint32_t len, uint32_t each,
                             struct amtg_offload_train *out)
{
    uint32_t header = ip_header(octets, len), heads = header + UDP_HEADER;

    if (!header || !each || len <= heads)
        return false;
    struct amtg_offload_train train = {
        .octets = octets,
        .heads = heads,
        .payload = len - heads,
        .each = each,
        .count = (len - heads + each - 1) / each,
        .is4 = octets[0] >> 4 == 4,
    };
    if (train.count > MOST || heads + each > UINT16_MAX)
        return false;
    *out = train;
    return true;
}

static uint32_t payload_of(const struct amtg_offload_train *train, uint32_t i)
{
    uint32_t left = train->payload - i * train->each;
    return left < train->each ? left : train->each;
}

uint32_t amtg_offload_train_octets(const struct amtg_offload_train *train, uint32_t i)
{
    return train->heads + payload_of(train, i);
}

void amtg_offload_train_write(const struct amtg_offload_train *train, uint32_t i, uint8_t *out)
{
    uint32_t payload = payload_of(train, i), udp_len = UDP_HEADER + payload;
    uint8_t *udp = out + train->heads - UDP_HEADER;
    uint64_t sum;

    memcpy(out, train->octets, train->heads);
    memcpy(out + train->heads, train->octets + train->heads + (size_t)i * train->each, payload);
    if (train->is4) {
        uint16_t id = (uint16_t)(amtg_get_u16(out + IP4_ID) + i);
        amtg_put_u16(out + IP4_LENGTH, (uint16_t)(train->heads + payload));
        amtg_put_u16(out + IP4_ID, id); /* each would have had its own */
        amtg_put_u16(out + IP4_CHECKSUM, 0);
        amtg_put_u16(out + IP4_CHECKSUM,
                     amtg_checksum(amtg_sum(0, out, train->heads - UDP_HEADER)));
        sum = amtg_sum(0, out + IP4_ADDRESSES, 8);
    } else {
        amtg_put_u16(out + IP6_LENGTH, (uint16_t)udp_len);
        sum = amtg_sum(0, out + IP6_ADDRESSES, 32);
    }
    amtg_put_u16(udp + UDP_LENGTH, (uint16_t)udp_len);
    amtg_put_u16(udp + UDP_CHECKSUM, 0);
    sum = amtg_sum_u16(amtg_sum_u16(sum, IPPROTO_UDP), (uint16_t)udp_len);
    uint16_t checksum = amtg_checksum(amtg_sum(sum, udp, udp_len));
    amtg_put_u16(udp + UDP_CHECKSUM, checksum ? checksum : 0xffff);
}
