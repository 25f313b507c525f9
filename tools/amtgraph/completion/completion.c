#include "tools/amtgraph/completion/completion.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>


/* Names of operands and values that are files. */
static const char *const file_words[] = {"FILE", "GRAPH", "PACKETS", "PCAP"};

static bool is_file_word(const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof file_words / sizeof file_words[0]; i++)
        if (strlen(file_words[i]) == len && memcmp(file_words[i], text, len) == 0)
            return true;
    return false;
}

/* Does the list hold the word already? */
static bool is_among(const char *list, const char *word, size_t len)
{
    for (const char *at = list; *at; at += strcspn(at, " "), at += strspn(at, " "))
        if (strcspn(at, " ") == len && memcmp(at, word, len) == 0)
            return true;
    return false;
}

/* What a command says of its operands: lines, to words with blanks between, each once. */
static char *command_words(const struct command *command)
{
    char *lines = NULL;
    size_t len;
    FILE *out = command->operand_words ? open_memstream(&lines, &len) : NULL;

    if (!out)
        return NULL;
    command->operand_words(out);
    fclose(out);
    char *words = calloc(1, len + 1);
    for (const char *at = lines; words && *at; at += strspn(at, "\n")) {
        size_t n = strcspn(at, "\n");
        if (!is_among(words, at, n)) {
            if (*words)
                strcat(words, " ");
            strncat(words, at, n);
        }
        at += n;
    }
    free(lines);
    return words;
}

/* "dot|mermaid": lower-case words, of which there are several. */
static char *alternatives(const char *text)
{
    if (!strchr(text, '|'))
        return NULL;
    for (const char *c = text; *c; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && !strchr("|-.", *c))
            return NULL;
    char *words = strdup(text);
    for (char *c = words; c && *c; c++)
        if (*c == '|')
            *c = ' ';
    return words;
}

struct completion completion_of(const char *text)
{
    struct completion c = {.kind = COMPLETE_NOTHING};
    size_t len = strcspn(text, " ");
    const char *equals;

    snprintf(c.name, sizeof c.name, "%.*s", (int)len, text);
    for (char *at = c.name; *at;) /* "[WHAT]" is WHAT, which need not be there */
        if (*at == '[' || *at == ']')
            memmove(at, at + 1, strlen(at));
        else
            at++;
    len = strlen(c.name);
    if (len > 3 && strcmp(c.name + len - 3, "...") == 0) {
        c.repeated = true;
        c.name[len - 3] = '\0';
    }
    equals = strchr(c.name, '=');
    const char *what = equals ? equals + 1 : c.name;
    c.after_equals = equals != NULL;
    if (is_file_word(what, strcspn(what, "|")))
        c.kind = COMPLETE_FILES;
    else
        c.words = alternatives(what);
    if (c.words)
        c.kind = COMPLETE_WORDS;
    return c;
}

bool completion_next(const struct command *command, const char **at, struct completion *out)
{
    *at += strspn(*at, " ");
    if (**at == '\0')
        return false;
    *out = completion_of(*at);
    if (out->kind == COMPLETE_NOTHING && (out->words = command_words(command)))
        out->kind = COMPLETE_WORDS;
    *at += strcspn(*at, " ");
    return true;
}

void completion_end(struct completion *c)
{
    free(c->words);
    c->words = NULL;
}
