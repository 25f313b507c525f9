/*
 * The unix socket of a run: what it answers, whom it bears with, and whom it drops. On
 * graphs/loop.yaml, over loopback; and a virtual run that is told to go on.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/run_client.h"

static struct asked_run loop;

static struct run_client client(void)
{
    struct run_client c;

    ck_assert(run_client_open(&c, &loop));
    return c;
}

static const char *text_of(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));

    return text ? text : "";
}

static bool is_last(const json_t *line)
{
    return json_is_true(json_object_get(line, "last"));
}

/* ---- what is answered --------------------------------------------------------------- */

START_TEST(every_question_has_its_answer)
{
    static const struct {
        const char *request, *key;
    } questions[] = {
        {"\"do\": \"status\"", "run"},
        {"\"do\": \"edges\"", "edges"},
        {"\"do\": \"counters\"", "elements"},
        {"\"do\": \"listings\"", "listings"},
        {"\"do\": \"elements\"", "classes"},
        {"\"do\": \"health\"", "healthy"},
        {"\"do\": \"show\", \"listing\": \"gateways\"", "rows"},
        {"\"do\": \"call\", \"element\": \"data\", \"call\": \"reset\"", "done"},
        {"\"do\": \"call\", \"element\": \"data\", \"call\": \"reset\", \"args\": []", "done"},
    };
    struct run_client c = client();

    for (unsigned i = 0; i < sizeof questions / sizeof *questions; i++) {
        json_t *line = run_client_ask(&c, questions[i].request);
        ck_assert_msg(json_object_get(line, questions[i].key) != NULL, "%s: no %s", questions[i].request,
                      questions[i].key);
        ck_assert_int_eq(json_integer_value(json_object_get(line, "amtgraph")), 1);
        ck_assert_int_eq(json_integer_value(json_object_get(line, "id")), 1);
        ck_assert(is_last(line));
        json_decref(line);
    }
    run_client_close(&c);
}
END_TEST

START_TEST(sockets_are_shown_with_their_elements)
{
    struct run_client c = client();
    json_t *line = run_client_ask(&c, "\"do\": \"show\", \"listing\": \"sockets\"");
    const json_t *rows = json_object_get(line, "rows"), *row;
    bool relay = false, gateway = false;
    size_t i;

    ck_assert_uint_eq(json_array_size(rows), 2);
    json_array_foreach((json_t *)rows, i, row) {
        ck_assert_str_eq(text_of(row, "address"), "127.0.0.1");
        ck_assert_str_eq(text_of(row, "family"), "IPv4");
        ck_assert_int_gt(json_integer_value(json_object_get(row, "port")), 0);
        relay |= strcmp(text_of(row, "element"), "relay-udp") == 0;
        gateway |= strcmp(text_of(row, "element"), "gateway-udp") == 0;
    }
    ck_assert(relay && gateway);
    json_decref(line);
    run_client_close(&c);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
    static const struct {
        const char *request, *error;
    } wrong[] = {
        {"\"do\": \"shwo\"", "\"shwo\" cannot be asked (did you mean \"show\"?)"},
        {"\"what\": 1", "\"do\" is missing: what is asked"},
        {"\"do\": \"show\", \"listing\": \"gatways\"",
         "no element of this graph shows \"gatways\" (did you mean \"gateways\"?)"},
        {"\"do\": \"call\", \"element\": \"nobody\", \"call\": \"reset\"", "the graph has no element \"nobody\""},
        {"\"do\": \"call\", \"element\": \"data\"",
         "\"call\" needs \"element\", \"call\", and \"args\", a list of texts"},
        {"\"do\": \"call\", \"element\": \"data\", \"call\": \"reset\", \"args\": [1]",
         "argument 1 of the call is no text"},
        {"\"do\": \"call\", \"element\": \"data\", \"call\": \"rest\"",
         "data (link) has no call \"rest\" (did you mean \"reset\"?)"},
        {"\"do\": \"tap\"", "\"edge\" is missing"},
        {"\"do\": \"tap\", \"edge\": \"encapp\"", "the graph has no edge \"encapp\" (did you mean \"encap\"?)"},
        {"\"do\": \"tap\", \"edge\": \"encap\", \"count\": 0", "\"count\": a number above 0 expected"},
        {"\"do\": \"tap\", \"edge\": \"encap\", \"count\": 1.5", "\"count\": a number above 0 expected"},
        {"\"do\": \"tap\", \"edge\": \"encap\", \"filter\": 7", "\"filter\": a text expected"},
        {"\"do\": \"tap\", \"edge\": \"encap\", \"filter\": \"udp and host www.example.com\"",
         "filter \"udp and host www.example.com\": names of hosts are not looked up: an address expected"},
        {"\"do\": \"tap\", \"edge\": \"encap\", \"filter\": \"src localhost\"",
         "filter \"src localhost\": names of hosts are not looked up: an address expected"},
        {"\"do\": \"tap\", \"edge\": \"encap\", \"filter\": \"www.example.com\"",
         "filter \"www.example.com\": names of hosts are not looked up: an address expected"},
        {"\"do\": \"pace\", \"step\": \"play\"",
         "this run keeps its own pace: only `run --virtual --paused` can be told"},
        {"\"do\": \"crossings\"", "this run keeps its own pace: only `run --virtual --paused` can be told"},
    };
    struct run_client c = client();

    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *error = run_client_error(&c, wrong[i].request);
        ck_assert_msg(strcmp(error, wrong[i].error) == 0 || i == 6, "%s: %s", wrong[i].request, error);
        ck_assert_msg(i != 6 || strstr(error, "did you mean \"reset\""), "%s", error);
    }
    ck_assert_ptr_nonnull(strstr(run_client_error(&c, "\"do\": \"tap\", \"edge\": \"encap\", \"filter\": \"no such\""),
                                 "filter \"no such\": "));
    run_client_close(&c);
}
END_TEST

