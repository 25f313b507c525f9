/*
 * Reports of endpoints: each record, in its order, changes what its endpoint has joined
 * (RFC 7450, section 5.3.3.4; RFC 3376, section 6.4; RFC 3810, section 7.4). Here are
 * also the first membership of an endpoint, and the limit to what one report can cost.
 */
#include <stdlib.h>

#include "elements/group/membership.h"

/* Times that one report may have all sources of its endpoint looked through. */
enum { WALKS = 8 };

/* Others behind this endpoint may still want what one of them has left. */
static void ask(struct amtg_element *e, const struct amtg_member *m, const struct amtg_addr *group,
                struct amtg_record_outcome *outcome)
{
    struct membership *state = amtg_state(e);
    struct amtg_filter_lowered *lowered = &outcome->lowered;

    if ((lowered->group || lowered->count) &&
        amtg_asks_add(&state->asks, &m->endpoint->peer, group, lowered, amtg_membership_now_ms(e)))
        amtg_timer_start(e, &state->ask, 0);
    free(lowered->sources);
}

/* May the record give state to an endpoint that has none? */
static bool may_create(const struct amtg_group_record *record)
{
    switch (record->type) {
    case AMTG_IS_EX:
    case AMTG_TO_EX: return true;
    case AMTG_IS_IN:
    case AMTG_TO_IN:
    case AMTG_ALLOW: return record->count > 0;
    default: return false;
    }
}

static bool report_may_create(struct amtg_report report)
{
    struct amtg_group_record record;

    while (amtg_report_next(&report, &record))
        if (may_create(&record) &&
            amtg_record_check(&record, report.version) == AMTG_RECORD_FINE)
            return true;
    return false;
}

static void count_outcome(struct amtg_element *e, const struct amtg_record_outcome *o)
{
    amtg_count(e, AMTG_MEMBERS_OLDER_MODE, o->skipped.by_compatibility);
    amtg_count(e, AMTG_MEMBERS_BAD_SOURCES, o->skipped.bad_sources);
    amtg_count(e, AMTG_MEMBERS_SOURCES_OVER, o->skipped.over_limit);
    amtg_count(e, AMTG_MEMBERS_GROUPS_OVER, o->no_group);
}

/*
 * Apply all records in their order; m is NULL when the peer is no endpoint and stays
 * none. A record costs as much as its group lists sources, so a report that names a
 * long list again and again would cost far more than its octets; the rest of such a
 * report is left out.
 */
static enum amtg_err apply(struct amtg_element *e, struct amtg_member *m, struct amtg_report report)
{
    struct membership *state = amtg_state(e);
    bool older = report.version == AMTG_IGMP_V2 || report.version == AMTG_MLD_V1;
    struct amtg_group_record record;
    uint32_t now_ms = amtg_membership_now_ms(e);
    uint64_t walked = 0;

    while (amtg_report_next(&report, &record)) {
        enum amtg_record_fault fault = amtg_record_check(&record, report.version);
        amtg_count(e, AMTG_MEMBERS_RECORDS, 1);
        if (fault)
            amtg_count(e, AMTG_MEMBERS_SKIPPED + fault - 1, 1);
        if (fault || !m)
            continue;
        if (walked > (uint64_t)WALKS * state->sources_per_endpoint) {
            amtg_count(e, AMTG_MEMBERS_RECORDS_OVER, 1);
            continue;
        }
        struct amtg_record_outcome outcome;
        enum amtg_err err =
            amtg_roster_apply(&state->roster, m, &record, older, now_ms, &outcome);
        ask(e, m, &record.group, &outcome);
        if (err)
            return err;
        count_outcome(e, &outcome);
        walked += outcome.listed;
        if (outcome.has_deadline)
            amtg_membership_arm(e, m, outcome.deadline_ms);
    }
    return AMTG_OK;
}

/*
 * The member that the peer of a report is, was or becomes. NULL with *drop == -1: it
 * is none, and the report gives it no reason to be; else *drop says why it cannot be.
 */
static struct amtg_member *member_of(struct amtg_element *e, const struct amtg_peer *peer,
                                     const struct amtg_report *report, int *drop)
{
    static const int drops[] = {[AMTG_REFUSED_ENDPOINTS] = AMTG_MEMBERS_ENDPOINT_LIMIT,
                                [AMTG_REFUSED_ADDRESS] = AMTG_MEMBERS_ADDRESS_LIMIT,
                                [AMTG_REFUSED_MEMORY] = AMTG_MEMBERS_NO_MEMORY};
    struct membership *state = amtg_state(e);
    struct amtg_member *m = amtg_roster_find(&state->roster, &peer->remote, peer->remote_port);
    enum amtg_refusal why;

    *drop = -1;
    if (m) {
        const struct amtg_peer *known = &m->endpoint->peer;
        m->errors = 0;
        m->endpoint->peer.ecn = peer->ecn; /* as its last Request said (RFC 9601, 6.1.4.2) */
        /* RFC 7450, section 5.3.3.6.3: data comes from where the gateway sent its Update. */
        if (known->local_port == peer->local_port && known->scope == peer->scope &&
            amtg_addr_equal(&known->local, &peer->local))
            return m;
        amtg_count(e, AMTG_MEMBERS_MOVES, 1);
        if (amtg_roster_move(&state->roster, m, peer) == AMTG_OK)
            return m;
        amtg_membership_end(e, m, AMTG_MEMBERS_OUT_OF_MEMORY);
        *drop = AMTG_MEMBERS_NO_MEMORY;
        return NULL;
    }
    if (!report_may_create(*report))
        return NULL;
    if (state->draining) {
        *drop = AMTG_MEMBERS_CLOSED;
        return NULL;
    }
    m = amtg_roster_admit(&state->roster, peer, &why);
    if (!m)
        *drop = drops[why];
    return m;
}

void amtg_membership_report(struct amtg_element *e, struct amtg_packet *p)
{
    struct amtg_report report;
    int drop;

    /* No type of IGMP report is one of MLD, where reports have the upper bit set. */
    if (p->len == 0 || !amtg_report_open(&report, p->data, p->len, p->data[0] < 128)) {
        amtg_drop(e, AMTG_MEMBERS_NOT_A_REPORT, p);
        return;
    }
    if (report.version == AMTG_IGMP_V1) {
        amtg_drop(e, AMTG_MEMBERS_IGMPV1, p);
        return;
    }
    struct amtg_member *m = member_of(e, &p->peer, &report, &drop);
    if (!m && drop >= 0) {
        amtg_drop(e, (unsigned)drop, p);
        return;
    }
    amtg_count(e, AMTG_MEMBERS_REPORTS_TAKEN, 1);
    if (m)
        m->refreshed_s = (uint32_t)(amtg_now(e) / AMTG_S);
    if (apply(e, m, report) != AMTG_OK) {
        amtg_membership_end(e, m, AMTG_MEMBERS_OUT_OF_MEMORY);
        amtg_drop(e, AMTG_MEMBERS_NO_MEMORY, p);
        return;
    }
    if (m && m->groups_count == 0) {
        amtg_membership_end(e, m, AMTG_MEMBERS_LEFT);
    } else if (m && !m->known) {
        amtg_membership_begin(e, m);
    }
    amtg_finish(e, p);
}
