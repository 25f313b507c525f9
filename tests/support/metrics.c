#include "tests/support/metrics.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 2048, FAMILIES = 4096, SAMPLES = 65536, NAME = 256 };

struct reader {
    char family[NAME]; /* that samples belong to now */
    char type[16];
    bool helped, typed;
    char *families[FAMILIES], *samples[SAMPLES];
    size_t families_count, samples_count;
    char wrong[LINE + NAME];
};

static bool say(struct reader *r, const char *what, const char *line)
{
    snprintf(r->wrong, sizeof r->wrong, "%s: %s", what, line);
    return false;
}

/* A name at *at, which is moved past it. colon: may it have one, as names of metrics may? */
static bool take_name(const char **at, char out[NAME], bool colon)
{
    size_t len = 0;

    while (len < NAME - 1 &&
           (isalpha((unsigned char)(*at)[len]) || (*at)[len] == '_' ||
            (colon && (*at)[len] == ':') || (len && isdigit((unsigned char)(*at)[len]))))
        len++;
    memcpy(out, *at, len);
    out[len] = '\0';
    *at += len;
    return len > 0 && len < NAME - 1;
}

/* {a="b",c="d"} */
static bool take_labels(const char **at)
{
    char name[NAME], names[16][NAME];
    unsigned count = 0;

    if (**at != '{')
        return true;
    do {
        (*at)++;
        if (!take_name(at, name, false) || strncmp(name, "__", 2) == 0 || count == 16)
            return false;
        for (unsigned i = 0; i < count; i++)
            if (strcmp(names[i], name) == 0)
                return false;
        strcpy(names[count++], name);
        if (*(*at)++ != '=' || *(*at)++ != '"')
            return false;
        for (; **at && **at != '"'; (*at)++)
            if (**at == '\\' && !strchr("\\\"n", *++*at))
                return false;
        if (*(*at)++ != '"')
            return false;
    } while (**at == ',');
    return *(*at)++ == '}';
}

static bool read_help(struct reader *r, const char *line)
{
    const char *at = line + 7;
    char name[NAME];

    if (!take_name(&at, name, true) || *at != ' ' || !at[1])
        return say(r, "no HELP with a name and words", line);
    for (const char *c = at; *c; c++)
        if (*c == '\\' && !strchr("\\n", *++c))
            return say(r, "an escape that HELP has not", line);
    for (size_t i = 0; i < r->families_count; i++)
        if (strcmp(r->families[i], name) == 0)
            return say(r, "a family in two places", line);
    r->families[r->families_count++] = strdup(name);
    strcpy(r->family, name);
    r->typed = false;
    return r->families_count < FAMILIES || say(r, "too many families", line);
}

static bool read_type(struct reader *r, const char *line)
{
    const char *at = line + 7;
    char name[NAME];

    if (!take_name(&at, name, true) || *at++ != ' ' ||
        (strcmp(at, "counter") && strcmp(at, "gauge")))
        return say(r, "no TYPE counter or gauge", line);
    if (strcmp(name, r->family) || r->typed)
        return say(r, "TYPE does not follow its HELP", line);
    strcpy(r->type, at);
    r->typed = true;
    size_t len = strlen(name);
    bool total = len > 6 && strcmp(name + len - 6, "_total") == 0;
    return total == (strcmp(at, "counter") == 0) ||
           say(r, "_total is for counters, and all of them", line);
}

static bool read_sample(struct reader *r, const char *line)
{
    const char *at = line;
    char name[NAME], *end;

    if (!take_name(&at, name, true) || !take_labels(&at))
        return say(r, "no name with labels", line);
    if (strcmp(name, r->family) || !r->typed)
        return say(r, "a sample apart from its family", line);
    if (*at != ' ' || !(isdigit((unsigned char)at[1])))
        return say(r, "no value from 0 on", line);
    strtod(at + 1, &end);
    if (*end)
        return say(r, "more behind the value", line);
    for (size_t i = 0; i < r->samples_count; i++)
        if (strlen(r->samples[i]) == (size_t)(at - line) &&
            strncmp(r->samples[i], line, (size_t)(at - line)) == 0)
            return say(r, "a sample twice", line);
    r->samples[r->samples_count++] = strndup(line, (size_t)(at - line));
    return r->samples_count < SAMPLES || say(r, "too many samples", line);
}

static bool read_line(struct reader *r, const char *line)
{
    if (strncmp(line, "# HELP ", 7) == 0)
        return read_help(r, line);
    if (strncmp(line, "# TYPE ", 7) == 0)
        return read_type(r, line);
    return read_sample(r, line);
}

const char *metrics_check(const char *text, size_t *samples)
{
    static struct reader r;
    char line[LINE];

    r = (struct reader){0};
    for (const char *at = text, *end; *at && !r.wrong[0]; at = end + 1) {
        end = strchr(at, '\n');
        if (!end || (size_t)(end - at) >= sizeof line) {
            say(&r, "a line that does not end, or is very long", "");
            break;
        }
        snprintf(line, sizeof line, "%.*s", (int)(end - at), at);
        read_line(&r, line);
    }
    *samples = r.samples_count;
    for (size_t i = 0; i < r.families_count; i++)
        free(r.families[i]);
    for (size_t i = 0; i < r.samples_count; i++)
        free(r.samples[i]);
    return r.wrong[0] ? r.wrong : NULL;
}

double metrics_value(const char *text, const char *sample)
{
    size_t len = strlen(sample);

    for (const char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (strncmp(at, sample, len) == 0 && at[len] == ' ')
            return strtod(at + len, NULL);
    return -1;
}
