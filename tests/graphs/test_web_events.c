/*
 * What happens in a run, as server-sent events: many things in one answer, bounded for each client
 * and in the number of clients. On graphs/loop.yaml with lossy links, over loopback.
 */
#include <check.h>
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/web_client.h"

static struct web_run run;

static const char *text_in(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

/* ---- what is told -------------------------------------------------------------------- */

START_TEST(one_answer_tells_of_many_things)
{
    struct web_events *e =
        web_events_open(&run, "counters=200ms&tap=down&tap=gateway.data&drops=1&snap=16");
    uint64_t id;

    ck_assert(web_events_next(e, "status"));
    ck_assert_str_eq(text_in(e->data, "graph"), "loop");
    ck_assert_int_eq(json_integer_value(json_object_get(e->data, "amtgraph")), 1);
    id = e->id;
    ck_assert_uint_gt(id, 0);
    ck_assert(web_events_next(e, "tap")); /* which edge that is */
    ck_assert_str_eq(text_in(e->data, "asked"), "down");
    ck_assert_str_eq(text_in(e->data, "edge"), "down.out -> relay-udp.in");
    ck_assert(web_events_next(e, "counters"));
    ck_assert_ptr_nonnull(json_object_get(json_object_get(e->data, "elements"), "source"));
    ck_assert_uint_gt(e->id, id);
    id = e->id;
    for (unsigned i = 0, seen = 0; seen != 3; i++) { /* both edges, in whatever order */
        ck_assert_uint_lt(i, 10000);
        ck_assert(web_events_next(e, "packet"));
        ck_assert_uint_gt(e->id, id);
        id = e->id;
        const char *edge = text_in(e->data, "edge");
        seen |= strcmp(edge, "down") == 0 ? 1 : 2;
        const json_t *packet = json_object_get(e->data, "packet");
        ck_assert_uint_le(strlen(text_in(packet, "hex")), 32);
        ck_assert_int_gt((int)json_array_size(json_object_get(packet, "layers")), 0);
    }
    ck_assert(web_events_next(e, "drop"));
    ck_assert(web_events_next(e, "counters"));
    web_events_close(e);
}
END_TEST

/* First what is not 0, then what has changed: for worlds of many elements. */
START_TEST(counters_tell_only_what_has_changed)
{
    struct web_events *e = web_events_open(&run, "counters=200ms&changes=1");

    ck_assert(web_events_next(e, "counters"));
    ck_assert(json_is_false(json_object_get(e->data, "changes")));
    const json_t *all = json_object_get(e->data, "elements");
    ck_assert_str_eq(text_in(json_object_get(all, "mld"), "class"), "mld-parser");
    ck_assert_ptr_null(json_object_get(json_object_get(all, "mld"), "taken"));
    ck_assert_int_gt(json_integer_value(json_object_get(json_object_get(all, "source"), "taken")) +
                         json_integer_value(json_object_get(
                             json_object_get(json_object_get(all, "source"), "counters"), "sent")), 0);
    ck_assert(web_events_next(e, "counters"));
    ck_assert(json_is_true(json_object_get(e->data, "changes")));
    all = json_object_get(e->data, "elements");
    ck_assert_ptr_nonnull(json_object_get(json_object_get(all, "source"), "counters"));
    ck_assert_ptr_null(json_object_get(json_object_get(all, "source"), "class"));
    ck_assert_ptr_null(json_object_get(all, "mld"));
    ck_assert_ptr_null(json_object_get(all, "secret"));
    web_events_close(e);
}
END_TEST

/* A sample of what was dropped: which element, why, and the packet; then a second's rest. */
START_TEST(drops_are_sampled)
{
    struct web_events *e = web_events_open(&run, "drops=1");
    long long before = 0;

    for (unsigned i = 0; i < 2; i++) {
        ck_assert(web_events_next(e, "drop"));
        const json_t *drop = json_object_get(e->data, "drop"),
                     *packet = json_object_get(drop, "packet");
        while (strcmp(text_in(drop, "element"), "down")) {
            ck_assert(web_events_next(e, "drop"));
            drop = json_object_get(e->data, "drop");
            packet = json_object_get(drop, "packet");
        }
        ck_assert_str_eq(text_in(drop, "reason"), "lost");
        ck_assert_uint_gt(strlen(text_in(drop, "help")), 0);
        ck_assert_int_gt((int)json_array_size(json_object_get(packet, "layers")), 0);
        long long now = json_integer_value(json_object_get(packet, "wall"));
        if (i) {
            ck_assert_int_ge(now - before, 1000000000);
            ck_assert_int_gt((int)json_integer_value(json_object_get(drop, "times")), 1);
        }
        before = now;
    }
    web_events_close(e);
}
END_TEST

/* Two who ask for drops are both told, and one who goes takes nothing from the other. */
START_TEST(drops_are_told_to_all_who_ask)
{
    struct web_events *one = web_events_open(&run, "drops=1"),
                      *two = web_events_open(&run, "drops=1");

    ck_assert(web_events_next(one, "drop"));
    ck_assert(web_events_next(two, "drop"));
    web_events_close(one);
    ck_assert(web_events_next(two, "drop"));
    ck_assert(web_events_next(two, "drop"));
    web_events_close(two);
}
END_TEST

START_TEST(a_filter_leaves_out_what_does_not_fit)
{
    struct web_events *e = web_events_open(&run, "counters=100ms&tap=data&filter=udp%20port%209");

    for (unsigned i = 0; i < 5; i++)
        ck_assert(web_events_next(e, "counters"));
    ck_assert_uint_le(e->id, 12); /* counters and nothing else */
    web_events_close(e);
}
END_TEST

/* ---- what is bounded ----------------------------------------------------------------- */

START_TEST(clients_are_bounded)
{
    struct web_events *all[32];

    for (unsigned i = 0; i < 32; i++) {
        all[i] = web_events_open(&run, "counters=1s");
        ck_assert(web_events_next(all[i], "status"));
    }
    struct web_reply reply = web_get(&run, "/api/events?counters=1s");
    ck_assert_int_eq(reply.status, 503);
    web_reply_free(&reply);
    reply = web_get(&run, "/api/status"); /* others are served */
    ck_assert_int_eq(reply.status, 200);
    web_reply_free(&reply);
    for (unsigned i = 0; i < 32; i++)
        web_events_close(all[i]);
}
END_TEST

START_TEST(edges_of_a_client_are_bounded)
{
    char path[512] = "/api/events?";

    for (unsigned i = 0; i < 17; i++)
        strcat(path, "tap=data&");
    struct web_reply reply = web_get(&run, path);
    ck_assert_int_eq(reply.status, 400);
    ck_assert_ptr_nonnull(strstr(reply.body, "16"));
    web_reply_free(&reply);
}
END_TEST

static unsigned descriptors(void)
{
    char path[64];
    unsigned count = 0;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)run.pid);
    DIR *all = opendir(path);
    while (all && readdir(all))
        count++;
    if (all)
        closedir(all);
    return count;
}

