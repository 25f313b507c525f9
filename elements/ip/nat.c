/*
 * nat: shares one IPv4 address among the hosts inside, as the router of a home does
 * (RFC 4787). UDP only; IPv6 passes as it came.
 *
 *     elements:
 *       nat: {class: nat, address: 203.0.113.7, timeout: 5m, rebind: 12h}
 *     edges:
 *       - home -> nat.inside
 *       - nat.outside -> net
 *       - net.home -> nat.outside
 *       - nat.inside -> home
 *
 * A mapping is (inside address, port) <-> a port outside; whoever is sent to from there
 * gets the same one (section 4.1, "endpoint-independent mapping"). What comes to it
 * passes by `filter` (section 5).
 *
 * Timers:
 *   expire   runs out when the mapping that was used longest ago has not been used for
 *            `timeout` (section 4.3; only what goes out counts as use, REQ-6)
 *   rebind   all mappings are lost, as when the router is restarted
 */
#include "core/element.h"
#include "elements/flow/about.h"
#include "elements/ip/nat_packet.h"
#include "elements/ip/nat_table.h"
#include "elements/wire/types.h"

enum filter { FILTER_NONE, FILTER_ADDRESS, FILTER_ADDRESS_PORT };
static const char *const filter_names[] = {
    [FILTER_NONE] = "none", [FILTER_ADDRESS] = "address", [FILTER_ADDRESS_PORT] = "address-port",
    NULL};

struct nat {
    struct amtg_addr_list address;
    uint64_t timeout_ns, rebind_ns, until_ns;
    int filter;
    uint32_t mappings;

    unsigned current; /* of `address` */
    struct amtg_nat_table table;
    struct amtg_timer expire, rebind;
};

enum { INSIDE, OUTSIDE };
enum { MAPPINGS, MADE, EXPIRED, REBINDS, ERRORS, IP6 };
enum { NOT_UDP, FRAGMENT, FULL, NO_MAPPING, FILTERED, OTHER_ADDRESS };

static const struct amtg_addr *outside_address(const struct nat *n)
{
    return &n->address.items[n->current];
}

/* ---- mappings ------------------------------------------------------------- */

static void wait_for_oldest(struct amtg_element *e)
{
    struct nat *n = amtg_state(e);
    const struct amtg_nat_mapping *oldest = amtg_nat_oldest(&n->table);

    amtg_gauge(e, MAPPINGS, amtg_nat_count(&n->table));
    if (!oldest)
        amtg_timer_stop(e, &n->expire);
    else if (!amtg_timer_running(&n->expire))
        amtg_timer_start(e, &n->expire, oldest->used_ns + n->timeout_ns > amtg_now(e)
                                            ? oldest->used_ns + n->timeout_ns - amtg_now(e)
                                            : 0);
}

static void expire(struct amtg_element *e, struct amtg_timer *t)
{
    struct nat *n = amtg_state(e);
    struct amtg_nat_mapping *oldest;

    (void)t;
    while ((oldest = amtg_nat_oldest(&n->table)) &&
           oldest->used_ns + n->timeout_ns <= amtg_now(e)) {
        amtg_nat_forget(&n->table, oldest);
        amtg_count(e, EXPIRED, 1);
    }
    wait_for_oldest(e);
}

static void forget_all(struct amtg_element *e)
{
    struct nat *n = amtg_state(e);
    struct amtg_nat_mapping *oldest;

    while ((oldest = amtg_nat_oldest(&n->table)))
        amtg_nat_forget(&n->table, oldest);
    wait_for_oldest(e);
}

static void plan_rebind(struct amtg_element *e)
{
    struct nat *n = amtg_state(e);
    uint64_t delay = amtg_random_about(e, n->rebind_ns);

    if (!n->until_ns || amtg_now(e) + delay < n->until_ns)
        amtg_timer_start(e, &n->rebind, delay);
}

static void rebind(struct amtg_element *e, struct amtg_timer *t)
{
    struct nat *n = amtg_state(e);

    (void)t;
    forget_all(e);
    n->current = (n->current + 1) % n->address.count;
    amtg_count(e, REBINDS, 1);
    plan_rebind(e);
}

/* A port outside that nobody has. The table holds far fewer than there are ports. */
static uint16_t free_port(struct amtg_element *e)
{
    struct nat *n = amtg_state(e);
    uint16_t port;

    do
        port = (uint16_t)(AMTG_NAT_FIRST_PORT +
                          amtg_random_below(e, 65536 - AMTG_NAT_FIRST_PORT));
    while (amtg_nat_by_port(&n->table, port));
    return port;
}

