/*
 * Layers by their tables: octets taken apart and put together again, and packets as
 * people write them. The octets of all messages are those of the other codec tests.
 */
#include "elements/wire/layer.h"

#include <stdio.h>

#include "elements/wire/compose.h"
#include "elements/wire/dissect.h"
#include "elements/wire/match.h"
#include "elements/wire/types.h"
#include "tests/elements/wire/hex.h"

/* Each message in octets and as it is written; what is not written is filled in. */
static const struct {
    const struct amtg_type *type;
    const char *hex, *written;
} vectors[] = {
    {AMTG_AMT, HEX_DISCOVERY, "{amt: discovery, nonce: 0xa1b2c3d4}"},
    {AMTG_AMT, HEX_ADVERTISEMENT4, "{amt: advertisement, nonce: 0xa1b2c3d4, relay: 192.0.2.1}"},
    {AMTG_AMT, HEX_ADVERTISEMENT6, "{amt: advertisement, nonce: 0xa1b2c3d4, relay: '2001:db8::1'}"},
    {AMTG_AMT, HEX_REQUEST4, "{amt: request, nonce: 0xa1b2c3d4}"},
    {AMTG_AMT, HEX_REQUEST6, "{amt: request, p: yes, nonce: 2712847316}"},
    {AMTG_AMT, HEX_QUERY4,
     "{amt: query, mac: 0x010203040506, nonce: 0xa1b2c3d4, inner: {ip4: , dont-fragment: 1, igmp: query, "
     "max-response: 100ms}}"},
    {AMTG_AMT, HEX_QUERY4_G,
     "{amt: query, mac: 0x010203040506, nonce: 0xa1b2c3d4, gateway-port: 51000, gateway: 203.0.113.7, "
     "inner: {ip4: , dont-fragment: 1, igmp: query, max-response: 100ms}}"},
    {AMTG_AMT, HEX_QUERY6_LG,
     "{amt: query, l: 1, mac: 0x010203040506, nonce: 0xa1b2c3d4, inner: {ip6: 'fe80::1 > ff02::1', mld: query, "
     "max-response: 1ms}, gateway-port: 51000, gateway: '2001:db8:1::7'}"},
    {AMTG_AMT, HEX_UPDATE4,
     "{amt: update, mac: 0x010203040506, nonce: 0xa1b2c3d4, inner: {ip4: , dont-fragment: 1, igmp: report, "
     "records: [{type: allow, group: 232.1.2.3, sources: [198.51.100.12]}]}}"},
    {AMTG_AMT, HEX_UPDATE6,
     "{amt: update, mac: 0x010203040506, nonce: 0xa1b2c3d4, inner: {mld: report, "
     "records: [{type: allow, group: 'ff3e::8000:d', sources: ['2001:db8::a']}]}}"},
    {AMTG_AMT, HEX_DATA,
     "{amt: data, inner: {ip4: 198.51.100.12 > 232.1.2.3, id: 0x1234, ttl: 9, udp: 5000 > 5001, checksum: 0, "
     "payload: test}}"},
    {AMTG_AMT, HEX_TEARDOWN,
     "{amt: teardown, mac: 0x010203040506, nonce: 0xa1b2c3d4, gateway-port: 51000, gateway: 203.0.113.7}"},
    {AMTG_IP_RAW, HEX_INNER_REPORT6,
     "{mld: report, records: [{type: 5, group: 'ff3e::8000:d', sources: ['2001:db8::a']}]}"},
};

enum { VECTORS = sizeof vectors / sizeof vectors[0] };

static struct amtg_arena *arena;
static struct amtg_diag *diag;
static struct amtg_yaml *tree;

static void begin(void)
{
    arena = amtg_arena_new();
    diag = amtg_diag_new();
}

static void end(void)
{
    amtg_arena_free(arena);
    amtg_diag_free(diag);
    amtg_yaml_free(tree);
    tree = NULL;
}

