#include "core/diag.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"

enum {
    PROBLEMS_KEPT = 1000,  /* further ones are counted only */
    MESSAGE_OCTETS = 1024, /* of one message, cut beyond */
    LINE_COLUMNS = 120,    /* of a quoted source line; longer ones are cut around the caret */
};

struct note {
    struct note *next;
    struct amtg_mark mark;
    char *text;
};

struct problem {
    enum amtg_severity severity;
    struct amtg_mark mark;
    size_t order; /* as added: the last key of the sort */
    char *subject, *expected, *nearest, *text;
    struct note *notes;
};

struct source {
    struct source *next;
    char *file, *octets;
    size_t len;
};

struct amtg_diag {
    struct problem *problems;
    size_t count, room;
    size_t problems_total, warnings_total, reported;
    struct source *sources, **sources_end;
    struct problem *last; /* what a note belongs to; NULL: to nothing that is kept */
};

struct amtg_diag *amtg_diag_new(void)
{
    struct amtg_diag *d = calloc(1, sizeof *d);

    if (d)
        d->sources_end = &d->sources;
    return d;
}

static void free_problem(struct problem *p)
{
    for (struct note *n = p->notes, *next; n; n = next) {
        next = n->next;
        free((char *)n->mark.file);
        free(n->text);
        free(n);
    }
    free((char *)p->mark.file);
    free(p->subject);
    free(p->expected);
    free(p->nearest);
    free(p->text);
}

void amtg_diag_forget(struct amtg_diag *d)
{
    for (size_t i = 0; i < d->count; i++)
        free_problem(&d->problems[i]);
    d->count = d->problems_total = d->warnings_total = d->reported = 0;
    d->last = NULL;
}

void amtg_diag_free(struct amtg_diag *d)
{
    if (!d)
        return;
    amtg_diag_forget(d);
    for (struct source *s = d->sources, *next; s; s = next) {
        next = s->next;
        free(s->file);
        free(s->octets);
        free(s);
    }
    free(d->problems);
    free(d);
}

/*
 * Control characters in a text out of a file would reach the terminal of whoever
 * reads the message, and JSON must be UTF-8: each octet that is no part of a
 * printable character becomes `?` (C1 control characters are c2 80 .. c2 9f).
 */
static void make_printable(char *text)
{
    size_t left = strlen(text);

    for (unsigned char *c = (unsigned char *)text; left > 0;) {
        size_t len = amtg_utf8_character((char *)c, left);
        if (len == 0 || *c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] <= 0x9f)) {
            *c = '?';
            len = 1;
        }
        c += len;
        left -= len;
    }
}

static char *copy_text(const char *text)
{
    char *copy = text ? strndup(text, MESSAGE_OCTETS) : NULL;

    if (copy)
        make_printable(copy);
    return copy;
}

static struct amtg_mark copy_mark(struct amtg_mark mark)
{
    mark.file = copy_text(mark.file ? mark.file : "");
    return mark;
}

static bool same_place(const struct amtg_mark *a, const struct amtg_mark *b)
{
    return a->line == b->line && a->column == b->column && a->file && b->file &&
           strcmp(a->file, b->file) == 0;
}

/* The same problem may be found twice, say in a graph that is used as two elements. */
static bool is_known(const struct amtg_diag *d, const struct amtg_mark *mark, const char *text)
{
    for (size_t i = 0; i < d->count; i++)
        if (same_place(&d->problems[i].mark, mark) && strcmp(d->problems[i].text, text) == 0)
            return true;
    return false;
}

static struct problem *room_for_one(struct amtg_diag *d)
{
    if (d->count == PROBLEMS_KEPT)
        return NULL;
    if (d->count == d->room) {
        size_t room = d->room ? 2 * d->room : 16;
        struct problem *grown = realloc(d->problems, room * sizeof *grown);
        if (!grown)
            return NULL;
        d->problems = grown;
        d->room = room;
    }
    return &d->problems[d->count++];
}

void amtg_diag_add(struct amtg_diag *d, enum amtg_severity severity, struct amtg_mark mark,
                   const char *subject, const char *expected, const char *nearest,
                   const char *fmt, ...)
{
    char text[MESSAGE_OCTETS];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    make_printable(text);

    d->last = NULL;
    d->reported += severity == AMTG_PROBLEM;
    if (is_known(d, &mark, text))
        return;
    if (severity == AMTG_PROBLEM)
        d->problems_total++;
    else
        d->warnings_total++;
    struct problem *p = room_for_one(d);
    if (!p)
        return;
    *p = (struct problem){
        .severity = severity,
        .mark = copy_mark(mark),
        .order = d->count,
        .subject = copy_text(subject),
        .expected = copy_text(expected),
        .nearest = copy_text(nearest),
        .text = copy_text(text),
    };
    d->last = p;
}

