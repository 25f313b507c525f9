/*
 * Rules of RFC 7450 that only show in the whole relay, graphs/relay.yaml, over time.
 */
#include <stdio.h>
#include <string.h>

#include "elements/wire/float_code.h"
#include "tests/support/amt.h"
#include "tests/support/scene.h"

enum { SEED = 1, SECOND = 1000 };

static struct scene *scene_with(const char *name, const char *value)
{
    struct scene *scene = scene_new(SEED);

    if (name)
        scene_set(scene, name, value);
    return scene;
}

/* The Query to a Request of its own; the scene is the caller's to free. */
static const struct sent *ask(struct scene **scene, const char *name, const char *value,
                              const struct amtg_peer *gateway)
{
    *scene = scene_with(name, value);
    scene_request(*scene, 0, gateway, NONCE, 0);
    scene_play(*scene, 0);
    const struct sent *query = scene_sent(*scene, gateway, AMTG_MSG_QUERY, 0);
    ck_assert_ptr_nonnull(query);
    return query;
}

/* */
START_TEST(the_advertisement_is_the_same_at_the_anycast_and_at_the_unicast_address)
{
    struct amtg_peer unicast = scene_gateway(GATEWAY4, GATEWAY_PORT, RELAY4);
    struct amtg_peer anycast = scene_gateway(GATEWAY4, GATEWAY_PORT, "192.52.193.1");
    struct scene *scene = scene_with("discovery4", "192.52.193.1");

    scene_set(scene, "advertise4", RELAY4);
    scene_discovery(scene, 0, &unicast, NONCE);
    scene_discovery(scene, 1, &anycast, NONCE);
    scene_play(scene, 10);
    ck_assert_uint_eq(scene_count(scene, NULL, AMTG_MSG_ADVERTISEMENT), 2);
    const struct sent *one = scene_sent(scene, NULL, AMTG_MSG_ADVERTISEMENT, 0);
    const struct sent *two = scene_sent(scene, NULL, AMTG_MSG_ADVERTISEMENT, 1);
    ck_assert_uint_eq(one->len, two->len);
    ck_assert_mem_eq(one->octets, two->octets, one->len);
    ck_assert(amtg_addr_equal(&one->peer.local, &unicast.local));
    ck_assert(amtg_addr_equal(&two->peer.local, &anycast.local));
    scene_free(scene);
}
END_TEST

/* */
START_TEST(an_endpoint_lives_longer_than_the_interval_that_it_was_told)
{
    static const struct { const char *interval; uint64_t end_s; } rows[] = {
        {"20s", 2 * 20 + 10}, {"125s", 2 * 125 + 10}, {"1000s", 2 * 1000 + 10},
    };
    struct amtg_peer gateway = scene_gateway(GATEWAY4, GATEWAY_PORT, RELAY4);

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene *scene;
        uint8_t mac[AMTG_AMT_MAC_OCTETS];
        const struct sent *query = ask(&scene, "interval", rows[i].interval, &gateway);
        uint32_t told_s = amtg_float8_decode(query->octets[12 + 24 + 9]); /* QQIC */
        ck_assert_uint_gt(told_s, 0);
        ck_assert_uint_lt(told_s, rows[i].end_s);
        scene_mac(scene, &gateway, 0, mac);
        scene_free(scene);

        scene = scene_with("interval", rows[i].interval);
        scene_update(scene, 0, &gateway, NONCE, mac, IGMP_REPORT_HEX);
        scene_native(scene, (told_s + 1) * SECOND, NATIVE4_HEX);
        scene_native(scene, (rows[i].end_s + 1) * SECOND, NATIVE4_HEX);
        scene_play(scene, (rows[i].end_s + 2) * SECOND);
        ck_assert_uint_eq(scene_count(scene, &gateway, AMTG_MSG_DATA), 1);
        scene_free(scene);
    }
}
END_TEST

/* */
START_TEST(no_query_is_sent_but_in_answer_to_a_request)
{
    struct amtg_peer gateway = scene_gateway(GATEWAY4, GATEWAY_PORT, RELAY4);
    struct scene *scene;
    uint8_t mac[AMTG_AMT_MAC_OCTETS];

    ask(&scene, NULL, NULL, &gateway);
    scene_mac(scene, &gateway, 0, mac);
    scene_free(scene);

    /* It joins, is served for 20 minutes, falls silent, and its membership runs out. */
    scene = scene_new(SEED);
    scene_request(scene, 0, &gateway, NONCE, 0);
    for (uint64_t at = SECOND; at < 1200 * SECOND; at += 100 * SECOND)
        scene_update(scene, at, &gateway, NONCE, mac, IGMP_REPORT_HEX);
    scene_native(scene, 1100 * SECOND, NATIVE4_HEX);
    scene_play(scene, 2000 * SECOND);
    ck_assert_uint_eq(scene_count(scene, NULL, AMTG_MSG_QUERY), 1);
    ck_assert_uint_eq(scene_count(scene, &gateway, AMTG_MSG_DATA), 1);
    ck_assert_uint_eq(scene_counter(scene, "membership", "expired"), 1);
    scene_free(scene);
}
END_TEST

AMTG_SUITE("relay-rules", the_advertisement_is_the_same_at_the_anycast_and_at_the_unicast_address,
           an_endpoint_lives_longer_than_the_interval_that_it_was_told,
           no_query_is_sent_but_in_answer_to_a_request)