/* `count` times a character of two octets, within quotes. */
static void say_long(struct run_client *c, const char *before, unsigned count, const char *after)
{
    run_client_say(c, before);
    for (unsigned i = 0; i < count; i++)
        run_client_say(c, "\xc3\xa9");
    run_client_say(c, after);
}

/* What is said is cut, perhaps in the midst of a character: that must not cost the answer. */
START_TEST(long_words_are_cut_and_still_refused)
{
    struct run_client c = client();

    for (unsigned odd = 0; odd < 2; odd++) {
        const char *x = odd ? "x" : "";
        char before[256];
        snprintf(before, sizeof before, "{\"amtgraph\": 1, \"id\": 2, \"do\": \"show\", \"listing\": \"%s", x);
        say_long(&c, before, 1000, "\"}\n");
        json_t *line = run_client_line(&c);
        ck_assert(strncmp(text_of(line, "error"), "no element of this graph shows", 30) == 0);
        json_decref(line);
        snprintf(before, sizeof before,
                 "{\"amtgraph\": 1, \"id\": 2, \"do\": \"call\", \"element\": \"membership\", \"call\": \"%s", x);
        say_long(&c, before, 1000, "\"}\n");
        line = run_client_line(&c);
        ck_assert_ptr_null(json_object_get(line, "done"));
        ck_assert_ptr_nonnull(json_object_get(line, "error"));
        json_decref(line);
    }
    run_client_close(&c);
}
END_TEST

