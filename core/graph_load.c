/* Files to scopes: top-level keys, elements, and graphs that are used as elements. */
#include <stdlib.h>
#include <string.h>

#include "core/graph_keys.h"
#include "core/graph_private.h"

/* ---- files ----------------------------------------------------------------------- */

struct graph_file *graph_file_add(struct loader *l, const char *name)
{
    struct graph_memory *m = l->memory;
    char *real = realpath(name, NULL);
    const char *path = amtg_arena_text(l->arena, real ? real : name);

    free(real);
    for (unsigned i = 0; i < m->files_count; i++)
        if (strcmp(m->files[i].path, path) == 0)
            return &m->files[i];
    m->files = amtg_arena_grow(m->arena, m->files, m->files_count, sizeof *m->files);
    struct graph_file *f = &m->files[m->files_count++];
    *f = (struct graph_file){.path = path, .name = amtg_arena_text(l->arena, name)};
    return f;
}

struct graph_file *graph_file_of(struct loader *l, const char *name)
{
    unsigned before = l->memory->files_count;
    struct graph_file *f = graph_file_add(l, name);

    if (l->memory->files_count != before)
        f->tree = amtg_yaml_read(f->name, l->diag);
    return f;
}

/* ---- top-level keys -------------------------------------------------------------- */

static void check_text(struct loader *l, const struct scope *s, const char *key)
{
    const struct amtg_yaml *y = amtg_yaml_get(s->tree, key);

    if (y && !y->bad && y->kind != AMTG_YAML_SCALAR)
        graph_problem(l, y->mark, key, "a text", NULL, "a list or a map cannot stand here");
}

static void check_version(struct loader *l, const struct scope *s)
{
    const struct amtg_yaml *y = amtg_yaml_get(s->tree, "amtgraph");

    if (!y)
        graph_problem(l, s->tree->mark, NULL, "amtgraph: 1", NULL, "the key `amtgraph` is missing");
    else if (!y->bad && (y->kind != AMTG_YAML_SCALAR || strcmp(y->text, "1") != 0))
        graph_problem(l, y->mark, "amtgraph", "1", NULL,
                      "this version of graph files is not known");
}

/* false: the tree is no map, so nothing else can be said. */
static bool check_top(struct loader *l, const struct scope *s)
{
    if (s->tree->kind != AMTG_YAML_MAP) {
        if (!s->tree->bad) {
            struct amtg_mark mark = s->tree->mark;
            graph_problem(l, mark, NULL, "a map that begins with `amtgraph: 1`", NULL,
                          "this is no graph file");
        }
        return false;
    }
    check_version(l, s);
    check_text(l, s, "name");
    check_text(l, s, "summary");
    amtg_keys_check(s->tree, NULL, amtg_graph_keys, l->diag);
    return true;
}

/* ---- elements -------------------------------------------------------------------- */

static void load_scope(struct loader *l, struct scope *s, const struct amtg_yaml *entry,
                       const char *subject);

static bool is_graph_class(const char *class)
{
    size_t len = strlen(class);

    return strncmp(class, "./", 2) == 0 || strncmp(class, "../", 3) == 0 ||
           (len > 5 && strcmp(class + len - 5, ".yaml") == 0);
}

/* One more would be too many: said once. */
static bool is_full(struct loader *l, struct amtg_mark mark)
{
    if (l->nodes_count < GRAPH_MAX_NODES && l->scopes_count < GRAPH_MAX_SCOPES)
        return false;
    if (!l->too_large)
        graph_problem(l, mark, NULL, NULL, NULL,
                      "the graph is too large (at most %d elements and %d graphs within)",
                      GRAPH_MAX_NODES, GRAPH_MAX_SCOPES);
    return l->too_large = true;
}

/* Would this file contain itself? Prints the way there. */
static bool is_cycle(struct loader *l, const struct scope *s, const struct graph_file *file,
                     const struct amtg_yaml *class, const char *subject)
{
    const struct scope *found = s;

    while (found && strcmp(found->path, file->path) != 0)
        found = found->outer;
    if (!found)
        return false;
    const char *way = file->name;
    for (const struct scope *at = s;; at = at->outer) {
        way = amtg_arena_printf(l->arena, "%s -> %s", at->file, way);
        if (at == found)
            break;
    }
    graph_problem(l, class->mark, subject, NULL, NULL, "this graph contains itself: %s", way);
    return true;
}

