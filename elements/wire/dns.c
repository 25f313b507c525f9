#include "elements/wire/dns.h"

#include "core/cursor.h"

enum { LABEL_MOST = 63, POINTER = 0xc0, A = 1, AAAA = 28, INTERNET = 1 };

/* The name of the question, which nothing precedes that it could point to. */
static bool take_name(struct amtg_cursor *c, char name[AMTG_HOST_NAME])
{
    size_t used = 0;

    for (unsigned len = amtg_cursor_u8(c); len; len = amtg_cursor_u8(c)) {
        const uint8_t *label = len <= LABEL_MOST ? amtg_cursor_take(c, len) : NULL;
        if (!label || used + len + 1 >= AMTG_HOST_NAME)
            return false;
        if (used)
            name[used++] = '.';
        memcpy(name + used, label, len);
        used += len;
    }
    name[used] = '\0';
    return !c->failed && strlen(name) == used && amtg_host_name_is(name);
}

/* A name that does not matter: labels up to the empty one, or to a pointer. */
static void skip_name(struct amtg_cursor *c)
{
    for (unsigned len = amtg_cursor_u8(c); len && !c->failed; len = amtg_cursor_u8(c)) {
        if ((len & POINTER) == POINTER) {
            amtg_cursor_skip(c, 1);
            return;
        }
        amtg_cursor_skip(c, len);
    }
}

static void take_record(struct amtg_cursor *c, struct amtg_dns_answer *out)
{
    skip_name(c);
    unsigned type = amtg_cursor_u16(c), class = amtg_cursor_u16(c);
    amtg_cursor_skip(c, 4); /* TTL */
    unsigned len = amtg_cursor_u16(c);
    const uint8_t *data = amtg_cursor_take(c, len);

    if (!data || class != INTERNET || out->count == AMTG_DNS_ADDRESSES)
        return;
    if (type == A && len == 4)
        out->addresses[out->count++] = amtg_addr_from4(data);
    else if (type == AAAA && len == 16)
        out->addresses[out->count++] = amtg_addr_from6(data);
}

bool amtg_dns_answer_parse(const uint8_t *octets, uint32_t len, struct amtg_dns_answer *out)
{
    struct amtg_cursor c = amtg_cursor_of(octets, len);

    amtg_cursor_skip(&c, 2); /* id */
    uint8_t first = amtg_cursor_u8(&c), second = amtg_cursor_u8(&c);
    unsigned questions = amtg_cursor_u16(&c), answers = amtg_cursor_u16(&c);
    amtg_cursor_skip(&c, 4); /* how many follow that are no answers */
    bool response = first & 0x80, standard = (first & 0x78) == 0;

    out->rcode = second & 0x0f;
    out->count = 0;
    if (!response || !standard || questions != 1 || !take_name(&c, out->name))
        return false;
    amtg_cursor_skip(&c, 4); /* type and class of the question */
    for (unsigned i = 0; i < answers && !c.failed; i++)
        take_record(&c, out);
    return !c.failed;
}
