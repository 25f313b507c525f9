/* pcap-source and pcap-sink: files in and out, at the right times. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/capture_file.h"
#include "elements/registry.h"
#include "elements/wire/types.h"
#include "tests/support/rig.h"

static char path[64], text[256], why[256];

static void name_file(void)
{
    snprintf(path, sizeof path, "/tmp/amtgraph-test-pcap-%d.pcap", (int)getpid());
}

/* Three datagrams, told apart by their last octet: 0 and 250 ms, and one whose date lies before. */
static void write_three(void)
{
    static const uint64_t dates_ms[] = {5000, 5250, 5100};

    name_file();
    struct amtg_capture_writer *w = amtg_capture_create(path, why, sizeof why);
    ck_assert_ptr_nonnull(w);
    for (uint8_t i = 0; i < 3; i++)
        amtg_capture_write(w, dates_ms[i] * AMTG_MS, (uint8_t[]){0x45, 0, 0, i}, 4);
    ck_assert(amtg_capture_finish(w, why, sizeof why));
}

static struct rig *source(bool shared, const char *params)
{
    snprintf(text, sizeof text, "it: {class: pcap-source, file: %s%s}", path, params);
    return rig_new(shared, text);
}

static uint64_t expect_octet(struct rig *rig, uint8_t last)
{
    struct amtg_packet *p = rig_take(rig, "out");

    ck_assert_ptr_eq(p->type, AMTG_IP_RAW);
    ck_assert_uint_eq(p->len, 4);
    ck_assert_uint_eq(p->data[3], last);
    uint64_t time_ns = p->time_ns;
    amtg_packet_free(p);
    return time_ns;
}

START_TEST(recorded_distances_are_kept_and_time_does_not_go_back)
{
    write_three();
    struct rig *rig = source(_i, "");
    rig_step(rig, AMTG_S);
    ck_assert_uint_eq(expect_octet(rig, 0), 0);
    ck_assert_uint_eq(expect_octet(rig, 1), 250 * AMTG_MS);
    ck_assert_uint_eq(expect_octet(rig, 2), 250 * AMTG_MS);
    ck_assert_uint_eq(rig_counter(rig, "sent"), 3);
    ck_assert_uint_eq(rig_counter(rig, "passes"), 1);
    rig_free(rig);
    unlink(path);
}
END_TEST

START_TEST(passes_are_a_gap_apart)
{
    write_three();
    struct rig *rig = source(_i, ", loops: 2, gap: 100ms");
    ck_assert_int_eq(amtg_runtime_run(rig_runtime(rig), UINT64_MAX, why, sizeof why), AMTG_OK);
    for (unsigned pass = 0; pass < 2; pass++) {
        ck_assert_uint_eq(expect_octet(rig, 0), pass * 350 * AMTG_MS);
        ck_assert_uint_eq(expect_octet(rig, 1), pass * 350 * AMTG_MS + 250 * AMTG_MS);
        expect_octet(rig, 2);
    }
    ck_assert_uint_eq(rig_counter(rig, "passes"), 2);
    rig_free(rig);
    unlink(path);
}
END_TEST

START_TEST(a_rate_goes_on_over_passes)
{
    write_three();
    struct rig *rig = source(_i, ", speed: rate, rate: 10, loops: 3");
    ck_assert_int_eq(amtg_runtime_run(rig_runtime(rig), UINT64_MAX, why, sizeof why), AMTG_OK);
    for (uint8_t i = 0; i < 9; i++)
        ck_assert_uint_eq(expect_octet(rig, i % 3), i * 100 * AMTG_MS);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
    unlink(path);
}
END_TEST

START_TEST(fast_takes_no_time)
{
    write_three();
    struct rig *rig = source(_i, ", speed: fast, loops: 1000");
    rig_step(rig, 0);
    for (unsigned i = 0; i < 3000; i++)
        ck_assert_uint_eq(expect_octet(rig, (uint8_t)(i % 3)), 0);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
    unlink(path);
}
END_TEST

START_TEST(a_dry_pool_delays_but_leaves_nothing_out)
{
    enum { COUNT = 1000 };
    uint8_t octets[3000] = {0x45};
    unsigned sent = 0;

    name_file();
    struct amtg_capture_writer *w = amtg_capture_create(path, why, sizeof why);
    for (unsigned i = 0; i < COUNT; i++) {
        octets[4] = (uint8_t)(i >> 8);
        octets[5] = (uint8_t)i;
        amtg_capture_write(w, 0, octets, sizeof octets);
    }
    ck_assert(amtg_capture_finish(w, why, sizeof why));
    struct rig *rig = source(_i, ", speed: fast");
    /* The recorder keeps them all, and large buffers are few, so the pool runs dry. */
    rig_step(rig, 0);
    ck_assert_uint_lt(rig_count(rig, "out"), COUNT / 2);
    for (unsigned round = 0; round < COUNT && sent < COUNT; round++) {
        for (; rig_count(rig, "out"); sent++) {
            struct amtg_packet *p = rig_take(rig, "out");
            ck_assert_uint_eq((unsigned)(p->data[4] << 8 | p->data[5]), sent);
            amtg_packet_free(p);
        }
        rig_step(rig, 0);
    }
    ck_assert_uint_eq(sent, COUNT);
    rig_free(rig);
    unlink(path);
}
END_TEST

START_TEST(without_end_means_until_stopped)
{
    write_three();
    struct rig *rig = source(_i, ", speed: rate, rate: 100, loops: 0");
    rig_step(rig, 10 * AMTG_S);
    ck_assert_uint_eq(rig_count(rig, "out"), 1001);
    rig_ignore(rig, "out");
    rig_free(rig);
    unlink(path);
}
END_TEST

