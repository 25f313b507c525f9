/* classifier: the first expression that matches decides; wrong ones are found by the checker. */
#include <stdio.h>
#include <string.h>

#include "elements/registry.h"
#include "elements/wire/types.h"
#include "tests/support/rig.h"

#define SORT "it: {class: classifier, outputs: {video: udp port 5004, udp: udp, six: ip6}}"

/* From 192.0.2.1, to 232.1.1.1 or else; checksums are none of the classifier's business. */
#define UDP4(port) "45000021 00000000 10110000 c0000201 e8010101" port port "000d0000 68656c6c6f"
#define TCP4 "45000028 00000000 40060000 c0000201 c6336401 " \
             "00500050 00000000 00000000 50020000 00000000"
#define ICMP6 "60000000 00083aff fe800000 00000000 00000000 00000001 " \
              "ff020000 00000000 00000000 00000001 80000000 00000000"

START_TEST(the_first_expression_that_matches_decides)
{
    struct rig *rig = rig_new(_i, SORT);

    rig_push_hex(rig, "in", AMTG_IP_RAW, UDP4("138c"));
    rig_push_hex(rig, "in", AMTG_IP4, UDP4("0035"));
    rig_push_hex(rig, "in", AMTG_IP_RAW, ICMP6);
    rig_push_hex(rig, "in", AMTG_IP_RAW, TCP4);
    rig_expect_hex(rig, "video", UDP4("138c"));
    rig_expect_hex(rig, "udp", UDP4("0035"));
    rig_expect_hex(rig, "six", ICMP6);
    rig_expect_hex(rig, "rest", TCP4);
    rig_free(rig);
}
END_TEST

START_TEST(what_matches_nothing_is_dropped_when_rest_is_open)
{
    struct rig *rig = rig_new(_i, SORT);
    struct amtg_element *it = rig_element(rig, "it");

    it->outs[it->outs_count - 1].peer = NULL; /* the rig has put a recorder there */
    rig_push_hex(rig, "in", AMTG_IP_RAW, TCP4);
    ck_assert_uint_eq(rig_drops(rig, "no-match"), 1);
    ck_assert_uint_eq(rig_drops_all(rig), 1);
    rig_free(rig);
}
END_TEST

START_TEST(packets_cut_at_any_octet_are_sorted_by_what_is_there)
{
    uint8_t octets[64];
    size_t whole = rig_octets(UDP4("138c"), octets, sizeof octets);
    struct rig *rig = rig_new(_i, SORT);

    for (size_t len = 0; len < whole; len++)
        rig_push(rig, "in", rig_packet(rig, AMTG_IP_RAW, octets, len));
    ck_assert_uint_eq(rig_count(rig, "rest"), 10);          /* up to the protocol in octet 9 */
    ck_assert_uint_eq(rig_count(rig, "udp"), 22 - 10);      /* then up to the source port */
    ck_assert_uint_eq(rig_count(rig, "video"), whole - 22); /* which is enough for `port` */
    rig_expect_nothing(rig, "six");
    rig_ignore(rig, "video");
    rig_ignore(rig, "udp");
    rig_ignore(rig, "rest");
    rig_free(rig);
}
END_TEST

static void expect_problem(const char *outputs, const char *words)
{
    struct amtg_graph_options options = {.classes = amtg_classes, .ports_may_be_open = true};
    struct amtg_diag *diag = amtg_diag_new();
    char text[512], *message = NULL;
    size_t octets = 0;

    snprintf(text, sizeof text,
             "amtgraph: 1\nname: x\nelements:\n  it: {class: classifier, outputs: %s}\n", outputs);
    ck_assert_ptr_null(amtg_graph_parse("x", text, strlen(text), &options, diag));
    FILE *out = open_memstream(&message, &octets);
    amtg_diag_print(diag, out, false);
    fclose(out);
    ck_assert_msg(strstr(message, words) != NULL, "%s", message);
    free(message);
    amtg_diag_free(diag);
}

START_TEST(wrong_expressions_are_problems_of_the_graph)
{
    expect_problem("{a: udp, b: udp prt 5}", "not a pcap filter expression");
    expect_problem("{a: \"ether src 00:00:00:00:00:01\"}", "not a pcap filter expression");
    expect_problem("{rest: udp}", "`rest` is the output of what matches nothing");
}
END_TEST

AMTG_RIG_SUITE("flow/classifier", the_first_expression_that_matches_decides,
               what_matches_nothing_is_dropped_when_rest_is_open,
               packets_cut_at_any_octet_are_sorted_by_what_is_there,
               wrong_expressions_are_problems_of_the_graph)
