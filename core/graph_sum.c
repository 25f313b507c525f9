/*
 * Sums: "10.1.0.1 + ${index}", "${first} + ${index} + 1". The first term is an address or a
 * whole number, the others are whole numbers; names stand for parameters. What comes of it
 * is a text like any other, checked by whoever takes it.
 */
#include <inttypes.h>
#include <string.h>

#include "core/graph_private.h"

/* What has been added up so far. */
struct sum {
    bool is_address;
    struct amtg_addr address;
    uint64_t number;
};

static bool read_number(const char *text, uint64_t *out)
{
    static const struct amtg_param number = {.kind = AMTG_KIND_UINT, .size = sizeof(uint64_t)};
    return amtg_param_scalar(&number, text, out);
}

static bool read_address(const char *text, struct amtg_addr *out)
{
    static const struct amtg_param address = {.kind = AMTG_KIND_ADDR};
    return amtg_param_scalar(&address, text, out);
}

/* The octets that count up: of IPv4 addresses the last four. false: over the end. */
static bool add_to_address(struct amtg_addr *a, uint64_t n)
{
    int first = amtg_addr_is4(a) ? 12 : 0;
    unsigned carry = 0;

    for (int i = 15; i >= first; i--) {
        unsigned octet = a->octets[i] + (unsigned)(n & 0xff) + carry;
        a->octets[i] = (uint8_t)octet;
        carry = octet >> 8;
        n >>= 8;
    }
    return n == 0 && carry == 0;
}

/* false: a problem, reported at the sum. */
static bool add_term(struct loader *l, struct sum *sum, bool first, const char *term,
                     const struct amtg_yaml *y, const char *subject)
{
    uint64_t n;

    if (first && read_address(term, &sum->address))
        return sum->is_address = true;
    if (!read_number(term, &n)) {
        graph_problem(l, y->mark, subject,
                      first ? "an address or a whole number" : "a whole number", NULL,
                      "\"%.60s\" cannot be a term of a sum", term);
        return false;
    }
    bool fits = sum->is_address ? add_to_address(&sum->address, n)
                                : !__builtin_add_overflow(sum->number, n, &sum->number);
    if (!fits)
        graph_problem(l, y->mark, subject, NULL, NULL, "the sum \"%.60s\" is too large", y->text);
    return fits;
}

bool graph_is_sum(const char *text)
{
    return strstr(text, " + ") != NULL;
}

struct amtg_yaml *graph_sum(struct loader *l, struct value v, const char *subject)
{
    const struct amtg_yaml *y = v.yaml;
    struct sum sum = {0};
    char address[AMTG_ADDR_TEXT];
    bool first = true;

    for (const char *at = y->text; at; first = false) {
        const char *plus = strchr(at, '+');
        size_t len = plus ? (size_t)(plus - at) : strlen(at), lead = strspn(at, " ");
        lead = lead < len ? lead : len;
        while (len > lead && at[len - 1] == ' ')
            len--;
        struct amtg_yaml *term =
            graph_text(l, amtg_arena_text_of(l->arena, at + lead, len - lead), y->mark);
        struct value one = v;
        struct piece p;
        one.yaml = term;
        if (!graph_piece(l, one, subject, &p))
            return NULL;
        if (p.value.yaml->kind != AMTG_YAML_SCALAR) {
            graph_problem(l, y->mark, subject, NULL, NULL, "a list cannot be a term of a sum");
            return NULL;
        }
        if (!add_term(l, &sum, first, p.value.yaml->text, y, subject))
            return NULL;
        at = plus ? plus + 1 : NULL;
    }
    return graph_text(l,
                      sum.is_address ? amtg_addr_text(&sum.address, address)
                                     : amtg_arena_printf(l->arena, "%" PRIu64, sum.number),
                      y->mark);
}
