/* "Did you mean": the candidate with the least edit distance, if it is near enough. */
#include <string.h>

#include "core/diag.h"

enum { NAME_OCTETS = 64 }; /* longer names have no nearest one */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Insertions, deletions, changes, and swaps of neighbours; more than limit: limit + 1. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len, unsigned limit)
{
    unsigned rows[3][NAME_OCTETS + 1], *two = rows[0], *one = rows[1], *now = rows[2];

    for (size_t j = 0; j <= b_len; j++)
        one[j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned best = now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            now[j] = least(one[j] + 1, now[j - 1] + 1, one[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                two[j - 2] + 1 < now[j])
                now[j] = two[j - 2] + 1;
            best = now[j] < best ? now[j] : best;
        }
        if (best > limit)
            return limit + 1;
        unsigned *free_row = two;
        two = one;
        one = now;
        now = free_row;
    }
    return one[b_len];
}

const char *amtg_nearest(const char *name, const char *const *candidates, size_t count)
{
    size_t len = strlen(name);
    unsigned limit = len < 3 ? 1 : len < 6 ? 2 : (unsigned)(len / 3);
    const char *best = NULL;

    if (len == 0 || len > NAME_OCTETS)
        return NULL;
    for (size_t i = 0; i < count && limit > 0; i++) {
        size_t other = strlen(candidates[i]);
        if (other > NAME_OCTETS || other > len + limit || len > other + limit)
            continue;
        unsigned d = distance(name, len, candidates[i], other, limit);
        if (d < (best ? limit : limit + 1) && d < other) {
            best = candidates[i];
            limit = d; /* from here on only a nearer one counts */
        }
    }
    return best;
}
