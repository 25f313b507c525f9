/*
 * Does the host have a route to the IPv4 sources whose packets it is given? Without
 * one, even a loose reverse path filter drops them, and says nothing. Each source is
 * looked up once in a while, and only so many in a second, whatever comes.
 */
#ifndef AMTG_IO_WAY_BACK_H
#define AMTG_IO_WAY_BACK_H

#include <stdbool.h>
#include <stdint.h>

enum { AMTG_WAY_BACK_SLOTS = 256 };

struct amtg_way_back {
    int fd; /* -1: closed; all sources then count as reachable */
    struct {
        uint8_t source[4];
        bool used;
        uint64_t looked_ns;
    } slots[AMTG_WAY_BACK_SLOTS];
    uint64_t second_ns; /* when the present second began */
    unsigned looks;     /* in it */
};

void amtg_way_back_open(struct amtg_way_back *w);
void amtg_way_back_close(struct amtg_way_back *w);
/* Was the source looked up just now, and is there no route to it? */
bool amtg_way_back_missing(struct amtg_way_back *w, const uint8_t source[4], uint64_t now_ns);

#endif
