#include "tools/amtgraph/class_page.h"

#include <ctype.h>
#include <string.h>

enum {
    COLUMNS = 80,   /* of a terminal page */
    EXPECTED = 512, /* room for what a parameter expects */
};

const struct flag_words class_flag_words[] = {
    {AMTG_HOST, "host", "touches the host: replaced by the boundary on captures"},
    {AMTG_BREAKS, "breaks", "never emits from inside its push: a cycle may pass through it"},
    {AMTG_ORDERED, "ordered", "its outputs do not overtake each other"},
    {AMTG_SINGLE, "single", "cannot be copied for another shard"},
    {0, NULL, NULL},
};

const struct flag_words input_flag_words[] = {
    {AMTG_TO, "addressed", "addressed packets only"},
    {AMTG_MAY_BE_OPEN, "may-be-open", "may stay open"},
    {0, NULL, NULL},
};

const struct flag_words output_flag_words[] = {
    {AMTG_TO, "addressed", "addressed"},
    {AMTG_CARRIES_TYPE, "carries-type", "of the type that comes in"},
    {AMTG_CARRIES_TO, "carries-addressed", "addressed if all that comes in is"},
    {AMTG_MAY_BE_OPEN, "may-be-open", "may stay open"},
    {AMTG_MANY, "many", "one for each item of a parameter"},
    {0, NULL, NULL},
};

const char *class_flags_text(const struct flag_words *words, unsigned flags, char *out, size_t room)
{
    size_t used = 0;

    out[0] = '\0';
    for (; words->name && used < room; words++)
        if (flags & words->flag)
            used += (size_t)snprintf(out + used, room - used, "%s%s", used ? ", " : "",
                                     words->words);
    return out;
}

const char *class_default_text(const struct amtg_param *p)
{
    if (!p->initial)
        return "required";
    return p->initial[0] ? p->initial : "none";
}

const char *class_expected_text(const struct amtg_param *p, char *out, size_t room)
{
    char unit[64];

    amtg_param_expected(p, out, room);
    if (p->unit && p->kind != AMTG_KIND_SIZE) {
        snprintf(unit, sizeof unit, " (%s)", p->unit);
        strncat(out, unit, room - strlen(out) - 1);
    }
    return out;
}

/* ---- for a terminal ----------------------------------------------------- */

/* Width of UTF-8 text on a terminal, near enough: its code points. */
static unsigned width_of(const char *text, size_t octets)
{
    unsigned width = 0;
    for (size_t i = 0; i < octets; i++)
        width += (text[i] & 0xc0) != 0x80;
    return width;
}

/* Break paragraphs into lines that begin with `indent` blanks; an empty line stays one. */
static void wrap(FILE *out, unsigned indent, const char *text)
{
    unsigned column = 0;

    for (const char *at = text; *at;) {
        if (*at == '\n') {
            fputc('\n', out);
            column = 0;
            at++;
            continue;
        }
        size_t octets = strcspn(at, " \n");
        unsigned width = width_of(at, octets);
        if (column && column + 1 + width > COLUMNS) {
            fputc('\n', out);
            column = 0;
        }
        column += (unsigned)fprintf(out, "%*s", column ? 1 : (int)indent, "");
        fwrite(at, 1, octets, out);
        column += width;
        at += octets;
        at += *at == ' ';
    }
    fputc('\n', out);
}

static void text_head(FILE *out, const char *head)
{
    fprintf(out, "\n%s\n", head);
}

static void text_ports(FILE *out, const char *head, const struct amtg_port *ports, unsigned count,
                       const struct flag_words *words)
{
    char flags[256];

    if (count)
        text_head(out, head);
    for (unsigned i = 0; i < count; i++) {
        class_flags_text(words, ports[i].flags, flags, sizeof flags);
        fprintf(out, "  %s: %s%s%s\n", ports[i].name, ports[i].type->name, flags[0] ? ", " : "",
                flags);
        wrap(out, 6, ports[i].help);
    }
}

static void text_params(FILE *out, const struct amtg_class *class)
{
    char name[AMTG_PARAM_NAME], expected[EXPECTED];

    if (class->params_count)
        text_head(out, "Parameters");
    for (unsigned i = 0; i < class->params_count; i++) {
        const struct amtg_param *p = &class->params[i];
        fprintf(out, p->initial ? "  %s: default %s\n" : "  %s: %s\n", amtg_param_name(p, name),
                class_default_text(p));
        wrap(out, 6, p->help);
        wrap(out, 6, class_expected_text(p, expected, sizeof expected));
    }
}

