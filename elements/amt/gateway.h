/*
 * What the files of amt-gateway share (RFC 7450, section 5.2).
 *
 * A *cycle* asks one relay for the Queries of one payload family and keeps what
 * the last of them said. A *tunnel* is a relay with a cycle for each family. The
 * gateway is served by one tunnel, and while it moves to another relay there is
 * a second one that gets no reports yet. The *finder* looks for relays. The
 * *wishes* are what the host part has reported, so what the relay should know.
 *
 *   amt-gateway.c      the class: messages in, start and stop
 *   gateway_machine.c  both state machines as tables; back-off
 *   gateway_finder.c   discovery and hold-down
 *   gateway_hosts.c    where relays are looked for, and the addresses of names
 *   gateway_tunnel.c   Requests; opening, renewing, moving and closing tunnels
 *   gateway_ecn.c      which Requests say that we heed ECN
 *   gateway_query.c    Queries in, and what follows
 *   gateway_report.c   reports in, Updates out
 *   gateway_data.c     Data in, and the signs that something is wrong
 *   gateway_leave.c    Teardowns and Updates that remove everything
 *   gateway_check.c    what an inner Query says, if it is one; pure
 *   gateway_wishes.c   what is subscribed; pure
 *   gateway_show.c     what is shown when asked
 */
#ifndef AMTG_AMT_GATEWAY_H
#define AMTG_AMT_GATEWAY_H

#include "core/element.h"
#include "elements/amt/gateway_check.h"
#include "elements/amt/gateway_wishes.h"
#include "elements/wire/amt.h"
#include "elements/wire/ip.h"
#include "elements/wire/report_check.h"
#include "elements/wire/types.h"

enum amtg_gw_family { AMTG_GW_IGMP, AMTG_GW_MLD, AMTG_GW_FAMILIES };

enum { AMTG_GW_OUT, AMTG_GW_QUERIES, AMTG_GW_DATA, AMTG_GW_LOOKUPS }; /* outputs */

#define AMTG_GW_RETRY_FIRST (1 * AMTG_S)  /* RFC 7450, sections 5.2.3.4.3 and 5.2.3.5.3 */
#define AMTG_GW_SPACING (1 * AMTG_S)      /* between two cycles of one family, whatever happens */

/* ---- the state machines ---------------------------------------------------- */

enum amtg_gw_cycle_state {
    AMTG_CYCLE_IDLE,       /* nothing is asked: no subscriptions, or no tunnel */
    AMTG_CYCLE_REQUESTING, /* a Request is out; there was no Query from this relay yet */
    AMTG_CYCLE_ACTIVE,     /* a Query is in hand; Updates go out at once */
    AMTG_CYCLE_REFRESHING, /* a further Request is out; the last Query still serves */
};

enum amtg_gw_cycle_event {
    AMTG_CYCLE_BEGIN,    /* there are subscriptions */
    AMTG_CYCLE_T_REQ,    /* no Query in time */
    AMTG_CYCLE_SILENT,   /* the same, for more than `retries` times */
    AMTG_CYCLE_QUERY,    /* an acceptable Query */
    AMTG_CYCLE_REFUSED,  /* a Query with L, and the relay has nothing of ours */
    AMTG_CYCLE_T_QUERY,  /* the query interval is over */
    AMTG_CYCLE_RENEW,    /* a sign that the relay may have lost us */
    AMTG_CYCLE_UNWANTED, /* a timer ran out, and nothing is subscribed any more */
    AMTG_CYCLE_CLOSE,    /* the tunnel is given up */
};

enum amtg_gw_finder_state {
    AMTG_FINDER_OFF,    /* no relay is looked for */
    AMTG_FINDER_PAUSED, /* one will be, after a while */
    AMTG_FINDER_ASKING, /* a Discovery is out */
    AMTG_FINDER_LOOKING, /* a name is being looked up */
};

enum amtg_gw_finder_event {
    AMTG_FINDER_SEEK,       /* a relay is wanted */
    AMTG_FINDER_SEEK_LATER, /* the same, too soon after the last time */
    AMTG_FINDER_LOOK,       /* the same, and names have to be looked up for it */
    AMTG_FINDER_KNOWN,      /* there are addresses to ask */
    AMTG_FINDER_T_DISC,     /* no Advertisement in time, or the pause is over */
    AMTG_FINDER_NEXT,       /* no Advertisement for more than `retries` times */
    AMTG_FINDER_ADVERTISED, /* an acceptable Advertisement */
    AMTG_FINDER_HELD_DOWN,  /* one that names a relay that is held down */
    AMTG_FINDER_ALL_HELD,   /* the same, and there is nobody left to ask */
    AMTG_FINDER_QUIET,      /* no relay is wanted any more */
};