START_TEST(garbage_is_refused_and_the_next_line_answered)
{
    static const char *const garbage[] = {
        "garbage\n", "[1]\n", "7\n", "{\n", "{\"a\": 1, \"a\": 2}\n", "\"\\u0000\"\n", "\xff\xfe\n",
        "{\"id\": 1, \"do\": \"status\"}\n", "{\"amtgraph\": 2, \"id\": 1, \"do\": \"status\"}\n",
        "{\"amtgraph\": 1, \"do\": \"status\"}\n", "{\"amtgraph\": 1, \"id\": {}, \"do\": \"status\"}\n",
        "{\"amtgraph\": 1, \"id\": 1, \"do\": 7}\n",
    };
    struct run_client c = client();
    char deep[5002];

    for (unsigned i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        run_client_say(&c, garbage[i]);
        json_t *line = run_client_line(&c);
        ck_assert_msg(json_object_get(line, "error") != NULL, "%s", garbage[i]);
        ck_assert(is_last(line));
        json_decref(line);
    }
    memset(deep, '[', sizeof deep - 2);
    deep[sizeof deep - 2] = '\n';
    deep[sizeof deep - 1] = '\0';
    run_client_say(&c, deep);
    json_t *line = run_client_line(&c);
    ck_assert_ptr_nonnull(json_object_get(line, "error"));
    json_decref(line);
    run_client_say(&c, "\n\n");
    ck_assert_str_eq(run_client_error(&c, "\"do\": \"status\""), "");
    run_client_close(&c);
}
END_TEST

START_TEST(a_line_that_does_not_end_ends_the_connection)
{
    struct run_client c = client();
    char much[70000];

    memset(much, 'x', sizeof much);
    run_client_write(&c, much, sizeof much);
    json_t *line = run_client_line(&c);
    if (line) /* the kernel drops it when we are still writing */
        ck_assert_str_eq(text_of(line, "error"), "a line of more than 65536 octets");
    json_decref(line);
    ck_assert_ptr_null(run_client_line(&c));
    run_client_close(&c);
}
END_TEST

/* ---- several at once ------------------------------------------------------------------ */

START_TEST(questions_are_told_apart_by_their_ids)
{
    struct run_client c = client();
    bool seven = false, name = false;

    run_client_say(&c, "{\"amtgraph\": 1, \"id\": 7, \"do\": \"counters\"}\n"
                       "{\"amtgraph\": 1, \"id\": \"name\", \"do\": \"counters\"}\n");
    for (unsigned i = 0; i < 2; i++) {
        json_t *line = run_client_line(&c);
        seven |= json_integer_value(json_object_get(line, "id")) == 7;
        name |= strcmp(text_of(line, "id"), "name") == 0;
        json_decref(line);
    }
    ck_assert(seven && name);
    run_client_close(&c);
}
END_TEST

START_TEST(an_id_that_is_in_use_is_refused)
{
    struct run_client c = client();

    run_client_say(&c, "{\"amtgraph\": 1, \"id\": 7, \"do\": \"tap\", \"edge\": \"encap\", \"filter\": \"port 9\"}\n"
                       "{\"amtgraph\": 1, \"id\": 7, \"do\": \"status\"}\n");
    json_t *line = run_client_line(&c);
    ck_assert(strncmp(text_of(line, "edge"), "encap.out -> ", 13) == 0);
    json_decref(line);
    line = run_client_line(&c);
    ck_assert_str_eq(text_of(line, "error"), "a question with this id is being answered");
    json_decref(line);
    run_client_say(&c, "{\"amtgraph\": 1, \"id\": 7, \"do\": \"cancel\"}\n"
                       "{\"amtgraph\": 1, \"id\": 7, \"do\": \"status\"}\n");
    line = run_client_line(&c);
    ck_assert_str_eq(text_of(line, "graph"), "loop");
    json_decref(line);
    run_client_close(&c);
}
END_TEST

START_TEST(at_most_sixteen_are_answered_at_a_time)
{
    struct run_client c = client();
    char text[256];

    for (unsigned i = 0; i < 17; i++) {
        snprintf(text, sizeof text,
                 "{\"amtgraph\": 1, \"id\": %u, \"do\": \"tap\", \"edge\": \"encap\", \"filter\": \"port 9\"}\n", i);
        run_client_say(&c, text);
        json_t *line = run_client_line(&c);
        ck_assert_str_eq(text_of(line, "error"), i < 16 ? "" : "too many questions at a time");
        json_decref(line);
    }
    run_client_close(&c);
    c = client(); /* who has gone leaves nothing behind */
    ck_assert_str_eq(run_client_error(&c, "\"do\": \"status\""), "");
    run_client_close(&c);
}
END_TEST

