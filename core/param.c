#include "core/param.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/element.h"

/* ---- numbers with and without units ---------------------------------------------- */

/* Digits at *at to *out, moving *at past them. false: no digit, or too large. */
static bool take_digits(const char **at, uint64_t *out)
{
    const char *c = *at;
    uint64_t value = 0;

    if (*c < '0' || *c > '9')
        return false;
    for (; *c >= '0' && *c <= '9'; c++) {
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
            return false;
    }
    *at = c;
    *out = value;
    return true;
}

struct unit {
    const char *name;
    uint64_t factor;
};

/* Largest first: the parts of "1h30m" stand in this order, each at most once. */
static const struct unit durations[] = {
    {"d", 86400 * AMTG_S}, {"h", 3600 * AMTG_S}, {"m", 60 * AMTG_S}, {"s", AMTG_S},
    {"ms", AMTG_MS},       {"us", AMTG_US},      {"ns", 1},
};

static const struct unit sizes[] = {
    {"", 1},           {"B", 1},          {"kB", 1000},        {"KB", 1000},
    {"MB", 1000000},   {"GB", 1000000000}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20},
    {"GiB", 1ull << 30}, {"TiB", 1ull << 40},
};

enum { DURATIONS = sizeof durations / sizeof durations[0], SIZES = sizeof sizes / sizeof sizes[0] };

/* The unit spelt by `len` letters, at or after `from`; -1: none. */
static int find_unit(const struct unit *units, int count, int from, const char *letters, size_t len)
{
    for (int i = from; i < count; i++)
        if (strlen(units[i].name) == len && memcmp(units[i].name, letters, len) == 0)
            return i;
    return -1;
}

/* The decimals of "1.5s" as a part of `factor`, exact: "0.5ns" is refused. */
static bool take_fraction(const char **at, uint64_t factor_of_unit, uint64_t *out)
{
    uint64_t sum = 0, step = factor_of_unit;
    const char *c = *at;

    if (*c < '0' || *c > '9')
        return false;
    for (; *c >= '0' && *c <= '9'; c++) {
        if (*c != '0' && (step == 0 || step % 10 != 0))
            return false;
        step /= 10;
        sum += step * (uint64_t)(*c - '0');
    }
    *at = c;
    *out = sum;
    return true;
}

bool amtg_duration_parse(const char *text, uint64_t *ns)
{
    uint64_t total = 0;
    int next = 0;

    if (strcmp(text, "0") == 0) {
        *ns = 0;
        return true;
    }
    do {
        uint64_t whole, part = 0;
        const char *fraction = NULL;

        if (!take_digits(&text, &whole))
            return false;
        if (*text == '.') {
            fraction = ++text;
            text += strspn(text, "0123456789");
        }
        size_t letters = strspn(text, "abcdefghijklmnopqrstuvwxyz");
        int unit = find_unit(durations, DURATIONS, next, text, letters);
        if (unit < 0)
            return false;
        if (fraction && !take_fraction(&fraction, durations[unit].factor, &part))
            return false;
        if (__builtin_mul_overflow(whole, durations[unit].factor, &whole) ||
            __builtin_add_overflow(whole, part, &whole) ||
            __builtin_add_overflow(total, whole, &total))
            return false;
        text += letters;
        next = unit + 1;
    } while (*text != '\0');
    *ns = total;
    return true;
}

bool amtg_size_parse(const char *text, uint64_t *octets)
{
    uint64_t value;

    if (!take_digits(&text, &value))
        return false;
    int unit = find_unit(sizes, SIZES, 0, text, strlen(text));
    return unit >= 0 && !__builtin_mul_overflow(value, sizes[unit].factor, octets);
}

/* Decimal without superfluous zeros, or 0x and hexadecimal digits. */
static bool uint_parse(const char *text, uint64_t *out)
{
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        size_t digits = strlen(text + 2);
        if (digits == 0 || digits > 16 || strspn(text + 2, "0123456789abcdefABCDEF") != digits)
            return false;
        *out = strtoull(text + 2, NULL, 16);
        return true;
    }
    if (text[0] == '0' && text[1] != '\0')
        return false; /* 010 is 8 to some readers of YAML and 10 to others */
    return take_digits(&text, out) && *text == '\0';
}

static bool float_parse(const char *text, double *out)
{
    char *end;

    /* strtod alone would take blanks, "nan", "inf" and hexadecimal. */
    if (*text == '\0' || strspn(text, "0123456789.eE+-") != strlen(text))
        return false;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*out);
}

