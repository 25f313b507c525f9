/*
 * Where the socket of a run is: DIRECTORY/NAME.sock. The directory is AMTGRAPH_RUNTIME_DIR of
 * the environment, else amtgraph below XDG_RUNTIME_DIR, else /run/amtgraph for root, else
 * /tmp/amtgraph-UID.
 */
#ifndef AMTG_TOOLS_ADMIN_PATH_H
#define AMTG_TOOLS_ADMIN_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

enum { ADMIN_PATH = sizeof(((struct sockaddr_un *)0)->sun_path) };

/* Letters, digits and -_. in any order, the first no dot; at most 63. */
bool admin_name_fits(const char *name);
/* The file of a run, with "sock" or "lock" at its end. false: too long a path. */
bool admin_path(const char *name, const char *end, char out[ADMIN_PATH]);
/* Make the directory (0700) when it is not there. false: errno. Not one of another user. */
bool admin_directory_make(void);
const char *admin_directory(char out[ADMIN_PATH]);

#endif
