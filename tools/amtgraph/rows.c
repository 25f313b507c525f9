#include "tools/amtgraph/rows.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/plain_text.h"

enum { CELL = 4096, GAP = 2 };

void rows_column(json_t *columns, const char *name, const char *unit)
{
    json_array_append_new(columns, json_pack("{ss ss?}", "name", name, "unit", unit));
}

static int compare(const void *a, const void *b, void *column)
{
    const char *x = json_string_value(json_object_get(*(json_t *const *)a, column));
    const char *y = json_string_value(json_object_get(*(json_t *const *)b, column));

    return strverscmp(x ? x : "", y ? y : "");
}

json_t *rows_sorted(const json_t *rows, const char *column)
{
    size_t count = json_array_size(rows);
    json_t **all = calloc(count + 1, sizeof *all), *out = json_array();

    for (size_t i = 0; all && i < count; i++)
        all[i] = json_array_get(rows, i);
    if (all)
        qsort_r(all, count, sizeof *all, compare, (void *)column);
    for (size_t i = 0; all && i < count; i++)
        json_array_append(out, all[i]);
    free(all);
    return out;
}


static const char *cell_text(const json_t *value, char out[CELL])
{
    if (json_is_string(value))
        plain_text(out, CELL, json_string_value(value));
    else if (json_is_integer(value))
        snprintf(out, CELL, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        snprintf(out, CELL, "%.1f", json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(out, CELL, "%s", json_is_true(value) ? "yes" : "no");
    else
        snprintf(out, CELL, "-");
    return out;
}

static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

/* 0: no row has a value there. */
static size_t column_width(const char *name, const json_t *rows)
{
    char cell[CELL];
    size_t i, width = 0;
    const json_t *row;

    json_array_foreach((json_t *)rows, i, row) {
        const json_t *value = json_object_get(row, name);
        if (!value || json_is_null(value))
            continue;
        size_t wide = width_of(cell_text(value, cell));
        if (wide > width)
            width = wide;
    }
    return width && width < strlen(name) ? strlen(name) : width;
}

static void print_cell(FILE *out, const char *text, size_t width, bool right, bool last)
{
    size_t fill = width - width_of(text);

    if (right)
        fprintf(out, "%*s%s", (int)fill, "", text);
    else
        fprintf(out, "%s%*s", text, last ? 0 : (int)fill, "");
    if (!last)
        fprintf(out, "%*s", GAP, "");
}

void rows_print(const json_t *columns, const json_t *rows, FILE *out)
{
    size_t count = json_array_size(columns), i, last = 0;
    size_t *widths = calloc(count + 1, sizeof *widths);
    const json_t *row;
    char cell[CELL];

    for (size_t k = 0; widths && k < count; k++) {
        const char *name = json_string_value(json_object_get(json_array_get(columns, k), "name"));
        widths[k] = column_width(name, rows);
        last = widths[k] ? k : last;
    }
    for (size_t k = 0; widths && k < count; k++) {
        const json_t *column = json_array_get(columns, k);
        if (widths[k])
            print_cell(out, json_string_value(json_object_get(column, "name")), widths[k],
                       json_is_string(json_object_get(column, "unit")), k == last);
    }
    if (json_array_size(rows))
        fputc('\n', out);
    json_array_foreach((json_t *)rows, i, row) {
        for (size_t k = 0; widths && k < count; k++) {
            const json_t *column = json_array_get(columns, k);
            const json_t *value =
                json_object_get(row, json_string_value(json_object_get(column, "name")));
            if (widths[k])
                print_cell(out, cell_text(value, cell), widths[k],
                           json_is_string(json_object_get(column, "unit")), k == last);
        }
        fputc('\n', out);
    }
    free(widths);
}