/* It reads nothing: the run closes the connection, and goes on serving others. */
START_TEST(who_does_not_read_is_dropped)
{
    char request[256];
    struct web_events *other = web_events_open(&run, "counters=100ms");
    unsigned before, waited = 0;

    ck_assert(web_events_next(other, "counters"));
    before = descriptors();
    int fd = web_connect(&run, 4096);
    snprintf(request, sizeof request,
             "GET /api/events?tap=down&tap=up&tap=decap&tap=data&tap=encap&tap=gateway.data "
             "HTTP/1.0\r\nHost: 127.0.0.1:%u\r\n\r\n",
             run.port);
    web_write(fd, request, strlen(request));
    while (descriptors() == before && waited++ < 50) /* until it is there */
        ck_assert(web_events_next(other, "counters"));
    ck_assert_uint_lt(waited, 50);
    for (waited = 0; descriptors() > before && waited < 200; waited++) /* until it has gone */
        ck_assert(web_events_next(other, "counters"));
    ck_assert_uint_lt(waited, 200);
    close(fd);
    web_events_close(other);
}
END_TEST

/* ---- how it ends ------------------------------------------------------------------------ */

START_TEST(a_run_ends_while_somebody_looks_on)
{
    struct web_run own;
    char port[32];

    snprintf(port, sizeof port, "port=%u", 10000 + (unsigned)getpid() % 10000);
    const char *const args[] = {"graphs/loop.yaml", "--set", "count=0", "--set", port, "--name",
                                "other", "--log", "error", "--stats", "none", NULL};
    web_run_start(&own, args);
    web_run_await(&own, "wanted");
    struct web_events *one = web_events_open(&own, "counters=1s&tap=data&drops=1"),
                      *two = web_events_open(&own, "");
    ck_assert(web_events_next(one, "packet"));
    ck_assert(web_events_next(two, "status"));
    ck_assert_int_eq(web_run_stop(&own), 0);
    ck_assert(!web_events_next(two, "packet")); /* it has closed */
    web_events_close(one);
    web_events_close(two);
}
END_TEST

