/*
 * amt-gateway: the gateway's side of the AMT protocol (RFC 7450, section 5.2; RFC
 * 8777, section 3.3 but for DNS records of its own).
 *
 * in:  advertisement, query, data: what relays send
 *      reports: whole IGMP and MLD reports of the host part, as inner datagrams
 *      unreachable: ICMP errors about what was sent
 *      addresses: of the hosts in `relay` or `discovery` that are given by name
 * out: out: Discovery, Request, Update, Teardown, each to a relay
 *      queries: accepted inner General Queries; the host part answers with what is
 *      subscribed now
 *      data: accepted Data
 *      lookups: names whose addresses are wanted
 *
 * The first report with a subscription wakes it: it finds a relay, asks for a Query
 * of that family, hands the Query to the host part, and sends on as Updates what
 * that reports then and later. Both families have cycles of their own and share one
 * UDP port. See gateway.h for the files that this class is made of, and
 * gateway_machine.c for its state machines.
 *
 *     elements:
 *       gateway: {class: amt-gateway, relay: 192.0.2.1, socket: udp}
 *     edges:
 *       - messages.query -> gateway.query
 *       - gateway.out -> udp
 */
#include "elements/amt/gateway.h"
#include "elements/io/route.h"
#include "elements/wire/types.h"

static const char *const compat_names[] = {
    [AMTG_GW_AUTO] = "auto", [AMTG_GW_STRICT] = "strict", [AMTG_GW_LINUX] = "linux", NULL};

enum { ADVERTISEMENT, QUERY, DATA, REPORTS, UNREACHABLE, ADDRESSES };
enum { KEPT = 2 * AMTG_GW_FAMILIES };

static void take(struct amtg_element *e, unsigned in, struct amtg_packet *p)
{
    switch (in) {
    case ADVERTISEMENT:
        amtg_gw_advertisement(e, p);
        break;
    case QUERY:
        amtg_gw_query(e, p);
        break;
    case DATA:
        amtg_gw_data(e, p);
        break;
    case REPORTS:
        amtg_gw_report(e, p);
        break;
    case ADDRESSES:
        amtg_gw_addresses(e, p);
        break;
    default:
        amtg_gw_unreachable(e, p);
        break;
    }
}

static void amt_gateway_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    AMTG_EACH (packet, batch)
        take(e, in, packet);
}

static void check_host(const struct amtg_text_list *list, const char *param,
                       struct amtg_check *check)
{
    struct amtg_addr a;

    for (unsigned i = 0; i < list->count; i++)
        if (amtg_addr_parse(list->items[i], &a) &&
            (amtg_addr_is_multicast(&a) || amtg_addr_is_unspecified(&a)))
            amtg_check_problem(check, param, (int)i, "not the address of a host");
}

static void amt_gateway_check(const void *params, struct amtg_check *check)
{
    const struct amt_gateway *g = params;

    check_host(&g->discovery, "discovery", check);
    check_host(&g->relay, "relay", check);
    if (!g->discovery.count && !g->relay.count)
        amtg_check_problem(check, "discovery", -1, "no address is left to find a relay by");
    if (g->port == 0)
        amtg_check_problem(check, "port", -1, "nobody can be reached at port 0");
    if (g->interval_cap_ns && g->interval_cap_ns < g->interval_floor_ns)
        amtg_check_problem(check, "interval-cap", -1, "below `interval-floor`");
}

static uint32_t amt_gateway_keeps(const void *params)
{
    (void)params;
    return KEPT;
}

static enum amtg_err amt_gateway_init(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    amtg_gw_hosts_init(e);
    for (unsigned f = 0; f < AMTG_GW_FAMILIES; f++)
        amtg_gw_wishes_init(&g->wishes[f], e->hash_key, g->groups);
    amtg_gw_tunnels_init(e);
    amtg_gw_finder_init(e);
    amtg_gw_data_init(e);
    amtg_gw_leave_init(e);
    return AMTG_OK;
}

static void amt_gateway_fini(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    for (unsigned f = 0; f < AMTG_GW_FAMILIES; f++)
        amtg_gw_wishes_fini(&g->wishes[f]);
}

