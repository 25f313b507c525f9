/* amtgraph tap: packets of a running graph as they cross an edge. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/param.h"
#include "core/pcapng.h"
#include "tools/amtgraph/admin/client.h"
#include "tools/amtgraph/plain_text.h"

enum { LINE = 65536 };

struct tap {
    bool json;
    FILE *file; /* pcapng; NULL: lines of words */
    char *edge;
    int interfaces[2]; /* of packets as the wire sees them, of words; -1: none yet */
    int count;
    unsigned long long missed;
};

/* "0a0b" to octets, the caller's to free; NULL: none. */
static uint8_t *octets_of(const char *hex, uint32_t *len)
{
    size_t digits = hex ? strlen(hex) : 0;
    uint8_t *octets = digits ? malloc(digits / 2 + 1) : NULL;

    *len = 0;
    for (size_t i = 0; octets && i + 1 < digits; i += 2) {
        char pair[3] = {hex[i], hex[i + 1], '\0'};
        octets[(*len)++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return octets;
}

static void print_words(const json_t *packet)
{
    json_int_t ns = json_integer_value(json_object_get(packet, "time"));
    const char *words = json_string_value(json_object_get(packet, "words"));
    char plain[LINE];

    printf("%lld.%06lld %s\n", (long long)ns / 1000000000, (long long)ns / 1000 % 1000000,
           plain_text(plain, sizeof plain, words ? words : ""));
    fflush(stdout);
}

static void write_packet(struct tap *t, const json_t *packet)
{
    const char *wire = json_string_value(json_object_get(packet, "wire"));
    const char *words = json_string_value(json_object_get(packet, "words"));
    json_int_t copies = json_integer_value(json_object_get(packet, "copies"));
    uint64_t wall = (uint64_t)json_integer_value(json_object_get(packet, "wall"));
    int *interface = &t->interfaces[wire ? 0 : 1];
    char comment[64] = "";
    uint32_t len;

    if (*interface < 0) {
        *interface = t->count++;
        amtg_pcapng_interface(t->file, wire ? AMTG_LINK_RAW_IP : AMTG_LINK_WORDS, t->edge,
                              json_string_value(json_object_get(packet, "type")));
    }
    uint8_t *octets = octets_of(wire, &len);
    if (copies)
        snprintf(comment, sizeof comment, "to %lld endpoints", (long long)copies);
    if (octets)
        amtg_pcapng_packet(t->file, (uint32_t)*interface, wall, octets, len, comment);
    else
        amtg_pcapng_packet(t->file, (uint32_t)*interface, wall, words, (uint32_t)strlen(words), words);
    fflush(t->file);
    free(octets);
}

static void take(struct tap *t, const json_t *line)
{
    const json_t *packet = json_object_get(line, "packet");

    t->missed += (unsigned long long)json_integer_value(json_object_get(line, "missed"));
    if (json_object_get(line, "edge")) {
        free(t->edge);
        t->edge = strdup(json_string_value(json_object_get(line, "edge")));
    }
    if (t->json)
        print_json_line(line, stdout);
    else if (packet && t->file)
        write_packet(t, packet);
    else if (packet)
        print_words(packet);
}

/* false: wrong, which has been said. */
static bool open_file(struct tap *t, const char *path)
{
    if (!path)
        return true;
    t->file = strcmp(path, "-") ? fopen(path, "w") : stdout;
    if (!t->file) {
        fprintf(stderr, "amtgraph: cannot write %s: %s\n", path, strerror(errno));
        return false;
    }
    amtg_pcapng_section(t->file);
    fflush(t->file);
    return true;
}

static json_t *request_of(const struct command_line *line, const struct tap *t, int *code)
{
    static const struct amtg_param number = {
        .kind = AMTG_KIND_UINT, .size = sizeof(uint32_t), .min = 1, .max = UINT32_MAX};
    const char *count = line_value(line, "count"), *filter = line_value(line, "filter");
    uint32_t packets = 0;

    if (count && !amtg_param_scalar(&number, count, &packets)) {
        *code = usage_error(line->command, "--count %s: a number from 1 on expected", count);
        return NULL;
    }
    json_t *request = json_pack("{ss ss sb sb}", "do", "tap", "edge", line->operands[0], "wire",
                                t->file != NULL || t->json, "layers", t->json);
    if (packets)
        json_object_set_new(request, "count", json_integer(packets));
    if (filter)
        json_object_set_new(request, "filter", json_string(filter));
    return request;
}

static int run(struct tap *t, struct admin_client *c, json_t *request)
{
    bool last = !admin_client_ask(c, request);
    int code = last ? EXIT_FAILED : EXIT_DONE;

    while (!last && !code) {
        json_t *line = admin_client_next(c, &last);
        if (line)
            take(t, line);
        else
            code = EXIT_FAILED;
        json_decref(line);
        if ((t->file && ferror(t->file)) || ferror(stdout))
            code = EXIT_FAILED; /* nobody reads any more */
    }
    if (t->missed && !t->json)
        fprintf(stderr, "amtgraph: %llu packets were missed: they came too fast\n", t->missed);
    return code;
}

static int tap(const struct command_line *line)
{
    struct tap t = {.json = line_has(line, "json"), .interfaces = {-1, -1},
                    .edge = strdup(line->operands[0])};
    int code = EXIT_FAILED;

    if (t.json && line_has(line, "write")) {
        free(t.edge);
        return usage_error(line->command, "--json and --write exclude each other");
    }
    struct admin_client *c = admin_client_open(line, &code);
    if (c && !open_file(&t, line_value(line, "write"))) {
        code = EXIT_FAILED;
    } else if (c) {
        json_t *request = request_of(line, &t, &code);
        if (request)
            code = run(&t, c, request);
    }
    admin_client_close(c);
    if (t.file && t.file != stdout && fclose(t.file)) {
        fprintf(stderr, "amtgraph: cannot write all of %s\n", line_value(line, "write"));
        code = EXIT_FAILED;
    }
    free(t.edge);
    return code;
}

const struct command command_tap = {
    .name = "tap",
    .summary = "show the packets that cross an edge of a running graph",
    .operands = "EDGE",
    .operands_min = 1,
    .operands_max = 1,
    .details =
        "EDGE is the name of an element with one output, ELEMENT.PORT, or both ends, such as\n"
        "\"udp -> messages\". Packets are told in words, a line each, or written as pcapng, with\n"
        "the edge for the name of the interface: as the wire would see them, a packet for many\n"
        "endpoints once. Records, which are on no wire, are lines of words of the link type\n"
        "LINKTYPE_USER0. --filter takes what tcpdump takes, but for names of hosts; no record\n"
        "passes it. For example:\n\n"
        "  amtgraph tap encap -w - | wireshark -k -i -\n\n"
        "Where AMT has another port than 2268: wireshark -d udp.port==PORT,amt.",
    COMMAND_OPTIONS(ADMIN_CLIENT_OPTION,
                    {"filter", "EXPRESSION", "only packets that this pcap filter lets through"},
                    {"count", "N", "end after so many"},
                    {"write", "FILE", "write pcapng (- : standard output)", 'w'},
                    {"json", NULL, "print JSON, a line for each packet, with all of its fields"}),
    .run = tap,
};
