/*
 * ip-reassemble: puts IPv4 and IPv6 datagrams together again from their fragments (RFC
 * 791, section 3.2; RFC 8200, section 4.5). What is no fragment passes at once.
 *
 *     elements:
 *       whole: {class: ip-reassemble}
 *     edges:
 *       - check -> whole -> unwrap
 *
 * A datagram is known by both addresses, identification and, in IPv4, protocol. Its
 * fragments wait as they came, sorted by offset; it is whole when there is a last one and
 * the octets of all add up to where that one ends. Fragments never overlap here, so they
 * then leave no gap either. A datagram in which some do is refused, with all fragments
 * of it that are still to come (RFC 5722, for IPv6; nothing honest does it in IPv4).
 *
 * Timers:
 *   expire   `timeout` after the first fragment of the oldest datagram came (RFC 8200: 60 s)
 */
#include <stdlib.h>
#include <string.h>

#include "core/element.h"
#include "core/table.h"
#include "elements/ip/fragment.h"
#include "elements/wire/ip.h"
#include "elements/wire/types.h"

enum {
    MOST = 65535, /* octets of a datagram; IPv6 could say 40 more, which no buffer holds */
    NO_END = UINT32_MAX,
    NOT_ECT = 0, CE = 3, /* codepoints of the ECN field */
};

struct datagram {
    struct amtg_node node;
    struct datagram *older, *newer;
    struct amtg_fragment_key key;
    struct amtg_packet *fragments; /* by offset */
    uint32_t octets;               /* of their payload */
    uint32_t end;                  /* where the last fragment ends, or NO_END */
    uint64_t began_ns;
    bool refused; /* fragments overlapped: nothing more is taken of it */
    uint8_t ecn_seen; /* a bit for each of the four codepoints */
};

struct ip_reassemble {
    uint32_t datagrams, fragments;
    uint64_t octets;
    uint64_t timeout_ns;

    struct amtg_table table;
    struct datagram *oldest, *newest;
    uint32_t fragments_count;
    uint64_t octets_count;
    struct amtg_timer expire;
};

enum { IN };
enum { OUT };
enum { REASSEMBLED, DATAGRAMS, FRAGMENTS, OCTETS };
enum { LENGTH, TOO_LONG, OVERLAP, DUPLICATE, TIMEOUT, CROWDED_OUT, ECN, MALFORMED, STOPPED };

/* ---- datagrams ---------------------------------------------------------- */

static void show(struct amtg_element *e)
{
    const struct ip_reassemble *state = amtg_state(e);

    amtg_gauge(e, DATAGRAMS, state->table.count);
    amtg_gauge(e, FRAGMENTS, state->fragments_count);
    amtg_gauge(e, OCTETS, state->octets_count);
}

static struct datagram *find(const struct ip_reassemble *state, const struct amtg_fragment_key *key)
{
    uint64_t hash = amtg_table_hash(&state->table, key, sizeof *key);

    for (struct amtg_node *n = amtg_table_find(&state->table, hash); n;
         n = amtg_node_next(n, hash)) {
        struct datagram *d = AMTG_CONTAINER(n, struct datagram, node);
        if (memcmp(&d->key, key, sizeof *key) == 0)
            return d;
    }
    return NULL;
}

static struct amtg_packet *take_fragment(struct ip_reassemble *state, struct datagram *d)
{
    struct amtg_packet *p = d->fragments;

    d->fragments = p->next;
    p->next = NULL;
    state->fragments_count--;
    state->octets_count -= p->len;
    return p;
}

static void drop_fragments(struct amtg_element *e, struct datagram *d, unsigned reason)
{
    while (d->fragments)
        amtg_drop(e, reason, take_fragment(amtg_state(e), d));
}

static void forget(struct amtg_element *e, struct datagram *d)
{
    struct ip_reassemble *state = amtg_state(e);

    *(d->older ? &d->older->newer : &state->oldest) = d->newer;
    *(d->newer ? &d->newer->older : &state->newest) = d->older;
    amtg_table_remove(&state->table, &d->node);
    free(d);
    if (!state->oldest)
        amtg_timer_stop(e, &state->expire);
}