/* The relay hears of it once (RFC 7450, section 5.2.3.8): there is no time for repeats. */
static void amt_gateway_stop(struct amtg_element *e)
{
    struct amt_gateway *g = amtg_state(e);

    amtg_gw_finder_step(e, AMTG_FINDER_QUIET);
    if (g->moving)
        amtg_gw_close(g->moving);
    if (g->serving) {
        amtg_gw_leave(g->serving, true);
        amtg_gw_close(g->serving);
    }
    amtg_gw_leave_stop(e);
    amtg_timer_stop(e, &g->t_traffic);
    amtg_timer_stop(e, &g->t_silence);
    amtg_timer_stop(e, &g->t_address);
}

static const struct amtg_counter counters[] = {
    [AMTG_GW_DISCOVERIES] = {"discoveries", "packets", "Relay Discoveries sent", AMTG_COUNTER},
    [AMTG_GW_ADVERTISEMENTS] = {"advertisements", "packets", "Relay Advertisements accepted",
                                AMTG_COUNTER},
    [AMTG_GW_LOOKUPS_SENT] = {"lookups", "names", "times that the addresses of a name were asked for",
                              AMTG_COUNTER},
    [AMTG_GW_LOOKUPS_FAILED] = {"lookups-failed", "names", "of these: no such host, or nobody could say",
                                AMTG_COUNTER},
    [AMTG_GW_ADDRESSES_UNSERVED] = {"addresses-unserved", "addresses",
                                    "left out: `socket` has no address of their family",
                                    AMTG_COUNTER},
    [AMTG_GW_ADDRESSES_UNFIT] = {"addresses-unfit", "addresses",
                                 "of names, left out: unspecified, multicast or link-local",
                                 AMTG_COUNTER},
    [AMTG_GW_REQUESTS] = {"requests", "packets", "Requests sent", AMTG_COUNTER},
    [AMTG_GW_LINUX_REQUESTS] = {"linux-requests", "packets",
                                "of these with P where Linux relays take it", AMTG_COUNTER},
    [AMTG_GW_ECN_REQUESTS] = {"ecn-requests", "packets", "of these with E", AMTG_COUNTER},
    [AMTG_GW_IGMP_QUERIES] = {"igmp-queries", "packets", "IGMPv3 Queries that passed all checks",
                              AMTG_COUNTER},
    [AMTG_GW_MLD_QUERIES] = {"mld-queries", "packets", "MLDv2 Queries that passed all checks",
                             AMTG_COUNTER},
    [AMTG_GW_LIMITED] = {"limited", "packets", "Queries with L: the relay takes nobody new",
                         AMTG_COUNTER},
    [AMTG_GW_UPDATES] = {"updates", "packets", "Membership Updates sent", AMTG_COUNTER},
    [AMTG_GW_TEARDOWNS_SENT] = {"teardowns", "packets", "Teardowns sent, repeats included",
                                AMTG_COUNTER},
    [AMTG_GW_DATA_TAKEN] = {"data", "packets", "Data accepted", AMTG_COUNTER},
    [AMTG_GW_TRANSITIONS] = {"transitions", "times", "a state machine changed its state",
                             AMTG_COUNTER},
    [AMTG_GW_RELAY_CHANGES] = {"relay-changes", "times", "moved to another relay", AMTG_COUNTER},
    [AMTG_GW_ADDRESS_CHANGES] = {"address-changes", "times",
                                 "our address or port changed, as seen by us or by the relay",
                                 AMTG_COUNTER},
    [AMTG_GW_UNREACHABLE_IGNORED] = {"unreachable-ignored", "errors",
                                     "ICMP errors about a Discovery, Request or Teardown",
                                     AMTG_COUNTER},
    [AMTG_GW_UNREACHABLE_RENEWED] = {"unreachable-renewed", "errors",
                                     "ICMP errors about an Update: a new cycle began",
                                     AMTG_COUNTER},
    [AMTG_GW_SILENCES] = {"silences", "times", "Data stopped flowing, and the relay was asked",
                          AMTG_COUNTER},
    [AMTG_GW_NO_TRAFFIC] = {"no-traffic", "times", "no Data followed an Update", AMTG_COUNTER},
    [AMTG_GW_GROUPS_OVER_LIMIT] = {"groups-over-limit", "records",
                                   "group records that were sent on but not remembered",
                                   AMTG_COUNTER},
    [AMTG_GW_FINDER_STATE] = {"finder-state", "state", "discovery: 0 off, 1 paused, 2 asking, 3 looking up",
                              AMTG_GAUGE},
    [AMTG_GW_IGMP_STATE] = {"igmp-state", "state",
                            "IGMP: 0 idle, 1 requesting, 2 active, 3 refreshing", AMTG_GAUGE},
    [AMTG_GW_MLD_STATE] = {"mld-state", "state",
                           "MLD: 0 idle, 1 requesting, 2 active, 3 refreshing", AMTG_GAUGE},
    [AMTG_GW_MOVING] = {"moving", "tunnels", "1: a tunnel to another relay is being made",
                        AMTG_GAUGE},
    [AMTG_GW_HELD_DOWN] = {"held-down", "relays", "not to be chosen for some minutes", AMTG_GAUGE},
    [AMTG_GW_GROUPS] = {"groups", "groups", "subscribed by the host part", AMTG_GAUGE},
};

