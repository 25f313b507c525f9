/*
 * expect: watches counters of other elements, and judges whether they stay within
 * bounds: always, and from a time on at which all should be at rest. How a world states
 * what must hold.
 *
 *     elements:
 *       bounds:
 *         class: expect
 *         always: {membership.endpoints: 0..1000, wrap.full: 0}
 *         at-rest: {membership.endpoints: 0, nat.mappings: 0, buffers: 0}
 *         rest: 23h
 *
 * Timer:
 *   look   every `every`
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/element.h"

struct bounds {
    uint64_t least, most;
};

/* A counter, or a pool of which the buffers in use are watched. */
struct watched {
    const struct amtg_element *element;
    const uint64_t *counter;
    const char *name; /* of the counter or the pool */
    struct bounds bounds;
    bool at_rest; /* these bounds hold from `rest` on only */
    bool broken;  /* and told */
};

struct expect {
    struct amtg_map always, at_rest;
    uint64_t rest_ns, every_ns;

    struct watched *watched;
    unsigned count;
    bool rested; /* `rest` has come */
    struct amtg_timer look;
};

enum { WATCHED, LOOKS, BROKEN };
enum { ITEMS = 256, NAME = 256 };

/* ---- parameters -------------------------------------------------------------- */

/* "0..1000" or "7". */
static bool parse_bounds(const char *text, struct bounds *out)
{
    struct amtg_param number = {.kind = AMTG_KIND_UINT, .size = sizeof(uint64_t), .max = UINT64_MAX};
    const char *dots = strstr(text, "..");
    char first[32];
    size_t len = dots ? (size_t)(dots - text) : strlen(text);

    if (len >= sizeof first)
        return false;
    memcpy(first, text, len);
    first[len] = '\0';
    if (!amtg_param_scalar(&number, first, &out->least))
        return false;
    out->most = out->least;
    return !dots || (amtg_param_scalar(&number, dots + 2, &out->most) && out->least <= out->most);
}

static bool is_pool(const char *name)
{
    return strcmp(name, "buffers") == 0 || strcmp(name, "records") == 0;
}

static void check_map(const struct amtg_map *map, const char *param, struct amtg_check *check)
{
    struct bounds bounds;

    for (unsigned i = 0; i < map->count; i++) {
        const char *dot = strrchr(map->names[i], '.');
        if (!is_pool(map->names[i]) && (!dot || dot == map->names[i] || !dot[1]))
            amtg_check_problem(check, param, (int)i,
                               "\"%.60s\": expected ELEMENT.COUNTER, `buffers` or `records`",
                               map->names[i]);
        if (strlen(map->names[i]) >= NAME)
            amtg_check_problem(check, param, (int)i, "the name is too long");
        if (!parse_bounds(map->texts[i], &bounds))
            amtg_check_problem(check, param, (int)i,
                               "expected a number or two, such as 0 or 0..1000");
    }
}

static void expect_check(const void *params, struct amtg_check *check)
{
    const struct expect *x = params;

    check_map(&x->always, "always", check);
    check_map(&x->at_rest, "at-rest", check);
    if (x->at_rest.count && !x->rest_ns)
        amtg_check_problem(check, "rest", -1, "needed, to know when `at-rest` holds");
}

/* ---- whom to watch ------------------------------------------------------------ */

