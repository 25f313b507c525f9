/*
 * rate-limit: token buckets per endpoint (address and port), per address, and
 * over all, in tables of fixed size (RFC 7450, section 6.1).
 *
 * in:  packets, of which `peer` says who sent them
 * out: those within all limits, in order
 *
 * A bucket is one instant: when it will be full again. A packet is let through
 * when that is less than `burst` tokens ahead, and moves it one token further
 * (the "generic cell rate algorithm" of ITU-T I.371). A bucket that is full again
 * says nothing, so its place is free for others.
 *
 * Each key has WAYS places, found by a keyed hash. When all are taken, the bucket
 * that is nearest to full makes room, since forgetting it forgives least: a flood
 * from a million spoofed addresses costs no memory, and whoever is forgotten
 * starts with a full bucket, so nobody is locked out by it.
 *
 *     elements:
 *       polite: {class: rate-limit, endpoint-rate: 10, address-rate: 2000}
 *     edges:
 *       - messages.request -> polite -> query
 */
#include <sodium.h>
#include <stdlib.h>

#include "core/cursor.h"
#include "core/element.h"
#include "elements/wire/types.h"

enum { WAYS = 8 };

struct bucket {
    struct amtg_addr address;
    uint64_t full_ns; /* when it is full again; in the past: it is */
    uint16_t port;    /* 0 in the table of addresses */
};

struct limit {
    uint64_t token_ns; /* time between two tokens; 0: no limit */
    uint64_t ahead_ns; /* how far in the future full_ns may lie for one more to pass */
};

struct rate_limit {
    uint32_t endpoint_rate, endpoint_burst, address_rate, address_burst, total_rate, total_burst;
    uint32_t entries;

    struct limit endpoint, address, total;
    struct bucket *endpoints, *addresses, all;
    uint64_t mask; /* number of sets of WAYS, less one */
};

enum { OUT };
enum { FORGOTTEN };
enum { ENDPOINT_RATE, ADDRESS_RATE, TOTAL_RATE };

static struct limit limit_of(uint32_t rate, uint32_t burst)
{
    uint64_t token_ns = rate ? AMTG_S / rate : 0;

    return (struct limit){.token_ns = token_ns, .ahead_ns = token_ns * (burst - 1)};
}

static bool has_token(const struct limit *limit, const struct bucket *b, uint64_t now)
{
    return limit->token_ns == 0 || b->full_ns <= now + limit->ahead_ns;
}

static void take_token(const struct limit *limit, struct bucket *b, uint64_t now)
{
    b->full_ns = (b->full_ns > now ? b->full_ns : now) + limit->token_ns;
}

/* The bucket of (address, port); of a place that was another's, when there was none. */
static struct bucket *find(struct amtg_element *e, struct bucket *table,
                           const struct amtg_addr *address, uint16_t port)
{
    const struct rate_limit *state = amtg_state(e);
    uint8_t key[16 + 2];
    uint64_t hash;

    memcpy(key, address->octets, 16);
    amtg_put_u16(key + 16, port);
    crypto_shorthash((uint8_t *)&hash, key, sizeof key, e->hash_key);

    struct bucket *set = &table[(hash & state->mask) * WAYS], *oldest = set;
    for (struct bucket *b = set; b < set + WAYS; b++) {
        if (b->port == port && amtg_addr_equal(&b->address, address))
            return b;
        if (b->full_ns < oldest->full_ns)
            oldest = b;
    }
    if (oldest->full_ns > amtg_now(e))
        amtg_count(e, FORGOTTEN, 1);
    *oldest = (struct bucket){.address = *address, .port = port};
    return oldest;
}

/* All limits are asked before a token is taken: what one refuses costs the others nothing. */
static void limit(struct amtg_element *e, struct amtg_packet *packet)
{
    struct rate_limit *state = amtg_state(e);
    const struct amtg_peer *from = &packet->peer;
    uint64_t now = amtg_now(e);
    struct bucket *endpoint = find(e, state->endpoints, &from->remote, from->remote_port);
    struct bucket *address = find(e, state->addresses, &from->remote, 0);

    if (!has_token(&state->endpoint, endpoint, now)) {
        amtg_drop(e, ENDPOINT_RATE, packet);
    } else if (!has_token(&state->address, address, now)) {
        amtg_drop(e, ADDRESS_RATE, packet);
    } else if (!has_token(&state->total, &state->all, now)) {
        amtg_drop(e, TOTAL_RATE, packet);
    } else {
        take_token(&state->endpoint, endpoint, now);
        take_token(&state->address, address, now);
        take_token(&state->total, &state->all, now);
        amtg_emit(e, OUT, packet);
    }
}

static void rate_limit_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch)
        limit(e, packet);
}

static enum amtg_err rate_limit_init(struct amtg_element *e)
{
    struct rate_limit *state = amtg_state(e);
    uint64_t sets = 1;

