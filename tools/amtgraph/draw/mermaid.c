/*
 * A drawing in the language of Mermaid, which lays it out itself. It takes no free texts
 * as identifiers, so boxes are numbered; in its quoted texts a quote is an entity.
 */
#include "tools/amtgraph/draw/draw.h"

static void text(const char *t, FILE *out)
{
    for (; *t; t++)
        if (*t == '"')
            fputs("#quot;", out);
        else if (*t == '#')
            fputs("#35;", out);
        else if (*t == '<')
            fputs("#lt;", out);
        else
            fputc(*t, out);
}

static void frame(const struct drawing *d, int at, FILE *out)
{
    if (at != DRAW_NONE) {
        fprintf(out, "    subgraph f%d [\"", at);
        text(d->frames[at].title, out);
        fputs("\"]\n", out);
    }
    for (unsigned i = 0; i < d->boxes_count; i++) {
        const struct draw_box *b = &d->boxes[i];
        if (b->frame != at)
            continue;
        fprintf(out, b->count ? "    n%u[[\"" : "    n%u[\"", i);
        text(b->title, out);
        fputs("<br/>", out);
        if (b->count)
            fprintf(out, "%u x ", b->count);
        text(b->class, out);
        fputs(b->count ? "\"]]\n" : "\"]\n", out);
    }
    for (unsigned i = 0; i < d->frames_count; i++)
        if (d->frames[i].frame == at)
            frame(d, (int)i, out);
    if (at != DRAW_NONE)
        fputs("    end\n", out);
}

void draw_mermaid(const struct drawing *d, FILE *out)
{
    fputs("flowchart LR\n", out);
    frame(d, DRAW_NONE, out);
    for (unsigned i = 0; i < d->edges_count; i++) {
        const struct draw_edge *e = &d->edges[i];
        fprintf(out, e->line == DRAW_PACKETS ? "    n%u -->|\"" : "    n%u -.->|\"", e->from);
        text(d->boxes[e->from].ports[e->out].name, out);
        if (e->line != DRAW_REFERENCE) {
            fputs(" to ", out);
            text(d->boxes[e->to].ports[e->in].name, out);
            fputs(": ", out);
            text(e->label, out);
        }
        fprintf(out, "%s\"| n%u\n", e->addressed ? ", addressed" : "", e->to);
    }
}
