/*
 * The web side of a run: its routes, whom it refuses, and that garbage does it no harm. On
 * graphs/loop.yaml, over loopback.
 */
#include <check.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/web_client.h"

static struct web_run run;

/* ---- what is answered --------------------------------------------------------------- */

START_TEST(every_route_answers)
{
    static const struct {
        const char *path;
        int status;
        const char *type;
        const char *key; /* of the JSON; NULL: it is none */
    } routes[] = {
        {"/", 200, "text/html; charset=utf-8", NULL},
        {"/api/status", 200, "application/json", "graph"},
        {"/api/counters", 200, "application/json", "elements"},
        {"/api/listings", 200, "application/json", "listings"},
        {"/api/elements", 200, "application/json", "classes"},
        {"/api/show/gateways", 200, "application/json", "rows"},
        {"/api/show/gateways?limit=1", 200, "application/json", "rows"},
        {"/api/show/gateways?limit=no", 400, "application/json", "error"},
        {"/api/show/gatways", 404, "application/json", "error"},
        {"/api/show/", 404, "application/json", "error"},
        {"/api/nothing", 404, "application/json", "error"},
        {"/api/call", 404, "application/json", "error"},
        {"/api/events?counters=never", 400, "application/json", "error"},
        {"/api/events?tap=nowhere", 400, "application/json", "error"},
        {"/api/events?tap=data&filter=no%20such", 400, "application/json", "error"},
        {"/api/events?tap=data&snap=0", 400, "application/json", "error"},
        {"/metrics", 200, "text/plain; version=0.0.4; charset=utf-8", NULL},
        {"/healthz", 200, "text/plain; charset=utf-8", NULL},
        {"/readyz", 200, "text/plain; charset=utf-8", NULL},
    };

    for (unsigned i = 0; i < sizeof routes / sizeof *routes; i++) {
        struct web_reply reply = web_get(&run, routes[i].path);
        ck_assert_msg(reply.status == routes[i].status, "%s: %d %s", routes[i].path, reply.status,
                      reply.body);
        ck_assert_str_eq(web_header(&reply, "Content-Type"), routes[i].type);
        if (routes[i].key) {
            json_t *json = web_json(&reply);
            ck_assert_int_eq(json_integer_value(json_object_get(json, "amtgraph")), 1);
            ck_assert_msg(json_object_get(json, routes[i].key) != NULL, "%s: no %s", routes[i].path,
                          routes[i].key);
            json_decref(json);
        }
        web_reply_free(&reply);
    }
}
END_TEST

START_TEST(elements_come_with_the_lines_that_declare_them)
{
    struct web_reply reply = web_get(&run, "/api/elements");
    json_t *json = web_json(&reply), *element;
    size_t i;
    bool found = false;

    json_array_foreach(json_object_get(json, "elements"), i, element)
    {
        if (strcmp(json_string_value(json_object_get(element, "name")), "source"))
            continue;
        found = true;
        ck_assert_str_eq(json_string_value(json_object_get(element, "class")), "generator");
        ck_assert_ptr_nonnull(
            strstr(json_string_value(json_object_get(element, "file")), "loop.yaml"));
        const char *yaml = json_string_value(json_object_get(element, "yaml"));
        ck_assert_ptr_eq(strstr(yaml, "  source:"), yaml);
        ck_assert_str_eq(yaml + strlen(yaml) - strlen("after: 500ms}"),
                         "after: 500ms}"); /* its second line */
    }
    ck_assert(found);
    ck_assert_ptr_nonnull(
        json_object_get(json_object_get(json_object_get(json, "classes"), "generator"), "params"));
    json_decref(json);
    web_reply_free(&reply);
}
END_TEST

START_TEST(head_is_answered_without_a_body)
{
    static const char *const paths[] = {"/", "/api/status", "/metrics", "/api/events?counters=1s"};

    for (unsigned i = 0; i < 4; i++) {
        char what[64];
        snprintf(what, sizeof what, "HEAD %s", paths[i]);
        struct web_reply reply = web_ask(&run, what, NULL, "", NULL);
        ck_assert_int_eq(reply.status, 200);
        ck_assert_uint_eq(reply.octets, 0);
        web_reply_free(&reply);
    }
}
END_TEST

