/*
 * gateway: many AMT gateways in one process, each a UDP socket of its own, led by
 * commands on stdin, one a line. Each command is answered by one line on stdout,
 * `ok ...` or `bad ...`, so that a script can go step by step:
 *
 *   stream IDS SOURCE[/N] GROUP[/N] [payload=64] [loose]  what `source` sends; loose: by a
 *                                      kernel socket, which chooses identification and flags
 *   open IDS LOCAL[/N] RELAY [like=ID] gateways, taking N local addresses in turn; on
 *                                      the port that gateway ID has
 *   close IDS                          gateways that vanish without a word
 *   discover IDS ADDRESS [within=S]    Discovery; the Advertisement must name RELAY
 *   request IDS 4|6 [within=S] [limit=0|1]  Request; the Query must be right, with L as said
 *   report IDS TYPE GROUP[/N] [SOURCE[/N]] [claim=N] [+ ...]  Update; N groups = N records
 *          [mac=I]   flip a bit of octet I of the MAC       [via=ID]  from ID's socket
 *   teardown IDS [mac=I] [via=ID]      Teardown
 *   got IDS STREAMS COUNT [within=S]   exactly COUNT of each, none twice
 *   some IDS STREAMS COUNT [within=S]  at least COUNT of each
 *   unbroken IDS STREAMS COUNT         at least COUNT, none missing between first and last
 *   none IDS STREAMS [for=S]           nothing during S seconds
 *   stopped IDS STREAMS within=S [for=S]  some came, none that was sent later than S
 *                                      after the last report or teardown
 *   count IDS STREAMS                  ok N: packets received by all
 *   reset                              forget what was received
 *
 * Meanwhile every datagram that comes in is checked: from the relay's address and
 * port, expected, every field right, and Data octet by octet against what the source
 * made. A violation is told on stderr and makes the next answer, and the exit code, bad.
 */
#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECORDS_MAX = 4096, RETRY_MS = 500 };

static unsigned violations_answered;

/* ---- answers ---- */

void __attribute__((format(printf, 1, 2))) ok(const char *format, ...)
{
    if (violations > violations_answered) {
        printf("bad %u violations of the protocol\n", violations - violations_answered);
        violations_answered = violations;
        return;
    }
    va_list list;
    va_start(list, format);
    fputs("ok ", stdout);
    vprintf(format, list);
    putchar('\n');
    va_end(list);
}

void __attribute__((format(printf, 1, 2))) bad(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("bad ", stdout);
    vprintf(format, list);
    putchar('\n');
    va_end(list);
}

/* ---- commands ---- */

static uint32_t nonce_new(void)
{
    uint32_t nonce = 0;
    while (nonce == 0) {
        if (getrandom(&nonce, sizeof nonce, 0) != sizeof nonce)
            abort();
    }
    return nonce;
}

static void send_to(const struct gateway *gateway, const struct address *to, const uint8_t *message,
                    size_t size)
{
    struct sockaddr_storage at;
    socklen_t length = address_to_sockaddr(to, AMT_PORT, &at);
    if (sendto(gateway->fd, message, size, 0, (struct sockaddr *)&at, length) != (ssize_t)size)
        party_violation(gateway, strerror(errno));
}

static void do_stream(struct command *command)
{
    unsigned first, last;
    if (command->words != 4 ||
        !streams_define(streams, command->word[1], command->word[2], command->word[3],
                        command->options.payload)) {
        bad("stream IDS SOURCE[/N] GROUP[/N]");
        return;
    }
    range_parse(command->word[1], &first, &last);
    for (unsigned i = first; i <= last; i++)
        loose[i] = command->options.loose;
    ok("streams");
}

static void do_open(struct command *command)
{
    struct address local, relay;
    unsigned count;
    int like = command->options.like;
    uint16_t port = like >= 0 ? gateways[like % GATEWAYS_MAX].port : 0;

    if (command->words != 4 || !addresses_parse(command->word[2], &local, &count) ||
        !address_parse(command->word[3], &relay)) {
        bad("open IDS LOCAL[/N] RELAY");
        return;
    }
    for (unsigned i = command->first; i <= command->last; i++) {
        struct address own = address_plus(&local, (i - command->first) % count);
        if (gateways[i].fd >= 0 || !party_open(&gateways[i], &own, port, &relay)) {
            bad("gateway %u cannot use %s: %s", i, address_text(&own), strerror(errno));
            return;
        }
    }
    ok("%u gateways", command->last - command->first + 1);
}

static void do_close(struct command *command)
{
    for (unsigned i = command->first; i <= command->last; i++) {
        close(gateways[i].fd);
        gateways[i].fd = -1;
    }
    ok("closed");
}

