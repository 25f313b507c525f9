/* Addresses: both families in one form. */
#include "tests/support/suite.h"

#include "core/addr.h"

START_TEST(text_forms_survive_a_round_trip)
{
    static const char *const texts[] = {"0.0.0.0", "192.0.2.1", "232.1.2.3", "::",
                                        "2001:db8::1", "ff3e::8000:d", "fe80::1"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct amtg_addr a;
        char text[AMTG_ADDR_TEXT];
        ck_assert_msg(amtg_addr_parse(texts[i], &a), "%s", texts[i]);
        ck_assert_str_eq(amtg_addr_text(&a, text), texts[i]);
        ck_assert_int_eq(amtg_addr_is4(&a), strchr(texts[i], ':') == NULL);
    }
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
    static const char *const texts[] = {"", "1.2.3", "1.2.3.256", "1.2.3.4/8", "::1%lo",
                                        "[::1]", "2001:db8::1::2", "localhost"};
    struct amtg_addr a;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(!amtg_addr_parse(texts[i], &a), "%s", texts[i]);
}
END_TEST

START_TEST(kinds_are_told_apart)
{
    static const struct {
        const char *text;
        bool unspecified, multicast, loopback, link_local;
    } rows[] = {
        {"0.0.0.0", true, false, false, false},   {"::", true, false, false, false},
        {"223.255.255.255", false, false, false, false}, {"224.0.0.0", false, true, false, false},
        {"239.255.255.255", false, true, false, false},  {"240.0.0.0", false, false, false, false},
        {"ff02::1", false, true, false, false},   {"fe80::1", false, false, false, true},
        {"febf::1", false, false, false, true},   {"fec0::1", false, false, false, false},
        {"127.1.2.3", false, false, true, false}, {"::1", false, false, true, false},
        {"169.254.1.1", false, false, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct amtg_addr a;
        ck_assert(amtg_addr_parse(rows[i].text, &a));
        ck_assert_msg(amtg_addr_is_unspecified(&a) == rows[i].unspecified, "%s", rows[i].text);
        ck_assert_msg(amtg_addr_is_multicast(&a) == rows[i].multicast, "%s", rows[i].text);
        ck_assert_msg(amtg_addr_is_loopback(&a) == rows[i].loopback, "%s", rows[i].text);
        ck_assert_msg(amtg_addr_is_link_local(&a) == rows[i].link_local, "%s", rows[i].text);
    }
}
END_TEST

START_TEST(kernel_form_keeps_port_and_scope)
{
    struct amtg_addr a, b;
    struct sockaddr_storage sa;
    uint16_t port;
    uint32_t scope;

    ck_assert(amtg_addr_parse("fe80::7", &a));
    amtg_addr_to_sockaddr(&a, 2268, 3, &sa);
    ck_assert(amtg_addr_from_sockaddr(&sa, &b, &port, &scope));
    ck_assert(amtg_addr_equal(&a, &b));
    ck_assert_uint_eq(port, 2268);
    ck_assert_uint_eq(scope, 3);
}
END_TEST

/* A text of n times c. */
static const char *of(unsigned n, char c, char out[300])
{
    memset(out, c, n);
    out[n] = '\0';
    return out;
}

START_TEST(host_names_are_told_by_how_they_are_written)
{
    static const char *const good[] = {"relay",        "relay.example.net", "relay.example.net.",
                                       "a",            "3com.example",      "x--1.xn--p1ai",
                                       "1.2.3.4.arpa", "RELAY.Example.NET", "none"};
    static const char *const bad[] = {
        "",        ".",      "a..b",      ".a",       "a..",       "-a.example", "a-.example",
        "a.b-",    "a_b",    "a b",       "192.0.2",  "192.0.2.1", "192.0.2.300", "1",
        "a.1",     "a:2268", "[::1]",     "2001:db8::1", "relay.example.net/", "b\303\274cher.example",
        "a.b\n"};
    char text[300], name[300];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(amtg_host_name_is(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!amtg_host_name_is(bad[i]), "%s", bad[i]);
    ck_assert(amtg_host_name_is(of(63, 'a', text)));
    ck_assert(!amtg_host_name_is(of(64, 'a', text)));
    /* 253 letters and dots, and one more */
    of(253, 'a', name);
    name[63] = name[127] = name[191] = '.';
    ck_assert_uint_eq(strlen(name), 253);
    ck_assert(amtg_host_name_is(name));
    strcat(name, "a");
    ck_assert(!amtg_host_name_is(name));
    name[253] = '.';
    ck_assert(!amtg_host_name_is(name));
    ck_assert(amtg_host_is("192.0.2.1") && amtg_host_is("2001:db8::1") && amtg_host_is("relay"));
    ck_assert(!amtg_host_is("192.0.2.300") && !amtg_host_is("relay:2268"));
}
END_TEST

AMTG_SUITE("addr", host_names_are_told_by_how_they_are_written, text_forms_survive_a_round_trip, what_is_no_address_is_refused,
           kinds_are_told_apart, kernel_form_keeps_port_and_scope)
