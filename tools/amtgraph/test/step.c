#include "tools/amtgraph/test/step.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/param.h"
#include "elements/wire/compose.h"
#include "elements/wire/match.h"
#include "elements/wire/types.h"
#include "tools/amtgraph/test/counter.h"
#include "tools/amtgraph/test/keys.h"

#define PROBLEM(r, mark, expected, nearest, ...) \
    amtg_diag_add((r)->writing.diag, AMTG_PROBLEM, mark, NULL, expected, nearest, __VA_ARGS__)

enum { VERBS = TEST_STOP + 1 };

/* ---- saved values ----------------------------------------------------------- */

static int find_value(const struct test_reading *r, const char *name, size_t len)
{
    for (unsigned i = 0; i < r->values.count; i++)
        if (strlen(r->values.all[i].name) == len && memcmp(r->values.all[i].name, name, len) == 0)
            return (int)i;
    return -1;
}

void test_value_save(struct test_reading *r, const char *name, const char *value)
{
    int found = find_value(r, name, strlen(name));
    struct test_values *v = &r->values;

    if (found < 0) {
        v->all = amtg_arena_grow(r->writing.arena, v->all, v->count, sizeof *v->all);
        found = (int)v->count++;
        v->all[found].name = name;
    }
    v->all[found].value = value;
}

/* For struct amtg_writing: `${name}` as a whole scalar. */
static const char *value_of(void *arg, const char *text, struct amtg_mark mark)
{
    const struct test_reading *r = arg;
    size_t len = strlen(text);

    if (strncmp(text, "${", 2) != 0 || text[len - 1] != '}')
        return text;
    int found = find_value(r, text + 2, len - 3);
    if (found >= 0)
        return r->values.all[found].value;
    const char *names[64];
    unsigned count = 0;
    for (; count < r->values.count && count < 64; count++)
        names[count] = r->values.all[count].name;
    const char *name = amtg_arena_text_of(r->writing.arena, text + 2, len - 3);
    PROBLEM(r, mark, "the name of a value that an earlier step saves",
            amtg_nearest(name, names, count), "no value \"%.40s\" is known here", name);
    return NULL;
}

void test_reading_init(struct test_reading *r, const struct test_file *f,
                       const struct amtg_graph *g, struct amtg_diag *diag, struct amtg_arena *arena)
{
    *r = (struct test_reading){
        .file = f, .graph = g, .writing = {.diag = diag, .arena = arena, .value = value_of}};
    r->writing.arg = r;
}

/* ---- scalars ---------------------------------------------------------------- */

/* The text of a child that must be a scalar; NULL: not there, unknown yet, or a problem. */
static const char *scalar(struct test_reading *r, const struct amtg_yaml *step, const char *key,
                          const struct amtg_yaml **node)
{
    const struct amtg_yaml *y = amtg_yaml_get(step, key);

    if (node)
        *node = y;
    if (!y || y->bad)
        return NULL;
    if (y->kind == AMTG_YAML_SCALAR)
        return amtg_written_text(&r->writing, y->text, y->mark);
    PROBLEM(r, y->mark, "a single value", NULL, "`%s` cannot be a list or a map", key);
    return NULL;
}

static void read_duration(struct test_reading *r, const struct amtg_yaml *step, const char *key,
                          uint64_t *ns)
{
    const struct amtg_yaml *y;
    const char *text = scalar(r, step, key, &y);

    if (text && !amtg_duration_parse(text, ns))
        PROBLEM(r, y->mark, "a duration such as 10s, 100ms or 1h", NULL, "`%s` cannot be \"%.40s\"",
                key, text);
}

static void read_number(struct test_reading *r, const struct amtg_yaml *step, const char *key,
                        uint32_t *number)
{
    const struct amtg_yaml *y;
    const char *text = scalar(r, step, key, &y);
    char *end;

    if (!text)
        return;
    unsigned long value = strtoul(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || value < 1 || value > 1000000)
        PROBLEM(r, y->mark, "a number from 1 to 1000000", NULL, "`%s` cannot be \"%.40s\"", key,
                text);
    else
        *number = (uint32_t)value;
}

