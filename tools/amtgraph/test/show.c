#include "tools/amtgraph/test/show.h"

#include <stdlib.h>
#include <string.h>

const char *test_show_end(const struct amtg_addr *addr, uint16_t port, char out[TEST_END_TEXT])
{
    char text[AMTG_ADDR_TEXT];

    snprintf(out, TEST_END_TEXT, "%s %u", amtg_addr_text(addr, text), port);
    return out;
}

void test_show_head(const struct amtg_graph *g, const struct test_place *place,
                    const struct test_seen *seen, FILE *out)
{
    const struct amtg_graph_node *n = &g->nodes[place->node];
    const struct amtg_peer *peer = &seen->peer;
    char local[TEST_END_TEXT], remote[TEST_END_TEXT];

    fprintf(out, "%s %s.%s at %g s, %u octets", place->output ? "out of" : "into", n->name,
            place->output ? n->outs[seen->out].name : n->ins[seen->in].name,
            (double)seen->time_ns / (double)AMTG_S, seen->len);
    if (!seen->has_peer)
        return;
    test_show_end(&peer->local, peer->local_port, local);
    test_show_end(&peer->remote, peer->remote_port, remote);
    fprintf(out, ", from %s to %s", seen->outward ? local : remote, seen->outward ? remote : local);
}

/* "8-11", "1", "1.6" (bit 6 of octet 1), "6.3-7.7" */
static void print_range(const struct amtg_part *p, FILE *out)
{
    char text[32];
    uint32_t last = p->octet + (p->octets ? p->octets - 1 : 0);
    uint32_t last_bit = p->bit + p->bits - 1;

    if (p->bits % 8 == 0 && p->bit == 0) {
        if (p->octets > 1)
            snprintf(text, sizeof text, "%u-%u", p->octet, last);
        else
            snprintf(text, sizeof text, p->octets ? "%u" : "", p->octet);
    } else if (p->bits == 1) {
        snprintf(text, sizeof text, "%u.%u", p->octet, p->bit);
    } else if (p->octets == 1) {
        snprintf(text, sizeof text, "%u.%u-%u", p->octet, p->bit, last_bit);
    } else {
        snprintf(text, sizeof text, "%u.%u-%u.%u", p->octet, p->bit, last, last_bit % 8);
    }
    fprintf(out, "%-10s", text);
}

static void print_part(const struct amtg_dissection *d, unsigned i, const char *expected, FILE *out)
{
    const struct amtg_part *p = &d->parts[i];
    char *name = NULL, *value = NULL;
    size_t len;
    FILE *f = open_memstream(&name, &len);

    amtg_part_print_name(p, f);
    fclose(f);
    f = open_memstream(&value, &len);
    amtg_part_print(d, p, true, f);
    fclose(f);
    fprintf(out, "  %c ", expected || p->fault[0] ? '!' : ' ');
    print_range(p, out);
    int indent = (int)(2 * p->depth);
    if (*value || expected || p->fault[0])
        fprintf(out, "%*s%-*s %s", indent, "", 24 - indent > 1 ? 24 - indent : 1, name, value);
    else
        fprintf(out, "%*s%s", indent, "", name);
    if (expected)
        fprintf(out, "%*s expected %s", (int)(len < 20 ? 20 - len : 0), "", expected);
    if (p->fault[0])
        fprintf(out, "  (%s)", p->fault);
    fputc('\n', out);
    free(name);
    free(value);
}

void test_show_parts(const struct amtg_dissection *d, const struct amtg_matching *m, FILE *out)
{
    for (unsigned i = 0; i < d->count; i++) {
        const char *expected = NULL;
        for (unsigned k = 0; m && k < m->count && !expected; k++)
            if (m->mismatches[k].part == (int)i)
                expected = m->mismatches[k].expected;
        print_part(d, i, expected, out);
    }
    for (unsigned k = 0; m && k < m->count; k++)
        if (m->mismatches[k].part < 0)
            fprintf(out, "  !           %-24s expected %s\n", m->mismatches[k].name,
                    m->mismatches[k].expected);
}

static void print_line(char sign, const uint8_t *octets, uint32_t len, uint32_t at, FILE *out)
{
    fprintf(out, "  %c %-6u", sign, at);
    for (uint32_t i = at; i < at + 16 && i < len; i++)
        fprintf(out, " %02x", octets[i]);
    fputc('\n', out);
}

void test_show_octets(const uint8_t *is, uint32_t is_len, const uint8_t *expected,
                      uint32_t expected_len, FILE *out)
{
    for (uint32_t at = 0; at < is_len || at < expected_len; at += 16) {
        uint32_t a = is_len > at ? is_len - at : 0, b = expected_len > at ? expected_len - at : 0;
        a = a > 16 ? 16 : a;
        b = b > 16 ? 16 : b;
        if (a == b && memcmp(is + at, expected + at, a) == 0) {
            print_line(' ', is, is_len, at, out);
            continue;
        }
        if (a)
            print_line('+', is, is_len, at, out);
        if (b)
            print_line('-', expected, expected_len, at, out);
    }
}
