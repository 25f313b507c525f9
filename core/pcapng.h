/*
 * Writing pcapng (draft-ietf-opsawg-pcapng) with interfaces that have names: libpcap writes
 * none. Times are nanoseconds since 1970. All goes to a stdio file, whose errors are the
 * caller's to look for.
 */
#ifndef AMTG_CORE_PCAPNG_H
#define AMTG_CORE_PCAPNG_H

#include <stdint.h>
#include <stdio.h>

enum {
    AMTG_LINK_RAW_IP = 101, /* LINKTYPE_RAW */
    AMTG_LINK_WORDS = 147,  /* LINKTYPE_USER0: a line of words, of what is on no wire */
};

void amtg_pcapng_section(FILE *out);
/* The first one is number 0, and so on. */
void amtg_pcapng_interface(FILE *out, uint16_t link, const char *name, const char *description);
/* comment: "": none */
void amtg_pcapng_packet(FILE *out, uint32_t interface, uint64_t wall_ns, const void *data,
                        uint32_t len, const char *comment);

#endif