static void text_counts(FILE *out, const struct amtg_class *class)
{
    if (class->counters_count)
        text_head(out, "Counters");
    for (unsigned i = 0; i < class->counters_count; i++) {
        const struct amtg_counter *c = &class->counters[i];
        fprintf(out, "  %s: %s%s\n", c->name, c->unit, c->kind == AMTG_GAUGE ? ", gauge" : "");
        wrap(out, 6, c->help);
    }
    if (class->drops_count)
        text_head(out, "Reasons for drops");
    for (unsigned i = 0; i < class->drops_count; i++) {
        fprintf(out, "  %s\n", class->drops[i].name);
        wrap(out, 6, class->drops[i].help);
    }
}

/* "address port": the arguments of a call; optional ones in brackets. Into out, returns out. */
static const char *arguments_text(const struct amtg_call *call, char *out, size_t room)
{
    char name[AMTG_PARAM_NAME];
    size_t used = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < call->params_count && used < room; i++)
        used += (size_t)snprintf(out + used, room - used, call->params[i].initial ? " [%s]" : " %s",
                                 amtg_param_name(&call->params[i], name));
    return out;
}

static void text_asked(FILE *out, const struct amtg_class *class)
{
    char arguments[EXPECTED];

    if (class->listings_count)
        text_head(out, "Shows");
    for (unsigned i = 0; i < class->listings_count; i++) {
        const struct amtg_listing *l = &class->listings[i];
        fprintf(out, "  %s: %s\n", l->name, l->help);
        for (unsigned k = 0; k < l->columns_count; k++)
            fprintf(out, "      %s: %s\n", l->columns[k].name, l->columns[k].help);
    }
    if (class->calls_count)
        text_head(out, "Calls");
    for (unsigned i = 0; i < class->calls_count; i++) {
        const struct amtg_call *call = &class->calls[i];
        fprintf(out, "  %s%s\n", call->name, arguments_text(call, arguments, sizeof arguments));
        wrap(out, 6, call->help);
    }
}

void class_page_text(const struct amtg_class *class, FILE *out)
{
    fprintf(out, "%s: %s\n", class->name, class->summary);
    if (class->details) {
        fputc('\n', out);
        wrap(out, 2, class->details);
    }
    if (class->flags)
        text_head(out, "Nature");
    for (const struct flag_words *w = class_flag_words; w->name; w++)
        if (class->flags & w->flag)
            fprintf(out, "  %s\n", w->words);
    text_ports(out, "Inputs", class->inputs, class->inputs_count, input_flag_words);
    text_ports(out, "Outputs", class->outputs, class->outputs_count, output_flag_words);
    if (class->ports_from)
        fprintf(out, "      (the parameter is `%s`)\n", class->ports_from);
    text_params(out, class);
    if (class->provides_count)
        text_head(out, "Offers by reference");
    for (unsigned i = 0; i < class->provides_count; i++) {
        const struct amtg_interface *interface = class->provides[i].interface;
        fprintf(out, "  %s: %s\n", interface->name, interface->summary);
    }
    text_counts(out, class);
    text_asked(out, class);
    if (class->example) {
        text_head(out, "Example");
        for (const char *line = class->example; *line;) {
            size_t octets = strcspn(line, "\n");
            fprintf(out, "  %.*s\n", (int)octets, line);
            line += octets + (line[octets] == '\n');
        }
    }
}

/* ---- Markdown ----------------------------------------------------------- */

/* One cell of a table: `|` would end it, `<` would begin a tag. */
static void cell(FILE *out, const char *text)
{
    fputs(" ", out);
    for (; *text; text++)
        if (*text == '|')
            fputs("\\|", out);
        else if (*text == '<')
            fputs("&lt;", out);
        else
            fputc(*text == '\n' ? ' ' : *text, out);
    fputs(" |", out);
}

static void code_cell(FILE *out, const char *text)
{
    fprintf(out, " `%s` |", text);
}

static void table_head(FILE *out, const char *title, const char *const *columns)
{
    fprintf(out, "\n## %s\n\n|", title);
    for (const char *const *c = columns; *c; c++)
        fprintf(out, " %s |", *c);
    fputs("\n|", out);
    for (const char *const *c = columns; *c; c++)
        fputs("---|", out);
    fputc('\n', out);
}

#define TABLE_HEAD(out, title, ...) table_head(out, title, (const char *const[]){__VA_ARGS__, NULL})

