/*
 * The interface of the default route, from the kernel's tables as text.
 * The helper is the same for packet-capture, raw-socket and upstream-join.
 */
#include "tests/support/suite.h"

#include "elements/io/interface.h"

static const char heading4[] =
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

static const char *found(const char *route4, const char *route6)
{
    static char name[IF_NAMESIZE];
    char text4[2048];
    snprintf(text4, sizeof text4, "%s%s", heading4, route4);
    FILE *file4 = fmemopen(text4, strlen(text4), "r");
    FILE *file6 = route6 ? fmemopen((char *)route6, strlen(route6), "r") : NULL;
    ck_assert_ptr_nonnull(file4);
    bool is = amtg_nic_of_default_route(file4, file6, name);
    fclose(file4);
    if (file6)
        fclose(file6);
    return is ? name : "nothing";
}

START_TEST(the_smallest_metric_wins)
{
    ck_assert_str_eq(found("eth0\t00000000\t010010AC\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
                           "wlan0\t00000000\t010010AC\t0003\t0\t0\t50\t00000000\t0\t0\t0\n"
                           "eth2\t00000000\t010010AC\t0003\t0\t0\t60\t00000000\t0\t0\t0\n",
                           NULL),
                     "wlan0");
}
END_TEST

START_TEST(routes_that_lead_nowhere_do_not_count)
{
    ck_assert_str_eq(found("", NULL), "nothing");
    /* a network, a rejecting default route, one that is down */
    ck_assert_str_eq(found("eth0\t000010AC\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
                           "eth0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n"
                           "*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n"
                           "eth1\t00000000\t00000000\t0002\t0\t0\t0\t00000000\t0\t0\t0\n",
                           NULL),
                     "nothing");
}
END_TEST

#define ZERO "00000000000000000000000000000000"

START_TEST(ipv6_helps_where_ipv4_has_none)
{
    static const char routes[] =
        "20010db8000000000000000000000000 40 " ZERO " 00 " ZERO " 00000100 00000001 00000000 00000001     eth0\n"
        ZERO " 00 " ZERO " 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth7\n"
        ZERO " 00 " ZERO " 00 " ZERO " ffffffff 00000001 00000000 00200200       lo\n";
    ck_assert_str_eq(found("", routes), "eth7");
    ck_assert_str_eq(
        found("eth1\t00000000\t010010AC\t0003\t0\t0\t100\t00000000\t0\t0\t0\n", routes), "eth1");
}
END_TEST

START_TEST(the_unreachable_default_on_lo_does_not_count)
{
    ck_assert_str_eq(found("", ZERO " 00 " ZERO " 00 " ZERO
                                    " ffffffff 00000001 00000000 00200200       lo\n"),
                     "nothing");
}
END_TEST

AMTG_SUITE("interface", the_smallest_metric_wins, routes_that_lead_nowhere_do_not_count,
           ipv6_helps_where_ipv4_has_none, the_unreachable_default_on_lo_does_not_count)
