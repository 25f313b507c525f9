/*
 * The router's state of one group at one endpoint (RFC 3376, section 6; RFC 3810,
 * section 7), and the rules that change it. Pure: time comes in as `now`, nothing
 * is sent, and a rule reads one state and writes another, so that the caller can
 * tell what has changed.
 *
 * A relay cannot query a gateway, which is a single reporter anyway. What the
 * tables of the RFCs do by specific queries is done for it without them, in one of
 * two ways (enum amtg_leave). On a LAN the caller asks, about what has been lowered.
 *
 * Times are milliseconds of the loop's clock, modulo 2^32; no timer may be longer
 * than 2^31 ms. A deadline is due as soon as it is not after `now`.
 */
#ifndef AMTG_GROUP_FILTER_H
#define AMTG_GROUP_FILTER_H

#include "core/err.h"
#include "elements/group/report.h"

enum { AMTG_FILTER_SOURCES = 4000 }; /* most sources that a state can be allowed to list */

enum amtg_leave {
    AMTG_LEAVE_PROMPT, /* BLOCK and TO_IN{} act at once, as LMQT otherwise */
    AMTG_LEAVE_LMQT,   /* what would be queried for is lowered to the last member query time */
    AMTG_LEAVE_QUERY,  /* the same, and the caller asks for it (amtg_filter_lowered) */
};

struct amtg_filter_rules {
    uint32_t interval_ms;    /* group membership interval, also "older host present" */
    uint32_t last_member_ms; /* last member query time */
    enum amtg_leave leave;
};

struct amtg_filter_source {
    struct amtg_addr address;
    uint32_t deadline_ms; /* AMTG_BLOCKED, or when its timer runs out */
};

enum { AMTG_BLOCKED = 0 }; /* EXCLUDE mode: the source timer is zero (never a deadline) */

/* All zero: INCLUDE{}, that is, no state. */
struct amtg_filter {
    struct amtg_filter_source *sources; /* ascending by address, no duplicates */
    uint32_t group_deadline_ms;         /* EXCLUDE only */
    uint32_t older_deadline_ms;         /* when `older` ends */
    uint16_t count;                     /* sources */
    bool exclude;                       /* filter mode */
    bool older; /* IGMPv2 or MLDv1 compatibility (RFC 3376, section 7.3.2) */
};

/* Frees what the state points to; it is INCLUDE{} then. */
void amtg_filter_fini(struct amtg_filter *f);

static inline bool amtg_filter_empty(const struct amtg_filter *f)
{
    return !f->exclude && f->count == 0;
}

/* Index of a source, or -1 when it is not listed. */
int amtg_filter_find(const struct amtg_filter *f, const struct amtg_addr *source);
/* Is the source to be forwarded (RFC 3376, section 6.3)? As of the last expiry. */
bool amtg_filter_wants(const struct amtg_filter *f, const struct amtg_addr *source);
/* The next deadline; false: there is none. */
bool amtg_filter_next(const struct amtg_filter *f, uint32_t *deadline_ms);

static inline bool amtg_deadline_due(uint32_t deadline_ms, uint32_t now_ms)
{
    return (int32_t)(deadline_ms - now_ms) <= 0;
}

/*
 * Write to *after what *before becomes when all that is due has run out (RFC 3376,
 * sections 6.2.2, 6.2.3 and 6.5). before stays as it is. AMTG_OK or AMTG_ENOMEM
 * (then nothing is written). Both are the caller's to finish.
 */
enum amtg_err amtg_filter_expire(const struct amtg_filter *before, uint32_t now_ms,
                                 struct amtg_filter *after);

/* Why a record is to be passed over; the rest of its report still counts. */
enum amtg_record_fault {
    AMTG_RECORD_FINE,
    AMTG_RECORD_UNKNOWN_TYPE,  /* RFC 3376, section 4.2.12: ignored silently */
    AMTG_RECORD_BAD_GROUP,     /* not multicast, of interface scope, or 232.0.0.0 (RFC 4607) */
    AMTG_RECORD_LINK_LOCAL,    /* its packets are never forwarded */
    AMTG_RECORD_SSM_EXCLUDE,   /* RFC 4604, section 2.2.1: no EXCLUDE for an SSM group */
    AMTG_RECORD_SSM_OLDER,     /* RFC 4604, section 2.2.2: no older versions for an SSM group */
};
enum { AMTG_RECORD_FAULTS = AMTG_RECORD_SSM_OLDER + 1 };

enum amtg_record_fault amtg_record_check(const struct amtg_group_record *record,
                                         enum amtg_report_version version);
/* 232.0.0.0/8 or ff3x::/32 (RFC 4607, section 1). */
bool amtg_group_is_ssm(const struct amtg_addr *group);

struct amtg_filter_skipped {
    uint32_t bad_sources;  /* not unicast addresses of the group's family */
    uint32_t over_limit;   /* sources not listed for want of room */
    bool by_compatibility; /* the record is ignored in the older version's mode */
};

/*
 * Write to *after what *before becomes by a record that is fine. Whatever is due
 * in *before must have been expired, if amtg_filter_next names it: the older mode ends here.
 * older: the record is the translation of an older version's message.
 * room:  most sources that *after may list, up to AMTG_FILTER_SOURCES. Blocked ones
 *        give way first, then additions are ignored: rather too much traffic than
 *        too little.
 * skipped: written.
 * ret:   AMTG_OK or AMTG_ENOMEM (then *after is not written).
 */
enum amtg_err amtg_filter_apply(const struct amtg_filter *before,
                                const struct amtg_filter_rules *rules,
                                const struct amtg_group_record *record, bool older,
                                uint32_t room, uint32_t now_ms, struct amtg_filter *after,
                                struct amtg_filter_skipped *skipped);

/* What a record has lowered to the last member query time: the query column of the table. */
struct amtg_filter_lowered {
    bool group;                /* Q(G) */
    uint32_t count;            /* Q(G,S) */
    struct amtg_addr *sources; /* the caller's to free; NULL when there are none */
};

/*
 * What is to be asked for, of a state that a record has just turned from *before into
 * *after, at the same now_ms and by the same rules. Timers that were that low already
 * are not: they have been asked for. AMTG_OK or AMTG_ENOMEM (then *out is empty).
 */
enum amtg_err amtg_filter_lowered(const struct amtg_filter *before,
                                  const struct amtg_filter_rules *rules, uint32_t now_ms,
                                  const struct amtg_filter *after,
                                  struct amtg_filter_lowered *out);

#endif
