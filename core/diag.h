/*
 * Problems with a place. All problems of a run of the checker are collected
 * first and printed together: `file:line:col`, the source line, a caret under
 * the exact scalar, what was expected, the nearest name.
 */
#ifndef AMTG_CORE_DIAG_H
#define AMTG_CORE_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A place in a file; line and column count from 1; line 0: the file as a whole. */
struct amtg_mark {
    const char *file; /* lives as long as the diag or graph it came with */
    unsigned line, column, length; /* length: octets to underline, at least 1 */
};

enum amtg_severity { AMTG_PROBLEM, AMTG_WARNING };

struct amtg_diag;

struct amtg_diag *amtg_diag_new(void);
void amtg_diag_free(struct amtg_diag *d);

/* Add a problem. subject: "udp.port" or NULL. expected, nearest: NULL when there is none. Texts are copied. */
void amtg_diag_add(struct amtg_diag *d, enum amtg_severity severity, struct amtg_mark mark,
                   const char *subject, const char *expected, const char *nearest,
                   const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* A second place that belongs to the problem added last ("first written here"). */
void amtg_diag_note(struct amtg_diag *d, struct amtg_mark mark, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Forget all problems and warnings; the sources stay. */
void amtg_diag_forget(struct amtg_diag *d);

size_t amtg_diag_problems(const struct amtg_diag *d); /* warnings not counted */
size_t amtg_diag_warnings(const struct amtg_diag *d);
/* Problems with repeated ones: tells whether there was one since, even if it is an old one. */
size_t amtg_diag_reported(const struct amtg_diag *d);
/* Lend the octets of a file so that its lines can be quoted (copied). */
void amtg_diag_source(struct amtg_diag *d, const char *file, const char *octets, size_t len);
/* In order of file and place; color: with ANSI colours. */
void amtg_diag_print(const struct amtg_diag *d, FILE *out, bool color);
/* The same as a JSON array (jansson) of objects. */
void amtg_diag_print_json(const struct amtg_diag *d, FILE *out);

/* The candidate nearest to `name` by edit distance, or NULL when none is near. */
const char *amtg_nearest(const char *name, const char *const *candidates, size_t count);

#endif