/* Reads a packet as written; false: there were problems. */
static bool read_written(const char *text, struct amtg_written *out)
{
    struct amtg_writing w = {.diag = diag, .arena = arena};

    amtg_yaml_free(tree);
    tree = amtg_yaml_parse("test", text, strlen(text), diag);
    ck_assert_ptr_nonnull(tree);
    return amtg_written_read(&w, tree, out);
}

static struct amtg_composed compose(const struct amtg_type *type, const char *text)
{
    struct amtg_writing w = {.diag = diag, .arena = arena};
    struct amtg_written written;
    struct amtg_composed c = {0};

    if (!read_written(text, &written) || !amtg_compose(&w, &written, type, &c)) {
        amtg_diag_print(diag, stdout, false);
        ck_abort_msg("%s", text);
    }
    return c;
}

static unsigned differences(const char *text, const struct amtg_type *type, const uint8_t *octets,
                            uint32_t len)
{
    struct amtg_writing w = {.diag = diag, .arena = arena};
    struct amtg_written written;
    struct amtg_dissection d;
    struct amtg_matching m;

    ck_assert_msg(read_written(text, &written), "%s", text);
    amtg_dissect(&d, amtg_layer_first(type, octets, len), octets, len);
    amtg_match(&w, &written, &d, &m);
    amtg_dissection_free(&d);
    return m.count;
}

/* ---- the tables themselves -------------------------------------------------- */

static void check_message(const struct amtg_layer *layer, const struct amtg_message *m)
{
    unsigned bits = 0;

    for (unsigned i = 0; i < m->fields_count; i++) {
        const struct amtg_field *f = &m->fields[i];
        ck_assert_msg(f->bits || f->extent, "%s.%s has no width", layer->name, f->name);
        ck_assert_msg(!f->initial || amtg_form_expected(f), "%s.%s", layer->name, f->name);
        if (f->initial) {
            struct amtg_value v;
            ck_assert_msg(amtg_form_parse(f, f->initial, arena, &v), "%s.%s: %s", layer->name, f->name,
                          f->initial);
        }
        if (f->form == AMTG_FORM_RECORDS)
            check_message(layer, f->record);
        for (unsigned k = 0; k < i; k++)
            ck_assert_msg(strcmp(m->fields[k].name, f->name) || !strcmp(f->name, "reserved"),
                          "%s has two fields %s", layer->name, f->name);
        bits += f->bits;
    }
    ck_assert_msg(bits % 8 == 0, "%s %s ends inside an octet", layer->name, m->name ? m->name : "");
}

START_TEST(the_tables_are_sound)
{
    begin();
    for (unsigned i = 0; amtg_layers[i]; i++) {
        const struct amtg_layer *layer = amtg_layers[i];
        ck_assert_ptr_eq(amtg_layer_named(layer->name), layer);
        /* the last message takes whatever the others are not */
        ck_assert_int_eq(layer->messages[layer->messages_count - 1].number, AMTG_ANY_NUMBER);
        for (unsigned k = 0; k < layer->messages_count; k++)
            check_message(layer, &layer->messages[k]);
        for (unsigned k = 0; k < 2 && layer->brief[k]; k++)
            ck_assert_ptr_nonnull(amtg_message_field(&layer->messages[0], layer->brief[k]));
    }
    end();
}
END_TEST

static void check_in_page(const char *page, const char *name)
{
    const char *at = page;
    size_t len = strlen(name);

    for (; (at = strstr(at, name)); at++)
        if (strchr("` \n|", at[-1]) && strchr("` \n,|:", at[len]))
            return;
    ck_abort_msg("docs/testing-a-graph.md says nothing of `%s`", name);
}

