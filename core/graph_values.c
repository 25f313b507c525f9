/* What parameters are set to: declarations in `params`, --set, the environment, `${name}`. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/graph_keys.h"
#include "core/graph_private.h"

enum { EXPECTED = 256, TYPES_MOST = 32 };

static bool is_list_kind(enum amtg_param_kind kind)
{
    return kind == AMTG_KIND_ADDRS || kind == AMTG_KIND_HOSTS || kind == AMTG_KIND_TEXTS;
}

/* ---- `${name}` ------------------------------------------------------------------- */

struct amtg_yaml *graph_text(struct loader *l, const char *text, struct amtg_mark mark)
{
    struct amtg_yaml *y = amtg_arena_get(l->arena, sizeof *y);

    y->kind = AMTG_YAML_SCALAR;
    y->text = amtg_arena_text(l->arena, text);
    y->mark = mark;
    return y;
}

void graph_piece_problem(struct loader *l, const struct piece *p, const char *subject,
                         const char *expected, const char *nearest, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    graph_problem(l, p->mark, subject, expected, nearest, "%s", text);
    if (p->param && p->value.yaml)
        amtg_diag_note(l->diag, p->value.yaml->mark, "the value of \"%s\" is from here", p->param);
}

/* The parameter that "${name}" stands for. NULL: a problem, reported. */
static struct scope_param *find_param(struct loader *l, struct value v, const char *subject)
{
    const struct amtg_yaml *y = v.yaml;
    struct scope *s = v.scope;
    size_t len = strlen(y->text);
    char *name = amtg_arena_text_of(l->arena, y->text + 2, len - 3);
    int i = amtg_names_find(&s->param_names, name);

    if (v.index && strcmp(name, "index") == 0)
        return v.index;
    if (i >= 0) {
        s->params[i].used = true;
        return &s->params[i];
    }
    graph_problem(l, y->mark, subject, NULL, graph_nearest(l, name, &s->param_names),
                  "there is no parameter \"%.60s\" in `params`", name);
    return NULL;
}

bool graph_piece(struct loader *l, struct value v, const char *subject, struct piece *out)
{
    const struct amtg_yaml *y = v.yaml;

    *out = (struct piece){.value = v, .mark = y->mark};
    if (y->bad)
        return false;
    if (y->kind != AMTG_YAML_SCALAR || !v.scope)
        return true;
    const char *dollar = strstr(y->text, "${");
    if (!dollar)
        return true;
    if (graph_is_sum(y->text)) {
        out->value.yaml = graph_sum(l, v, subject);
        return out->value.yaml != NULL;
    }
    size_t len = strlen(y->text);
    if (dollar != y->text || strchr(y->text, '}') != y->text + len - 1) {
        graph_problem(l, y->mark, subject, NULL, NULL,
                      "\"${...}\" must be the whole value, or a term of a sum");
        return false;
    }
    struct scope_param *p = find_param(l, v, subject);
    if (!p || p->bad || !p->value.yaml)
        return false;
    out->value = p->value;
    out->param = p->name;
    return !p->value.yaml->bad;
}

struct pieces {
    struct piece *items;
    unsigned count;
};

static void add_piece(struct loader *l, struct pieces *list, const struct piece *p)
{
    list->items = amtg_arena_grow(l->arena, list->items, list->count, sizeof *list->items);
    list->items[list->count++] = *p;
}

/* An item of a list; one that stands for a list itself is spliced. */
static bool add_item(struct loader *l, struct pieces *list, const struct piece *whole,
                     const struct amtg_yaml *y, const char *subject)
{
    struct value v = whole->value;
    struct piece p;

    v.yaml = y;
    if (!graph_piece(l, v, subject, &p))
        return false;
    if (p.param && p.value.yaml->kind == AMTG_YAML_LIST) {
        struct piece inner = p;
        for (inner.value.yaml = p.value.yaml->first; inner.value.yaml;
             inner.value.yaml = inner.value.yaml->next)
            add_piece(l, list, &inner);
        return true;
    }
    if (whole->param) { /* shown where the element is, not where the list is written */
        p.mark = whole->mark;
        p.param = whole->param;
    }
    add_piece(l, list, &p);
    return true;
}

bool graph_pieces(struct loader *l, struct value v, const char *subject, const char *expected,
                  struct piece **out, unsigned *count)
{
    struct pieces list = {0};
    struct piece whole;
    bool good = graph_piece(l, v, subject, &whole);

