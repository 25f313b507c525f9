/* A join record in words, as `amtgraph` shows it. */
#ifndef AMTG_TESTS_SAID_H
#define AMTG_TESTS_SAID_H

#include <stdio.h>
#include <stdlib.h>

#include "elements/wire/types.h"
#include "tests/support/rig.h"

/* The next one of an output; lent until the next call. */
static inline const char *said(struct rig *rig, const char *output)
{
    static char *text;
    size_t size;
    free(text);
    FILE *out = open_memstream(&text, &size);
    struct amtg_packet *p = rig_take(rig, output);
    ck_assert_ptr_eq(p->type, AMTG_JOIN);
    amtg_type_describe(p, out);
    fclose(out);
    amtg_packet_free(p);
    return text;
}

#endif
