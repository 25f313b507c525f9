/* How the `rows` of a listing (element.h) says what it has to show. */
#ifndef AMTG_CORE_LISTING_H
#define AMTG_CORE_LISTING_H

#include "core/element.h"

/* Begin a row; then give a cell for each column, in their order. */
void amtg_row(struct amtg_rows *rows);
void amtg_cell_text(struct amtg_rows *rows, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void amtg_cell_number(struct amtg_rows *rows, uint64_t value);
/* In seconds; to the millisecond. */
void amtg_cell_time(struct amtg_rows *rows, uint64_t ns);
/* There is no value: null in JSON, a dash in a table. */
void amtg_cell_none(struct amtg_rows *rows);

#endif