static void read_end(struct test_reading *r, const struct amtg_yaml *step, const char *key,
                     struct test_end *end)
{
    const struct amtg_yaml *y;
    const char *text = scalar(r, step, key, &y);
    char address[AMTG_ADDR_TEXT + 1] = "";
    unsigned long port = 0;

    if (!text)
        return;
    size_t len = strcspn(text, " ");
    const char *rest = text + len + strspn(text + len, " ");
    char *stop = (char *)rest;
    if (len < sizeof address)
        memcpy(address, text, len);
    if (*rest)
        port = strtoul(rest, &stop, 10);
    if (!amtg_addr_parse(address, &end->addr) || *stop ||
        (*rest && !isdigit((unsigned char)*rest)) || port > UINT16_MAX) {
        PROBLEM(r, y->mark, "an address and a port, such as 192.0.2.10 51000", NULL,
                "`%s` cannot be \"%.60s\"", key, text);
        return;
    }
    end->mark = y->mark;
    end->said = true;
    end->port_said = *rest != '\0';
    end->port = (uint16_t)port;
}

static void read_skip(struct test_reading *r, const struct amtg_yaml *step, bool *skip)
{
    static const char *const words[] = {"no", "yes", "false", "true"};
    const struct amtg_yaml *y;
    const char *text = scalar(r, step, "skip-others", &y);

    for (unsigned i = 0; text && i < 4; i++)
        if (strcmp(text, words[i]) == 0) {
            *skip = i & 1;
            return;
        }
    if (text)
        PROBLEM(r, y->mark, "yes or no", NULL, "`skip-others` cannot be \"%.40s\"", text);
}

/* ---- packets ---------------------------------------------------------------- */

static void read_hex(struct test_reading *r, struct test_step *s)
{
    const char *text = s->hex->kind == AMTG_YAML_SCALAR
                           ? amtg_written_text(&r->writing, s->hex->text, s->hex->mark)
                           : "";
    uint8_t *octets = text ? amtg_arena_get(r->writing.arena, strlen(text) / 2 + 1) : NULL;
    unsigned digits = 0;

    for (const char *c = text; c && *c; c++) {
        static const char all[] = "0123456789abcdef";
        const char *at = strchr(all, tolower((unsigned char)*c));
        if (isspace((unsigned char)*c))
            continue;
        if (!at) {
            digits = 1;
            break;
        }
        octets[digits / 2] = (uint8_t)(octets[digits / 2] << 4 | (at - all));
        digits++;
    }
    if (text && (digits % 2 || digits == 0))
        PROBLEM(r, s->hex->mark, "pairs of hexadecimal digits, with or without blanks between them",
                NULL, "these are no octets");
    s->octets = octets;
    s->len = digits / 2;
}

/* What a packet begins with, for choosing a port before all of it is known. */
static const struct amtg_layer *first_written(const struct test_step *s)
{
    return s->written.layers_count ? s->written.layers[0].layer : NULL;
}

static bool read_packet(struct test_reading *r, const struct amtg_yaml *step, struct test_step *s)
{
    unsigned said = 0;

    s->packet = amtg_yaml_get(step, "packet");
    s->hex = amtg_yaml_get(step, "hex");
    s->pcap = amtg_yaml_get(step, "pcap");
    said = !!s->packet + !!s->hex + !!s->pcap;
    if (said > 1 || (said == 0 && s->verb == TEST_SEND))
        PROBLEM(r, s->mark, s->verb == TEST_SEND ? "one of packet, hex and pcap" : "packet or hex",
                NULL, said ? "more than one packet is said" : "what is to be sent?");
    if (s->hex)
        read_hex(r, s);
    if (s->pcap && s->pcap->kind != AMTG_YAML_SCALAR)
        PROBLEM(r, s->pcap->mark, "a path, from the folder of this file", NULL,
                "`pcap` cannot be a list or a map");
    return !s->packet || amtg_written_read(&r->writing, s->packet, &s->written);
}