/* NULL: the table is full. */
static struct amtg_nat_mapping *map(struct amtg_element *e, const struct amtg_nat_end *inside)
{
    struct nat *n = amtg_state(e);
    struct amtg_nat_mapping *m = amtg_nat_by_inside(&n->table, inside);

    if (m) {
        amtg_nat_use(&n->table, m, amtg_now(e));
        return m;
    }
    if (amtg_nat_count(&n->table) == n->mappings)
        return NULL;
    m = amtg_nat_add(&n->table, inside, free_port(e), amtg_now(e));
    if (m)
        amtg_count(e, MADE, 1);
    wait_for_oldest(e);
    return m;
}

/* ---- packets ---------------------------------------------------------------- */

static void from_inside(struct amtg_element *e, struct amtg_packet *p)
{
    struct nat *n = amtg_state(e);
    struct amtg_nat_end inside = amtg_nat_source(p), remote = amtg_nat_destination(p);
    struct amtg_nat_mapping *m = map(e, &inside);

    if (!m) {
        amtg_drop(e, FULL, p);
        return;
    }
    amtg_nat_sent_to(m, &remote);
    struct amtg_nat_end outside = {*outside_address(n), m->port};
    amtg_nat_set_source(p, &outside);
    amtg_emit(e, OUTSIDE, p);
}

static bool may_pass(const struct nat *n, const struct amtg_nat_mapping *m,
                     const struct amtg_nat_end *remote)
{
    return n->filter == FILTER_NONE ||
           amtg_nat_was_sent_to(m, remote, n->filter == FILTER_ADDRESS_PORT);
}

static void from_outside(struct amtg_element *e, struct amtg_packet *p)
{
    struct nat *n = amtg_state(e);
    struct amtg_nat_end outside = amtg_nat_destination(p), remote = amtg_nat_source(p);
    struct amtg_nat_mapping *m = amtg_nat_by_port(&n->table, outside.port);

    if (!amtg_addr_equal(&outside.address, outside_address(n))) {
        amtg_drop(e, OTHER_ADDRESS, p);
    } else if (!m) {
        amtg_drop(e, NO_MAPPING, p);
    } else if (!may_pass(n, m, &remote)) {
        amtg_drop(e, FILTERED, p);
    } else {
        amtg_nat_set_destination(p, &m->inside);
        amtg_emit(e, INSIDE, p);
    }
}

/* An ICMP error about something that went out (RFC 4787, section 9; RFC 5508, section 4). */
static void error_from_outside(struct amtg_element *e, struct amtg_packet *p)
{
    struct nat *n = amtg_state(e);
    struct amtg_nat_end quoted;

    if (!amtg_nat_error_about(p, &quoted)) {
        amtg_drop(e, NOT_UDP, p);
        return;
    }
    struct amtg_nat_mapping *m = amtg_nat_by_port(&n->table, quoted.port);
    if (!m || !amtg_addr_equal(&quoted.address, outside_address(n))) {
        amtg_drop(e, NO_MAPPING, p);
        return;
    }
    amtg_nat_set_error(p, &m->inside);
    amtg_count(e, ERRORS, 1);
    amtg_emit(e, INSIDE, p);
}

static void translate(struct amtg_element *e, unsigned in, struct amtg_packet *p)
{
    enum amtg_nat_kind kind = amtg_nat_kind_of(p);

    if (kind == AMTG_NAT_IP6) {
        amtg_count(e, IP6, 1);
        amtg_emit(e, in == INSIDE ? OUTSIDE : INSIDE, p);
    } else if (kind == AMTG_NAT_FRAGMENT) {
        amtg_drop(e, FRAGMENT, p);
    } else if (kind == AMTG_NAT_OTHER || (kind == AMTG_NAT_ICMP && in == INSIDE)) {
        amtg_drop(e, NOT_UDP, p);
    } else if (!amtg_packet_own(p)) {
        amtg_drop_no_buffer(e, p);
    } else if (in == INSIDE) {
        from_inside(e, p);
    } else if (kind == AMTG_NAT_UDP) {
        from_outside(e, p);
    } else {
        error_from_outside(e, p);
    }
}

static void nat_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    AMTG_EACH (packet, batch)
        translate(e, in, packet);
}

/* ---- life ------------------------------------------------------------------- */

static void nat_check(const void *params, struct amtg_check *check)
{
    const struct nat *n = params;

    if (n->address.count == 0)
        amtg_check_problem(check, "address", -1, "there is none");
}

static enum amtg_err nat_init(struct amtg_element *e)
{
    struct nat *n = amtg_state(e);

    amtg_nat_init(&n->table, e->hash_key);
    n->expire.fire = expire;
    n->rebind.fire = rebind;
    return AMTG_OK;
}

