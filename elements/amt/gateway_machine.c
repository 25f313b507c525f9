/*
 * The gateway's state machines (RFC 7450, section 5.2.3): tables of state, event,
 * action and next state. Every change of state is logged by names.
 */
#include <stdio.h>

#include "elements/amt/gateway.h"
#include "elements/wire/types.h"

enum { LONGEST_SHIFT = 30 };

static const char *const family_names[] = {[AMTG_GW_IGMP] = "igmp", [AMTG_GW_MLD] = "mld"};

const char *amtg_gw_family_name(enum amtg_gw_family family)
{
    return family_names[family];
}

/* ---- the Request cycle of one family at one relay ---------------------------- */

static const char *const cycle_states[] = {
    [AMTG_CYCLE_IDLE] = "idle",
    [AMTG_CYCLE_REQUESTING] = "requesting",
    [AMTG_CYCLE_ACTIVE] = "active",
    [AMTG_CYCLE_REFRESHING] = "refreshing",
};

static const char *const cycle_events[] = {
    [AMTG_CYCLE_BEGIN] = "begin",       [AMTG_CYCLE_T_REQ] = "no-answer",
    [AMTG_CYCLE_SILENT] = "silent",     [AMTG_CYCLE_QUERY] = "query",
    [AMTG_CYCLE_REFUSED] = "refused",   [AMTG_CYCLE_T_QUERY] = "interval",
    [AMTG_CYCLE_RENEW] = "renew",       [AMTG_CYCLE_UNWANTED] = "unwanted",
    [AMTG_CYCLE_CLOSE] = "close",
};

const char *amtg_gw_cycle_state_name(enum amtg_gw_cycle_state state)
{
    return cycle_states[state];
}

#define REQUEST amtg_gw_cycle_request
#define REPEAT amtg_gw_cycle_request_again
#define REPEAT_AND_SEEK amtg_gw_cycle_request_and_seek
#define ACCEPT amtg_gw_cycle_accept
#define FORGET amtg_gw_cycle_forget

static const struct cycle_row {
    enum amtg_gw_cycle_state state;
    enum amtg_gw_cycle_event event;
    void (*action)(struct amtg_gw_cycle *c);
    enum amtg_gw_cycle_state next;
} cycle_rows[] = {
    /* state                 event                 action           next */
    {AMTG_CYCLE_IDLE,        AMTG_CYCLE_BEGIN,     REQUEST,         AMTG_CYCLE_REQUESTING},

    {AMTG_CYCLE_REQUESTING,  AMTG_CYCLE_T_REQ,     REPEAT,          AMTG_CYCLE_REQUESTING},
    {AMTG_CYCLE_REQUESTING,  AMTG_CYCLE_SILENT,    REPEAT_AND_SEEK, AMTG_CYCLE_REQUESTING},
    {AMTG_CYCLE_REQUESTING,  AMTG_CYCLE_QUERY,     ACCEPT,          AMTG_CYCLE_ACTIVE},
    {AMTG_CYCLE_REQUESTING,  AMTG_CYCLE_REFUSED,   FORGET,          AMTG_CYCLE_IDLE},
    {AMTG_CYCLE_REQUESTING,  AMTG_CYCLE_RENEW,     REQUEST,         AMTG_CYCLE_REQUESTING},
    {AMTG_CYCLE_REQUESTING,  AMTG_CYCLE_UNWANTED,  FORGET,          AMTG_CYCLE_IDLE},
    {AMTG_CYCLE_REQUESTING,  AMTG_CYCLE_CLOSE,     FORGET,          AMTG_CYCLE_IDLE},

    {AMTG_CYCLE_ACTIVE,      AMTG_CYCLE_T_QUERY,   REQUEST,         AMTG_CYCLE_REFRESHING},
    {AMTG_CYCLE_ACTIVE,      AMTG_CYCLE_RENEW,     REQUEST,         AMTG_CYCLE_REFRESHING},
    {AMTG_CYCLE_ACTIVE,      AMTG_CYCLE_UNWANTED,  FORGET,          AMTG_CYCLE_IDLE},
    {AMTG_CYCLE_ACTIVE,      AMTG_CYCLE_CLOSE,     FORGET,          AMTG_CYCLE_IDLE},

    {AMTG_CYCLE_REFRESHING,  AMTG_CYCLE_T_REQ,     REPEAT,          AMTG_CYCLE_REFRESHING},
    {AMTG_CYCLE_REFRESHING,  AMTG_CYCLE_SILENT,    REPEAT_AND_SEEK, AMTG_CYCLE_REFRESHING},
    {AMTG_CYCLE_REFRESHING,  AMTG_CYCLE_QUERY,     ACCEPT,          AMTG_CYCLE_ACTIVE},
    {AMTG_CYCLE_REFRESHING,  AMTG_CYCLE_REFUSED,   FORGET,          AMTG_CYCLE_IDLE},
    {AMTG_CYCLE_REFRESHING,  AMTG_CYCLE_RENEW,     REQUEST,         AMTG_CYCLE_REFRESHING},
    {AMTG_CYCLE_REFRESHING,  AMTG_CYCLE_UNWANTED,  FORGET,          AMTG_CYCLE_IDLE},
    {AMTG_CYCLE_REFRESHING,  AMTG_CYCLE_CLOSE,     FORGET,          AMTG_CYCLE_IDLE},
};