/* `*` stands for any characters, or none. */
static bool matches(const char *pattern, const char *name)
{
    const char *star = NULL, *again = NULL;

    while (*name) {
        if (*pattern == '*') {
            star = pattern++;
            again = name;
        } else if (*pattern == *name) {
            pattern++, name++;
        } else if (star) {
            pattern = star + 1;
            name = ++again;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

static bool watch(struct expect *x, const struct watched *one)
{
    struct watched *more = realloc(x->watched, (x->count + 1) * sizeof *more);

    if (!more)
        return false;
    x->watched = more;
    x->watched[x->count++] = *one;
    return true;
}

/* All elements whose name fits the item and that have the counter. */
static enum amtg_err watch_item(struct amtg_element *e, const struct amtg_map *map, unsigned i,
                                bool at_rest)
{
    struct expect *x = amtg_state(e);
    const char *dot = strrchr(map->names[i], '.');
    struct watched one = {.at_rest = at_rest, .name = dot ? dot + 1 : map->names[i]};
    unsigned before = x->count;
    char pattern[NAME];

    parse_bounds(map->texts[i], &one.bounds);
    if (is_pool(map->names[i]))
        return watch(x, &one) ? AMTG_OK : AMTG_ENOMEM;
    memcpy(pattern, map->names[i], (size_t)(dot - map->names[i]));
    pattern[dot - map->names[i]] = '\0';
    for (unsigned k = 0; (one.element = amtg_element_at(e, k)); k++) {
        if (!matches(pattern, one.element->name))
            continue;
        one.counter = amtg_counter_find(one.element, one.name);
        if (one.counter && !watch(x, &one))
            return AMTG_ENOMEM;
    }
    if (x->count == before)
        return amtg_fail(e, AMTG_ECONFIG, "no element fits \"%s\", or none has a counter \"%s\"",
                         pattern, one.name);
    return AMTG_OK;
}

/* ---- looking -------------------------------------------------------------------- */

static uint64_t value_of(const struct amtg_element *e, const struct watched *w)
{
    if (w->counter)
        return *w->counter;
    return amtg_pool_stats(strcmp(w->name, "records") == 0 ? e->records : e->pool).in_use;
}

static void tell(struct amtg_element *e, const struct watched *w, uint64_t value)
{
    const char *of = w->element ? w->element->name : "", *dot = w->element ? "." : "";
    uint64_t s = amtg_now(e) / AMTG_S;

    amtg_verdict(e, false,
                 "at %" PRIu64 ":%02u:%02u %s%s%s is %" PRIu64 ", not %" PRIu64 "..%" PRIu64 "%s",
                 s / 3600, (unsigned)(s / 60 % 60), (unsigned)(s % 60), of, dot, w->name, value,
                 w->bounds.least, w->bounds.most, w->at_rest ? " as it should be at rest" : "");
    amtg_log(e, AMTG_LOG_ERROR, "broken",
             "what=%s%s%s value=%" PRIu64 " least=%" PRIu64 " most=%" PRIu64 " at-rest=%d", of, dot,
             w->name, value, w->bounds.least, w->bounds.most, w->at_rest);
}

static void look_at(struct amtg_element *e, struct watched *w)
{
    uint64_t value = value_of(e, w);
    bool broken = value < w->bounds.least || value > w->bounds.most;

    if (broken && !w->broken) {
        amtg_count(e, BROKEN, 1);
        tell(e, w, value);
    }
    w->broken = broken;
}

static void look(struct amtg_element *e, struct amtg_timer *t)
{
    struct expect *x = amtg_state(e);

    x->rested = x->rest_ns && amtg_now(e) >= x->rest_ns;
    for (unsigned i = 0; i < x->count; i++)
        if (!x->watched[i].at_rest || x->rested)
            look_at(e, &x->watched[i]);
    amtg_count(e, LOOKS, 1);
    amtg_timer_start(e, t, x->every_ns);
}

/* ---- life ------------------------------------------------------------------------- */

static enum amtg_err expect_init(struct amtg_element *e)
{
    struct expect *x = amtg_state(e);

    x->look.fire = look;
    return AMTG_OK;
}

static void expect_fini(struct amtg_element *e)
{
    struct expect *x = amtg_state(e);

    free(x->watched);
    x->watched = NULL;
    x->count = 0;
}

static enum amtg_err expect_start(struct amtg_element *e)
{
    struct expect *x = amtg_state(e);
    enum amtg_err err = AMTG_OK;

    x->count = 0;
    for (unsigned i = 0; i < x->always.count && !err; i++)
        err = watch_item(e, &x->always, i, false);
    for (unsigned i = 0; i < x->at_rest.count && !err; i++)
        err = watch_item(e, &x->at_rest, i, true);
    amtg_gauge(e, WATCHED, x->count);
    if (!err)
        amtg_timer_start(e, &x->look, x->every_ns);
    return err;
}

static void expect_stop(struct amtg_element *e)
{
    struct expect *x = amtg_state(e);

    amtg_timer_stop(e, &x->look);
    if (x->at_rest.count && !x->rested)
        amtg_log(e, AMTG_LOG_WARNING, "not-judged", "what=at-rest reason=the-run-ended-before");
}

const struct amtg_class amtg_expect = {
    .name = "expect",
    .summary = "judges whether counters of other elements stay within bounds",
    .details =
        "How a world states what must hold. Each item of `always` names a counter, gauge or drop "
        "reason as ELEMENT.COUNTER, and the bounds that it must keep: a number, or two as in "
        "`0..1000`. `*` in the name of the element stands for any characters, and every element "
        "that fits is watched. `buffers` and `records` are what the two pools have given out. They "
        "are looked at every `every`; what is out of bounds makes the verdict bad, so that "
        "`amtgraph run` ends with exit code 1, and is a line of the log.\n\n"
        "`at-rest` is the same for what must hold from the time `rest` on, when nobody wants "
        "anything any more: no state outlives its timer, all buffers are back. A run that ends "
        "before that says so in the log.\n\n"
        "Names of elements are full ones: of an element `nat` in a graph that is used as `home` "
        "they are `home/nat`, or `homes[7]/nat` in a row.",
    .example = "elements:\n"
               "  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1}\n"
               "  path:   {class: link, delay: 30ms}\n"
               "  end:    {class: discard}\n"
               "  bounds: {class: expect, always: {path.length: 0..4, path.full: 0}}\n"
               "edges:\n"
               "  - source -> path -> end\n",
    .state_octets = sizeof(struct expect),
    AMTG_PARAMS(AMTG_MAP(struct expect, always, 0, ITEMS, "what must hold at any time"),
                AMTG_MAP(struct expect, at_rest, 0, ITEMS, "what must hold from `rest` on"),
                AMTG_DURATION(struct expect, rest_ns, "0s", 0, 1000 * 24 * 3600 * AMTG_S,
                              "time of the run from which on all is at rest; 0s: never"),
                AMTG_DURATION(struct expect, every_ns, "10s", AMTG_MS, 24 * 3600 * AMTG_S,
                              "how often it is looked at")),
    AMTG_COUNTERS([WATCHED] = {"watched", "counters", "that the items stand for", AMTG_GAUGE},
                  [LOOKS] = {"looks", "times", "all was looked at", AMTG_COUNTER},
                  [BROKEN] = {"broken", "times", "one went out of its bounds", AMTG_COUNTER}),
    .check = expect_check,
    .init = expect_init,
    .start = expect_start,
    .stop = expect_stop,
    .fini = expect_fini,
};