START_TEST(at_most_thirty_two_clients_are_served)
{
    struct run_client clients[33];

    for (unsigned i = 0; i < 33; i++) {
        clients[i] = client();
        if (i < 32)
            ck_assert_str_eq(run_client_error(&clients[i], "\"do\": \"status\""), "");
    }
    json_t *line = run_client_line(&clients[32]);
    ck_assert_str_eq(text_of(line, "error"), "too many ask already");
    json_decref(line);
    ck_assert_ptr_null(run_client_line(&clients[32]));
    for (unsigned i = 0; i < 33; i++)
        run_client_close(&clients[i]);
}
END_TEST

/* ---- taps ------------------------------------------------------------------------------ */

START_TEST(a_tap_ends_after_its_count)
{
    struct run_client c = client();
    json_t *line = run_client_ask(&c, "\"do\": \"tap\", \"edge\": \"encap\", \"count\": 3, \"wire\": true, "
                                      "\"layers\": true, \"snap\": 4, \"filter\": \"udp\"");

    ck_assert(strncmp(text_of(line, "edge"), "encap.out -> ", 13) == 0);
    ck_assert_str_eq(text_of(line, "type"), "amt.data");
    ck_assert(!is_last(line));
    json_decref(line);
    for (unsigned i = 0; i < 3; i++) {
        line = run_client_line(&c);
        const json_t *packet = json_object_get(line, "packet");
        ck_assert_uint_eq(strlen(text_of(packet, "hex")), 8);
        ck_assert_uint_gt(strlen(text_of(packet, "wire")), 2000);
        ck_assert_ptr_nonnull(json_object_get(packet, "layers"));
        ck_assert(is_last(line) == (i == 2));
        json_decref(line);
    }
    ck_assert_str_eq(run_client_error(&c, "\"do\": \"status\""), "");
    run_client_close(&c);
}
END_TEST

START_TEST(filters_of_addresses_are_taken)
{
    static const char *const filters[] = {
        "src or dst host 192.0.2.1", "ip6 host 2001:db8::1 and not port 53", "dst net 232.0.0.0/8", "udp dst port 2268",
        "src net fe80::/10 or (ip[0] & 0xf != 5)", "less 100 or host 192.0.2.1 or 192.0.2.2", "ip src 192.0.2.1",
    };

    for (unsigned i = 0; i < sizeof filters / sizeof *filters; i++) {
        struct run_client c = client();
        char request[256];
        snprintf(request, sizeof request, "\"do\": \"tap\", \"edge\": \"encap\", \"filter\": \"%s\"", filters[i]);
        ck_assert_str_eq(run_client_error(&c, request), "");
        run_client_close(&c);
    }
}
END_TEST

START_TEST(who_says_no_more_still_hears_the_answer)
{
    struct run_client c = client();

    run_client_say(&c, "{\"amtgraph\": 1, \"id\": 1, \"do\": \"counters\"}\n");
    shutdown(c.fd, SHUT_WR);
    json_t *line = run_client_line(&c);
    ck_assert_ptr_nonnull(json_object_get(line, "elements"));
    json_decref(line);
    ck_assert_ptr_null(run_client_line(&c));
    run_client_close(&c);
}
END_TEST

START_TEST(whoever_vanishes_in_the_midst_does_no_harm)
{
    for (unsigned i = 0; i < 50; i++) {
        struct run_client c = client();
        run_client_say(&c, "{\"amtgraph\": 1, \"id\": 1, \"do\": \"tap\", \"edge\": \"encap\"}\n"
                           "{\"amtgraph\": 1, \"id\": 2, \"do\": \"counters\"}\n"
                           "{\"amtgraph\": 1, \"id\": 3, \"do\": \"show\", \"listing\": \"gateways\"}\n"
                           "{\"amtgraph\": 1, \"id\": 4, \"do\": \"drops\"}\n"
                           "{\"amtgraph\": 1, \"id\": 5, \"do\": \"health\"}\n{\"amtg");
        if (i % 2)
            json_decref(run_client_line(&c));
        run_client_close(&c);
    }
    struct run_client c = client();
    ck_assert_str_eq(run_client_error(&c, "\"do\": \"status\""), "");
    run_client_close(&c);
}
END_TEST

