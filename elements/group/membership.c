/*
 * membership: what each endpoint has joined, and what that means for the data and
 * for upstream. The router side of IGMP and MLD, once for each endpoint of a relay
 * (RFC 7450, section 5.3.3.4; RFC 3376, section 6; RFC 3810, section 7).
 *
 *     reports     --> [ per endpoint and group: filter.h ]
 *     unreachable --> [ who wants which data: channels.h ] --> joins
 *     gone        -->                ^
 *                 |                  | looked up for every packet (interface `members`)
 *                 +--> asks, on a LAN (asks.h)
 *
 *     elements:
 *       membership: {class: membership, endpoints: 100000, leave: prompt}
 *       fanout:     {class: relay-fanout, members: membership}
 *     edges:
 *       - update.igmp -> igmp -> membership.reports
 *       - membership.joins -> upstream
 *
 * What reports do is in membership_report.c, what ICMP errors do in membership_errors.c.
 *
 * Timers: one for each endpoint, at the earliest deadline of its groups and sources
 * (RFC 3376, section 6.2), or when what is known of its path is old (RFC 1191, section
 * 6.3); since each report restarts what it names, none outlives
 * the endpoint timer of RFC 7450, section 5.3.3.7. One that says all joins again. With
 * `leave: query`, one that asks again (RFC 3376, section 6.6.3).
 */
#include "elements/group/members.h"
#include "elements/group/membership.h"
#include "elements/wire/types.h"

static const char *const leaves[] = {"prompt", "lmqt", "query", NULL}; /* enum amtg_leave */

enum { REPORTS, UNREACHABLE, GONE };
enum { JOINS, ASKS };

/* Parts in which all joins are said again within `refresh`. */
enum { TURNS = 60 };

static const char *const end_names[] = {
    [AMTG_MEMBERS_LEFT] = "left", [AMTG_MEMBERS_EXPIRED] = "expired",
    [AMTG_MEMBERS_TORN_DOWN] = "teardown", [AMTG_MEMBERS_NOT_REACHED] = "unreachable",
    [AMTG_MEMBERS_OUT_OF_MEMORY] = "no-memory", [AMTG_MEMBERS_DROPPED] = "dropped",
};

/* To the very start of the millisecond `deadline_ms`, when it is due. */
static uint64_t until(const struct amtg_element *e, uint32_t deadline_ms)
{
    int32_t left = (int32_t)(deadline_ms - amtg_membership_now_ms(e));

    return left <= 0 ? 0 : (uint64_t)left * AMTG_MS - amtg_now(e) % AMTG_MS;
}

/* ---- joins -------------------------------------------------------------- */

static void set_counters(struct amtg_element *e)
{
    const struct membership *state = amtg_state(e);

    amtg_gauge(e, AMTG_MEMBERS_ENDPOINTS, state->roster.members.count);
    amtg_gauge(e, AMTG_MEMBERS_MEMBERSHIPS, state->roster.memberships);
    amtg_gauge(e, AMTG_MEMBERS_GROUPS, state->roster.channels.groups.count);
    amtg_gauge(e, AMTG_MEMBERS_CHANNELS, state->roster.channels.forwarding);
    amtg_gauge(e, AMTG_MEMBERS_JOINS_SAID, state->joins.said);
    amtg_gauge(e, AMTG_MEMBERS_JOINS_OVER, state->joins.over);
    amtg_gauge(e, AMTG_MEMBERS_ASKS_SAID, state->asks.said);
}

static void say_changed(struct amtg_element *e)
{
    struct membership *state = amtg_state(e);
    struct amtg_channel *c;

    while ((c = amtg_channels_next_changed(&state->roster.channels))) {
        if (!amtg_joins_say(&state->joins, e, JOINS, c, false))
            break; /* the next turn tries again */
        amtg_channel_settle(&state->roster.channels, c);
    }
    set_counters(e);
}

static void run_say(struct amtg_element *e, struct amtg_task *t)
{
    struct membership *state = amtg_state(e);

    (void)t;
    say_changed(e);
    if (state->roster.channels.groups.count && !amtg_timer_running(&state->turn))
        amtg_timer_start(e, &state->turn, state->refresh_ns / TURNS);
}

