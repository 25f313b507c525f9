/* Packets followed through a running graph: their steps, what is born of them, their ends. */
#include "tools/amtgraph/trace/follow.h"

#include <stdio.h>

#include "elements/registry.h"
#include "elements/wire/udp.h"
#include "tests/support/suite.h"
#include "tools/amtgraph/packet_change.h"

static struct amtg_graph *graph;
static struct amtg_runtime *runtime;
static struct follow *follow;

static void begin(const char *elements_and_edges)
{
    struct amtg_graph_options graph_options = {.classes = amtg_classes};
    struct amtg_diag *diag = amtg_diag_new();
    static const uint8_t seed[32];
    enum amtg_err err;
    char text[1024], why[256];

    snprintf(text, sizeof text,
             "amtgraph: 1\nelements:\n  native: {class: packet-capture, interface: eth9}\n"
             "  check: {class: check-ip}\n  end: {class: discard}\n%s",
             elements_and_edges);
    graph = amtg_graph_parse("test", text, strlen(text), &graph_options, diag);
    amtg_diag_print(diag, stderr, false);
    ck_assert_ptr_nonnull(graph);
    amtg_diag_free(diag);
    follow = follow_new(graph);
    struct amtg_runtime_options options = {.clock = AMTG_CLOCK_VIRTUAL,
                                           .boundary = true,
                                           .seed = seed,
                                           .observe = follow_look,
                                           .observe_arg = follow};
    runtime = amtg_runtime_new(graph, &options, &err, why, sizeof why);
    ck_assert_ptr_nonnull(runtime);
    follow_attach(follow, runtime);
    ck_assert_int_eq(amtg_runtime_start(runtime, why, sizeof why), AMTG_OK);
    follow_forget(follow);
}

static void end(void)
{
    follow_detach(follow);
    amtg_runtime_free(runtime);
    follow_free(follow);
    amtg_graph_free(graph);
}

/* Of 198.51.100.12 to 232.1.2.3, into `native`; spoiled: a wrong header checksum. */
static void feed(const char *id, uint8_t hops, bool spoiled)
{
    struct amtg_peer peer = {.local_port = 5000, .remote_port = 5001};
    struct amtg_udp_options options = {.hops = hops};
    uint8_t octets[128] = {0};

    amtg_addr_parse("198.51.100.12", &peer.local);
    amtg_addr_parse("232.1.2.3", &peer.remote);
    uint32_t heads = amtg_udp_build(&peer, &options, (const uint8_t *)"hi", 2, octets);
    memcpy(octets + heads, "hi", 2);
    octets[10] ^= spoiled;
    follow_feed(follow, 0, 0, id, octets, heads + 2);
}

static struct follow_way *way(unsigned i)
{
    unsigned count;
    struct follow_way *const *ways = follow_ways(follow, &count);

    ck_assert_uint_gt(count, i);
    return ways[i];
}

static unsigned ways_count(void)
{
    unsigned count;

    follow_ways(follow, &count);
    return count;
}

/* "native check age end": whom it left, and where it ended. */
static const char *path(const struct follow_way *w)
{
    static char text[256];

    text[0] = '\0';
    for (unsigned i = 0; i < w->hops_count; i++) {
        strcat(text, graph->nodes[w->hops[i].node].name);
        strcat(text, " ");
    }
    return strcat(text, graph->nodes[w->at].name);
}

START_TEST(a_packet_is_followed_to_its_end_with_what_changed)
{
    begin("  age: {class: hop-limit}\nedges:\n  - native -> check -> age\n  - age.out -> end\n");
    feed("1", 9, false);
    ck_assert_uint_eq(ways_count(), 1);
    struct follow_way *w = way(0);
    ck_assert_str_eq(w->id, "1");
    ck_assert_int_eq(w->birth, FOLLOW_CAPTURED);
    ck_assert_str_eq(path(w), "native check age end");
    ck_assert_int_eq(w->end, FOLLOW_FINISHED);

    struct packet_change c;
    const struct follow_view *a = w->hops[2].before, *b = w->hops[2].after;
    packet_change_find(&c, a->type, a->octets, a->len, b->type, b->octets, b->len);
    json_t *changes = packet_change_json(&c);
    ck_assert_uint_eq(json_array_size(changes), 2);
    json_t *ttl = json_array_get(changes, 0);
    json_t *want = json_pack("{sssssbsssss[ii]s[ii]}", "what", "value", "name", "ip4.ttl", "hence",
                             0, "was", "9", "is", "8", "was_at", 8, 1, "is_at", 8, 1);
    ck_assert(json_equal(ttl, want));
    ck_assert(json_is_true(json_object_get(json_array_get(changes, 1), "hence")));
    json_decref(want);
    json_decref(changes);
    packet_change_free(&c);
    end();
}
END_TEST

START_TEST(a_drop_is_told_with_its_reason_and_counted_once)
{
    struct follow_count count;

    begin("edges:\n  - native -> check -> end\n");
    feed("1", 9, true);
    ck_assert_str_eq(path(way(0)), "native check");
    ck_assert_int_eq(way(0)->end, FOLLOW_DROPPED);
    ck_assert_str_eq(way(0)->reason, "ip-checksum");
    ck_assert(!follow_counted(follow, 0, &count)); /* the drop was seen as such */
    follow_forget(follow);
    feed("2", 9, false);
    ck_assert(follow_counted(follow, 0, &count));
    ck_assert_str_eq(graph->nodes[count.node].name, "end");
    ck_assert_str_eq(count.counter->name, "packets");
    ck_assert_uint_eq(count.is - count.was, 1);
    end();
}
END_TEST

