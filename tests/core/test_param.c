/* Parameters: names, what is expected, and scalars into fields. */
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

#include "core/element.h"

static const char *const colours[] = {"red", "green", "blue", NULL};
static const struct amtg_interface paint = {"paint", "gives paint"};

struct box {
    bool open;
    uint8_t small;
    uint16_t port;
    uint32_t rate_bps;
    uint64_t big;
    uint64_t interval_ns, free_ns, limit_octets;
    double share;
    int colour;
    struct amtg_addr any, four, maybe;
    const char *text;
    struct amtg_addr_list list;
    struct amtg_text_list hosts;
    struct amtg_element *ref;
};

enum {
    OPEN,
    SMALL,
    PORT,
    RATE,
    BIG,
    INTERVAL,
    FREE,
    LIMIT,
    SHARE,
    COLOUR,
    ANY,
    FOUR,
    MAYBE,
    LIST,
    HOSTS,
    REF
};

static const struct amtg_param params[] = {
    [OPEN] = AMTG_BOOL(struct box, open, "no", ""),
    [SMALL] = AMTG_U8(struct box, small, "1", 0, 254, "hops", ""),
    [PORT] = AMTG_U16(struct box, port, "2268", 1, 65535, NULL, ""),
    [RATE] = AMTG_U32(struct box, rate_bps, "5", 0, 0, NULL, ""),
    [BIG] = AMTG_U64(struct box, big, "5", 0, 0, NULL, ""),
    [INTERVAL] = AMTG_DURATION(struct box, interval_ns, "125s", AMTG_S, 3600 * AMTG_S, ""),
    [FREE] = AMTG_DURATION(struct box, free_ns, "0", 0, 0, ""),
    [LIMIT] = AMTG_SIZE(struct box, limit_octets, "1MiB", 1, 64 << 20, ""),
    [SHARE] = AMTG_FLOAT(struct box, share, "0.5", 0.0, 1.0, NULL, ""),
    [COLOUR] = AMTG_ENUM(struct box, colour, "red", colours, ""),
    [ANY] = AMTG_ADDRESS(struct box, any, NULL, 0, ""),
    [FOUR] = AMTG_ADDRESS(struct box, four, NULL, 4, ""),
    [MAYBE] = AMTG_ADDRESS(struct box, maybe, "none", 6, ""),
    [LIST] = AMTG_ADDRESSES(struct box, list, "", 4, 8, ""),
    [HOSTS] = AMTG_HOSTS(struct box, hosts, "", 8, ""),
    [REF] = AMTG_REF(struct box, ref, &paint, true, ""),
};

START_TEST(names_lose_their_unit_and_take_dashes)
{
    static const struct {
        const char *field, *name;
    } rows[] = {{"interval_ns", "interval"}, {"burst_octets", "burst"}, {"rate_bps", "rate"},
                {"wait_ms", "wait"}, {"per_address_limit", "per-address-limit"}, {"ns", "ns"},
                {"_ns", "-ns"}};
    char out[AMTG_PARAM_NAME];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct amtg_param p = {.field = rows[i].field};
        ck_assert_str_eq(amtg_param_name(&p, out), rows[i].name);
    }
}
END_TEST

START_TEST(durations_are_read_in_all_their_forms)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } rows[] = {
        {"0", 0}, {"125s", 125 * AMTG_S}, {"100ms", 100 * AMTG_MS}, {"2h", 7200 * AMTG_S},
        {"1m30s", 90 * AMTG_S}, {"5us", 5000}, {"7ns", 7}, {"1d", 86400 * AMTG_S},
        {"1d2h3m4s5ms6us7ns", 93784005006007}, {"1.5s", 1500 * AMTG_MS}, {"0.25ms", 250 * AMTG_US},
        {"1.0ns", 1}, {"18446744073709551615ns", UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t ns = 1;
        ck_assert_msg(amtg_duration_parse(rows[i].text, &ns), "%s", rows[i].text);
        ck_assert_msg(ns == rows[i].ns, "%s gives %llu", rows[i].text, (unsigned long long)ns);
    }
}
END_TEST

START_TEST(what_is_no_duration_is_refused)
{
    static const char *const texts[] = {
        "",
        "5",
        "s",
        "-5s",
        "+5s",
        " 5s",
        "5s ",
        "5 s",
        "5S",
        "5min",
        "30s1m",
        "5s5s",
        "1.s",
        ".5s",
        "1.5ns",
        "0.0000000001s",
        "1.0000000000000001s",
        "1e3s",
        "0x5s",
        "18446744073709551616ns",
        "213504d",
        "99999999999999999999s",
        "1m30",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint64_t ns = 42;
        ck_assert_msg(!amtg_duration_parse(texts[i], &ns), "%s", texts[i]);
        ck_assert_uint_eq(ns, 42);
    }
}
END_TEST