/* The oldest must go; a refused one may hold nothing, so its fragments are counted as they came. */
static void crowd_out(struct amtg_element *e, struct datagram *d)
{
    drop_fragments(e, d, CROWDED_OUT);
    forget(e, d);
}

static struct datagram *begin(struct amtg_element *e, const struct amtg_fragment_key *key)
{
    struct ip_reassemble *state = amtg_state(e);

    if (state->table.count == state->datagrams)
        crowd_out(e, state->oldest);
    struct datagram *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    if (!amtg_table_insert(&state->table, &d->node,
                           amtg_table_hash(&state->table, key, sizeof *key))) {
        free(d);
        return NULL;
    }
    d->key = *key;
    d->end = NO_END;
    d->began_ns = amtg_now(e);
    d->older = state->newest;
    *(d->older ? &d->older->newer : &state->oldest) = d;
    state->newest = d;
    if (!amtg_timer_running(&state->expire))
        amtg_timer_start(e, &state->expire, state->timeout_ns);
    return d;
}

/* Room for one more fragment of `d`, which the oldest others pay. false: `d` alone is too much. */
static bool make_room(struct amtg_element *e, const struct datagram *d, uint32_t octets)
{
    struct ip_reassemble *state = amtg_state(e);
    struct datagram *victim = state->oldest;

    while (state->fragments_count >= state->fragments ||
           state->octets_count + octets > state->octets) {
        if (victim == d)
            victim = victim->newer;
        if (!victim)
            return false;
        struct datagram *next = victim->newer;
        crowd_out(e, victim);
        victim = next;
    }
    return true;
}

static void expire_due(struct amtg_element *e, struct amtg_timer *t)
{
    struct ip_reassemble *state = amtg_state(e);

    while (state->oldest && state->oldest->began_ns + state->timeout_ns <= amtg_now(e)) {
        drop_fragments(e, state->oldest, TIMEOUT);
        forget(e, state->oldest);
    }
    if (state->oldest)
        amtg_timer_start(e, t, state->oldest->began_ns + state->timeout_ns - amtg_now(e));
    show(e);
}

/* ---- a fragment among the others ---------------------------------------- */

enum place { FITS, SAME, COLLIDES };

/* Where does it belong? *at: the link to put it into. */
static enum place place_of(struct datagram *d, const struct amtg_packet *p,
                           const struct amtg_fragment *part, struct amtg_packet ***at)
{
    uint32_t end = part->offset + part->len;

    if (d->end != NO_END && end > d->end)
        return COLLIDES; /* an end before that one collides with the fragment that has it */
    *at = &d->fragments;
    for (; **at; *at = &(**at)->next) {
        struct amtg_fragment other;
        amtg_fragment_read(**at, &other);
        uint32_t other_end = other.offset + other.len;
        if (other_end <= part->offset)
            continue;
        if (other.offset >= end && part->more) /* nothing may stand behind the last one */
            return FITS;
        bool same = other.offset == part->offset && other.len == part->len &&
                    other.more == part->more &&
                    memcmp((**at)->data + other.payload, p->data + part->payload, part->len) == 0;
        return same ? SAME : COLLIDES;
    }
    return FITS;
}

static void refuse(struct amtg_element *e, struct datagram *d, struct amtg_packet *p)
{
    drop_fragments(e, d, OVERLAP);
    d->refused = true;
    amtg_drop(e, OVERLAP, p);
}

/* ---- the whole ---------------------------------------------------------- */

/*
 * RFC 3168, section 5.3: one fragment with CE marks the whole; beside one without ECT it
 * is no honest mark.
 */
static bool combine_ecn(const struct datagram *d, bool *mark)
{
    *mark = d->ecn_seen >> CE & 1;
    return !*mark || !(d->ecn_seen >> NOT_ECT & 1);
}

static struct amtg_packet *build(struct amtg_element *e, const struct datagram *d, bool mark)
{
    struct amtg_fragment first;
    amtg_fragment_read(d->fragments, &first);
    struct amtg_packet *whole = amtg_make(e, d->fragments->type, first.fixed + d->octets);

