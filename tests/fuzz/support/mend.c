#include "tests/fuzz/support/mend.h"

#include <stdbool.h>

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ip.h"

static void mend_header4(uint8_t *datagram, uint32_t len)
{
    uint32_t octets = (datagram[0] & 0x0fu) * 4;

    if (datagram[0] >> 4 != 4 || octets < AMTG_IP4_OCTETS || octets > len)
        return;
    amtg_put_u16(datagram + 10, 0);
    amtg_put_u16(datagram + 10, amtg_checksum(amtg_sum(0, datagram, octets)));
}

void mend_checksums(uint8_t *datagram, uint32_t len)
{
    struct amtg_ip ip;
    uint32_t at;
    bool pseudo;

    if (len == 0)
        return;
    if (len >= AMTG_IP4_OCTETS)
        mend_header4(datagram, len);
    if (amtg_ip_parse(datagram, len, &ip) || ip.later_fragment)
        return;
    switch (ip.protocol) {
    case IPPROTO_UDP: at = 6, pseudo = true; break;
    case IPPROTO_ICMPV6: at = 2, pseudo = true; break;
    case IPPROTO_ICMP:
    case IPPROTO_IGMP: at = 2, pseudo = false; break;
    default: return;
    }
    uint8_t *message = datagram + ip.transport;
    uint32_t octets = ip.total - ip.transport;
    if (octets < at + 2)
        return;
    amtg_put_u16(message + at, 0);
    uint64_t sum = pseudo ? amtg_sum_pseudo(0, &ip.src, &ip.dst, ip.protocol, octets) : 0;
    amtg_put_u16(message + at, amtg_checksum(amtg_sum(sum, message, octets)));
}
