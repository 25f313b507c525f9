#include "core/err.h"

static const struct {
    const char *name, *text;
} errors[] = {
#define X(name, text) {#name, text},
    AMTG_ERRORS(X)
#undef X
};

enum { ERRORS = sizeof(errors) / sizeof(errors[0]) };

const char *amtg_err_name(enum amtg_err err)
{
    return (unsigned)err < ERRORS ? errors[err].name : "EUNKNOWN";
}

const char *amtg_err_text(enum amtg_err err)
{
    return (unsigned)err < ERRORS ? errors[err].text : "unknown error";
}
