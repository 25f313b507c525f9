/*
 * The page: one document, with its style and script in it (page/, joined by CMake), and the
 * policy by which a browser runs just these two, and asks nobody but us.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/amtgraph/web/private.h"

extern const unsigned char web_page_octets[]; /* made by page.cmake */
extern const size_t web_page_count;

enum { HASH = 64 };

/* The hash of what is between two tags, as a policy names it (CSP 3, section 2.3.1). */
static bool hash_between(const char *page, size_t octets, const char *open, const char *close,
                         char out[HASH])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    const char *from = memmem(page, octets, open, strlen(open)), *to;

    if (!from)
        return false;
    from += strlen(open);
    to = memmem(from, octets - (size_t)(from - page), close, strlen(close));
    if (!to)
        return false;
    crypto_hash_sha256(hash, (const unsigned char *)from, (unsigned long long)(to - from));
    sodium_bin2base64(out, HASH, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
    return true;
}

bool web_page_open(struct web *w)
{
    const char *page = (const char *)web_page_octets;
    char script[HASH], style[HASH];

    if (!hash_between(page, web_page_count, "<script>", "</script>", script) ||
        !hash_between(page, web_page_count, "<style>", "</style>", style))
        return false;
    snprintf(
        w->policy, sizeof w->policy,
        "default-src 'none'; script-src 'sha256-%s'; style-src 'sha256-%s'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        script, style);
    return true;
}

void web_page_begin(struct web_request *r)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        web_page_count, (void *)(uintptr_t)web_page_octets, MHD_RESPMEM_PERSISTENT);

    if (response)
        MHD_add_response_header(response, "Content-Type", "text/html; charset=utf-8");
    web_send(r, MHD_HTTP_OK, response);
}