/* It hangs: what it writes is not read. The admin side says so, and goes on answering for itself.
 */
START_TEST(a_run_that_hangs_is_not_healthy)
{
    const char *const args[] = {"graphs/lessons/one-join.yaml", "--virtual", "--trace", "-",
                                "--until", "1000h", "--log", "error", "--stats", "none", NULL};
    struct web_run own;
    struct web_reply reply;
    int status = 200;

    web_run_start_unread(&own, args);
    for (unsigned i = 0; i < 1000 && status == 200; i++) { /* until its pipe is full */
        reply = web_get(&own, "/healthz");
        status = reply.status;
        if (status != 200)
            ck_assert_ptr_nonnull(strstr(reply.body, "1 of 1 shards"));
        web_reply_free(&reply);
    }
    ck_assert_int_eq(status, 503);
    reply = web_get(&own, "/api/counters");
    ck_assert_int_eq(reply.status, 503);
    web_reply_free(&reply);
    reply = web_get(&own, "/api/status");
    ck_assert_int_eq(reply.status, 200);
    web_reply_free(&reply);
    web_run_stop(&own);
}
END_TEST

/* The pace of a virtual run is the one thing that can be told by HTTP. */
START_TEST(a_virtual_run_is_paced)
{
    const char *const args[] = {"graphs/lessons/one-join.yaml", "--virtual", "--paused", "--log",
                                "error", "--stats", "none", NULL};
    struct web_run own;

    web_run_start(&own, args);
    struct web_events *e = web_events_open(&own, "crossings=1");
    ck_assert(web_events_next(e, "pace"));
    ck_assert_str_eq(text_in(json_object_get(e->data, "pace"), "mode"), "paused");
    struct web_reply reply =
        web_ask(&own, "POST /api/pace", NULL, "X-Amtgraph: 1\r\n", "{\"step\":\"packet\"}");
    ck_assert_msg(reply.status == 200, "%d %s", reply.status, reply.body);
    web_reply_free(&reply);
    ck_assert(web_events_next(e, "crossing"));
    ck_assert_ptr_nonnull(json_object_get(e->data, "crossing"));
    reply = web_ask(&own, "POST /api/pace", NULL, "", "{\"step\":\"packet\"}");
    ck_assert_int_eq(reply.status, 403);
    web_reply_free(&reply);
    web_events_close(e);
    ck_assert_int_eq(web_run_stop(&own), 1); /* nothing was received yet: a bad verdict */
}
END_TEST

/* Not so much that both of the gateway's Updates may well be lost: then nothing would come. */
static const char *const more[] = {"--set", "loss=0.01", "--set", "rate=1000", "--set", "may-lose=1000000", NULL};

WEB_SUITE("web_events", &run, more,
          one_answer_tells_of_many_things, counters_tell_only_what_has_changed, drops_are_sampled,
          drops_are_told_to_all_who_ask, a_filter_leaves_out_what_does_not_fit,
          clients_are_bounded, edges_of_a_client_are_bounded, who_does_not_read_is_dropped,
          a_run_ends_while_somebody_looks_on, a_run_that_hangs_is_not_healthy,
          a_virtual_run_is_paced)