    if (good && whole.value.yaml->kind == AMTG_YAML_SCALAR) {
        add_piece(l, &list, &whole);
    } else if (good && whole.value.yaml->kind == AMTG_YAML_MAP) {
        graph_piece_problem(l, &whole, subject, expected, NULL, "a map cannot stand here");
        good = false;
    } else if (good) {
        for (const struct amtg_yaml *y = whole.value.yaml->first; y; y = y->next)
            good &= add_item(l, &list, &whole, y, subject);
    }
    for (unsigned i = 0; i < list.count; i++) {
        const struct amtg_yaml *y = list.items[i].value.yaml;
        if (!y->bad && y->kind != AMTG_YAML_SCALAR)
            graph_piece_problem(l, &list.items[i], subject, expected, NULL,
                                "a list or a map cannot stand inside this list");
        good &= !y->bad && y->kind == AMTG_YAML_SCALAR;
    }
    *out = list.items;
    *count = list.count;
    return good;
}

/* ---- declarations ---------------------------------------------------------------- */

static const char *scalar_of(struct loader *l, const struct amtg_yaml *y, const char *subject,
                             const char *expected)
{
    if (y->bad)
        return NULL;
    if (y->kind == AMTG_YAML_SCALAR)
        return y->text;
    graph_problem(l, y->mark, subject, expected, NULL, "a %s cannot stand here",
                  y->kind == AMTG_YAML_LIST ? "list" : "map");
    return NULL;
}

static void declare_type(struct loader *l, struct scope_param *p, const struct amtg_yaml *y,
                         const char *subject)
{
    const struct amtg_graph_type *t = amtg_graph_types;
    const char *names[TYPES_MOST];
    size_t count = 0;

    p->bad = true;
    const char *text = scalar_of(l, y, subject, "the name of a type");
    if (!text)
        return;
    for (; t->name && strcmp(t->name, text) != 0; t++)
        names[count++] = t->name;
    if (t->name) {
        p->type = t->name;
        p->spec.kind = t->kind;
        p->spec.family = t->family;
        p->spec.size = t->size;
        p->has_bounds = amtg_graph_type_has_bounds(t);
        p->bad = false;
        return;
    }
    graph_problem(l, y->mark, subject, "a type such as text, uint, duration, interface or ip4",
                  amtg_nearest(text, names, count), "there is no type \"%.60s\"", text);
}

/* `min` or `max`: written as a value of the type itself. */
static void declare_bound(struct loader *l, struct scope_param *p, const struct amtg_yaml *y,
                          const char *subject)
{
    bool is_min = strcmp(y->key, "min") == 0;
    struct amtg_param any = {
        .kind = p->spec.kind, .size = p->spec.size, .fmin = -1e300, .fmax = 1e300};
    char expected[EXPECTED];
    uint64_t bound = 0;

    if (p->bad)
        return;
    if (!p->has_bounds) {
        graph_problem(l, y->key_mark, subject, NULL, NULL, "a parameter of type %s has no `%s`",
                      p->type, y->key);
        return;
    }
    const char *text =
        scalar_of(l, y, subject, amtg_param_expected(&any, expected, sizeof expected));
    if (!text)
        return;
    if (!amtg_param_scalar(&any, text, &bound)) {
        any.fmin = any.fmax = 0;
        graph_problem(l, y->mark, subject,
                      p->spec.kind == AMTG_KIND_FLOAT
                          ? "a number"
                          : amtg_param_expected(&any, expected, sizeof expected),
                      NULL, "\"%.60s\" cannot be a bound", text);
        return;
    }
    if (p->spec.kind == AMTG_KIND_FLOAT)
        memcpy(is_min ? &p->spec.fmin : &p->spec.fmax, &bound, sizeof bound);
    else if (is_min)
        p->spec.min = bound;
    else
        p->spec.max = bound;
}

static void declare_values(struct loader *l, struct scope_param *p, const struct amtg_yaml *y,
                           const char *subject)
{
    struct piece *pieces;
    unsigned count;

    if (!p->bad && p->spec.kind != AMTG_KIND_ENUM) {
        graph_problem(l, y->key_mark, subject, NULL, NULL,
                      "only a parameter of type enum has `values`");
        return;
    }
    if (!graph_pieces(l, (struct value){.yaml = y}, subject, "a list of texts", &pieces, &count)) {
        p->bad = true;
        return;
    }
    const char **names = amtg_arena_get(l->arena, (count + 1) * sizeof *names);
    for (unsigned i = 0; i < count; i++)
        names[i] = pieces[i].value.yaml->text;
    p->spec.names = names;
}

