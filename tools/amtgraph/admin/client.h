/* The other side of the unix socket: a command that asks a running graph. */
#ifndef AMTG_TOOLS_ADMIN_CLIENT_H
#define AMTG_TOOLS_ADMIN_CLIENT_H

#include <jansson.h>

#include "tools/amtgraph/command.h"

struct admin_client;

/* The option that all of these commands have. */
#define ADMIN_CLIENT_OPTION \
    {"name", "NAME", "of the run (default: the only one there is)"}

/*
 * Connect to the run that --name says, or to the only one. NULL: *code is the exit code, and
 * what is wrong has been said.
 */
struct admin_client *admin_client_open(const struct command_line *line, int *code);
void admin_client_close(struct admin_client *c);

/* Send a request, which it takes. One at a time. false: the run is gone, which has been said. */
bool admin_client_ask(struct admin_client *c, json_t *request);
/*
 * The next line of the answer; the caller's. *last: nothing follows. NULL: it was an error,
 * which has been said.
 */
json_t *admin_client_next(struct admin_client *c, bool *last);
/* All of an answer that is one line. NULL: an error, which has been said. */
json_t *admin_client_get(struct admin_client *c, json_t *request);
/* All rows of a listing in one list. NULL likewise. */
json_t *admin_client_rows(struct admin_client *c, const char *listing);

/* Print it as one line of JSON. */
void print_json_line(const json_t *json, FILE *out);

#endif
