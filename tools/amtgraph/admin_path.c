#include "tools/amtgraph/admin_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME = 63 };

bool admin_name_fits(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= NAME && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len;
}

const char *admin_directory(char out[ADMIN_PATH])
{
    const char *said = getenv("AMTGRAPH_RUNTIME_DIR"), *user = getenv("XDG_RUNTIME_DIR");

    if (said && said[0])
        snprintf(out, ADMIN_PATH, "%s", said);
    else if (user && user[0])
        snprintf(out, ADMIN_PATH, "%s/amtgraph", user);
    else if (geteuid() == 0)
        snprintf(out, ADMIN_PATH, "/run/amtgraph");
    else
        snprintf(out, ADMIN_PATH, "/tmp/amtgraph-%u", (unsigned)geteuid());
    return out;
}

bool admin_path(const char *name, const char *end, char out[ADMIN_PATH])
{
    char directory[ADMIN_PATH];
    int octets = snprintf(out, ADMIN_PATH, "%s/%s.%s", admin_directory(directory), name, end);

    return octets > 0 && octets < ADMIN_PATH;
}

bool admin_directory_make(void)
{
    char directory[ADMIN_PATH];
    struct stat s;

    admin_directory(directory);
    if (mkdir(directory, 0700) < 0 && errno != EEXIST)
        return false;
    if (lstat(directory, &s) < 0)
        return false;
    errno = S_ISDIR(s.st_mode) ? EPERM : ENOTDIR;
    return S_ISDIR(s.st_mode) && s.st_uid == geteuid(); /* others could take our place in it */
}