/* One use of a graph file; index: its number in a row, or NULL. */
static void load_one(struct loader *l, struct scope *outer, struct item *item,
                     const struct graph_file *file, const struct amtg_yaml *entry,
                     const char *subject, struct scope_param *index)
{
    struct scope *s = amtg_arena_get(l->arena, sizeof *s);

    *s = (struct scope){
        .outer = outer,
        .tree = file->tree,
        .file = file->name,
        .path = file->path,
        .folder = graph_folder(l->arena, file->name),
        .prefix = amtg_arena_printf(l->arena, "%s/", subject),
        .depth = outer->depth + 1,
        .index = index,
    };
    load_scope(l, s, entry, subject);
    item->inner = s;
    item->bad = s->ports_bad;
}

/* `count` makes a row, unless the file has a parameter of that name. NULL: no row. */
static const struct amtg_yaml *row_key(const struct graph_file *file, const struct amtg_yaml *entry)
{
    const struct amtg_yaml *params = amtg_yaml_get(file->tree, "params");
    bool is_param = params && params->kind == AMTG_YAML_MAP && amtg_yaml_get(params, "count");

    return is_param ? NULL : amtg_yaml_get(entry, "count");
}

/* How many there are in a row. 0: a problem, reported. */
static unsigned row_count(struct loader *l, struct scope *outer, const struct amtg_yaml *count,
                          const char *subject)
{
    static const struct amtg_param spec = {
        .kind = AMTG_KIND_UINT, .size = sizeof(uint32_t), .min = 1, .max = GRAPH_MAX_SCOPES};
    const char *of = amtg_arena_printf(l->arena, "%s.count", subject);
    struct value v = {count, outer, outer->folder, NULL};
    struct piece p;
    uint32_t n;
    char expected[128];

    if (!graph_piece(l, v, of, &p))
        return 0;
    const struct amtg_yaml *y = p.value.yaml;
    if (y->kind == AMTG_YAML_SCALAR && amtg_param_scalar(&spec, y->text, &n))
        return n;
    graph_piece_problem(l, &p, of, amtg_param_expected(&spec, expected, sizeof expected), NULL,
                        "this is not how many there are in a row");
    return 0;
}

/* What is wrong with one is most likely wrong with all: said once. */
static void load_row(struct loader *l, struct scope *outer, struct item *item,
                     const struct graph_file *file, const struct amtg_yaml *entry,
                     const struct amtg_yaml *key, const char *subject)
{
    unsigned count = row_count(l, outer, key, subject);
    size_t before = amtg_diag_reported(l->diag);

    item->row = amtg_arena_get(l->arena, (count + 1) * sizeof *item->row);
    for (unsigned i = 0; i < count && amtg_diag_reported(l->diag) == before; i++) {
        struct item *one = &item->row[item->row_count++];
        struct scope_param *index = amtg_arena_get(l->arena, sizeof *index);
        *index = (struct scope_param){.name = "index", .type = "uint", .used = true};
        index->value.yaml = graph_text(l, amtg_arena_printf(l->arena, "%u", i), key->mark);
        *one = (struct item){.name = amtg_arena_printf(l->arena, "%s[%u]", item->name, i),
                             .mark = item->mark, .bad = true, .node = -1};
        if (is_full(l, key->mark))
            return;
        load_one(l, outer, one, file, entry, amtg_arena_printf(l->arena, "%s[%u]", subject, i),
                 index);
    }
    item->inner = item->row_count ? item->row[0].inner : NULL;
    item->bad = !item->inner || amtg_diag_reported(l->diag) != before;
    if (item->bad)
        graph_taint(l, item);
}

static void load_inner(struct loader *l, struct scope *outer, struct item *item,
                       const struct amtg_yaml *entry, const struct amtg_yaml *class,
                       const char *subject)
{
    const char *name = graph_path(l->arena, outer->folder, class->text);

    item->bad = true;
    if (outer->depth == GRAPH_MAX_DEPTH) {
        graph_problem(l, class->mark, subject, NULL, NULL,
                      "graphs are nested too deeply (at most %d)", GRAPH_MAX_DEPTH);
        return;
    }
    if (is_full(l, class->mark))
        return;
    size_t before = amtg_diag_reported(l->diag);
    struct graph_file *file = graph_file_of(l, name);
    if (!file->tree) {
        if (amtg_diag_reported(l->diag) != before) /* the file's own problem, said just now */
            amtg_diag_note(l->diag, class->mark, "used as a class here");
        return;
    }
    if (is_cycle(l, outer, file, class, subject))
        return;
    const struct amtg_yaml *row = row_key(file, entry);
    if (row)
        load_row(l, outer, item, file, entry, row, subject);
    else
        load_one(l, outer, item, file, entry, subject, NULL);
}