/* ---- what is kept ----------------------------------------------------------- */

/* What an accepted Query said (RFC 7450, section 5.2.3.5.4). */
struct amtg_gw_query {
    bool valid;
    bool g, l;
    uint8_t mac[AMTG_AMT_MAC_OCTETS];
    uint32_t nonce;
    struct amtg_addr gateway; /* with g: how the relay sees us */
    uint16_t gateway_port;
    uint8_t robustness;
};

struct amtg_gw_tunnel;

struct amtg_gw_cycle {
    struct amtg_gw_tunnel *tunnel;
    enum amtg_gw_family family;
    enum amtg_gw_cycle_state state;
    uint32_t nonce;      /* of the Requests of this cycle */
    unsigned retries;    /* Requests sent beyond the first */
    unsigned steps;      /* of the back-off */
    uint64_t sent_ns;    /* when the last Request left */
    bool asked;          /* sent_ns means something */
    bool linux_bit;      /* the last Request had P where a Linux relay takes it */
    bool e, e_tried;     /* the last Request had E; some Request of this cycle had */
    bool corrected;      /* one extra Request of this cycle has put that right */
    struct amtg_gw_query last; /* the last Query accepted */
    struct amtg_gw_query used; /* the one that the last Update was sent by; valid: relay knows us */
    struct amtg_packet *held;  /* inner Query that waits until we move to this tunnel */
    struct amtg_timer t_req, t_query;
};

struct amtg_gw_tunnel {
    struct amtg_element *element;
    bool open;
    struct amtg_addr relay;
    bool linux_relay;      /* takes P at 0x80 and has one nonce for both families */
    bool update_last;      /* the last message sent was an Update (ICMP: section 5.2.3.9) */
    bool local_known;
    struct amtg_addr local; /* which of our addresses leads there */
    struct amtg_gw_cycle cycles[AMTG_GW_FAMILIES];
};

enum {
    AMTG_GW_HELD = 32,
    AMTG_GW_TEARDOWNS = 4,
    AMTG_GW_HOSTS = 16, /* of `relay` or `discovery` */
    AMTG_GW_CANDIDATES = AMTG_GW_HOSTS * AMTG_LOOKUP_MOST,
};

/* An item of `relay` or `discovery`. */
struct amtg_gw_host {
    const char *name; /* NULL: it was given as an address */
    bool awaited;     /* its name is being looked up */
    unsigned count;   /* addresses: as they were when a lookup last succeeded */
    struct amtg_addr addresses[AMTG_LOOKUP_MOST];
};

struct amtg_gw_hosts {
    bool names; /* one at least is a name */
    unsigned count;
    struct amtg_gw_host items[AMTG_GW_HOSTS];
};

struct amtg_gw_finder {
    enum amtg_gw_finder_state state;
    unsigned candidates_count;
    struct amtg_addr candidates[AMTG_GW_CANDIDATES]; /* of all hosts, each once, in order */
    unsigned candidate;   /* index of the one asked last */
    unsigned next;        /* index of the relay to be tried next, when relays are given */
    unsigned looks;       /* lookups in a row beyond the first */
    unsigned tries;       /* Discoveries sent to it in this turn, beyond the first */
    unsigned retries;     /* Discoveries sent beyond the first since the last Advertisement */
    unsigned refused;     /* candidates in a row that named a relay that is held down */
    unsigned restarts;    /* since a relay last served */
    uint32_t nonce;
    struct amtg_timer t_disc;
    struct {
        struct amtg_addr relay;
        uint64_t until_ns; /* 0: a free place */
    } held[AMTG_GW_HELD];
};

struct amtg_gw_teardown {
    struct amtg_peer to;
    struct amtg_addr gateway;
    uint16_t gateway_port;
    uint8_t octets[AMTG_TEARDOWN_OCTETS];
    unsigned left; /* transmissions still to come; 0: a free place */
    struct amtg_timer t_teardown;
};

struct amt_gateway {
    struct amtg_text_list discovery, relay;
    uint16_t port;
    uint64_t interval_cap_ns, interval_floor_ns;
    uint64_t retry_most_ns, quick_ns;
    uint8_t retries;
    uint64_t silence_ns, no_traffic_ns, hold_down_ns, address_check_ns;
    bool teardown, ecn;
    int compat;
    uint32_t groups;
    struct amtg_element *socket; /* or NULL */

