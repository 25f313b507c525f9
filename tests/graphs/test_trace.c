/*
 * A trace of a run: a pcapng file in which each edge is an interface of its own, and a
 * digest that is the same for the same seed and another for another.
 */
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/runtime.h"
#include "elements/registry.h"

static const char graph_text[] =
    "amtgraph: 1\n"
    "elements:\n"
    "  source: {class: generator, source: 198.51.100.1, group: 232.1.1.1, rate: 10, count: 8}\n"
    "  link: {class: link, loss: 0.5, delay: 20ms}\n"
    "  end: {class: discard}\n"
    "  wish: {class: subscribe, group: [232.1.1.1], source: [198.51.100.1]}\n"
    "  words: {class: discard}\n"
    "edges:\n"
    "  - source -> link -> end\n"
    "  - wish -> words\n";

/* Runs a graph; its digest into `digest`, the file, when one is named, into path. */
static void run_text(const char *text, uint8_t seed_octet, const char *path,
                     char digest[AMTG_TRACE_DIGEST])
{
    struct amtg_graph_options graph_options = {.classes = amtg_classes};
    struct amtg_diag *diag = amtg_diag_new();
    struct amtg_graph *graph =
        amtg_graph_parse("test", text, strlen(text), &graph_options, diag);
    uint8_t seed[32] = {seed_octet};
    char why[256] = "";
    enum amtg_err err;

    amtg_diag_print(diag, stderr, false);
    ck_assert_ptr_nonnull(graph);
    struct amtg_trace *trace = amtg_trace_open(graph, path, true, why, sizeof why);
    ck_assert_msg(trace != NULL, "%s", why);
    struct amtg_runtime_options options = {
        .clock = AMTG_CLOCK_VIRTUAL, .boundary = true, .seed = seed, .trace = trace};
    struct amtg_runtime *rt = amtg_runtime_new(graph, &options, &err, why, sizeof why);
    ck_assert_msg(rt != NULL, "%s", why);
    ck_assert_int_eq(amtg_runtime_start(rt, why, sizeof why), AMTG_OK);
    ck_assert_int_eq(amtg_runtime_run(rt, 10 * AMTG_S, why, sizeof why), AMTG_OK);
    amtg_runtime_stop(rt);
    amtg_trace_digest(trace, digest);
    ck_assert(amtg_trace_finish(trace, why, sizeof why));
    amtg_runtime_free(rt);
    amtg_graph_free(graph);
    amtg_diag_free(diag);
}

static void run(uint8_t seed_octet, const char *path, char digest[AMTG_TRACE_DIGEST])
{
    run_text(graph_text, seed_octet, path, digest);
}

START_TEST(one_seed_gives_one_digest)
{
    char first[AMTG_TRACE_DIGEST], again[AMTG_TRACE_DIGEST], other[AMTG_TRACE_DIGEST];

    run(1, NULL, first);
    run(1, NULL, again);
    run(2, NULL, other);
    ck_assert_uint_eq(strlen(first), 64);
    ck_assert_str_eq(first, again);
    ck_assert_str_ne(first, other);
}
END_TEST

/* Else two runs that differ would pass for the same. */
START_TEST(octets_times_and_records_are_all_in_the_digest)
{
    static const struct {
        const char *is, *becomes; /* of one length */
    } changes[] = {
        {"source: 198.51.100.1, g", "source: 198.51.100.2, g"}, /* octets */
        {"delay: 20ms", "delay: 21ms"},                         /* times */
        {"group: [232.1.1.1]", "group: [232.1.1.2]"},           /* records */
    };
    char first[AMTG_TRACE_DIGEST], other[AMTG_TRACE_DIGEST], text[sizeof graph_text];

    run(1, NULL, first);
    for (unsigned i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        strcpy(text, graph_text);
        memcpy(strstr(text, changes[i].is), changes[i].becomes, strlen(changes[i].is));
        run_text(text, 1, NULL, other);
        ck_assert_msg(strcmp(first, other) != 0, "%s makes no difference", changes[i].becomes);
    }
}
END_TEST

