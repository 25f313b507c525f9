/* A graph as a whole: the steps from a file to what a runtime is made of. */
#include "core/graph.h"

#include <stdlib.h>
#include <string.h>

#include "core/graph_private.h"

/* ---- small things that several steps use ----------------------------------------- */

const char *graph_nearest(const struct loader *l, const char *name, const struct amtg_names *names)
{
    enum { ENOUGH = 100 }; /* problems: looking for names takes time, and nobody reads that far */

    if (amtg_diag_problems(l->diag) > ENOUGH)
        return NULL;
    return amtg_nearest(name, names->all, names->count);
}

bool graph_is_name(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len <= 64 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len;
}

const char *graph_folder(struct amtg_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? amtg_arena_text_of(arena, path, (size_t)(slash + 1 - path)) : "";
}

const char *graph_path(struct amtg_arena *arena, const char *folder, const char *path)
{
    if (*path == '\0' || *path == '/' || strcmp(path, "-") == 0)
        return path; /* none, from the root, or standard input or output */
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    return amtg_arena_printf(arena, "%s%s", folder, path);
}

bool graph_has_problems(const struct loader *l)
{
    return amtg_diag_reported(l->diag) != l->reported_before;
}

/* ---- the classes ----------------------------------------------------------------- */

static void index_classes(struct loader *l)
{
    unsigned count = 0;

    while (l->options->classes[count])
        count++;
    amtg_names_init(&l->class_names, l->arena);
    l->classes = amtg_arena_get(l->arena, (count + 1) * sizeof *l->classes);
    for (unsigned i = 0; i < count; i++) {
        const struct amtg_class *class = l->options->classes[i];
        struct class_info *info = &l->classes[i];
        info->class = class;
        info->param_names = amtg_arena_get(l->arena, (class->params_count + 1) * sizeof(char *));
        for (unsigned k = 0; k < class->params_count; k++) {
            char name[AMTG_PARAM_NAME];
            info->param_names[k] =
                amtg_arena_text(l->arena, amtg_param_name(&class->params[k], name));
        }
        amtg_names_add(&l->class_names, class->name, i);
    }
}

/* ---- what the graph says about itself -------------------------------------------- */

static const char *top_text(const struct scope *s, const char *key, const char *otherwise)
{
    const struct amtg_yaml *y = amtg_yaml_get(s->tree, key);

    return y && y->kind == AMTG_YAML_SCALAR ? y->text : otherwise;
}

/* A value as one text, lists with commas. */
static const char *value_text(struct amtg_arena *arena, const struct amtg_yaml *y)
{
    const char *text = NULL;

    if (y->kind == AMTG_YAML_SCALAR)
        return y->text;
    for (const struct amtg_yaml *i = y->first; i; i = i->next)
        text = text ? amtg_arena_printf(arena, "%s,%s", text, i->text ? i->text : "") : i->text;
    return text ? text : "";
}

/* The file's own name without folder and ending. */
static const char *file_stem(struct amtg_arena *arena, const char *file)
{
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
    const char *dot = strrchr(base, '.');

    return dot && dot > base ? amtg_arena_text_of(arena, base, (size_t)(dot - base)) : base;
}

static void describe(struct loader *l, struct amtg_graph *g)
{
    const struct scope *s = l->top;

    g->file = s->file;
    g->name = top_text(s, "name", file_stem(l->arena, s->file));
    g->summary = top_text(s, "summary", "");
    g->params = amtg_arena_get(l->arena, (s->params_count + 1) * sizeof *g->params);
    for (; g->params_count < s->params_count; g->params_count++) {
        const struct scope_param *p = &s->params[g->params_count];
        g->params[g->params_count] = (struct amtg_graph_param){
            .name = p->name, .type = p->type, .help = p->help ? p->help : "",
            .value = p->value.yaml ? value_text(l->arena, p->value.yaml) : ""};
    }
}

/* Ports that a graph shows, of elements that are there. */
static struct amtg_graph_export *exports(struct loader *l, const struct export *from, unsigned count)
{
    struct amtg_graph_export *to = amtg_arena_get(l->arena, (count + 1) * sizeof *to);

    for (unsigned i = 0; i < count; i++)
        to[i] = (struct amtg_graph_export){from[i].name, from[i].at.node, from[i].at.port};
    return to;
}

/* ---- the steps ------------------------------------------------------------------- */

static struct loader *new_loader(const struct amtg_graph_options *options, struct amtg_diag *diag)
{
    struct amtg_arena *arena = amtg_arena_new();
    struct loader *l = amtg_arena_get(arena, sizeof *l);

    l->memory = amtg_arena_get(arena, sizeof *l->memory);
    l->memory->arena = l->arena = arena;
    l->options = options;
    l->diag = diag;
    l->reported_before = amtg_diag_reported(diag);
    index_classes(l);
    return l;
}

static void free_memory(struct graph_memory *m)
{
    for (unsigned i = 0; i < m->files_count; i++)
        if (!m->files[i].lent)
            amtg_yaml_free((struct amtg_yaml *)m->files[i].tree);
    amtg_arena_free(m->arena); /* m itself is in it */
}

/* file: the outermost one, read. */
static struct amtg_graph *build(struct loader *l, struct graph_file *file)
{
    struct amtg_graph *g = amtg_arena_get(l->arena, sizeof *g);

    if (!file->tree)
        goto fail;
    struct graph_file top = *file; /* the list may move while others are read */
    graph_load_top(l, &top);
    graph_refs(l);
    graph_settle(l);
    graph_check(l, g);
    g->nodes = l->nodes;
    g->nodes_count = l->nodes_count;
    graph_cycles(l, g);
    describe(l, g);
    if (graph_has_problems(l))
        goto fail;
    g->inputs = exports(l, l->top->ins, g->inputs_count = l->top->ins_count);
    g->outputs = exports(l, l->top->outs, g->outputs_count = l->top->outs_count);
    graph_order(l, g);
    g->memory = l->memory;
    return g;
fail:
    free_memory(l->memory);
    return NULL;
}

struct amtg_graph *amtg_graph_load(const char *path, const struct amtg_graph_options *options,
                                   struct amtg_diag *diag)
{
    struct loader *l = new_loader(options, diag);

    return build(l, graph_file_of(l, path));
}

struct amtg_graph *amtg_graph_of(const char *path, const struct amtg_yaml *tree,
                                 const struct amtg_graph_options *options, struct amtg_diag *diag)
{
    struct loader *l = new_loader(options, diag);
    struct graph_file *file = graph_file_add(l, path);

    file->tree = tree;
    file->lent = true;
    return build(l, file);
}

struct amtg_graph *amtg_graph_parse(const char *name, const char *octets, size_t len,
                                    const struct amtg_graph_options *options,
                                    struct amtg_diag *diag)
{
    struct loader *l = new_loader(options, diag);
    struct graph_memory *m = l->memory;

    m->files = amtg_arena_grow(m->arena, m->files, 0, sizeof *m->files);
    m->files[m->files_count++] = (struct graph_file){
        .path = amtg_arena_text(l->arena, name), .name = amtg_arena_text(l->arena, name)};
    m->files[0].tree = amtg_yaml_parse(m->files[0].name, octets, len, diag);
    return build(l, &m->files[0]);
}

void amtg_graph_free(struct amtg_graph *g)
{
    if (g)
        free_memory(g->memory); /* g itself is in it */
}