static bool none_waiting(const void *context)
{
    const struct command *command = context;
    for (unsigned i = command->first; i <= command->last; i++) {
        if (gateways[i].waiting)
            return false;
    }
    return true;
}

/* Ask until each gateway has its answer: a lost or rate-limited message is said again. */
static bool ask(const struct command *command, size_t (*build)(const struct gateway *, uint8_t *))
{
    uint64_t deadline = now_ns() + (uint64_t)(command->options.within * 1e9);
    do {
        for (unsigned i = command->first; i <= command->last; i++) {
            uint8_t message[16];
            if (gateways[i].waiting)
                send_to(&gateways[i], &gateways[i].asked, message, build(&gateways[i], message));
        }
        if (party_serve_until(RETRY_MS / 1e3, none_waiting, command))
            return true;
    } while (now_ns() < deadline);
    unsigned silent = 0;
    for (unsigned i = command->first; i <= command->last; i++) {
        silent += gateways[i].waiting != 0;
        gateways[i].waiting = 0;
    }
    bad("%u gateways got no answer", silent);
    return false;
}

static size_t build_discovery(const struct gateway *gateway, uint8_t *out)
{
    return discovery_build(out, gateway->nonce);
}

static size_t build_request(const struct gateway *gateway, uint8_t *out)
{
    return request_build(out, gateway->nonce, gateway->p);
}

static void do_discover(struct command *command)
{
    struct address asked;
    if (command->words != 3 || !address_parse(command->word[2], &asked)) {
        bad("discover IDS ADDRESS");
        return;
    }
    for (unsigned i = command->first; i <= command->last; i++) {
        gateways[i].waiting = AMT_ADVERTISEMENT;
        gateways[i].nonce = nonce_new();
        gateways[i].asked = asked;
    }
    if (ask(command, build_discovery))
        ok("advertised");
}

static void do_request(struct command *command)
{
    if (command->words != 3) {
        bad("request IDS 4|6");
        return;
    }
    for (unsigned i = command->first; i <= command->last; i++) {
        gateways[i].waiting = AMT_QUERY;
        gateways[i].p = command->word[2][0] == '6';
        gateways[i].nonce = nonce_new();
        gateways[i].asked = gateways[i].relay;
    }
    if (!ask(command, build_request))
        return;
    for (unsigned i = command->first; i <= command->last; i++) {
        if (gateways[i].credentials.limit != (command->options.limit == 1)) {
            bad("gateway %u: L is %d", i, gateways[i].credentials.limit);
            return;
        }
    }
    ok("qqic=%u qrv=%u", gateways[command->first].credentials.qqic,
       gateways[command->first].credentials.qrv);
}

static bool record_type(const char *word, uint8_t *type)
{
    static const char *const names[] = {"is_in", "is_ex", "to_in", "to_ex", "allow", "block"};
    for (uint8_t i = 0; i < 6; i++) {
        if (!strcmp(word, names[i])) {
            *type = i + 1;
            return true;
        }
    }
    return false;
}

/* Parse `TYPE GROUP[/N] [SOURCE[/N]] [claim=N] [+ ...]` from word 2 on. */
static bool records_parse(const struct command *command, struct record *records, unsigned *count)
{
    unsigned at = 2;
    *count = 0;
    while (at < command->words) {
        struct record record = {.claimed = -1};
        struct address group;
        unsigned groups;
        if (at + 1 >= command->words || !record_type(command->word[at], &record.type) ||
            !addresses_parse(command->word[at + 1], &group, &groups))
            return false;
        at += 2;
        if (at < command->words && strcmp(command->word[at], "+") &&
            strncmp(command->word[at], "claim=", 6)) {
            if (!addresses_parse(command->word[at++], &record.source, &record.sources))
                return false;
        }
        if (at < command->words && !strncmp(command->word[at], "claim=", 6))
            record.claimed = atoi(command->word[at++] + 6);
        for (unsigned i = 0; i < groups; i++) {
            if (*count == RECORDS_MAX)
                return false;
            record.group = address_plus(&group, i);
            records[(*count)++] = record;
        }
        if (at < command->words && strcmp(command->word[at++], "+"))
            return false;
    }
    return *count > 0;
}

/* Spoil the credentials and choose the socket as the options say; NULL after `bad`. */
static struct gateway *prepare(const struct command *command, unsigned id,
                               struct credentials *credentials)
{
    const struct options *options = &command->options;
    *credentials = gateways[id].credentials;
    if (!credentials->valid) {
        bad("gateway %u has had no Query", id);
        return NULL;
    }
    if (options->mac >= 0)
        credentials->mac[options->mac % 6] ^= 1;
    struct gateway *sender = &gateways[options->via >= 0 ? options->via % GATEWAYS_MAX : (int)id];
    if (sender->fd < 0) {
        bad("gateway %d is not open", options->via);
        return NULL;
    }
    return sender;
}

