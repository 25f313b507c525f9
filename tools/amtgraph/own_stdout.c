#include "tools/amtgraph/own_stdout.h"

#include <fcntl.h>
#include <unistd.h>

FILE *own_stdout_take(void)
{
    int own = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    FILE *out =
        own >= 0 && nowhere >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0 ? fdopen(own, "w") : NULL;

    if (nowhere >= 0)
        close(nowhere);
    if (!out)
        perror("amtgraph: standard output");
    return out;
}

bool own_stdout_give_back(FILE *out)
{
    bool good = fflush(out) == 0 && !ferror(out);

    if (!good)
        perror("amtgraph: standard output");
    fflush(stdout);
    dup2(fileno(out), STDOUT_FILENO);
    fclose(out);
    return good;
}
