/*
 * The decision tree of filters: for whatever packet it finds what libpcap finds, which is
 * asked beside it about each.
 */
#include <check.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "elements/flow/decision.h"

enum { FILTERS_MOST = 64, OCTETS = 96, PACKETS = 4000, SETS = 60 };

static const char *const expressions[] = {
    "ip",
    "ip6",
    "udp",
    "tcp",
    "icmp",
    "igmp",
    "ip multicast",
    "ip6 multicast",
    "udp port 1",
    "udp port 2",
    "udp port 3",
    "tcp port 2",
    "port 3",
    "udp src port 1",
    "udp dst portrange 1-2",
    "udp portrange 2-3",
    "not udp port 1",
    "host 10.0.0.1",
    "src host 10.0.0.2",
    "dst net 10.0.0.0/24",
    "net 232.0.0.0/8",
    "ip6 host 2001:db8::1",
    "src host 10.0.0.1 and udp port 1",
    "udp port 1 or tcp port 2",
    "ip and not udp",
    "tcp[tcpflags] & (tcp-syn|tcp-ack) != 0",
    "udp[8] = 1",
    "udp[4:2] > 20",
    "udp[8:4] & 0xff00 = 0x100",
    "ip[1] & 3 = 1",
    "ip[8] < 2",
    "ip[6] & 0x20 != 0",
    "ip[0] & 0xf = 5",
    "ip6[7] = 1",
    "ip proto 2",
    "greater 40",
    "less 30",
    "len = 33",
    "len & 1 = 1",
    "ip[2:2] = len",
    /* What the tree leaves to libpcap: arithmetic, memory, loops. */
    "udp[8] + 1 = 2",
    "ip[8] * 2 > 4",
    "udp[0:2] = udp[2:2]",
    "ip[ip[8]] = 1",
    "ip protochain 17",
    "ip6 protochain 17",
    "ip6 proto 17",
};

enum { EXPRESSIONS = sizeof expressions / sizeof expressions[0] };

static uint32_t state;

/* From 0 to n - 1, the same ones each time. */
static uint32_t any(uint32_t n)
{
    state = state * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)state * n) >> 32);
}

/* Often something that the expressions are about; else any octets. */
static uint32_t make_packet(uint8_t octets[OCTETS])
{
    static const uint8_t protocols[] = {17, 17, 17, 6, 2, 1, 132, 0, 44, 58};
    bool six = any(3) == 0;
    uint32_t header = six ? 40 : 20 + 4 * (any(4) ? 0 : any(11));

    for (unsigned i = 0; i < OCTETS; i++)
        octets[i] = (uint8_t)any(any(2) ? 4 : 256);
    if (any(10) == 0)
        return any(OCTETS + 1);
    octets[0] = (uint8_t)(six ? 0x60 : 0x40 | header / 4);
    octets[six ? 6 : 9] = protocols[any(sizeof protocols)];
    if (!six && any(8))
        octets[6] = octets[7] = 0; /* no fragment */
    for (unsigned at = six ? 8 : 12; at < (six ? 40 : 20); at += six ? 16 : 4) {
        static const uint8_t four[3][4] = {{10, 0, 0, 1}, {10, 0, 0, 2}, {232, 1, 1, 1}};
        static const uint8_t sixteen[2][16] = {{0x20, 1, 0xd, 0xb8, [15] = 1},
                                               {0xff, 0x3e, [15] = 1}};
        memcpy(octets + at, six ? sixteen[any(2)] : four[any(3)], six ? 16 : 4);
    }
    for (unsigned i = 0; i < 4 && any(8); i += 2) { /* ports */
        octets[header + i] = 0;
        octets[header + i + 1] = (uint8_t)any(5);
    }
    return any(3) ? OCTETS - any(20) : any(OCTETS + 1); /* perhaps cut short */
}

static void compile(const char *expression, bool optimized, struct bpf_program *program)
{
    pcap_t *pcap = pcap_open_dead(DLT_RAW, 65536);

    ck_assert_ptr_nonnull(pcap);
    ck_assert_msg(pcap_compile(pcap, program, expression, optimized, PCAP_NETMASK_UNKNOWN) == 0,
                  "%s: %s", expression, pcap_geterr(pcap));
    pcap_close(pcap);
}

/* Both about many packets. */
static void compare(struct bpf_program *programs, unsigned count, const char *const *texts)
{
    struct amtg_decision *d = amtg_decision_new(programs, count);

    ck_assert_ptr_nonnull(d);
    for (unsigned n = 0; n < PACKETS; n++) {
        uint8_t made[OCTETS];
        uint32_t len = make_packet(made);
        uint8_t *octets = malloc(len ? len : 1); /* a sanitizer sees who reads too far */
        memcpy(octets, made, len);
        unsigned wanted = 0, got = amtg_decide(d, octets, len);
        while (wanted < count && !bpf_filter(programs[wanted].bf_insns, octets, len, len))
            wanted++;
        ck_assert_msg(got == wanted, "packet %u of %u octets: %u (%s) instead of %u (%s)", n, len,
                      got, got < count ? texts[got] : "rest", wanted,
                      wanted < count ? texts[wanted] : "rest");
        free(octets);
    }
    amtg_decision_free(d);
}

START_TEST(each_expression_alone_says_what_libpcap_says)
{
    struct bpf_program program;

    state = 1 + (uint32_t)_i;
    compile(expressions[_i], any(2), &program);
    compare(&program, 1, &expressions[_i]);
    pcap_freecode(&program);
}
END_TEST

START_TEST(the_first_of_any_that_matches_is_libpcaps_first)
{
    struct bpf_program programs[FILTERS_MOST];
    const char *texts[FILTERS_MOST];
    unsigned count;

    state = 1000 + (uint32_t)_i;
    count = 1 + any(_i % 8 ? 8 : FILTERS_MOST); /* of some the tree is too large for its room */
    for (unsigned i = 0; i < count; i++)
        compile(texts[i] = expressions[any(EXPRESSIONS)], any(2), &programs[i]);
    compare(programs, count, texts);
    for (unsigned i = 0; i < count; i++)
        pcap_freecode(&programs[i]);
}
END_TEST

static unsigned places_that_run(const char *const *texts, unsigned count)
{
    struct bpf_program programs[FILTERS_MOST];

    for (unsigned i = 0; i < count; i++)
        compile(texts[i], true, &programs[i]);
    struct amtg_decision *d = amtg_decision_new(programs, count);
    unsigned n = amtg_decision_programs(d);
    amtg_decision_free(d);
    for (unsigned i = 0; i < count; i++)
        pcap_freecode(&programs[i]);
    return n;
}

START_TEST(what_is_common_is_asked_without_libpcap)
{
    static const char *const common[] = {"udp port 1",
                                         "udp port 2",
                                         "host 10.0.0.1 and udp",
                                         "ip6 multicast",
                                         "net 232.0.0.0/8",
                                         "tcp portrange 1-3",
                                         "ip[8] < 2",
                                         "tcp[tcpflags] & tcp-syn != 0",
                                         "greater 40"};
    static const char *const loop[] = {"ip protochain 17"};

    ck_assert_uint_eq(places_that_run(common, sizeof common / sizeof common[0]), 0);
    ck_assert_uint_gt(places_that_run(loop, 1), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flow/decision");
    TCase *tc = tcase_create("decision");

    tcase_add_loop_test(tc, each_expression_alone_says_what_libpcap_says, 0, EXPRESSIONS);
    tcase_add_loop_test(tc, the_first_of_any_that_matches_is_libpcaps_first, 0, SETS);
    tcase_add_test(tc, what_is_common_is_asked_without_libpcap);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
