/*
 * A Check program in one line: AMTG_SUITE("name", test_a, test_b, ...) at the
 * end of a file makes the suite and main(). Exit code 0 when all passed.
 */
#ifndef AMTG_TESTS_SUITE_H
#define AMTG_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

#define AMTG_SUITE(name, ...)                                                             \
    int main(void)                                                                        \
    {                                                                                     \
        const TTest *const tests[] = {__VA_ARGS__};                                       \
        Suite *suite = suite_create(name);                                                \
        TCase *all = tcase_create(name);                                                  \
        for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)                       \
            tcase_add_test(all, tests[i]);                                                \
        tcase_set_timeout(all, 30);                                                       \
        suite_add_tcase(suite, all);                                                      \
        SRunner *runner = srunner_create(suite);                                          \
        srunner_run_all(runner, CK_ENV);                                                  \
        int failed = srunner_ntests_failed(runner);                                       \
        srunner_free(runner);                                                             \
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                      \
    }

#endif