static void add_node(struct loader *l, struct scope *s, struct item *item,
                     const struct amtg_yaml *entry, int class, const char *subject)
{
    unsigned n = l->nodes_count;

    l->nodes = amtg_arena_grow(l->arena, l->nodes, n, sizeof *l->nodes);
    l->drafts = amtg_arena_grow(l->arena, l->drafts, n, sizeof *l->drafts);
    l->nodes_count++;
    l->nodes[n] = (struct amtg_graph_node){
        .name = subject, .class = l->classes[class].class, .mark = entry->key_mark};
    l->drafts[n] = (struct draft){.scope = s, .entry = entry, .info = &l->classes[class]};
    item->node = (int)n;
    graph_fill(l, n);
}

static void load_class(struct loader *l, struct scope *s, struct item *item,
                       const struct amtg_yaml *entry, const char *subject)
{
    const struct amtg_yaml *class = amtg_yaml_get(entry, "class");

    item->bad = true;
    if (entry->bad || (class && class->bad))
        return;
    if (entry->kind != AMTG_YAML_MAP) {
        graph_problem(l, entry->mark, subject, "a map such as {class: counter}", NULL,
                      "this describes no element");
        return;
    }
    if (!class) {
        graph_problem(l, entry->key_mark, subject, NULL, NULL, "the key `class` is missing");
        return;
    }
    if (class->kind != AMTG_YAML_SCALAR) {
        graph_problem(l, class->mark, subject, "the name of a class", NULL,
                      "a list or a map cannot stand here");
        return;
    }
    if (is_graph_class(class->text)) {
        load_inner(l, s, item, entry, class, subject);
        return;
    }
    int found = amtg_names_find(&l->class_names, class->text);
    if (found < 0) {
        graph_problem(l, class->mark, subject, NULL, graph_nearest(l, class->text, &l->class_names),
                      "there is no class \"%.60s\"", class->text);
        return;
    }
    if (is_full(l, entry->key_mark))
        return;
    item->bad = false;
    add_node(l, s, item, entry, found, subject);
}

static void load_elements(struct loader *l, struct scope *s)
{
    const struct amtg_yaml *map = amtg_yaml_get(s->tree, "elements");

    amtg_names_init(&s->item_names, l->arena);
    if (!map) {
        graph_problem(l, s->tree->mark, NULL, NULL, NULL, "the key `elements` is missing");
        return;
    }
    if (map->bad)
        return;
    if (map->kind != AMTG_YAML_MAP || !map->first) {
        graph_problem(l, map->kind == AMTG_YAML_MAP ? map->key_mark : map->mark, "elements",
                      "a map of names to elements", NULL, "there are no elements here");
        return;
    }
    for (const struct amtg_yaml *y = map->first; y; y = y->next) {
        s->items = amtg_arena_grow(l->arena, s->items, s->items_count, sizeof *s->items);
        struct item *item = &s->items[s->items_count];
        *item = (struct item){.name = y->key, .mark = y->key_mark, .node = -1};
        if (!graph_is_name(y->key)) {
            graph_problem(l, y->key_mark, "elements", "letters, digits, `-` and `_`", NULL,
                          "\"%.60s\" cannot be a name", y->key);
            item->bad = true;
        }
        amtg_names_add(&s->item_names, item->name, s->items_count++);
        if (!item->bad)
            load_class(l, s, item, y, amtg_arena_printf(l->arena, "%s%s", s->prefix, y->key));
    }
}

/* ---- a scope as a whole ---------------------------------------------------------- */

static void warn_unused(struct loader *l, const struct scope *s)
{
    for (unsigned i = 0; i < s->params_count; i++)
        if (!s->params[i].used && !s->params[i].bad)
            amtg_diag_add(l->diag, AMTG_WARNING, s->params[i].mark, "params", NULL, NULL,
                          "the parameter \"%s\" is not used", s->params[i].name);
}

/* entry, subject: where and as what it is used; NULL for the outermost. */
static void load_scope(struct loader *l, struct scope *s, const struct amtg_yaml *entry,
                       const char *subject)
{
    l->scopes_count++;
    if (!check_top(l, s)) {
        s->ports_bad = true;
        return;
    }
    graph_params(l, s);
    if (entry)
        graph_params_inside(l, s, entry, subject);
    else
        graph_params_outside(l, s);
    graph_params_check(l, s, subject, entry ? entry->key_mark : s->tree->mark);
    load_elements(l, s);
    if (s == l->top)
        graph_shards(l);
    if (!graph_has_problems(l)) /* else it may be used where nobody looked */
        warn_unused(l, s);
    graph_edges(l, s);
    graph_exports(l, s);
}

void graph_load_top(struct loader *l, struct graph_file *file)
{
    struct scope *s = amtg_arena_get(l->arena, sizeof *s);

    l->top = s;
    *s = (struct scope){
        .tree = file->tree,
        .file = file->name,
        .path = file->path,
        .folder = graph_folder(l->arena, file->name),
        .prefix = "",
    };
    load_scope(l, s, NULL, NULL);
}