    struct amtg_gw_tunnel tunnels[2];
    struct amtg_gw_tunnel *serving, *moving; /* or NULL */
    struct amtg_gw_hosts hosts;
    struct amtg_gw_finder finder;
    struct amtg_gw_wishes wishes[AMTG_GW_FAMILIES];
    struct amtg_addr inner_source[AMTG_GW_FAMILIES]; /* of the last report */
    struct amtg_gw_teardown teardowns[AMTG_GW_TEARDOWNS];

    /* A relay that answers Requests without E only, as it seems. */
    struct {
        struct amtg_addr relay;
        unsigned times; /* cycles in a row in which it did so */
        uint64_t until_ns;
    } plain;

    struct amtg_timer t_traffic, t_silence, t_address;
    unsigned traffic_retries;
    bool data_seen;
    uint64_t data_ns, flow_ns;  /* the last Data; since when it flows */
    uint64_t silence_now_ns;    /* `silence`, longer after each probe */
};

enum amtg_gw_compat { AMTG_GW_AUTO, AMTG_GW_STRICT, AMTG_GW_LINUX };

enum amtg_gw_counter {
    AMTG_GW_DISCOVERIES,
    AMTG_GW_ADVERTISEMENTS,
    AMTG_GW_LOOKUPS_SENT,
    AMTG_GW_LOOKUPS_FAILED,
    AMTG_GW_ADDRESSES_UNSERVED,
    AMTG_GW_ADDRESSES_UNFIT,
    AMTG_GW_REQUESTS,
    AMTG_GW_LINUX_REQUESTS,
    AMTG_GW_ECN_REQUESTS,
    AMTG_GW_IGMP_QUERIES,
    AMTG_GW_MLD_QUERIES,
    AMTG_GW_LIMITED,
    AMTG_GW_UPDATES,
    AMTG_GW_TEARDOWNS_SENT,
    AMTG_GW_DATA_TAKEN,
    AMTG_GW_TRANSITIONS,
    AMTG_GW_RELAY_CHANGES,
    AMTG_GW_ADDRESS_CHANGES,
    AMTG_GW_UNREACHABLE_IGNORED,
    AMTG_GW_UNREACHABLE_RENEWED,
    AMTG_GW_SILENCES,
    AMTG_GW_NO_TRAFFIC,
    AMTG_GW_GROUPS_OVER_LIMIT,
    AMTG_GW_FINDER_STATE,
    AMTG_GW_IGMP_STATE,
    AMTG_GW_MLD_STATE,
    AMTG_GW_MOVING,
    AMTG_GW_HELD_DOWN,
    AMTG_GW_GROUPS,
    AMTG_GW_COUNTERS,
};

/* The faults of IP headers and of reports are drops of `reports`; then these. */
enum amtg_gw_drop {
    AMTG_GW_REPORTS_END = AMTG_REPORT_REASON(AMTG_REPORT_FAULT_COUNT),
    AMTG_GW_REPORT_EMPTY = AMTG_GW_REPORTS_END,
    AMTG_GW_REPORT_NO_RELAY,
    AMTG_GW_REPORT_NO_QUERY,
    AMTG_GW_AD_LENGTH,
    AMTG_GW_AD_UNEXPECTED,
    AMTG_GW_AD_SOURCE,
    AMTG_GW_AD_NONCE,
    AMTG_GW_AD_FAMILY,
    AMTG_GW_AD_RELAY,
    AMTG_GW_AD_HELD_DOWN,
    AMTG_GW_QUERY_SHORT,
    AMTG_GW_QUERY_SOURCE,
    AMTG_GW_QUERY_UNEXPECTED,
    AMTG_GW_QUERY_NONCE,
    AMTG_GW_QUERY_IP,
    AMTG_GW_QUERY_TYPE,
    AMTG_GW_QUERY_SPECIFIC,
    AMTG_GW_QUERY_CHECKSUM,
    AMTG_GW_QUERY_ALERT,
    AMTG_GW_QUERY_FAMILY,
    AMTG_GW_QUERY_REFUSED,
    AMTG_GW_QUERY_GIVEN_UP,
    AMTG_GW_DATA_SHORT,
    AMTG_GW_DATA_NO_TUNNEL,
    AMTG_GW_DATA_SOURCE,
    AMTG_GW_DATA_INNER,
    AMTG_GW_DATA_NOT_MULTICAST,
    AMTG_GW_UNREACHABLE_OTHER,
    AMTG_GW_UNREACHABLE_STRANGER,
    AMTG_GW_ADDRESSES_WRONG,
    AMTG_GW_ADDRESSES_STRANGER,
    AMTG_GW_DROPS,
};