void amtg_gw_cycle_step(struct amtg_gw_cycle *c, enum amtg_gw_cycle_event event)
{
    struct amtg_element *e = c->tunnel->element;
    char relay[AMTG_ADDR_TEXT];

    for (size_t i = 0; i < sizeof cycle_rows / sizeof cycle_rows[0]; i++) {
        const struct cycle_row *row = &cycle_rows[i];
        if (row->state != c->state || row->event != event)
            continue;
        amtg_log(e, row->next == row->state ? AMTG_LOG_DEBUG : AMTG_LOG_INFO, "gateway-cycle",
                 "family=%s relay=%s event=%s from=%s to=%s", amtg_gw_family_name(c->family),
                 amtg_addr_text(&c->tunnel->relay, relay), cycle_events[event],
                 cycle_states[row->state], cycle_states[row->next]);
        amtg_count(e, AMTG_GW_TRANSITIONS, row->next != row->state);
        c->state = row->next;
        row->action(c);
        amtg_gw_show(e);
        return;
    }
}

/* ---- the finder --------------------------------------------------------------- */

static const char *const finder_states[] = {
    [AMTG_FINDER_OFF] = "off",
    [AMTG_FINDER_PAUSED] = "paused",
    [AMTG_FINDER_ASKING] = "asking",
    [AMTG_FINDER_LOOKING] = "looking-up",
};

static const char *const finder_events[] = {
    [AMTG_FINDER_SEEK] = "seek",           [AMTG_FINDER_SEEK_LATER] = "seek-later",
    [AMTG_FINDER_LOOK] = "look-up",        [AMTG_FINDER_KNOWN] = "known",
    [AMTG_FINDER_T_DISC] = "no-answer",    [AMTG_FINDER_NEXT] = "silent",
    [AMTG_FINDER_ADVERTISED] = "advertised", [AMTG_FINDER_HELD_DOWN] = "held-down",
    [AMTG_FINDER_ALL_HELD] = "all-held-down", [AMTG_FINDER_QUIET] = "quiet",
};

const char *amtg_gw_finder_state_name(enum amtg_gw_finder_state state)
{
    return finder_states[state];
}

#define ASK amtg_gw_finder_ask
#define ASK_AGAIN amtg_gw_finder_ask_again
#define ASK_NEXT amtg_gw_finder_ask_next
#define ASK_KNOWN amtg_gw_finder_ask_known
#define LOOK_UP amtg_gw_finder_look_up
#define LOOK_AGAIN amtg_gw_finder_look_up_again
#define LOOK_NEXT amtg_gw_finder_look_up_next
#define PAUSE amtg_gw_finder_pause
#define WAIT amtg_gw_finder_wait_for_release
#define STOP amtg_gw_finder_stop

