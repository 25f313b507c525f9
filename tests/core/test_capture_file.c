/* Capture files: link layers, time stamps, and what is wrong with a file. */
#include "core/capture_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/suite.h"

/* Link types as written in files (they differ from libpcap's DLT_ numbers for raw IP). */
enum { ETHERNET = 1, RAW = 101, SLL = 113, SLL2 = 276, BSD_NULL = 0, BSD_LOOP = 108, PPP = 9 };

static const uint8_t datagram[] = {0x45, 0, 0, 20, 1, 2, 3, 4, 64, 17, 0, 0, 192, 0, 2, 1,
                                   232, 1, 1, 1};
static char path[64], why[256];

static void name_file(void)
{
    snprintf(path, sizeof path, "/tmp/amtgraph-test-%d.pcap", (int)getpid());
}

/* A pcap file as its own description says, independent of libpcap. nano: time stamps in ns. */
static FILE *begin(uint32_t linktype, int nano)
{
    const uint32_t magic = nano ? 0xa1b23c4d : 0xa1b2c3d4;
    const uint16_t version[] = {2, 4};
    const uint32_t rest[] = {0, 0, 65535, linktype};

    name_file();
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    fwrite(&magic, 4, 1, f);
    fwrite(version, 2, 2, f);
    fwrite(rest, 4, 4, f);
    return f;
}

/* missing: octets of the frame that were not captured. */
static void frame(FILE *f, uint32_t sec, uint32_t fraction, const void *head, uint32_t head_len,
                  uint32_t missing)
{
    const uint32_t len = head_len + (uint32_t)sizeof datagram;
    const uint32_t header[] = {sec, fraction, len - missing, len};
    uint8_t octets[128];

    memcpy(octets, head, head_len);
    memcpy(octets + head_len, datagram, sizeof datagram);
    fwrite(header, 4, 4, f);
    fwrite(octets, 1, len - missing, f);
}

static struct amtg_capture_reader *reopen(FILE *f)
{
    fclose(f);
    struct amtg_capture_reader *r = amtg_capture_open(path, why, sizeof why);
    ck_assert_msg(r != NULL, "%s", why);
    return r;
}

static void expect_datagram(struct amtg_capture_reader *r)
{
    struct amtg_captured got;

    ck_assert_int_eq(amtg_capture_next(r, &got, why, sizeof why), AMTG_CAPTURE_DATAGRAM);
    ck_assert_uint_eq(got.len, sizeof datagram);
    ck_assert_mem_eq(got.octets, datagram, sizeof datagram);
}

static void expect_end(struct amtg_capture_reader *r)
{
    struct amtg_captured got;

    ck_assert_int_eq(amtg_capture_next(r, &got, why, sizeof why), AMTG_CAPTURE_END);
}

static void done(struct amtg_capture_reader *r)
{
    amtg_capture_close(r);
    unlink(path);
}

START_TEST(ethernet_frames_lose_header_and_vlan_tags)
{
    static const uint8_t plain[14] = {[12] = 8};
    static const uint8_t tagged[18] = {[12] = 0x81, 0, 0, 7, 0x08, 0x00};
    static const uint8_t twice[22] = {[12] = 0x88, 0xa8, 0, 9, 0x81, 0, 0, 7, 0x86, 0xdd};
    FILE *f = begin(ETHERNET, 0);
    frame(f, 1, 0, plain, sizeof plain, 0);
    frame(f, 2, 0, tagged, sizeof tagged, 0);
    frame(f, 3, 0, twice, sizeof twice, 0);
    struct amtg_capture_reader *r = reopen(f);

    for (int i = 0; i < 3; i++)
        expect_datagram(r);
    expect_end(r);
    ck_assert_uint_eq(amtg_capture_stats(r).datagrams, 3);
    ck_assert_uint_eq(amtg_capture_stats(r).not_ip, 0);
    done(r);
}
END_TEST

START_TEST(frames_of_other_protocols_are_skipped_and_counted)
{
    static const uint8_t arp[14] = {[12] = 8, 6};
    static const uint8_t plain[14] = {[12] = 8};
    static const uint8_t endless_tags[] = {0, 0, 0, 0, 0,    0, 0, 0, 0,    0, 0, 0,
                                           0x81, 0, 0, 0, 0x81, 0};
    FILE *f = begin(ETHERNET, 0);
    frame(f, 1, 0, arp, sizeof arp, 0);
    frame(f, 1, 0, plain, sizeof plain, sizeof datagram + 8); /* not even a header */
    frame(f, 1, 0, endless_tags, sizeof endless_tags, sizeof datagram);
    frame(f, 1, 0, plain, sizeof plain, 0);
    struct amtg_capture_reader *r = reopen(f);

    expect_datagram(r);
    expect_end(r);
    ck_assert_uint_eq(amtg_capture_stats(r).not_ip, 3);
    done(r);
}
END_TEST

START_TEST(datagrams_not_captured_whole_are_skipped_and_counted)
{
    static const uint8_t plain[14] = {[12] = 8};
    FILE *f = begin(ETHERNET, 0);
    frame(f, 1, 0, plain, sizeof plain, 1);
    frame(f, 1, 0, plain, sizeof plain, sizeof datagram); /* the Ethernet header alone */
    struct amtg_capture_reader *r = reopen(f);

    expect_end(r);
    ck_assert_uint_eq(amtg_capture_stats(r).cut, 2);
    done(r);
}
END_TEST

