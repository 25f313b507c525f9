/* amt-decap. Covers: M-22, S-12, E-7 to E-13. */
#include "elements/registry.h"
#include "elements/wire/amt.h"
#include "elements/wire/checksum.h"
#include "elements/wire/ecn.h"
#include "elements/wire/ip.h"
#include "tests/support/amt.h"

/* Covers: M-22. */
START_TEST(the_inner_datagram_comes_out)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-decap}");

    rig_push_hex(rig, "in", AMTG_AMT_DATA, "0600" NATIVE4_HEX);
    struct amtg_packet *p = rig_take(rig, "out");
    ck_assert_ptr_eq(p->type, AMTG_IP_RAW);
    expect_octets(p, NATIVE4_HEX);
    amtg_packet_free(p);
    rig_push_hex(rig, "in", AMTG_AMT_DATA, "06ff" NATIVE4_HEX);
    rig_expect_hex(rig, "out", NATIVE4_HEX);
    rig_free(rig);
}
END_TEST

START_TEST(short_messages_are_dropped)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-decap}");

    for (unsigned len = 0; len < 22; len++) {
        struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_DATA, "0600" NATIVE4_HEX);
        amtg_packet_trim(p, len);
        rig_push(rig, "in", p);
    }
    ck_assert_uint_eq(rig_drops(rig, "short"), 22);
    rig_free(rig);
}
END_TEST

/* ---- ECN (RFC 6040, section 4.2) ----------------------------------------- */

enum { DSCP = 0xb8 }; /* of the inner datagrams, to stay as it is */

/* Data with these ECN fields; outer: -1 when the socket did not say. */
static struct amtg_packet *data_with(struct rig *rig, bool ip4, uint8_t inner, int outer)
{
    struct amtg_packet *p = rig_packet_hex(rig, AMTG_AMT_DATA,
                                           ip4 ? "0600" NATIVE4_HEX : "0600" NATIVE6_HEX);
    uint8_t *ip = p->data + AMTG_DATA_HEAD_OCTETS;

    if (ip4) {
        uint16_t was = amtg_get_u16(ip);
        ip[1] = DSCP | inner;
        amtg_put_u16(ip + 10, amtg_checksum_replace(amtg_get_u16(ip + 10), was, amtg_get_u16(ip)));
    } else {
        ip[0] |= DSCP >> 4;
        ip[1] |= (uint8_t)((DSCP | inner) << 4);
    }
    if (outer >= 0)
        amtg_packet_set_tos(p, (uint8_t)(0xe0 | outer)); /* its DSCP means nothing here */
    return p;
}

/* The table of section 4.2, in the RFC's order of rows and columns; -1: drop. */
static const int fields[4] = {AMTG_NOT_ECT, AMTG_ECT0, AMTG_ECT1, AMTG_CE};
static const int egress[4][4] = {
    /* outer Not-ECT, ECT(0),       ECT(1),       CE */
    {AMTG_NOT_ECT, AMTG_NOT_ECT, AMTG_NOT_ECT, -1},
    {AMTG_ECT0,    AMTG_ECT0,    AMTG_ECT1,    AMTG_CE},
    {AMTG_ECT1,    AMTG_ECT1,    AMTG_ECT1,    AMTG_CE},
    {AMTG_CE,      AMTG_CE,      AMTG_CE,      AMTG_CE},
};
static const bool odd[4][4] = {{0, 1, 1, 1}, {0, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}};

/* Covers: E-7 to E-10. */
START_TEST(the_more_severe_of_both_ecn_fields_goes_on)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-decap}");
    unsigned drops = 0, odds = 0;

    for (unsigned test = 0; test < 32; test++) {
        unsigned row = test / 4 % 4, column = test % 4;
        bool ip4 = test < 16;
        rig_push(rig, "in", data_with(rig, ip4, (uint8_t)fields[row], fields[column]));
        odds += odd[row][column];
        ck_assert_uint_eq(rig_counter(rig, "odd-ecn"), odds);
        if (egress[row][column] < 0) {
            rig_expect_nothing(rig, "out");
            ck_assert_uint_eq(rig_drops(rig, "not-ect-ce"), ++drops);
            continue;
        }
        struct amtg_packet *p = rig_take(rig, "out");
        struct amtg_ip ip;
        ck_assert_uint_eq(amtg_ip_parse(p->data, p->len, &ip), AMTG_IP_SOUND); /* checksum too */
        ck_assert_uint_eq(ip.tos, DSCP | (unsigned)egress[row][column]);
        ck_assert_uint_eq(p->flags & AMTG_HAS_TOS, 0);
        amtg_packet_free(p);
    }
    ck_assert_uint_eq(rig_counter(rig, "congested"), 4); /* two of each family */
    rig_free(rig);
}
END_TEST

