/*
 * A drawing as SVG that needs nothing else: no script, no fount, no other file. Kinds of
 * lines differ by dashes, so that it can be read in black and white; colours follow the
 * reader's scheme, light or dark.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/draw/draw.h"

enum { LEGEND = 34, CORNER = 5 };

static const char style[] =
    "svg{background:#fff;color:#1a1d21;font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,"
    "monospace}\n"
    ".paper{fill:#fff}.box{fill:#fff;stroke:#1a1d21;stroke-width:1.2}.host{stroke-width:2.6}\n"
    ".row{fill:#fff;stroke:#1a1d21}.frame{fill:#1a1d21;fill-opacity:.045;stroke:#6b7280;"
    "stroke-dasharray:8 3 2 3}\n"
    "text{fill:#1a1d21}.title{font-size:13px;font-weight:700}.class{font-size:11px;fill:#4b5563}\n"
    ".port,.label{font-size:10px}.port{fill:#4b5563}.open{fill:#9ca3af}.asks{font-style:italic}\n"
    ".label{fill:#1a1d21}.name{font-size:12px;font-weight:700}.file{font-size:10px;fill:#4b5563}\n"
    ".line{fill:none;stroke:#1a1d21;stroke-width:1.3}.records{stroke:#1d4ed8;stroke-dasharray:7 "
    "3}\n"
    ".reference{stroke:#6b7280;stroke-dasharray:1.5 3;stroke-width:1.5}\n"
    ".halo{fill:none;stroke:#fff;stroke-width:5}.head{fill:#1a1d21}.head-records{fill:#1d4ed8}\n"
    ".head-reference{fill:#fff;stroke:#6b7280;stroke-width:1.2}.rule{stroke:#9ca3af;"
    "stroke-width:.8}\n"
    "@media (prefers-color-scheme:dark){svg{background:#14171a}.paper{fill:#14171a}"
    ".box,.row{fill:#1f2429;stroke:#d6dbe1}.frame{fill:#d6dbe1;stroke:#8b95a1}"
    "text,.label{fill:#e8ebee}.class,.port,.file{fill:#aab3bd}.open{fill:#6b7683}"
    ".line{stroke:#d6dbe1}.records{stroke:#8ab4ff}.reference{stroke:#8b95a1}"
    ".halo{stroke:#14171a}.head{fill:#d6dbe1}.head-records{fill:#8ab4ff}"
    ".head-reference{fill:#14171a;stroke:#8b95a1}}\n"
    "@media print{svg{background:#fff}.paper,.box,.row{fill:#fff}.box,.row,.line{stroke:#000}"
    "text,.class,.port,.label,.file{fill:#000}.halo{stroke:#fff}.head,.head-records{fill:#000}"
    ".head-reference{fill:#fff;stroke:#000}}\n";

static const char *const line_class[] = {
    [DRAW_PACKETS] = "", [DRAW_RECORDS] = " records", [DRAW_REFERENCE] = " reference"};
static const char *const head_class[] = {
    [DRAW_PACKETS] = "head", [DRAW_RECORDS] = "head-records", [DRAW_REFERENCE] = "head-reference"};

/* Text of XML. What XML has no way to say is shown as a question mark. */
static void escape(const char *text, FILE *out)
{
    for (; *text; text++)
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputc((unsigned char)*text < ' ' ? '?' : *text, out);
        }
}

static void text_at(FILE *out, const char *class, int x, int y, const char *anchor,
                    const char *text)
{
    fprintf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\"", class, x, y);
    if (anchor)
        fprintf(out, " text-anchor=\"%s\"", anchor);
    fputc('>', out);
    escape(text, out);
    fputs("</text>\n", out);
}

static void rect(FILE *out, const char *class, struct draw_rect at, int corner)
{
    fprintf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/>\n",
            class, at.x, at.y, at.w, at.h, corner);
}

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int length(struct draw_point a, struct draw_point b)
{
    return abs(a.x - b.x) + abs(a.y - b.y);
}

/* Level and upright pieces, with round corners. */
static void path(FILE *out, const char *class, double width, const struct draw_point *at,
                 unsigned count)
{
    fprintf(out, "<path class=\"%s\"", class);
    if (width > 0)
        fprintf(out, " style=\"stroke-width:%.1f\"", width);
    fprintf(out, " d=\"M%d %d", at[0].x, at[0].y);
    for (unsigned i = 1; i < count; i++) {
        if (i + 1 == count) {
            fprintf(out, "L%d %d", at[i].x, at[i].y);
            break;
        }
        int r = least(CORNER, least(length(at[i - 1], at[i]), length(at[i], at[i + 1])) / 2);
        fprintf(out, "L%d %dQ%d %d %d %d", at[i].x - r * sign(at[i].x - at[i - 1].x),
                at[i].y - r * sign(at[i].y - at[i - 1].y), at[i].x, at[i].y,
                at[i].x + r * sign(at[i + 1].x - at[i].x),
                at[i].y + r * sign(at[i + 1].y - at[i].y));
    }
    fputs("\"/>\n", out);
}