/* ---- gateway_machine.c ------------------------------------------------------ */

/* Do what the table says; an event that has no row in a state is ignored. */
void amtg_gw_cycle_step(struct amtg_gw_cycle *c, enum amtg_gw_cycle_event event);
void amtg_gw_finder_step(struct amtg_element *e, enum amtg_gw_finder_event event);
/* Random in [first, min(first * 2^retries, most)] (RFC 7450, section 5.2.3.4.3). */
uint64_t amtg_gw_back_off(struct amtg_element *e, uint64_t first_ns, unsigned retries,
                          uint64_t most_ns);
const char *amtg_gw_family_name(enum amtg_gw_family family);
const char *amtg_gw_cycle_state_name(enum amtg_gw_cycle_state state);
const char *amtg_gw_finder_state_name(enum amtg_gw_finder_state state);

/* ---- gateway_show.c ---- */

enum { AMTG_GW_LISTINGS = 1 };
extern const struct amtg_listing amtg_gw_listings[AMTG_GW_LISTINGS];

/* A message to the relay port of `to`; NULL: no buffer, counted. */
struct amtg_packet *amtg_gw_message(struct amtg_element *e, const struct amtg_type *type,
                                    uint32_t octets);
void amtg_gw_send(struct amtg_element *e, struct amtg_packet *p, const struct amtg_addr *to);
/* Set the gauges from the state. */
void amtg_gw_show(struct amtg_element *e);

/* ---- gateway_finder.c: actions of the table, and ----------------------------- */

void amtg_gw_finder_ask(struct amtg_element *e);
void amtg_gw_finder_ask_again(struct amtg_element *e);
void amtg_gw_finder_ask_next(struct amtg_element *e);
void amtg_gw_finder_ask_known(struct amtg_element *e);
void amtg_gw_finder_look_up(struct amtg_element *e);
void amtg_gw_finder_look_up_again(struct amtg_element *e);
void amtg_gw_finder_look_up_next(struct amtg_element *e);
void amtg_gw_finder_pause(struct amtg_element *e);
void amtg_gw_finder_wait_for_release(struct amtg_element *e);
void amtg_gw_finder_stop(struct amtg_element *e);
void amtg_gw_finder_init(struct amtg_element *e);
/* Look for a relay, unless that is being done; now or after a back-off. */
void amtg_gw_seek(struct amtg_element *e);
void amtg_gw_advertisement(struct amtg_element *e, struct amtg_packet *p);
/* Keep a relay out of the candidates for so long. */
void amtg_gw_hold_down(struct amtg_element *e, const struct amtg_addr *relay, uint64_t ns);
bool amtg_gw_is_held(struct amtg_element *e, const struct amtg_addr *relay);
/* Are relays asked for by Discoveries? Else they are given by `relay`. */
static inline bool amtg_gw_discovers(const struct amt_gateway *g)
{
    return g->relay.count == 0;
}
/* May there be another relay than the present one? */
static inline bool amtg_gw_has_choice(const struct amt_gateway *g)
{
    return amtg_gw_discovers(g) || g->hosts.names || g->hosts.count > 1;
}

/* ---- gateway_hosts.c ---------------------------------------------------------- */

void amtg_gw_hosts_init(struct amtg_element *e);
/*
 * Leave out what `socket` cannot reach. It is an error when nobody is left, or when
 * there are names and `lookups` leads nowhere.
 */
enum amtg_err amtg_gw_hosts_start(struct amtg_element *e);
/* Make the candidates of the addresses that are known: how many. */
unsigned amtg_gw_candidates(struct amtg_element *e);
/* Ask for the addresses of all names. */
void amtg_gw_hosts_look_up(struct amtg_element *e);
bool amtg_gw_hosts_awaited(const struct amt_gateway *g);
void amtg_gw_addresses(struct amtg_element *e, struct amtg_packet *p);

/* ---- gateway_tunnel.c: actions of the table, and ------------------------------ */

