/*
 * What an element says in IGMP or MLD, in words: each datagram is verified as a
 * strict router does it, then its records are written one after the other:
 * "ALLOW 232.1.2.3 192.0.2.1 192.0.2.2, TO_IN 239.1.1.1". And what it is told.
 */
#ifndef AMTG_TESTS_SPOKEN_H
#define AMTG_TESTS_SPOKEN_H

#include <stdio.h>
#include <string.h>

#include "core/cursor.h"
#include "elements/group/report.h"
#include "elements/wire/checksum.h"
#include "elements/wire/igmp.h"
#include "elements/wire/mld.h"
#include "elements/wire/query.h"
#include "elements/wire/types.h"
#include "tests/support/rig.h"

static inline struct amtg_addr spoken_addr(const char *text)
{
    struct amtg_addr a;
    ck_assert_msg(amtg_addr_parse(text, &a), "%s", text);
    return a;
}

/* The next datagram of `output` as a report; lent until the next call. */
static inline const char *spoken(struct rig *rig, const char *output)
{
    static const char *const names[] = {"?", "IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK"};
    static char text[20000];
    char address[AMTG_ADDR_TEXT];
    struct amtg_packet *p = rig_take(rig, output);
    struct amtg_ip ip;
    struct amtg_report report;
    struct amtg_group_record record;
    size_t n = 0;

    ck_assert_ptr_eq(p->type, AMTG_IP);
    ck_assert_int_eq(amtg_ip_parse(p->data, p->len, &ip), AMTG_IP_SOUND);
    ck_assert_uint_eq(p->len, ip.total);
    ck_assert_uint_eq(p->transport, ip.transport);
    ck_assert_uint_eq(p->protocol, ip.protocol);
    ck_assert_int_eq(ip.version == 4 ? amtg_igmp_report_check(p->data, &ip, true, true)
                                     : amtg_mld_report_check(p->data, &ip, true), 0);
    ck_assert(amtg_report_open(&report, p->data + ip.transport, ip.total - ip.transport,
                               ip.version == 4));
    static const char *const versions[] = {"", "v1 ", "v2 ", "", "v1 ", ""};
    n += (size_t)sprintf(text + n, "%s", versions[report.version]);
    for (bool first = true; amtg_report_next(&report, &record); first = false) {
        n += (size_t)sprintf(text + n, "%s%s %s", first ? "" : ", ",
                             names[record.type <= 6 ? record.type : 0],
                             amtg_addr_text(&record.group, address));
        for (unsigned i = 0; i < record.count; i++) {
            struct amtg_addr source = amtg_record_source(&record, i);
            n += (size_t)sprintf(text + n, " %s", amtg_addr_text(&source, address));
            ck_assert_uint_lt(n, sizeof text - 100);
        }
    }
    amtg_packet_free(p);
    return text;
}

#define EXPECT_SPOKEN(rig, output, wanted) ck_assert_str_eq(spoken(rig, output), wanted)

/* The next datagram of `output` as a Query: "239.1.1.1 192.0.2.1 S 1000ms QRV 2 QQI 125". */
static inline const char *queried(struct rig *rig, const char *output)
{
    static char text[2000];
    char address[AMTG_ADDR_TEXT];
    struct amtg_packet *p = rig_take(rig, output);
    struct amtg_ip ip;
    struct amtg_query q;
    size_t n;

    ck_assert_ptr_eq(p->type, AMTG_IP);
    ck_assert_int_eq(amtg_ip_parse(p->data, p->len, &ip), AMTG_IP_SOUND);
    ck_assert_uint_eq(p->transport, ip.transport);
    ck_assert_uint_eq(p->protocol, ip.protocol);
    ck_assert_uint_eq(p->len, ip.total);
    ck_assert_uint_eq(ip.router_alerts, 1);
    ck_assert_int_eq(amtg_query_parse(p->data, &ip, &q), AMTG_QUERY_SOUND);
    ck_assert(q.general || amtg_addr_equal(&ip.dst, &q.group));
    n = (size_t)sprintf(text, "%s", q.general ? "all" : amtg_addr_text(&q.group, address));
    for (unsigned i = 0; i < q.count; i++) {
        struct amtg_addr source = amtg_query_source(&q, i);
        n += (size_t)sprintf(text + n, " %s", amtg_addr_text(&source, address));
    }
    sprintf(text + n, "%s %ums QRV %u QQI %u", q.suppress ? " S" : "", q.max_response_ms,
            q.robustness, q.interval_s);
    amtg_packet_free(p);
    return text;
}

#define EXPECT_QUERIED(rig, output, wanted) ck_assert_str_eq(queried(rig, output), wanted)

/* A record of one group and sources with blanks between them, as struct amtg_join. */
static inline struct amtg_packet *join_packet(struct rig *rig, const char *group, bool exclude,
                                              const char *sources)
{
    _Alignas(struct amtg_join) uint8_t octets[sizeof(struct amtg_join) + 64 * 16] = {0};
    struct amtg_join *join = (void *)octets;
    char text[AMTG_ADDR_TEXT];
    int used;

    join->group = spoken_addr(group);
    join->exclude = exclude;
    for (; sscanf(sources, " %45s%n", text, &used) == 1; sources += used)
        join->sources[join->count++] = spoken_addr(text);
    return rig_packet(rig, AMTG_JOIN, octets,
                      sizeof *join + join->count * sizeof join->sources[0]);
}

/* A General Query of IGMPv2 (max_response 0: IGMPv1) or of MLDv1, from this source. */
static inline struct amtg_packet *older_query_packet(struct rig *rig, const char *source,
                                                     uint8_t max_response)
{
    uint8_t o[AMTG_IP_HEAD_MOST + 24] = {0};
    struct amtg_addr from = spoken_addr(source);
    bool ip4 = amtg_addr_is4(&from);
    struct amtg_ip_head head = {
        .src = from, .dst = spoken_addr(ip4 ? "224.0.0.1" : "ff02::1"), .payload = ip4 ? 8 : 24,
        .protocol = ip4 ? IPPROTO_IGMP : IPPROTO_ICMPV6, .hops = 1, .router_alert = !ip4};
    uint32_t before = amtg_ip_build(&head, o);
    uint8_t *message = o + before;
    uint64_t sum = ip4 ? 0 : amtg_sum_pseudo(0, &from, &head.dst, IPPROTO_ICMPV6, 24);

    message[0] = ip4 ? AMTG_IGMP_QUERY : AMTG_MLD_QUERY;
    message[ip4 ? 1 : 5] = max_response;
    amtg_put_u16(message + 2, amtg_checksum(amtg_sum(sum, message, head.payload)));
    return rig_packet(rig, AMTG_IP_RAW, o, before + head.payload);
}

/* A datagram with this Query, of the newest version. */
static inline struct amtg_packet *query_packet(struct rig *rig, const struct amtg_question *q)
{
    uint8_t octets[2000];
    return rig_packet(rig, AMTG_IP_RAW, octets, amtg_question_build(q, octets));
}

#endif
