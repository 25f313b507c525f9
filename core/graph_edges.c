/* Edges as written, `a -> b.in -> c`, to the ports that each end may mean. */
#include <string.h>

#include "core/graph_private.h"

/* One name of a chain. */
struct segment {
    const char *text; /* as written: "b.in" */
    const char *name;
    const char *in, *out; /* ports; NULL: not named */
    struct amtg_mark mark;
    const struct item *item; /* NULL: unknown or unusable */
};

/* ---- names of ports -------------------------------------------------------------- */

static void taint_scope(struct loader *l, const struct scope *s)
{
    for (unsigned i = 0; i < s->ins_count; i++)
        l->drafts[s->ins[i].at.node].tainted = true;
    for (unsigned i = 0; i < s->outs_count; i++)
        l->drafts[s->outs[i].at.node].tainted = true;
}

void graph_taint(struct loader *l, const struct item *item)
{
    if (item && item->node >= 0)
        l->drafts[item->node].tainted = true;
    else if (item && item->row)
        for (unsigned i = 0; i < item->row_count; i++)
            graph_taint(l, &item->row[i]);
    else if (item && item->inner)
        taint_scope(l, item->inner);
}

static unsigned ports_count(const struct loader *l, const struct item *item, bool output)
{
    if (item->inner)
        return output ? item->inner->outs_count : item->inner->ins_count;
    return output ? l->nodes[item->node].outs_count : l->nodes[item->node].ins_count;
}

static const char *port_name(const struct loader *l, const struct item *item, bool output,
                             unsigned i)
{
    if (item->inner)
        return output ? item->inner->outs[i].name : item->inner->ins[i].name;
    return output ? l->nodes[item->node].outs[i].name : l->nodes[item->node].ins[i].name;
}

static struct port_at port_of(const struct item *item, bool output, unsigned i)
{
    if (item->inner)
        return output ? item->inner->outs[i].at : item->inner->ins[i].at;
    return (struct port_at){(unsigned)item->node, i};
}

static int find_port(const struct loader *l, const struct item *item, bool output, const char *name)
{
    unsigned count = ports_count(l, item, output);

    for (unsigned i = 0; i < count; i++)
        if (strcmp(port_name(l, item, output, i), name) == 0)
            return (int)i;
    return -1;
}

/* How many outputs "name[0]", "name[1]" ... there are; the first of them. */
static unsigned find_row(const struct loader *l, const struct item *item, const char *name,
                         unsigned *first)
{
    size_t len = strlen(name);
    unsigned count = ports_count(l, item, true), found = 0;

    for (unsigned i = 0; i < count; i++) {
        const char *port = port_name(l, item, true, i);
        if (strncmp(port, name, len) != 0 || port[len] != '[')
            continue;
        if (found++ == 0)
            *first = i;
    }
    return found;
}

static bool has_output(const struct loader *l, const struct item *item, const char *name)
{
    unsigned first;
    return find_port(l, item, true, name) >= 0 || find_row(l, item, name, &first) > 0;
}

/* "in, out and gone", at most a few. */
static const char *list_ports(struct loader *l, const struct item *item, bool output)
{
    unsigned count = ports_count(l, item, output), shown = count < 12 ? count : 12;
    const char *text = NULL;

    for (unsigned i = 0; i < shown; i++) {
        const char *name = port_name(l, item, output, i);
        text = text ? amtg_arena_printf(l->arena, "%s%s%s", text,
                                        i + 1 == count ? " or " : ", ", name)
                    : name;
    }
    return text && shown < count ? amtg_arena_printf(l->arena, "%s, ...", text) : text;
}

static const char *nearest_port(struct loader *l, const struct item *item, bool output,
                                const char *name)
{
    unsigned count = ports_count(l, item, output);
    const char **names = amtg_arena_get(l->arena, (count + 1) * sizeof *names);

    for (unsigned i = 0; i < count; i++)
        names[i] = port_name(l, item, output, i);
    return amtg_nearest(name, names, count);
}

/* A parameter that names its ports is wrong: they may not be what the author meant. */
static bool ports_unsure(const struct loader *l, const struct item *item)
{
    return item->node >= 0 && l->drafts[item->node].ports_unsure;
}

static void add_port(struct loader *l, const struct item *item, bool output, unsigned port,
                     struct end *end, unsigned room)
{
    if (!end->ports) {
        end->ports = amtg_arena_get(l->arena, room * sizeof *end->ports);
        end->names = amtg_arena_get(l->arena, room * sizeof *end->names);
    }
    end->ports[end->count] = port_of(item, output, port);
    end->names[end->count++] = port_name(l, item, output, port);
}

