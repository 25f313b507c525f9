/* pcapng as libpcap reads it: packets, their times, and texts of any length. */
#include "tests/support/suite.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include "core/pcapng.h"

enum { RAW_IP = 101, LONG = 70000 };

static pcap_t *opened(FILE *file)
{
    char why[PCAP_ERRBUF_SIZE];

    rewind(file);
    pcap_t *pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, why);
    ck_assert_msg(pcap != NULL, "%s", why);
    return pcap;
}

START_TEST(packets_come_back_as_they_were)
{
    static const uint64_t wall = 1767225600123456789ull;
    FILE *file = tmpfile();
    struct pcap_pkthdr *header;
    const uint8_t *data;

    amtg_pcapng_section(file);
    amtg_pcapng_interface(file, RAW_IP, "udp.out -> messages.in", "amt");
    amtg_pcapng_packet(file, 0, wall, "abcde", 5, "");
    amtg_pcapng_packet(file, 0, wall + 1, "", 0, "to 7 endpoints");
    amtg_pcapng_packet(file, 0, wall + 2, "abc", 3, "");
    pcap_t *pcap = opened(file);
    ck_assert_int_eq(pcap_datalink(pcap), DLT_RAW);
    for (unsigned i = 0; i < 3; i++) {
        static const unsigned octets[] = {5, 0, 3};
        ck_assert_int_eq(pcap_next_ex(pcap, &header, &data), 1);
        ck_assert_uint_eq(header->len, octets[i]);
        ck_assert_uint_eq(header->caplen, octets[i]);
        ck_assert_mem_eq(data, "abcde", octets[i]);
        ck_assert_uint_eq((uint64_t)header->ts.tv_sec, wall / 1000000000);
        ck_assert_uint_eq((uint64_t)header->ts.tv_usec, wall % 1000000000 + i);
    }
    ck_assert_int_eq(pcap_next_ex(pcap, &header, &data), PCAP_ERROR_BREAK);
    pcap_close(pcap);
}
END_TEST

/* A record of a thousand sources has many words; the length of an option has 16 bits. */
START_TEST(texts_that_are_too_long_are_cut)
{
    static char text[LONG + 1];
    FILE *file = tmpfile();
    struct pcap_pkthdr *header;
    const uint8_t *data;

    memset(text, 'x', LONG);
    amtg_pcapng_section(file);
    amtg_pcapng_interface(file, RAW_IP, text, text);
    amtg_pcapng_packet(file, 0, 1, text, LONG, text);
    amtg_pcapng_packet(file, 0, 2, "abc", 3, "");
    fflush(file);
    /* libpcap skips what it does not know within a block: the options are looked at here. */
    ck_assert_int_eq(fseek(file, 28 + 16, SEEK_SET), 0);
    uint16_t option[2];
    for (unsigned i = 2; i <= 3; i++) { /* if_name, if_description */
        ck_assert_uint_eq(fread(option, 1, sizeof option, file), sizeof option);
        ck_assert_uint_eq(option[0], i);
        ck_assert_uint_eq(option[1], UINT16_MAX);
        ck_assert_int_eq(fseek(file, UINT16_MAX + 1, SEEK_CUR), 0);
    }
    pcap_t *pcap = opened(file);
    ck_assert_int_eq(pcap_next_ex(pcap, &header, &data), 1);
    ck_assert_uint_eq(header->caplen, LONG);
    ck_assert_int_eq(pcap_next_ex(pcap, &header, &data), 1);
    ck_assert_uint_eq(header->caplen, 3);
    pcap_close(pcap);
}
END_TEST

AMTG_SUITE("pcapng", packets_come_back_as_they_were, texts_that_are_too_long_are_cut)
