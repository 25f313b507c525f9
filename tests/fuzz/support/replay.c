/*
 * A fuzz target without a fuzzer: runs it once on each file that is named, and on each
 * file of each folder that is named. So seeds, and inputs that once were findings, are
 * ordinary tests. A finding ends the program.
 */
#include <dirent.h>
#include <errno.h>

#include "tests/fuzz/support/fuzz.h"

enum { PATH = 4096 };

static unsigned replay_file(const char *path)
{
    FILE *in = fopen(path, "rb");
    char *octets = NULL;
    size_t len = 0, got;
    FILE *copy = open_memstream(&octets, &len);
    char part[4096];

    if (!in || !copy) {
        fprintf(stderr, "cannot read %s: %s\n", path, strerror(errno));
        exit(EXIT_FAILURE);
    }
    while ((got = fread(part, 1, sizeof part, in)) > 0)
        fwrite(part, 1, got, copy);
    fclose(in);
    fclose(copy);
    fprintf(stderr, "%s\n", path); /* the last one named is the finding */
    /* A copy of just its size, so that sanitizers see each octet beyond it. */
    uint8_t *exact = malloc(len ? len : 1);
    memcpy(exact, octets, len);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    free(octets);
    return 1;
}

static unsigned replay(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    unsigned count = 0;

    if (!folder)
        return replay_file(path);
    while ((entry = readdir(folder))) {
        char inside[PATH];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        count += replay_file(inside);
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    unsigned count = 0;

    for (int i = 1; i < argc; i++)
        count += replay(argv[i]);
    printf("%u inputs\n", count);
    return count ? EXIT_SUCCESS : EXIT_FAILURE;
}
