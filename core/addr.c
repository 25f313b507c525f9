#include "core/addr.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

struct amtg_addr amtg_addr_from4(const void *four_octets)
{
    struct amtg_addr a;
    memcpy(a.octets, mapped, sizeof mapped);
    memcpy(a.octets + 12, four_octets, 4);
    return a;
}

struct amtg_addr amtg_addr_from6(const void *sixteen_octets)
{
    struct amtg_addr a;
    memcpy(a.octets, sixteen_octets, 16);
    return a;
}

bool amtg_addr_is_multicast(const struct amtg_addr *a)
{
    return amtg_addr_is4(a) ? (a->octets[12] & 0xf0) == 0xe0 : a->octets[0] == 0xff;
}

bool amtg_addr_is_loopback(const struct amtg_addr *a)
{
    static const uint8_t one[16] = {[15] = 1};
    return amtg_addr_is4(a) ? a->octets[12] == 127 : memcmp(a->octets, one, 16) == 0;
}

bool amtg_addr_is_link_local(const struct amtg_addr *a)
{
    if (amtg_addr_is4(a))
        return a->octets[12] == 169 && a->octets[13] == 254;
    return a->octets[0] == 0xfe && (a->octets[1] & 0xc0) == 0x80;
}

bool amtg_addr_parse(const char *text, struct amtg_addr *out)
{
    uint8_t octets[16];

    if (inet_pton(AF_INET, text, octets) == 1)
        *out = amtg_addr_from4(octets);
    else if (inet_pton(AF_INET6, text, octets) == 1)
        *out = amtg_addr_from6(octets);
    else
        return false;
    return true;
}

const char *amtg_addr_text(const struct amtg_addr *a, char out[AMTG_ADDR_TEXT])
{
    if (amtg_addr_is4(a))
        inet_ntop(AF_INET, a->octets + 12, out, AMTG_ADDR_TEXT);
    else
        inet_ntop(AF_INET6, a->octets, out, AMTG_ADDR_TEXT);
    return out;
}

bool amtg_addr_from_sockaddr(const struct sockaddr_storage *sa, struct amtg_addr *out,
                             uint16_t *port, uint32_t *scope)
{
    if (sa->ss_family == AF_INET) {
        const struct sockaddr_in *sin = (const struct sockaddr_in *)sa;
        *out = amtg_addr_from4(&sin->sin_addr);
        *port = ntohs(sin->sin_port);
        *scope = 0;
    } else if (sa->ss_family == AF_INET6) {
        const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)sa;
        *out = amtg_addr_from6(&sin6->sin6_addr);
        *port = ntohs(sin6->sin6_port);
        *scope = sin6->sin6_scope_id;
    } else {
        return false;
    }
    return true;
}

/* ---- host names ---------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What a label may hold but at its ends, where no hyphen may stand. */
static bool in_label(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

bool amtg_host_name_is(const char *text)
{
    enum { LABEL_MOST = 63 };
    size_t len = strnlen(text, AMTG_HOST_NAME + 1);
    bool digits = true; /* the present label has had nothing else */

    if (len >= AMTG_HOST_NAME)
        return false;
    if (len > 0 && text[len - 1] == '.')
        len--; /* no search domain is to be added to it */
    if (len == 0)
        return false;
    for (size_t at = 0; at < len; at++) {
        size_t from = at;
        for (digits = true; at < len && text[at] != '.'; at++) {
            digits &= is_digit(text[at]);
            if (!in_label(text[at]))
                return false;
        }
        if (at == from || at - from > LABEL_MOST || text[from] == '-' || text[at - 1] == '-' ||
            at + 1 == len) /* a dot more than one at the end */
            return false;
    }
    return !digits; /* else it is an address, and a wrong one */
}

bool amtg_host_is(const char *text)
{
    struct amtg_addr a;

    return amtg_addr_parse(text, &a) || amtg_host_name_is(text);
}