static void do_report(struct command *command)
{
    static struct record records[RECORDS_MAX];
    static uint8_t message[REPORT_MAX];
    unsigned count;

    if (!records_parse(command, records, &count)) {
        bad("report IDS TYPE GROUP[/N] [SOURCE[/N]] [claim=N] [+ ...]");
        return;
    }
    for (unsigned i = command->first; i <= command->last; i++) {
        struct credentials credentials;
        struct gateway *sender = prepare(command, i, &credentials);
        if (!sender)
            return;
        size_t size = update_build(message, sizeof message, &credentials, records, count);
        if (!size) {
            bad("the report does not fit");
            return;
        }
        gateways[i].acted_ns = now_ns();
        send_to(sender, &gateways[i].relay, message, size);
    }
    ok("%u records", count);
}

static void do_teardown(struct command *command)
{
    for (unsigned i = command->first; i <= command->last; i++) {
        uint8_t message[32];
        struct credentials credentials;
        struct gateway *sender = prepare(command, i, &credentials);
        if (!sender)
            return;
        gateways[i].acted_ns = now_ns();
        send_to(sender, &gateways[i].relay, message, teardown_build(message, &credentials));
    }
    ok("sent");
}

/* ---- lines of input ---- */

static const struct {
    const char *name;
    void (*run)(struct command *);
    bool closed; /* its gateways need not be open */
    bool bare;   /* word 1, if any, is no range of gateways */
} commands[] = {
    {"stream", do_stream, true, true},  {"open", do_open, true, false},
    {"close", do_close, false, false},
    {"discover", do_discover, false, false}, {"request", do_request, false, false},
    {"report", do_report, false, false},     {"teardown", do_teardown, false, false},
    {"got", do_judge, false, false},         {"some", do_judge, false, false},
    {"unbroken", do_judge, false, false},    {"none", do_judge, false, false},
    {"stopped", do_judge, false, false},     {"count", do_count, false, false},
    {"reset", do_reset, true, true},
};

static bool option_parse(const char *word, struct options *options)
{
    const char *value = strchr(word, '=');
    if (!strcmp(word, "loose"))
        options->loose = true;
    else if (!value || !strncmp(word, "claim=", 6))
        return false;
    else if (!strncmp(word, "within=", 7))
        options->within = atof(value + 1);
    else if (!strncmp(word, "for=", 4))
        options->quiet = atof(value + 1);
    else if (!strncmp(word, "mac=", 4))
        options->mac = atoi(value + 1);
    else if (!strncmp(word, "via=", 4))
        options->via = atoi(value + 1);
    else if (!strncmp(word, "like=", 5))
        options->like = atoi(value + 1);
    else if (!strncmp(word, "limit=", 6))
        options->limit = atoi(value + 1);
    else if (!strncmp(word, "payload=", 8))
        options->payload = (unsigned)atoi(value + 1);
    else
        return false;
    return true;
}

static void line_run(char *line)
{
    struct command command = {
        .options = {.within = 5, .quiet = 0.5, .mac = -1, .via = -1, .like = -1, .payload = 64}};
    for (char *word = strtok(line, " \t"); word; word = strtok(NULL, " \t")) {
        if (!option_parse(word, &command.options) && command.words < WORDS_MAX)
            command.word[command.words++] = word;
    }
    if (!command.words)
        return;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(command.word[0], commands[i].name))
            continue;
        if (!commands[i].bare &&
            (command.words < 2 || !range_parse(command.word[1], &command.first, &command.last) ||
             command.last >= GATEWAYS_MAX)) {
            bad("%s needs gateways", command.word[0]);
            return;
        }
        for (unsigned k = command.first; !commands[i].closed && k <= command.last; k++) {
            if (gateways[k].fd < 0) {
                bad("gateway %u is not open", k);
                return;
            }
        }
        commands[i].run(&command);
        return;
    }
    bad("no such command: %s", command.word[0]);
}

int main(void)
{
    static char input[16384];
    size_t held = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!party_init()) {
        perror("gateway: stdin");
        return 2;
    }
    for (;;) {
        party_serve();
        ssize_t got = read(STDIN_FILENO, input + held, sizeof input - held - 1);
        if (got <= 0)
            break;
        held += (size_t)got;
        input[held] = '\0';
        char *start = input, *end;
        while ((end = strchr(start, '\n'))) {
            *end = '\0';
            line_run(start);
            start = end + 1;
        }
        held -= (size_t)(start - input);
        memmove(input, start, held);
    }
    if (violations)
        fprintf(stderr, "gateway: %u violations in all\n", violations);
    return violations ? 1 : 0;
}
