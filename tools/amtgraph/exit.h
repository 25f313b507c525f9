/* The exit codes of the command line; scripts rely on them. */
#ifndef AMTG_TOOLS_EXIT_H
#define AMTG_TOOLS_EXIT_H

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,     /* failed while running, or a negative verdict */
    EXIT_USAGE = 2,      /* the command line itself is wrong */
    EXIT_VERIFY = 10,    /* 10 to 17, verify only: the step that failed (verify/steps.h), in order */
    EXIT_PRIVILEGE = 77, /* a privilege is missing */
    EXIT_GRAPH = 78,     /* a graph file is wrong */
};

/* What they mean, for help and the manual; the table ends with one that has no help. */
struct exit_meaning {
    const char *codes; /* "78", "10 to 17" */
    const char *help;
};

extern const struct exit_meaning exit_meanings[]; /* command.c */

#endif