START_TEST(a_drain_makes_it_not_ready)
{
    struct web_reply reply;
    int status = 0;

    kill(run.pid, SIGUSR2);
    for (unsigned i = 0; i < 1000 && status != 503; i++) { /* until the signal has come */
        reply = web_get(&run, "/readyz");
        status = reply.status;
        web_reply_free(&reply);
    }
    ck_assert_int_eq(status, 503);
    kill(run.pid, SIGUSR2);
    for (unsigned i = 0; i < 1000 && status != 200; i++) {
        reply = web_get(&run, "/readyz");
        status = reply.status;
        web_reply_free(&reply);
    }
    ck_assert_int_eq(status, 200);
}
END_TEST

/* ---- who is refused ----------------------------------------------------------------------- */

START_TEST(other_hosts_are_refused)
{
    static const struct {
        const char *host; /* with %u for the port */
        int status;
    } hosts[] = {
        {"127.0.0.1:%u", 200},
        {"localhost:%u", 200},
        {"LOCALHOST:%u", 200},
        {"[::1]:%u", 200},
        {"page.example", 200},
        {"page.example:443", 200},
        {"evil.example", 421},
        {"evil.example:%u", 421},
        {"127.0.0.1", 421},
        {"127.0.0.1:1", 421},
        {"127.0.0.2:%u", 421},
        {"page.example.evil", 421},
        {"", 421},
        {"page.example:%u.x", 421},
        {"localhost:%u@evil", 421},
    };

    for (unsigned i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char host[64];
        snprintf(host, sizeof host, hosts[i].host, run.port);
        struct web_reply reply = web_ask(&run, "GET /api/status", host, "", NULL);
        ck_assert_msg(reply.status == hosts[i].status, "%s: %d", host, reply.status);
        web_reply_free(&reply);
    }
    static const char
        none[] = "GET /api/status HTTP/1.0\r\n\r\n",
        two[] = "GET /api/status HTTP/1.0\r\nHost: localhost\r\nHost: evil.example\r\n\r\n";
    struct web_reply reply = web_say(&run, none, strlen(none));
    ck_assert_int_eq(reply.status, 400);
    web_reply_free(&reply);
    reply = web_say(&run, two, strlen(two));
    ck_assert_int_eq(reply.status, 400);
    web_reply_free(&reply);
}
END_TEST

START_TEST(other_sites_pages_are_refused)
{
    struct web_reply reply =
        web_ask(&run, "GET /api/counters", NULL, "Sec-Fetch-Site: cross-site\r\n", NULL);
    ck_assert_int_eq(reply.status, 403);
    web_reply_free(&reply);
    reply = web_ask(&run, "GET /", NULL, "Sec-Fetch-Site: cross-site\r\n", NULL); /* a link */
    ck_assert_int_eq(reply.status, 200);
    web_reply_free(&reply);
    reply = web_ask(&run, "GET /api/counters", NULL, "Sec-Fetch-Site: same-origin\r\n", NULL);
    ck_assert_int_eq(reply.status, 200);
    web_reply_free(&reply);
}
END_TEST

