#include "elements/io/way_back.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/loop.h"

enum { LOOKS_PER_SECOND = 20 };

#define LOOK_AGAIN_NS (60 * AMTG_S)

void amtg_way_back_open(struct amtg_way_back *w)
{
    *w = (struct amtg_way_back){.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
}

void amtg_way_back_close(struct amtg_way_back *w)
{
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
}

/* Connecting a UDP socket sends nothing: it only asks for the route. */
static bool has_route(const struct amtg_way_back *w, const uint8_t source[4])
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

    memcpy(&to.sin_addr, source, 4);
    if (connect(w->fd, (const struct sockaddr *)&to, sizeof to) < 0)
        return errno != ENETUNREACH && errno != EHOSTUNREACH;
    connect(w->fd, &nowhere, sizeof nowhere);
    return true;
}

bool amtg_way_back_missing(struct amtg_way_back *w, const uint8_t source[4], uint64_t now_ns)
{
    unsigned at = (source[0] * 31u + source[1] * 17u + source[2] * 7u + source[3]) %
                  AMTG_WAY_BACK_SLOTS;

    if (w->slots[at].used && memcmp(w->slots[at].source, source, 4) == 0 &&
        now_ns - w->slots[at].looked_ns < LOOK_AGAIN_NS)
        return false;
    if (now_ns - w->second_ns >= AMTG_S) {
        w->second_ns = now_ns;
        w->looks = 0;
    }
    if (w->fd < 0 || w->looks == LOOKS_PER_SECOND)
        return false;
    w->looks++;
    memcpy(w->slots[at].source, source, 4);
    w->slots[at].used = true;
    w->slots[at].looked_ns = now_ns;
    return !has_route(w, source);
}
