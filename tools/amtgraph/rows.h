/* Rows of JSON objects as a table on a terminal. */
#ifndef AMTG_TOOLS_ROWS_H
#define AMTG_TOOLS_ROWS_H

#include <jansson.h>
#include <stdio.h>

/*
 * columns: [{"name": ..., "unit": ...}]. Numbers stand to the right, texts to the left; what
 * is not there is a dash. Control characters of texts are replaced. A column without a value
 * in any row is left out.
 */
void rows_print(const json_t *columns, const json_t *rows, FILE *out);
/* The same rows by what is in this column, numbers in it as numbers; a new reference. */
json_t *rows_sorted(const json_t *rows, const char *column);
/* {"name": name, "unit": unit}, appended; unit NULL: texts. */
void rows_column(json_t *columns, const char *name, const char *unit);

#endif
