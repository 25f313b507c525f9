/* What the class membership shows when asked, and does when told. */
#include "core/endpoint.h"
#include "core/listing.h"
#include "elements/group/membership.h"

enum {
    SLOTS = 64,   /* of a table, in a page: about as many endpoints */
    ROWS = 256,   /* of groups, in a page: the endpoint that goes beyond it is the last */
    NAMED = 8,    /* channels and sources that a row names; then "..." */
    TEXT = 2048,
    ENDPOINT_TEXT = AMTG_ADDR_TEXT + 10,
};

struct page {
    struct amtg_element *e;
    struct amtg_rows *rows;
    uint32_t now_ms;
    uint32_t groups; /* shown so far */
};

/* Text that grows up to its room. */
struct text {
    char octets[TEXT];
    size_t used;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int octets = vsnprintf(t->octets + t->used, sizeof t->octets - t->used, fmt, args);
    va_end(args);
    if (octets > 0)
        t->used += (size_t)octets;
    if (t->used >= sizeof t->octets)
        t->used = sizeof t->octets - 1;
}

static const char *endpoint_text(const struct amtg_addr *address, uint16_t port,
                                 char out[ENDPOINT_TEXT])
{
    char text[AMTG_ADDR_TEXT];

    amtg_addr_text(address, text);
    snprintf(out, ENDPOINT_TEXT, strchr(text, ':') ? "[%s]:%u" : "%s:%u", text, port);
    return out;
}

static void deadline_cell(struct page *p, uint32_t deadline_ms)
{
    int32_t left = (int32_t)(deadline_ms - p->now_ms);

    amtg_cell_time(p->rows, left > 0 ? (uint64_t)left * AMTG_MS : 0);
}

static uint64_t turn_pages(struct amtg_element *e, struct amtg_table *table, uint64_t cursor,
                           struct amtg_rows *rows, void (*visit)(struct amtg_node *, void *))
{
    struct page page = {.e = e, .rows = rows, .now_ms = amtg_membership_now_ms(e)};

    return amtg_table_page(table, cursor, SLOTS, visit, &page);
}

/* ---- gateways ------------------------------------------------------------------ */

/* "232.1.1.1{192.0.2.1}", "239.1.1.1{*}", "239.1.1.1{* but 192.0.2.1}" */
static void add_membership(struct text *t, const struct amtg_membership *m)
{
    char text[AMTG_ADDR_TEXT];
    const struct amtg_filter *f = &m->filter;
    unsigned named = 0, wanted = 0;

    add(t, "%s{%s", amtg_addr_text(&m->channel->group, text), f->exclude ? "*" : "");
    for (unsigned i = 0; i < f->count; i++) {
        bool blocked = f->sources[i].deadline_ms == AMTG_BLOCKED;
        if (f->exclude != blocked) /* EXCLUDE: those that are wanted are so anyway */
            continue;
        wanted++;
        if (named < NAMED) {
            const char *before = named ? ", " : f->exclude ? " but " : "";
            add(t, "%s%s", before, amtg_addr_text(&f->sources[i].address, text));
            named++;
        }
    }
    add(t, "%s}", wanted > named ? ", ..." : "");
}

static void show_gateway(struct amtg_node *node, void *arg)
{
    struct page *p = arg;
    const struct amtg_member *m = AMTG_CONTAINER(node, struct amtg_member, node);
    const struct amtg_peer *peer = &m->endpoint->peer;
    uint32_t now_s = (uint32_t)(amtg_now(p->e) / AMTG_S), deadline_ms;
    char text[ENDPOINT_TEXT];
    struct text joined = {.used = 0};

    amtg_row(p->rows);
    amtg_cell_text(p->rows, "%s", endpoint_text(&peer->remote, peer->remote_port, text));
    amtg_cell_text(p->rows, "%s", endpoint_text(&peer->local, peer->local_port, text));
    amtg_cell_text(p->rows, "%s", m->errors ? "failing" : "joined");
    amtg_cell_time(p->rows, (now_s - m->since_s) * AMTG_S);
    amtg_cell_time(p->rows, (now_s - m->refreshed_s) * AMTG_S);
    if (amtg_member_next(m, &deadline_ms))
        deadline_cell(p, deadline_ms);
    else
        amtg_cell_none(p->rows);
    amtg_cell_number(p->rows, m->groups_count);
    amtg_cell_number(p->rows, m->sources);
    for (unsigned i = 0; i < m->groups_count && i < NAMED; i++) {
        add(&joined, "%s", i ? " " : "");
        add_membership(&joined, &m->groups[i]);
    }
    add(&joined, "%s", m->groups_count > NAMED ? " ..." : "");
    amtg_cell_text(p->rows, "%s", joined.octets);
    amtg_cell_number(p->rows, m->endpoint->copies);
    amtg_cell_number(p->rows, m->endpoint->octets);
    if (m->endpoint->kind.pmtu)
        amtg_cell_number(p->rows, m->endpoint->kind.pmtu);
    else
        amtg_cell_none(p->rows);
}