/* The ports that a segment may mean as an output or input. false: a problem, reported. */
static bool make_end(struct loader *l, const struct segment *g, bool output, struct end *end)
{
    unsigned count = ports_count(l, g->item, output);
    const char *word = output ? "output" : "input", *port = output ? g->out : g->in;

    *end = (struct end){.text = g->name, .mark = g->mark};
    if (count == 0) {
        if (!ports_unsure(l, g->item))
            graph_problem(l, g->mark, NULL, NULL, NULL, "\"%.60s\" has no %ss", g->name, word);
        return false;
    }
    if (port) {
        int found = find_port(l, g->item, output, port);
        if (found < 0) {
            if (!ports_unsure(l, g->item))
                graph_problem(l, g->mark, NULL, list_ports(l, g->item, output),
                              nearest_port(l, g->item, output, port),
                              "\"%.60s\" has no %s \"%.60s\"", g->name, word, port);
            return false;
        }
        end->text = amtg_arena_printf(l->arena, "%s.%s", g->name, port);
        add_port(l, g->item, output, (unsigned)found, end, 1);
        return true;
    }
    for (unsigned i = 0; i < count; i++)
        add_port(l, g->item, output, i, end, count);
    return true;
}

/* ---- chains ---------------------------------------------------------------------- */

static void join(struct loader *l, const struct segment *from, const struct segment *to)
{
    struct draft_edge e = {.mark = from->mark};

    /* Both ends are looked at, so that both can be told. */
    bool from_good = from->item && make_end(l, from, true, &e.from);
    bool to_good = to->item && make_end(l, to, false, &e.to);
    if (!from_good || !to_good) {
        graph_taint(l, from->item);
        graph_taint(l, to->item);
        return;
    }
    if (from->mark.line == to->mark.line && to->mark.column > from->mark.column)
        e.mark.length = to->mark.column + to->mark.length - from->mark.column;
    l->edges = amtg_arena_grow(l->arena, l->edges, l->edges_count, sizeof *l->edges);
    l->edges[l->edges_count++] = e;
}

/* ---- rows ------------------------------------------------------------------------ */

/* As many as a segment stands for, at this side; 0: it is no row. */
static unsigned row_of(const struct loader *l, const struct segment *g, bool output)
{
    unsigned first;

    if (!g->item)
        return 0;
    if (g->item->row)
        return g->item->row_count;
    if (output && g->out && find_port(l, g->item, true, g->out) < 0)
        return find_row(l, g->item, g->out, &first);
    return 0;
}

/* The segment for number i of a row; what is no row stands for itself each time. */
static struct segment one_of(struct loader *l, const struct segment *g, bool output, unsigned i)
{
    struct segment one = *g;

    if (g->item && g->item->row) {
        one.item = &g->item->row[i];
        one.name = one.item->name;
    } else if (output && row_of(l, g, true) > 0) {
        one.out = amtg_arena_printf(l->arena, "%s[%u]", g->out, i);
    }
    return one;
}

/* From each of a row; to each of a row, one by one. */
static void join_rows(struct loader *l, const struct segment *from, const struct segment *to)
{
    unsigned froms = row_of(l, from, true), tos = row_of(l, to, false);
    size_t before = amtg_diag_reported(l->diag);
    bool unsure = from->item && ports_unsure(l, from->item); /* told already */

    if (unsure && tos != froms)
        froms = 0;
    else if (tos && !froms)
        graph_problem(l, to->mark, NULL, amtg_arena_printf(l->arena, "a row of %u outputs", tos),
                      NULL, "\"%.60s\" is a row of %u, and \"%.60s\" is one output", to->text, tos,
                      from->text);
    else if (tos && tos != froms)
        graph_problem(l, to->mark, NULL, NULL, NULL,
                      "\"%.60s\" is a row of %u, and \"%.60s\" is a row of %u", to->text, tos,
                      from->text, froms);
    if (amtg_diag_reported(l->diag) != before || (unsure && tos)) {
        graph_taint(l, from->item);
        graph_taint(l, to->item);
        return;
    }
    if (!froms) /* an end that is not usable is among these */
        join(l, from, to);
    for (unsigned i = 0; i < froms && amtg_diag_reported(l->diag) == before; i++) {
        struct segment out = one_of(l, from, true, i), in = one_of(l, to, false, i);
        join(l, &out, &in);
    }
}