static enum amtg_err nat_start(struct amtg_element *e)
{
    struct nat *n = amtg_state(e);

    if (n->rebind_ns)
        plan_rebind(e);
    return AMTG_OK;
}

static void nat_stop(struct amtg_element *e)
{
    struct nat *n = amtg_state(e);

    amtg_timer_stop(e, &n->rebind);
    forget_all(e);
}

static void nat_fini(struct amtg_element *e)
{
    struct nat *n = amtg_state(e);
    amtg_nat_fini(&n->table);
}

const struct amtg_class amtg_nat = {
    .name = "nat",
    .summary = "shares one IPv4 address among the hosts inside",
    .details =
        "Translates addresses and ports of UDP over IPv4, as RFC 4787 wants it: who sends from one "
        "address and port inside keeps one port outside for all it sends to (REQ-1), until nothing "
        "has gone out for `timeout` (REQ-5, REQ-6: what comes in does not count). What comes in "
        "passes as `filter` says (REQ-8): `none`: anybody may send to a mapping; `address`, "
        "`address-port`: only whom something was sent to from there; of those a mapping remembers "
        "the last eight. ICMP errors about what went out go to whoever sent it. Ports are random, "
        "from 1024 on; checksums are adjusted, not computed anew, so that what was spoiled stays "
        "so.\n\n"
        "With `rebind`, all mappings are lost about so often, as when the router is restarted: at "
        "random, after between nothing and twice that time. Where `address` lists several, the "
        "next one is used from then on.\n\n"
        "IPv6 passes as it came. No packet ages here: `network` sees to that.",
    .example = "elements:\n"
               "  home:  {class: pcap-source, file: home.pcap}\n"
               "  check: {class: check-ip}\n"
               "  nat:   {class: nat, address: 203.0.113.7}\n"
               "  net:   {class: discard}\n"
               "edges:\n"
               "  - home -> check -> nat.inside\n"
               "  - nat.outside -> net\n",
    .state_octets = sizeof(struct nat),
    AMTG_INPUTS([INSIDE] = {"inside", AMTG_IP, "what the hosts inside send", 0},
                [OUTSIDE] = {"outside", AMTG_IP, "what comes from outside", AMTG_MAY_BE_OPEN}),
    AMTG_OUTPUTS([INSIDE] = {"inside", AMTG_IP, "for a host inside", AMTG_MAY_BE_OPEN},
                 [OUTSIDE] = {"outside", AMTG_IP, "what goes out", 0}),
    AMTG_PARAMS(
        AMTG_ADDRESSES(struct nat, address, NULL, 4, 64,
                       "the address outside; several: the next one after each `rebind`"),
        AMTG_DURATION(struct nat, timeout_ns, "5m", AMTG_S, 24 * 3600 * AMTG_S,
                      "a mapping by which nothing has gone out for so long is lost"),
        AMTG_ENUM(struct nat, filter, "address-port", filter_names,
                  "who may send to a mapping: anybody, or whom it was used to send to"),
        AMTG_U32(struct nat, mappings, "1024", 1, 32768, "mappings", "most at a time"),
        AMTG_DURATION(struct nat, rebind_ns, "0s", 0, 1000 * 24 * 3600 * AMTG_S,
                      "time between losses of all mappings, on average; 0s: never"),
        AMTG_DURATION(struct nat, until_ns, "0s", 0, 1000 * 24 * 3600 * AMTG_S,
                      "time of the run from which on they are not lost; 0s: no such time")),
    AMTG_COUNTERS([MAPPINGS] = {"mappings", "mappings", "there are", AMTG_GAUGE},
                  [MADE] = {"made", "mappings", "made"},
                  [EXPIRED] = {"expired", "mappings", "lost, since nothing went out"},
                  [REBINDS] = {"rebinds", "times", "all mappings were lost"},
                  [ERRORS] = {"errors", "packets", "ICMP errors that were passed in"},
                  [IP6] = {"ip6", "packets", "of IPv6, passed as they came"}),
    AMTG_DROPS([NOT_UDP] = {"not-udp", "neither UDP nor an ICMP error about UDP that went out"},
               [FRAGMENT] = {"fragment", "a part of a datagram"},
               [FULL] = {"full", "there were `mappings` of them"},
               [NO_MAPPING] = {"no-mapping", "nobody inside has that port outside"},
               [FILTERED] = {"filtered", "nothing was sent to there from this port (REQ-8)"},
               [OTHER_ADDRESS] = {"other-address", "not for the address outside"}),
    .check = nat_check,
    .init = nat_init,
    .start = nat_start,
    .stop = nat_stop,
    .fini = nat_fini,
    .push = nat_push,
};