START_TEST(without_an_outer_field_the_inner_one_stays)
{
    struct rig *rig = rig_new(_i, "it: {class: amt-decap}");

    for (uint8_t inner = 0; inner < 4; inner++) {
        rig_push(rig, "in", data_with(rig, true, inner, -1));
        struct amtg_packet *p = rig_take(rig, "out");
        ck_assert_uint_eq(p->data[1], DSCP | inner);
        amtg_packet_free(p);
    }
    ck_assert_uint_eq(rig_counter(rig, "odd-ecn"), 0);
    rig_free(rig);
}
END_TEST

/* Lines of the log while two odd packets come, then one each after 59 s and 60 s. */
static unsigned alarms(const char *params)
{
    static const char *const format = "amtgraph: 1\nname: x\nelements:\n  it: {class: amt-decap%s}\n";
    static const uint64_t steps[] = {0, 0, 59 * AMTG_S, AMTG_S};
    struct amtg_graph_options options = {.classes = amtg_classes, .ports_may_be_open = true};
    struct amtg_diag *diag = amtg_diag_new();
    char text[256], why[256], *log = NULL;
    size_t len = 0;
    enum amtg_err err;

    snprintf(text, sizeof text, format, params);
    struct amtg_graph *graph = amtg_graph_parse("x", text, strlen(text), &options, diag);
    ck_assert_ptr_nonnull(graph);
    FILE *f = open_memstream(&log, &len);
    struct amtg_runtime_options run = {.clock = AMTG_CLOCK_VIRTUAL, .buffers = 8, .log = f,
                                       .log_level = AMTG_LOG_INFO};
    struct amtg_runtime *rt = amtg_runtime_new(graph, &run, &err, why, sizeof why);
    ck_assert_ptr_nonnull(rt);
    ck_assert_int_eq(amtg_runtime_start(rt, why, sizeof why), AMTG_OK);
    struct amtg_element *it = amtg_runtime_find(rt, "it");
    uint64_t until = 0;
    for (unsigned i = 0; i < 4; i++) {
        struct amtg_batch batch = {.count = 1};
        amtg_loop_hold(amtg_runtime_loop(rt));
        until += steps[i];
        ck_assert_int_eq(amtg_runtime_run(rt, until, why, sizeof why), AMTG_OK);
        amtg_loop_release(amtg_runtime_loop(rt));
        batch.packets[0] = amtg_make(it, AMTG_AMT_DATA, 22);
        memset(batch.packets[0]->data, 0, 22);
        batch.packets[0]->data[0] = 6;
        batch.packets[0]->data[2] = 0x45;
        amtg_packet_set_tos(batch.packets[0], AMTG_CE);
        it->taken++;
        it->push(it, 0, &batch);
    }
    amtg_runtime_stop(rt);
    amtg_runtime_free(rt);
    amtg_graph_free(graph);
    amtg_diag_free(diag);
    fclose(f);
    unsigned lines = 0;
    for (const char *at = log; (at = strstr(at, "odd-ecn")); at++)
        lines++;
    if (lines)
        ck_assert_ptr_nonnull(strstr(log, "inner=Not-ECT outer=CE so-far=1\n"));
    free(log);
    return lines;
}

/* Covers: E-11 to E-13. */
START_TEST(odd_pairs_are_said_now_and_then_or_never)
{
    ck_assert_uint_eq(alarms(""), 2);
    ck_assert_uint_eq(alarms(", odd-ecn-log: 1s"), 3);
    ck_assert_uint_eq(alarms(", odd-ecn-log: 0s"), 0);
}
END_TEST

AMTG_RIG_SUITE("amt-decap", the_inner_datagram_comes_out, short_messages_are_dropped,
               the_more_severe_of_both_ecn_fields_goes_on,
               without_an_outer_field_the_inner_one_stays,
               odd_pairs_are_said_now_and_then_or_never)
