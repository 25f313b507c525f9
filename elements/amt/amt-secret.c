/*
 * amt-secret: the relay's private secret and the Response MAC made with it
 * (RFC 7450, sections 5.3.5 and 5.3.6). No ports: amt-query makes MACs with it,
 * amt-update and amt-teardown check them.
 *
 * The MAC is SipHash-2-4 over the address (16 octets, in the form of the Gateway
 * IP Address field), the port and the nonce, all in network order, and the E flag of
 * the Request, cut to 48 bits. The first three are what a Teardown carries, so one
 * function serves Update and Teardown alike. E is in neither, so both its values are
 * tried: by that the MAC also says, without any state, whether the gateway heeds ECN
 * (RFC 9601, section 6.1.4.2). Nothing else of the Request (such as its P flag) may go
 * in, and deployed gateways do use one MAC for both protocols.
 *
 * Timers:
 *   rotate  every `rotate`: a new secret; the old one becomes the previous one
 *   retire  2 x `interval` after a change: the previous secret is wiped
 *
 *     elements:
 *       secret: {class: amt-secret, rotate: 2h}
 *       query:  {class: amt-query, secret: secret}
 */
#include <sodium.h>

#include "core/cursor.h"
#include "core/listing.h"
#include "elements/amt/mac.h"
#include "elements/wire/amt.h"

enum {
    KEY = crypto_shorthash_KEYBYTES,
    INPUT = 16 + 2 + 4 + 1, /* address, port, nonce, E */
};

struct amt_secret {
    uint64_t rotate_ns, interval_ns;

    uint8_t key[KEY], previous[KEY];
    bool previous_valid;
    struct amtg_timer rotate, retire;
};

enum { MADE, RIGHT, RIGHT_PREVIOUS, WRONG, ROTATIONS };

static void mac_under(const uint8_t key[KEY], const struct amtg_addr *address, uint16_t port,
                      uint32_t nonce, bool ecn, uint8_t mac[AMTG_MAC_OCTETS])
{
    uint8_t in[INPUT], hash[crypto_shorthash_BYTES];

    amtg_amt_address_put(address, in);
    amtg_put_u16(in + 16, port);
    amtg_put_u32(in + 18, nonce);
    in[22] = ecn;
    crypto_shorthash(hash, in, sizeof in, key);
    memcpy(mac, hash, AMTG_MAC_OCTETS);
}

static void secret_make(struct amtg_element *e, const struct amtg_addr *address, uint16_t port,
                        uint32_t nonce, bool ecn, uint8_t mac[AMTG_MAC_OCTETS])
{
    const struct amt_secret *state = amtg_state(e);

    amtg_count(e, MADE, 1);
    mac_under(state->key, address, port, nonce, ecn, mac);
}

/* *ecn: with which value of E it is right. */
static bool right_under(const uint8_t key[KEY], const struct amtg_addr *address, uint16_t port,
                        uint32_t nonce, const uint8_t mac[AMTG_MAC_OCTETS], bool *ecn)
{
    uint8_t plain[AMTG_MAC_OCTETS], with_e[AMTG_MAC_OCTETS];

    mac_under(key, address, port, nonce, false, plain);
    mac_under(key, address, port, nonce, true, with_e);
    *ecn = sodium_memcmp(with_e, mac, sizeof with_e) == 0;
    return *ecn || sodium_memcmp(plain, mac, sizeof plain) == 0;
}

/*
 * A MAC that is wrong under the present secret is tried under the previous one,
 * unless two query intervals have passed since the change (RFC 7450, 5.3.3.4).
 */
static bool secret_check(struct amtg_element *e, const struct amtg_addr *address, uint16_t port,
                         uint32_t nonce, const uint8_t mac[AMTG_MAC_OCTETS], bool *ecn)
{
    const struct amt_secret *state = amtg_state(e);
    bool unwanted;

    if (!ecn)
        ecn = &unwanted;
    if (right_under(state->key, address, port, nonce, mac, ecn)) {
        amtg_count(e, RIGHT, 1);
        return true;
    }
    if (state->previous_valid && right_under(state->previous, address, port, nonce, mac, ecn)) {
        amtg_count(e, RIGHT_PREVIOUS, 1);
        return true;
    }
    amtg_count(e, WRONG, 1);
    return false;
}

/* A new secret from time to time, the old one kept for MACs handed out just before (5.3.6). */
static void rotate(struct amtg_element *e, struct amtg_timer *t)
{
    struct amt_secret *state = amtg_state(e);

    memcpy(state->previous, state->key, KEY);
    state->previous_valid = true;
    amtg_random(e, state->key, KEY);
    amtg_count(e, ROTATIONS, 1);
    amtg_timer_start(e, &state->retire, 2 * state->interval_ns);
    amtg_timer_start(e, t, state->rotate_ns);
}

/* As rotate, at once; the previous secret stays good for as long as otherwise. */
static enum amtg_err rotate_now(struct amtg_element *e, const void *args)
{
    struct amt_secret *state = amtg_state(e);