void amtg_diag_note(struct amtg_diag *d, struct amtg_mark mark, const char *fmt, ...)
{
    char text[MESSAGE_OCTETS];
    struct note *n = d->last ? calloc(1, sizeof *n) : NULL;
    va_list args;

    if (!n)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    n->mark = copy_mark(mark);
    n->text = copy_text(text);

    struct note **end = &d->last->notes;
    while (*end)
        end = &(*end)->next;
    *end = n;
}

size_t amtg_diag_problems(const struct amtg_diag *d)
{
    return d->problems_total;
}

size_t amtg_diag_warnings(const struct amtg_diag *d)
{
    return d->warnings_total;
}

size_t amtg_diag_reported(const struct amtg_diag *d)
{
    return d->reported;
}

/* ---- quoting the source ---------------------------------------------------------- */

void amtg_diag_source(struct amtg_diag *d, const char *file, const char *octets, size_t len)
{
    struct source *s = calloc(1, sizeof *s);

    if (!s)
        return;
    s->file = copy_text(file);
    s->octets = malloc(len ? len : 1);
    if (!s->file || !s->octets) {
        free(s->file);
        free(s->octets);
        free(s);
        return;
    }
    if (len)
        memcpy(s->octets, octets, len);
    s->len = len;
    *d->sources_end = s;
    d->sources_end = &s->next;
}

/* Where line `line` (from 1) of the file begins, and its octets; NULL: not known. */
static const char *find_line(const struct amtg_diag *d, const struct amtg_mark *mark, size_t *len)
{
    const struct source *s = d->sources;

    while (s && strcmp(s->file, mark->file) != 0)
        s = s->next;
    if (!s || s->len == 0 || mark->line == 0)
        return NULL;
    const char *at = s->octets, *end = s->octets + s->len;
    for (unsigned line = 1; line < mark->line; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (!newline)
            return NULL;
        at = newline + 1;
    }
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    *len = (size_t)((newline ? newline : end) - at);
    if (*len > 0 && at[*len - 1] == '\r')
        --*len;
    return at;
}

static bool starts_character(char octet)
{
    return ((unsigned char)octet & 0xc0) != 0x80;
}

/* Print characters from .. to-1 of a line, what cannot be shown as `?`, tabs as blanks. */
static void print_part(const char *line, size_t len, unsigned from, unsigned to, FILE *out)
{
    unsigned column = 0;

    for (size_t i = 0; i < len; i++) {
        if (starts_character(line[i]))
            column++;
        if (column <= from || column > to)
            continue;
        unsigned char c = (unsigned char)line[i];
        bool c1 = c == 0xc2 && i + 1 < len && (unsigned char)line[i + 1] <= 0x9f;
        if (c1)
            i++;
        fputc(c == '\t' ? ' ' : c < 0x20 || c == 0x7f || c1 ? '?' : c, out);
    }
}

static unsigned characters(const char *line, size_t len)
{
    unsigned count = 0;

    for (size_t i = 0; i < len; i++)
        count += starts_character(line[i]);
    return count;
}

struct style {
    const char *bold, *red, *yellow, *dim, *plain;
};

static const struct style colors = {"\033[1m", "\033[1;31m", "\033[1;33m", "\033[2m", "\033[0m"};
static const struct style no_colors = {"", "", "", "", ""};

/* The line with a caret under the first character and a wave under the others. */
static void print_quote(const struct amtg_diag *d, const struct amtg_mark *mark,
                        const struct style *style, FILE *out)
{
    size_t len = 0;
    const char *line = find_line(d, mark, &len);

    if (!line || mark->column == 0)
        return;
    unsigned total = characters(line, len), caret = mark->column - 1, from = 0, to = total;
    if (total > LINE_COLUMNS) {
        from = caret > LINE_COLUMNS / 2 ? caret - LINE_COLUMNS / 2 : 0;
        to = from + LINE_COLUMNS < total ? from + LINE_COLUMNS : total;
    }
    const char *more = from > 0 ? "..." : "";
    fprintf(out, "%s%5u |%s %s", style->dim, mark->line, style->plain, more);
    print_part(line, len, from, to, out);
    fprintf(out, "%s\n%s      |%s %*s%s^", to < total ? "..." : "", style->dim, style->plain,
            (int)(caret - from + strlen(more)), "", style->red);
    for (unsigned i = 1; i < mark->length && caret + i < to; i++)
        fputc('~', out);
    fprintf(out, "%s\n", style->plain);
}