START_TEST(a_copy_is_a_way_of_its_own_below_its_original)
{
    begin("  both: {class: tee, outputs: [a, b]}\n  other: {class: discard}\nedges:\n"
          "  - native -> check -> both\n  - both.a -> end\n  - both.b -> other\n");
    feed("7", 9, false);
    ck_assert_uint_eq(ways_count(), 2);
    struct follow_way *first = way(0), *copy = way(1);
    ck_assert_str_eq(copy->id, "7.1");
    ck_assert_ptr_eq(copy->parent, first);
    ck_assert_int_eq(copy->birth, FOLLOW_COPIED);
    ck_assert_uint_eq(copy->hops_count, 1);
    ck_assert_int_eq(copy->end, FOLLOW_FINISHED);
    ck_assert_uint_ne(copy->at, first->at);
    end();
}
END_TEST

START_TEST(what_is_kept_goes_on_when_it_is_time)
{
    begin("  path: {class: link, delay: 250ms}\nedges:\n  - native -> check -> path -> end\n");
    feed("1", 9, false);
    ck_assert_str_eq(path(way(0)), "native check path");
    ck_assert_int_eq(way(0)->end, FOLLOW_WAITS);
    follow_forget(follow);
    ck_assert(!follow_wait(follow, 100 * AMTG_MS));
    ck_assert(follow_wait(follow, 10 * AMTG_S));
    struct follow_way *w = way(0);
    ck_assert_str_eq(w->id, "1");
    ck_assert_int_eq(w->birth, FOLLOW_KEPT);
    ck_assert_str_eq(graph->nodes[w->node].name, "path");
    ck_assert_str_eq(path(w), "path end");
    ck_assert_uint_eq(w->hops[0].after->time_ns, 250 * AMTG_MS);
    ck_assert_uint_eq(amtg_loop_now_ns(amtg_runtime_loop(runtime)), 250 * AMTG_MS);
    follow_forget(follow);
    ck_assert(!follow_wait(follow, 10 * AMTG_S));
    ck_assert_uint_eq(amtg_loop_now_ns(amtg_runtime_loop(runtime)), 10 * AMTG_S);
    end();
}
END_TEST

START_TEST(what_a_timer_makes_is_of_no_packet)
{
    begin("  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1, rate: 10, count: 2}\n"
          "  other: {class: discard}\nedges:\n  - native -> check -> end\n  - source -> other\n");
    unsigned seen = 0;
    while (follow_wait(follow, 10 * AMTG_S)) {
        ck_assert_uint_eq(ways_count(), 1);
        ck_assert_int_eq(way(0)->birth, FOLLOW_TIMED);
        ck_assert_str_eq(way(0)->id, seen++ ? "t2" : "t1");
        ck_assert_str_eq(path(way(0)), "source other");
        follow_forget(follow);
    }
    ck_assert_uint_eq(seen, 2);
    end();
}
END_TEST

/* A relay that answers Discoveries, from a task of its own. */
#define ANSWERS                                                                               \
    "  udp: {class: udp-socket, port: 2268}\n  sort: {class: amt-classifier}\n"               \
    "  say: {class: amt-advertise, relay4: 192.0.2.1, socket: udp}\n  wait: {class: queue}\n" \
    "edges:\n  - native -> check -> end\n  - udp -> sort\n"                                   \
    "  - sort.discovery -> say -> wait -> udp\n"

START_TEST(a_reply_is_below_what_it_answers_though_a_task_sends_it)
{
    begin(ANSWERS);
    struct amtg_peer peer = {.local_port = 51000, .remote_port = 2268};
    struct amtg_udp_options options = {.hops = 64};
    const uint8_t discovery[] = {1, 0, 0, 0, 0, 0, 0, 7};
    uint8_t octets[128];
    amtg_addr_parse("203.0.113.7", &peer.local);
    amtg_addr_parse("192.0.2.1", &peer.remote);
    uint32_t heads = amtg_udp_build(&peer, &options, discovery, sizeof discovery, octets);
    memcpy(octets + heads, discovery, sizeof discovery);
    follow_feed(follow, 3, 0, "1", octets, heads + sizeof discovery);
    ck_assert_uint_eq(ways_count(), 2);
    ck_assert_str_eq(path(way(0)), "udp sort say");
    ck_assert_int_eq(way(1)->birth, FOLLOW_MADE);
    ck_assert_str_eq(way(1)->id, "1.1");
    ck_assert_str_eq(path(way(1)), "say wait udp");
    ck_assert_int_eq(way(1)->end, FOLLOW_SENT);
    ck_assert_uint_eq(way(1)->last->to_count, 1);
    ck_assert_uint_eq(way(1)->last->to[0].remote_port, 51000);
    end();
}
END_TEST

START_TEST(what_a_host_would_drop_is_refused_before_the_graph)
{
    begin(ANSWERS);
    follow_feed(follow, 3, 0, "1", (const uint8_t *)"no IP at all", 12);
    ck_assert_int_eq(way(0)->end, FOLLOW_REFUSED);
    ck_assert_uint_eq(way(0)->hops_count, 0);
    ck_assert_ptr_nonnull(strstr(way(0)->reason, "udp"));
    end();
}
END_TEST

AMTG_SUITE("follow", a_packet_is_followed_to_its_end_with_what_changed,
           a_drop_is_told_with_its_reason_and_counted_once,
           a_copy_is_a_way_of_its_own_below_its_original, what_is_kept_goes_on_when_it_is_time,
           what_a_timer_makes_is_of_no_packet,
           a_reply_is_below_what_it_answers_though_a_task_sends_it,
           what_a_host_would_drop_is_refused_before_the_graph)
