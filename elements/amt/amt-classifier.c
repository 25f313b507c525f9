/*
 * amt-classifier: sort AMT messages by their type (RFC 7450, section 5.1).
 *
 * in:  datagrams that came to an AMT port
 * out: one output per message, named after it
 *
 * A role leaves open what it does not serve: a relay the Advertisement, Query and
 * Data (section 5.3.3.1), a gateway the other four (section 5.2.3.2). What arrives
 * there is dropped under the name of the message, so that the counters of a relay
 * show who takes it for a gateway.
 *
 *     elements:
 *       messages: {class: amt-classifier}
 *     edges:
 *       - udp -> messages
 *       - messages.request -> query -> udp
 */
#include "core/element.h"
#include "elements/wire/amt.h"
#include "elements/wire/types.h"

enum { DISCOVERY, ADVERTISEMENT, REQUEST, QUERY, UPDATE, DATA, TEARDOWN, OUTPUTS };

/* The first seven are those of messages whose output is open: the numbers are the outputs'. */
enum { SHORT = OUTPUTS, VERSION, TYPE };

/* What a message must have: its fixed part, and the smallest inner header. */
enum { INNER = 20 };
static const struct {
    const struct amtg_type *type;
    uint32_t least; /* octets */
} messages[OUTPUTS] = {
    [DISCOVERY] = {AMTG_AMT_DISCOVERY, AMTG_DISCOVERY_OCTETS},
    [ADVERTISEMENT] = {AMTG_AMT_ADVERTISEMENT, AMTG_ADVERTISEMENT4_OCTETS},
    [REQUEST] = {AMTG_AMT_REQUEST, AMTG_REQUEST_OCTETS},
    [QUERY] = {AMTG_AMT_QUERY, AMTG_QUERY_HEAD_OCTETS + INNER},
    [UPDATE] = {AMTG_AMT_UPDATE, AMTG_UPDATE_HEAD_OCTETS + INNER},
    [DATA] = {AMTG_AMT_DATA, AMTG_DATA_HEAD_OCTETS + INNER},
    [TEARDOWN] = {AMTG_AMT_TEARDOWN, AMTG_TEARDOWN_OCTETS},
};

static void classify(struct amtg_element *e, struct amtg_packet *packet)
{
    enum amtg_amt_message message;
    enum amtg_err err = amtg_amt_peek(packet->data, packet->len, &message);

    if (err != AMTG_OK) {
        amtg_drop(e, err == AMTG_EVERSION ? VERSION : err == AMTG_ETYPE ? TYPE : SHORT, packet);
        return;
    }
    unsigned out = message - AMTG_MSG_DISCOVERY;
    if (packet->len < messages[out].least) {
        amtg_drop(e, SHORT, packet);
        return;
    }
    packet->type = messages[out].type;
    if (e->outs[out].peer)
        amtg_emit(e, out, packet);
    else
        amtg_drop(e, out, packet);
}

static void amt_classifier_push(struct amtg_element *e, unsigned in, struct amtg_batch *batch)
{
    (void)in;
    AMTG_EACH (packet, batch)
        classify(e, packet);
}

const struct amtg_class amtg_amt_classifier = {
    .name = "amt-classifier",
    .summary = "sorts AMT messages by their type",
    .details =
        "Looks at the version, the type and the least length of a message (RFC 7450, section "
        "5.1), no further. A message whose output is open is dropped under the message's own "
        "name: a relay takes Discovery, Request, Update and Teardown only (section 5.3.3.1), a "
        "gateway Advertisement, Query and Data (section 5.2.3.2).\n\n"
        "The outputs keep the order of arrival among each other, so that an Update does not "
        "overtake the Teardown before it.",
    .example = "elements:\n"
               "  udp:      {class: udp-socket, bind: 127.0.0.1, port: 2268}\n"
               "  messages: {class: amt-classifier}\n"
               "  secret:   {class: amt-secret}\n"
               "  query:    {class: amt-query, secret: secret}\n"
               "edges:\n"
               "  - udp -> messages\n"
               "  - messages.request -> query -> udp\n",
    .flags = AMTG_ORDERED,
    AMTG_INPUTS({"in", AMTG_DATAGRAM, "what came to an AMT port", 0}),
    AMTG_OUTPUTS(
        [DISCOVERY] = {"discovery", AMTG_AMT_DISCOVERY, "Relay Discovery", AMTG_MAY_BE_OPEN},
        [ADVERTISEMENT] = {"advertisement", AMTG_AMT_ADVERTISEMENT, "Relay Advertisement",
                           AMTG_MAY_BE_OPEN},
        [REQUEST] = {"request", AMTG_AMT_REQUEST, "Request", AMTG_MAY_BE_OPEN},
        [QUERY] = {"query", AMTG_AMT_QUERY, "Membership Query", AMTG_MAY_BE_OPEN},
        [UPDATE] = {"update", AMTG_AMT_UPDATE, "Membership Update", AMTG_MAY_BE_OPEN},
        [DATA] = {"data", AMTG_AMT_DATA, "Multicast Data", AMTG_MAY_BE_OPEN},
        [TEARDOWN] = {"teardown", AMTG_AMT_TEARDOWN, "Teardown", AMTG_MAY_BE_OPEN}),
    AMTG_DROPS(
        [DISCOVERY] = {"discovery", "a Relay Discovery, and its output is open"},
        [ADVERTISEMENT] = {"advertisement", "a Relay Advertisement, and its output is open"},
        [REQUEST] = {"request", "a Request, and its output is open"},
        [QUERY] = {"query", "a Membership Query, and its output is open"},
        [UPDATE] = {"update", "a Membership Update, and its output is open"},
        [DATA] = {"data", "Multicast Data, and its output is open"},
        [TEARDOWN] = {"teardown", "a Teardown, and its output is open"},
        [SHORT] = {"short", "shorter than its message can be (RFC 7450, section 5.1)"},
        [VERSION] = {"version", "the version is not 0 (RFC 7450, sections 5.2.3.2, 5.3.3.1)"},
        [TYPE] = {"type", "none of the seven message types"}),
    .push = amt_classifier_push,
};