static void declare(struct loader *l, struct scope *s, struct scope_param *p,
                    const struct amtg_yaml *y, const char **env)
{
    const char *subject = amtg_arena_printf(l->arena, "params.%s", p->name);
    const struct amtg_yaml *type = amtg_yaml_get(y, "type");

    p->required = true;
    if (y->bad || y->kind != AMTG_YAML_MAP) {
        if (!y->bad)
            graph_problem(l, y->mark, subject, "a map such as {type: text, default: x}", NULL,
                          "this declares no parameter");
        p->bad = true;
        return;
    }
    if (type) {
        declare_type(l, p, type, subject);
    } else {
        graph_problem(l, y->key_mark, subject, NULL, NULL, "the key `type` is missing");
        p->bad = true;
    }
    for (const struct amtg_yaml *k = y->first; k; k = k->next) {
        if (strcmp(k->key, "default") == 0) {
            p->value = (struct value){k, s, s->folder};
            p->required = false;
        } else if (strcmp(k->key, "help") == 0) {
            p->help = scalar_of(l, k, subject, "a text");
        } else if (strcmp(k->key, "env") == 0) {
            *env = scalar_of(l, k, subject, "the name of an environment variable");
        } else if (strcmp(k->key, "min") == 0 || strcmp(k->key, "max") == 0) {
            declare_bound(l, p, k, subject);
        } else if (strcmp(k->key, "values") == 0) {
            declare_values(l, p, k, subject);
        }
    }
    amtg_keys_check(y, subject, amtg_declaration_keys, l->diag);
    if (!p->bad && p->spec.kind == AMTG_KIND_ENUM && !p->spec.names) {
        graph_problem(l, y->key_mark, subject, NULL, NULL, "the key `values` is missing");
        p->bad = true;
    }
    if (p->spec.kind == AMTG_KIND_ADDR)
        p->spec.initial = "none"; /* whether it must be there says the element that takes it */
}

/* A value from outside: a list kind takes several, with commas between. */
static void set_from_outside(struct loader *l, struct scope *s, struct scope_param *p,
                             const char *text, const char *place)
{
    struct amtg_mark mark = {.file = place, .length = 1};

    p->value = (struct value){graph_text(l, text, mark), s, NULL};
}

void graph_params(struct loader *l, struct scope *s)
{
    const struct amtg_yaml *map = amtg_yaml_get(s->tree, "params");

    amtg_names_init(&s->param_names, l->arena);
    if (!map || map->bad)
        return;
    if (map->kind != AMTG_YAML_MAP) {
        if (map->kind != AMTG_YAML_SCALAR || *map->text)
            graph_problem(l, map->mark, "params", "a map of names to declarations", NULL,
                          "this is no map");
        return;
    }
    for (const struct amtg_yaml *y = map->first; y; y = y->next) {
        s->params = amtg_arena_grow(l->arena, s->params, s->params_count, sizeof *s->params);
        struct scope_param *p = &s->params[s->params_count];
        const char *env = NULL;
        *p = (struct scope_param){.name = y->key, .mark = y->key_mark, .type = "", .help = ""};
        if (!graph_is_name(y->key)) {
            graph_problem(l, y->key_mark, "params", "letters, digits, `-` and `_`", NULL,
                          "\"%.60s\" cannot be a name", y->key);
            p->bad = true;
        }
        amtg_names_add(&s->param_names, p->name, s->params_count++);
        bool bad = p->bad;
        declare(l, s, p, y, &env);
        p->bad |= bad;
        const char *text = env && s == l->top ? getenv(env) : NULL;
        if (text)
            set_from_outside(l, s, p, text, amtg_arena_printf(l->arena, "environment %s", env));
    }
}

void graph_params_outside(struct loader *l, struct scope *s)
{
    for (size_t i = 0; i < l->options->settings_count; i++) {
        const struct amtg_setting *set = &l->options->settings[i];
        const char *place = amtg_arena_printf(l->arena, "--set %.60s=%.60s", set->name, set->value);
        int found = amtg_names_find(&s->param_names, set->name);
        if (found >= 0) {
            set_from_outside(l, s, &s->params[found], set->value, place);
            continue;
        }
        graph_problem(l, (struct amtg_mark){.file = place, .length = 1}, NULL, NULL,
                      graph_nearest(l, set->name, &s->param_names),
                      "%s has no parameter \"%.60s\"", s->file, set->name);
    }
}

void graph_params_inside(struct loader *l, struct scope *s, const struct amtg_yaml *entry,
                         const char *subject)
{
    for (const struct amtg_yaml *y = entry->first; y; y = y->next) {
        int found = amtg_names_find(&s->param_names, y->key);
        struct piece piece;
        if (strcmp(y->key, "class") == 0 || (found < 0 && s->index && strcmp(y->key, "count") == 0))
            continue;
        if (found < 0) {
            graph_problem(l, y->key_mark, subject, NULL, graph_nearest(l, y->key, &s->param_names),
                          "%s has no parameter \"%.60s\"", s->file, y->key);
            continue;
        }
        struct value v = {y, s->outer, s->outer->folder, s->index};
        if (graph_piece(l, v, amtg_arena_printf(l->arena, "%s.%s", subject, y->key), &piece))
            s->params[found].value = piece.value;
        else
            s->params[found].bad = true;
    }
}

