/*
 * classifier: sorts IP packets by pcap filter expressions. The first expression
 * that matches decides; what matches none leaves by `rest`.
 *
 *     elements:
 *       kind:
 *         class: classifier
 *         outputs: {video: udp port 5004, rfc7450: udp port 2268}
 *     edges:
 *       - native -> kind
 *       - kind.video -> seen
 *       - kind.rfc7450 -> messages
 *       - kind.rest -> end
 */
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "core/element.h"
#include "elements/flow/decision.h"
#include "elements/wire/types.h"

struct classifier {
    struct amtg_map outputs;

    struct bpf_program *programs;   /* one per item of `outputs` */
    struct amtg_decision *decision; /* which of them is the first that matches */
};

enum { MANY, REST }; /* in the table; the instance has outputs.count ports, then `rest` */
enum { NO_MATCH };

static const char rest_name[] = "rest";

/* Compile for packets that begin with the IP header. false: `why` says what is wrong with it. */
static bool compile(const char *filter, struct bpf_program *program, char *why, size_t room)
{
    pcap_t *pcap = pcap_open_dead(DLT_RAW, AMTG_LARGE_OCTETS);

    if (!pcap) {
        snprintf(why, room, "out of memory");
        return false;
    }
    bool good = pcap_compile(pcap, program, filter, 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (!good)
        snprintf(why, room, "%s", pcap_geterr(pcap));
    pcap_close(pcap);
    return good;
}

static void classifier_check(const void *state, struct amtg_check *check)
{
    const struct classifier *c = state;

    for (unsigned i = 0; i < c->outputs.count; i++) {
        struct bpf_program program;
        char why[PCAP_ERRBUF_SIZE];
        if (strcmp(c->outputs.names[i], rest_name) == 0)
            amtg_check_problem(check, "outputs", (int)i,
                               "`rest` is the output of what matches nothing, and has no filter");
        else if (compile(c->outputs.texts[i], &program, why, sizeof why))
            pcap_freecode(&program);
        else
            amtg_check_problem(check, "outputs", (int)i, "not a pcap filter expression: %s", why);
    }
}

static void classifier_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    const struct classifier *c = amtg_state(e);

    (void)in;
    AMTG_EACH (packet, batch) {
        unsigned out = amtg_decide(c->decision, packet->data, packet->len);
        if (out == c->outputs.count && !e->outs[out].peer)
            amtg_drop(e, NO_MATCH, packet);
        else
            amtg_emit(e, out, packet);
    }
}

static void classifier_fini(struct amtg_element *e)
{
    struct classifier *c = amtg_state(e);

    amtg_decision_free(c->decision);
    for (unsigned i = 0; c->programs && i < c->outputs.count; i++)
        pcap_freecode(&c->programs[i]); /* nothing, for one that was not made */
    free(c->programs);
}

static enum amtg_err classifier_init(struct amtg_element *e)
{
    struct classifier *c = amtg_state(e);
    char why[PCAP_ERRBUF_SIZE];
    enum amtg_err err = AMTG_OK;

    c->programs = calloc(c->outputs.count, sizeof *c->programs);
    if (!c->programs)
        return AMTG_ENOMEM;
    for (unsigned i = 0; i < c->outputs.count && !err; i++)
        if (!compile(c->outputs.texts[i], &c->programs[i], why, sizeof why))
            err = amtg_fail(e, AMTG_ECONFIG, "%s", why);
    if (!err) {
        c->decision = amtg_decision_new(c->programs, c->outputs.count);
        err = c->decision ? AMTG_OK : AMTG_ENOMEM;
    }
    if (err)
        classifier_fini(e);
    return err;
}

const struct amtg_class amtg_classifier = {
    .name = "classifier",
    .summary = "sorts IP packets by pcap filter expressions",
    .details = "Expressions are those of pcap-filter(7), seen from the IP header on: there is no "
               "`ether`. They are tried in the order written; the first that matches decides. "
               "Write addresses and port numbers rather than names: names are looked up when the "
               "graph is checked.",
    .example = "elements:\n"
               "  source: {class: generator, source: 192.0.2.1, group: 232.1.1.1, port: 5004}\n"
               "  kind:\n"
               "    class: classifier\n"
               "    outputs: {video: udp port 5004, amt: udp port 2268}\n"
               "  seen:   {class: counter}\n"
               "  end:    {class: discard}\n"
               "edges:\n"
               "  - source -> kind\n"
               "  - kind.video -> seen -> end\n"
               "  - kind.amt -> end\n",
    .state_octets = sizeof(struct classifier),
    AMTG_INPUTS({.name = "in", .type = AMTG_IP_RAW, .help = "IP packets, verified or not"}),
    AMTG_OUTPUTS([MANY] = {.name = "output",
                           .type = AMTG_IP_RAW,
                           .help = "what matches the expression of this name in `outputs`",
                           .flags = AMTG_CARRIES_TYPE | AMTG_CARRIES_TO | AMTG_MANY},
                 [REST] = {.name = rest_name,
                           .type = AMTG_IP_RAW,
                           .help = "what matches none; dropped as `no-match` when it is open",
                           .flags = AMTG_CARRIES_TYPE | AMTG_CARRIES_TO | AMTG_MAY_BE_OPEN}),
    .ports_from = "outputs",
    AMTG_PARAMS(AMTG_MAP(struct classifier, outputs, 1, 64,
                         "names of outputs, each with its pcap filter expression")),
    AMTG_DROPS([NO_MATCH] = {"no-match", "no expression matched, and `rest` leads nowhere"}),
    .check = classifier_check,
    .init = classifier_init,
    .fini = classifier_fini,
    .push = classifier_push,
};
