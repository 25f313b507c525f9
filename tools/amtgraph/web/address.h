/* Where the page is served, as --web says it: "8080", "127.0.0.1:8080", "[::1]:8080",
 * "localhost:8080". */
#ifndef AMTG_TOOLS_WEB_ADDRESS_H
#define AMTG_TOOLS_WEB_ADDRESS_H

#include <stddef.h>

#include "core/addr.h"

enum { WEB_ADDRESS_TEXT = AMTG_ADDR_TEXT + 8 };

struct web_address {
    struct amtg_addr ip;
    uint16_t port; /* 0: any that is free */
};

/* false: it is none. A port alone is on 127.0.0.1. */
bool web_address_parse(const char *text, struct web_address *out);
/* "127.0.0.1:8080", "[::1]:8080" */
const char *web_address_text(const struct web_address *a, char out[WEB_ADDRESS_TEXT]);
/*
 * A socket that listens there, and does not block; the port it has got is filled in. -1: errno.
 * What the kernel buffers of a client's answers is bounded.
 */
int web_address_listen(struct web_address *a);

#endif
