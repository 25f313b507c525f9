/*
 * Requests that are refused before anything is asked.
 *
 * A page of another site that is open in the same browser can send requests to loopback too. It
 * cannot read the answers, since nothing here allows it (no CORS), unless its name is made to
 * lead to this address after it was loaded (DNS rebinding): then its requests name its host, not
 * ours, and so are told apart by Host. What such a page would only load, without reading it, is
 * refused by Sec-Fetch-Site (W3C Fetch Metadata).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "tools/amtgraph/web/private.h"

enum { HOST = 300 };

struct hosts {
    const char *first;
    unsigned count;
};

static enum MHD_Result count_host(void *arg, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct hosts *hosts = arg;

    (void)kind;
    if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0 && hosts->count++ == 0)
        hosts->first = value;
    return MHD_YES;
}

static const char *header(const struct web_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

/* Our own address on this connection, as Host names it. */
static bool is_ours(const struct web_request *r, const char *host)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;
    struct web_address local;
    char text[WEB_ADDRESS_TEXT];

    if (!info || getsockname(info->connect_fd, (struct sockaddr *)&sa, &len) < 0 ||
        !amtg_addr_from_sockaddr(&sa, &local.ip, &local.port, &(uint32_t){0}))
        return false;
    return strcasecmp(host, web_address_text(&local, text)) == 0;
}

static bool is_name(const char *host, const char *name)
{
    size_t len = strlen(name);

    return strncasecmp(host, name, len) == 0 &&
           (!host[len] ||
            (host[len] == ':' && strspn(host + len + 1, "0123456789") == strlen(host + len + 1)));
}

static bool is_allowed(const struct web_request *r, const char *host)
{
    static const char *const always[] = {"127.0.0.1", "localhost", "[::1]"};
    const struct web *w = r->web;
    char text[HOST];

    for (unsigned i = 0; i < sizeof always / sizeof *always; i++) {
        snprintf(text, sizeof text, "%s:%u", always[i], w->address.port);
        if (strcasecmp(host, text) == 0 ||
            (w->address.port == 80 && strcasecmp(host, always[i]) == 0))
            return true;
    }
    for (size_t i = 0; i < w->hosts_count; i++)
        if (is_name(host, w->hosts[i]))
            return true;
    return is_ours(r, host);
}

bool web_guard_body(struct web_request *r)
{
    const char *length = header(r, MHD_HTTP_HEADER_CONTENT_LENGTH);

    if (!r->posts &&
        ((length && strcmp(length, "0")) || header(r, MHD_HTTP_HEADER_TRANSFER_ENCODING))) {
        web_refuse(r, MHD_HTTP_BAD_REQUEST, "no body expected");
        return true;
    }
    if (r->posts && length && (strlen(length) > 4 || strtoul(length, NULL, 10) > WEB_BODY)) {
        web_refuse(r, MHD_HTTP_CONTENT_TOO_LARGE, "a body of at most %d octets expected", WEB_BODY);
        return true;
    }
    return false;
}

bool web_guard(struct web_request *r)
{
    struct hosts hosts = {NULL, 0};
    const char *site = header(r, "Sec-Fetch-Site");

    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, count_host, &hosts);
    if (hosts.count != 1 || !hosts.first) {
        web_refuse(r, MHD_HTTP_BAD_REQUEST, "one Host header expected");
        return true;
    }
    if (!is_allowed(r, hosts.first)) {
        web_refuse(r, MHD_HTTP_MISDIRECTED_REQUEST,
                   "this run is not called \"%.100s\"; --web-host NAME lets it be called by a name",
                   hosts.first);
        return true;
    }
    if (site && strcmp(site, "cross-site") == 0 && strcmp(r->path, "/")) {
        web_refuse(r, MHD_HTTP_FORBIDDEN, "another site's page asked for it");
        return true;
    }
    return false;
}

const char *web_argument(const struct web_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}