static const struct amtg_reason drops[] = {
    AMTG_IP_FAULT_REASONS
    AMTG_REPORT_FAULT_REASONS
    AMTG_REPORT_FAULT_REASONS_IGMP
    [AMTG_GW_REPORT_EMPTY] = {"report-empty", "a report of nothing, while nothing is subscribed"},
    [AMTG_GW_REPORT_NO_RELAY] = {"report-no-relay",
                                 "a report while no relay is known; its Query will ask for all"},
    [AMTG_GW_REPORT_NO_QUERY] = {"report-no-query",
                                 "a report before the relay's first Query, which will ask for all"},
    [AMTG_GW_AD_LENGTH] = {"ad-length", "an Advertisement of neither 12 nor 24 octets"},
    [AMTG_GW_AD_UNEXPECTED] = {"ad-unexpected", "an Advertisement while none is waited for"},
    [AMTG_GW_AD_SOURCE] = {"ad-source",
                           "an Advertisement from elsewhere than where the Discovery went"},
    [AMTG_GW_AD_NONCE] = {"ad-nonce", "an Advertisement with another Discovery Nonce"},
    [AMTG_GW_AD_FAMILY] = {"ad-family", "an Advertisement of a relay of the other IP family"},
    [AMTG_GW_AD_RELAY] = {"ad-relay", "an Advertisement of an address that cannot be a relay's"},
    [AMTG_GW_AD_HELD_DOWN] = {"ad-held-down", "an Advertisement of a relay that is held down"},
    [AMTG_GW_QUERY_SHORT] = {"query-short", "no whole Membership Query"},
    [AMTG_GW_QUERY_SOURCE] = {"query-source", "a Query from elsewhere than where a Request went"},
    [AMTG_GW_QUERY_UNEXPECTED] = {"query-unexpected", "a Query while none is waited for"},
    [AMTG_GW_QUERY_NONCE] = {"query-nonce", "a Query with another Request Nonce"},
    [AMTG_GW_QUERY_IP] = {"query-ip", "the inner IP header is wrong, or says more than there is"},
    [AMTG_GW_QUERY_TYPE] = {"query-type", "the inner datagram is no IGMPv3 or MLDv2 Query"},
    [AMTG_GW_QUERY_SPECIFIC] = {"query-specific", "the inner Query is no General Query"},
    [AMTG_GW_QUERY_CHECKSUM] = {"query-checksum", "wrong IGMP or ICMPv6 checksum"},
    [AMTG_GW_QUERY_ALERT] = {"query-alert", "an MLD Query without hop limit 1 and Router Alert"},
    [AMTG_GW_QUERY_FAMILY] = {"query-family", "a Query of the protocol that was not asked for"},
    [AMTG_GW_QUERY_REFUSED] = {"query-refused",
                               "L is set and the relay has nothing of ours: it takes nobody new"},
    [AMTG_GW_QUERY_GIVEN_UP] = {"query-given-up",
                                "a Query of a relay that was not moved to after all"},
    [AMTG_GW_DATA_SHORT] = {"data-short", "no whole Multicast Data message"},
    [AMTG_GW_DATA_NO_TUNNEL] = {"data-no-tunnel", "Data while there is no relay"},
    [AMTG_GW_DATA_SOURCE] = {"data-source", "Data from elsewhere than the relay that serves"},
    [AMTG_GW_DATA_INNER] = {"data-inner", "Data that holds no IP datagram"},
    [AMTG_GW_DATA_NOT_MULTICAST] = {"data-not-multicast",
                                    "Data whose inner destination is no group"},
    [AMTG_GW_UNREACHABLE_OTHER] = {"unreachable-other",
                                   "an ICMP error other than destination unreachable"},
    [AMTG_GW_UNREACHABLE_STRANGER] = {"unreachable-stranger",
                                      "an ICMP error about somebody that we do not talk to"},
    [AMTG_GW_ADDRESSES_WRONG] = {"addresses-wrong", "no whole record of addresses"},
    [AMTG_GW_ADDRESSES_STRANGER] = {"addresses-stranger", "the addresses of a name that is not ours"},
};