static bool bool_parse(const char *text, bool *out)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(text, words[i]) == 0) {
            *out = i % 2 != 0;
            return true;
        }
    return false;
}

/* ---- one scalar into a field ----------------------------------------------------- */

uint64_t amtg_param_max(const struct amtg_param *p)
{
    uint64_t holds = p->size >= 8 ? UINT64_MAX : (1ull << (8 * p->size)) - 1;

    return p->max != 0 && p->max < holds ? p->max : holds;
}

static bool store_uint(const struct amtg_param *p, uint64_t value, void *field)
{
    if (value < p->min || value > amtg_param_max(p))
        return false;
    switch (p->size) {
    case 1: *(uint8_t *)field = (uint8_t)value; return true;
    case 2: *(uint16_t *)field = (uint16_t)value; return true;
    case 4: *(uint32_t *)field = (uint32_t)value; return true;
    case 8: *(uint64_t *)field = value; return true;
    default: return false;
    }
}

static bool store_enum(const struct amtg_param *p, const char *text, void *field)
{
    for (int i = 0; p->names && p->names[i]; i++)
        if (strcmp(p->names[i], text) == 0) {
            *(int *)field = i;
            return true;
        }
    return false;
}

/* May an address be left out? Where the default is none, `none` may be written as well. */
static bool may_be_none(const struct amtg_param *p)
{
    return p->initial && (*p->initial == '\0' || strcmp(p->initial, "none") == 0);
}

static bool store_address(const struct amtg_param *p, const char *text, void *field)
{
    struct amtg_addr a;

    if (may_be_none(p) && (*text == '\0' || strcmp(text, "none") == 0)) {
        memset(field, 0, sizeof a);
        return true;
    }
    if (!amtg_addr_parse(text, &a))
        return false;
    if (p->family != 0 && amtg_addr_is4(&a) != (p->family == 4))
        return false;
    memcpy(field, &a, sizeof a);
    return true;
}

bool amtg_param_scalar(const struct amtg_param *p, const char *text, void *state)
{
    void *field = (char *)state + p->offset;
    uint64_t u;
    double f;

    switch (p->kind) {
    case AMTG_KIND_BOOL: return bool_parse(text, field);
    case AMTG_KIND_UINT: return uint_parse(text, &u) && store_uint(p, u, field);
    case AMTG_KIND_DURATION: return amtg_duration_parse(text, &u) && store_uint(p, u, field);
    case AMTG_KIND_SIZE: return amtg_size_parse(text, &u) && store_uint(p, u, field);
    case AMTG_KIND_FLOAT:
        if (!float_parse(text, &f) || f < p->fmin || (p->fmax != 0 && f > p->fmax))
            return false;
        *(double *)field = f;
        return true;
    case AMTG_KIND_ENUM: return store_enum(p, text, field);
    case AMTG_KIND_ADDR: return store_address(p, text, field);
    default: return false;
    }
}

/* ---- words for people ------------------------------------------------------------ */

const char *amtg_param_name(const struct amtg_param *p, char out[AMTG_PARAM_NAME])
{
    static const char *const suffixes[] = {"_ns", "_octets", "_ms", "_bps"};
    size_t len = strlen(p->field);

    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        size_t tail = strlen(suffixes[i]);
        if (len > tail && strcmp(p->field + len - tail, suffixes[i]) == 0) {
            len -= tail;
            break;
        }
    }
    if (len >= AMTG_PARAM_NAME)
        len = AMTG_PARAM_NAME - 1;
    for (size_t i = 0; i < len; i++)
        out[i] = p->field[i] == '_' ? '-' : p->field[i];
    out[len] = '\0';
    return out;
}