    if (!whole)
        return NULL;
    whole->peer = d->fragments->peer;
    amtg_fragment_head(whole->data, d->fragments, &first, d->octets, mark);
    for (const struct amtg_packet *p = d->fragments; p; p = p->next) {
        struct amtg_fragment part;
        amtg_fragment_read(p, &part);
        memcpy(whole->data + first.fixed + part.offset, p->data + part.payload, part.len);
    }
    return whole;
}

/* All of it is there: out with it, and away with the fragments. */
static void complete(struct amtg_element *e, struct datagram *d)
{
    struct ip_reassemble *state = amtg_state(e);
    bool mark;

    if (!combine_ecn(d, &mark)) {
        drop_fragments(e, d, ECN);
        forget(e, d);
        return;
    }
    struct amtg_packet *whole = build(e, d, mark);
    while (d->fragments) {
        if (whole)
            amtg_finish(e, take_fragment(state, d));
        else
            amtg_drop_no_buffer(e, take_fragment(state, d));
    }
    forget(e, d);
    if (!whole)
        return;
    if (amtg_ip_check(whole, NULL)) {
        amtg_drop(e, MALFORMED, whole);
        return;
    }
    amtg_count(e, REASSEMBLED, 1);
    amtg_emit(e, OUT, whole);
}

static void keep(struct amtg_element *e, struct datagram *d, struct amtg_packet *p,
                 const struct amtg_fragment *part, struct amtg_packet **at)
{
    struct ip_reassemble *state = amtg_state(e);

    p->next = *at;
    *at = p;
    state->fragments_count++;
    state->octets_count += p->len;
    d->octets += part->len;
    d->ecn_seen |= (uint8_t)(1 << part->ecn);
    if (!part->more)
        d->end = part->offset + part->len;
    if (d->octets == d->end)
        complete(e, d);
}

static void take_part(struct amtg_element *e, struct amtg_packet *p,
                      const struct amtg_fragment *part)
{
    struct ip_reassemble *state = amtg_state(e);
    struct amtg_packet **at;

    if (part->len == 0 || (part->more && part->len % AMTG_FRAGMENT_UNIT)) {
        amtg_drop(e, LENGTH, p);
        return;
    }
    if (part->fixed + part->offset + part->len > MOST) {
        amtg_drop(e, TOO_LONG, p);
        return;
    }
    struct datagram *d = find(state, &part->key);
    if (!d && !(d = begin(e, &part->key))) {
        amtg_drop_no_buffer(e, p);
        return;
    }
    if (d->refused) {
        amtg_drop(e, OVERLAP, p);
        return;
    }
    enum place place = place_of(d, p, part, &at);
    if (place == COLLIDES) {
        refuse(e, d, p);
    } else if (place == SAME) {
        amtg_drop(e, DUPLICATE, p);
    } else if (!make_room(e, d, p->len)) {
        crowd_out(e, d);
        amtg_drop(e, CROWDED_OUT, p);
    } else {
        keep(e, d, p, part, at);
    }
}

static void ip_reassemble_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    struct amtg_fragment part;
    bool changed = false;

    (void)in;
    AMTG_EACH (packet, batch) {
        if (amtg_fragment_read(packet, &part)) {
            take_part(e, packet, &part);
            changed = true;
        } else {
            amtg_emit(e, OUT, packet);
        }
    }
    if (changed)
        show(e);
}

/* ---- life --------------------------------------------------------------- */

static uint32_t ip_reassemble_keeps(const void *params)
{
    const struct ip_reassemble *state = params;
    return state->fragments;
}

static enum amtg_err ip_reassemble_init(struct amtg_element *e)
{
    struct ip_reassemble *state = amtg_state(e);

    amtg_table_init(&state->table, e->hash_key);
    state->expire.fire = expire_due;
    return AMTG_OK;
}