START_TEST(nothing_is_changed)
{
    static const struct {
        const char *what, *headers, *body;
        int status;
    } requests[] = {
        {"POST /api/status", "", "{}", 405},
        {"PUT /api/counters", "", "{}", 405},
        {"DELETE /", "", NULL, 405},
        {"OPTIONS /api/pace",
         "Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n", NULL, 405},
        {"POST /api/call", "X-Amtgraph: 1\r\n",
         "{\"do\":\"call\",\"element\":\"data\",\"call\":\"reset\"}", 404},
        {"GET /api/pace", "", NULL, 405},
        {"POST /api/pace", "", "{}", 403},
        {"POST /api/pace", "X-Amtgraph: 2\r\n", "{}", 403},
        {"POST /api/pace", "X-Amtgraph: 1\r\n", "[]", 400},
        {"POST /api/pace", "X-Amtgraph: 1\r\n",
         "{\"do\":\"call\",\"element\":\"data\",\"call\":\"reset\"}", 400},
        {"GET /api/show/call", "", NULL, 404},
        {"GET /api/counters", "", "{\"do\":\"call\"}", 400},
        {"POST /api/pace", "X-Amtgraph: 1\r\nContent-Length: 100000\r\n", NULL, 413},
    };

    for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct web_reply reply =
            web_ask(&run, requests[i].what, NULL, requests[i].headers, requests[i].body);
        ck_assert_msg(reply.status == requests[i].status, "%s: %d %s", requests[i].what,
                      reply.status, reply.body);
        if (reply.status == 405)
            ck_assert_ptr_nonnull(web_header(&reply, "Allow"));
        web_reply_free(&reply);
    }
    struct web_reply reply = web_get(&run, "/api/counters");
    json_t *json = web_json(&reply);
    ck_assert_int_gt(
        json_integer_value(json_object_get(
            json_object_get(json_object_get(json_object_get(json, "elements"), "gateway-says"),
                            "counters"),
            "printed")),
        0);
    json_decref(json);
    web_reply_free(&reply);
}
END_TEST

/* ---- what a browser is told ------------------------------------------------------------------ */

START_TEST(every_reply_has_its_policy)
{
    static const char *const paths[] = {"/", "/api/status", "/nothing", "/metrics",
                                        "/api/events?tap=no"};

    for (unsigned i = 0; i < 5; i++) {
        struct web_reply reply = web_get(&run, paths[i]);
        const char *policy = web_header(&reply, "Content-Security-Policy");
        ck_assert_ptr_nonnull(policy);
        ck_assert_ptr_eq(strstr(policy, "default-src 'none'; "), policy);
        ck_assert_ptr_nonnull(strstr(policy, "frame-ancestors 'none'"));
        ck_assert_ptr_null(strstr(policy, "unsafe"));
        ck_assert_str_eq(web_header(&reply, "X-Content-Type-Options"), "nosniff");
        ck_assert_str_eq(web_header(&reply, "Referrer-Policy"), "no-referrer");
        ck_assert_ptr_null(web_header(&reply, "Access-Control-Allow-Origin"));
        web_reply_free(&reply);
    }
}
END_TEST

/* The policy names the script and the style that are in the page, of which there is one each. */
START_TEST(the_policy_is_that_of_the_page)
{
    static const char *const tags[] = {"script", "style"};
    struct web_reply reply = web_get(&run, "/");
    const char *policy = web_header(&reply, "Content-Security-Policy");

    for (unsigned i = 0; i < 2; i++) {
        char open[16], close[16], hash[64], source[128];
        unsigned char octets[crypto_hash_sha256_BYTES];
        snprintf(open, sizeof open, "<%s>", tags[i]);
        snprintf(close, sizeof close, "</%s>", tags[i]);
        const char *from = strstr(reply.body, open) + strlen(open), *to = strstr(from, close);
        ck_assert_ptr_null(strstr(to, open));
        crypto_hash_sha256(octets, (const unsigned char *)from, (unsigned long long)(to - from));
        sodium_bin2base64(hash, sizeof hash, octets, sizeof octets, sodium_base64_VARIANT_ORIGINAL);
        snprintf(source, sizeof source, "%s-src 'sha256-%s';", tags[i], hash);
        ck_assert_msg(strstr(policy, source) != NULL, "%s is not in %s", source, policy);
    }
    ck_assert_ptr_null(strstr(reply.body, "http://")); /* nothing from elsewhere */
    web_reply_free(&reply);
}
END_TEST

/* ---- garbage ------------------------------------------------------------------------------------
 */