/* "hosts[3]": number 3 of a row. NULL: there is no such row or number. */
static const struct item *find_in_row(struct loader *l, struct scope *s, const char *name)
{
    static const struct amtg_param number = {.kind = AMTG_KIND_UINT, .size = sizeof(uint32_t)};
    const char *open = strchr(name, '[');
    size_t len = strlen(name);
    uint32_t i;

    if (!open || name[len - 1] != ']')
        return NULL;
    int found = amtg_names_find(&s->item_names,
                                amtg_arena_text_of(l->arena, name, (size_t)(open - name)));
    const char *digits = amtg_arena_text_of(l->arena, open + 1, len - 2 - (size_t)(open - name));
    if (found < 0 || s->items[found].bad || !s->items[found].row ||
        !amtg_param_scalar(&number, digits, &i) || i >= s->items[found].row_count)
        return NULL;
    return &s->items[found].row[i];
}

/* Split "b.in" and find the element. false: there is no such element, which is reported. */
static void find_item(struct loader *l, struct scope *s, struct segment *g)
{
    int found;

    g->item = find_in_row(l, s, g->name);
    if (g->item)
        return;
    if (!graph_is_name(g->name)) {
        graph_problem(l, g->mark, NULL, "element or element.port", NULL,
                      "\"%.60s\" is no end of an edge", g->text);
        return;
    }
    found = amtg_names_find(&s->item_names, g->name);
    if (found >= 0) {
        g->item = s->items[found].bad ? NULL : &s->items[found];
        return;
    }
    const char *nearest = graph_nearest(l, g->name, &s->item_names);
    graph_problem(l, g->mark, NULL, NULL, nearest, "there is no element \"%.60s\"", g->name);
    if (nearest && !s->items[amtg_names_find(&s->item_names, nearest)].bad)
        graph_taint(l, &s->items[amtg_names_find(&s->item_names, nearest)]);
}

static struct segment make_segment(struct loader *l, struct scope *s, const struct amtg_yaml *y,
                                   size_t from, size_t to, bool first, bool last)
{
    const char *text = y->text;

    while (from < to && text[from] == ' ')
        from++;
    while (to > from && text[to - 1] == ' ')
        to--;
    struct segment g = {.text = amtg_arena_text_of(l->arena, text + from, to - from),
                        .mark = y->mark};
    /* Written on one line without escapes, its place within the scalar is that in the text. */
    size_t written = strlen(text) + (y->quoted ? 2 : 0);
    if (written == y->mark.length) {
        g.mark.column += (unsigned)from + (y->quoted ? 1 : 0);
        g.mark.length = to > from ? (unsigned)(to - from) : 1;
    }
    const char *dot = strchr(g.text, '.'), *port = dot ? dot + 1 : NULL;
    g.name = dot ? amtg_arena_text_of(l->arena, g.text, (size_t)(dot - g.text)) : g.text;
    if (*g.text == '\0') {
        graph_problem(l, g.mark, NULL, "element or element.port", NULL,
                      "an end of this edge is missing");
        return g;
    }
    find_item(l, s, &g);
    if (!port || !g.item)
        return g;
    /* In the middle it names the input of that name, the output of that name, or both. */
    bool output = !last && (first || has_output(l, g.item, port));
    bool input = !first && (last || find_port(l, g.item, false, port) >= 0 || !output);
    g.out = output ? port : NULL;
    g.in = input ? port : NULL;
    return g;
}

/* Whatever elements a text names. */
static void taint_named(struct loader *l, struct scope *s, const char *text)
{
    static const char between[] = " .,->|=:";

    for (text += strspn(text, between); *text; text += strspn(text, between)) {
        size_t len = strcspn(text, " .,>|=:");
        int found = amtg_names_find(&s->item_names, amtg_arena_text_of(l->arena, text, len));
        if (found >= 0 && !s->items[found].bad)
            graph_taint(l, &s->items[found]);
        text += len;
    }
}

static void read_chain(struct loader *l, struct scope *s, const struct amtg_yaml *y)
{
    struct segment before = {0};
    size_t from = 0, len = strlen(y->text);
    bool first = true;

    if (!strstr(y->text, "->")) {
        graph_problem(l, y->mark, "edges", "a -> b", NULL, "an edge needs two ends");
        taint_named(l, s, y->text);
        return;
    }
    for (bool last = false; !last; first = false) {
        const char *arrow = strstr(y->text + from, "->");
        last = arrow == NULL;
        size_t to = last ? len : (size_t)(arrow - y->text);
        struct segment g = make_segment(l, s, y, from, to, first, last);
        if (!first)
            join_rows(l, &before, &g);
        before = g;
        from = to + 2;
    }
}

