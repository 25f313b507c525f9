/* print: lines on standard output; packets pass. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "elements/wire/types.h"
#include "tests/support/rig.h"

static char printed[4096];

/* Push these octets with standard output led into a file, and keep what was printed. */
static void push_and_read(struct rig *rig, const char *const *packets)
{
    FILE *file = tmpfile();
    int saved = dup(STDOUT_FILENO);

    fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    for (; *packets; packets++)
        rig_push_hex(rig, "in", AMTG_PACKET, *packets);
    dup2(saved, STDOUT_FILENO); /* what the element has not flushed by now is not in the file */
    close(saved);
    rewind(file);
    printed[fread(printed, 1, sizeof printed - 1, file)] = '\0';
    fclose(file);
}

START_TEST(a_packet_is_a_line_with_time_and_name_at_once)
{
    struct rig *rig = rig_new(_i, "it: {class: print}");

    rig_step(rig, 1500 * AMTG_MS);
    push_and_read(rig, (const char *const[]){"450000", NULL});
    ck_assert_str_eq(printed, "1.500000 it: packet, 3 octets\n");
    rig_expect_hex(rig, "out", "450000");
    rig_free(rig);
}
END_TEST

START_TEST(all_octets_are_shown_when_wanted)
{
    struct rig *rig = rig_new(_i, "it: {class: print, hex: yes}");

    push_and_read(rig, (const char *const[]){"000102030405060708090a0b0c0d0e0f10", "", NULL});
    ck_assert_str_eq(printed, "0.000000 it: packet, 17 octets\n"
                              "    0000: 0001 0203 0405 0607 0809 0a0b 0c0d 0e0f\n"
                              "    0010: 10\n"
                              "0.000000 it: packet, 0 octets\n");
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

START_TEST(after_the_limit_packets_pass_unseen)
{
    struct rig *rig = rig_new(_i, "it: {class: print, limit: 1}");

    push_and_read(rig, (const char *const[]){"45", "46", "47", NULL});
    ck_assert_str_eq(printed, "0.000000 it: packet, 1 octets\n");
    ck_assert_uint_eq(rig_count(rig, "out"), 3);
    ck_assert_uint_eq(rig_counter(rig, "printed"), 1);
    rig_ignore(rig, "out");
    rig_free(rig);
}
END_TEST

AMTG_RIG_SUITE("flow/print", a_packet_is_a_line_with_time_and_name_at_once,
               all_octets_are_shown_when_wanted, after_the_limit_packets_pass_unseen)
