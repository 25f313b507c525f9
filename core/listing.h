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
/*
 * A row of a listing that has facts for rows, and AMTG_FACT_COLUMNS for columns: several
 * classes have a share in it.
 */
#define AMTG_FACT_COLUMNS                                                              \
    AMTG_COLUMNS({"fact", NULL, "what it is about"}, {"value", NULL, "what there is to say"})
void amtg_fact(struct amtg_rows *rows, const char *fact, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* There is no value: null in JSON, a dash in a table. */
void amtg_cell_none(struct amtg_rows *rows);

#endif