static void head(FILE *out, enum draw_line line, const struct draw_point *at, unsigned count)
{
    int x = at[count - 1].x, y = at[count - 1].y, d = at[count - 2].x < x ? -1 : 1;

    fprintf(out, "<path class=\"%s\" d=\"M%d %dL%d %dL%d %dZ\"/>\n", head_class[line], x, y,
            x + 8 * d, y - 4, x + 8 * d, y + 4);
}

/*
 * Two lines come together, and the rest of the way is left to `other` (dashes on dashes make
 * a line without). *end: where; returns how many corners of `line` come before that.
 */
static unsigned before_join(const struct draw_edge *line, const struct draw_edge *other,
                            struct draw_point *end)
{
    unsigned i = line->points_count, k = other->points_count;
    struct draw_point at = line->points[i - 1];

    while (i > 1 && k > 1) {
        struct draw_point a = line->points[i - 2], b = other->points[k - 2];
        if (sign(a.x - at.x) != sign(b.x - at.x) || sign(a.y - at.y) != sign(b.y - at.y))
            break;
        int la = length(at, a), lb = length(at, b);
        at = la < lb ? a : b;
        i -= la <= lb;
        k -= lb <= la;
        if (la != lb)
            break;
    }
    *end = at;
    return i - 1;
}

static bool same_end(const struct draw_edge *a, const struct draw_edge *b)
{
    return a->to == b->to && a->in == b->in;
}

static void edge_title(const struct drawing *d, const struct draw_edge *e, FILE *out)
{
    const struct draw_box *from = &d->boxes[e->from], *to = &d->boxes[e->to];

    fputs("<title>", out);
    escape(from->name, out);
    fputc('.', out);
    escape(from->ports[e->out].name, out);
    fputs(e->line == DRAW_REFERENCE ? " refers to " : " to ", out);
    escape(to->name, out);
    if (e->line != DRAW_REFERENCE) {
        fputc('.', out);
        escape(to->ports[e->in].name, out);
        fprintf(out, ": %s", e->type ? e->type->name : "nothing passes");
    }
    fputs(e->addressed ? ", addressed</title>" : "</title>", out);
}

/* A line as far as no other of its port is drawn already; `first` is the first of them. */
static void edge(const struct drawing *d, unsigned first, unsigned i, FILE *out)
{
    const struct draw_edge *e = &d->edges[i];
    struct draw_point *at = amtg_arena_get(d->arena, e->points_count * sizeof *at), end;
    unsigned last = e->points_count - 1;
    char class[40];

    memcpy(at, e->points, e->points_count * sizeof *at);
    for (unsigned k = first; k < i; k++)
        if (same_end(&d->edges[k], e)) {
            unsigned before = before_join(e, &d->edges[k], &end);
            if (before &&
                (before < last || length(end, at[last - 1]) < length(at[last], at[last - 1]))) {
                last = before;
                at[last] = end;
            }
        }
    bool whole = length(at[last], e->points[e->points_count - 1]) == 0;
    fprintf(out, "<g data-edge=\"%u\">", i);
    edge_title(d, e, out);
    snprintf(class, sizeof class, "line%s", line_class[e->line]);
    path(out, class, e->width == 1 ? 0 : e->width * 1.3, at, last + 1);
    if (whole)
        head(out, e->line, at, last + 1);
    fputs("</g>\n", out);
}

/* Lines to one port together: where they meet, none is to cut another with its halo. */
static void edge_group(const struct drawing *d, unsigned first, bool *done, FILE *out)
{
    const struct draw_edge *e = d->edges;

    for (int halo = 1; halo >= 0; halo--)
        for (unsigned i = first; i < d->edges_count; i++) {
            if (!same_end(&e[i], &e[first]) || e[i].points_count < 2)
                continue;
            done[i] = true;
            if (halo)
                path(out, "halo", e[i].width + 4, e[i].points, e[i].points_count);
            else
                edge(d, first, i, out);
        }
}

static void edges(const struct drawing *d, FILE *out)
{
    bool *done = amtg_arena_get(d->arena, d->edges_count + 1);

    for (int line = DRAW_REFERENCE; line >= DRAW_PACKETS; line--) /* what is faint lies below */
        for (unsigned i = 0; i < d->edges_count; i++)
            if (!done[i] && d->edges[i].line == (enum draw_line)line)
                edge_group(d, i, done, out);
    for (unsigned i = 0; i < d->joins_count; i++)
        fprintf(out, "<circle class=\"head\" cx=\"%d\" cy=\"%d\" r=\"2.4\"/>\n", d->joins[i].x,
                d->joins[i].y);
}

static void labels(const struct drawing *d, FILE *out)
{
    for (unsigned i = 0; i < d->edges_count; i++)
        if (d->edges[i].label)
            text_at(out, "label", d->edges[i].label_at.x,
                    d->edges[i].label_at.y + d->edges[i].label_at.h - 2, NULL, d->edges[i].label);
}

static void gate_label(const struct draw_gate *g, FILE *out)
{
    if (g->label)
        text_at(out, "label", g->label_at.x, g->label_at.y + g->label_at.h - 2, NULL, g->label);
}

