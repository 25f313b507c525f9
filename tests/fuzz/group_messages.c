/*
 * Fuzz: reports and Queries of IGMP and MLD. What is found sound can be walked to its end
 * within its octets; a Query can be built again.
 */
#include "core/cursor.h"
#include "elements/group/report.h"
#include "elements/wire/describe.h"
#include "elements/wire/igmp.h"
#include "elements/wire/mld.h"
#include "elements/wire/query.h"
#include "tests/fuzz/support/fuzz.h"
#include "tests/fuzz/support/mend.h"

enum { MOST = 4096 };

/* Every record and every source, as whoever applies a report reads them. */
static void walk(const uint8_t *message, uint32_t len, bool ip4)
{
    struct amtg_group_record record;
    struct amtg_report report;
    unsigned records = 0;

    FUZZ_CHECK(amtg_report_open(&report, message, len, ip4), "a sound report does not open");
    bool of_records = report.version == AMTG_IGMP_V3 || report.version == AMTG_MLD_V2;
    unsigned announced = of_records ? amtg_get_u16(message + 6) : 1;
    for (; amtg_report_next(&report, &record); records++) {
        FUZZ_CHECK(record.ip4 == ip4, "family");
        FUZZ_CHECK(record.count == 0 || (record.sources > message && record.sources +
                   record.count * (ip4 ? 4 : 16) <= message + len), "sources past the message");
        for (unsigned i = 0; i < record.count; i++) {
            struct amtg_addr source = amtg_record_source(&record, i);
            FUZZ_CHECK(ip4 == amtg_addr_is4(&source), "source of the other family");
        }
    }
    FUZZ_CHECK(records == announced, "%u of %u records", records, announced);
}

/* A strict check demands more than a lenient one, and only that. */
static void check_reports(const uint8_t *octets, const struct amtg_ip *ip)
{
    const uint8_t *message = octets + ip->transport;
    uint32_t len = ip->total - ip->transport;
    bool igmp = amtg_igmp_report_check(octets, ip, false, true) == AMTG_REPORT_SOUND;
    bool mld = amtg_mld_report_check(octets, ip, false) == AMTG_REPORT_SOUND;

    FUZZ_CHECK(!(igmp && mld), "both IGMP and MLD");
    if (igmp || mld)
        walk(message, len, igmp);
    if (amtg_igmp_report_check(octets, ip, true, true) == AMTG_REPORT_SOUND)
        FUZZ_CHECK(igmp, "strict, but not lenient");
    if (amtg_igmp_report_check(octets, ip, false, false) == AMTG_REPORT_SOUND)
        FUZZ_CHECK(igmp && message[0] != AMTG_IGMP_V1_REPORT, "IGMPv1");
    if (amtg_mld_report_check(octets, ip, true) == AMTG_REPORT_SOUND)
        FUZZ_CHECK(mld, "strict, but not lenient");
}

/* A Query of the newest version says the same again when it is built of what was read. */
static void rebuild_query(const struct amtg_query *q)
{
    static uint8_t built[AMTG_IP_HEAD_MOST + MOST + 64];
    static struct amtg_addr sources[MOST];
    struct amtg_question question = {
        .source = q->source, .group = q->group, .sources = sources, .count = q->count,
        .max_response_ms = q->max_response_ms, .interval_s = q->interval_s,
        .robustness = q->robustness, .ip4 = q->ip4, .suppress = q->suppress,
    };
    struct amtg_query again;
    struct amtg_ip ip;

    for (unsigned i = 0; i < q->count; i++)
        sources[i] = amtg_query_source(q, i);
    uint32_t octets = amtg_question_build(&question, built);
    FUZZ_CHECK(octets == amtg_question_octets(&question), "%u octets", octets);
    FUZZ_CHECK(amtg_ip_parse(built, octets, &ip) == AMTG_IP_SOUND, "IP");
    enum amtg_query_fault fault = amtg_query_parse(built, &ip, &again);
    FUZZ_CHECK(fault == AMTG_QUERY_SOUND, "fault %d", fault);
    FUZZ_CHECK(amtg_addr_equal(&again.group, &q->group) && again.general == q->general &&
               again.count == q->count && again.suppress == q->suppress &&
               again.robustness == q->robustness && again.interval_s == q->interval_s &&
               again.max_response_ms == q->max_response_ms && again.ip4 == q->ip4, "not the same");
    FUZZ_CHECK(q->count == 0 ||
               memcmp(again.sources, q->sources, q->count * (q->ip4 ? 4u : 16u)) == 0, "sources");
}

static void check_query(const uint8_t *octets, const struct amtg_ip *ip)
{
    struct amtg_query q;

    if (amtg_query_parse(octets, ip, &q) == AMTG_QUERY_SOUND && q.version == (q.ip4 ? 3 : 2))
        rebuild_query(&q);
}

static void check_octets(const uint8_t *octets, uint32_t len)
{
    struct amtg_ip ip;

    if (amtg_ip_parse(octets, len, &ip) != AMTG_IP_SOUND)
        return;
    check_reports(octets, &ip);
    check_query(octets, &ip);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    static FILE *nowhere;
    uint8_t *mended = malloc(len + 1);

    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    if (len <= MOST) {
        memcpy(mended, octets, len);
        mend_checksums(mended, (uint32_t)len);
        check_octets(octets, (uint32_t)len);
        check_octets(mended, (uint32_t)len);
        amtg_describe_group(octets, (uint32_t)len, true, nowhere);
        amtg_describe_group(octets, (uint32_t)len, false, nowhere);
        amtg_describe_ip(mended, (uint32_t)len, nowhere);
    }
    free(mended);
    return 0;
}
