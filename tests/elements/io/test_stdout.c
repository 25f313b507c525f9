/* stdout: in order and whole, whatever standard output is; slow readers, and those who leave. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "elements/wire/types.h"
#include "tests/support/rig.h"
#include "tests/support/sockets.h"

enum kind { PIPE, SOCKET };

/* Make fd 1 the near end of a pipe or of a pair of sockets; returns the far end, not blocking. */
static int far_end(enum kind kind)
{
    int ends[2];

    signal(SIGPIPE, SIG_IGN); /* as the runner does */
    ck_assert(kind == PIPE ? pipe(ends) == 0 : socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    ck_assert(dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO);
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return ends[0];
}

static void push(struct rig *rig, uint8_t mark, size_t len)
{
    uint8_t octets[1500];

    memset(octets, mark, sizeof octets);
    rig_push(rig, "in", rig_packet(rig, AMTG_DATAGRAM, octets, len));
}

START_TEST(payloads_follow_each_other)
{
    for (enum kind kind = PIPE; kind <= SOCKET; kind++) {
        int fd = far_end(kind);
        struct rig *rig = rig_new_real(_i, "it: {class: stdout}");
        char came[8];

        push(rig, 'a', 2);
        push(rig, 'x', 0);
        push(rig, 'b', 3);
        ck_assert_int_eq(read(fd, came, sizeof came), 5);
        ck_assert_mem_eq(came, "aabbb", 5);
        ck_assert_uint_eq(rig_counter(rig, "written"), 3);
        ck_assert_uint_eq(rig_counter(rig, "octets"), 5);
        rig_free(rig);
        close(fd);
    }
}
END_TEST

START_TEST(a_file_takes_all)
{
    char name[] = "/tmp/amtgraph-stdout-XXXXXX";
    int fd = mkstemp(name);
    struct rig *rig;
    char came[8];

    unlink(name);
    ck_assert(write(fd, "z", 1) == 1); /* it goes on where the file ends */
    ck_assert(dup2(fd, STDOUT_FILENO) == STDOUT_FILENO);
    rig = rig_new_real(_i, "it: {class: stdout}");
    push(rig, 'a', 2);
    ck_assert_int_eq(pread(fd, came, sizeof came, 0), 3);
    ck_assert_mem_eq(came, "zaa", 3);
    rig_free(rig);
    close(fd);
}
END_TEST

/* Read all that comes while the loop turns: marks 0, 1, 2 ... in order, 1000 octets each. */
static unsigned read_marks(struct rig *rig, int fd)
{
    static uint8_t came[1 << 16];
    size_t total = 0;

    for (int idle = 0; idle < 3;) {
        ssize_t n = read(fd, came, sizeof came);
        for (ssize_t i = 0; i < n; i++, total++)
            ck_assert_uint_eq(came[i], (uint8_t)(total / 1000));
        idle = n > 0 ? 0 : idle + 1;
        rig_step(rig, AMTG_MS);
    }
    ck_assert_uint_eq(total % 1000, 0);
    return (unsigned)(total / 1000);
}

START_TEST(a_slow_reader_gets_all_that_fits_the_queue_in_order)
{
    for (enum kind kind = PIPE; kind <= SOCKET; kind++) {
        int fd = far_end(kind);
        struct rig *rig = rig_new_real(_i, "it: {class: stdout, queue: 20}");
        unsigned pushed = 0;

        while (rig_counter(rig, "waits") == 0 && pushed < 5000)
            push(rig, (uint8_t)pushed++, 1000);
        ck_assert_uint_eq(rig_drops_all(rig), 0);
        for (int i = 0; i < 19; i++) /* one waits already */
            push(rig, (uint8_t)pushed++, 1000);
        ck_assert_uint_eq(rig_drops_all(rig), 0);
        push(rig, 0, 1000);
        ck_assert_uint_eq(rig_drops(rig, "full"), 1);
        ck_assert_uint_eq(read_marks(rig, fd), pushed);
        ck_assert_uint_eq(rig_counter(rig, "written"), pushed);
        rig_free(rig);
        close(fd);
    }
}
END_TEST

START_TEST(the_flags_of_the_pipe_of_others_stay_as_they_are)
{
    int fd = far_end(PIPE);
    struct rig *rig = rig_new_real(_i, "it: {class: stdout}");

    ck_assert_int_eq(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0);
    rig_free(rig);
    close(fd);
}
END_TEST

START_TEST(a_closed_pipe_ends_the_run_in_order)
{
    for (enum kind kind = PIPE; kind <= SOCKET; kind++)
        for (int waiting = 0; waiting < 2; waiting++) {
            int fd = far_end(kind);
            struct rig *rig = rig_new_real(_i, "it: {class: stdout}");
            char why[256];

            while (waiting && rig_counter(rig, "waits") == 0)
                push(rig, 1, 1000);
            close(fd);
            if (!waiting)
                push(rig, 1, 10);
            else
                rig_step(rig, 100 * AMTG_MS);
            ck_assert_uint_ge(rig_drops(rig, "closed"), 1);
            uint64_t before = rig_drops(rig, "closed");
            push(rig, 1, 10);
            ck_assert_uint_eq(rig_drops(rig, "closed"), before + 1);
            ck_assert_int_eq(amtg_runtime_run(rig_runtime(rig), 0, why, sizeof why), AMTG_OK);
            rig_free(rig);
        }
}
END_TEST

START_TEST(what_waits_at_stop_is_dropped)
{
    int fd = far_end(PIPE);
    struct rig *rig = rig_new_real(_i, "it: {class: stdout}");

    while (rig_counter(rig, "waits") == 0)
        push(rig, 1, 1000);
    amtg_runtime_stop(rig_runtime(rig));
    ck_assert_uint_eq(rig_drops(rig, "stopped"), 1);
    rig_free(rig);
    close(fd);
}
END_TEST

AMTG_RIG_SUITE("stdout", payloads_follow_each_other, a_file_takes_all,
               a_slow_reader_gets_all_that_fits_the_queue_in_order,
               the_flags_of_the_pipe_of_others_stay_as_they_are,
               a_closed_pipe_ends_the_run_in_order, what_waits_at_stop_is_dropped)