/* Joins are soft state: one part after the other, all are said again within `refresh`. */
static void fire_turn(struct amtg_element *e, struct amtg_timer *t)
{
    struct membership *state = amtg_state(e);

    say_changed(e);
    size_t all = state->roster.channels.groups.count;
    state->owed += all;
    if (state->owed > all * TURNS) /* there were no buffers for long: no more than all at once */
        state->owed = all * TURNS;
    for (; state->owed >= TURNS; state->owed -= TURNS) {
        struct amtg_channel *c = amtg_channels_next_in_turn(&state->roster.channels);
        if (!c || !amtg_joins_say(&state->joins, e, JOINS, c, true))
            break;
    }
    set_counters(e);
    if (all)
        amtg_timer_start(e, t, state->refresh_ns / TURNS);
}

void amtg_membership_changed(struct amtg_element *e)
{
    struct membership *state = amtg_state(e);

    set_counters(e);
    if (amtg_channels_next_changed(&state->roster.channels))
        amtg_task_post(e, &state->say);
}

/* ---- endpoints ---------------------------------------------------------- */

static void log_endpoint(struct amtg_element *e, const struct amtg_member *m, const char *id,
                         const char *reason)
{
    char remote[AMTG_ADDR_TEXT], local[AMTG_ADDR_TEXT];
    const struct amtg_peer *peer = &m->endpoint->peer;

    amtg_log(e, AMTG_LOG_INFO, id, "remote=%s port=%u local=%s reason=%s",
             amtg_addr_text(&peer->remote, remote), (unsigned)peer->remote_port,
             amtg_addr_text(&peer->local, local), reason);
}

void amtg_membership_begin(struct amtg_element *e, struct amtg_member *m)
{
    m->known = true;
    m->since_s = (uint32_t)(amtg_now(e) / AMTG_S);
    amtg_count(e, AMTG_MEMBERS_STARTED, 1);
    log_endpoint(e, m, "endpoint-new", "report");
}

void amtg_membership_end(struct amtg_element *e, struct amtg_member *m,
                         enum amtg_membership_end why)
{
    struct membership *state = amtg_state(e);

    amtg_timer_stop(e, &m->timer);
    if (m->known) {
        log_endpoint(e, m, "endpoint-gone", end_names[why]);
        amtg_count(e, AMTG_MEMBERS_ENDED + why, 1);
    }
    amtg_roster_end(&state->roster, m);
}

static void fire_member(struct amtg_element *e, struct amtg_timer *t);

void amtg_membership_arm(struct amtg_element *e, struct amtg_member *m, uint32_t deadline_ms)
{
    uint64_t delay = until(e, deadline_ms);

    m->timer.fire = fire_member;
    /* Too early is fine: it then looks again. So a refresh, which puts things off, is cheap. */
    if (!amtg_timer_running(&m->timer) || amtg_now(e) + delay < m->timer.deadline_ns)
        amtg_timer_start(e, &m->timer, delay);
}

static void fire_member(struct amtg_element *e, struct amtg_timer *t)
{
    struct membership *state = amtg_state(e);
    struct amtg_member *m = AMTG_CONTAINER(t, struct amtg_member, timer);
    uint32_t deadline_ms;

    enum amtg_err err = amtg_roster_expire(&state->roster, m, amtg_membership_now_ms(e));
    if (!err)
        err = amtg_membership_age_pmtu(e, m);
    if (err)
        amtg_membership_end(e, m, AMTG_MEMBERS_OUT_OF_MEMORY);
    else if (amtg_member_next(m, &deadline_ms))
        amtg_membership_arm(e, m, deadline_ms);
    else
        amtg_membership_end(e, m, AMTG_MEMBERS_EXPIRED);
    amtg_membership_changed(e);
}

/* ---- asking, on a LAN ---------------------------------------------------- */