static uint64_t gateways(struct amtg_element *e, uint64_t cursor, struct amtg_rows *rows)
{
    struct membership *state = amtg_state(e);

    return turn_pages(e, &state->roster.members, cursor, rows, show_gateway);
}

/* ---- groups: of each gateway ---------------------------------------------------- */

static void show_group(struct page *p, const struct amtg_member *m, const struct amtg_membership *g)
{
    char text[ENDPOINT_TEXT];
    struct text sources = {.used = 0};
    const struct amtg_filter *f = &g->filter;

    amtg_row(p->rows);
    amtg_cell_text(p->rows, "%s", amtg_addr_text(&g->channel->group, text));
    amtg_cell_text(p->rows, "%s", endpoint_text(&m->endpoint->peer.remote,
                                                m->endpoint->peer.remote_port, text));
    amtg_cell_text(p->rows, "%s", f->exclude ? "exclude" : "include");
    amtg_cell_text(p->rows, "%s", f->older ? "older" : "current");
    if (f->exclude)
        deadline_cell(p, f->group_deadline_ms);
    else
        amtg_cell_none(p->rows);
    for (unsigned i = 0; i < f->count && i < NAMED; i++) {
        int32_t left = (int32_t)(f->sources[i].deadline_ms - p->now_ms);
        add(&sources, "%s%s", i ? ", " : "", amtg_addr_text(&f->sources[i].address, text));
        if (f->sources[i].deadline_ms == AMTG_BLOCKED)
            add(&sources, " (blocked)");
        else
            add(&sources, " (%.1f s)", left > 0 ? left / 1e3 : 0);
    }
    add(&sources, "%s", f->count > NAMED ? ", ..." : "");
    amtg_cell_text(p->rows, "%s", sources.octets);
}

static void show_groups(struct amtg_node *node, void *arg)
{
    struct page *page = arg;
    const struct amtg_member *m = AMTG_CONTAINER(node, struct amtg_member, node);

    for (unsigned i = 0; i < m->groups_count; i++)
        show_group(page, m, &m->groups[i]);
    page->groups += m->groups_count;
}

static uint64_t groups(struct amtg_element *e, uint64_t cursor, struct amtg_rows *rows)
{
    struct membership *state = amtg_state(e);

    struct page page = {.e = e, .rows = rows, .now_ms = amtg_membership_now_ms(e)};
    unsigned slots = 0;

    do /* an endpoint may have very many */
        cursor = amtg_table_page(&state->roster.members, cursor, 1, show_groups, &page);
    while (cursor && ++slots < SLOTS && page.groups < ROWS);
    return cursor;
}

/* ---- channels: what all of them want together ----------------------------------- */

static void show_channel(struct amtg_node *node, void *arg)
{
    struct page *p = arg;
    const struct amtg_channel *c = AMTG_CONTAINER(node, struct amtg_channel, node);
    struct amtg_addr sources[NAMED];
    char text[AMTG_ADDR_TEXT];
    struct text names = {.used = 0};
    bool exclude;

    uint32_t count = amtg_channel_wish(c, &exclude, sources, NAMED);
    amtg_row(p->rows);
    amtg_cell_text(p->rows, "%s", amtg_addr_text(&c->group, text));
    amtg_cell_text(p->rows, "%s", exclude ? "exclude" : "include");
    for (unsigned i = 0; i < count && i < NAMED; i++)
        add(&names, "%s%s", i ? ", " : "", amtg_addr_text(&sources[i], text));
    add(&names, "%s", count > NAMED ? ", ..." : "");
    amtg_cell_text(p->rows, "%s", names.octets);
    amtg_cell_number(p->rows, count);
    amtg_cell_number(p->rows, amtg_sets_count(c->exclude));
}

