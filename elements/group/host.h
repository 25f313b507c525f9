/*
 * The host side of IGMP and MLD as an element (RFC 3376, section 5; RFC 3810,
 * section 6; RFC 7450, section 5.2.1): what igmp-host and mld-host share, which
 * differ in the family and in their defaults only. The two descriptors take their
 * tables from here.
 *
 * Timers: one, at the earliest of: a state-change report is due again (random in
 * (0, 1 s] after the last one); the answer to a General Query, or to one about a
 * group; an older querier has not been heard for long; a join was not said again.
 */
#ifndef AMTG_GROUP_HOST_H
#define AMTG_GROUP_HOST_H

#include "elements/group/host_group.h"
#include "elements/wire/types.h"

extern const char *const amtg_host_answers[]; /* enum amtg_host_answer */
enum amtg_host_answer { AMTG_HOST_AT_ONCE, AMTG_HOST_DELAYED };

struct amtg_host {
    struct amtg_addr source;
    uint64_t mtu_octets, hold_ns;
    int answer;
    uint8_t robustness;
    uint32_t groups, sources;
    bool older_versions;

    bool ip4;
    struct amtg_table table;
    struct amtg_host_group *oldest, *newest; /* by time of refresh */
    uint32_t sources_count;
    struct amtg_report_writer writer;
    uint8_t qrv;              /* of the last Query */
    uint64_t general_ns;      /* the answer to a General Query is due; AMTG_NEVER: none is */
    uint64_t older_ns[3];     /* [version]: until when its querier counts as present */
    uint64_t interval_s;      /* of the last Query that said it */
    struct amtg_task now;     /* something is due at once */
    struct amtg_timer wake;   /* something is due */
};

enum { AMTG_HOST_JOINS, AMTG_HOST_QUERIES };

enum {
    AMTG_HOST_GROUPS, AMTG_HOST_SOURCES, AMTG_HOST_CHANGES, AMTG_HOST_REPORTS, AMTG_HOST_RECORDS,
    AMTG_HOST_GENERAL, AMTG_HOST_SPECIFIC, AMTG_HOST_HURRIED, AMTG_HOST_QUERY_ROBUSTNESS, AMTG_HOST_VERSION,
    AMTG_HOST_OTHER_FAMILY, AMTG_HOST_FORGOTTEN, AMTG_HOST_LEFT_OUT,
};

enum {
    AMTG_HOST_OLDER_QUERY = AMTG_QUERY_OWN, AMTG_HOST_MALFORMED, AMTG_HOST_UNREPORTED,
    AMTG_HOST_SSM_EXCLUDE, AMTG_HOST_LIMIT,
};

/* Of a class whose state is a struct amtg_host. */
enum amtg_err amtg_host_init(struct amtg_element *e, bool ip4);
/* Leaves all groups, and says so. */
void amtg_host_stop(struct amtg_element *e);
void amtg_host_fini(struct amtg_element *e);
void amtg_host_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch);

/* ---- tables of the two descriptors ---------------------------------------- */

#define AMTG_HOST_INPUT_PORTS                                                                   \
    [AMTG_HOST_JOINS] = {"joins", AMTG_JOIN, "what is wanted of each group, in full", 0},       \
    [AMTG_HOST_QUERIES] = {"queries", AMTG_IP_RAW, "whole datagrams with Queries",              \
                           AMTG_MAY_BE_OPEN}

#define AMTG_HOST_SHARED_PARAMS                                                                 \
    AMTG_SIZE(struct amtg_host, mtu_octets, "1440", 128, 9000,                                  \
              "most octets of a report; 1440 is what an Update over IPv6 has room for"),        \
    AMTG_ENUM(struct amtg_host, answer, "at-once", amtg_host_answers,                           \
              "when Queries are answered: at-once, or delayed at random as on a LAN"),          \
    AMTG_U8(struct amtg_host, robustness, "2", 1, 7, NULL,                                      \
            "times that a change is reported, unless a Query says otherwise (QRV)"),            \
    AMTG_DURATION(struct amtg_host, hold_ns, "3m", AMTG_S, 24 * 3600 * AMTG_S,                  \
                  "a group that is not said again for so long is left"),                        \
    AMTG_U32(struct amtg_host, groups, "10000", 1, 1000000, "groups", "most at once"),          \
    AMTG_U32(struct amtg_host, sources, "100000", 1, 10000000, "sources",                       \
             "most of all groups together, and of those that Queries ask about"),               \
    AMTG_BOOL(struct amtg_host, older_versions, "no",                                           \
              "obey queriers of older versions, for use on a LAN")

#define AMTG_HOST_COUNTER_TABLE                                                                 \
    [AMTG_HOST_GROUPS] = {"groups", "groups", "that are wanted", AMTG_GAUGE},                   \
    [AMTG_HOST_SOURCES] = {"sources", "sources", "listed in these wishes", AMTG_GAUGE},         \
    [AMTG_HOST_CHANGES] = {"changes", "changes", "of what is wanted of a group", AMTG_COUNTER}, \
    [AMTG_HOST_REPORTS] = {"reports", "packets", "reports sent", AMTG_COUNTER},                 \
    [AMTG_HOST_RECORDS] = {"records", "records", "in them", AMTG_COUNTER},                      \
    [AMTG_HOST_GENERAL] = {"general-queries", "packets", "General Queries taken",               \
                           AMTG_COUNTER},                                                       \
    [AMTG_HOST_SPECIFIC] = {"specific-queries", "packets", "Queries about a group taken",       \
                            AMTG_COUNTER},                                                      \
    [AMTG_HOST_HURRIED] = {"response-capped", "packets",                                        \
                           "Queries that allow more than 125 s for the answer, which comes "    \
                           "sooner", AMTG_COUNTER},                                             \
    [AMTG_HOST_QUERY_ROBUSTNESS] = {"robustness", "reports",                                    \
                                    "of each change, as the last Query wants it", AMTG_GAUGE},  \
    [AMTG_HOST_VERSION] = {"version", "version", "that reports are written in", AMTG_GAUGE},    \
    [AMTG_HOST_OTHER_FAMILY] = {"other-family", "packets",                                      \
                                "joins and Queries of the other family: not for this host",     \
                                AMTG_COUNTER},                                                  \
    [AMTG_HOST_FORGOTTEN] = {"forgotten", "groups", "left, since nobody said the join again",   \
                             AMTG_COUNTER},                                                     \
    [AMTG_HOST_LEFT_OUT] = {"sources-left-out", "sources",                                      \
                            "of EXCLUDE records that did not fit a report (RFC 3376, 4.2.16)",  \
                            AMTG_COUNTER}

#define AMTG_HOST_DROP_TABLE                                                                    \
    AMTG_IP_FAULT_REASONS AMTG_QUERY_FAULT_REASONS                                              \
    [AMTG_HOST_OLDER_QUERY] = {"older-query",                                                   \
        "a Query of an older version, without `older-versions` (RFC 7450, 5.2.1)"},             \
    [AMTG_HOST_MALFORMED] = {"malformed",                                                       \
        "a join record that is truncated, of no group, or of sources that are none"},           \
    [AMTG_HOST_UNREPORTED] = {"unreported",                                                     \
        "a join of a group that no host reports: 224.0.0.1, ff02::1 or smaller scope"},         \
    [AMTG_HOST_SSM_EXCLUDE] = {"ssm-exclude",                                                   \
        "a join of an SSM group without naming sources (RFC 4604, 2.2.1)"},                     \
    [AMTG_HOST_LIMIT] = {"limit", "a further group or source, beyond the limits"}

#endif