static void ip_reassemble_stop(struct amtg_element *e)
{
    struct ip_reassemble *state = amtg_state(e);

    while (state->oldest) {
        drop_fragments(e, state->oldest, STOPPED);
        forget(e, state->oldest);
    }
    show(e);
}

static void ip_reassemble_fini(struct amtg_element *e)
{
    struct ip_reassemble *state = amtg_state(e);
    amtg_table_fini(&state->table);
}

const struct amtg_class amtg_ip_reassemble = {
    .name = "ip-reassemble",
    .summary = "puts IP datagrams together again from their fragments",
    .details =
        "What is no fragment passes at once; so do IPv6 packets whose fragment header says that "
        "they are whole (RFC 6946). Fragments wait until their datagram is complete, at most "
        "`timeout` from the first that came (RFC 791, section 3.2; RFC 8200, section 4.5). When "
        "`datagrams`, `fragments` or `octets` are reached, the oldest datagram is given up.\n\n"
        "Fragments that overlap, or that do not agree on where the datagram ends, make all of it "
        "refused, with what still comes of it (RFC 5722); an exact copy of a fragment is dropped "
        "alone. The header of the whole is that of the first fragment; its ECN field is CE when "
        "one fragment says so (RFC 3168, section 5.3).",
    .example = "elements:\n"
               "  wire:  {class: pcap-source, file: fragments.pcap}\n"
               "  check: {class: check-ip}\n"
               "  whole: {class: ip-reassemble}\n"
               "  file:  {class: pcap-sink, file: whole.pcap}\n"
               "edges:\n"
               "  - wire -> check -> whole -> file\n",
    .state_octets = sizeof(struct ip_reassemble),
    AMTG_INPUTS([IN] = {.name = "in", .type = AMTG_IP, .help = "datagrams and fragments"}),
    AMTG_OUTPUTS([OUT] = {.name = "out",
                          .type = AMTG_IP,
                          .help = "whole datagrams",
                          .flags = AMTG_CARRIES_TYPE}),
    AMTG_PARAMS(
        AMTG_U32(struct ip_reassemble, datagrams, "256", 1, 1 << 20, "datagrams",
                 "most that are being put together at once"),
        AMTG_U32(struct ip_reassemble, fragments, "1024", 2, 1 << 20, "packets",
                 "most fragments that wait"),
        AMTG_SIZE(struct ip_reassemble, octets, "4MiB", 1280, 1 << 30,
                  "most octets of fragments that wait"),
        AMTG_DURATION(struct ip_reassemble, timeout_ns, "30s", AMTG_MS, 3600 * AMTG_S,
                      "how long a datagram may take from its first fragment on")),
    AMTG_COUNTERS(
        [REASSEMBLED] = {"reassembled", "packets", "datagrams put together"},
        [DATAGRAMS] = {"datagrams", "datagrams", "incomplete or refused ones known now",
                       AMTG_GAUGE},
        [FRAGMENTS] = {"fragments", "packets", "fragments that wait now", AMTG_GAUGE},
        [OCTETS] = {"octets", "octets", "their octets, headers included", AMTG_GAUGE}),
    AMTG_DROPS(
        [LENGTH] = {"length", "a fragment without payload, or one that is not the last and no "
                              "multiple of 8 octets"},
        [TOO_LONG] = {"too-long", "the datagram would be longer than 65535 octets with its header"},
        [OVERLAP] = {"overlap", "fragments of its datagram overlap, or disagree on its end"},
        [DUPLICATE] = {"duplicate", "the same fragment came before"},
        [TIMEOUT] = {"timeout", "the others did not come in time"},
        [CROWDED_OUT] = {"crowded-out", "given up to make room for fragments of newer datagrams"},
        [ECN] = {"ecn", "some say congestion, others that they know no ECN"},
        [MALFORMED] = {"malformed", "the header of the whole is not sound"},
        [STOPPED] = {"stopped", "was incomplete when the run ended"}),
    .keeps = ip_reassemble_keeps,
    .init = ip_reassemble_init,
    .stop = ip_reassemble_stop,
    .fini = ip_reassemble_fini,
    .push = ip_reassemble_push,
};