START_TEST(sizes_know_binary_and_decimal_units)
{
    uint64_t n;
    ck_assert(amtg_size_parse("1500", &n) && n == 1500);
    ck_assert(amtg_size_parse("64KiB", &n) && n == 65536);
    ck_assert(amtg_size_parse("2MB", &n) && n == 2000000);
    ck_assert(amtg_size_parse("3kB", &n) && n == 3000);
    ck_assert(amtg_size_parse("0", &n) && n == 0);
    static const char *const texts[] = {"",     "KiB", "1.5KiB",      "5K",
                                        "5kib", "-1",  "17000000TiB", "1 MB"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(!amtg_size_parse(texts[i], &n), "%s", texts[i]);
}
END_TEST

START_TEST(scalars_reach_their_fields_and_nothing_else)
{
    struct box box;
    memset(&box, 0xa5, sizeof box);
    ck_assert(amtg_param_scalar(&params[SMALL], "254", &box));
    ck_assert_uint_eq(box.small, 254);
    ck_assert_uint_eq(box.port, 0xa5a5);
    ck_assert(amtg_param_scalar(&params[PORT], "0xffff", &box));
    ck_assert_uint_eq(box.port, 65535);
    ck_assert(amtg_param_scalar(&params[RATE], "4294967295", &box));
    ck_assert_uint_eq(box.rate_bps, UINT32_MAX);
    ck_assert(amtg_param_scalar(&params[BIG], "18446744073709551615", &box));
    ck_assert(box.big == UINT64_MAX);
    ck_assert(amtg_param_scalar(&params[INTERVAL], "1m30s", &box));
    ck_assert(box.interval_ns == 90 * AMTG_S);
    ck_assert(amtg_param_scalar(&params[LIMIT], "64MiB", &box));
    ck_assert(box.limit_octets == 64 << 20);
    ck_assert(amtg_param_scalar(&params[SHARE], "2.5e-1", &box));
    ck_assert(box.share == 0.25);
    ck_assert(amtg_param_scalar(&params[COLOUR], "blue", &box));
    ck_assert_int_eq(box.colour, 2);
    ck_assert(amtg_param_scalar(&params[OPEN], "on", &box) && box.open);
    ck_assert(amtg_param_scalar(&params[OPEN], "false", &box) && !box.open);
    ck_assert(amtg_param_scalar(&params[ANY], "2001:db8::1", &box));
    ck_assert(amtg_param_scalar(&params[FOUR], "192.0.2.1", &box) && amtg_addr_is4(&box.four));
    ck_assert(amtg_param_scalar(&params[MAYBE], "none", &box));
    ck_assert(amtg_addr_is_unspecified(&box.maybe) && !amtg_addr_is4(&box.maybe));
}
END_TEST

START_TEST(wrong_scalars_are_refused_and_leave_the_state_alone)
{
    static const struct {
        int param;
        const char *text;
    } rows[] = {
        {SMALL, "255"}, {SMALL, "256"}, {SMALL, "-1"}, {SMALL, "+1"}, {SMALL, ""}, {SMALL, "1x"},
        {SMALL, " 1"}, {SMALL, "010"}, {SMALL, "1.0"}, {SMALL, "0x"}, {SMALL, "0x100"},
        {PORT, "0"}, {PORT, "65536"}, {RATE, "4294967296"}, {BIG, "18446744073709551616"},
        {BIG, "0x10000000000000000"}, {INTERVAL, "999ms"}, {INTERVAL, "3601s"}, {INTERVAL, "125"},
        {LIMIT, "0"}, {LIMIT, "65MiB"}, {SHARE, "1.1"}, {SHARE, "-0.1"}, {SHARE, "nan"},
        {SHARE, "inf"}, {SHARE, "0x1p-1"}, {SHARE, "1e999"}, {SHARE, ""}, {COLOUR, "Red"},
        {COLOUR, ""}, {OPEN, "True"}, {OPEN, "1"}, {ANY, "localhost"}, {ANY, "none"}, {ANY, ""},
        {FOUR, "::1"}, {FOUR, "1.2.3"}, {MAYBE, "1.2.3.4"}, {LIST, "1.2.3.4"},
    };
    struct box box, before;
    memset(&box, 0x5a, sizeof box);
    memcpy(&before, &box, sizeof box);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(!amtg_param_scalar(&params[rows[i].param], rows[i].text, &box), "%s",
                      rows[i].text);
        ck_assert_msg(memcmp(&box, &before, sizeof box) == 0, "%s", rows[i].text);
    }
}
END_TEST

START_TEST(what_is_expected_is_said_in_words)
{
    static const struct {
        int param;
        const char *text;
    } rows[] = {
        {OPEN, "true or false"},
        {SMALL, "a whole number from 0 to 254"},
        {RATE, "a whole number from 0 to 4294967295"},
        {BIG, "a whole number"},
        {INTERVAL, "a duration such as 1m30s from 1s to 1h"},
        {FREE, "a duration such as 1m30s"},
        {LIMIT, "a size such as 64KiB from 1 to 64MiB"},
        {SHARE, "a number from 0 to 1"},
        {COLOUR, "red, green or blue"},
        {ANY, "an IP address"},
        {FOUR, "an IPv4 address"},
        {MAYBE, "an IPv6 address or none"},
        {LIST, "an IPv4 address, a list of them, or none"},
        {HOSTS, "an IP address or a host name, a list of them, or none"},
        {REF, "the name of an element that provides `paint`"},
    };
    char out[200];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_str_eq(amtg_param_expected(&params[rows[i].param], out, sizeof out),
                         rows[i].text);
}
END_TEST

START_TEST(every_kind_has_a_name)
{
    for (int kind = AMTG_KIND_BOOL; kind <= AMTG_KIND_REF; kind++)
        ck_assert_str_ne(amtg_param_kind_name(kind), "unknown");
}
END_TEST

AMTG_SUITE("param", names_lose_their_unit_and_take_dashes, durations_are_read_in_all_their_forms,
           what_is_no_duration_is_refused, sizes_know_binary_and_decimal_units,
           scalars_reach_their_fields_and_nothing_else,
           wrong_scalars_are_refused_and_leave_the_state_alone, what_is_expected_is_said_in_words,
           every_kind_has_a_name)
