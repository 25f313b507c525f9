/*
 * The words of tests in graph files: keys of a file of tests, of a test and of its steps. Read by
 * whoever checks tests, and by whoever describes the format (the schema, the manual page).
 */
#ifndef AMTG_TOOLS_TEST_KEYS_H
#define AMTG_TOOLS_TEST_KEYS_H

#include "core/graph_keys.h"

enum { TEST_STEP_KEYS = 9 }; /* of one verb, and the NULL behind them */

/* What a step does, named by one of its keys; the others are its circumstances. */
struct test_verb_words {
    const char *name; /* NULL ends the table */
    const char *help;
    const char *keys[TEST_STEP_KEYS]; /* besides the verb itself; NULL-terminated */
};

extern const struct amtg_key test_file_keys[];         /* of a file that names a graph */
extern const struct amtg_key test_keys[];              /* of one test */
extern const struct test_verb_words test_verb_words[]; /* by enum test_verb */
extern const struct amtg_key test_step_keys[];         /* all circumstances */

#endif