static void markdown_ports(FILE *out, const char *title, const struct amtg_port *ports,
                           unsigned count, const struct flag_words *words)
{
    char flags[256];

    if (!count)
        return;
    TABLE_HEAD(out, title, "Name", "Type", "Meaning", "Notes");
    for (unsigned i = 0; i < count; i++) {
        fputc('|', out);
        code_cell(out, ports[i].name);
        code_cell(out, ports[i].type->name);
        cell(out, ports[i].help);
        cell(out, class_flags_text(words, ports[i].flags, flags, sizeof flags));
        fputc('\n', out);
    }
}

static void markdown_params(FILE *out, const struct amtg_class *class)
{
    char name[AMTG_PARAM_NAME], expected[EXPECTED];

    if (!class->params_count)
        return;
    TABLE_HEAD(out, "Parameters", "Name", "Default", "Meaning", "Value");
    for (unsigned i = 0; i < class->params_count; i++) {
        const struct amtg_param *p = &class->params[i];
        fputc('|', out);
        code_cell(out, amtg_param_name(p, name));
        if (p->initial && p->initial[0])
            code_cell(out, p->initial);
        else
            cell(out, class_default_text(p));
        cell(out, p->help);
        cell(out, class_expected_text(p, expected, sizeof expected));
        fputc('\n', out);
    }
}

static void markdown_counts(FILE *out, const struct amtg_class *class)
{
    if (class->counters_count)
        TABLE_HEAD(out, "Counters", "Name", "Unit", "Meaning");
    for (unsigned i = 0; i < class->counters_count; i++) {
        const struct amtg_counter *c = &class->counters[i];
        fputc('|', out);
        code_cell(out, c->name);
        fprintf(out, " %s%s |", c->unit, c->kind == AMTG_GAUGE ? ", gauge" : "");
        cell(out, c->help);
        fputc('\n', out);
    }
    if (class->drops_count)
        TABLE_HEAD(out, "Reasons for drops", "Name", "When");
    for (unsigned i = 0; i < class->drops_count; i++) {
        fputc('|', out);
        code_cell(out, class->drops[i].name);
        cell(out, class->drops[i].help);
        fputc('\n', out);
    }
}

static void markdown_asked(FILE *out, const struct amtg_class *class)
{
    char arguments[EXPECTED], head[EXPECTED];

    for (unsigned i = 0; i < class->listings_count; i++) {
        const struct amtg_listing *l = &class->listings[i];
        snprintf(head, sizeof head, "Shows `%s`: %s", l->name, l->help);
        TABLE_HEAD(out, head, "Column", "Unit", "Meaning");
        for (unsigned k = 0; k < l->columns_count; k++) {
            fputc('|', out);
            code_cell(out, l->columns[k].name);
            cell(out, l->columns[k].unit ? l->columns[k].unit : "");
            cell(out, l->columns[k].help);
            fputc('\n', out);
        }
    }
    if (class->calls_count)
        TABLE_HEAD(out, "Calls", "Call", "What it does");
    for (unsigned i = 0; i < class->calls_count; i++) {
        const struct amtg_call *call = &class->calls[i];
        fprintf(out, "| `%s%s` |", call->name, arguments_text(call, arguments, sizeof arguments));
        cell(out, call->help);
        fputc('\n', out);
    }
}

void class_page_markdown(const struct amtg_class *class, FILE *out)
{
    fprintf(out,
            "<!-- Generated from the descriptor by tools/element-pages; do not edit. -->\n"
            "# %s\n\n%c%s.\n",
            class->name, toupper((unsigned char)class->summary[0]), class->summary + 1);
    if (class->details)
        fprintf(out, "\n%s\n", class->details);
    if (class->flags)
        fputc('\n', out);
    for (const struct flag_words *w = class_flag_words; w->name; w++)
        if (class->flags & w->flag)
            fprintf(out, "- %s\n", w->words);
    markdown_ports(out, "Inputs", class->inputs, class->inputs_count, input_flag_words);
    markdown_ports(out, "Outputs", class->outputs, class->outputs_count, output_flag_words);
    if (class->ports_from)
        fprintf(out, "\nThe parameter that names them is `%s`.\n", class->ports_from);
    markdown_params(out, class);
    if (class->provides_count)
        TABLE_HEAD(out, "Offers by reference", "Interface", "Meaning");
    for (unsigned i = 0; i < class->provides_count; i++) {
        fputc('|', out);
        code_cell(out, class->provides[i].interface->name);
        cell(out, class->provides[i].interface->summary);
        fputc('\n', out);
    }
    markdown_counts(out, class);
    markdown_asked(out, class);
    if (class->example)
        fprintf(out, "\n## Example\n\n```yaml\n%s```\n", class->example);
}
