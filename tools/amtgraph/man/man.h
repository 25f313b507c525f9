/*
 * Manual pages, from the tables of commands, keys and classes, in the language of scdoc(5). The
 * build hands them to scdoc; `amtgraph man PAGE` prints them.
 */
#ifndef AMTG_TOOLS_MAN_H
#define AMTG_TOOLS_MAN_H

#include <stdio.h>

#include "core/graph_keys.h"

void man_amtgraph(FILE *out);          /* amtgraph(1) */
void man_amtgraph_graph(FILE *out);    /* amtgraph-graph(5) */
void man_amtgraph_elements(FILE *out); /* amtgraph-elements(7) */

/* ---- scdoc ----------------------------------------------------------------------- */

/* The first lines of a page: its title, and its name with a summary. */
void man_head(FILE *out, const char *name, int section, const char *summary);
/*
 * Paragraphs with an empty line between and after them, behind `tabs` tabs. What would mean
 * something to scdoc is escaped, `code` is bold, and lines that begin with blanks stay as they are.
 */
void man_text(FILE *out, int tabs, const char *text);
/* Text within a line. */
void man_line(FILE *out, const char *text);
/* An entry of a list: a name in bold, whatever follows it in italics (or NULL), and its help. */
void man_entry(FILE *out, const char *name, const char *what, const char *help);
/* Lines that stay as they are. */
void man_listing(FILE *out, const char *lines);
/* An entry for each key. */
void man_keys(FILE *out, const struct amtg_key *keys);

#endif
