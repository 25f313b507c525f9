/*
 * name-lookup: answers, failures, and what is under way when it stops. The resolver is
 * one of the test's own, that is slow or dies when the name says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "elements/wire/types.h"
#include "tests/support/rig.h"

enum { MOST = 64 };

/* Takes the place of libc's, in the child process that asks it. */
static struct addrinfo items[MOST];
static struct sockaddr_storage storage[MOST];

static void add(unsigned i, const char *text)
{
    struct amtg_addr a;

    if (!amtg_addr_parse(text, &a))
        abort();
    items[i] = (struct addrinfo){.ai_addr = (struct sockaddr *)&storage[i],
                                 .ai_addrlen = amtg_addr_to_sockaddr(&a, 0, 0, &storage[i])};
    if (i > 0)
        items[i - 1].ai_next = &items[i];
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    if (service || hints->ai_family != AF_UNSPEC)
        return EAI_BADFLAGS;
    *out = items;
    if (strcmp(name, "both.test") == 0) {
        add(0, "2001:db8::1");
        add(1, "192.0.2.1");
        add(2, "192.0.2.1");
        return 0;
    }
    if (strcmp(name, "many.test") == 0) {
        char text[AMTG_ADDR_TEXT];
        for (unsigned i = 0; i < 40; i++) {
            snprintf(text, sizeof text, "192.0.2.%u", i + 1);
            add(i, text);
        }
        return 0;
    }
    if (strcmp(name, "slow.test") == 0)
        for (;;)
            pause();
    if (strcmp(name, "alone.test") == 0) { /* found when nothing is open but the way back */
        for (int fd = STDERR_FILENO + 2; fd < 256; fd++)
            if (fcntl(fd, F_GETFD) >= 0)
                return EAI_NONAME;
        add(0, "192.0.2.1");
        return 0;
    }
    if (strcmp(name, "crash.test") == 0)
        _exit(3);
    if (strcmp(name, "again.test") == 0)
        return EAI_AGAIN;
    errno = EMFILE;
    return strcmp(name, "system.test") == 0 ? EAI_SYSTEM : EAI_NONAME;
}

void freeaddrinfo(struct addrinfo *list)
{
    (void)list;
}

static struct rig *begin(int shared, const char *more)
{
    char text[128];

    snprintf(text, sizeof text, "it: {class: name-lookup%s}", more);
    return rig_new_real(shared, text);
}

static void ask(struct rig *rig, const char *name)
{
    struct amtg_lookup lookup = {{0}};

    strncpy(lookup.name, name, sizeof lookup.name);
    rig_push(rig, "in", rig_packet(rig, AMTG_LOOKUP, &lookup, sizeof lookup));
}

/* Within 10 s, or the test fails. */
static struct amtg_packet *await(struct rig *rig)
{
    for (int i = 0; i < 1000 && !rig_count(rig, "out"); i++)
        rig_step(rig, 10 * AMTG_MS);
    return rig_take(rig, "out");
}

/* The next answer, as it is described. */
static void expect(struct rig *rig, const char *words)
{
    struct amtg_packet *p = await(rig);
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    amtg_type_describe(p, out);
    fclose(out);
    ck_assert_str_eq(text, words);
    free(text);
    amtg_packet_free(p);
}

/* All processes are gone, also as zombies. */
static void expect_no_child(void)
{
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}

START_TEST(a_name_is_answered_by_its_addresses_in_the_resolvers_order_each_once)
{
    struct rig *rig = begin(_i, "");

    ask(rig, "both.test");
    rig_expect_nothing(rig, "out"); /* the loop never waits */
    ck_assert_uint_eq(rig_counter(rig, "under-way"), 1);
    expect(rig, "both.test: {2001:db8::1, 192.0.2.1}");
    ck_assert_uint_eq(rig_counter(rig, "under-way"), 0);
    ck_assert_uint_eq(rig_counter(rig, "asked"), 1);
    ck_assert_uint_eq(rig_counter(rig, "found"), 1);
    expect_no_child();
    rig_free(rig);
}
END_TEST

/* Else a port would be in use, and a tun interface there, as long as a resolver is asked. */
START_TEST(the_process_that_asks_has_none_of_our_descriptors)
{
    struct rig *rig = begin(_i, "");
    int ours = fcntl(STDERR_FILENO, F_DUPFD, 100);

    ck_assert_int_ge(ours, 100);
    ask(rig, "alone.test");
    expect(rig, "alone.test: {192.0.2.1}");
    close(ours);
    rig_free(rig);
}
END_TEST