/* Octets of what is sent; its place is known. */
static void compose(struct test_reading *r, struct test_step *s)
{
    const struct amtg_type *type = test_place_type(r->graph, &s->place);
    struct amtg_composed c;

    /* A carrier takes anything: what stands first says what it is. */
    if (!amtg_type_is(type, AMTG_IP_RAW) && type != AMTG_REPORT &&
        !amtg_type_is(type, AMTG_DATAGRAM))
        type = amtg_layer_fits(s->first, AMTG_IP_RAW) && s->first != &amtg_layer_payload
                   ? AMTG_IP_RAW
                   : type;
    if (amtg_compose(&r->writing, &s->written, type, &c)) {
        s->octets = c.octets;
        s->len = c.len;
    }
}

/* ---- saving ----------------------------------------------------------------- */

static void read_save(struct test_reading *r, const struct amtg_yaml *step, struct test_step *s)
{
    s->save = amtg_yaml_get(step, "save");
    if (!s->save)
        return;
    if (s->save->kind != AMTG_YAML_MAP) {
        PROBLEM(r, s->save->mark, "a map such as {mac: amt.mac}", NULL, "`save` cannot be this");
        return;
    }
    for (const struct amtg_yaml *y = s->save->first; y; y = y->next) {
        const char *path = y->kind == AMTG_YAML_SCALAR ? y->text : "";
        if (strcmp(path, "from") && strcmp(path, "to") && !amtg_match_path_known(path))
            PROBLEM(r, y->mark, "FIELD, LAYER.FIELD, from or to", NULL,
                    "there is no field \"%.60s\"", path);
    }
}

/* ---- a step as a whole ------------------------------------------------------ */

/* The verb: the key of the step that is one. VERBS: none. */
static unsigned find_verb(const struct amtg_yaml *y, const struct amtg_yaml **key)
{
    for (unsigned verb = 0; verb < VERBS; verb++)
        if ((*key = amtg_yaml_get(y, test_verb_words[verb].name)))
            return verb;
    return VERBS;
}

static void unknown_verb(struct test_reading *r, struct amtg_mark mark, const char *word)
{
    const char *names[VERBS];

    for (unsigned i = 0; i < VERBS; i++)
        names[i] = test_verb_words[i].name;
    PROBLEM(r, mark, "send, expect, nothing, after, counters, drops or stop",
            word ? amtg_nearest(word, names, VERBS) : NULL, "this is no step of a test");
}

static void check_keys(struct test_reading *r, const struct amtg_yaml *y, unsigned verb)
{
    const char *const *keys = test_verb_words[verb].keys;
    size_t count = 0;

    while (count < TEST_STEP_KEYS && keys[count])
        count++;
    for (const struct amtg_yaml *c = y->first; c; c = c->next) {
        size_t i = 0;
        while (i < count && strcmp(keys[i], c->key) != 0)
            i++;
        if (i == count && strcmp(c->key, test_verb_words[verb].name) != 0)
            PROBLEM(r, c->key_mark, NULL, amtg_nearest(c->key, keys, count),
                    "a step `%s` has no key \"%.60s\"", test_verb_words[verb].name, c->key);
    }
}

static void read_place(struct test_reading *r, struct test_step *s)
{
    const struct amtg_yaml *y = s->value;

    if (y->kind != AMTG_YAML_SCALAR)
        PROBLEM(r, y->mark, "an element, or ELEMENT.PORT", NULL, "a list or a map is no place");
    else if (r->graph &&
             test_place_find(r->graph, y, s->verb == TEST_SEND, s->first, r->writing.diag,
                             &s->place) &&
             s->verb == TEST_SEND && s->packet)
        compose(r, s);
}