static void gates(const struct drawing *d, FILE *out)
{
    for (unsigned i = 0; i < d->gates_count; i++) {
        const struct draw_gate *g = &d->gates[i];
        if (g->points_count < 2)
            continue;
        path(out, g->line == DRAW_RECORDS ? "line records" : "line", 0, g->points, g->points_count);
        head(out, g->line, g->points, g->points_count);
        rect(out, "row", g->at, 10);
        text_at(out, "class", g->at.x + g->at.w / 2, g->at.y + 14, "middle", g->name);
        gate_label(g, out);
    }
}

static void frames(const struct drawing *d, FILE *out)
{
    for (unsigned i = 0; i < d->frames_count; i++) {
        const struct draw_rect *at = &d->frames[i].at;
        fprintf(out, "<g><title>");
        escape(d->frames[i].name, out);
        fputs("</title>", out);
        rect(out, "frame", *at, 8);
        fputs("</g>", out);
        text_at(out, "name", at->x + 9, at->y + 17, NULL, d->frames[i].title);
        text_at(out, "file", at->x + at->w - 9, at->y + 17, "end", d->frames[i].file);
    }
}

static void port(const struct draw_box *b, const struct draw_port *p, FILE *out)
{
    bool left = p->side == DRAW_LEFT;
    const char *class = p->kind == DRAW_ASKS ? "port asks" : p->used ? "port" : "port open";

    if (p->kind != DRAW_ASKED)
        text_at(out, class, left ? b->at.x + 9 : b->at.x + b->at.w - 9, p->y + 4,
                left ? NULL : "end", p->name);
}

static bool touches_host(const struct drawing *d, const struct draw_box *b)
{
    return !b->count && d->graph->nodes[b->node].class->flags & AMTG_HOST;
}

static void box(const struct drawing *d, const struct draw_box *b, FILE *out)
{
    const struct amtg_class *class = d->graph->nodes[b->node].class;
    char row[320];

    fprintf(out, "<g data-box=\"%u\"><title>", (unsigned)(b - d->boxes));
    escape(b->name, out);
    fputs(": ", out);
    escape(b->count ? "a row of graphs" : class->summary, out);
    fputs("</title>\n", out);
    for (int i = b->count ? 2 : 0; i >= 0; i--)
        rect(out, touches_host(d, b) ? "box host" : "box",
             (struct draw_rect){b->at.x + DRAW_ROW_EDGE * i / 2, b->at.y - DRAW_ROW_EDGE * i / 2,
                                b->at.w, b->at.h},
             4);
    text_at(out, "title", b->at.x + 9, b->at.y + 16, NULL, b->title);
    snprintf(row, sizeof row, "%u \xC3\x97 %s", b->count, b->class);
    text_at(out, "class", b->at.x + 9, b->at.y + 30, NULL, b->count ? row : b->class);
    if (b->ports_count)
        fprintf(out, "<path class=\"rule\" d=\"M%d %dh%d\"/>\n", b->at.x, b->at.y + 36, b->at.w);
    for (unsigned i = 0; i < b->ports_count; i++)
        port(b, &b->ports[i], out);
    fputs("</g>\n", out);
}

static void legend(const struct drawing *d, FILE *out)
{
    static const char *const words[] = {"packets", "records", "reference"};
    bool shown[3] = {false}, host = false;
    int x = 16, y = d->h + 14;
    char class[40];

    for (unsigned i = 0; i < d->edges_count; i++)
        shown[d->edges[i].line] = true;
    for (unsigned i = 0; i < d->boxes_count; i++)
        host |= touches_host(d, &d->boxes[i]);
    for (unsigned i = 0; i < 3; i++) {
        struct draw_point at[2] = {{x, y}, {x + 34, y}};
        if (!shown[i])
            continue;
        snprintf(class, sizeof class, "line%s", line_class[i]);
        path(out, class, 0, at, 2);
        head(out, i, at, 2);
        text_at(out, "label", x + 40, y + 4, NULL, words[i]);
        x += 40 + 6 * (int)strlen(words[i]) + 24;
    }
    if (host) {
        rect(out, "box host", (struct draw_rect){x, y - 7, 22, 14}, 3);
        text_at(out, "label", x + 28, y + 4, NULL, "touches the host");
    }
}

void draw_svg(const struct drawing *d, FILE *out)
{
    int w = d->w > 300 ? d->w : 300, h = d->h + LEGEND;

    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"title desc\">\n",
            w, h, w, h);
    fputs("<title id=\"title\">", out);
    escape(d->graph->name ? d->graph->name : "graph", out);
    fputs("</title>\n<desc id=\"desc\">", out);
    escape(d->graph->summary ? d->graph->summary : "", out);
    fprintf(out, ". %u boxes, %u lines.</desc>\n", d->boxes_count, d->edges_count);
    fprintf(out, "<style>\n%s</style>\n", style);
    fprintf(out, "<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", w, h);
    frames(d, out);
    edges(d, out);
    gates(d, out);
    for (unsigned i = 0; i < d->boxes_count; i++)
        box(d, &d->boxes[i], out);
    labels(d, out);
    legend(d, out);
    fputs("</svg>\n", out);
}