/* A pcapng file as its blocks: counts, and the names of its interfaces. */
struct blocks {
    unsigned sections, interfaces, packets;
    char names[8][80];
    uint16_t links[8];
    unsigned by_interface[8];
    uint64_t last_ns;
};

static uint32_t word(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static void read_interface(struct blocks *b, const uint8_t *block)
{
    ck_assert_uint_lt(b->interfaces, 8);
    b->links[b->interfaces] = (uint16_t)word(block + 8);
    ck_assert_uint_eq(word(block + 16) & 0xffff, 2); /* if_name */
    uint32_t len = word(block + 16) >> 16;
    ck_assert_uint_lt(len, sizeof b->names[0]);
    memcpy(b->names[b->interfaces], block + 20, len);
    b->interfaces++;
}

static struct blocks read_blocks(const char *path)
{
    static uint8_t octets[1 << 20];
    struct blocks b = {0};
    FILE *file = fopen(path, "r");

    ck_assert_ptr_nonnull(file);
    size_t len = fread(octets, 1, sizeof octets, file);
    fclose(file);
    for (size_t at = 0; at < len; at += word(octets + at + 4)) {
        const uint8_t *block = octets + at;
        uint32_t size = word(block + 4);
        ck_assert_uint_eq(size % 4, 0);
        ck_assert_uint_ge(size, 12);
        ck_assert_uint_le(at + size, len);
        ck_assert_uint_eq(word(block + size - 4), size); /* said again at its end */
        if (word(block) == 0x0a0d0d0a) {
            ck_assert_uint_eq(word(block + 8), 0x1a2b3c4d);
            b.sections++;
        } else if (word(block) == 1) {
            read_interface(&b, block);
        } else {
            ck_assert_uint_eq(word(block), 6);
            ck_assert_uint_lt(word(block + 8), b.interfaces);
            uint64_t ns = (uint64_t)word(block + 12) << 32 | word(block + 16);
            ck_assert_uint_ge(ns, b.last_ns);
            b.last_ns = ns;
            b.by_interface[word(block + 8)]++;
            b.packets++;
        }
    }
    return b;
}

START_TEST(each_edge_is_an_interface_of_the_file)
{
    char path[] = "/tmp/amtgraph-trace-XXXXXX", digest[AMTG_TRACE_DIGEST];
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    close(fd);
    run(1, path, digest);
    struct blocks b = read_blocks(path);
    unlink(path);
    ck_assert_uint_eq(b.sections, 1);
    ck_assert_uint_eq(b.interfaces, 3);
    for (unsigned i = 0; i < b.interfaces; i++) {
        if (strcmp(b.names[i], "source.out -> link.in") == 0) {
            ck_assert_uint_eq(b.links[i], 101);
            ck_assert_uint_eq(b.by_interface[i], 8);
        } else if (strcmp(b.names[i], "link.out -> end.in") == 0) {
            ck_assert_uint_eq(b.links[i], 101);
            ck_assert_uint_lt(b.by_interface[i], 8); /* some are lost */
            ck_assert_uint_gt(b.by_interface[i], 0);
        } else {
            ck_assert_str_eq(b.names[i], "wish.out -> words.in");
            ck_assert_uint_eq(b.links[i], 147); /* records have no wire: words */
            ck_assert_uint_ge(b.by_interface[i], 1);
        }
    }
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_an_error)
{
    struct amtg_graph none = {0};
    char why[256] = "";

    ck_assert_ptr_null(amtg_trace_open(&none, "/nonexistent/trace", false, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "/nonexistent/trace"));
    struct amtg_trace *full = amtg_trace_open(&none, "/dev/full", false, why, sizeof why);
    ck_assert_ptr_nonnull(full);
    ck_assert(!amtg_trace_finish(full, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "/dev/full"));
    ck_assert(amtg_trace_finish(NULL, why, sizeof why));
}
END_TEST

AMTG_SUITE("trace", one_seed_gives_one_digest, octets_times_and_records_are_all_in_the_digest,
           each_edge_is_an_interface_of_the_file, a_file_that_cannot_be_written_is_an_error)