static void fire_ask(struct amtg_element *e, struct amtg_timer *t)
{
    struct membership *state = amtg_state(e);
    uint32_t due_ms;

    amtg_asks_say(&state->asks, e, ASKS, &state->roster, amtg_membership_now_ms(e));
    if (amtg_asks_next(&state->asks, &due_ms))
        amtg_timer_start(e, t, until(e, due_ms));
    set_counters(e);
}

/* ---- records in ----------------------------------------------------------- */

/* A Teardown, verified before it came here: the same as a report that removes everything. */
static void take_gone(struct amtg_element *e, struct amtg_packet *p)
{
    struct membership *state = amtg_state(e);
    struct amtg_member *m =
        amtg_roster_find(&state->roster, &p->peer.remote, p->peer.remote_port);

    if (m)
        amtg_membership_end(e, m, AMTG_MEMBERS_TORN_DOWN);
    else
        amtg_count(e, AMTG_MEMBERS_UNKNOWN_PEER, 1);
    amtg_finish(e, p);
}

static void membership_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    AMTG_EACH (p, batch) {
        if (in == REPORTS)
            amtg_membership_report(e, p);
        else if (in == UNREACHABLE)
            amtg_membership_error(e, p);
        else
            take_gone(e, p);
    }
    amtg_membership_changed(e);
}

/* ---- the interface `members` --------------------------------------------- */

static struct amtg_set *members_lookup(struct amtg_element *e, const struct amtg_addr *source,
                                       const struct amtg_addr *group)
{
    struct membership *state = amtg_state(e);
    return amtg_channels_lookup(&state->roster.channels, source, group);
}

static bool members_full(struct amtg_element *e)
{
    const struct membership *state = amtg_state(e);
    return state->draining || amtg_roster_full(&state->roster);
}

static const struct amtg_members_ops members_ops = {
    .lookup = members_lookup,
    .full = members_full,
};

/* ---- the interface `drain` ------------------------------------------------ */

/*
 * Ahead of a shutdown (RFC 7450, section 5.3.4): no endpoint is added, and Queries say so
 * (L), which is what makes gateways look for another relay (RFC 8777, section 3.3.5).
 * Those that are served go on being served, and may change what they have joined.
 */
static void drain(struct amtg_element *e, bool on)
{
    struct membership *state = amtg_state(e);

    state->draining = on;
    amtg_gauge(e, AMTG_MEMBERS_DRAINING, on);
    amtg_log(e, AMTG_LOG_INFO, on ? "drain-begin" : "drain-end", "endpoints=%zu",
             state->roster.members.count);
}

static uint64_t left(struct amtg_element *e)
{
    const struct membership *state = amtg_state(e);
    return state->roster.members.count;
}

static const struct amtg_drain_ops drain_ops = {.drain = drain, .left = left};

/* ---- life ---------------------------------------------------------------- */

static enum amtg_err membership_init(struct amtg_element *e)
{
    struct membership *state = amtg_state(e);
    struct amtg_roster *r = &state->roster;

    if (amtg_joins_init(&state->joins, state->join_sources) != AMTG_OK)
        return AMTG_ENOMEM;
    amtg_roster_init(r, e->hash_key);
    r->rules = (struct amtg_filter_rules){
        /* RFC 3376, sections 8.4, 8.13 and 8.10; RFC 3810, sections 9.4, 9.13 and 9.11 */
        .interval_ms = (uint32_t)((state->robustness * state->query_interval_ns +
                                   state->query_response_interval_ns) / AMTG_MS),
        .last_member_ms =
            (uint32_t)(state->robustness * state->last_member_interval_ns / AMTG_MS),
        .leave = (enum amtg_leave)state->leave,
    };
    r->limits = (struct amtg_roster_limits){
        .endpoints = state->endpoints,
        .per_address = state->endpoints_per_address,
        .groups = state->groups,
        .sources = state->sources,
        .sources_in_all = state->sources_per_endpoint,
        .forwarding = state->channels,
        .memberships = state->memberships,
        .entries = state->entries_per_address,
    };
    state->asks.times = state->robustness;
    state->asks.interval_ms = (uint32_t)(state->last_member_interval_ns / AMTG_MS);
    state->asks.last_member_ms = r->rules.last_member_ms;
    state->say.run = run_say;
    state->ask.fire = fire_ask;
    state->turn.fire = fire_turn;
    return AMTG_OK;
}

