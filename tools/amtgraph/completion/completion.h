/*
 * Completion for shells, written from the tables of commands: their options, and what an option's
 * value or an operand may be, which its name says: FILE is completed by files, and words with `|`
 * between are what they are. Else the command may list words. Anything else is left to the user.
 */
#ifndef AMTG_TOOLS_COMPLETION_H
#define AMTG_TOOLS_COMPLETION_H

#include "tools/amtgraph/command.h"

enum completion_kind {
    COMPLETE_NOTHING,
    COMPLETE_FILES,
    COMPLETE_WORDS,
};

struct completion {
    enum completion_kind kind;
    bool after_equals; /* NAME=FILE: files complete what stands behind `=` */
    bool repeated;     /* FILE...: any number of them */
    char name[64];     /* as it is called: "FILE" */
    char *words;       /* WORDS: with blanks between; freed by completion_end */
};

/* What a value ("dot|mermaid") may be, by its name. */
struct completion completion_of(const char *text);
/* The operand that begins at *at ("GRAPH PACKETS..."), moving *at past it. false: there is none. */
bool completion_next(const struct command *command, const char **at, struct completion *out);
void completion_end(struct completion *c);

/* Each writes a whole script for its shell. */
void completion_bash(FILE *out);
void completion_zsh(FILE *out);
void completion_fish(FILE *out);

#endif
