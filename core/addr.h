/*
 * An IP address of either family in 16 octets. IPv4 is held as IPv4-mapped
 * (::ffff:a.b.c.d), so that two addresses compare with one memcmp, a table
 * needs one key form, and the family can be told from the octets. (The AMT
 * wire form of an IPv4 address is another one; see elements/wire/amt.h.)
 */
#ifndef AMTG_CORE_ADDR_H
#define AMTG_CORE_ADDR_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct amtg_addr {
    uint8_t octets[16];
};

enum { AMTG_ADDR_TEXT = 46 }; /* room for the longest text form and its NUL */

struct amtg_addr amtg_addr_from4(const void *four_octets);
struct amtg_addr amtg_addr_from6(const void *sixteen_octets);

static inline bool amtg_addr_is4(const struct amtg_addr *a)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(a->octets, mapped, sizeof mapped) == 0;
}

/* The last four octets: the IPv4 address in network order. */
static inline const uint8_t *amtg_addr_octets4(const struct amtg_addr *a)
{
    return a->octets + 12;
}

static inline bool amtg_addr_equal(const struct amtg_addr *a, const struct amtg_addr *b)
{
    return memcmp(a->octets, b->octets, 16) == 0;
}

/* 0.0.0.0 or :: */
static inline bool amtg_addr_is_unspecified(const struct amtg_addr *a)
{
    static const uint8_t zero[4];
    return memcmp(a->octets + 12, zero, sizeof zero) == 0 &&
           (memcmp(a->octets, (const uint8_t[12]){0}, 12) == 0 || amtg_addr_is4(a));
}

/* 224.0.0.0/4 or ff00::/8 */
bool amtg_addr_is_multicast(const struct amtg_addr *a);
bool amtg_addr_is_loopback(const struct amtg_addr *a);
/* 169.254.0.0/16 or fe80::/10 */
bool amtg_addr_is_link_local(const struct amtg_addr *a);

/* Read "192.0.2.1" or "2001:db8::1" (no port, no scope, no brackets). */
bool amtg_addr_parse(const char *text, struct amtg_addr *out);
/* Write the shortest text form; returns `out`, which holds AMTG_ADDR_TEXT. */
const char *amtg_addr_text(const struct amtg_addr *a, char out[AMTG_ADDR_TEXT]);

enum { AMTG_HOST_NAME = 254 }; /* room for the longest host name (RFC 1035, section 2.3.4) and its NUL */

/*
 * Is it written as a host name (RFC 1123, section 2.1): labels of letters, digits and
 * hyphens with dots between, the last not of digits alone; a dot may end it?
 */
bool amtg_host_name_is(const char *text);
/* Is it an address, as amtg_addr_parse reads it, or a host name? */
bool amtg_host_is(const char *text);

/*
 * To and from the kernel's form; of `out` only the octets that are counted by what is returned
 * are written. scope: interface index of a link-local one.
 */
static inline socklen_t amtg_addr_to_sockaddr(const struct amtg_addr *a, uint16_t port,
                                              uint32_t scope, struct sockaddr_storage *out)
{
    if (amtg_addr_is4(a)) {
        struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&sin.sin_addr, amtg_addr_octets4(a), 4);
        memcpy(out, &sin, sizeof sin);
        return sizeof sin;
    }
    struct sockaddr_in6 sin6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = scope};
    memcpy(&sin6.sin6_addr, a->octets, 16);
    memcpy(out, &sin6, sizeof sin6);
    return sizeof sin6;
}

bool amtg_addr_from_sockaddr(const struct sockaddr_storage *sa, struct amtg_addr *out,
                             uint16_t *port, uint32_t *scope);

#endif
