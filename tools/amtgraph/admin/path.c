#include "tools/amtgraph/admin/path.h"

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
    else if (geteuid() == 0)
        snprintf(out, ADMIN_PATH, "/run/amtgraph");
    else if (user && user[0])
        snprintf(out, ADMIN_PATH, "%s/amtgraph", user);
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

const char *admin_directory_make(void)
{
    char directory[ADMIN_PATH];
    struct stat s;

    if (strlen(admin_directory(directory)) == ADMIN_PATH - 1) /* and perhaps cut */
        return "too long a path for a socket";
    if (mkdir(directory, 0700) < 0 && errno != EEXIST)
        return strerror(errno);
    if (lstat(directory, &s) < 0)
        return strerror(errno);
    if (!S_ISDIR(s.st_mode))
        return strerror(ENOTDIR);
    if (s.st_uid != geteuid()) /* who owns it could take our place in it */
        return "it belongs to another user";
    return s.st_mode & (S_IWGRP | S_IWOTH) ? "other users may write there" : NULL;
}

bool admin_directory_is_safe(void)
{
    char directory[ADMIN_PATH];
    struct stat s;

    return geteuid() == 0 || lstat(admin_directory(directory), &s) < 0 || s.st_uid == 0 ||
           s.st_uid == geteuid();
}
