/* A drawing in the language of Graphviz, which lays it out itself. */
#include "tools/amtgraph/draw/draw.h"

/* A double-quoted string of dot: only quotes end it; a backslash begins an escape. */
static void quote(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void inner(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void box(const struct draw_box *b, FILE *out)
{
    fputs("    ", out);
    quote(b->name, out);
    fputs(" [label=\"", out);
    inner(b->title, out);
    fputs("\\n", out);
    if (b->count)
        fprintf(out, "%u x ", b->count);
    inner(b->class, out);
    fputs(b->count ? "\" peripheries=2]\n" : "\"]\n", out);
}

/* A frame, what is in it, and the frames within. DRAW_NONE: what is in none. */
static void frame(const struct drawing *d, int at, FILE *out)
{
    if (at != DRAW_NONE) {
        fprintf(out, "    subgraph cluster_%d {\n    style=dashed\n    label=", at);
        quote(d->frames[at].title, out);
        fputc('\n', out);
    }
    for (unsigned i = 0; i < d->boxes_count; i++)
        if (d->boxes[i].frame == at)
            box(&d->boxes[i], out);
    for (unsigned i = 0; i < d->frames_count; i++)
        if (d->frames[i].frame == at)
            frame(d, (int)i, out);
    if (at != DRAW_NONE)
        fputs("    }\n", out);
}

static void edge(const struct drawing *d, const struct draw_edge *e, FILE *out)
{
    const struct draw_box *from = &d->boxes[e->from], *to = &d->boxes[e->to];

    fputs("    ", out);
    quote(from->name, out);
    fputs(" -> ", out);
    quote(to->name, out);
    fputs(" [label=\"", out);
    inner(from->ports[e->out].name, out);
    if (e->line != DRAW_REFERENCE) {
        fputs(" to ", out);
        inner(to->ports[e->in].name, out);
        fputs(": ", out);
        inner(e->label, out);
    }
    fprintf(out, "%s\"%s]\n", e->addressed ? ", addressed" : "",
            e->line == DRAW_REFERENCE ? " style=dotted arrowhead=empty"
            : e->line == DRAW_RECORDS ? " style=dashed"
                                      : "");
}

void draw_dot(const struct drawing *d, FILE *out)
{
    fputs("digraph ", out);
    quote(d->graph->name ? d->graph->name : "graph", out);
    fputs(" {\n    rankdir=LR\n    node [shape=box]\n", out);
    frame(d, DRAW_NONE, out);
    for (unsigned i = 0; i < d->edges_count; i++)
        edge(d, &d->edges[i], out);
    fputs("}\n", out);
}
