/* What has become of octets: headers put in front and taken away, fields, lists. */
#include "elements/wire/change.h"

#include <stdio.h>
#include <stdlib.h>

#include "elements/wire/compose.h"
#include "elements/wire/types.h"
#include "tests/support/suite.h"

static struct amtg_arena *arena;

static struct amtg_composed compose(const struct amtg_type *type, const char *text)
{
    struct amtg_diag *diag = amtg_diag_new();
    struct amtg_writing w = {.diag = diag, .arena = arena};
    struct amtg_yaml *tree = amtg_yaml_parse("test", text, strlen(text), diag);
    struct amtg_written written;
    struct amtg_composed made;

    ck_assert_ptr_nonnull(tree);
    ck_assert_msg(amtg_written_read(&w, tree, &written) && amtg_compose(&w, &written, type, &made),
                  "%s", text);
    amtg_yaml_free(tree);
    amtg_diag_free(diag);
    return made;
}

/* Each change a line; for the caller to free. */
static char *changes(const struct amtg_type *of_before, const char *before,
                     const struct amtg_type *of_after, const char *after)
{
    arena = amtg_arena_new();
    struct amtg_composed a = compose(of_before, before), b = compose(of_after, after);
    struct amtg_dissection was, is;
    struct amtg_changes c;
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    amtg_dissect(&was, a.first, a.octets, a.len);
    amtg_dissect(&is, b.first, b.octets, b.len);
    amtg_changes_find(&c, &was, &is);
    amtg_dissection_free(&was);
    amtg_dissection_free(&is);
    fputs(c.others ? "others\n" : "", out);
    for (unsigned i = 0; i < c.count; i++) {
        amtg_change_print(&c, i, out);
        fputs(c.all[i].filled ? " *\n" : "\n", out);
    }
    amtg_changes_free(&c);
    amtg_arena_free(arena);
    fclose(out);
    return text;
}

static void expect(const struct amtg_type *of_before, const char *before,
                   const struct amtg_type *of_after, const char *after, const char *expected)
{
    char *text = changes(of_before, before, of_after, after);

    ck_assert_str_eq(text, expected);
    free(text);
}

#define NATIVE_TTL(ttl) \
    "ip4: 198.51.100.12 > 232.1.2.3, ttl: " ttl ", udp: 5000 > 5001, payload: hello"
#define NATIVE NATIVE_TTL("64")

START_TEST(a_field_that_changes_is_named_with_both_values)
{
    expect(AMTG_IP_RAW, "{" NATIVE_TTL("9") "}", AMTG_IP_RAW, "{" NATIVE_TTL("8") "}",
           "ip4.ttl 9 -> 8\nip4.checksum 0x9d88 -> 0x9e88 *\n");
    expect(AMTG_IP_RAW, "{" NATIVE_TTL("9") "}", AMTG_IP_RAW, "{" NATIVE_TTL("9") "}", "");
}
END_TEST

START_TEST(a_header_in_front_is_one_change_and_not_all_behind_it)
{
    expect(AMTG_IP_RAW, "{" NATIVE "}", AMTG_AMT, "{amt: data, inner: {" NATIVE "}}",
           "amt data added (2 octets)\n");
    expect(AMTG_AMT, "{amt: data, inner: {" NATIVE "}}", AMTG_IP_RAW, "{" NATIVE "}",
           "amt data removed (2 octets)\n");
}
END_TEST

START_TEST(of_two_headers_of_a_kind_the_same_one_is_kept)
{
    expect(AMTG_IP_RAW, "{" NATIVE "}", AMTG_IP_RAW,
           "{ip4: 192.0.2.1 > 203.0.113.7, udp: 2268 > 51000, amt: data, inner: {" NATIVE "}}",
           "ip4 added (20 octets)\nudp added (8 octets)\namt data added (2 octets)\n");
}
END_TEST

START_TEST(fields_behind_an_inner_datagram_are_of_the_layer_around_it)
{
#define QUERY "amt: query, mac: 0x010203040506, nonce: 7, inner: {ip4: , igmp: query}"
    expect(AMTG_AMT, "{" QUERY "}", AMTG_AMT,
           "{" QUERY ", gateway-port: 51000, gateway: 203.0.113.7}",
           "amt.g 0 -> 1\namt.gateway-port 51000 new\namt.gateway 203.0.113.7 new\n");
}
END_TEST

START_TEST(records_of_a_report_are_told_apart)
{
#define REPORT "igmp: report, records: [{type: allow, group: 232.1.2.3, sources: "
    expect(AMTG_REPORT, "{" REPORT "[198.51.100.1, 198.51.100.2]}]}", AMTG_REPORT,
           "{" REPORT "[198.51.100.1]}]}",
           "igmp.checksum 0x9a8c -> 0xc4c3 *\n"
           "igmp.records[0].source-count 2 -> 1 *\n"
           "igmp.records[0].sources [198.51.100.1, 198.51.100.2] -> [198.51.100.1]\n");
}
END_TEST

START_TEST(another_message_of_a_layer_is_said_first)
{
    expect(AMTG_AMT, "{amt: discovery, nonce: 7}", AMTG_AMT,
           "{amt: advertisement, nonce: 7, relay: 192.0.2.1}",
           "amt discovery -> advertisement\namt.type discovery -> advertisement\n"
           "amt.relay 192.0.2.1 new\n");
}
END_TEST

START_TEST(what_has_nothing_in_common_is_something_else)
{
    expect(AMTG_AMT, "{amt: discovery, nonce: 7}", AMTG_JOIN,
           "{join: 232.1.2.3, sources: [198.51.100.12]}",
           "others\namt discovery removed (8 octets)\njoin added (36 octets)\n");
}
END_TEST

START_TEST(octets_of_any_kind_are_compared_within_their_bounds)
{
    uint8_t octets[96];

    for (unsigned round = 0; round < 2000; round++) {
        struct amtg_dissection was, is;
        struct amtg_changes c;
        uint32_t len = round % 90;
        for (unsigned i = 0; i < sizeof octets; i++)
            octets[i] = (uint8_t)((round * 2654435761u >> i % 24) + i * round);
        octets[0] = round % 3 ? 0x45 : 0x60;
        octets[1] = round % 5 ? octets[1] : 6;
        amtg_dissect(&was, round % 2 ? &amtg_layer_ip4 : &amtg_layer_amt, octets, len);
        amtg_dissect(&is, round % 7 ? &amtg_layer_amt : &amtg_layer_ip6, octets + 4, len);
        amtg_changes_find(&c, &was, &is);
        ck_assert_uint_le(c.count, AMTG_CHANGES_MOST);
        for (unsigned i = 0; i < c.count; i++)
            ck_assert(c.all[i].before >= 0 || c.all[i].after >= 0);
        amtg_changes_free(&c);
        amtg_dissection_free(&was);
        amtg_dissection_free(&is);
    }
}
END_TEST

AMTG_SUITE("change", a_field_that_changes_is_named_with_both_values,
           a_header_in_front_is_one_change_and_not_all_behind_it,
           of_two_headers_of_a_kind_the_same_one_is_kept,
           fields_behind_an_inner_datagram_are_of_the_layer_around_it,
           records_of_a_report_are_told_apart, another_message_of_a_layer_is_said_first,
           what_has_nothing_in_common_is_something_else,
           octets_of_any_kind_are_compared_within_their_bounds)
