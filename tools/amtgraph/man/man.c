#include "tools/amtgraph/man/man.h"

#include <stdbool.h>
#include <string.h>

/* Is there a backtick in what is left of the paragraph? */
static bool is_closed(const char *text)
{
    const char *close = strchr(text, '`'), *end = strstr(text, "\n\n");

    return close && (!end || close < end);
}

/* One character as itself; at the start of a line some mean more. */
static void character(FILE *out, char c, bool first)
{
    if (strchr("\\*_", c) || (first && strchr("#|[]-", c)))
        fputc('\\', out);
    fputc(c, out);
}

static void tabs_to(FILE *out, int tabs)
{
    for (int i = 0; i < tabs; i++)
        fputc('\t', out);
}

/* A run of text up to `end`, with `code` in bold. first: a line begins with it. */
static void run_of(FILE *out, int tabs, const char *text, const char *end, bool first)
{
    bool bold = false;

    for (; text < end; text++) {
        if (*text == '`' && (bold || is_closed(text + 1))) {
            bold = !bold;
            fputc('*', out);
        } else if (*text == '\n') {
            fputc('\n', out);
            tabs_to(out, tabs);
            first = true;
            continue;
        } else {
            character(out, *text, first);
        }
        first = false;
    }
}

/* A paragraph that begins with blanks is a drawing or a listing. */
static void literal(FILE *out, int tabs, const char *text, const char *end)
{
    tabs_to(out, tabs);
    fputs("```\n", out);
    while (text < end) {
        const char *line = memchr(text, '\n', (size_t)(end - text));
        size_t len = (size_t)((line ? line : end) - text);
        tabs_to(out, tabs);
        fprintf(out, "%.*s\n", (int)len, text);
        text += len + 1;
    }
    tabs_to(out, tabs);
    fputs("```\n\n", out);
}

/* Where the list of `- ` items in a paragraph begins, or its end. */
static const char *list_in(const char *text, const char *end)
{
    for (const char *at = text; at < end; at++)
        if (at[0] == '-' && at[1] == ' ' && (at == text || at[-1] == '\n'))
            return at;
    return end;
}

/* An item of a list: one line to scdoc, however it is broken here. */
static void item(FILE *out, const char *text, const char *end)
{
    while (text < end) {
        const char *line = memchr(text, '\n', (size_t)(end - text)), *stop = line ? line : end;
        run_of(out, 0, text, stop, false);
        text = stop + (line != NULL);
        text += strspn(text, " ");
        if (text < end)
            fputc(' ', out);
    }
}

static void paragraph(FILE *out, int tabs, const char *text, const char *end)
{
    const char *list = list_in(text, end);

    if (list > text) {
        tabs_to(out, tabs);
        run_of(out, tabs, text, list[-1] == '\n' ? list - 1 : list, true);
        fputs("\n\n", out);
    }
    while (list < end) {
        const char *next = list_in(list + 2, end);
        tabs_to(out, tabs);
        fputs("- ", out);
        item(out, list + 2, next);
        fputc('\n', out);
        list = next;
        if (list == end)
            fputc('\n', out);
    }
}

/* The end of the lines that all begin with blanks, or that all do not. */
static const char *same_lines(const char *text, const char *end, bool blank)
{
    for (const char *at = text; at < end; at++)
        if (*at == '\n' && at + 1 < end && (at[1] == ' ') != blank)
            return at + 1;
    return end;
}

void man_text(FILE *out, int tabs, const char *text)
{
    while (*text) {
        const char *gap = strstr(text, "\n\n"), *end = gap ? gap : text + strlen(text);
        while (text < end) {
            bool blank = *text == ' ';
            const char *stop = same_lines(text, end, blank), *last = stop[-1] == '\n' ? stop - 1 : stop;
            if (blank)
                literal(out, tabs, text, last);
            else
                paragraph(out, tabs, text, last);
            text = stop;
        }
        text += strspn(text, "\n");
    }
}

void man_line(FILE *out, const char *text)
{
    run_of(out, 0, text, text + strlen(text), false);
}

void man_entry(FILE *out, const char *name, const char *what, const char *help)
{
    fputc('*', out);
    man_line(out, name);
    fputc('*', out);
    if (what) {
        fputs(" _", out);
        man_line(out, what);
        fputc('_', out);
    }
    fputc('\n', out);
    man_text(out, 1, help);
}

void man_listing(FILE *out, const char *lines)
{
    size_t len = strlen(lines);

    literal(out, 0, lines, lines + len - (len && lines[len - 1] == '\n'));
}

void man_keys(FILE *out, const struct amtg_key *keys)
{
    for (; keys->name; keys++)
        man_entry(out, keys->name, keys->required ? "(required)" : NULL, keys->help);
}

void man_head(FILE *out, const char *name, int section, const char *summary)
{
    fprintf(out, "%s(%d) \"amtgraph " AMTGRAPH_VERSION "\" \"amtgraph\"\n\n# NAME\n\n%s - ", name,
            section, name);
    man_line(out, summary);
    fputs("\n\n", out);
}