START_TEST(other_link_layers_are_understood)
{
    static const uint8_t sll[16] = {[14] = 8}, sll2[20] = {8};
    static const uint8_t null_little[4] = {2}, null_big[4] = {[3] = 30}, loop[4] = {[3] = 2};
    static const struct {
        uint32_t linktype, len;
        const uint8_t *head;
    } cases[] = {
        {RAW, 0, sll},          {228, 0, sll},           {SLL, 16, sll},      {SLL2, 20, sll2},
        {BSD_NULL, 4, null_little}, {BSD_NULL, 4, null_big}, {BSD_LOOP, 4, loop},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        FILE *f = begin(cases[i].linktype, 0);
        frame(f, 1, 0, cases[i].head, cases[i].len, 0);
        struct amtg_capture_reader *r = reopen(f);
        expect_datagram(r);
        expect_end(r);
        done(r);
    }
}
END_TEST

START_TEST(time_stamps_are_nanoseconds_whatever_the_file_has)
{
    for (int nano = 0; nano < 2; nano++) {
        struct amtg_captured got;
        FILE *f = begin(RAW, nano);
        frame(f, 1700000000, 123456, "", 0, 0);
        struct amtg_capture_reader *r = reopen(f);
        ck_assert_int_eq(amtg_capture_next(r, &got, why, sizeof why), AMTG_CAPTURE_DATAGRAM);
        ck_assert_uint_eq(got.wall_ns, 1700000000000000000ull + (nano ? 123456 : 123456000));
        done(r);
    }
}
END_TEST

START_TEST(a_rewound_file_is_read_again)
{
    FILE *f = begin(RAW, 0);
    frame(f, 1, 0, "", 0, 0);
    struct amtg_capture_reader *r = reopen(f);

    expect_datagram(r);
    expect_end(r);
    ck_assert(amtg_capture_rewind(r, why, sizeof why));
    expect_datagram(r);
    expect_end(r);
    ck_assert_uint_eq(amtg_capture_stats(r).datagrams, 2);
    done(r);
}
END_TEST

START_TEST(what_is_written_can_be_read)
{
    name_file();
    struct amtg_capture_writer *w = amtg_capture_create(path, why, sizeof why);
    ck_assert_ptr_nonnull(w);
    ck_assert(amtg_capture_write(w, 1234567890987654321, datagram, sizeof datagram));
    ck_assert(amtg_capture_finish(w, why, sizeof why));

    struct amtg_captured got;
    struct amtg_capture_reader *r = amtg_capture_open(path, why, sizeof why);
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(amtg_capture_next(r, &got, why, sizeof why), AMTG_CAPTURE_DATAGRAM);
    ck_assert_uint_eq(got.wall_ns, 1234567890987654321);
    ck_assert_uint_eq(got.len, sizeof datagram);
    ck_assert_mem_eq(got.octets, datagram, sizeof datagram);
    expect_end(r);
    done(r);
}
END_TEST

START_TEST(a_file_cut_off_at_any_octet_is_broken_not_short)
{
    const long header = 24, whole = 24 + 16 + (long)sizeof datagram;

    for (long len = header + 1; len < whole; len++) {
        struct amtg_captured got;
        FILE *f = begin(RAW, 0);
        frame(f, 1, 0, "", 0, 0);
        fflush(f);
        ck_assert_int_eq(ftruncate(fileno(f), len), 0);
        struct amtg_capture_reader *r = reopen(f);
        ck_assert_int_eq(amtg_capture_next(r, &got, why, sizeof why), AMTG_CAPTURE_BROKEN);
        ck_assert_ptr_nonnull(strstr(why, path));
        ck_assert_ptr_nonnull(strstr(why, "damaged after frame 0"));
        done(r);
    }
}
END_TEST

START_TEST(files_that_are_no_captures_are_named)
{
    ck_assert_ptr_null(amtg_capture_open("/nowhere/in.pcap", why, sizeof why));
    ck_assert_str_eq(why, "cannot read /nowhere/in.pcap: No such file or directory");

    ck_assert_ptr_null(amtg_capture_open("/tmp", why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "/tmp"));

    name_file();
    FILE *f = fopen(path, "wb");
    fclose(f);
    ck_assert_ptr_null(amtg_capture_open(path, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "is not a capture file"));

    f = fopen(path, "wb");
    fputs("amtgraph: 1\nname: a graph is no capture\n", f);
    fclose(f);
    ck_assert_ptr_null(amtg_capture_open(path, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "is not a capture file"));

    f = begin(PPP, 0);
    fclose(f);
    ck_assert_ptr_null(amtg_capture_open(path, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "link type 9 (PPP)"));
    unlink(path);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_named)
{
    ck_assert_ptr_null(amtg_capture_create("/nowhere/out.pcap", why, sizeof why));
    ck_assert_str_eq(why, "cannot write /nowhere/out.pcap: No such file or directory");

    struct amtg_capture_writer *w = amtg_capture_create("/dev/full", why, sizeof why);
    ck_assert_ptr_nonnull(w);
    bool written = true;
    for (int i = 0; i < 1000; i++)
        written = amtg_capture_write(w, 0, datagram, sizeof datagram);
    ck_assert(!written);
    ck_assert(!amtg_capture_finish(w, why, sizeof why));
    ck_assert_str_eq(why, "cannot write all of /dev/full");
}
END_TEST

AMTG_SUITE("core/capture_file", ethernet_frames_lose_header_and_vlan_tags,
           frames_of_other_protocols_are_skipped_and_counted,
           datagrams_not_captured_whole_are_skipped_and_counted, other_link_layers_are_understood,
           time_stamps_are_nanoseconds_whatever_the_file_has, a_rewound_file_is_read_again,
           what_is_written_can_be_read, a_file_cut_off_at_any_octet_is_broken_not_short,
           files_that_are_no_captures_are_named, a_file_that_cannot_be_written_is_named)
