/*
 * The endpoints of a relay and what each of them has joined (RFC 7450, section
 * 5.3.3.4): a membership database per endpoint, kept together with the channels
 * that follow from them, within limits (section 5.3.3.8).
 *
 * An endpoint is an address and a UDP port. It has state as long as it is a
 * member of some group, and none before or after. Nothing here sends or waits:
 * the owner runs each member's timer.
 */
#ifndef AMTG_GROUP_ROSTER_H
#define AMTG_GROUP_ROSTER_H

#include "core/loop.h"
#include "elements/group/channels.h"

struct amtg_roster_address;

struct amtg_membership {
    struct amtg_channel *channel;
    struct amtg_filter filter; /* never empty */
};

/* One endpoint. Small, since there may be a hundred thousand. */
struct amtg_member {
    struct amtg_node node;
    struct amtg_timer timer; /* the owner's: when something next runs out, or earlier */
    struct amtg_endpoint *endpoint;
    struct amtg_roster_address *address;
    struct amtg_membership *groups; /* ascending by group */
    uint16_t groups_count, groups_room;
    uint32_t sources;         /* listed in all of them */
    uint32_t errors_since_ms; /* the owner's: when the first of `errors` came */
    uint32_t pmtu_until_ms;   /* when what is known of the path (endpoint->kind.pmtu) is old */
    uint32_t since_s, refreshed_s; /* the owner's: when it began, and when its last report came */
    uint16_t errors;          /* ICMP errors since the last report */
    bool known;               /* the owner's: it has been announced */
};

struct amtg_roster_limits {
    uint32_t endpoints, per_address;
    uint16_t groups, sources;  /* of an endpoint; of a group at an endpoint */
    uint32_t sources_in_all;   /* of an endpoint */
    uint32_t forwarding;       /* (*,G) and (S,G) entries of all endpoints together */
    uint32_t memberships;      /* groups of each endpoint, summed up over all of them */
    uint32_t entries;          /* groups and sources of all endpoints of one address */
};

struct amtg_roster {
    struct amtg_table members, addresses;
    struct amtg_channels channels;
    struct amtg_filter_rules rules;
    struct amtg_roster_limits limits;
    size_t memberships; /* of all endpoints */
};

enum amtg_refusal {
    AMTG_REFUSED_ENDPOINTS, /* as many endpoints as are allowed */
    AMTG_REFUSED_ADDRESS,   /* as many from that address */
    AMTG_REFUSED_MEMORY,
};

/* rules and limits are the owner's to fill in afterwards. */
void amtg_roster_init(struct amtg_roster *r, const uint8_t key[16]);
/* Ends every member and frees every channel. */
void amtg_roster_fini(struct amtg_roster *r);

struct amtg_member *amtg_roster_find(const struct amtg_roster *r, const struct amtg_addr *remote,
                                     uint16_t port);
/* Would a further endpoint get nothing, whatever it reports? */
bool amtg_roster_full(const struct amtg_roster *r);
/* A new member without memberships. NULL: refused, and why. */
struct amtg_member *amtg_roster_admit(struct amtg_roster *r, const struct amtg_peer *peer,
                                      enum amtg_refusal *why);
/* It now talks to another of our addresses; its data leaves from there. AMTG_OK or AMTG_ENOMEM. */
enum amtg_err amtg_roster_move(struct amtg_roster *r, struct amtg_member *m,
                               const struct amtg_peer *peer);
/* Other octets than before go to it. AMTG_OK, or AMTG_ENOMEM as from amtg_roster_apply. */
enum amtg_err amtg_roster_change_kind(struct amtg_roster *r, struct amtg_member *m,
                                      const struct amtg_kind *kind);
/* Frees it with all of its memberships; packets on their way skip it. */
void amtg_roster_end(struct amtg_roster *r, struct amtg_member *m);

struct amtg_record_outcome {
    struct amtg_filter_skipped skipped;
    uint16_t listed; /* sources of the group before: what it took to apply the record */
    bool no_group; /* ignored: it would add a group beyond the limit */
    bool has_deadline;
    uint32_t deadline_ms; /* when the group next has something that runs out */
    /* AMTG_LEAVE_QUERY only; its sources are the caller's to free. */
    struct amtg_filter_lowered lowered;
};

/*
 * Apply a record that is fine (amtg_record_check). AMTG_OK, or AMTG_ENOMEM: the
 * member may miss something then, and is best ended, so that it comes anew.
 */
enum amtg_err amtg_roster_apply(struct amtg_roster *r, struct amtg_member *m,
                                const struct amtg_group_record *record, bool older,
                                uint32_t now_ms, struct amtg_record_outcome *outcome);
/* Let all that is due run out. As amtg_roster_apply. */
enum amtg_err amtg_roster_expire(struct amtg_roster *r, struct amtg_member *m, uint32_t now_ms);
/* What it has joined of a group; NULL: nothing. */
const struct amtg_filter *amtg_member_filter(const struct amtg_member *m,
                                             const struct amtg_addr *group);
/* When something next runs out, or what is known of the path gets old. false: it has no groups. */
bool amtg_member_next(const struct amtg_member *m, uint32_t *deadline_ms);

#endif