START_TEST(garbage_does_no_harm)
{
    static const char *const lines[] = {
        "",
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET  HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /api/show/%ff%fe HTTP/1.0\r\nHost: page.example\r\n\r\n",
        "GET /api/events?tap=%ff&counters=%ff HTTP/1.0\r\nHost: page.example\r\n\r\n",
        "GET /api/events?tap&filter&snap&drops&counters HTTP/1.0\r\nHost: page.example\r\n\r\n",
        "GET /api/events?snap=-1&tap=data HTTP/1.0\r\nHost: page.example\r\n\r\n",
        "GET /../../etc/passwd HTTP/1.0\r\nHost: page.example\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "POST /api/pace HTTP/1.1\r\nHost: page.example\r\nX-Amtgraph: 1\r\nContent-Length: "
        "99\r\n\r\n{",
        "POST /api/pace HTTP/1.1\r\nHost: page.example\r\nX-Amtgraph: 1\r\nContent-Length: "
        "-1\r\n\r\n{",
        "POST /api/pace HTTP/1.1\r\nHost: page.example\r\nX-Amtgraph: 1\r\nTransfer-Encoding: "
        "chunked\r\n\r\nffffffffffffffffff\r\n",
        "GET / HTTP/1.1\r\nHost: page.example\r\nTransfer-Encoding: "
        "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: page.example\r\n  folded\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    };
    enum { LINES = sizeof lines / sizeof *lines, RANDOM = 150, ROUND = 24 };
    int open[ROUND] = {0};
    uint32_t random = 1;

    for (unsigned i = 0; i < LINES + RANDOM; i++) {
        char octets[512];
        if (open[i % ROUND])
            close(open[i % ROUND]); /* whether it was answered or not */
        open[i % ROUND] = web_connect(&run, 0);
        snprintf(octets, sizeof octets, "%s",
                 i < LINES ? lines[i]
                           : "GET /api/show/gateways?limit=3 HTTP/1.1\r\n"
                             "Host: page.example\r\nA: b\r\n\r\n");
        size_t count = strlen(octets);
        for (unsigned k = 0; i >= LINES && k < 3; k++) {
            random = random * 1664525 + 1013904223;
            octets[(random >> 8) % count] = (char)(random >> 24);
        }
        web_write(open[i % ROUND], octets, count - (i >= LINES ? (random >> 16) % 4 : 0));
        shutdown(open[i % ROUND], SHUT_WR);
        if (i % ROUND)
            continue;
        struct web_reply reply = web_get(&run, "/healthz");
        ck_assert_int_eq(reply.status, 200);
        web_reply_free(&reply);
    }
    for (unsigned i = 0; i < ROUND; i++)
        close(open[i]);
    struct web_reply reply = web_get(&run, "/healthz");
    ck_assert_int_eq(reply.status, 200);
    web_reply_free(&reply);
}
END_TEST

START_TEST(what_is_too_long_is_refused)
{
    enum { LONG = 100000 };
    char *text = malloc(LONG + 1000);
    struct web_reply reply;

    memset(text, 'a', LONG);
    memcpy(text, "GET /", 5);
    reply = web_say(&run, text, LONG);
    ck_assert_msg(reply.status == 0 || reply.status == 414 || reply.status == 431, "%d",
                  reply.status);
    web_reply_free(&reply);
    int octets = sprintf(text, "GET / HTTP/1.0\r\nHost: page.example\r\nX: ");
    memset(text + octets, 'a', LONG - (size_t)octets);
    memcpy(text + LONG, "\r\n\r\n", 4);
    reply = web_say(&run, text, LONG + 4);
    ck_assert_msg(reply.status == 0 || reply.status == 413 || reply.status == 431, "%d",
                  reply.status);
    web_reply_free(&reply);
    octets = sprintf(text, "GET /api/show/");
    memset(text + octets, 'a', 1000);
    sprintf(text + octets + 1000, " HTTP/1.0\r\nHost: page.example\r\n\r\n");
    reply = web_say(&run, text, strlen(text));
    ck_assert_int_eq(reply.status, 404);
    web_reply_free(&reply);
    free(text);
}
END_TEST

static const char *const more[] = {"--name", "loop", "--web-host", "page.example", NULL};

WEB_SUITE("web", &run, more,
          every_route_answers, elements_come_with_the_lines_that_declare_them,
          head_is_answered_without_a_body, a_drain_makes_it_not_ready, other_hosts_are_refused,
          other_sites_pages_are_refused, nothing_is_changed, every_reply_has_its_policy,
          the_policy_is_that_of_the_page, garbage_does_no_harm, what_is_too_long_is_refused)
