#include "tools/amtgraph/completion.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "elements/registry.h"

/* Names of operands and values that are files. */
static const char *const file_words[] = {"FILE", "GRAPH", "PACKETS", "PCAP"};

static bool is_file_word(const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof file_words / sizeof file_words[0]; i++)
        if (strlen(file_words[i]) == len && memcmp(file_words[i], text, len) == 0)
            return true;
    return false;
}

static char *class_words(void)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    for (const struct amtg_class *const *c = amtg_classes; out && *c; c++)
        fprintf(out, "%s%s", c == amtg_classes ? "" : " ", (*c)->name);
    if (out)
        fclose(out);
    return text;
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
    for (char *at = c.name; *at;) /* "[CLASS]" is CLASS, which need not be there */
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
    else if (strcmp(what, "CLASS") == 0)
        c.words = class_words();
    else
        c.words = alternatives(what);
    if (c.words)
        c.kind = COMPLETE_WORDS;
    return c;
}

bool completion_next(const char **at, struct completion *out)
{
    *at += strspn(*at, " ");
    if (**at == '\0')
        return false;
    *out = completion_of(*at);
    *at += strcspn(*at, " ");
    return true;
}

void completion_end(struct completion *c)
{
    free(c->words);
    c->words = NULL;
}
