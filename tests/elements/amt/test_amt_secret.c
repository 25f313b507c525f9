/* amt-secret. Covers: S-1, S-2, S-3, S-4, R-22, R-40, R-41, E-17. */
#include "core/ask.h"
#include "elements/registry.h"
#include "tests/support/amt.h"

#include <sodium.h>
#include <string.h>

#define SECRET "it: {class: amt-secret, rotate: 60s, interval: 10s}"

static bool accepts(struct rig *rig, const char *address, uint16_t port, uint32_t nonce,
                    const uint8_t *mac)
{
    struct amtg_addr a;

    ck_assert(amtg_addr_parse(address, &a));
    return mac_ops(rig, "it")->check(rig_element(rig, "it"), &a, port, nonce, mac, NULL);
}

static void make(struct rig *rig, const char *address, uint8_t *mac)
{
    struct amtg_addr a;

    ck_assert(amtg_addr_parse(address, &a));
    mac_ops(rig, "it")->make(rig_element(rig, "it"), &a, GATEWAY_PORT, NONCE, false, mac);
}

/* Covers: S-1, R-22. */
START_TEST(a_mac_is_right_for_what_it_was_made_for_only)
{
    struct rig *rig = rig_new(_i, SECRET);
    uint8_t mac[AMTG_MAC_OCTETS];

    make(rig, GATEWAY4, mac);
    ck_assert(accepts(rig, GATEWAY4, GATEWAY_PORT, NONCE, mac));
    ck_assert(!accepts(rig, "203.0.113.8", GATEWAY_PORT, NONCE, mac));
    ck_assert(!accepts(rig, GATEWAY6, GATEWAY_PORT, NONCE, mac));
    ck_assert(!accepts(rig, GATEWAY4, GATEWAY_PORT + 1, NONCE, mac));
    ck_assert(!accepts(rig, GATEWAY4, GATEWAY_PORT ^ 0x100, NONCE, mac));
    for (unsigned bit = 0; bit < 32; bit++)
        ck_assert(!accepts(rig, GATEWAY4, GATEWAY_PORT, NONCE ^ 1u << bit, mac));
    ck_assert_uint_eq(rig_counter(rig, "right"), 1);
    ck_assert_uint_eq(rig_counter(rig, "wrong"), 36);
    rig_free(rig);
}
END_TEST

/* Covers: S-1, R-39. */
START_TEST(each_bit_of_the_mac_counts)
{
    struct rig *rig = rig_new(_i, SECRET);
    uint8_t mac[AMTG_MAC_OCTETS];

    make(rig, GATEWAY6, mac);
    for (unsigned bit = 0; bit < 48; bit++) {
        mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert(!accepts(rig, GATEWAY6, GATEWAY_PORT, NONCE, mac));
        mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert(accepts(rig, GATEWAY6, GATEWAY_PORT, NONCE, mac));
    rig_free(rig);
}
END_TEST

/* Covers: S-2, S-4, R-40, R-41. */
START_TEST(an_old_mac_is_good_for_two_intervals_after_the_change)
{
    struct rig *rig = rig_new(_i, SECRET);
    uint8_t mac[AMTG_MAC_OCTETS], next[AMTG_MAC_OCTETS];

    make(rig, GATEWAY4, mac);
    rig_step(rig, 59 * AMTG_S);
    ck_assert(accepts(rig, GATEWAY4, GATEWAY_PORT, NONCE, mac));
    ck_assert_uint_eq(rig_counter(rig, "right-previous"), 0);

    rig_step(rig, 2 * AMTG_S); /* 61 s: the secret has changed at 60 s */
    ck_assert_uint_eq(rig_counter(rig, "rotations"), 1);
    make(rig, GATEWAY4, next);
    ck_assert_mem_ne(mac, next, sizeof mac);
    ck_assert(accepts(rig, GATEWAY4, GATEWAY_PORT, NONCE, mac));
    ck_assert_uint_eq(rig_counter(rig, "right-previous"), 1);
    for (unsigned bit = 0; bit < 48; bit++) { /* all of it counts under the old secret too */
        mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert(!accepts(rig, GATEWAY4, GATEWAY_PORT, NONCE, mac));
        mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }

    rig_step(rig, 19 * AMTG_S - AMTG_MS); /* just before 80 s */
    ck_assert(accepts(rig, GATEWAY4, GATEWAY_PORT, NONCE, mac));
    rig_step(rig, 2 * AMTG_MS); /* just after */
    ck_assert(!accepts(rig, GATEWAY4, GATEWAY_PORT, NONCE, mac));
    ck_assert(accepts(rig, GATEWAY4, GATEWAY_PORT, NONCE, next));
    rig_free(rig);
}
END_TEST

/* Covers: S-2, R-41. */
START_TEST(one_previous_secret_is_kept)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-secret, rotate: 21s, interval: 10s}");
    uint8_t mac[AMTG_MAC_OCTETS];

    make(rig, GATEWAY4, mac);
    rig_step(rig, 43 * AMTG_S); /* two changes */
    ck_assert_uint_eq(rig_counter(rig, "rotations"), 2);
    ck_assert(!accepts(rig, GATEWAY4, GATEWAY_PORT, NONCE, mac));
    rig_free(rig);
}
END_TEST

/* The MAC under a secret of zeroes: what a place that holds no secret would make. */
static void make_from_nothing(bool e, uint8_t *mac)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES];
    uint8_t in[23], hash[crypto_shorthash_BYTES];

    rig_octets("000000000000000000000000cb007107" "c738" NONCE_HEX "00", in, sizeof in);
    in[22] = e;
    crypto_shorthash(hash, in, sizeof in, key);
    memcpy(mac, hash, AMTG_MAC_OCTETS);
}