void graph_edges(struct loader *l, struct scope *s)
{
    const struct amtg_yaml *list = amtg_yaml_get(s->tree, "edges");
    bool usable = true;

    if (!list || (list->kind == AMTG_YAML_SCALAR && *list->text == '\0' && !list->bad))
        return;
    if (!list->bad && list->kind != AMTG_YAML_LIST)
        graph_problem(l, list->mark, "edges", "a list of chains such as `- a -> b`", NULL,
                      "this is no list");
    if (list->kind != AMTG_YAML_LIST)
        usable = false;
    for (const struct amtg_yaml *y = usable ? list->first : NULL; y; y = y->next) {
        if (!y->bad && y->kind == AMTG_YAML_SCALAR) {
            read_chain(l, s, y);
            continue;
        }
        if (!y->bad)
            graph_problem(l, y->mark, "edges", "a chain such as a -> b", NULL, "this is no edge");
        usable = false;
    }
    if (!usable) /* nobody knows what was to be connected */
        for (unsigned i = 0; i < s->items_count; i++)
            graph_taint(l, &s->items[i]);
}

/* ---- ports of a graph that is used as an element --------------------------------- */

static void export_port(struct loader *l, struct scope *s, const struct amtg_yaml *y, bool output)
{
    const char *section = output ? "outputs" : "inputs";
    const char *subject = amtg_arena_printf(l->arena, "%s.%s", section, y->key);
    size_t before = amtg_diag_reported(l->diag);

    s->ports_bad = true; /* until it has come to its end */
    if (y->bad)
        return;
    if (!graph_is_name(y->key)) {
        graph_problem(l, y->key_mark, section, "letters, digits, `-` and `_`", NULL,
                      "\"%.60s\" cannot be a name", y->key);
        return;
    }
    if (y->kind != AMTG_YAML_SCALAR) {
        graph_problem(l, y->mark, subject, "element.port", NULL,
                      "a list or a map cannot stand here");
        return;
    }
    struct segment g = make_segment(l, s, y, 0, strlen(y->text), output, !output);
    struct end end;
    if (row_of(l, &g, output)) {
        graph_problem(l, y->mark, subject, amtg_arena_printf(l->arena, "one, as %.60s[0]", g.name),
                      NULL, "\"%.60s\" is a row", g.text);
        graph_taint(l, g.item);
        return;
    }
    if (!g.item || !make_end(l, &g, output, &end))
        return;
    if (end.count > 1) {
        graph_problem(l, y->mark, subject, list_ports(l, g.item, output), NULL,
                      "\"%.60s\" has several %s: name one", g.name, section);
        graph_taint(l, g.item);
        return;
    }
    struct export **list = output ? &s->outs : &s->ins;
    unsigned *count = output ? &s->outs_count : &s->ins_count;
    *list = amtg_arena_grow(l->arena, *list, *count, sizeof **list);
    (*list)[(*count)++] = (struct export){.name = y->key, .at = end.ports[0]};
    s->ports_bad = amtg_diag_reported(l->diag) != before;
}

static void export_ports(struct loader *l, struct scope *s, bool output)
{
    const char *section = output ? "outputs" : "inputs";
    const struct amtg_yaml *map = amtg_yaml_get(s->tree, section);
    bool bad = s->ports_bad;

    if (!map || (map->kind == AMTG_YAML_SCALAR && *map->text == '\0' && !map->bad))
        return;
    if (map->bad || map->kind != AMTG_YAML_MAP) {
        if (!map->bad)
            graph_problem(l, map->mark, section, "a map of port names to element.port", NULL,
                          "this is no map");
        s->ports_bad = true;
        return;
    }
    for (const struct amtg_yaml *y = map->first; y; y = y->next) {
        export_port(l, s, y, output);
        bad |= s->ports_bad;
    }
    s->ports_bad = bad;
}

/* The outermost graph's ports lead outside; an inner one's are called after its element. */
static void mark_export(struct loader *l, const struct export *e, bool output)
{
    struct draft *d = &l->drafts[e->at.node];

    if (output) {
        d->out_kept[e->at.port] = true;
    } else {
        d->in_fed[e->at.port] = true;
        d->exported_in = true;
    }
}

void graph_exports(struct loader *l, struct scope *s)
{
    export_ports(l, s, false);
    export_ports(l, s, true);
    if (s->ports_bad) {
        for (unsigned i = 0; i < s->items_count; i++)
            graph_taint(l, &s->items[i]);
        return;
    }
    for (unsigned i = 0; i < s->ins_count && s == l->top; i++)
        mark_export(l, &s->ins[i], false);
    for (unsigned i = 0; i < s->outs_count && s == l->top; i++)
        mark_export(l, &s->outs[i], true);
}
