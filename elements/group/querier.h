/*
 * The querier of a LAN as an element (RFC 3376, section 6.6; RFC 3810, section
 * 7.6): what igmp-querier and mld-querier share, which differ in the family and in
 * their defaults only. The two descriptors take their tables from here.
 *
 * Timers: `general`, the next General Query is due (query interval; a quarter of it
 * at the start); `other_gone`, the other querier has not been heard for too long.
 */
#ifndef AMTG_GROUP_QUERIER_H
#define AMTG_GROUP_QUERIER_H

#include "core/element.h"
#include "elements/group/querier_role.h"
#include "elements/io/lan.h"
#include "elements/wire/query.h"
#include "elements/wire/types.h"

struct amtg_querier {
    struct amtg_addr source;
    uint8_t robustness;
    uint64_t query_interval_ns, query_response_interval_ns, last_member_interval_ns;
    uint64_t mtu_octets;
    struct amtg_element *lan; /* knows our addresses there; NULL: nobody does */

    bool ip4;
    bool quiet;             /* another one asks */
    uint64_t warned_ns;     /* of an older querier; 0: not yet */
    struct amtg_addr other; /* that one */
    unsigned startup_left;  /* General Queries that still come faster */
    struct amtg_timer general, other_gone;
};

enum { AMTG_QUERIER_ASKS, AMTG_QUERIER_QUERIES };

enum {
    AMTG_QUERIER_QUERYING, AMTG_QUERIER_GENERAL, AMTG_QUERIER_SPECIFIC, AMTG_QUERIER_HEARD,
    AMTG_QUERIER_NOT_ELECTABLE, AMTG_QUERIER_OLDER, AMTG_QUERIER_CAPPED, AMTG_QUERIER_OWN,
    AMTG_QUERIER_OTHER_FAMILY, AMTG_QUERIER_ELECTIONS,
};

enum { AMTG_QUERIER_NOT_QUERIER = AMTG_QUERY_OWN, AMTG_QUERIER_MALFORMED };

/* Of a class whose state is a struct amtg_querier. */
void amtg_querier_check(const void *state, struct amtg_check *check);
enum amtg_err amtg_querier_init(struct amtg_element *e, bool ip4);
enum amtg_err amtg_querier_start(struct amtg_element *e);
void amtg_querier_stop(struct amtg_element *e);
void amtg_querier_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch);
extern const struct amtg_querier_role_ops amtg_querier_role_ops;

/* ---- tables of the two descriptors ---------------------------------------- */

#define AMTG_QUERIER_INPUT_PORTS                                                                \
    [AMTG_QUERIER_ASKS] = {"asks", AMTG_ASK, "what to ask about a group", AMTG_MAY_BE_OPEN},    \
    [AMTG_QUERIER_QUERIES] = {"queries", AMTG_IP_RAW, "whole datagrams with Queries of others", \
                              AMTG_MAY_BE_OPEN}

#define AMTG_QUERIER_SHARED_PARAMS                                                              \
    AMTG_U8(struct amtg_querier, robustness, "2", 1, 7, NULL,                                   \
            "reports of which one has to arrive (QRV); as that of membership"),                 \
    AMTG_DURATION(struct amtg_querier, query_interval_ns, "125s", AMTG_S, 31744 * AMTG_S,       \
                  "time between General Queries (QQIC); as that of membership"),                \
    AMTG_DURATION(struct amtg_querier, query_response_interval_ns, "10s", 100 * AMTG_MS,        \
                  3174 * AMTG_S, "within which hosts answer them"),                             \
    AMTG_DURATION(struct amtg_querier, last_member_interval_ns, "1s", 100 * AMTG_MS,            \
                  3174 * AMTG_S, "within which hosts answer about a group; as that of membership"), \
    AMTG_SIZE(struct amtg_querier, mtu_octets, "1280", 128, 9000, "most octets of a Query"),     \
    AMTG_REF(struct amtg_querier, lan, &amtg_lan, false,                                      \
             "knows the addresses of the link: a raw-socket to it")

#define AMTG_QUERIER_COUNTER_TABLE                                                              \
    [AMTG_QUERIER_QUERYING] = {"querier", "state", "1 while it asks, 0 while another one does", \
                               AMTG_GAUGE},                                                     \
    [AMTG_QUERIER_GENERAL] = {"general-queries", "packets", "sent", AMTG_COUNTER},              \
    [AMTG_QUERIER_SPECIFIC] = {"specific-queries", "packets", "sent", AMTG_COUNTER},            \
    [AMTG_QUERIER_HEARD] = {"queries-heard", "packets", "Queries of others", AMTG_COUNTER},     \
    [AMTG_QUERIER_NOT_ELECTABLE] = {"not-electable", "packets",                                 \
        "of these, that cannot win: of IGMPv1, or from an address that is unspecified, no "     \
        "unicast address, of another subnet or, in MLD, not link-local", AMTG_COUNTER},         \
    [AMTG_QUERIER_OLDER] = {"older-queries", "packets",                                         \
        "of these, of IGMPv1, IGMPv2 or MLDv1 (RFC 3376, 7.3.1)", AMTG_COUNTER},                \
    [AMTG_QUERIER_CAPPED] = {"patience-capped", "packets",                                      \
        "of these, whose sender wanted to be waited for longer than our own values say",        \
        AMTG_COUNTER},                                                                          \
    [AMTG_QUERIER_OWN] = {"own", "packets", "Queries of its own that came back", AMTG_COUNTER}, \
    [AMTG_QUERIER_OTHER_FAMILY] = {"other-family", "packets",                                   \
        "asks and Queries of the other family: not for this querier", AMTG_COUNTER},            \
    [AMTG_QUERIER_ELECTIONS] = {"elections", "elections", "lost, or won back", AMTG_COUNTER}

#define AMTG_QUERIER_DROP_TABLE                                                                 \
    AMTG_IP_FAULT_REASONS AMTG_QUERY_FAULT_REASONS                                              \
    [AMTG_QUERIER_NOT_QUERIER] = {"not-querier",                                                \
        "something to ask while another querier does (RFC 3376, 6.6.3)"},                       \
    [AMTG_QUERIER_MALFORMED] = {"malformed", "an ask record that is truncated, or of no group"}

#endif
