#include "tools/amtgraph/test/keys.h"

#include "tools/amtgraph/test/step.h"

const struct amtg_key test_file_keys[] = {
    {"amtgraph", "the version of this format: 1", true},
    {"graph", "the graph file that the tests are of, from the folder of this file", true},
    {"summary", "what the tests are for, in a line", false},
    {"set", "parameters of the graph, for all tests of the file", false},
    {"tests", "the tests", true},
    {NULL, NULL, false},
};

const struct amtg_key test_keys[] = {
    {"name", "a sentence that says what holds", true},
    {"set", "parameters of the graph, over those of the file", false},
    {"seed", "a number: all that is random follows from it; 0 when it is not said", false},
    {"wires", "a list such as `[a <-> b]`: datagrams that go into stand-in `a` come out of `b`, and "
              "back", false},
    {"verdict", "`bad` if an element (`stream-check`) is to judge that it went wrong; else `good`", false},
    {"steps", "what is done and looked at; the first step that fails ends the test", true},
    {NULL, NULL, false},
};

const struct test_verb_words test_verb_words[] = {
    [TEST_SEND] = {"send", "a packet goes into the graph at this place",
                   {"from", "to", "packet", "hex", "pcap", "times"}},
    [TEST_EXPECT] = {"expect", "the next packet that passes at this place is this one",
                     {"from", "to", "packet", "hex", "count", "within", "skip-others", "save"}},
    [TEST_NOTHING] = {"nothing", "no packet is left at this place that was not expected", {"for"}},
    [TEST_AFTER] = {"after", "time passes", {NULL}},
    [TEST_COUNTERS] = {"counters", "counters and outputs have these values: `{ELEMENT.NAME: 3}`",
                       {NULL}},
    [TEST_DROPS] = {"drops", "reasons for drops have these values: `{ELEMENT.REASON: 1}`", {NULL}},
    [TEST_STOP] = {"stop", "the graph stops; what it says then can be expected", {NULL}},
    {NULL, NULL, {NULL}},
};

const struct amtg_key test_step_keys[] = {
    {"from", "an address and a port: who sent it", false},
    {"to", "an address and a port: who gets it", false},
    {"packet", "a packet, layer by layer", false},
    {"hex", "all octets of the packet, as pairs of hexadecimal digits", false},
    {"pcap", "a capture file, of which all IP datagrams are sent", false},
    {"times", "how many times it is sent", false},
    {"count", "how many such packets come", false},
    {"within", "how long to wait for it", false},
    {"skip-others", "pass over packets that are not it", false},
    {"save", "fields to keep: names, each with FIELD or LAYER.FIELD", false},
    {"for", "for so long none comes", false},
    {NULL, NULL, false},
};
