/*
 * /metrics of a run: what Prometheus can read, and the same numbers as /api/counters. On
 * graphs/loop.yaml, over loopback.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/metrics.h"
#include "tests/support/web_client.h"

static struct web_run run;

/* The reader must refuse what is wrong, or it proves nothing. */
START_TEST(the_reader_is_strict)
{
    static const char *const wrong[] = {
        "a 1\n",
        "# TYPE a gauge\na 1\n",
        "# HELP a b\na 1\n",
        "# HELP a b\n# TYPE a gauge\na 1",
        "# HELP a b\n# TYPE a gauge\na one\n",
        "# HELP a b\n# TYPE a gauge\nb 1\n",
        "# HELP a b\n# TYPE a counter\na 1\n",
        "# HELP a_total b\n# TYPE a_total gauge\na_total 1\n",
        "# HELP a b\n# TYPE a gauge\na 1\na 1\n",
        "# HELP a b\n# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n",
        "# HELP a b\n# TYPE a gauge\na{x=\"\\q\"} 1\n",
        "# HELP a b\n# TYPE a gauge\na{x=\"1} 1\n",
        "# HELP a b\n# TYPE a gauge\na{1=\"1\"} 1\n",
        "# HELP a b\n# TYPE a gauge\na -1\n",
        "# HELP a b\n# TYPE a gauge\na 1\n# HELP a b\n",
        "# HELP 1 b\n",
        "\n",
        "# HELP a b\n# TYPE a gauge\na-b 1\n",
    };
    static const char good[] =
        "# HELP a b\\n\n# TYPE a gauge\na{x=\"\\\"\\\\\\n\",y=\"\"} 1.5\na 1\n";
    size_t samples;

    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(metrics_check(wrong[i], &samples) != NULL, "not seen: %s", wrong[i]);
    ck_assert_ptr_null(metrics_check(good, &samples));
    ck_assert_uint_eq(samples, 2);
}
END_TEST

START_TEST(prometheus_can_read_them)
{
    struct web_reply reply = web_get(&run, "/metrics");
    size_t samples = 0;
    const char *wrong = metrics_check(reply.body, &samples);

    ck_assert_msg(!wrong, "%s", wrong);
    ck_assert_uint_gt(samples, 300);
    ck_assert(metrics_value(reply.body, "amtgraph_build_info{version=\"0.1.0\"}") == 1);
    ck_assert(
        metrics_value(reply.body, "amtgraph_run_info{run=\"\",graph=\"loop\",shards=\"1\"}") == -1);
    ck_assert(metrics_value(reply.body,
                            "amtgraph_run_info{run=\"loop\",graph=\"loop\",shards=\"1\"}") == 1);
    ck_assert(metrics_value(reply.body, "amtgraph_uptime_seconds") > 0);
    ck_assert(metrics_value(reply.body, "amtgraph_pool_limit_buffers{pool=\"packets\"}") > 0);
    ck_assert(metrics_value(reply.body,
                            "amtgraph_port_packets_total{element=\"source\",port=\"out\"}") >= 0);
    ck_assert(metrics_value(reply.body,
                            "amtgraph_port_bytes_total{element=\"source\",port=\"out\"}") >= 0);
    ck_assert(metrics_value(reply.body,
                            "amtgraph_stream_check_latency_mean_seconds{element=\"receiver\"}") >=
              0);
    ck_assert(
        metrics_value(reply.body,
                      "amtgraph_element_dropped_packets_total{element=\"down\",class=\"link\","
                      "reason=\"no-buffer\"}") >= 0);
    web_reply_free(&reply);
}
END_TEST

/* Each counter, drop and port of /api/counters is a metric too; those that only grow have done so.
 */
START_TEST(they_are_what_the_run_counts)
{
    struct web_reply counters = web_get(&run, "/api/counters"), metrics = web_get(&run, "/metrics");
    json_t *json = web_json(&counters), *element, *drop, *port;
    const char *name, *key;
    char sample[512];

    json_object_foreach(json_object_get(json, "elements"), name, element)
    {
        const char *class = json_string_value(json_object_get(element, "class"));
        snprintf(sample, sizeof sample,
                 "amtgraph_element_taken_packets_total{element=\"%s\",class=\"%s\"}", name, class);
        ck_assert_msg(metrics_value(metrics.body, sample) >=
                          json_number_value(json_object_get(element, "taken")),
                      "%s", sample);
        json_object_foreach(json_object_get(element, "drops"), key, drop)
        {
            snprintf(sample, sizeof sample,
                     "amtgraph_element_dropped_packets_total{element=\"%s\",class=\"%s\","
                     "reason=\"%s\"}",
                     name, class, key);
            ck_assert_msg(metrics_value(metrics.body, sample) >= json_number_value(drop), "%s",
                          sample);
        }
        json_object_foreach(json_object_get(element, "ports"), key, port)
        {
            snprintf(sample, sizeof sample,
                     "amtgraph_port_packets_total{element=\"%s\",port=\"%s\"}", name, key);
            ck_assert_msg(metrics_value(metrics.body, sample) >=
                              json_number_value(json_object_get(port, "packets")),
                          "%s", sample);
        }
    }
    json_decref(json);
    web_reply_free(&counters);
    web_reply_free(&metrics);
}
END_TEST

/* What a graph says of itself may be any text. */
START_TEST(texts_are_escaped)
{
    static const char graph[] =
        "amtgraph: 1\n"
        "name: \"so \\\"called\\\" \\\\ \\n graph\"\n"
        "elements:\n"
        "  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1}\n"
        "  end: {class: discard}\n"
        "edges: [source -> end]\n";
    char path[] = "/tmp/amtgraph-test-XXXXXX";
    const char *const args[] = {path, "--virtual", "--paused", "--name", "texts", "--log", "error",
                                NULL};
    int fd = mkstemp(path);
    struct web_run own;
    size_t samples;

    ck_assert_int_eq(write(fd, graph, strlen(graph)), (int)strlen(graph));
    close(fd);
    web_run_start(&own, args);
    unlink(path);
    struct web_reply reply = web_get(&own, "/metrics");
    const char *wrong = metrics_check(reply.body, &samples);
    ck_assert_msg(!wrong, "%s", wrong);
    ck_assert(
        metrics_value(reply.body,
                      "amtgraph_run_info{run=\"texts\",graph=\"so \\\"called\\\" \\\\ \\n graph\","
                      "shards=\"1\"}") == 1);
    web_reply_free(&reply);
    web_run_stop(&own);
}
END_TEST

static const char *const more[] = {NULL};

WEB_SUITE("web_metrics", &run, more,
          the_reader_is_strict, prometheus_can_read_them, they_are_what_the_run_counts,
          texts_are_escaped)