START_TEST(all_names_are_in_the_documentation)
{
    static char page[1 << 16];
    FILE *file = fopen("docs/testing-a-graph.md", "r");

    ck_assert_ptr_nonnull(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    for (unsigned i = 0; amtg_layers[i]; i++) {
        check_in_page(page, amtg_layers[i]->name);
        for (unsigned k = 0; k < amtg_layers[i]->messages_count; k++) {
            const struct amtg_message *m = &amtg_layers[i]->messages[k];
            if (m->name)
                check_in_page(page, m->name);
            for (unsigned n = 0; m->name && n < m->fields_count; n++)
                if (strcmp(m->fields[n].name, "trailer"))
                    check_in_page(page, m->fields[n].name);
        }
    }
}
END_TEST

/* ---- taking apart -------------------------------------------------------------- */

/*
 * Every part lies within the one that it belongs to, fields stand in a row without gap or
 * overlap, and every octet is in some part.
 */
static void check_ranges(const struct amtg_dissection *d)
{
    uint8_t *seen = calloc(1, d->len + 1);
    unsigned above[64] = {0};

    for (unsigned i = 0; i < d->count; i++) {
        const struct amtg_part *p = &d->parts[i];
        ck_assert_uint_lt(p->depth, 64);
        ck_assert_uint_le(p->octet, d->len);
        ck_assert_uint_le(p->octets, d->len - p->octet);
        ck_assert_uint_le(p->bit + (uint64_t)p->bits, 8ull * p->octets);
        if (p->depth) {
            const struct amtg_part *parent = &d->parts[above[p->depth - 1]];
            ck_assert_uint_ge(p->octet, parent->octet);
            ck_assert_uint_le(p->octet + p->octets, parent->octet + parent->octets);
        }
        above[p->depth] = i;
        if (p->field || p->fault[0]) /* octets behind a layer are told as its fault */
            memset(seen + p->octet, 1, p->fault[0] && !p->field ? d->len - p->octet : p->octets);
    }
    for (unsigned i = 1; i < d->count; i++) {
        const struct amtg_part *a = &d->parts[i - 1], *b = &d->parts[i];
        if (a->field && b->field && a->depth == b->depth && a->item < 0 && b->item < 0)
            ck_assert_uint_eq(8ull * a->octet + a->bit + a->bits, 8ull * b->octet + b->bit);
    }
    for (uint32_t i = 0; i < d->len && d->count; i++)
        ck_assert_msg(seen[i], "octet %u is in no part", i);
    free(seen);
}

static void print_all(const struct amtg_dissection *d)
{
    static char text[1 << 20];
    FILE *out = fmemopen(text, sizeof text, "w");

    for (unsigned i = 0; i < d->count; i++) {
        amtg_part_print_name(&d->parts[i], out);
        amtg_part_print(d, &d->parts[i], i % 2, out);
    }
    fclose(out);
}

START_TEST(every_octet_has_its_part)
{
    uint8_t octets[512];
    uint32_t len = hex(vectors[_i].hex, octets);
    struct amtg_dissection d;

    amtg_dissect(&d, amtg_layer_first(vectors[_i].type, octets, len), octets, len);
    ck_assert_uint_gt(d.count, 1);
    check_ranges(&d);
    for (unsigned i = 0; i < d.count; i++)
        ck_assert_msg(!d.parts[i].fault[0] || _i == 10, "%s: %s", vectors[_i].hex, d.parts[i].fault);
    amtg_dissection_free(&d);
}
END_TEST

START_TEST(cut_and_broken_octets_are_taken_apart_too)
{
    uint8_t octets[512];
    uint32_t len = hex(vectors[_i].hex, octets), random = 1;
    struct amtg_dissection d;

    for (uint32_t cut = 0; cut <= len; cut++) {
        uint8_t *copy = exact(octets, cut);
        amtg_dissect(&d, amtg_layer_first(vectors[_i].type, copy, cut), copy, cut);
        check_ranges(&d);
        print_all(&d);
        amtg_dissection_free(&d);
        free(copy);
    }
    for (unsigned round = 0; round < 500; round++) {
        uint8_t *copy = exact(octets, len);
        for (unsigned changes = 0; changes <= round % 3; changes++) {
            random = random * 1664525 + 1013904223;
            copy[(random >> 8) % len] = (uint8_t)(random >> 24);
        }
        amtg_dissect(&d, amtg_layer_first(vectors[_i].type, copy, len), copy, len);
        check_ranges(&d);
        print_all(&d);
        amtg_dissection_free(&d);
        free(copy);
    }
}
END_TEST

START_TEST(words_of_values_can_be_read_again)
{
    uint8_t octets[512];
    uint32_t len = hex(vectors[_i].hex, octets);
    struct amtg_dissection d;

    begin();
    amtg_dissect(&d, amtg_layer_first(vectors[_i].type, octets, len), octets, len);
    for (unsigned i = 0; i < d.count; i++) {
        const struct amtg_part *p = &d.parts[i];
        struct amtg_value is, again;
        if (!p->field || p->item >= 0 || amtg_form_is_nested(p->field->form))
            continue;
        const char *words = amtg_match_words(&d, p, arena, false);
        is = amtg_form_value(p->field, octets, p->octet, p->bit, p->bits);
        ck_assert_msg(amtg_form_parse(p->field, words, arena, &again), "%s: %s", p->field->name, words);
        ck_assert_msg(amtg_value_equal(&is, &again), "%s: %s", p->field->name, words);
    }
    amtg_dissection_free(&d);
    end();
}
END_TEST

START_TEST(a_wrong_checksum_is_told_with_the_right_one)
{
    uint8_t octets[512];
    uint32_t len = hex(HEX_INNER_REPORT4, octets);
    struct amtg_dissection d;
    unsigned faults = 0;

    octets[27] ^= 1; /* of IGMP: 0xc4b8 */
    amtg_dissect(&d, &amtg_layer_ip4, octets, len);
    for (unsigned i = 0; i < d.count; i++)
        if (d.parts[i].fault[0]) {
            ck_assert_str_eq(d.parts[i].field->name, "checksum");
            ck_assert_uint_eq(d.parts[i].octet, 26);
            ck_assert_str_eq(d.parts[i].fault, "wrong; 0xc4b8 would be right");
            faults++;
        }
    ck_assert_uint_eq(faults, 1);
    amtg_dissection_free(&d);
}
END_TEST

/* ---- putting together ------------------------------------------------------------ */

START_TEST(written_messages_are_the_octets_of_the_rfcs)
{
    uint8_t octets[512];
    uint32_t len = hex(vectors[_i].hex, octets);

    begin();
    struct amtg_composed c = compose(vectors[_i].type, vectors[_i].written);
    for (uint32_t i = 0; i < len && i < c.len; i++)
        ck_assert_msg(octets[i] == c.octets[i], "%s: octet %u is %02x, not %02x", vectors[_i].written, i,
                      c.octets[i], octets[i]);
    ck_assert_uint_eq(c.len, len);
    ck_assert_uint_eq(differences(vectors[_i].written, vectors[_i].type, c.octets, c.len), 0);
    end();
}
END_TEST

START_TEST(what_is_said_is_written_as_it_is_even_if_it_is_wrong)
{
    begin();
    struct amtg_composed c = compose(
        AMTG_IP_RAW, "{ip4: 192.0.2.1 > 232.1.2.3, version: 5, header-words: 4, total-length: 7, protocol: 99, "
                     "checksum: 0x1234, udp: 1 > 2, length: 3, udp.checksum: 5, payload: 0x00ff}");
    static const char expected[] = "54000007 00000000 4063 1234 c0000201 e8010203 0001000200030005 00ff";
    uint8_t octets[64];
    uint32_t len = hex(expected, octets);
    ck_assert_uint_eq(c.len, len);
    ck_assert_mem_eq(c.octets, octets, len);
    c = compose(AMTG_AMT, "{amt: query, g: 0, mac: 0x000000000000, nonce: 0, inner: {payload: x}, gateway-port: 1,"
                          " gateway: 1.2.3.4}");
    ck_assert_uint_eq(c.octets[1], 0);
    ck_assert_uint_eq(c.len, 12 + 1 + 18);
    c = compose(AMTG_IP_RAW, "{igmp: report, record-count: 9, records: [{type: 77, source-count: 3, group: 232.1.2.3}]}");
    ck_assert_uint_eq(c.octets[24 + 7], 9);
    ck_assert_uint_eq(c.octets[24 + 8], 77);
    ck_assert_uint_eq(c.octets[24 + 11], 3);
    end();
}
END_TEST

START_TEST(group_messages_get_the_headers_that_they_travel_with)
{
    static const struct {
        const char *written, *headers;
    } cases[] = {
        {"{igmp: query, group: 232.1.2.3}", "{ip4: 0.0.0.0 > 224.0.0.1, ttl: 1, dscp: cs6, options: router-alert}"},
        {"{igmp: report, records: []}", "{ip4: 0.0.0.0 > 224.0.0.22, ttl: 1}"},
        {"{igmp: report-v2, group: 239.1.1.1}", "{ip4: 0.0.0.0 > 239.1.1.1, ttl: 1, options: router-alert}"},
        {"{igmp: leave, group: 239.1.1.1}", "{ip4: 0.0.0.0 > 224.0.0.2}"},
        {"{mld: report-v1, group: 'ff3e::1'}", "{ip6: 'fe80::2 > ff3e::1', hop-limit: 1, hop-by-hop: router-alert}"},
        {"{mld: done, group: 'ff3e::1'}", "{ip6: 'fe80::2 > ff02::2', next-header: hop-by-hop}"},
        {"{ip6: '::1 > ::2', mld: query}", "{ip6: '::1 > ::2', hop-limit: 1, hop-by-hop: , mld: query}"},
        {"{ip6: '::1 > ::2', next-header: icmp6, mld: query}", "{ip6: , payload-length: 28, mld: query}"},
        {"{ip4: 192.0.2.1 > 232.1.2.3, igmp: query, max-response: 0x80}", "{ip4: , igmp: query, max-response: 12800ms}"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        struct amtg_composed c = compose(AMTG_IP_RAW, cases[i].written);
        ck_assert_msg(differences(cases[i].headers, AMTG_IP_RAW, c.octets, c.len) == 0, "%s", cases[i].written);
        end();
    }
}
END_TEST

START_TEST(records_are_the_structures_that_elements_take)
{
    begin();
    struct amtg_composed c = compose(AMTG_JOIN, "{join: 232.1.2.3, mode: exclude, sources: [192.0.2.1, 192.0.2.2]}");
    struct amtg_addr a;
    const struct amtg_join *join = (const void *)c.octets;
    ck_assert_uint_eq(c.len, sizeof *join + 2 * sizeof a);
    ck_assert(amtg_addr_parse("232.1.2.3", &a) && amtg_addr_equal(&join->group, &a));
    ck_assert_uint_eq(join->exclude, 1);
    ck_assert_uint_eq(join->count, 2);
    ck_assert(amtg_addr_parse("192.0.2.2", &a) && amtg_addr_equal(&join->sources[1], &a));
    c = compose(AMTG_ASK, "{ask: 'ff3e::1', suppress: 1}");
    const struct amtg_ask *ask = (const void *)c.octets;
    ck_assert_uint_eq(c.len, sizeof *ask);
    ck_assert_uint_eq(ask->suppress, 1);
    ck_assert_uint_eq(ask->count, 0);
    c = compose(AMTG_UNREACHABLE, "{unreachable: 3, code: 4, mtu: 1400}");
    const struct amtg_unreachable *u = (const void *)c.octets;
    ck_assert_uint_eq(c.len, sizeof *u);
    ck_assert(u->type == 3 && u->code == 4 && u->mtu == 1400);
    c = compose(AMTG_GONE, "{gone: }");
    ck_assert_uint_eq(c.len, 0);
    end();
}
END_TEST

START_TEST(a_long_payload_is_said_shortly)
{
    begin();
    struct amtg_composed c = compose(AMTG_AMT, "{amt: data, inner: {payload: 0xa1b2*700}}");
    ck_assert_uint_eq(c.len, 2 + 1400);
    ck_assert_uint_eq(c.octets[2], 0xa1);
    ck_assert_uint_eq(c.octets[1401], 0xb2);
    ck_assert_uint_eq(differences("{payload: 0xa1b2*700}", AMTG_DATAGRAM, c.octets + 2, 1400), 0);
    ck_assert_uint_eq(differences("{payload: 0xa1b2*699}", AMTG_DATAGRAM, c.octets + 2, 1400), 1);
    static const char *const wrong[] = {"0xa1b", "0xa1*", "0xa1*-1", "0xa1*70000", "0xa1*2x", "0xgg"};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct amtg_value v;
        ck_assert(!amtg_form_parse(&amtg_layer_payload.messages[0].fields[0], wrong[i], arena, &v));
    }
    end();
}
END_TEST

START_TEST(a_packet_that_is_too_long_is_refused)
{
    struct amtg_writing w = {.arena = NULL};
    struct amtg_written written;
    struct amtg_composed c;
    enum { TEXT = 70000 };
    char *text = malloc(TEXT + 64);

    begin();
    w.arena = arena;
    w.diag = diag;
    int used = sprintf(text, "{ip4: 192.0.2.1 > 232.1.2.3, payload: ");
    memset(text + used, 'x', TEXT);
    strcpy(text + used + TEXT, "}");
    ck_assert(read_written(text, &written));
    ck_assert(!amtg_compose(&w, &written, AMTG_IP_RAW, &c));
    ck_assert_uint_eq(amtg_diag_problems(diag), 1);
    free(text);
    end();
}
END_TEST

/* ---- comparing ---------------------------------------------------------------------- */

START_TEST(each_difference_is_told_and_nothing_else)
{
    static const struct {
        const char *written;
        unsigned differences;
    } cases[] = {
        {"{amt: update}", 0},
        {"{amt: }", 0},
        {"{amt: query}", 1},
        {"{amt: update, nonce: 1}", 1},
        {"{amt: update, nonce: 1, mac: 0x000000000000, reserved: 7}", 3},
        {"{amt: update, inner: {igmp: report}}", 0},
        {"{amt: update, inner: {igmp: query}}", 1},
        {"{amt: update, inner: {mld: report}}", 1},
        {"{igmp: report}", 1},
        {"{amt: update, inner: {igmp: report, ip4: }}", 1}, /* in another order */
        {"{amt: update, inner: {ip4: 0.0.0.0 > 224.0.0.22, igmp: report, record-count: 1}}", 0},
        {"{amt: update, inner: {ip4: 0.0.0.1 > 224.0.0.23}}", 2},
        {"{amt: update, inner: {igmp: report, records: []}}", 1},
        {"{amt: update, inner: {igmp: report, records: [{}]}}", 0},
        {"{amt: update, inner: {igmp: report, records: [{type: allow, group: 232.1.2.3}]}}", 0},
        {"{amt: update, inner: {igmp: report, records: [{type: block, group: 232.1.2.4}]}}", 2},
        {"{amt: update, inner: {igmp: report, records: [{}, {type: allow, group: 1.1.1.1}]}}", 1},
        {"{amt: update, inner: {igmp: report, records: [{sources: [198.51.100.12]}]}}", 0},
        {"{amt: update, inner: {igmp: report, records: [{sources: []}]}}", 1},
        {"{amt: update, inner: {igmp: report, records: [{sources: [198.51.100.13]}]}}", 1},
        {"{amt: update, inner: {igmp: report, records: [{sources: [198.51.100.12, 198.51.100.12]}]}}", 1},
        {"{amt: , relay: 192.0.2.1}", 1},
    };
    uint8_t octets[512];
    uint32_t len = hex(HEX_UPDATE4, octets);

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        ck_assert_msg(differences(cases[i].written, AMTG_AMT, octets, len) == cases[i].differences, "%s",
                      cases[i].written);
        end();
    }
    octets[12 + 27] ^= 1; /* the checksum of IGMP */
    begin();
    ck_assert_uint_eq(differences("{amt: update}", AMTG_AMT, octets, len), 1);
    ck_assert_uint_eq(differences("{amt: update, inner: {igmp: report, checksum: 0xc4b9}}", AMTG_AMT, octets, len),
                      0);
    end();
}
END_TEST