static void read_keys(struct test_reading *r, const struct amtg_yaml *y, struct test_step *s)
{
    bool good = true;

    switch (s->verb) {
    case TEST_SEND:
    case TEST_EXPECT:
        read_end(r, y, "from", &s->from);
        read_end(r, y, "to", &s->to);
        read_number(r, y, s->verb == TEST_SEND ? "times" : "count", &s->count);
        read_duration(r, y, "within", &s->ns);
        read_skip(r, y, &s->skip_others);
        read_save(r, y, s);
        good = read_packet(r, y, s);
        s->first = first_written(s);
        if (good)
            read_place(r, s);
        break;
    case TEST_NOTHING:
        read_duration(r, y, "for", &s->ns);
        read_place(r, s);
        break;
    case TEST_AFTER:
        read_duration(r, y, "after", &s->ns);
        break;
    case TEST_COUNTERS:
    case TEST_DROPS:
        test_counters_check(r, s->value, s->verb == TEST_DROPS);
        break;
    case TEST_STOP:
        break;
    }
}

bool test_step_read(struct test_reading *r, const struct amtg_yaml *y, struct test_step *out)
{
    size_t before = amtg_diag_reported(r->writing.diag);
    const struct amtg_yaml *key = NULL;

    *out = (struct test_step){.mark = y->mark, .count = 1};
    if (y->bad)
        return false;
    if (y->kind == AMTG_YAML_SCALAR && strcmp(y->text, test_verb_words[TEST_STOP].name) == 0) {
        out->verb = TEST_STOP;
        return true;
    }
    unsigned verb = find_verb(y, &key);
    if (verb == VERBS || verb == TEST_STOP) {
        bool map = y->kind == AMTG_YAML_MAP && y->first;
        unknown_verb(r, map ? y->first->key_mark : y->mark,
                     map                           ? y->first->key
                     : y->kind == AMTG_YAML_SCALAR ? y->text
                                                   : NULL);
        return false;
    }
    out->verb = (enum test_verb)verb;
    out->mark = key->key_mark;
    out->value = key;
    check_keys(r, y, verb);
    read_keys(r, y, out);
    return amtg_diag_reported(r->writing.diag) == before;
}

/* ---- wires ------------------------------------------------------------------ */

bool test_wire_read(const struct test_reading *r, const struct amtg_yaml *y, unsigned ends[2])
{
    const char *sign = y->kind == AMTG_YAML_SCALAR ? strstr(y->text, " <-> ") : NULL;

    if (!sign) {
        PROBLEM(r, y->mark, "two elements with ` <-> ` between them", NULL, "this is no wire");
        return false;
    }
    const char *names[2] = {amtg_arena_text_of(r->writing.arena, y->text, (size_t)(sign - y->text)),
                            sign + 5};
    for (unsigned i = 0; i < 2; i++) {
        struct amtg_yaml name = {
            .kind = AMTG_YAML_SCALAR, .text = (char *)names[i], .mark = y->mark};
        struct test_place place;
        name.mark.column += (i ? (unsigned)(names[1] - y->text) : 0) + y->quoted;
        name.mark.length = (unsigned)strlen(names[i]);
        if (!test_place_find(r->graph, &name, false, NULL, r->writing.diag, &place))
            return false;
        ends[i] = place.node;
        if (place.output || strchr(names[i], '.')) {
            PROBLEM(r, name.mark, "elements that stand for the host, such as udp-socket", NULL,
                    "a wire cannot lead to \"%.60s\"", names[i]);
            return false;
        }
    }
    return true;
}

/* ---- a whole test ----------------------------------------------------------- */

void test_steps_check(const struct test_file *f, const struct test *test,
                      const struct amtg_graph *g, struct amtg_diag *diag)
{
    struct amtg_arena *arena = amtg_arena_new();
    struct test_reading r;
    unsigned ends[2];

    test_reading_init(&r, f, g, diag, arena);
    for (const struct amtg_yaml *y = test->wires && g ? test->wires->first : NULL; y; y = y->next)
        test_wire_read(&r, y, ends);
    for (const struct amtg_yaml *y = test->steps->first; y; y = y->next) {
        struct test_step step;
        bool good = test_step_read(&r, y, &step);
        (void)good;
        for (const struct amtg_yaml *s =
                 step.save && step.save->kind == AMTG_YAML_MAP ? step.save->first : NULL;
             s; s = s->next)
            test_value_save(&r, s->key, NULL);
    }
    amtg_arena_free(arena);
}