static const struct finder_row {
    enum amtg_gw_finder_state state;
    enum amtg_gw_finder_event event;
    void (*action)(struct amtg_element *e);
    enum amtg_gw_finder_state next;
} finder_rows[] = {
    /* state              event                   action      next */
    {AMTG_FINDER_OFF,     AMTG_FINDER_SEEK,       ASK,        AMTG_FINDER_ASKING},
    {AMTG_FINDER_OFF,     AMTG_FINDER_SEEK_LATER, PAUSE,      AMTG_FINDER_PAUSED},
    {AMTG_FINDER_OFF,     AMTG_FINDER_LOOK,       LOOK_UP,    AMTG_FINDER_LOOKING},

    {AMTG_FINDER_PAUSED,  AMTG_FINDER_T_DISC,     ASK,        AMTG_FINDER_ASKING},
    {AMTG_FINDER_PAUSED,  AMTG_FINDER_LOOK,       LOOK_UP,    AMTG_FINDER_LOOKING},
    {AMTG_FINDER_PAUSED,  AMTG_FINDER_QUIET,      STOP,       AMTG_FINDER_OFF},

    {AMTG_FINDER_LOOKING, AMTG_FINDER_T_DISC,     LOOK_AGAIN, AMTG_FINDER_LOOKING},
    {AMTG_FINDER_LOOKING, AMTG_FINDER_KNOWN,      ASK_KNOWN,  AMTG_FINDER_ASKING},
    {AMTG_FINDER_LOOKING, AMTG_FINDER_QUIET,      STOP,       AMTG_FINDER_OFF},

    {AMTG_FINDER_ASKING,  AMTG_FINDER_T_DISC,     ASK_AGAIN,  AMTG_FINDER_ASKING},
    {AMTG_FINDER_ASKING,  AMTG_FINDER_NEXT,       ASK_NEXT,   AMTG_FINDER_ASKING},
    {AMTG_FINDER_ASKING,  AMTG_FINDER_LOOK,       LOOK_NEXT,  AMTG_FINDER_LOOKING},
    {AMTG_FINDER_ASKING,  AMTG_FINDER_ADVERTISED, STOP,       AMTG_FINDER_OFF},
    {AMTG_FINDER_ASKING,  AMTG_FINDER_HELD_DOWN,  ASK_NEXT,   AMTG_FINDER_ASKING},
    {AMTG_FINDER_ASKING,  AMTG_FINDER_ALL_HELD,   WAIT,       AMTG_FINDER_PAUSED},
    {AMTG_FINDER_ASKING,  AMTG_FINDER_QUIET,      STOP,       AMTG_FINDER_OFF},
};

void amtg_gw_finder_step(struct amtg_element *e, enum amtg_gw_finder_event event)
{
    struct amt_gateway *g = amtg_state(e);

    for (size_t i = 0; i < sizeof finder_rows / sizeof finder_rows[0]; i++) {
        const struct finder_row *row = &finder_rows[i];
        if (row->state != g->finder.state || row->event != event)
            continue;
        amtg_log(e, row->next == row->state ? AMTG_LOG_DEBUG : AMTG_LOG_INFO, "gateway-finder",
                 "event=%s from=%s to=%s", finder_events[event], finder_states[row->state],
                 finder_states[row->next]);
        amtg_count(e, AMTG_GW_TRANSITIONS, row->next != row->state);
        g->finder.state = row->next;
        row->action(e);
        amtg_gw_show(e);
        return;
    }
}

/* ---- what both need ------------------------------------------------------------ */

uint64_t amtg_gw_back_off(struct amtg_element *e, uint64_t first_ns, unsigned retries,
                          uint64_t most_ns)
{
    uint64_t longest = retries >= LONGEST_SHIFT ? most_ns : first_ns << retries;

    if (longest > most_ns)
        longest = most_ns;
    return longest <= first_ns ? first_ns : first_ns + amtg_random_below(e, longest - first_ns + 1);
}

struct amtg_packet *amtg_gw_message(struct amtg_element *e, const struct amtg_type *type,
                                    uint32_t octets)
{
    struct amtg_packet *p = amtg_make(e, type, octets);

    if (!p)
        amtg_no_buffer_count(e);
    return p;
}

/* Our own address and port are the socket's affair: it has one for each family. */
void amtg_gw_send(struct amtg_element *e, struct amtg_packet *p, const struct amtg_addr *to)
{
    static const uint8_t any[16];
    const struct amt_gateway *g = amtg_state(e);
    struct amtg_peer peer = {.remote = *to, .remote_port = g->port};

    peer.local = amtg_addr_is4(to) ? amtg_addr_from4(any) : amtg_addr_from6(any);
    amtg_packet_to_peer(p, &peer);
    amtg_emit(e, AMTG_GW_OUT, p);
}

void amtg_gw_show(struct amtg_element *e)
{
    const struct amt_gateway *g = amtg_state(e);
    uint64_t held = 0;

    for (unsigned i = 0; i < AMTG_GW_HELD; i++)
        held += g->finder.held[i].until_ns > amtg_now(e);
    amtg_gauge(e, AMTG_GW_FINDER_STATE, g->finder.state);
    amtg_gauge(e, AMTG_GW_IGMP_STATE, g->serving ? g->serving->cycles[AMTG_GW_IGMP].state : 0);
    amtg_gauge(e, AMTG_GW_MLD_STATE, g->serving ? g->serving->cycles[AMTG_GW_MLD].state : 0);
    amtg_gauge(e, AMTG_GW_MOVING, g->moving != NULL);
    amtg_gauge(e, AMTG_GW_HELD_DOWN, held);
    amtg_gauge(e, AMTG_GW_GROUPS, g->wishes[AMTG_GW_IGMP].count + g->wishes[AMTG_GW_MLD].count);
    amtg_gauge(e, AMTG_GW_GROUPS_OVER_LIMIT,
               g->wishes[AMTG_GW_IGMP].over_limit + g->wishes[AMTG_GW_MLD].over_limit);
}
