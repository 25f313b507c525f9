#include "elements/group/host_report.h"

#include "core/cursor.h"
#include "elements/group/report.h"
#include "elements/wire/checksum.h"
#include "elements/wire/igmp.h"
#include "elements/wire/ip.h"
#include "elements/wire/mld.h"
#include "elements/wire/types.h"

enum { HEAD_OCTETS = 8, RECORD_OCTETS = 4, IGMP_OLD_OCTETS = 8, MLD_OLD_OCTETS = 24 };

static uint32_t address_octets(const struct amtg_report_writer *w)
{
    return w->ip4 ? 4 : 16;
}

static uint32_t ip_octets(const struct amtg_report_writer *w)
{
    return w->ip4 ? AMTG_IP4_OCTETS + AMTG_ROUTER_ALERT4_OCTETS
                  : AMTG_IP6_OCTETS + AMTG_ROUTER_ALERT6_OCTETS;
}

static void put_address(uint8_t *out, const struct amtg_addr *a, bool ip4)
{
    memcpy(out, a->octets + (ip4 ? 12 : 0), ip4 ? 4 : 16);
}

/* 224.0.0.22 and ff02::16 for the newest reports, 224.0.0.2 and ff02::2 for leaving. */
static struct amtg_addr routers(bool ip4, uint8_t last)
{
    struct amtg_addr routers6 = {{[0] = 0xff, [1] = 0x02, [15] = last}};

    return ip4 ? amtg_addr_from4((uint8_t[]){224, 0, 0, last}) : routers6;
}

/* Write the header before `len` octets of message, its checksum, and send it. */
static void finish(struct amtg_report_writer *w, struct amtg_packet *p, uint32_t len,
                   const struct amtg_addr *dst)
{
    struct amtg_ip_head head = {
        .src = w->source,
        .dst = *dst,
        .payload = len,
        .protocol = w->ip4 ? IPPROTO_IGMP : IPPROTO_ICMPV6,
        .hops = 1,
        .tos = w->ip4 ? AMTG_TOS_CONTROL : 0,
        .dont_fragment = true,
        .router_alert = true,
    };
    uint32_t before = amtg_ip_build(&head, p->data);
    uint8_t *message = p->data + before;
    uint64_t sum = 0;

    if (!w->ip4) {
        struct amtg_addr source = amtg_addr_from6(p->data + 8); /* as written */
        sum = amtg_sum_pseudo(0, &source, dst, IPPROTO_ICMPV6, len);
    }
    amtg_put_u16(message + 2, 0);
    amtg_put_u16(message + 2, amtg_checksum(amtg_sum(sum, message, len)));
    amtg_packet_trim(p, before + len);
    p->transport = (uint16_t)before;
    p->protocol = head.protocol;
    w->reports++;
    amtg_emit(w->e, w->out, p);
}

void amtg_report_flush(struct amtg_report_writer *w)
{
    struct amtg_addr dst = routers(w->ip4, 0x16);
    struct amtg_packet *p = w->open;

    if (w->ip4)
        dst = routers(true, 22);
    w->open = NULL;
    if (p)
        finish(w, p, w->used, &dst);
}

static bool begin(struct amtg_report_writer *w)
{
    w->open = amtg_make(w->e, AMTG_IP, w->mtu);
    if (!w->open) {
        amtg_no_buffer_count(w->e);
        return false;
    }
    uint8_t *message = w->open->data + ip_octets(w);
    memset(message, 0, HEAD_OCTETS); /* number of records: 0 as yet */
    message[0] = w->ip4 ? AMTG_IGMP_V3_REPORT : AMTG_MLD_V2_REPORT;
    w->used = HEAD_OCTETS;
    return true;
}

/* One record that fits an empty report. */
static void put_whole(struct amtg_report_writer *w, unsigned type, const struct amtg_addr *group,
                      const struct amtg_addr *sources, uint32_t count)
{
    uint32_t address = address_octets(w), need = RECORD_OCTETS + (1 + count) * address;

    if (w->open && ip_octets(w) + w->used + need > w->mtu)
        amtg_report_flush(w);
    if (!w->open && !begin(w))
        return;
    uint8_t *message = w->open->data + ip_octets(w), *at = message + w->used;
    at[0] = (uint8_t)type;
    at[1] = 0; /* auxiliary data: none is defined (RFC 3376, section 4.2.10) */
    amtg_put_u16(at + 2, (uint16_t)count);
    at += RECORD_OCTETS;
    put_address(at, group, w->ip4);
    for (uint32_t i = 0; i < count; i++)
        put_address(at + (1 + i) * address, &sources[i], w->ip4);
    w->used += need;
    w->records++;
    amtg_put_u16(message + 6, (uint16_t)(amtg_get_u16(message + 6) + 1));
}

void amtg_report_put(struct amtg_report_writer *w, unsigned type, const struct amtg_addr *group,
                     const struct amtg_addr *sources, uint32_t count)
{
    uint32_t address = address_octets(w);
    uint32_t most = (w->mtu - ip_octets(w) - HEAD_OCTETS - RECORD_OCTETS) / address - 1;

    if ((type == AMTG_IS_EX || type == AMTG_TO_EX) && count > most) {
        w->left_out += count - most;
        count = most;
    }
    while (count > most) {
        put_whole(w, type, group, sources, most);
        sources += most;
        count -= most;
        if (type == AMTG_TO_IN)
            type = AMTG_ALLOW;
    }
    put_whole(w, type, group, sources, count);
}

void amtg_report_put_older(struct amtg_report_writer *w, unsigned type,
                           const struct amtg_addr *group)
{
    uint32_t len = w->ip4 ? IGMP_OLD_OCTETS : MLD_OLD_OCTETS;
    bool leaves = type == (w->ip4 ? AMTG_IGMP_V2_LEAVE : AMTG_MLD_V1_DONE);
    struct amtg_addr dst = leaves ? routers(w->ip4, 2) : *group;
    struct amtg_packet *p = amtg_make(w->e, AMTG_IP, ip_octets(w) + len);

    if (!p) {
        amtg_no_buffer_count(w->e);
        return;
    }
    uint8_t *message = p->data + ip_octets(w);
    memset(message, 0, len);
    message[0] = (uint8_t)type;
    put_address(message + len - address_octets(w), group, w->ip4);
    w->records++;
    finish(w, p, len, &dst);
}