START_TEST(where_there_is_no_previous_secret_nothing_is_right)
{
    struct rig *rig = rig_new(_i, SECRET);
    uint8_t mac[AMTG_MAC_OCTETS];

    for (unsigned e = 0; e < 2; e++) {
        make_from_nothing(e, mac);
        ck_assert(!accepts(rig, GATEWAY4, GATEWAY_PORT, NONCE, mac)); /* none yet */
    }
    rig_step(rig, 85 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "rotations"), 1);
    for (unsigned e = 0; e < 2; e++) {
        make_from_nothing(e, mac);
        ck_assert(!accepts(rig, GATEWAY4, GATEWAY_PORT, NONCE, mac)); /* retired and wiped */
    }
    rig_free(rig);
}
END_TEST

/* RFC 9601, section 6.1.4.2: no state is needed to know whether a Request had E. */
/* Covers: E-17. */
START_TEST(a_mac_says_whether_its_request_had_e)
{
    struct rig *rig = rig_new(_i, SECRET);
    const struct amtg_response_mac_ops *ops = mac_ops(rig, "it");
    struct amtg_element *it = rig_element(rig, "it");
    uint8_t mac[2][AMTG_MAC_OCTETS];
    struct amtg_addr a;

    ck_assert(amtg_addr_parse(GATEWAY4, &a));
    for (unsigned e = 0; e < 2; e++)
        ops->make(it, &a, GATEWAY_PORT, NONCE, e, mac[e]);
    ck_assert_mem_ne(mac[0], mac[1], sizeof mac[0]);
    for (unsigned old = 0; old < 2; old++) {
        for (unsigned e = 0; e < 2; e++) {
            bool ecn = !e;
            ck_assert(ops->check(it, &a, GATEWAY_PORT, NONCE, mac[e], &ecn));
            ck_assert(ecn == e);
            ck_assert(ops->check(it, &a, GATEWAY_PORT, NONCE, mac[e], NULL));
            ck_assert(!ops->check(it, &a, GATEWAY_PORT + 1, NONCE, mac[e], &ecn));
        }
        rig_step(rig, 61 * AMTG_S); /* the secret has changed */
    }
    ck_assert_uint_eq(rig_counter(rig, "right"), 4);
    ck_assert_uint_eq(rig_counter(rig, "right-previous"), 4);
    rig_free(rig);
}
END_TEST

START_TEST(secrets_of_two_elements_differ)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-secret}\nother: {class: amt-secret}");
    uint8_t mac[AMTG_MAC_OCTETS];
    struct amtg_addr a;

    make(rig, GATEWAY4, mac);
    ck_assert(amtg_addr_parse(GATEWAY4, &a));
    struct amtg_element *other = rig_element(rig, "other");
    ck_assert(!mac_ops(rig, "other")->check(other, &a, GATEWAY_PORT, NONCE, mac, NULL));
    rig_free(rig);
}
END_TEST

START_TEST(a_secret_must_outlive_two_intervals)
{
    struct amtg_graph_options options = {.classes = amtg_classes, .ports_may_be_open = true};
    struct amtg_diag *diag = amtg_diag_new();
    const char *text = "amtgraph: 1\nname: x\nelements:\n"
                       "  it: {class: amt-secret, rotate: 20s, interval: 10s}\n";
    char *out = NULL;
    size_t len = 0;

    ck_assert_ptr_null(amtg_graph_parse("x", text, strlen(text), &options, diag));
    FILE *f = open_memstream(&out, &len);
    amtg_diag_print(diag, f, false);
    fclose(f);
    ck_assert_uint_eq(amtg_diag_problems(diag), 1);
    ck_assert_ptr_nonnull(strstr(out, "x:4:35: it.rotate: must be more than twice `interval`"));
    free(out);
    amtg_diag_free(diag);
}
END_TEST

/* Covers: S-2. */
START_TEST(a_secret_can_be_changed_by_hand)
{
    struct rig *rig = rig_new(_i, SECRET);
    uint8_t mac[AMTG_MAC_OCTETS], next[AMTG_MAC_OCTETS];
    char why[256];

    make(rig, GATEWAY4, mac);
    rig_step(rig, 30 * AMTG_S);
    ck_assert_int_eq(amtg_ask_call(rig_element(rig, "it"), "rotate", NULL, 0, why, sizeof why), AMTG_OK);
    make(rig, GATEWAY4, next);
    ck_assert_mem_ne(mac, next, sizeof mac);
    ck_assert(accepts(rig, GATEWAY4, GATEWAY_PORT, NONCE, mac)); /* no gateway loses anything by it */
    rig_step(rig, 21 * AMTG_S);
    ck_assert(!accepts(rig, GATEWAY4, GATEWAY_PORT, NONCE, mac));
    rig_step(rig, 38 * AMTG_S); /* 89 s: the next change is 60 s after this one */
    ck_assert_uint_eq(rig_counter(rig, "rotations"), 1);
    rig_step(rig, 2 * AMTG_S);
    ck_assert_uint_eq(rig_counter(rig, "rotations"), 2);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("amt-secret", a_mac_is_right_for_what_it_was_made_for_only,
               each_bit_of_the_mac_counts, an_old_mac_is_good_for_two_intervals_after_the_change,
               one_previous_secret_is_kept, where_there_is_no_previous_secret_nothing_is_right,
               a_mac_says_whether_its_request_had_e, secrets_of_two_elements_differ,
               a_secret_must_outlive_two_intervals,
               a_secret_can_be_changed_by_hand)
