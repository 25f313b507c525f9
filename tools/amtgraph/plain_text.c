#include "tools/amtgraph/plain_text.h"

#include <stdbool.h>
#include <string.h>

#include "core/utf8.h"

/* C0, DEL, and C1 (U+0080 to U+009F), of which a terminal may take one for CSI. */
static bool controls(const char *at, size_t octets)
{
    const unsigned char *o = (const unsigned char *)at;

    return octets == 1 ? o[0] < ' ' || o[0] == 127 : octets == 2 && o[0] == 0xc2 && o[1] < 0xa0;
}

char *plain_text(char *out, size_t room, const char *text)
{
    size_t left = strlen(text), used = 0;

    while (left) {
        size_t octets = amtg_utf8_character(text, left);
        bool shown = octets && !controls(text, octets);
        size_t wide = shown ? octets : 1;
        if (used + wide >= room)
            break;
        memcpy(out + used, shown ? text : "?", wide);
        used += wide;
        text += octets ? octets : 1;
        left -= octets ? octets : 1;
    }
    out[used] = '\0';
    return out;
}