static uint64_t channels(struct amtg_element *e, uint64_t cursor, struct amtg_rows *rows)
{
    struct membership *state = amtg_state(e);

    return turn_pages(e, &state->roster.channels.groups, cursor, rows, show_channel);
}

/* ---- the relay as a whole --------------------------------------------------------- */

static uint64_t relay(struct amtg_element *e, uint64_t cursor, struct amtg_rows *rows)
{
    const struct membership *state = amtg_state(e);

    (void)cursor;
    amtg_fact(rows, "gateways", "%zu of at most %u", state->roster.members.count, state->endpoints);
    amtg_fact(rows, "memberships", "%zu of at most %u", state->roster.memberships,
              state->memberships);
    amtg_fact(rows, "groups", "%zu", state->roster.channels.groups.count);
    amtg_fact(rows, "channels", "%zu of at most %u", state->roster.channels.forwarding,
              state->channels);
    amtg_fact(rows, "draining", "%s", state->draining ? "yes: nobody new is taken" : "no");
    return 0;
}

/* ---- descriptors -------------------------------------------------------------------- */

const struct amtg_listing amtg_membership_listings[AMTG_MEMBERSHIP_LISTINGS] = {
    {.name = "gateways", .help = "who is a member of some group", .rows = gateways,
     AMTG_COLUMNS({"gateway", NULL, "its address and port"}, {"local", NULL, "ours that it talks to"},
                  {"state", NULL, "joined, or failing: ICMP errors since its last report"},
                  {"age", "s", "since it became a member"}, {"refreshed", "s", "since its last report"},
                  {"next", "s", "until something of it runs out, or earlier"},
                  {"groups", "groups", "that it has joined"}, {"sources", "sources", "listed in them"},
                  {"joined", NULL, "the first of them"}, {"copies", "packets", "sent to it"},
                  {"octets", "octets", "in these, AMT header included"},
                  {"pmtu", "octets", "what its way takes, when that is known"})},
    {.name = "groups", .help = "what each gateway has joined", .rows = groups,
     AMTG_COLUMNS({"group", NULL, "its address"}, {"gateway", NULL, "who has joined it"},
                  {"mode", NULL, "include only its sources, or exclude them"},
                  {"version", NULL, "older: by IGMPv2 or MLDv1; else current"},
                  {"left", "s", "of the group timer, in exclude mode"},
                  {"sources", NULL, "the first of them, with their timers"})},
    {.name = "channels", .help = "what all gateways together want from upstream", .rows = channels,
     AMTG_COLUMNS({"group", NULL, "its address"}, {"mode", NULL, "include or exclude"},
                  {"sources", NULL, "the first of them"}, {"listed", "sources", "how many there are"},
                  {"any-source", "gateways", "that want every source but some"})},
    {.name = "relay", .help = "the relay at a glance", .rows = relay, AMTG_FACT_COLUMNS},
};

/* ---- calls ---------------------------------------------------------------------------- */

struct drop_args {
    struct amtg_addr address;
    uint16_t port;
};

static enum amtg_err drop_gateway(struct amtg_element *e, const void *args)
{
    const struct drop_args *drop = args;
    struct membership *state = amtg_state(e);
    struct amtg_member *m = amtg_roster_find(&state->roster, &drop->address, drop->port);

    if (m) {
        amtg_membership_end(e, m, AMTG_MEMBERS_DROPPED);
        amtg_membership_changed(e);
    } else if (amtg_shard_count(e) == 1) { /* of several shards, one at most has it */
        return amtg_fail(e, AMTG_ECONFIG, "there is no such gateway");
    }
    return AMTG_OK;
}

const struct amtg_call amtg_membership_calls[AMTG_MEMBERSHIP_CALLS] = {
    {.name = "drop", .help = "end a gateway's memberships; its next report makes it a new one",
     .args_octets = sizeof(struct drop_args),
     AMTG_PARAMS(AMTG_ADDRESS(struct drop_args, address, NULL, 0, "of the gateway"),
                 AMTG_U16(struct drop_args, port, NULL, 1, 65535, NULL, "of the gateway")),
     .run = drop_gateway},
};
