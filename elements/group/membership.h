/*
 * What the files of the class membership share: its state, what it counts, and the
 * life of its members.
 *
 *   membership.c         the class: joins said, members timed and ended, start and stop
 *   membership_report.c  reports in, and what each of their records does
 *   membership_errors.c  ICMP errors in, and what they do to a tunnel
 *   membership_show.c    what it shows and does when asked
 */
#ifndef AMTG_GROUP_MEMBERSHIP_H
#define AMTG_GROUP_MEMBERSHIP_H

#include "core/element.h"
#include "elements/group/asks.h"
#include "elements/group/joins.h"
#include "elements/group/report.h"
#include "elements/group/roster.h"

struct membership {
    uint8_t robustness;
    uint64_t query_interval_ns, query_response_interval_ns, last_member_interval_ns;
    int leave;
    uint32_t endpoints, endpoints_per_address;
    uint16_t groups, sources;
    uint32_t sources_per_endpoint, entries_per_address, channels, memberships;
    uint16_t unreachable_count;
    uint64_t unreachable_span_ns;
    bool pmtu_dynamic;
    uint16_t pmtu_min;
    uint64_t pmtu_age_ns;
    uint64_t refresh_ns;
    uint16_t join_sources;

    struct amtg_roster roster;
    struct amtg_joins joins;
    struct amtg_asks asks;
    struct amtg_task say;   /* the joins that have changed */
    struct amtg_timer ask;  /* the next question is due */
    struct amtg_timer turn; /* the next part of all joins is due */
    bool draining;          /* nobody new is taken */
    size_t owed;            /* joins that are due, times the turns of a round */
};

/* Why an endpoint has ended. */
enum amtg_membership_end {
    AMTG_MEMBERS_LEFT, AMTG_MEMBERS_EXPIRED, AMTG_MEMBERS_TORN_DOWN,
    AMTG_MEMBERS_NOT_REACHED, AMTG_MEMBERS_OUT_OF_MEMORY, AMTG_MEMBERS_DROPPED,
    AMTG_MEMBERS_ENDS,
};

/* Counters. */
enum {
    AMTG_MEMBERS_ENDPOINTS, AMTG_MEMBERS_MEMBERSHIPS,
    AMTG_MEMBERS_GROUPS, AMTG_MEMBERS_CHANNELS,
    AMTG_MEMBERS_REPORTS_TAKEN, AMTG_MEMBERS_RECORDS, AMTG_MEMBERS_MOVES,
    AMTG_MEMBERS_SKIPPED, /* + enum amtg_record_fault, from the first fault */
    AMTG_MEMBERS_OLDER_MODE = AMTG_MEMBERS_SKIPPED + AMTG_RECORD_FAULTS - 1,
    AMTG_MEMBERS_BAD_SOURCES, AMTG_MEMBERS_SOURCES_OVER,
    AMTG_MEMBERS_GROUPS_OVER, AMTG_MEMBERS_RECORDS_OVER,
    AMTG_MEMBERS_STARTED,
    AMTG_MEMBERS_ENDED, /* + enum amtg_membership_end */
    AMTG_MEMBERS_ERRORS = AMTG_MEMBERS_ENDED + AMTG_MEMBERS_ENDS,
    AMTG_MEMBERS_ERRORS_OTHER, AMTG_MEMBERS_UNKNOWN_PEER,
    AMTG_MEMBERS_PMTU_LOWERED, AMTG_MEMBERS_PMTU_AGED, AMTG_MEMBERS_PMTU_IGNORED,
    AMTG_MEMBERS_JOINS_SAID, AMTG_MEMBERS_JOINS_OVER,
    AMTG_MEMBERS_ASKS_SAID, AMTG_MEMBERS_DRAINING,
};

/* Why a packet is dropped. */
enum {
    AMTG_MEMBERS_NOT_A_REPORT, AMTG_MEMBERS_IGMPV1,
    AMTG_MEMBERS_ENDPOINT_LIMIT, AMTG_MEMBERS_ADDRESS_LIMIT,
    AMTG_MEMBERS_NO_MEMORY, AMTG_MEMBERS_BAD_RECORD, AMTG_MEMBERS_CLOSED,
};

/* The clock that all deadlines of memberships are on. */
static inline uint32_t amtg_membership_now_ms(const struct amtg_element *e)
{
    return (uint32_t)(amtg_now(e) / AMTG_MS);
}

/* ---- membership.c ---- */

/* It has its first membership, and is announced. */
void amtg_membership_begin(struct amtg_element *e, struct amtg_member *m);
/* Frees it. */
void amtg_membership_end(struct amtg_element *e, struct amtg_member *m,
                         enum amtg_membership_end why);
/* See to it that what is due at deadline_ms runs out then. */
void amtg_membership_arm(struct amtg_element *e, struct amtg_member *m, uint32_t deadline_ms);

/* After each change of the roster that came from outside a push. */
void amtg_membership_changed(struct amtg_element *e);

/* ---- membership_show.c ---- */

enum { AMTG_MEMBERSHIP_LISTINGS = 4, AMTG_MEMBERSHIP_CALLS = 1 };
extern const struct amtg_listing amtg_membership_listings[AMTG_MEMBERSHIP_LISTINGS];
extern const struct amtg_call amtg_membership_calls[AMTG_MEMBERSHIP_CALLS];

/* ---- membership_report.c ---- */

/* Takes the packet, of type report. */
void amtg_membership_report(struct amtg_element *e, struct amtg_packet *p);

/* ---- membership_errors.c ---- */

/* Takes the packet, of type unreachable. */
void amtg_membership_error(struct amtg_element *e, struct amtg_packet *p);
/* Forget what is known of the path if that is old. AMTG_OK or AMTG_ENOMEM. */
enum amtg_err amtg_membership_age_pmtu(struct amtg_element *e, struct amtg_member *m);

#endif