const struct amtg_class amtg_amt_gateway = {
    .name = "amt-gateway",
    .summary = "finds a relay, asks it for Queries, and sends it what the host part reports",
    .details =
        "The gateway of RFC 7450, section 5.2. The first report that subscribes to something "
        "wakes it. With `relay`, Requests go to that relay at once; otherwise a relay is found by "
        "asking the addresses of `discovery` in turn, by default the anycast addresses. A unicast "
        "address may stand in `discovery` as well, and is needed there for relays that do not "
        "answer from their anycast address.\n\n"
        "Both take names of hosts besides addresses. `lookups` then has to lead to `name-lookup`, "
        "whose answers come by `addresses`. A name is looked up whenever a relay is looked for, so "
        "not while one serves. Its addresses are candidates in the order of the answer; what is "
        "unspecified, multicast or link-local, or of a family in which `socket` has no address, is "
        "left out. While nothing is known of any name, the lookup is repeated after 1 s, then after "
        "random times up to `retry-most` (RFC 8777, section 3.5). A lookup that fails changes "
        "nothing: the addresses that were known stay, and so does a tunnel.\n\n"
        "Each family that has subscriptions has a Request cycle of its own, over one UDP port. An "
        "accepted inner Query leaves by `queries`; the host part answers it with what is "
        "subscribed now. Reports become Updates at once, with the nonce and Response MAC of the "
        "last Query; before the first Query they are dropped, since the Query will ask for all "
        "of them.\n\n"
        "A relay is asked again when its query interval is over, when Data that flowed stops for "
        "`silence`, when an ICMP error tells that an Update was lost, and when our own address "
        "changes; at most once a second. While it stays silent, or says L, or no Data follows an "
        "Update, another relay is looked for by discovery. The present one is asked on, and serves until "
        "the other "
        "has answered, so no subscription is lost on the way.\n\n"
        "Teardowns go to a relay that says how it sees us (G) when that changes, when another "
        "relay is moved to, and at the end; to others, Updates that remove everything. Give "
        "`socket` the element that `out` leads to: it is then stopped after this one, so that "
        "what is said at the end still leaves.\n\n"
        "Requests say that we heed the ECN field of what brings Data (E, RFC 9601), as amt-decap "
        "does. A relay that answers only when they do not, as Linux relays do, is not told so.\n\n"
        "`compat: auto` tries P where a Linux relay takes it when MLD Requests stay unanswered, "
        "and uses one nonce for both families with such a relay; `linux` does so from the start, "
        "`strict` never.",
    .example = "elements:\n"
               "  udp:      {class: udp-socket, bind: 127.0.0.1, port: 0}\n"
               "  messages: {class: amt-classifier}\n"
               "  gateway:  {class: amt-gateway, relay: 127.0.0.1, socket: udp}\n"
               "  reports:  {class: pcap-source, file: reports.pcap}\n"
               "  queries:  {class: discard}\n"
               "  decap:    {class: amt-decap}\n"
               "  end:      {class: discard}\n"
               "edges:\n"
               "  - udp -> messages\n"
               "  - messages.query -> gateway.query\n"
               "  - messages.data -> gateway.data\n"
               "  - reports -> gateway.reports\n"
               "  - udp.unreachable -> gateway.unreachable\n"
               "  - gateway.out -> udp\n"
               "  - gateway.queries -> queries\n"
               "  - gateway.data -> decap -> end\n",
    AMTG_INPUTS(
        [ADVERTISEMENT] = {"advertisement", AMTG_AMT_ADVERTISEMENT, "Relay Advertisements",
                           AMTG_MAY_BE_OPEN},
        [QUERY] = {"query", AMTG_AMT_QUERY, "Membership Queries", 0},
        [DATA] = {"data", AMTG_AMT_DATA, "Multicast Data", 0},
        [REPORTS] = {"reports", AMTG_IP_RAW, "IGMP and MLD reports of the host part", 0},
        [UNREACHABLE] = {"unreachable", AMTG_UNREACHABLE, "ICMP errors about what was sent",
                         AMTG_MAY_BE_OPEN},
        [ADDRESSES] = {"addresses", AMTG_ADDRESSES_OF, "answers to `lookups`", AMTG_MAY_BE_OPEN}),
    AMTG_OUTPUTS(
        [AMTG_GW_OUT] = {"out", AMTG_AMT, "to relays", AMTG_TO},
        [AMTG_GW_QUERIES] = {"queries", AMTG_IP_RAW, "inner General Queries that were accepted"},
        [AMTG_GW_DATA] = {"data", AMTG_AMT_DATA, "Data of the relay that serves"},
        [AMTG_GW_LOOKUPS] = {"lookups", AMTG_LOOKUP, "names whose addresses are wanted",
                             AMTG_MAY_BE_OPEN}),
    .flags = AMTG_SINGLE,
    .state_octets = sizeof(struct amt_gateway),
    AMTG_PARAMS(
        AMTG_HOSTS(struct amt_gateway, discovery, "192.52.193.1, 2001:3::1", AMTG_GW_HOSTS,
                   "where relays are asked for, in this order"),
        AMTG_HOSTS(struct amt_gateway, relay, "", AMTG_GW_HOSTS,
                   "the relay, or several to be tried in this order, when known: nothing is "
                   "discovered then"),
        AMTG_U16(struct amt_gateway, port, "2268", 0, 65535, NULL, "the relays' UDP port"),
        AMTG_REF(struct amt_gateway, socket, &amtg_source_address, false,
                 "what `out` leads to: asked for our address, and stopped after us"),
        AMTG_DURATION(struct amt_gateway, interval_cap_ns, "100s", 0, 31744 * AMTG_S,
                      "ask again after this long even if the relay says longer, to keep a NAT's "
                      "mapping; 0s: as the relay says"),
        AMTG_DURATION(struct amt_gateway, interval_floor_ns, "5s", AMTG_S, 3600 * AMTG_S,
                      "never ask again sooner, whatever interval the relay says"),
        AMTG_DURATION(struct amt_gateway, retry_most_ns, "120s", AMTG_S, 3600 * AMTG_S,
                      "longest wait between repeated Discoveries or Requests"),
        AMTG_DURATION(struct amt_gateway, quick_ns, "20s", 0, 3600 * AMTG_S,
                      "for so long after the last Data a relay that does not answer is asked "
                      "every 1 to 2 s; 0s: the waits grow from the start"),
        AMTG_U8(struct amt_gateway, retries, "3", 0, 100, "times",
                "repeats of a Discovery before the next address is asked, or of a Request before "
                "another relay is looked for"),
        AMTG_DURATION(struct amt_gateway, silence_ns, "1s", 0, 3600 * AMTG_S,
                      "ask the relay when Data has stopped for so long; 0s: never"),
        AMTG_DURATION(struct amt_gateway, no_traffic_ns, "4s", 0, 3600 * AMTG_S,
                      "least time without Data after an Update before another relay is looked "
                      "for; 0s: never"),
        AMTG_DURATION(struct amt_gateway, hold_down_ns, "10m", AMTG_S, 24 * 3600 * AMTG_S,
                      "how long a relay that said L is not chosen again"),
        AMTG_DURATION(struct amt_gateway, address_check_ns, "2s", 0, 3600 * AMTG_S,
                      "how often our own address is looked at; 0s: never"),
        AMTG_BOOL(struct amt_gateway, teardown, "true",
                  "send Teardowns; else the relay is told by Updates or not at all"),
        AMTG_BOOL(struct amt_gateway, ecn, "true",
                  "tell relays that we heed ECN (E): their Data may then be marked on its way"),
        AMTG_ENUM(struct amt_gateway, compat, "auto", compat_names,
                  "auto: find out whether a relay is Linux's; strict: by the RFC alone; linux: it "
                  "is"),
        AMTG_U32(struct amt_gateway, groups, "10000", 1, 1000000, "groups",
                 "subscribed groups that are remembered, of each family")),
    .counters = counters,
    .counters_count = AMTG_GW_COUNTERS,
    .drops = drops,
    .drops_count = AMTG_GW_DROPS,
    .listings = amtg_gw_listings,
    .listings_count = AMTG_GW_LISTINGS,
    .check = amt_gateway_check,
    .keeps = amt_gateway_keeps,
    .init = amt_gateway_init,
    .start = amtg_gw_hosts_start,
    .stop = amt_gateway_stop,
    .fini = amt_gateway_fini,
    .push = amt_gateway_push,
};