/* It asks for megabytes and reads nothing; meanwhile another is answered, and it is dropped. */
START_TEST(who_does_not_read_is_dropped)
{
    struct run_client slow = client(), c = client();
    static const char question[] = "{\"amtgraph\": 1, \"id\": 1, \"do\": \"elements\"}\n";
    struct timeval little = {.tv_usec = 100000};

    setsockopt(slow.fd, SOL_SOCKET, SO_SNDTIMEO, &little, sizeof little);
    for (unsigned i = 0; i < 2000 && send(slow.fd, question, sizeof question - 1, MSG_NOSIGNAL) > 0; i++)
        if (i % 50 == 0)
            ck_assert_str_eq(run_client_error(&c, "\"do\": \"status\""), "");
    unsigned lines = 0;
    for (json_t *line; (line = run_client_line(&slow)); lines++)
        json_decref(line);
    ck_assert_uint_lt(lines, 2000);
    ck_assert_str_eq(run_client_error(&c, "\"do\": \"status\""), "");
    run_client_close(&slow);
    run_client_close(&c);
}
END_TEST

START_TEST(the_socket_is_for_its_owner_alone)
{
    char path[128];
    struct stat s;

    snprintf(path, sizeof path, "%s/%s.sock", loop.folder, loop.name);
    ck_assert_int_eq(stat(path, &s), 0);
    ck_assert_uint_eq(s.st_mode & 07777, 0600);
}
END_TEST

/* ---- a virtual run, step by step ----------------------------------------------------------- */

static const char tiny[] = "amtgraph: 1\n"
                           "elements:\n"
                           "  source: {class: generator, source: 198.51.100.12, group: 232.1.2.3, rate: 10, count: 500}\n"
                           "  count: {class: counter}\n"
                           "  end: {class: discard}\n"
                           "edges:\n"
                           "  - source -> count -> end\n";

static json_t *pace_line(struct run_client *c)
{
    json_t *line;

    while ((line = run_client_line(c)) && !json_object_get(line, "pace"))
        json_decref(line);
    return line;
}

/* Until the run stands still: where, and when. */
static void stands(struct run_client *follower, const char *at, double now)
{
    const char *mode = "";

    while (strcmp(mode, "paused")) {
        json_t *line = pace_line(follower), *pace = json_object_get(line, "pace");
        ck_assert_ptr_nonnull(line);
        mode = strcmp(text_of(pace, "mode"), "paused") ? "" : "paused";
        if (mode[0]) {
            ck_assert_str_eq(text_of(pace, "at"), at);
            ck_assert_double_eq_tol(json_real_value(json_object_get(pace, "now")), now, 1e-9);
        }
        json_decref(line);
    }
}

