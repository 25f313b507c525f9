#include "core/pcapng.h"

#include <string.h>

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    ORDER_MAGIC = 0x1a2b3c4d,
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_IF_NAME = 2,
    OPTION_IF_DESCRIPTION = 3,
    OPTION_IF_TSRESOL = 9,
};

static void put(FILE *out, const void *octets, size_t len)
{
    static const uint8_t zero[4];

    fwrite(octets, 1, len, out);
    fwrite(zero, 1, -len & 3, out); /* to a multiple of four */
}

static void put32(FILE *out, uint32_t value)
{
    put(out, &value, sizeof value); /* the byte order of the machine: the file says which */
}

static uint32_t padded(size_t len)
{
    return (uint32_t)((len + 3) & ~(size_t)3);
}

static uint32_t option_octets(size_t len)
{
    return 4 + padded(len);
}

/* Its length has 16 bits: of a longer text so much is left as fits. */
static size_t option_text(const char *text)
{
    return strnlen(text, UINT16_MAX);
}

static void put_option(FILE *out, uint16_t code, const void *octets, size_t len)
{
    put32(out, (uint32_t)code | (uint32_t)len << 16);
    put(out, octets, len);
}

void amtg_pcapng_section(FILE *out)
{
    enum { OCTETS = 28 };

    put32(out, BLOCK_SECTION);
    put32(out, OCTETS);
    put32(out, ORDER_MAGIC);
    put32(out, 1); /* version 1.0 */
    put32(out, UINT32_MAX); /* length of the section: not known, two words */
    put32(out, UINT32_MAX);
    put32(out, OCTETS);
}

void amtg_pcapng_interface(FILE *out, uint16_t link, const char *name, const char *description)
{
    static const uint8_t nanoseconds = 9;
    uint32_t octets = 20 + option_octets(option_text(name)) +
                      option_octets(option_text(description)) + option_octets(1) + option_octets(0);

    put32(out, BLOCK_INTERFACE);
    put32(out, octets);
    put32(out, link);
    put32(out, 0); /* no limit to the length of a packet */
    put_option(out, OPTION_IF_NAME, name, option_text(name));
    put_option(out, OPTION_IF_DESCRIPTION, description, option_text(description));
    put_option(out, OPTION_IF_TSRESOL, &nanoseconds, 1);
    put32(out, OPTION_END);
    put32(out, octets);
}

void amtg_pcapng_packet(FILE *out, uint32_t interface, uint64_t wall_ns, const void *data,
                        uint32_t len, const char *comment)
{
    uint32_t options = *comment ? option_octets(option_text(comment)) + option_octets(0) : 0;
    uint32_t octets = 32 + padded(len) + options;

    put32(out, BLOCK_PACKET);
    put32(out, octets);
    put32(out, interface);
    put32(out, (uint32_t)(wall_ns >> 32));
    put32(out, (uint32_t)wall_ns);
    put32(out, len);
    put32(out, len);
    put(out, data, len);
    if (*comment) {
        put_option(out, OPTION_COMMENT, comment, option_text(comment));
        put32(out, OPTION_END);
    }
    put32(out, octets);
}