START_TEST(sources_are_compared_as_often_as_they_are_there)
{
    /* An IGMPv3 report: ALLOW 232.1.2.3 {198.51.100.12, 198.51.100.13} */
    static const char two[] = "46c0003000004000010203f200000000e00000169404000022009a760000"
                              "000105000002e8010203c633640cc633640d";
    uint8_t octets[128];
    uint32_t len = hex(two, octets);

    begin();
#define SOURCES(list) "{igmp: report, records: [{sources: [" list "]}]}"
    ck_assert_uint_eq(differences(SOURCES("198.51.100.13, 198.51.100.12"), AMTG_IP_RAW, octets, len), 0);
    ck_assert_uint_eq(differences(SOURCES("198.51.100.12, 198.51.100.12"), AMTG_IP_RAW, octets, len), 1);
#undef SOURCES
    end();
}
END_TEST

START_TEST(fields_are_found_by_their_paths)
{
    uint8_t octets[512];
    uint32_t len = hex(HEX_QUERY4_G, octets);
    struct amtg_dissection d;

    begin();
    amtg_dissect(&d, &amtg_layer_amt, octets, len);
    static const char *const paths[][2] = {{"nonce", "0xa1b2c3d4"}, {"amt.mac", "0x010203040506"},
                                           {"ip4.ttl", "1"}, {"igmp.interval", "125s"},
                                           {"gateway", "203.0.113.7"}, {"type", "query"},
                                           {"igmp.type", "0x11"}};
    for (unsigned i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        ck_assert(amtg_match_path_known(paths[i][0]));
        const struct amtg_part *p = amtg_match_find(&d, paths[i][0]);
        ck_assert_ptr_nonnull(p);
        ck_assert_str_eq(amtg_match_words(&d, p, arena, false), paths[i][1]);
    }
    ck_assert_ptr_null(amtg_match_find(&d, "udp.length"));
    ck_assert(amtg_match_path_known("udp.length"));
    ck_assert(!amtg_match_path_known("udp.mac"));
    ck_assert(!amtg_match_path_known("inner"));
    amtg_dissection_free(&d);
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("layers");
    TCase *all = tcase_create("layers");

    tcase_add_test(all, the_tables_are_sound);
    tcase_add_test(all, all_names_are_in_the_documentation);
    tcase_add_loop_test(all, every_octet_has_its_part, 0, VECTORS);
    tcase_add_loop_test(all, cut_and_broken_octets_are_taken_apart_too, 0, VECTORS);
    tcase_add_loop_test(all, words_of_values_can_be_read_again, 0, VECTORS);
    tcase_add_loop_test(all, written_messages_are_the_octets_of_the_rfcs, 0, VECTORS);
    tcase_add_test(all, a_wrong_checksum_is_told_with_the_right_one);
    tcase_add_test(all, what_is_said_is_written_as_it_is_even_if_it_is_wrong);
    tcase_add_test(all, group_messages_get_the_headers_that_they_travel_with);
    tcase_add_test(all, records_are_the_structures_that_elements_take);
    tcase_add_test(all, a_long_payload_is_said_shortly);
    tcase_add_test(all, a_packet_that_is_too_long_is_refused);
    tcase_add_test(all, each_difference_is_told_and_nothing_else);
    tcase_add_test(all, sources_are_compared_as_often_as_they_are_there);
    tcase_add_test(all, fields_are_found_by_their_paths);
    tcase_set_timeout(all, 30);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