START_TEST(a_file_without_datagrams_ends_at_once_whatever_the_loops)
{
    name_file();
    ck_assert(amtg_capture_finish(amtg_capture_create(path, why, sizeof why), why, sizeof why));
    struct rig *rig = source(_i, ", speed: fast, loops: 0");
    ck_assert_int_eq(amtg_runtime_run(rig_runtime(rig), UINT64_MAX, why, sizeof why), AMTG_OK);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
    unlink(path);
}
END_TEST

START_TEST(a_damaged_file_fails_the_run_after_its_good_packets)
{
    write_three();
    ck_assert_int_eq(truncate(path, 24 + 3 * (16 + 4) - 1), 0);
    struct rig *rig = source(_i, "");
    ck_assert_int_ne(amtg_runtime_run(rig_runtime(rig), UINT64_MAX, why, sizeof why), AMTG_OK);
    ck_assert_ptr_nonnull(strstr(why, "damaged after frame 2"));
    expect_octet(rig, 0);
    expect_octet(rig, 1);
    rig_expect_nothing(rig, "out");
    rig_free(rig);
    unlink(path);
}
END_TEST

/* Load and start a graph that must not start; `why` then has the reason. */
static void expect_no_start(const char *element)
{
    struct amtg_graph_options options = {.classes = amtg_classes, .ports_may_be_open = true};
    struct amtg_runtime_options how = {.clock = AMTG_CLOCK_VIRTUAL};
    struct amtg_diag *diag = amtg_diag_new();
    enum amtg_err err;

    snprintf(text, sizeof text, "amtgraph: 1\nname: x\nelements:\n  it: %s\n", element);
    struct amtg_graph *g = amtg_graph_parse("x", text, strlen(text), &options, diag);
    ck_assert_ptr_nonnull(g);
    struct amtg_runtime *rt = amtg_runtime_new(g, &how, &err, why, sizeof why);
    ck_assert_ptr_nonnull(rt);
    ck_assert_int_eq(amtg_runtime_start(rt, why, sizeof why), AMTG_EFILE);
    amtg_runtime_free(rt);
    amtg_graph_free(g);
    amtg_diag_free(diag);
}

START_TEST(files_that_cannot_be_opened_are_named_at_start)
{
    expect_no_start("{class: pcap-source, file: /nowhere/in.pcap}");
    ck_assert_ptr_nonnull(strstr(why, "it (pcap-source): cannot read /nowhere/in.pcap"));
    expect_no_start("{class: pcap-sink, file: /nowhere/out.pcap}");
    ck_assert_ptr_nonnull(strstr(why, "it (pcap-sink): cannot write /nowhere/out.pcap"));
}
END_TEST

START_TEST(what_comes_to_the_sink_is_in_the_file_with_its_date)
{
    struct amtg_captured got;

    name_file();
    snprintf(text, sizeof text, "it: {class: pcap-sink, file: %s}", path);
    struct rig *rig = rig_new(_i, text);
    uint64_t zero = amtg_loop_wall_ns(amtg_runtime_loop(rig_runtime(rig)), 0);
    rig_step(rig, 123456789);
    rig_push_hex(rig, "in", AMTG_IP4, "45000001");
    struct amtg_packet *early = rig_packet_hex(rig, AMTG_IP_RAW, "45000002");
    early->time_ns = 23; /* it came in then, and has been waiting since */
    rig_push(rig, "in", early);
    ck_assert_uint_eq(rig_counter(rig, "written"), 2);
    ck_assert_uint_eq(rig_counter(rig, "octets"), 8);
    rig_free(rig);

    struct amtg_capture_reader *r = amtg_capture_open(path, why, sizeof why);
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(amtg_capture_next(r, &got, why, sizeof why), AMTG_CAPTURE_DATAGRAM);
    ck_assert_uint_eq(got.wall_ns, zero + 123456789);
    ck_assert_mem_eq(got.octets, "\x45\0\0\1", 4);
    ck_assert_int_eq(amtg_capture_next(r, &got, why, sizeof why), AMTG_CAPTURE_DATAGRAM);
    ck_assert_uint_eq(got.wall_ns, zero + 23);
    ck_assert_int_eq(amtg_capture_next(r, &got, why, sizeof why), AMTG_CAPTURE_END);
    amtg_capture_close(r);
    unlink(path);
}
END_TEST

START_TEST(a_full_disk_ends_the_run_and_drops_under_a_name)
{
    static const uint8_t octets[1500] = {0x45};
    struct rig *rig = rig_new(_i, "it: {class: pcap-sink, file: /dev/full}");

    for (unsigned i = 0; i < 100; i++)
        rig_push(rig, "in", rig_packet(rig, AMTG_IP_RAW, octets, sizeof octets));
    ck_assert_uint_gt(rig_drops(rig, "unwritten"), 0);
    ck_assert_int_ne(amtg_runtime_run(rig_runtime(rig), UINT64_MAX, why, sizeof why), AMTG_OK);
    ck_assert_ptr_nonnull(strstr(why, "cannot write /dev/full"));
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("io/pcap", recorded_distances_are_kept_and_time_does_not_go_back,
               passes_are_a_gap_apart, a_rate_goes_on_over_passes,
               fast_takes_no_time, a_dry_pool_delays_but_leaves_nothing_out,
               without_end_means_until_stopped,
               a_file_without_datagrams_ends_at_once_whatever_the_loops,
               a_damaged_file_fails_the_run_after_its_good_packets,
               files_that_cannot_be_opened_are_named_at_start,
               what_comes_to_the_sink_is_in_the_file_with_its_date,
               a_full_disk_ends_the_run_and_drops_under_a_name)