/* file:line:col, as far as known. */
static void print_place(const struct amtg_mark *mark, const struct style *style, FILE *out)
{
    fprintf(out, "%s%s", style->bold, mark->file);
    if (mark->line != 0)
        fprintf(out, ":%u:%u", mark->line, mark->column);
    fprintf(out, ":%s ", style->plain);
}

static void print_problem(const struct amtg_diag *d, const struct problem *p,
                          const struct style *style, FILE *out)
{
    print_place(&p->mark, style, out);
    if (p->severity == AMTG_WARNING)
        fprintf(out, "%swarning:%s ", style->yellow, style->plain);
    if (p->subject)
        fprintf(out, "%s: ", p->subject);
    fputs(p->text, out);
    if (p->expected)
        fprintf(out, " (expected %s)", p->expected);
    if (p->nearest)
        fprintf(out, "; did you mean \"%s\"?", p->nearest);
    fputc('\n', out);
    print_quote(d, &p->mark, style, out);
    for (const struct note *n = p->notes; n; n = n->next) {
        print_place(&n->mark, style, out);
        fprintf(out, "note: %s\n", n->text);
        print_quote(d, &n->mark, style, out);
    }
}

/* ---- order ----------------------------------------------------------------------- */

/* Files in the order in which they were read; what is no file (a setting) comes first. */
static size_t file_rank(const struct amtg_diag *d, const char *file)
{
    size_t rank = 1;

    for (const struct source *s = d->sources; s; s = s->next, rank++)
        if (strcmp(s->file, file) == 0)
            return rank;
    return 0;
}

static int compare(const void *a_, const void *b_, void *d_)
{
    const struct problem *a = *(const struct problem *const *)a_;
    const struct problem *b = *(const struct problem *const *)b_;
    size_t rank_a = file_rank(d_, a->mark.file), rank_b = file_rank(d_, b->mark.file);

    if (rank_a != rank_b)
        return rank_a < rank_b ? -1 : 1;
    if (a->mark.line != b->mark.line)
        return a->mark.line < b->mark.line ? -1 : 1;
    if (a->mark.column != b->mark.column)
        return a->mark.column < b->mark.column ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

/* Pointers to the problems in order; to be freed. */
static const struct problem **in_order(const struct amtg_diag *d)
{
    const struct problem **sorted = calloc(d->count + 1, sizeof(const struct problem *));

    if (!sorted)
        return NULL;
    for (size_t i = 0; i < d->count; i++)
        sorted[i] = &d->problems[i];
    qsort_r(sorted, d->count, sizeof *sorted, compare, (void *)d);
    return sorted;
}

void amtg_diag_print(const struct amtg_diag *d, FILE *out, bool color)
{
    const struct problem **sorted = in_order(d);
    size_t total = d->problems_total + d->warnings_total;

    for (size_t i = 0; sorted && i < d->count; i++)
        print_problem(d, sorted[i], color ? &colors : &no_colors, out);
    if (total > d->count)
        fprintf(out, "... and %zu more\n", total - d->count);
    free(sorted);
}

static json_t *mark_json(const struct amtg_mark *mark)
{
    json_t *o = json_object();

    json_object_set_new(o, "file", json_string(mark->file));
    if (mark->line != 0) {
        json_object_set_new(o, "line", json_integer(mark->line));
        json_object_set_new(o, "column", json_integer(mark->column));
        json_object_set_new(o, "length", json_integer(mark->length));
    }
    return o;
}

static void set_text(json_t *o, const char *key, const char *text)
{
    if (text)
        json_object_set_new(o, key, json_string(text));
}

void amtg_diag_print_json(const struct amtg_diag *d, FILE *out)
{
    const struct problem **sorted = in_order(d);
    json_t *all = json_array();

    for (size_t i = 0; sorted && i < d->count; i++) {
        const struct problem *p = sorted[i];
        json_t *o = mark_json(&p->mark);
        set_text(o, "severity", p->severity == AMTG_PROBLEM ? "problem" : "warning");
        set_text(o, "subject", p->subject);
        set_text(o, "message", p->text);
        set_text(o, "expected", p->expected);
        set_text(o, "nearest", p->nearest);
        for (const struct note *n = p->notes; n; n = n->next) {
            json_t *notes = json_object_get(o, "notes"), *note = mark_json(&n->mark);
            if (!notes)
                json_object_set_new(o, "notes", notes = json_array());
            set_text(note, "message", n->text);
            json_array_append_new(notes, note);
        }
        json_array_append_new(all, o);
    }
    json_dumpf(all, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(all);
    free(sorted);
}
