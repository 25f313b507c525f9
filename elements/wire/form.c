#include "elements/wire/form.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "core/param.h"
#include "elements/wire/amt.h"
#include "elements/wire/float_code.h"

enum { WIDTH_UNKNOWN = 16 }; /* bits of a number whose field need not be there */

static uint32_t width(const struct amtg_field *f)
{
    return f->bits ? f->bits : WIDTH_UNKNOWN;
}

/* ---- words to values -------------------------------------------------------- */

static bool parse_number(const struct amtg_field *f, const char *text, uint64_t *out)
{
    static const char *const truths[] = {"no", "yes", "false", "true"};
    char *end;

    for (unsigned i = 0; f->names && f->names[i].text; i++)
        if (strcmp(f->names[i].text, text) == 0) {
            *out = f->names[i].value;
            return true;
        }
    for (unsigned i = 0; i < 4 && f->bits == 1; i++)
        if (strcmp(truths[i], text) == 0) {
            *out = i & 1;
            return true;
        }
    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    *out = strtoull(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
    return *end == '\0' && !errno && (width(f) >= 64 || *out >> width(f) == 0);
}

/* A duration that the code can say exactly, or the code itself in hexadecimal digits. */
static bool parse_time(const struct amtg_field *f, const char *text, uint64_t *out)
{
    uint64_t ns, unit = f->form == AMTG_FORM_TENTHS    ? 100 * AMTG_MS
                        : f->form == AMTG_FORM_SECONDS ? AMTG_S
                                                       : AMTG_MS;

    if (text[0] == '0' && text[1] == 'x')
        return parse_number(f, text, out);
    if (!amtg_duration_parse(text, &ns) || ns % unit || ns / unit > AMTG_FLOAT16_MOST)
        return false;
    uint32_t units = (uint32_t)(ns / unit);
    *out = f->bits == 8 ? amtg_float8_encode(units) : amtg_float16_encode(units);
    return units ==
           (f->bits == 8 ? amtg_float8_decode((uint8_t)*out) : amtg_float16_decode((uint16_t)*out));
}

static int digit(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? (c | 0x20) - 'a' + 10
                                        : -1;
}

/* Hexadecimal digits; `DIGITS*COUNT` stands for as many copies of them. */
static bool parse_hex(const char *text, struct amtg_arena *arena, struct amtg_value *out)
{
    enum { MOST = 65535 }; /* octets of any datagram */
    const char *star = strchr(text, '*');
    size_t digits = star ? (size_t)(star - text) : strlen(text), each = digits / 2;
    char *end = "";
    unsigned long copies = star ? strtoul(star + 1, &end, 10) : 1;

    if (digits % 2 || *end || (star && !isdigit((unsigned char)star[1])) || copies > MOST ||
        each * copies > MOST)
        return false;
    uint8_t *octets = amtg_arena_get(arena, each * copies + 1);
    for (size_t i = 0; i < digits; i++) {
        if (digit(text[i]) < 0)
            return false;
        octets[i / 2] = (uint8_t)(octets[i / 2] << 4 | digit(text[i]));
    }
    for (size_t i = 1; i < copies; i++)
        memcpy(octets + i * each, octets, each);
    out->octets = octets;
    out->len = (uint32_t)(each * copies);
    return true;
}

static bool parse_octets(const struct amtg_field *f, const char *text, struct amtg_arena *arena,
                         struct amtg_value *out)
{
    for (unsigned i = 0; f->words && f->words[i].text; i++)
        if (strcmp(f->words[i].text, text) == 0)
            return parse_hex(f->words[i].hex, arena, out);
    if (strncmp(text, "0x", 2) == 0)
        return parse_hex(text + 2, arena, out) && (!f->bits || out->len == f->bits / 8);
    if (f->form != AMTG_FORM_PAYLOAD)
        return strcmp(text, "none") == 0 && !f->bits;
    out->octets = (const uint8_t *)amtg_arena_text(arena, text);
    out->len = (uint32_t)strlen(text);
    return true;
}

static bool parse_host(const struct amtg_field *f, const char *text, struct amtg_arena *arena,
                       struct amtg_value *out)
{
    uint8_t *octets = amtg_arena_get(arena, f->bits / 8);

    if (!amtg_host_name_is(text) || strlen(text) >= f->bits / 8)
        return false;
    memcpy(octets, text, strlen(text));
    out->octets = octets;
    out->len = f->bits / 8;
    return true;
}

/* By its text: an IPv6 address may be an IPv4-mapped one, ::ffff:192.0.2.1. */
static bool is_ip6(const char *text)
{
    return strchr(text, ':') != NULL;
}

bool amtg_form_address(const char *text, uint8_t item_octets, uint8_t out[16])
{
    struct amtg_addr a;

    if (!amtg_addr_parse(text, &a))
        return false;
    if (item_octets == 0) {
        memcpy(out, a.octets, 16);
        return true;
    }
    memcpy(out, item_octets == 4 ? amtg_addr_octets4(&a) : a.octets, item_octets);
    return is_ip6(text) == (item_octets == 16);
}

/* Octets of an address field: 4 or 16; of either family where the width is not fixed. */
static bool parse_address(const struct amtg_field *f, const char *text, struct amtg_arena *arena,
                          struct amtg_value *out)
{
    struct amtg_addr a;
    uint8_t *octets = amtg_arena_get(arena, 16);

    if (!amtg_addr_parse(text, &a))
        return false;
    out->octets = octets;
    out->len = 16;
    if (f->form == AMTG_FORM_COMPAT && !is_ip6(text))
        amtg_amt_address_put(&a, octets);
    else if (f->form == AMTG_FORM_COMPAT || f->form == AMTG_FORM_MAPPED)
        memcpy(octets, a.octets, 16);
    else {
        out->len = f->bits ? f->bits / 8 : is_ip6(text) ? 16 : 4;
        return amtg_form_address(text, (uint8_t)out->len, octets);
    }
    return true;
}

bool amtg_form_parse(const struct amtg_field *f, const char *text, struct amtg_arena *arena,
                     struct amtg_value *out)
{
    *out = (struct amtg_value){0};
    switch (f->form) {
    case AMTG_FORM_NUMBER:
    case AMTG_FORM_HEX:
        out->is_number = true;
        return parse_number(f, text, &out->number);
    case AMTG_FORM_TENTHS:
    case AMTG_FORM_SECONDS:
    case AMTG_FORM_MILLIS:
        out->is_number = true;
        return parse_time(f, text, &out->number);
    case AMTG_FORM_ADDRESS:
    case AMTG_FORM_COMPAT:
    case AMTG_FORM_MAPPED:
        return parse_address(f, text, arena, out);
    case AMTG_FORM_OCTETS:
    case AMTG_FORM_PAYLOAD:
        return parse_octets(f, text, arena, out);
    case AMTG_FORM_HOST:
        return parse_host(f, text, arena, out);
    case AMTG_FORM_ADDRESSES:
    case AMTG_FORM_RECORDS:
    case AMTG_FORM_INNER:
        break;
    }
    return false;
}

const char *amtg_form_expected(const struct amtg_field *f)
{
    switch (f->form) {
    case AMTG_FORM_NUMBER:
    case AMTG_FORM_HEX:
        switch (width(f)) {
        case 1:
            return "0 or 1";
        case 2:
            return f->names ? "0 to 3, or a name" : "0 to 3";
        case 3:
            return "0 to 7";
        case 4:
            return "0 to 15";
        case 8:
            return f->names ? "0 to 255, or a name" : "0 to 255";
        case 16:
            return "0 to 65535";
        case 32:
            return "a number of up to 32 bits, such as 0x01020304";
        default:
            return "a number that fits the field";
        }
    case AMTG_FORM_TENTHS:
        return "a time such as 10s or 1500ms, or a code such as 0x80";
    case AMTG_FORM_SECONDS:
        return "whole seconds such as 125s, or a code such as 0x80";
    case AMTG_FORM_MILLIS:
        return "a time such as 10s or 100ms, or a code such as 0x8000";
    case AMTG_FORM_ADDRESS:
        return f->bits == 32 ? "an IPv4 address" : f->bits ? "an IPv6 address" : "an IP address";
    case AMTG_FORM_COMPAT:
    case AMTG_FORM_MAPPED:
        return "an IP address";
    case AMTG_FORM_OCTETS:
        return f->bits == 48 ? "six octets such as 0x010203040506" : "octets such as 0x94040000";
    case AMTG_FORM_PAYLOAD:
        return "a text, or octets such as 0x68656c6c6f";
    case AMTG_FORM_HOST:
        return "the name of a host";
    case AMTG_FORM_ADDRESSES:
        return "a list of addresses";
    case AMTG_FORM_RECORDS:
        return "a list of records such as {type: allow, group: 232.1.2.3}";
    case AMTG_FORM_INNER:
        return "a packet such as {igmp: report}";
    }
    return NULL;
}

/* ---- octets to values ------------------------------------------------------- */

static uint64_t host_number(const uint8_t *octets, uint32_t len)
{
    uint16_t two;
    uint32_t four;

    if (len == 2) {
        memcpy(&two, octets, 2);
        return two;
    }
    memcpy(&four, octets, 4);
    return four;
}

struct amtg_value amtg_form_value(const struct amtg_field *f, const uint8_t *octets, uint32_t at,
                                  unsigned bit, uint32_t bits)
{
    struct amtg_value v = {.is_number = f->form <= AMTG_FORM_MILLIS};

    if (!v.is_number) {
        v.octets = octets + at;
        v.len = bits / 8;
    } else if (f->host_order) {
        v.number = host_number(octets + at, bits / 8);
    } else {
        for (uint32_t i = bit; i < bit + bits; i++)
            v.number = v.number << 1 | (octets[at + i / 8] >> (7 - i % 8) & 1);
    }
    return v;
}

bool amtg_value_equal(const struct amtg_value *a, const struct amtg_value *b)
{
    if (a->is_number || b->is_number)
        return a->is_number && b->is_number && a->number == b->number;
    return a->len == b->len && (a->len == 0 || memcmp(a->octets, b->octets, a->len) == 0);
}

/* ---- values to words -------------------------------------------------------- */

void amtg_form_print_address(const uint8_t *octets, uint8_t item_octets, FILE *out)
{
    char text[AMTG_ADDR_TEXT];
    struct amtg_addr a;

    if (item_octets == 0)
        memcpy(a.octets, octets, 16);
    else
        a = item_octets == 4 ? amtg_addr_from4(octets) : amtg_addr_from6(octets);
    if (item_octets == 16 && amtg_addr_is4(&a))
        fputs("::ffff:", out);
    fputs(amtg_addr_text(&a, text), out);
}

static void print_time(uint64_t ms, FILE *out)
{
    if (ms % 1000)
        fprintf(out, "%llums", (unsigned long long)ms);
    else
        fprintf(out, "%llus", (unsigned long long)ms / 1000);
}

static void print_number(const struct amtg_field *f, uint64_t number, uint32_t bits, FILE *out)
{
    for (unsigned i = 0; f->names && f->names[i].text; i++)
        if (f->names[i].value == number) {
            fputs(f->names[i].text, out);
            return;
        }
    if (f->form == AMTG_FORM_HEX)
        fprintf(out, "0x%0*llx", (int)(bits + 3) / 4, (unsigned long long)number);
    else
        fprintf(out, "%llu", (unsigned long long)number);
}

static bool is_text(const struct amtg_value *v)
{
    for (uint32_t i = 0; i < v->len; i++)
        if (!isprint(v->octets[i]))
            return false;
    return v->len && !(v->len >= 2 && memcmp(v->octets, "0x", 2) == 0);
}

static void print_octets(const struct amtg_field *f, const struct amtg_value *v, bool cut,
                         FILE *out)
{
    enum { SHOWN = 32 };
    uint32_t shown = cut && v->len > SHOWN ? SHOWN : v->len;
    char hex[2 * SHOWN + 1] = "";

    for (uint32_t i = 0; i < v->len && v->len <= SHOWN; i++)
        snprintf(hex + 2 * i, 3, "%02x", v->octets[i]);
    for (unsigned i = 0; f->words && f->words[i].text && v->len; i++)
        if (strcmp(f->words[i].hex, hex) == 0) {
            fputs(f->words[i].text, out);
            return;
        }
    if (v->len == 0) {
        fputs("none", out);
    } else if (f->form == AMTG_FORM_PAYLOAD && is_text(v)) {
        fprintf(out, "%.*s", (int)shown, (const char *)v->octets);
    } else {
        fputs("0x", out);
        for (uint32_t i = 0; i < shown; i++)
            fprintf(out, "%02x", v->octets[i]);
    }
    if (shown < v->len)
        fprintf(out, "... (%u octets)", v->len);
}

void amtg_form_print(const struct amtg_field *f, const struct amtg_value *v, uint32_t bits,
                     bool cut, FILE *out)
{
    struct amtg_addr a;
    bool compat;

    switch (f->form) {
    case AMTG_FORM_NUMBER:
    case AMTG_FORM_HEX:
        print_number(f, v->number, bits, out);
        break;
    case AMTG_FORM_TENTHS:
        print_time(amtg_float8_decode((uint8_t)v->number) * 100ull, out);
        break;
    case AMTG_FORM_SECONDS:
        print_time(amtg_float8_decode((uint8_t)v->number) * 1000ull, out);
        break;
    case AMTG_FORM_MILLIS:
        print_time(amtg_float16_decode((uint16_t)v->number), out);
        break;
    case AMTG_FORM_ADDRESS:
        amtg_form_print_address(v->octets, (uint8_t)v->len, out);
        break;
    case AMTG_FORM_MAPPED:
        amtg_form_print_address(v->octets, 0, out);
        break;
    case AMTG_FORM_COMPAT:
        a = amtg_amt_address_get(v->octets);
        /* an IPv4-mapped one is an IPv6 address here */
        compat = amtg_addr_is4(&a) && v->octets[10] == 0;
        amtg_form_print_address(v->octets + (compat ? 12 : 0), compat ? 4 : 16, out);
        break;
    case AMTG_FORM_OCTETS:
    case AMTG_FORM_PAYLOAD:
        print_octets(f, v, cut, out);
        break;
    case AMTG_FORM_HOST:
        fprintf(out, "%.*s", (int)v->len, (const char *)v->octets);
        break;
    case AMTG_FORM_ADDRESSES:
    case AMTG_FORM_RECORDS:
    case AMTG_FORM_INNER:
        break;
    }
}
