/* What the elements are: their classes, and the lines of the graph's files that declare them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/admin/private.h"
#include "tools/amtgraph/class_page.h"

enum {
    LINES = 64,             /* of a declaration that are shown */
    SOURCE_MOST = 16 << 20, /* octets of a file */
};

struct source {
    const char *file; /* the graph's */
    char *text;       /* NULL: it cannot be read */
};

struct admin_sources {
    unsigned count;
    struct source files[];
};

/* ---- the files, as they were when the run began --------------------------------- */

static char *read_file(const char *path)
{
    FILE *in = fopen(path, "re");
    char *text = NULL;
    size_t octets = 0;

    if (!in)
        return NULL;
    FILE *out = open_memstream(&text, &octets);
    for (int c; out && octets < SOURCE_MOST && (c = getc(in)) != EOF && c;)
        putc(c, out);
    if (out)
        fclose(out);
    fclose(in);
    return text;
}

static const char *text_of(const struct admin_sources *s, const char *file)
{
    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->files[i].file, file) == 0)
            return s->files[i].text;
    return NULL;
}

static bool is_known(const struct admin_sources *s, const char *file)
{
    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->files[i].file, file) == 0)
            return true;
    return false;
}

struct admin_sources *admin_sources_read(const struct amtg_graph *g)
{
    struct admin_sources *s = calloc(1, sizeof *s + g->nodes_count * sizeof s->files[0]);

    for (unsigned i = 0; s && i < g->nodes_count; i++) {
        const char *file = g->nodes[i].mark.file;
        if (file && !is_known(s, file))
            s->files[s->count++] = (struct source){file, read_file(file)};
    }
    return s;
}

void admin_sources_free(struct admin_sources *s)
{
    for (unsigned i = 0; s && i < s->count; i++)
        free(s->files[i].text);
    free(s);
}

/* ---- a declaration: its first line, and what is further in than that ------------- */

static const char *line_after(const char *line)
{
    const char *end = strchr(line, '\n');

    return end ? end + 1 : line + strlen(line);
}

static size_t indent_of(const char *line)
{
    return strspn(line, " ");
}

static bool is_blank(const char *line)
{
    return line[strspn(line, " \r")] == '\n' || !line[strspn(line, " \r")];
}

static json_t *declaration(const char *text, unsigned number)
{
    const char *from = text, *to;

    for (unsigned i = 1; i < number && *from; i++)
        from = line_after(from);
    to = line_after(from);
    for (unsigned i = 1; i < LINES && *to && !is_blank(to) && indent_of(to) > indent_of(from); i++)
        to = line_after(to);
    size_t octets = (size_t)(to - from);
    while (octets && from[octets - 1] == '\n')
        octets--;
    return json_stringn(from, octets);
}

/* ---- the question ------------------------------------------------------------------ */

static json_t *element_json(const struct admin_sources *sources, const struct amtg_graph_node *n)
{
    json_t *json = json_pack("{ss ss}", "name", n->name, "class", n->class->name);
    const char *text = n->mark.file ? text_of(sources, n->mark.file) : NULL;

    if (n->mark.file && n->mark.line) {
        json_object_set_new(json, "file", json_string(n->mark.file));
        json_object_set_new(json, "line", json_integer(n->mark.line));
    }
    if (text && n->mark.line)
        json_object_set_new(json, "yaml", declaration(text, n->mark.line));
    return json;
}

static void begin(struct admin_question *q)
{
    const struct amtg_graph *g = admin_graph(q->admin);
    json_t *elements = json_array(), *classes = json_object();

    for (unsigned i = 0; i < g->nodes_count; i++) {
        const struct amtg_class *class = g->nodes[i].class;
        json_array_append_new(elements, element_json(q->admin->sources, &g->nodes[i]));
        if (!json_object_get(classes, class->name))
            json_object_set_new(classes, class->name, class_page_json(class));
    }
    admin_answer(q, json_pack("{so so}", "classes", classes, "elements", elements), true);
}

const struct admin_kind admin_kind_elements = {
    .name = "elements",
    .help = "the elements, their classes, and the lines that declare them",
    .begin = begin};
