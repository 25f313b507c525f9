/*
 * Tests that need a network of their own: each runs in a fresh, nameless network
 * namespace that its own process makes, so nothing has to be cleaned up and nothing
 * can leak out. Check runs each test in a process of its own.
 *
 * AMTG_NETNS_SUITE is AMTG_RIG_SUITE for such tests: each runs twice, and the
 * program ends with 70, "skipped", where namespaces cannot be made (no root).
 */
#ifndef AMTG_TESTS_NETNS_H
#define AMTG_TESTS_NETNS_H

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/rig.h"

enum { AMTG_TEST_SKIPPED = 70 };

/* Run a shell command in the present namespace; fails the test when it fails. */
static inline void netns_run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline void netns_run(const char *fmt, ...)
{
    char command[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(command, sizeof command, fmt, args);
    va_end(args);
    ck_assert_msg(system(command) == 0, "this failed: %s", command);
}

/* Wait until a shell command succeeds: the kernel brings links and addresses up in its own time. */
#define netns_await(condition, ...) \
    netns_run("for i in $(seq 500); do " condition " && exit 0; sleep 0.01; done; exit 1", ##__VA_ARGS__)

/*
 * A fresh namespace with lo, and v0 and v1, the two ends of one cable:
 * v0 has 10.0.0.1/24 and fd00::1/64, v1 has 10.0.0.2/24 and fd00::2/64.
 */
static inline void netns_enter(void)
{
    ck_assert_msg(unshare(CLONE_NEWNET) == 0, "no namespace: %s", strerror(errno));
    netns_run("ip link set lo up && ip link add v0 type veth peer name v1");
    for (int i = 0; i < 2; i++)
        netns_run("echo 0 >/proc/sys/net/ipv6/conf/v%d/router_solicitations && "
                  "ip addr add 10.0.0.%d/24 dev v%d && "
                  "ip -6 addr add fd00::%d/64 dev v%d nodad && ip link set v%d up",
                  i, i + 1, i, i + 1, i, i);
    for (int i = 0; i < 2; i++)
        netns_await("grep -q '^ff0.* v%d$' /proc/net/ipv6_route && ip link show v%d | grep -q 'state UP'",
                    i, i);
}

static inline bool netns_possible(void)
{
    pid_t child = fork();
    int status = 1;

    if (child == 0)
        _exit(unshare(CLONE_NEWNET) == 0 ? 0 : 1);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

#define AMTG_NETNS_SUITE(name, ...)                                                       \
    static int netns_suite(void);                                                         \
    int main(void)                                                                        \
    {                                                                                     \
        if (netns_possible())                                                             \
            return netns_suite();                                                         \
        fprintf(stderr, "%s: skipped: needs root to make a network namespace\n", name);   \
        return AMTG_TEST_SKIPPED;                                                         \
    }                                                                                     \
    static int netns_suite(void)                                                          \
    AMTG_RIG_SUITE_BODY(name, __VA_ARGS__)

#endif
