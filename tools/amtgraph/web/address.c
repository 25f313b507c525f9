#include "tools/amtgraph/web/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BACKLOG = 64,
    UNREAD =
        256 * 1024, /* octets of an answer that the kernel keeps for a client who does not read */
};

static bool parse_port(const char *text, uint16_t *port)
{
    size_t digits = strspn(text, "0123456789");
    unsigned long value = strtoul(text, NULL, 10);

    *port = (uint16_t)value;
    return digits > 0 && digits <= 5 && !text[digits] && value <= UINT16_MAX;
}

static bool parse_host(const char *text, size_t len, struct amtg_addr *ip)
{
    char host[AMTG_ADDR_TEXT];

    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    } else if (memchr(text, ':', len)) {
        return false;
    }
    if (len >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)len, text);
    return amtg_addr_parse(strcmp(host, "localhost") ? host : "127.0.0.1", ip);
}

bool web_address_parse(const char *text, struct web_address *out)
{
    const char *colon = strrchr(text, ':');

    if (!colon)
        return amtg_addr_parse("127.0.0.1", &out->ip) && parse_port(text, &out->port);
    return parse_port(colon + 1, &out->port) && parse_host(text, (size_t)(colon - text), &out->ip);
}

const char *web_address_text(const struct web_address *a, char out[WEB_ADDRESS_TEXT])
{
    char text[AMTG_ADDR_TEXT];

    snprintf(out, WEB_ADDRESS_TEXT, amtg_addr_is4(&a->ip) ? "%s:%u" : "[%s]:%u",
             amtg_addr_text(&a->ip, text), a->port);
    return out;
}

int web_address_listen(struct web_address *a)
{
    struct sockaddr_storage sa;
    socklen_t len = amtg_addr_to_sockaddr(&a->ip, a->port, 0, &sa);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1,
        room = UNREAD;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room); /* accepted ones inherit it */
    if (sa.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&sa, len) == 0 && listen(fd, BACKLOG) == 0 &&
        getsockname(fd, (struct sockaddr *)&sa, &len) == 0 &&
        amtg_addr_from_sockaddr(&sa, &a->ip, &a->port, &(uint32_t){0}))
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}
