/*
 * A command of the process `gateway`, taken apart, and how it is answered.
 */
#ifndef SYSTEM_COMMAND_H
#define SYSTEM_COMMAND_H

#include "party.h"

enum { WORDS_MAX = 64 };

/* What a line of input may say besides its words. */
struct options {
    double within, quiet;
    int mac, via, like, limit;
    unsigned payload;
    bool loose;
};

struct command {
    unsigned words;
    char *word[WORDS_MAX];
    struct options options;
    unsigned first, last; /* gateways */
};

/* Answer `ok ...`, unless the relay has done wrong since the last answer. */
void __attribute__((format(printf, 1, 2))) ok(const char *format, ...);
void __attribute__((format(printf, 1, 2))) bad(const char *format, ...);

/* judge.c: what gateways have received */
void do_judge(struct command *command);
void do_count(struct command *command);
void do_reset(struct command *command);

#endif