static void end_node(struct amtg_node *node, void *element)
{
    struct amtg_element *e = element;
    struct membership *state = amtg_state(e);
    struct amtg_member *m = AMTG_CONTAINER(node, struct amtg_member, node);

    amtg_timer_stop(e, &m->timer);
    amtg_roster_end(&state->roster, m);
}

/* Every endpoint ends, and upstream is told that nothing is wanted any more. */
static void membership_stop(struct amtg_element *e)
{
    struct membership *state = amtg_state(e);

    amtg_table_each(&state->roster.members, end_node, e);
    say_changed(e);
    amtg_task_cancel(e, &state->say);
    amtg_timer_stop(e, &state->turn);
    amtg_timer_stop(e, &state->ask);
    amtg_asks_fini(&state->asks);
}

static void membership_fini(struct amtg_element *e)
{
    struct membership *state = amtg_state(e);

    amtg_asks_fini(&state->asks);
    amtg_roster_fini(&state->roster);
    amtg_joins_fini(&state->joins);
}

const struct amtg_class amtg_membership = {
    .name = "membership",
    .summary = "what each endpoint has joined, and what that means for data and upstream",
    .details =
        "The router side of IGMPv2/v3 and MLDv1/v2 (RFC 3376, section 6; RFC 3810, section 7), "
        "once for each endpoint, that is, address and UDP port of a gateway (RFC 7450, section "
        "5.3.3.4). An endpoint appears when a report leaves it a membership, and ends with its "
        "last one: by leaving, by its timers (`robustness` x `query-interval` + "
        "`query-response-interval` after the last report), by `gone`, or after "
        "`unreachable-count` ICMP errors over at least `unreachable-span` without a report in "
        "between. What it had is freed at once, and packets on their way to it skip it.\n\n"
        "A relay cannot query single groups. With `leave: prompt`, BLOCK and TO_IN without "
        "sources, IGMPv2 Leave and MLDv1 Done included, act at once; whatever else would be "
        "queried for is given the last member query time (`robustness` x "
        "`last-member-interval`) to be asked for again. With `leave: lmqt`, all is. On a LAN "
        "several hosts are behind one endpoint: with `leave: query`, all is, and `asks` says, "
        "`robustness` times, what a querier is to ask the others (RFC 3376, section 6.6.3); "
        "whoever answers keeps it.\n\n"
        "Older versions are kept apart by endpoint and group (RFC 3376, section 7.3.2; RFC 3810, "
        "section 8.3.2). IGMPv1 is ignored (RFC 7450, section 5.3.3.4), so are EXCLUDE and older "
        "reports for SSM groups (RFC 4604), and link-local groups.\n\n"
        "At a limit, existing memberships stay and only additions are ignored, and counted (RFC "
        "7450, section 5.3.3.8). Where there is no room for sources, blocked ones give way to "
        "others: rather too much traffic than too little.\n\n"
        "\"Too big\" errors make the path MTU of the endpoint that they quote smaller (RFC 7450, "
        "section 5.3.3.6.1), down to `pmtu-min`, for `pmtu-age` (RFC 1191, RFC 8201). An error "
        "must quote addresses and ports of the tunnel, and, as far as it quotes more, Data longer "
        "than what it asks for. Path MTUs are rounded down to one of a few sizes (1500, 1492, "
        "1480, 1454, 1420, 1400, 1280 and so on), and amt-mtu heeds them. `pmtu-dynamic: no` "
        "turns this off; what our own host finds too big for its link counts all the same.\n\n"
        "Draining, ahead of a stop (`amtgraph run --drain`, SIGUSR2), no further endpoint is taken, "
        "and Queries say so by L (RFC 7450, sections 5.3.3.3 and 5.3.4; RFC 8777, section 3.3.5); "
        "those that are there go on.\n\n"
        "`joins` says what all endpoints together want of a group (RFC 3376, section 3.2), at "
        "each change, again within every `refresh`, and, when the graph stops, that it wants "
        "nothing more. A wish of more than `join-sources` sources is said as EXCLUDE without "
        "sources; of an SSM group, where that does not exist, the first so many are said.",
    .example = "elements:\n"
               "  inner:      {class: pcap-source, file: reports.pcap}\n"
               "  igmp:       {class: igmp-parser}\n"
               "  membership: {class: membership, endpoints: 1000, leave: lmqt}\n"
               "  upstream:   {class: upstream-join, interface: eth0}\n"
               "edges:\n"
               "  - inner -> igmp -> membership.reports\n"
               "  - membership.joins -> upstream\n",
    .flags = AMTG_BREAKS,
    .state_octets = sizeof(struct membership),
    AMTG_INPUTS([REPORTS] = {"reports", AMTG_REPORT,
                             "what a peer reports, after its MAC was checked", 0},
                [UNREACHABLE] = {"unreachable", AMTG_UNREACHABLE, "ICMP errors about a peer",
                                 AMTG_MAY_BE_OPEN},
                [GONE] = {"gone", AMTG_GONE, "peers that have torn their tunnel down",
                          AMTG_MAY_BE_OPEN}),
    AMTG_OUTPUTS([JOINS] = {"joins", AMTG_JOIN, "what to join upstream, group by group", 0},
                 [ASKS] = {"asks", AMTG_ASK, "what to ask the hosts of a LAN (`leave: query`)",
                           AMTG_MAY_BE_OPEN}),
    AMTG_PARAMS(
        AMTG_U8(struct membership, robustness, "2", 1, 7, NULL,
                "reports of which one has to arrive; as that of amt-query (QRV)"),
        AMTG_DURATION(struct membership, query_interval_ns, "125s", AMTG_S, 31744 * AMTG_S,
                      "time between reports; as that of amt-query (QQIC)"),
        AMTG_DURATION(struct membership, query_response_interval_ns, "10s", 10 * AMTG_S,
                      8387 * AMTG_S, "time to answer a query, in the membership interval only"),
        AMTG_DURATION(struct membership, last_member_interval_ns, "1s", 100 * AMTG_MS,
                      3174 * AMTG_S, "last member query interval"),
        AMTG_ENUM(struct membership, leave, "prompt", leaves, "how fast leaving is"),
        AMTG_U32(struct membership, endpoints, "100000", 1, 10000000, "endpoints", "most at once"),
        AMTG_U32(struct membership, endpoints_per_address, "1024", 1, 65536, "endpoints",
                 "most of one address (gateways behind one NAT)"),
        AMTG_U16(struct membership, groups, "1000", 1, 16000, "groups", "most of an endpoint"),
        AMTG_U16(struct membership, sources, "500", 1, AMTG_FILTER_SOURCES, "sources",
                 "most of a group at an endpoint"),
        AMTG_U32(struct membership, sources_per_endpoint, "2000", 1, 10000000, "sources",
                 "most of all groups of an endpoint together"),
        AMTG_U32(struct membership, entries_per_address, "100000", 1, 100000000, "entries",
                 "most groups and sources of all endpoints of one address together"),
        AMTG_U32(struct membership, channels, "1000000", 1, 100000000, "channels",
                 "most (*,G) and (S,G) of all endpoints together"),
        AMTG_U32(struct membership, memberships, "1000000", 1, 100000000, "memberships",
                 "most groups of each endpoint, summed up over all endpoints"),
        AMTG_U16(struct membership, unreachable_count, "3", 0, 10000, "errors",
                 "ICMP errors that end a tunnel; 0: they never do"),
        AMTG_DURATION(struct membership, unreachable_span_ns, "3s", 0, 3600 * AMTG_S,
                      "time from the first to the last of them, at least"),
        AMTG_BOOL(struct membership, pmtu_dynamic, "yes",
                  "ICMP errors from the path may lower the path MTU of the tunnel that they quote"),
        AMTG_U16(struct membership, pmtu_min, "576", 68, 65535, "octets",
                 "below which no ICMP error lowers it; over IPv6, 1280 at the least"),
        AMTG_DURATION(struct membership, pmtu_age_ns, "10m", 300 * AMTG_S, 86400 * AMTG_S,
                      "after which a path MTU is forgotten, and found anew"),
        AMTG_DURATION(struct membership, refresh_ns, "60s", AMTG_S, 3600 * AMTG_S,
                      "within which all joins are said again"),
        AMTG_U16(struct membership, join_sources, "1000", 1, AMTG_FILTER_SOURCES, "sources",
                 "most that one join record lists")),
    AMTG_COUNTERS(
        [AMTG_MEMBERS_ENDPOINTS] = {"endpoints", "endpoints",
            "that are members of some group", AMTG_GAUGE},
        [AMTG_MEMBERS_MEMBERSHIPS] = {"memberships", "memberships",
            "groups of each endpoint, summed up", AMTG_GAUGE},
        [AMTG_MEMBERS_GROUPS] = {"groups", "groups", "that some endpoint wants", AMTG_GAUGE},
        [AMTG_MEMBERS_CHANNELS] = {"channels", "channels",
            "(*,G) and (S,G) that some endpoint names", AMTG_GAUGE},
        [AMTG_MEMBERS_REPORTS_TAKEN] = {"reports", "reports", "taken", AMTG_COUNTER},
        [AMTG_MEMBERS_RECORDS] = {"records", "records", "in them", AMTG_COUNTER},
        [AMTG_MEMBERS_MOVES] = {"moves", "endpoints",
            "that changed to another of our addresses", AMTG_COUNTER},
        [AMTG_MEMBERS_SKIPPED + AMTG_RECORD_UNKNOWN_TYPE - 1] = {"records-unknown-type", "records",
            "skipped: a type that no RFC defines (RFC 3376, 4.2.12)", AMTG_COUNTER},
        [AMTG_MEMBERS_SKIPPED + AMTG_RECORD_BAD_GROUP - 1] = {"records-bad-group", "records",
            "skipped: no multicast group beyond the host", AMTG_COUNTER},
        [AMTG_MEMBERS_SKIPPED + AMTG_RECORD_LINK_LOCAL - 1] = {"records-link-local", "records",
            "skipped: a group whose packets stay on their link", AMTG_COUNTER},
        [AMTG_MEMBERS_SKIPPED + AMTG_RECORD_SSM_EXCLUDE - 1] = {"records-ssm-exclude", "records",
            "skipped: EXCLUDE of an SSM group (RFC 4604, 2.2.1)", AMTG_COUNTER},
        [AMTG_MEMBERS_SKIPPED + AMTG_RECORD_SSM_OLDER - 1] = {"records-ssm-older", "records",
            "skipped: an older version's report of an SSM group (RFC 4604, 2.2.2)", AMTG_COUNTER},
        [AMTG_MEMBERS_OLDER_MODE] = {"records-older-mode", "records",
            "skipped: BLOCK while older hosts are present (RFC 3376, 7.3.2)", AMTG_COUNTER},
        [AMTG_MEMBERS_BAD_SOURCES] = {"sources-bad", "sources",
            "skipped: no unicast address of the group's family", AMTG_COUNTER},
        [AMTG_MEMBERS_SOURCES_OVER] = {"sources-over-limit", "sources",
            "not listed for want of room", AMTG_COUNTER},
        [AMTG_MEMBERS_GROUPS_OVER] = {"groups-over-limit", "records",
            "that would have added a group beyond a limit", AMTG_COUNTER},
        [AMTG_MEMBERS_RECORDS_OVER] = {"records-over-limit", "records",
            "left out: their report names long lists of sources again and again", AMTG_COUNTER},
        [AMTG_MEMBERS_STARTED] = {"started", "endpoints", "that have appeared", AMTG_COUNTER},
        [AMTG_MEMBERS_ENDED + AMTG_MEMBERS_LEFT] = {"left", "endpoints",
            "that have left their last group", AMTG_COUNTER},
        [AMTG_MEMBERS_ENDED + AMTG_MEMBERS_EXPIRED] = {"expired", "endpoints",
            "whose last membership has run out", AMTG_COUNTER},
        [AMTG_MEMBERS_ENDED + AMTG_MEMBERS_TORN_DOWN] = {"torn-down", "endpoints",
            "that have torn their tunnel down", AMTG_COUNTER},
        [AMTG_MEMBERS_ENDED + AMTG_MEMBERS_NOT_REACHED] = {"unreachable", "endpoints",
            "that ICMP errors have ended", AMTG_COUNTER},
        [AMTG_MEMBERS_ENDED + AMTG_MEMBERS_OUT_OF_MEMORY] = {"starved", "endpoints",
            "that have ended for want of memory", AMTG_COUNTER},
        [AMTG_MEMBERS_ENDED + AMTG_MEMBERS_DROPPED] = {"dropped", "endpoints",
            "that were ended by hand (call `drop`)", AMTG_COUNTER},
        [AMTG_MEMBERS_ERRORS] = {"errors", "records",
            "ICMP errors that say that an endpoint is unreachable", AMTG_COUNTER},
        [AMTG_MEMBERS_ERRORS_OTHER] = {"errors-other", "records",
            "ICMP errors that say something else", AMTG_COUNTER},
        [AMTG_MEMBERS_UNKNOWN_PEER] = {"unknown-peer", "records",
            "of `unreachable` and `gone` about no endpoint", AMTG_COUNTER},
        [AMTG_MEMBERS_PMTU_LOWERED] = {"pmtu-lowered", "records",
            "too big errors that made the path MTU of an endpoint smaller", AMTG_COUNTER},
        [AMTG_MEMBERS_PMTU_AGED] = {"pmtu-aged", "endpoints",
            "whose path MTU was old, and forgotten", AMTG_COUNTER},
        [AMTG_MEMBERS_PMTU_IGNORED] = {"pmtu-ignored", "records",
            "too big errors of no effect: switched off, not about Data of the tunnel, or no "
            "smaller than what was sent or is known already", AMTG_COUNTER},
        [AMTG_MEMBERS_JOINS_SAID] = {"joins", "records", "said", AMTG_COUNTER},
        [AMTG_MEMBERS_JOINS_OVER] = {"joins-over-limit", "records",
            "whose sources were more than `join-sources`", AMTG_COUNTER},
        [AMTG_MEMBERS_ASKS_SAID] = {"asks", "records", "said, with `leave: query`", AMTG_COUNTER},
        [AMTG_MEMBERS_DRAINING] = {"draining", "state",
            "1: no new endpoint is taken, ahead of a stop", AMTG_GAUGE}),
    AMTG_DROPS(
        [AMTG_MEMBERS_NOT_A_REPORT] = {"not-a-report", "of no type that is a report"},
        [AMTG_MEMBERS_IGMPV1] = {"igmpv1",
            "an IGMPv1 Report, which an Update cannot carry (RFC 7450, 5.3.3.4)"},
        [AMTG_MEMBERS_ENDPOINT_LIMIT] = {"endpoint-limit",
            "a further endpoint, beyond `endpoints` (RFC 7450, 5.3.3.8)"},
        [AMTG_MEMBERS_ADDRESS_LIMIT] = {"address-limit",
            "a further endpoint of an address that has `endpoints-per-address`"},
        [AMTG_MEMBERS_NO_MEMORY] = {"no-memory", "the system gave no memory for its state"},
        [AMTG_MEMBERS_BAD_RECORD] = {"bad-record", "an `unreachable` record that is too short"},
        [AMTG_MEMBERS_CLOSED] = {"draining",
            "a further endpoint, while nobody new is taken ahead of a stop"}),
    AMTG_PROVIDES({.interface = &amtg_members, .ops = &members_ops},
                  {.interface = &amtg_drain, .ops = &drain_ops}),
    .listings = amtg_membership_listings,
    .listings_count = AMTG_MEMBERSHIP_LISTINGS,
    .calls = amtg_membership_calls,
    .calls_count = AMTG_MEMBERSHIP_CALLS,
    .init = membership_init,
    .stop = membership_stop,
    .fini = membership_fini,
    .push = membership_push,
};
