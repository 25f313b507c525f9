/*
 * Where the socket of a run is: DIRECTORY/NAME.sock. The directory is AMTGRAPH_RUNTIME_DIR of
 * the environment, else /run/amtgraph for root, however root has come in, else amtgraph below
 * XDG_RUNTIME_DIR, else /tmp/amtgraph-UID.
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
/* Make the directory (0700) when it is not there. NULL: it is ours alone; else what is wrong. */
const char *admin_directory_make(void);
/* Can what is in the directory be believed? Not where another user than root might have put it. */
bool admin_directory_is_safe(void);
const char *admin_directory(char out[ADMIN_PATH]);

#endif
