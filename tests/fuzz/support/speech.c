#include "tests/fuzz/support/speech.h"

#include "core/cursor.h"
#include "elements/group/report.h"
#include "elements/wire/igmp.h"
#include "elements/wire/mld.h"
#include "elements/wire/udp.h"
#include "tests/fuzz/support/mend.h"

static const char *const groups4[SPEECH_GROUPS] = {
    "232.1.2.3", "239.1.1.1", "239.1.1.2", "233.252.0.9", "224.0.0.9", "232.0.0.0", "198.51.100.1"};
static const char *const groups6[SPEECH_GROUPS] = {
    "ff3e::8000:d", "ff0e::101", "ff0e::102", "ff35::9", "ff02::9", "ff01::1", "::ffff:239.1.1.1"};
static const char *const sources4[SPEECH_SOURCES] = {
    "198.51.100.12", "198.51.100.13", "192.0.2.200", "203.0.113.99", "198.51.100.77",
    "224.0.0.9", "127.0.0.1", "0.0.0.0"};
static const char *const sources6[SPEECH_SOURCES] = {
    "2001:db8::a", "2001:db8::b", "2001:db8:1::1", "2001:db8:ffff::9", "2001:db8::77",
    "ff0e::1", "::1", "::ffff:192.0.2.1"};

static struct amtg_addr read_addr(const char *text)
{
    struct amtg_addr a;

    FUZZ_CHECK(amtg_addr_parse(text, &a), "%s", text);
    return a;
}

/* [IPv4]: read once, since they are asked for all the time. */
static struct amtg_addr groups[2][SPEECH_GROUPS], sources[2][SPEECH_SOURCES];

static void read_all(void)
{
    static bool done;

    for (unsigned i = 0; i < SPEECH_GROUPS && !done; i++)
        groups[true][i] = read_addr(groups4[i]), groups[false][i] = read_addr(groups6[i]);
    for (unsigned i = 0; i < SPEECH_SOURCES && !done; i++)
        sources[true][i] = read_addr(sources4[i]), sources[false][i] = read_addr(sources6[i]);
    done = true;
}

struct amtg_addr speech_group(bool ip4, unsigned i)
{
    read_all();
    return groups[ip4][i];
}

struct amtg_addr speech_source(bool ip4, unsigned i)
{
    read_all();
    return sources[ip4][i];
}

static uint32_t put_addr(uint8_t *out, const struct amtg_addr *a, bool ip4)
{
    memcpy(out, a->octets + (ip4 ? 12 : 0), ip4 ? 4 : 16);
    return ip4 ? 4 : 16;
}

/* Sources that reports name: all but the last good one. */
static struct amtg_addr choose_source(struct choices *c, bool ip4)
{
    unsigned i = choose(c, SPEECH_SOURCES - 1);
    return speech_source(ip4, i < SPEECH_GOOD_SOURCES - 1 ? i : i + 1);
}

static uint32_t put_record(struct choices *c, bool ip4, uint8_t *out)
{
    enum { AUX = 0x80, SOURCES = 5 };
    uint8_t type = choose_u8(c);
    struct amtg_addr group = speech_group(ip4, choose(c, SPEECH_GROUPS));
    unsigned count = choose(c, SOURCES);
    uint32_t at = 4;

    out[0] = type & 0x07; /* the six types, and two that there are not */
    out[1] = type & AUX ? 1 : 0;
    amtg_put_u16(out + 2, (uint16_t)count);
    at += put_addr(out + at, &group, ip4);
    for (unsigned i = 0; i < count; i++) {
        struct amtg_addr source = choose_source(c, ip4);
        at += put_addr(out + at, &source, ip4);
    }
    memset(out + at, 0xaa, out[1] * 4u);
    return at + out[1] * 4u;
}

uint32_t speech_report(struct choices *c, bool ip4, uint8_t *out)
{
    static const uint8_t older4[] = {AMTG_IGMP_V2_REPORT, AMTG_IGMP_V2_LEAVE, AMTG_IGMP_V1_REPORT};
    static const uint8_t older6[] = {AMTG_MLD_V1_REPORT, AMTG_MLD_V1_DONE, AMTG_MLD_V1_REPORT};
    enum { KINDS = 8, OLDER = 5, RECORDS = 4, HEAD = 8 };
    unsigned kind = choose(c, KINDS);
    uint32_t at = HEAD;

    memset(out, 0, HEAD);
    if (kind >= OLDER) {
        struct amtg_addr group = speech_group(ip4, choose(c, SPEECH_GROUPS));
        out[0] = (ip4 ? older4 : older6)[kind - OLDER];
        at = ip4 ? 4 : 8;
        return at + put_addr(out + at, &group, ip4);
    }
    out[0] = ip4 ? AMTG_IGMP_V3_REPORT : AMTG_MLD_V2_REPORT;
    unsigned records = choose(c, RECORDS);
    amtg_put_u16(out + 6, (uint16_t)records);
    for (unsigned i = 0; i < records; i++)
        at += put_record(c, ip4, out + at);
    return at;
}

uint32_t speech_datagram(bool ip4, const uint8_t *message, uint32_t len, uint8_t *out)
{
    struct amtg_ip_head head = {
        .src = read_addr(ip4 ? "192.0.2.77" : "fe80::77"),
        .dst = read_addr(ip4 ? "224.0.0.22" : "ff02::16"),
        .payload = len, .protocol = ip4 ? IPPROTO_IGMP : IPPROTO_ICMPV6, .hops = 1,
        .tos = AMTG_TOS_CONTROL, .dont_fragment = true, .router_alert = true,
    };
    uint32_t at = amtg_ip_build(&head, out);

    memcpy(out + at, message, len);
    mend_checksums(out, at + len);
    return at + len;
}

uint32_t speech_data(const struct amtg_addr *source, const struct amtg_addr *group,
                     uint32_t payload_octets, bool dont_fragment, uint8_t *out)
{
    struct amtg_peer way = {.remote = *group, .remote_port = 5001, .local = *source, .local_port = 5000};
    struct amtg_udp_options options = {.hops = 9, .dont_fragment = dont_fragment};
    uint8_t payload[SPEECH_MOST];

    for (uint32_t i = 0; i < payload_octets; i++)
        payload[i] = (uint8_t)(i * 7 >> 3); /* so that pieces that are swapped show */
    uint32_t at = amtg_udp_build(&way, &options, payload, payload_octets, out);
    memcpy(out + at, payload, payload_octets);
    return at + payload_octets;
}