START_TEST(sixteen_addresses_are_kept_and_the_others_counted)
{
    struct rig *rig = begin(_i, "");

    ask(rig, "many.test");
    struct amtg_packet *p = await(rig);
    const struct amtg_addresses *found = (const void *)p->data;
    char text[AMTG_ADDR_TEXT];
    ck_assert_uint_eq(found->count, 16);
    ck_assert_uint_eq(p->len, sizeof *found + 16 * sizeof found->addresses[0]);
    ck_assert_str_eq(amtg_addr_text(&found->addresses[15], text), "192.0.2.16");
    amtg_packet_free(p);
    ck_assert_uint_eq(rig_counter(rig, "more"), 24);
    rig_free(rig);
}
END_TEST

START_TEST(failures_are_told_apart_and_answered)
{
    struct rig *rig = begin(_i, "");

    ask(rig, "nobody.test");
    expect(rig, "nobody.test: no such host");
    ask(rig, "again.test");
    expect(rig, "again.test: cannot be looked up");
    ask(rig, "system.test");
    expect(rig, "system.test: cannot be looked up");
    ask(rig, "crash.test");
    expect(rig, "crash.test: cannot be looked up");
    ck_assert_uint_eq(rig_counter(rig, "none"), 1);
    ck_assert_uint_eq(rig_counter(rig, "failed"), 3);
    ck_assert_uint_eq(rig_counter(rig, "found"), 0);
    expect_no_child();
    rig_free(rig);
}
END_TEST

START_TEST(one_that_takes_too_long_has_failed_and_does_not_hold_up_another)
{
    struct rig *rig = begin(_i, ", timeout: 500ms");

    ask(rig, "slow.test");
    ask(rig, "both.test");
    expect(rig, "both.test: {2001:db8::1, 192.0.2.1}");
    expect(rig, "slow.test: cannot be looked up");
    ck_assert_uint_eq(rig_counter(rig, "timed-out"), 1);
    ck_assert_uint_eq(rig_counter(rig, "failed"), 1);
    expect_no_child();
    rig_free(rig);
}
END_TEST

START_TEST(a_name_under_way_is_not_asked_twice_and_the_number_of_names_is_bounded)
{
    struct rig *rig = begin(_i, ", at-once: 1");

    ask(rig, "slow.test");
    ask(rig, "slow.test");
    ask(rig, "both.test");
    ck_assert_uint_eq(rig_counter(rig, "asked"), 1);
    ck_assert_uint_eq(rig_counter(rig, "repeated"), 1);
    ck_assert_uint_eq(rig_drops(rig, "busy"), 1);
    rig_free(rig);
}
END_TEST

START_TEST(stopping_ends_what_is_under_way_at_once)
{
    struct rig *rig = begin(_i, "");

    ask(rig, "slow.test");
    ask(rig, "both.test"); /* answered, but not yet heard */
    amtg_runtime_stop(rig_runtime(rig));
    expect_no_child();
    rig_expect_nothing(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(an_answer_from_a_process_that_cannot_be_made_is_a_failure)
{
    struct rig *rig = begin(_i, "");
    struct rlimit limit, none = {0};

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none.rlim_max = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0); /* so there is no pipe */
    ask(rig, "both.test");
    rig_expect_nothing(rig, "out");
    expect(rig, "both.test: cannot be looked up");
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ask(rig, "both.test");
    expect(rig, "both.test: {2001:db8::1, 192.0.2.1}");
    rig_free(rig);
}
END_TEST

START_TEST(what_is_no_host_name_is_dropped)
{
    struct rig *rig = begin(_i, "");
    char whole[AMTG_HOST_NAME];

    ask(rig, "");
    ask(rig, "192.0.2.1");
    ask(rig, "a b");
    rig_push(rig, "in", rig_packet(rig, AMTG_LOOKUP, "short", 5));
    memset(whole, 'a', sizeof whole); /* without an end */
    rig_push(rig, "in", rig_packet(rig, AMTG_LOOKUP, whole, sizeof whole));
    ck_assert_uint_eq(rig_drops(rig, "bad-name"), 5);
    ck_assert_uint_eq(rig_counter(rig, "asked"), 0);
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("io/name-lookup",
               a_name_is_answered_by_its_addresses_in_the_resolvers_order_each_once,
               the_process_that_asks_has_none_of_our_descriptors,
               sixteen_addresses_are_kept_and_the_others_counted,
               failures_are_told_apart_and_answered,
               one_that_takes_too_long_has_failed_and_does_not_hold_up_another,
               a_name_under_way_is_not_asked_twice_and_the_number_of_names_is_bounded,
               stopping_ends_what_is_under_way_at_once,
               an_answer_from_a_process_that_cannot_be_made_is_a_failure,
               what_is_no_host_name_is_dropped)