    (void)args;
    rotate(e, &state->rotate);
    return AMTG_OK;
}

static uint64_t relay(struct amtg_element *e, uint64_t cursor, struct amtg_rows *rows)
{
    const struct amt_secret *state = amtg_state(e);
    uint64_t left = state->rotate.deadline_ns - amtg_now(e);

    (void)cursor;
    amtg_fact(rows, "secret", "the next in %llu s%s", (unsigned long long)(left / AMTG_S),
              state->previous_valid ? "; the one before is still good" : "");
    return 0;
}

static void retire(struct amtg_element *e, struct amtg_timer *t)
{
    struct amt_secret *state = amtg_state(e);

    (void)t;
    sodium_memzero(state->previous, KEY);
    state->previous_valid = false;
}

static void amt_secret_check(const void *params, struct amtg_check *check)
{
    const struct amt_secret *state = params;

    /* Else the previous secret would still be needed when the next change comes. */
    if (state->rotate_ns <= 2 * state->interval_ns)
        amtg_check_problem(check, "rotate", -1, "must be more than twice `interval`");
}

static enum amtg_err amt_secret_init(struct amtg_element *e)
{
    struct amt_secret *state = amtg_state(e);

    state->rotate.fire = rotate;
    state->retire.fire = retire;
    amtg_random(e, state->key, KEY);
    return AMTG_OK;
}

static enum amtg_err amt_secret_start(struct amtg_element *e)
{
    struct amt_secret *state = amtg_state(e);

    amtg_timer_start(e, &state->rotate, state->rotate_ns);
    return AMTG_OK;
}

static void amt_secret_stop(struct amtg_element *e)
{
    struct amt_secret *state = amtg_state(e);

    amtg_timer_stop(e, &state->retire);
    amtg_timer_stop(e, &state->rotate);
}

static void amt_secret_fini(struct amtg_element *e)
{
    struct amt_secret *state = amtg_state(e);

    sodium_memzero(state->key, KEY);
    sodium_memzero(state->previous, KEY);
}

static const struct amtg_response_mac_ops ops = {.make = secret_make, .check = secret_check};

const struct amtg_class amtg_amt_secret = {
    .name = "amt-secret",
    .summary = "the relay's secret: makes and checks Response MACs",
    .details =
        "SipHash-2-4 over address, port, nonce and E flag under a secret of 128 bits from the system, cut "
        "to 48 bits (RFC 7450, section 5.3.5). Every `rotate` there is a new secret; MACs made "
        "with the one before stay good for two query intervals (sections 5.3.3.4, 5.3.6). The "
        "RFC recommends to change at least every 2 hours.\n\n"
        "A receiver that never sends a second Request (VLC does not) repeats its Updates with the "
        "MAC of its only Query, so its stream ends between two query intervals after the next "
        "change and the end of its membership. Where such receivers must be served for longer, "
        "make `rotate` as long as the longest stream.",
    .example = "elements:\n"
               "  udp:      {class: udp-socket, bind: 127.0.0.1, port: 2268}\n"
               "  messages: {class: amt-classifier}\n"
               "  secret:   {class: amt-secret, rotate: 2h, interval: 125s}\n"
               "  query:    {class: amt-query, secret: secret, interval: 125s}\n"
               "edges:\n"
               "  - udp -> messages\n"
               "  - messages.request -> query -> udp\n",
    .state_octets = sizeof(struct amt_secret),
    AMTG_PARAMS(
        AMTG_DURATION(struct amt_secret, rotate_ns, "2h", AMTG_S, 366 * 24 * 3600 * AMTG_S,
                      "how long a secret is used before the next; more than twice `interval`"),
        AMTG_DURATION(struct amt_secret, interval_ns, "125s", AMTG_S, 31744 * AMTG_S,
                      "the query interval that amt-query tells; the previous secret stays good for "
                      "two of them")),
    AMTG_COUNTERS(
        [MADE] = {"made", "macs", "MACs given out", AMTG_COUNTER},
        [RIGHT] = {"right", "macs", "MACs right under the present secret", AMTG_COUNTER},
        [RIGHT_PREVIOUS] = {"right-previous", "macs", "MACs right under the previous secret",
                            AMTG_COUNTER},
        [WRONG] = {"wrong", "macs", "MACs refused", AMTG_COUNTER},
        [ROTATIONS] = {"rotations", "secrets", "secrets replaced", AMTG_COUNTER}),
    AMTG_PROVIDES({&amtg_response_mac, &ops, NULL}),
    AMTG_LISTINGS({.name = "relay", .help = "the relay at a glance", .rows = relay,
                   AMTG_FACT_COLUMNS}),
    AMTG_CALLS({.name = "rotate", .help = "take a new secret now", .run = rotate_now}),
    .check = amt_secret_check,
    .init = amt_secret_init,
    .start = amt_secret_start,
    .stop = amt_secret_stop,
    .fini = amt_secret_fini,
};
