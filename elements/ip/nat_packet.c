#include "elements/ip/nat_packet.h"

#include "core/cursor.h"
#include "elements/wire/checksum.h"
#include "elements/wire/icmp.h"
#include "elements/wire/ip.h"
#include "elements/wire/udp.h"

enum {
    IP4_PART = 6, IP4_PROTOCOL = 9, IP4_CHECKSUM = 10, IP4_SOURCE = 12, IP4_DESTINATION = 16,
    UDP_SOURCE = 0, UDP_DESTINATION = 2, UDP_CHECKSUM = 6,
    ICMP_CHECKSUM = 2, ICMP_OCTETS = 8,
    FRAGMENT_BITS = 0x3fff, /* more fragments, and the offset */
};

enum amtg_nat_kind amtg_nat_kind_of(const struct amtg_packet *p)
{
    if (!amtg_ip_is4(p))
        return AMTG_NAT_IP6;
    if (amtg_get_u16(p->data + IP4_PART) & FRAGMENT_BITS)
        return AMTG_NAT_FRAGMENT;
    if (p->len < p->transport + 8u) /* as long as either header */
        return AMTG_NAT_OTHER;
    return p->data[IP4_PROTOCOL] == IPPROTO_UDP    ? AMTG_NAT_UDP
           : p->data[IP4_PROTOCOL] == IPPROTO_ICMP ? AMTG_NAT_ICMP
                                                  : AMTG_NAT_OTHER;
}

/* ---- UDP --------------------------------------------------------------------- */

static struct amtg_nat_end end_at(const struct amtg_packet *p, unsigned address, unsigned port)
{
    return (struct amtg_nat_end){
        .address = amtg_addr_from4(p->data + address),
        .port = amtg_get_u16(p->data + p->transport + port),
    };
}

struct amtg_nat_end amtg_nat_source(const struct amtg_packet *p)
{
    return end_at(p, IP4_SOURCE, UDP_SOURCE);
}

struct amtg_nat_end amtg_nat_destination(const struct amtg_packet *p)
{
    return end_at(p, IP4_DESTINATION, UDP_DESTINATION);
}

/* Write a word, and adjust the checksums that cover it; NULL: there is no such. */
static void set_word(uint8_t *at, uint16_t value, uint8_t *first, uint8_t *second)
{
    uint16_t before = amtg_get_u16(at);

    amtg_put_u16(at, value);
    if (first)
        amtg_put_u16(first, amtg_checksum_replace(amtg_get_u16(first), before, value));
    if (second)
        amtg_put_u16(second, amtg_checksum_replace(amtg_get_u16(second), before, value));
}

/*
 * ip, udp: the headers. The address is covered by the IP header's checksum and, in the
 * pseudo-header, by UDP's; the port by UDP's alone.
 */
static void set_end(uint8_t *ip, uint8_t *udp, unsigned address, unsigned port,
                    const struct amtg_nat_end *end)
{
    const uint8_t *octets = amtg_addr_octets4(&end->address);
    uint8_t *checksum = amtg_get_u16(udp + UDP_CHECKSUM) ? udp + UDP_CHECKSUM : NULL;

    set_word(ip + address, amtg_get_u16(octets), ip + IP4_CHECKSUM, checksum);
    set_word(ip + address + 2, amtg_get_u16(octets + 2), ip + IP4_CHECKSUM, checksum);
    set_word(udp + port, end->port, checksum, NULL);
    if (checksum && amtg_get_u16(checksum) == 0) /* RFC 768: 0 would say that there is none */
        amtg_put_u16(checksum, 0xffff);
}

void amtg_nat_set_source(struct amtg_packet *p, const struct amtg_nat_end *end)
{
    set_end(p->data, p->data + p->transport, IP4_SOURCE, UDP_SOURCE, end);
}

void amtg_nat_set_destination(struct amtg_packet *p, const struct amtg_nat_end *end)
{
    set_end(p->data, p->data + p->transport, IP4_DESTINATION, UDP_DESTINATION, end);
}

/* ---- ICMP -------------------------------------------------------------------- */

bool amtg_nat_error_about(const struct amtg_packet *p, struct amtg_nat_end *quoted)
{
    struct amtg_icmp_error error;

    if (!amtg_icmp_error_parse(p->data, p->len, &error))
        return false;
    *quoted = (struct amtg_nat_end){error.peer.local, error.peer.local_port};
    return true;
}

void amtg_nat_set_error(struct amtg_packet *p, const struct amtg_nat_end *inside)
{
    uint8_t *icmp = p->data + p->transport, *quote = icmp + ICMP_OCTETS;
    uint8_t *udp = quote + (quote[0] & 0x0f) * 4;
    const uint8_t *octets = amtg_addr_octets4(&inside->address);

    set_end(quote, udp, IP4_SOURCE, UDP_SOURCE, inside);
    for (unsigned i = 0; i < 4; i += 2)
        set_word(p->data + IP4_DESTINATION + i, amtg_get_u16(octets + i), p->data + IP4_CHECKSUM,
                 NULL);
    amtg_put_u16(icmp + ICMP_CHECKSUM, 0);
    amtg_put_u16(icmp + ICMP_CHECKSUM, amtg_checksum(amtg_sum(0, icmp, p->len - p->transport)));
}
