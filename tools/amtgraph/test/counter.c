#include "tools/amtgraph/test/counter.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PROBLEM(r, mark, expected, nearest, ...) \
    amtg_diag_add((r)->writing.diag, AMTG_PROBLEM, mark, NULL, expected, nearest, __VA_ARGS__)

struct counter {
    unsigned node, index;
    enum { COUNTED, DROPPED, LEFT } kind;
};

/* ---- names and amounts ------------------------------------------------------ */

/* "3", ">= 3", ...; op: '=', '<', '>', 'l' (<=), 'g' (>=). false: it is none. */
static bool parse_amount(const char *text, char *op, uint64_t *amount)
{
    char *end;

    *op = '=';
    if (*text == '<' || *text == '>') {
        *op = *text++;
        if (*text == '=') {
            *op = *op == '<' ? 'l' : 'g';
            text++;
        }
        text += strspn(text, " ");
    }
    errno = 0;
    *amount = strtoull(text, &end, 10);
    return isdigit((unsigned char)*text) && !*end && !errno;
}

/* Number i of what may be meant; NULL: there are no more. */
static const char *counter_name(const struct amtg_graph_node *n, bool drops, unsigned i,
                                struct counter *out)
{
    const struct amtg_class *class = n->class;

    out->kind = drops ? DROPPED : i < class->counters_count ? COUNTED : LEFT;
    out->index = out->kind == LEFT ? i - class->counters_count : i;
    if (out->kind == COUNTED)
        return class->counters[i].name;
    if (out->kind == LEFT)
        return out->index < n->outs_count ? n->outs[out->index].name : NULL;
    if (i < class->drops_count)
        return class->drops[i].name;
    return i - class->drops_count < AMTG_COMMON_DROPS ? amtg_common_drop(i - class->drops_count)
                                                      : NULL;
}

/* The element of `ELEMENT.NAME`; NULL: a problem. */
static const struct amtg_graph_node *counter_node(const struct test_reading *r,
                                                  const struct amtg_yaml *y, size_t len)
{
    const char *names[256];
    unsigned count = 0;

    for (unsigned i = 0; i < r->graph->nodes_count; i++) {
        const struct amtg_graph_node *n = &r->graph->nodes[i];
        if (strlen(n->name) == len && memcmp(n->name, y->key, len) == 0)
            return n;
        if (count < 256)
            names[count++] = n->name;
    }
    const char *name = amtg_arena_text_of(r->writing.arena, y->key, len);
    PROBLEM(r, y->key_mark, "ELEMENT.NAME", amtg_nearest(name, names, count),
            "there is no element \"%.60s\"", name);
    return NULL;
}

static bool find_counter(const struct test_reading *r, const struct amtg_yaml *y, bool drops,
                         struct counter *out)
{
    const char *dot = strchr(y->key, '.'), *names[256], *name;
    const struct amtg_graph_node *n =
        counter_node(r, y, dot ? (size_t)(dot - y->key) : strlen(y->key));
    unsigned count = 0;

    if (!n)
        return false;
    out->node = (unsigned)(n - r->graph->nodes);
    for (unsigned i = 0; (name = counter_name(n, drops, i, out)); i++) {
        if (dot && strcmp(name, dot + 1) == 0)
            return true;
        if (count < 256)
            names[count++] = name;
    }
    PROBLEM(r, y->key_mark, dot ? NULL : "ELEMENT.NAME",
            dot ? amtg_nearest(dot + 1, names, count) : NULL, "%s has no %s \"%.60s\"",
            n->class->name, drops ? "reason for drops" : "counter or output", dot ? dot + 1 : "");
    return false;
}

/* The amount that is said; false: it is none, or not known yet. */
static bool read_amount(const struct test_reading *r, const struct amtg_yaml *y, char *op,
                        uint64_t *amount)
{
    const char *text =
        y->kind == AMTG_YAML_SCALAR ? amtg_written_text(&r->writing, y->text, y->mark) : "";

    if (text && parse_amount(text, op, amount))
        return true;
    if (text)
        PROBLEM(r, y->mark, "a number, or one after <, <=, >= or >", NULL, "%s cannot be \"%.40s\"",
                y->key, text);
    return false;
}

void test_counters_check(const struct test_reading *r, const struct amtg_yaml *map, bool drops)
{
    struct counter counter;
    uint64_t amount;
    char op;

    if (map->kind != AMTG_YAML_MAP) {
        PROBLEM(r, map->mark, "a map such as {query.igmp-queries: 1}", NULL, "`%s` cannot be this",
                map->key);
        return;
    }
    for (const struct amtg_yaml *y = map->first; y; y = y->next) {
        if (r->graph)
            find_counter(r, y, drops, &counter);
        read_amount(r, y, &op, &amount);
    }
}

/* ---- values ----------------------------------------------------------------- */

static bool holds(uint64_t is, char op, uint64_t amount)
{
    switch (op) {
    case '<':
        return is < amount;
    case '>':
        return is > amount;
    case 'l':
        return is <= amount;
    case 'g':
        return is >= amount;
    default:
        return is == amount;
    }
}

static uint64_t counted(const struct amtg_element *e, const struct counter *c)
{
    return c->kind == DROPPED ? e->drops[c->index]
           : c->kind == LEFT  ? e->outs[c->index].packets
                              : e->counters[c->index];
}

bool test_counters_hold(const struct test_reading *r, const struct amtg_yaml *map, bool drops,
                        struct amtg_runtime *rt)
{
    bool good = true;

    for (const struct amtg_yaml *y = map->first; y; y = y->next) {
        struct counter c;
        uint64_t amount;
        char op;
        if (!find_counter(r, y, drops, &c) || !read_amount(r, y, &op, &amount))
            return false;
        uint64_t is = counted(amtg_runtime_element(rt, c.node), &c);
        if (holds(is, op, amount))
            continue;
        PROBLEM(r, y->mark, amtg_written_text(&r->writing, y->text, y->mark), NULL, "%s is %llu",
                y->key, (unsigned long long)is);
        good = false;
    }
    return good;
}