/* ---- values must be of the declared type ----------------------------------------- */

struct amtg_yaml *graph_list(struct loader *l, const char *text, struct amtg_mark mark)
{
    struct amtg_yaml *list = amtg_arena_get(l->arena, sizeof *list), **end = &list->first;

    list->kind = AMTG_YAML_LIST;
    list->mark = mark;
    for (const char *at = text; at;) {
        const char *comma = strchr(at, ','), *from = at + strspn(at, " ");
        size_t len = comma ? (size_t)(comma - at) : strlen(at);
        len = (size_t)(from - at) < len ? len - (size_t)(from - at) : 0;
        while (len > 0 && from[len - 1] == ' ')
            len--;
        *end = graph_text(l, amtg_arena_text_of(l->arena, from, len), mark);
        end = &(*end)->next;
        at = comma ? comma + 1 : NULL;
    }
    return list;
}

/* Values from outside are one text: several where a list may stand. */
static void split_outside(struct loader *l, struct scope_param *p)
{
    const struct amtg_yaml *y = p->value.yaml;

    if (!p->value.folder && is_list_kind(p->spec.kind) && y->kind == AMTG_YAML_SCALAR &&
        strchr(y->text, ','))
        p->value.yaml = graph_list(l, y->text, y->mark);
}

static bool is_of_type(const struct amtg_param *spec, const char *text)
{
    struct amtg_param one = *spec;
    _Alignas(max_align_t) char scratch[64];

    switch (spec->kind) {
    case AMTG_KIND_TEXT:
    case AMTG_KIND_TEXTS:
    case AMTG_KIND_FILE:
    case AMTG_KIND_INTERFACE:
    case AMTG_KIND_REF: return true; /* the element that takes it checks it */
    case AMTG_KIND_ADDRS:
        one.kind = AMTG_KIND_ADDR;
        one.initial = "none";
        return amtg_param_scalar(&one, text, scratch);
    case AMTG_KIND_HOSTS: return *text == '\0' || amtg_host_is(text); /* `none` is a name too */
    default: return amtg_param_scalar(spec, text, scratch);
    }
}

static bool check_piece(struct loader *l, const struct scope_param *p, const struct piece *piece,
                        const char *subject, const char *expected)
{
    const char *text = piece->value.yaml->text;

    /* Written in the file that declares it, it would be taken for what it is not. */
    if (strstr(text, "${") && piece->value.folder && !piece->value.scope) {
        graph_piece_problem(l, piece, subject, NULL, NULL, "a default cannot hold \"${...}\"");
        return false;
    }
    if (is_of_type(&p->spec, text))
        return true;
    graph_piece_problem(l, piece, subject, expected, NULL, "wrong value \"%.60s\"", text);
    return false;
}

void graph_params_check(struct loader *l, struct scope *s, const char *subject,
                        struct amtg_mark place)
{
    char expected[EXPECTED];

    for (unsigned i = 0; i < s->params_count; i++) {
        struct scope_param *p = &s->params[i];
        struct piece *pieces;
        unsigned count;

        if (p->bad)
            continue;
        amtg_param_expected(&p->spec, expected, sizeof expected);
        if (!p->value.yaml) {
            const char *how =
                s == l->top ? amtg_arena_printf(l->arena, "--set %s=...", p->name) : expected;
            graph_problem(l, s == l->top ? p->mark : place, subject, how, NULL,
                          "the parameter \"%s\" has no default and is not set", p->name);
            p->bad = true;
            continue;
        }
        split_outside(l, p);
        const char *of = s == l->top || p->value.scope == s
                             ? amtg_arena_printf(l->arena, "params.%s", p->name)
                             : amtg_arena_printf(l->arena, "%s.%s", subject, p->name);
        struct value v = p->value;
        if (v.scope == s)
            v.scope = NULL; /* no `${}` in a default, nor from outside */
        p->bad = !graph_pieces(l, v, of, expected, &pieces, &count);
        if (!p->bad && p->value.yaml->kind == AMTG_YAML_LIST && !is_list_kind(p->spec.kind)) {
            graph_problem(l, p->value.yaml->mark, of, expected, NULL, "a list cannot stand here");
            p->bad = true;
        }
        for (unsigned k = 0; k < count && !p->bad; k++)
            p->bad = !check_piece(l, p, &pieces[k], of, expected);
    }
}
