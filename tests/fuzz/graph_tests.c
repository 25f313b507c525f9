/*
 * Fuzz: graph files with tests. Whatever the text is, `amtgraph check` has either no problem
 * with it, or problems that can be printed; what it has no problem with can be prepared to run.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "elements/registry.h"
#include "tests/fuzz/support/fuzz.h"
#include "tools/amtgraph/test/file.h"

static void print(const struct amtg_diag *diag)
{
    static FILE *nowhere;

    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    amtg_diag_print(diag, nowhere, true);
    amtg_diag_print_json(diag, nowhere);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    static const struct amtg_graph_options options = {.classes = amtg_classes};
    int fd = memfd_create("graph", MFD_CLOEXEC);
    char path[32];

    FUZZ_CHECK(fd >= 0 && write(fd, octets, len) == (ssize_t)len, "no file");
    snprintf(path, sizeof path, "/dev/fd/%d", fd);
    struct amtg_diag *diag = amtg_diag_new();
    struct test_file *f = test_file_open(path, diag);
    if (f)
        test_file_check(f, &options, diag);
    print(diag);
    test_file_close(f);
    amtg_diag_free(diag);
    close(fd);
    return 0;
}