START_TEST(a_paused_run_goes_on_step_by_step)
{
    struct asked_run run = {0};
    char file[96];
    struct run_client c, follower;
    static const char *const wrong[] = {
        "\"do\": \"pace\"", "\"do\": \"pace\", \"step\": \"leap\"", "\"do\": \"pace\", \"step\": \"until\"",
        "\"do\": \"pace\", \"step\": \"until\", \"until\": \"noon\"", "\"do\": \"pace\", \"step\": \"play\", \"speed\": -1",
        "\"do\": \"pace\", \"step\": \"play\", \"speed\": 1e-300",
        "\"do\": \"pace\", \"step\": \"play\", \"speed\": \"fast\"",
    };

    snprintf(file, sizeof file, "%s/tiny.yaml", loop.folder);
    FILE *out = fopen(file, "w");
    ck_assert_ptr_nonnull(out);
    fputs(tiny, out);
    fclose(out);
    asked_run_start(&run, "a.b", (const char *const[]){file, "--virtual", "--paused", NULL});
    ck_assert(run_client_open(&c, &run) && run_client_open(&follower, &run));
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_str_ne(run_client_error(&c, wrong[i]), "");
    json_decref(run_client_ask(&follower, "\"do\": \"crossings\""));
    ck_assert_str_eq(run_client_error(&c, "\"do\": \"pace\", \"step\": \"packet\""), "");
    stands(&follower, "packet", 0);
    ck_assert_str_eq(run_client_error(&c, "\"do\": \"pace\", \"step\": \"event\""), "");
    stands(&follower, "event", 0.1); /* the timer after that of the packet has had its turn */
    ck_assert_str_eq(run_client_error(&c, "\"do\": \"pace\", \"step\": \"until\", \"until\": \"250ms\""), "");
    stands(&follower, "time", 0.25);
    ck_assert_str_eq(run_client_error(&c, "\"do\": \"pace\", \"step\": \"until\", \"until\": \"270ms\""), "");
    stands(&follower, "time", 0.27); /* before the next timer, too */
    ck_assert_str_eq(run_client_error(&c, "\"do\": \"pace\", \"step\": \"until\", \"until\": \"10ms\""), "");
    stands(&follower, "time", 0.27); /* time does not go back */
    ck_assert_str_eq(run_client_error(&c, "\"do\": \"pace\", \"step\": \"play\", \"speed\": 0"), "");
    stands(&follower, "end", 49.9);
    json_t *line = run_client_ask(&c, "\"do\": \"counters\"");
    json_t *count = json_object_get(json_object_get(json_object_get(line, "elements"), "count"), "taken");
    ck_assert_int_eq(json_integer_value(count), 500);
    json_decref(line);
    run_client_close(&c);
    ck_assert_int_eq(asked_run_stop(&run, SIGTERM), 0); /* with a follower: what ends says nothing any more */
    run_client_close(&follower);
    asked_run_clean(&run);
}
END_TEST

int main(void)
{
    char port[32];
    snprintf(port, sizeof port, "port=%u", 20000 + (unsigned)getpid() % 12000);
    const char *const args[] = {"graphs/loop.yaml", "--set", "count=0", "--set", port, "--log", "error",
                                "--stats", "none", NULL};
    Suite *suite = suite_create("admin");
    TCase *all = tcase_create("admin");

    umask(0); /* as a daemon may have it: modes are the program's own */
    asked_run_start(&loop, "loop", args);
    tcase_add_test(all, every_question_has_its_answer);
    tcase_add_test(all, sockets_are_shown_with_their_elements);
    tcase_add_test(all, what_is_wrong_is_said);
    tcase_add_test(all, long_words_are_cut_and_still_refused);
    tcase_add_test(all, garbage_is_refused_and_the_next_line_answered);
    tcase_add_test(all, a_line_that_does_not_end_ends_the_connection);
    tcase_add_test(all, questions_are_told_apart_by_their_ids);
    tcase_add_test(all, an_id_that_is_in_use_is_refused);
    tcase_add_test(all, at_most_sixteen_are_answered_at_a_time);
    tcase_add_test(all, at_most_thirty_two_clients_are_served);
    tcase_add_test(all, a_tap_ends_after_its_count);
    tcase_add_test(all, filters_of_addresses_are_taken);
    tcase_add_test(all, who_says_no_more_still_hears_the_answer);
    tcase_add_test(all, whoever_vanishes_in_the_midst_does_no_harm);
    tcase_add_test(all, who_does_not_read_is_dropped);
    tcase_add_test(all, the_socket_is_for_its_owner_alone);
    tcase_add_test(all, a_paused_run_goes_on_step_by_step);
    tcase_set_timeout(all, 60);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    int code = asked_run_stop(&loop, SIGTERM);
    asked_run_clean(&loop);
    if (code > 1) /* 1: the verdict of a stream that was cut short */
        fprintf(stderr, "the run ended with %d\n", code);
    return failed || code > 1 ? EXIT_FAILURE : EXIT_SUCCESS;
}
