/*
 * print: shows what passes, one line for each packet, on standard output. Each
 * type says itself how its packets look in words, so all layers that we know are
 * decoded.
 *
 *     elements:
 *       show: {class: print, limit: 10}
 *     edges:
 *       - check -> show -> fanout
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/element.h"

struct print {
    uint64_t limit; /* packets */
    bool hex;
};

enum { OUT };
enum { PRINTED };

enum { OCTETS_PER_LINE = 16 };

static void print_octets(const struct amtg_packet *p)
{
    for (uint32_t i = 0; i < p->len; i++) {
        if (i % OCTETS_PER_LINE == 0)
            printf("    %04x:", i);
        printf(i % 2 ? "%02x" : " %02x", p->data[i]);
        if (i % OCTETS_PER_LINE == OCTETS_PER_LINE - 1 || i + 1 == p->len)
            putchar('\n');
    }
}

static void print_packet(const struct amtg_element *e, const struct amtg_packet *p)
{
    const struct print *state = amtg_state(e);
    uint64_t now = amtg_now(e);

    printf("%llu.%06llu %s: ", (unsigned long long)(now / AMTG_S),
           (unsigned long long)(now % AMTG_S / AMTG_US), e->name);
    amtg_type_describe(p, stdout);
    putchar('\n');
    if (state->hex)
        print_octets(p);
}

static void print_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    const struct print *state = amtg_state(e);
    uint64_t before = e->counters[PRINTED];

    (void)in;
    AMTG_EACH (packet, batch) {
        if (!state->limit || e->counters[PRINTED] < state->limit) {
            print_packet(e, packet);
            amtg_count(e, PRINTED, 1);
        }
        amtg_emit(e, OUT, packet);
    }
    /* Whoever reads a pipe wants to see it now; whoever has closed it, no more (`| head`). */
    if (e->counters[PRINTED] != before && fflush(stdout))
        amtg_abort(e, "cannot write to standard output: %s", strerror(errno));
}

const struct amtg_class amtg_print = {
    .name = "print",
    .summary = "shows what passes, a line for each packet",
    .details = "A line has the loop's time in seconds, the name of this element, and what the "
               "packet's type has to say about it. Lines go to standard output; "
               "when they cannot, the run fails. Meant for looking, not for speed.",
    .example = "elements:\n"
               "  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1}\n"
               "  show:   {class: print, limit: 10, hex: true}\n"
               "edges:\n"
               "  - source -> show\n",
    .state_octets = sizeof(struct print),
    AMTG_INPUTS({.name = "in", .type = AMTG_ANY, .help = "what is shown"}),
    AMTG_OUTPUTS([OUT] = {.name = "out",
                          .type = AMTG_ANY,
                          .help = "the same, unchanged",
                          .flags = AMTG_CARRIES_TYPE | AMTG_CARRIES_TO | AMTG_MAY_BE_OPEN}),
    AMTG_PARAMS(AMTG_U64(struct print, limit, "0", 0, UINT64_MAX, "packets",
                         "show only the first ones; 0 shows all"),
                AMTG_BOOL(struct print, hex, "no", "show all octets too")),
    AMTG_COUNTERS([PRINTED] = {"printed", "packets", "packets shown"}),
    .push = print_push,
};
