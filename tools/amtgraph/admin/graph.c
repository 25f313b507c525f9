/* The picture of the graph, as `amtgraph graph` draws it, if need be with what crosses its edges. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/admin/private.h"
#include "tools/amtgraph/draw/draw.h"

enum { NOTE = 64, WIDEST = 8 };

/* Of one edge of the graph, or of all that are drawn as one. */
struct rate {
    double packets, bits; /* per second */
};

static const struct {
    const char *name;
    void (*draw)(const struct drawing *d, FILE *out); /* NULL: JSON */
} formats[] = {{"svg", draw_svg}, {"dot", draw_dot}, {"mermaid", draw_mermaid}, {"json", NULL}};

enum { FORMATS = sizeof formats / sizeof formats[0] };

/* ---- rates, in words and as a width ----------------------------------------------- */

/* "950", "12.3 k", "4.56 M" */
static const char *short_number(double value, char out[NOTE])
{
    static const char *const steps[] = {"", " k", " M", " G", " T"};
    unsigned i = 0;

    for (; value >= 999.5 && i < 4; i++)
        value /= 1000;
    snprintf(out, NOTE, "%.*f%s", value < 9.995 && i ? 2 : value < 99.95 && (i || value < 9.95) ? 1 : 0, value,
             steps[i]);
    return out;
}

static void note_of(const struct rate *r, struct draw_note *note, char text[NOTE])
{
    char packets[NOTE], bits[NOTE];

    if (!(r->packets > 0))
        return;
    snprintf(text, NOTE, "%.20s/s  %.20s%sbit/s", short_number(r->packets, packets), short_number(r->bits, bits),
             r->bits < 999.5 ? " " : "");
    note->text = text;
    note->width = 1.5;
    for (double left = r->packets; left >= 10 && note->width < WIDEST; left /= 10)
        note->width++;
}

/* Rates of the edges of a row are those of the line that stands for them all. */
static void sum_up(const struct amtg_graph *g, const struct drawing *d, struct rate *rates)
{
    for (unsigned i = 0; i < g->edges_count; i++) {
        int drawn = d->edge_edge[i];
        unsigned first = drawn < 0 ? i : d->edges[drawn].edge;
        if (first == i)
            continue;
        rates[first].packets += rates[i].packets;
        rates[first].bits += rates[i].bits;
    }
}

/* ---- the drawing -------------------------------------------------------------------- */

/* One [packets, bits] for each edge. false: it is something else. */
static bool rates_read(const json_t *list, const struct amtg_graph *g, struct rate *rates)
{
    if (json_array_size(list) != g->edges_count)
        return false;
    for (unsigned i = 0; i < g->edges_count; i++) {
        const json_t *pair = json_array_get(list, i), *packets = json_array_get(pair, 0), *bits = json_array_get(pair, 1);
        if (!json_is_number(packets) || !json_is_number(bits))
            return false;
        rates[i] = (struct rate){json_number_value(packets), json_number_value(bits)};
    }
    return true;
}

/* NULL: it is too large, or there is no memory. */
static struct drawing *draw_rates(const struct amtg_graph *g, struct draw_options *options, struct rate *rates)
{
    struct drawing *plain = draw_graph(g, options), *d = NULL;
    struct draw_note *notes = calloc(g->edges_count + 1, sizeof *notes);
    char(*texts)[NOTE] = calloc(g->edges_count + 1, sizeof *texts);

    if (plain && notes && texts) {
        sum_up(g, plain, rates);
        for (unsigned i = 0; i < g->edges_count; i++)
            note_of(&rates[i], &notes[i], texts[i]);
        options->notes = notes;
        d = draw_graph(g, options);
    }
    drawing_free(plain);
    free(notes); /* what they say is written down in the drawing */
    free(texts);
    return d;
}

static json_t *written(const struct drawing *d, void (*draw)(const struct drawing *d, FILE *out))
{
    char *text = NULL;
    size_t octets = 0;
    FILE *out = draw ? open_memstream(&text, &octets) : NULL;

    if (!draw)
        return drawing_json(d);
    if (!out)
        return NULL;
    draw(d, out);
    fclose(out);
    json_t *json = json_stringn(text, octets);
    free(text);
    return json;
}

static void answer_drawing(struct admin_question *q, unsigned format)
{
    const struct amtg_graph *g = admin_graph(q->admin);
    const json_t *list = json_object_get(q->request, "rates");
    struct draw_options options = {.unfold = json_is_true(json_object_get(q->request, "unfold"))};
    struct rate *rates = calloc(g->edges_count + 1, sizeof *rates);

    if (rates && list && !rates_read(list, g, rates)) {
        admin_refuse(q, "\"rates\": [packets/s, bit/s] for each of the %u edges expected", g->edges_count);
    } else {
        struct drawing *d = !rates ? NULL : list ? draw_rates(g, &options, rates) : draw_graph(g, &options);
        json_t *drawing = d ? written(d, formats[format].draw) : NULL;
        if (drawing)
            admin_answer(q, json_pack("{so}", "drawing", drawing), true);
        else
            admin_refuse(q, "the graph is too large to be drawn");
        drawing_free(d);
    }
    free(rates);
}

/* As `graph` draws it, but for room beside each type: there the page says what passes. */
static json_t *layout(const struct amtg_graph *g)
{
    static const char room[] = "                 ";
    struct draw_note *notes = calloc(g->edges_count + 1, sizeof *notes);

    for (unsigned i = 0; notes && i < g->edges_count; i++)
        notes[i] = (struct draw_note){.text = room, .width = 1};
    struct drawing *d = notes ? draw_graph(g, &(struct draw_options){.notes = notes}) : NULL;
    json_t *json = d ? drawing_json(d) : NULL;
    drawing_free(d);
    free(notes);
    return json;
}

/* Laid out once: that takes a while, and the graph stays the same. */
static void answer_layout(struct admin_question *q)
{
    struct admin *a = q->admin;

    if (!a->drawing)
        a->drawing = layout(admin_graph(a));
    if (a->drawing)
        admin_answer(q, json_copy(a->drawing), true);
    else
        admin_refuse(q, "the graph is too large to be drawn");
}

static void begin(struct admin_question *q)
{
    const json_t *format = json_object_get(q->request, "format");
    unsigned i = 0;

    if (!format) {
        answer_layout(q);
        return;
    }
    while (i < FORMATS && json_is_string(format) && strcmp(formats[i].name, json_string_value(format)))
        i++;
    if (i < FORMATS && json_is_string(format))
        answer_drawing(q, i);
    else
        admin_refuse(q, "\"format\": svg, dot, mermaid or json expected");
}

const struct admin_kind admin_kind_graph = {
    .name = "graph", .help = "where its elements and edges are drawn, or the drawing", .begin = begin};
