#include "core/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/diag.h"
#include "core/listing.h"
#include "core/runtime_private.h"

/* ---- rows ---------------------------------------------------------------- */

struct amtg_rows {
    const struct amtg_listing *listing;
    json_t *out, *row;
    unsigned column;
};

void amtg_row(struct amtg_rows *rows)
{
    rows->row = json_object();
    rows->column = 0;
    json_array_append_new(rows->out, rows->row);
}

static void cell(struct amtg_rows *rows, json_t *value)
{
    if (rows->column < rows->listing->columns_count)
        json_object_set_new(rows->row, rows->listing->columns[rows->column++].name, value);
    else
        json_decref(value);
}

static void cell_words(struct amtg_rows *rows, const char *fmt, va_list args)
{
    char *text = NULL;
    int octets = vasprintf(&text, fmt, args);
    json_t *value = octets < 0 ? NULL : json_string(text);
    if (octets >= 0 && !value)
        value = json_string("(not UTF-8)");
    cell(rows, value ? value : json_null());
    if (octets >= 0)
        free(text);
}

void amtg_cell_text(struct amtg_rows *rows, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    cell_words(rows, fmt, args);
    va_end(args);
}

void amtg_fact(struct amtg_rows *rows, const char *fact, const char *fmt, ...)
{
    va_list args;

    amtg_row(rows);
    amtg_cell_text(rows, "%s", fact);
    va_start(args, fmt);
    cell_words(rows, fmt, args);
    va_end(args);
}

void amtg_cell_number(struct amtg_rows *rows, uint64_t value)
{
    cell(rows, json_integer((json_int_t)value));
}

void amtg_cell_time(struct amtg_rows *rows, uint64_t ns)
{
    cell(rows, json_real((double)(ns / AMTG_MS) / 1e3));
}

void amtg_cell_none(struct amtg_rows *rows)
{
    cell(rows, json_null());
}

uint64_t amtg_ask_rows(struct amtg_element *e, const struct amtg_listing *listing, uint64_t cursor,
                       json_t *out)
{
    struct amtg_rows rows = {.listing = listing, .out = out};

    return listing->rows(e, cursor, &rows);
}

/* ---- calls --------------------------------------------------------------- */

static enum amtg_err reset(struct amtg_element *e, const void *args)
{
    (void)args;
    for (unsigned i = 0; i < e->class->counters_count; i++)
        if (e->class->counters[i].kind == AMTG_COUNTER)
            e->counters[i] = 0;
    memset(e->drops, 0, (e->class->drops_count + AMTG_DROPS_COMMON) * sizeof *e->drops);
    for (unsigned i = 0; i < e->outs_count; i++)
        e->outs[i].packets = e->outs[i].octets = 0;
    return AMTG_OK;
}

const struct amtg_call amtg_call_reset = {
    .name = "reset", .help = "set counters, drops and ports to 0; gauges stay", .run = reset};

static const struct amtg_call *find_call(const struct amtg_class *class, const char *name)
{
    for (unsigned i = 0; i < class->calls_count; i++)
        if (strcmp(class->calls[i].name, name) == 0)
            return &class->calls[i];
    return strcmp(name, amtg_call_reset.name) ? NULL : &amtg_call_reset;
}

static enum amtg_err unknown_call(const struct amtg_element *e, const char *call, char *why,
                                  size_t room)
{
    const char *names[e->class->calls_count + 1];

    for (unsigned i = 0; i < e->class->calls_count; i++)
        names[i] = e->class->calls[i].name;
    names[e->class->calls_count] = amtg_call_reset.name;
    const char *nearest = amtg_nearest(call, names, e->class->calls_count + 1);
    snprintf(why, room, "%s (%s) has no call \"%s\"", e->name, e->class->name, call);
    if (nearest)
        snprintf(why + strlen(why), room - strlen(why), " (did you mean \"%s\"?)", nearest);
    return AMTG_ECONFIG;
}

/* "name=value" of a parameter by name, else the next in turn. -1: too many. */
static int place(const struct amtg_call *call, const char *arg, unsigned turn, const char **value)
{
    char name[AMTG_PARAM_NAME];

    for (unsigned i = 0; i < call->params_count; i++) {
        size_t len = strlen(amtg_param_name(&call->params[i], name));
        if (strncmp(arg, name, len) == 0 && arg[len] == '=') {
            *value = arg + len + 1;
            return (int)i;
        }
    }
    *value = arg;
    return turn < call->params_count ? (int)turn : -1;
}

static bool fill(const struct amtg_param *p, const char *text, void *args)
{
    if (p->kind != AMTG_KIND_TEXT)
        return amtg_param_scalar(p, text, args);
    memcpy((char *)args + p->offset, &text, sizeof text);
    return true;
}

/* All arguments into *out, those not given by their defaults. AMTG_ECONFIG: why. */
static enum amtg_err fill_all(const struct amtg_call *call, const char *const *args,
                              unsigned count, void *out, char *why, size_t room)
{
    const char *values[call->params_count + 1];
    char name[AMTG_PARAM_NAME], expected[512];

    for (unsigned i = 0; i < call->params_count; i++)
        values[i] = call->params[i].initial;
    for (unsigned i = 0; i < count; i++) {
        const char *value;
        int at = place(call, args[i], i, &value);
        if (at < 0) {
            snprintf(why, room, "%s: \"%s\" is one argument too many", call->name, args[i]);
            return AMTG_ECONFIG;
        }
        values[at] = value;
    }
    for (unsigned i = 0; i < call->params_count; i++) {
        const struct amtg_param *p = &call->params[i];
        if (values[i] && fill(p, values[i], out))
            continue;
        snprintf(why, room, "%s: %s: %s expected%s%s", call->name, amtg_param_name(p, name),
                 amtg_param_expected(p, expected, sizeof expected), values[i] ? ", not " : "",
                 values[i] ? values[i] : "");
        return AMTG_ECONFIG;
    }
    return AMTG_OK;
}

enum amtg_err amtg_ask_call(struct amtg_element *e, const char *name, const char *const *args,
                            unsigned count, char *why, size_t room)
{
    const struct amtg_call *call = find_call(e->class, name);

    if (!call)
        return unknown_call(e, name, why, room);
    if (e->boundary && call != &amtg_call_reset) {
        snprintf(why, room, "%s is replaced by a stand-in in this run", e->name);
        return AMTG_ECONFIG;
    }
    void *values = calloc(1, call->args_octets + 1);
    if (!values) {
        snprintf(why, room, "%s", amtg_err_text(AMTG_ENOMEM));
        return AMTG_ENOMEM;
    }
    enum amtg_err err = fill_all(call, args, count, values, why, room);
    if (!err) {
        e->runtime->why[0] = '\0';
        err = call->run(e, values);
        amtg_element_flush(e);
        if (err)
            snprintf(why, room, "%s",
                     e->runtime->why[0] ? e->runtime->why : amtg_err_text(err));
    }
    free(values);
    return err;
}