void amtg_gw_cycle_request(struct amtg_gw_cycle *c);
void amtg_gw_cycle_request_again(struct amtg_gw_cycle *c);
void amtg_gw_cycle_request_and_seek(struct amtg_gw_cycle *c);
void amtg_gw_cycle_forget(struct amtg_gw_cycle *c);
void amtg_gw_tunnels_init(struct amtg_element *e);
/* A relay was found (or is configured): open a tunnel, move to it, or ask it again. */
void amtg_gw_found(struct amtg_element *e, const struct amtg_addr *relay);
/* Move to this tunnel if it is the one being made and serves all that the present one does. */
void amtg_gw_consider_move(struct amtg_gw_tunnel *t);
/* Move to it: nobody serves any more; `from` did. */
void amtg_gw_move(struct amtg_gw_tunnel *t, const struct amtg_addr *from);
/* Send the present Request, without touching the timer. */
void amtg_gw_put_request(struct amtg_gw_cycle *c);
/* Emit the Query that is held / give it up. */
void amtg_gw_hand_over(struct amtg_gw_cycle *c);
void amtg_gw_drop_held(struct amtg_gw_cycle *c);
/* Begin a new cycle for every family that has subscriptions; never more than one a second. */
void amtg_gw_renew(struct amtg_gw_tunnel *t);
void amtg_gw_cycle_renew(struct amtg_gw_cycle *c);
/* Begin or end what the present wishes ask for. */
void amtg_gw_wishes_changed(struct amtg_element *e);
/* All its cycles to IDLE, nothing is sent. */
void amtg_gw_close(struct amtg_gw_tunnel *t);
static inline bool amtg_gw_wanted(const struct amt_gateway *g, enum amtg_gw_family family)
{
    return amtg_gw_wishes_any(&g->wishes[family]);
}
static inline struct amt_gateway *amtg_gw_of(const struct amtg_gw_tunnel *t)
{
    return amtg_state(t->element);
}
static inline struct amtg_gw_cycle *amtg_gw_other(const struct amtg_gw_cycle *c)
{
    return &c->tunnel->cycles[c->family == AMTG_GW_IGMP ? AMTG_GW_MLD : AMTG_GW_IGMP];
}
static inline bool amtg_gw_has_query(const struct amtg_gw_cycle *c)
{
    return c->state == AMTG_CYCLE_ACTIVE || c->state == AMTG_CYCLE_REFRESHING;
}
static inline bool amtg_gw_awaits_query(const struct amtg_gw_cycle *c)
{
    return c->state == AMTG_CYCLE_REQUESTING || c->state == AMTG_CYCLE_REFRESHING;
}

/* ---- gateway_ecn.c ---------------------------------------------------------------- */

/* Is the next Request of the cycle to have E? linux_bit and retries are those of that Request. */
bool amtg_gw_says_e(const struct amtg_gw_cycle *c);
/* A Query has answered the last Request of the cycle. */
void amtg_gw_e_answered(struct amtg_gw_cycle *c);

/* ---- gateway_query.c: an action of the table, and ------------------------------- */

void amtg_gw_cycle_accept(struct amtg_gw_cycle *c);
void amtg_gw_query(struct amtg_element *e, struct amtg_packet *p);

/* ---- gateway_report.c --------------------------------------------------------- */

void amtg_gw_report(struct amtg_element *e, struct amtg_packet *p);
/* Send an inner datagram as an Update by the last Query of the cycle. */
void amtg_gw_update(struct amtg_gw_cycle *c, struct amtg_packet *p);

/* ---- gateway_data.c ------------------------------------------------------------- */

void amtg_gw_data_init(struct amtg_element *e);
void amtg_gw_data(struct amtg_element *e, struct amtg_packet *p);
void amtg_gw_unreachable(struct amtg_element *e, struct amtg_packet *p);
/* An Update with subscriptions has gone out: Data should come (RFC 8777, section 3.3.4.1). */
void amtg_gw_expect_data(struct amtg_element *e);

/* ---- gateway_leave.c ------------------------------------------------------------ */

void amtg_gw_leave_init(struct amtg_element *e);
/*
 * Tear down the endpoint that the Query `old` named: now, and again as often as
 * its robustness says, unless `once`.
 */
void amtg_gw_tear_down(struct amtg_gw_tunnel *t, const struct amtg_gw_query *old, bool once);
/* The relay sees us as this again: Teardowns that name it are not repeated. */
void amtg_gw_leave_cancel(struct amtg_element *e, const struct amtg_addr *relay,
                          const struct amtg_gw_query *present);
/* Tell the relay that we are gone: by Teardown if it can be, else by Updates. */
void amtg_gw_leave(struct amtg_gw_tunnel *t, bool once);
void amtg_gw_leave_stop(struct amtg_element *e);

#endif