    while (sets * WAYS < state->entries)
        sets *= 2;
    state->mask = sets - 1;
    state->endpoint = limit_of(state->endpoint_rate, state->endpoint_burst);
    state->address = limit_of(state->address_rate, state->address_burst);
    state->total = limit_of(state->total_rate, state->total_burst);
    state->endpoints = calloc(sets * WAYS, sizeof *state->endpoints);
    state->addresses = calloc(sets * WAYS, sizeof *state->addresses);
    if (!state->endpoints || !state->addresses) {
        free(state->addresses);
        free(state->endpoints);
        return AMTG_ENOMEM;
    }
    return AMTG_OK;
}

static void rate_limit_fini(struct amtg_element *e)
{
    struct rate_limit *state = amtg_state(e);

    free(state->addresses);
    free(state->endpoints);
}

/* ---- told while it runs --------------------------------------------------------- */

struct set_args {
    int which;
    uint32_t rate, burst;
};

static const char *const limit_names[] = {"endpoint", "address", "total", NULL};

/* What the buckets hold is kept: who has used up its tokens waits as long as the new rate says. */
static enum amtg_err set_limit(struct amtg_element *e, const void *args)
{
    const struct set_args *set = args;
    struct rate_limit *state = amtg_state(e);
    struct limit *limits[] = {&state->endpoint, &state->address, &state->total};

    *limits[set->which] = limit_of(set->rate, set->burst);
    return AMTG_OK;
}

#define RATE(field, initial, help) \
    AMTG_U32(struct rate_limit, field, initial, 0, 1000000000, "packets/s", help)
#define BURST(field, initial, help) \
    AMTG_U32(struct rate_limit, field, initial, 1, 1000000, "packets", help)

const struct amtg_class amtg_rate_limit = {
    .name = "rate-limit",
    .summary = "lets through so many packets per endpoint, per address and over all",
    .details =
        "Token buckets per endpoint (address and port) and per address, in two tables of fixed "
        "size, and one for all. The defaults suit hundreds of gateways behind one NAT, and "
        "gateways that ask twice a second, as that of Linux does. A rate of 0 is no limit.\n\n"
        "`entries` bounds the memory: 32 octets for each, in either table. When more senders than "
        "that are busy at once, the buckets nearest to full are forgotten (counter "
        "`forgotten`); a sender that was forgotten starts again with a full bucket.",
    .example = "elements:\n"
               "  udp:      {class: udp-socket, bind: 127.0.0.1, port: 2268}\n"
               "  messages: {class: amt-classifier}\n"
               "  polite:   {class: rate-limit, endpoint-rate: 5}\n"
               "  secret:   {class: amt-secret}\n"
               "  query:    {class: amt-query, secret: secret}\n"
               "edges:\n"
               "  - udp -> messages\n"
               "  - messages.request -> polite -> query -> udp\n",
    AMTG_INPUTS({"in", AMTG_PACKET, "datagrams, or other packets that have a peer", 0}),
    AMTG_OUTPUTS([OUT] = {"out", AMTG_PACKET, "those within the limits",
                          AMTG_CARRIES_TYPE | AMTG_CARRIES_TO}),
    .state_octets = sizeof(struct rate_limit),
    AMTG_PARAMS(RATE(endpoint_rate, "10", "for each address and port; 0: no limit"),
                BURST(endpoint_burst, "20", "at once from an address and port"),
                RATE(address_rate, "2000", "for each address; 0: no limit"),
                BURST(address_burst, "4000", "at once from an address"),
                RATE(total_rate, "0", "over all; 0: no limit"),
                BURST(total_burst, "10000", "at once over all"),
                AMTG_U32(struct rate_limit, entries, "65536", WAYS, 1 << 24, "buckets",
                         "room in each of the two tables")),
    AMTG_COUNTERS([FORGOTTEN] = {"forgotten", "buckets",
                                 "buckets that were not full and made room for another",
                                 AMTG_COUNTER}),
    AMTG_DROPS([ENDPOINT_RATE] = {"endpoint-rate", "over the limit of its address and port"},
               [ADDRESS_RATE] = {"address-rate", "over the limit of its address"},
               [TOTAL_RATE] = {"total-rate", "over the limit for all"}),
    AMTG_CALLS({.name = "set", .help = "set one of the limits, until the run ends",
                .args_octets = sizeof(struct set_args),
                AMTG_PARAMS(AMTG_ENUM(struct set_args, which, NULL, limit_names, "of what"),
                            AMTG_U32(struct set_args, rate, NULL, 0, 1000000000, "packets/s",
                                     "0: no limit"),
                            AMTG_U32(struct set_args, burst, "100", 1, 1000000, "packets",
                                     "at once")),
                .run = set_limit}),
    .init = rate_limit_init,
    .fini = rate_limit_fini,
    .push = rate_limit_push,
};