const char *amtg_param_kind_name(enum amtg_param_kind kind)
{
    static const char *const names[] = {
        [AMTG_KIND_BOOL] = "bool",         [AMTG_KIND_UINT] = "uint",
        [AMTG_KIND_DURATION] = "duration", [AMTG_KIND_SIZE] = "size",
        [AMTG_KIND_FLOAT] = "float",       [AMTG_KIND_TEXT] = "text",
        [AMTG_KIND_ENUM] = "enum",         [AMTG_KIND_ADDR] = "address",
        [AMTG_KIND_ADDRS] = "addresses",   [AMTG_KIND_HOSTS] = "hosts",
        [AMTG_KIND_INTERFACE] = "interface", [AMTG_KIND_FILE] = "file",
        [AMTG_KIND_TEXTS] = "texts",       [AMTG_KIND_MAP] = "map",
        [AMTG_KIND_REF] = "reference",
    };
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

/* The shortest way to write a duration: "1m30s"; a part that is zero is left out. */
static const char *duration_text(uint64_t ns, char *out, size_t room)
{
    size_t len = 0;

    if (ns == 0)
        return "0";
    for (size_t i = 0; i < DURATIONS && len < room; i++) {
        uint64_t n = ns / durations[i].factor;
        if (n != 0)
            len += (size_t)snprintf(out + len, room - len, "%llu%s", (unsigned long long)n,
                                    durations[i].name);
        ns %= durations[i].factor;
    }
    return out;
}

/* An amount of octets in the largest binary unit that divides it. */
static const char *size_text(uint64_t octets, char *out, size_t room)
{
    size_t best = 0;

    for (size_t i = SIZES - 4; i < SIZES && octets != 0; i++) /* KiB, MiB, GiB, TiB */
        if (octets % sizes[i].factor == 0)
            best = i;
    snprintf(out, room, "%llu%s", (unsigned long long)(octets / sizes[best].factor),
             sizes[best].name);
    return out;
}

static const char *uint_text(uint64_t value, char *out, size_t room)
{
    snprintf(out, room, "%llu", (unsigned long long)value);
    return out;
}

static void range_expected(const char *what, const struct amtg_param *p, uint64_t max,
                           const char *(*text)(uint64_t, char *, size_t), char *out, size_t room)
{
    char low[80], high[80];
    const char *from = text(p->min, low, sizeof low);

    if (max == UINT64_MAX && p->min == 0)
        snprintf(out, room, "%s", what);
    else if (max == UINT64_MAX)
        snprintf(out, room, "%s of at least %s", what, from);
    else
        snprintf(out, room, "%s from %s to %s", what, from, text(max, high, sizeof high));
}

static void enum_expected(const struct amtg_param *p, char *out, size_t room)
{
    size_t len = 0;

    out[0] = '\0';
    for (int i = 0; p->names && p->names[i] && len < room; i++)
        len += (size_t)snprintf(out + len, room - len, "%s%s",
                                i == 0 ? "" : p->names[i + 1] ? ", " : " or ", p->names[i]);
}

static void float_expected(const struct amtg_param *p, char *out, size_t room)
{
    if (p->fmax != 0)
        snprintf(out, room, "a number from %g to %g", p->fmin, p->fmax);
    else
        snprintf(out, room, "a number of at least %g", p->fmin);
}

static const char *family_text(const struct amtg_param *p)
{
    return p->family == 4   ? "an IPv4 address"
           : p->family == 6 ? "an IPv6 address"
                            : "an IP address";
}

const char *amtg_param_expected(const struct amtg_param *p, char *out, size_t room)
{
    switch (p->kind) {
    case AMTG_KIND_BOOL: snprintf(out, room, "true or false"); break;
    case AMTG_KIND_UINT:
        range_expected("a whole number", p, amtg_param_max(p), uint_text, out, room);
        break;
    case AMTG_KIND_DURATION:
        range_expected("a duration such as 1m30s", p, amtg_param_max(p), duration_text, out, room);
        break;
    case AMTG_KIND_SIZE:
        range_expected("a size such as 64KiB", p, amtg_param_max(p), size_text, out, room);
        break;
    case AMTG_KIND_FLOAT: float_expected(p, out, room); break;
    case AMTG_KIND_TEXT: snprintf(out, room, "a text"); break;
    case AMTG_KIND_ENUM: enum_expected(p, out, room); break;
    case AMTG_KIND_ADDR:
        snprintf(out, room, "%s%s", family_text(p), may_be_none(p) ? " or none" : "");
        break;
    case AMTG_KIND_ADDRS: snprintf(out, room, "%s, a list of them, or none", family_text(p)); break;
    case AMTG_KIND_HOSTS:
        snprintf(out, room, "an IP address or a host name, a list of them, or none");
        break;
    case AMTG_KIND_INTERFACE:
        snprintf(out, room, "the name of a network interface, or auto");
        break;
    case AMTG_KIND_FILE: snprintf(out, room, "the path of a file"); break;
    case AMTG_KIND_TEXTS: snprintf(out, room, "a text or a list of texts"); break;
    case AMTG_KIND_MAP: snprintf(out, room, "a map of names to texts"); break;
    case AMTG_KIND_REF: /* a graph's parameter does not say what for */
        snprintf(out, room, "the name of an element%s%s%s",
                 p->interface ? " that provides `" : "", p->interface ? p->interface->name : "",
                 p->interface ? "`" : "");
        break;
    }
    return out;
}
