#include "elements/ip/hosts.h"

#include <ctype.h>
#include <stdlib.h>

#include "core/cursor.h"

enum { OFF_LOW = 12 }; /* the last four octets: no range is longer than they can count */

static int compare(const struct amtg_addr *a, const struct amtg_addr *b)
{
    return memcmp(a->octets, b->octets, sizeof a->octets);
}

static uint32_t offset_in(const struct amtg_hosts_range *range, const struct amtg_addr *address)
{
    return amtg_get_u32(address->octets + OFF_LOW) - amtg_get_u32(range->first.octets + OFF_LOW);
}

/* ---- text ---------------------------------------------------------------- */

/* The address in text[0..len), blanks around it. */
static bool parse_address(const char *text, size_t len, struct amtg_addr *out)
{
    char copy[AMTG_ADDR_TEXT];

    while (len && isblank((unsigned char)*text))
        text++, len--;
    while (len && isblank((unsigned char)text[len - 1]))
        len--;
    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return amtg_addr_parse(copy, out);
}

static const char *parse_range(const char *text, size_t len, struct amtg_hosts_range *range)
{
    const char *dash = memchr(text, '-', len);
    size_t first = dash ? (size_t)(dash - text) : len;

    *range = (struct amtg_hosts_range){0};
    if (!parse_address(text, first, &range->first))
        return "expected an address or a range, such as 10.1.0.1-10.1.3.232";
    range->last = range->first;
    if (dash && !parse_address(dash + 1, len - first - 1, &range->last))
        return "no address behind the dash";
    if (amtg_addr_is4(&range->first) != amtg_addr_is4(&range->last))
        return "a range from one family to the other";
    if (compare(&range->first, &range->last) > 0)
        return "a range that ends before it begins";
    if (memcmp(range->first.octets, range->last.octets, OFF_LOW) != 0 ||
        offset_in(range, &range->last) >= AMTG_HOSTS_ROW)
        return "a range of more than 65536 addresses";
    return NULL;
}

const char *amtg_hosts_parse(const char *text, struct amtg_hosts_range *ranges, unsigned *count,
                             uint32_t *row)
{
    *count = 0;
    for (;;) {
        size_t len = strcspn(text, ",");
        if (*count == AMTG_HOSTS_RANGES)
            return "more than 8 ranges";
        const char *problem = parse_range(text, len, &ranges[*count]);
        if (problem)
            return problem;
        uint32_t hosts = offset_in(&ranges[*count], &ranges[*count].last) + 1;
        if (*count && hosts != *row)
            return "ranges of different lengths";
        *row = hosts;
        ++*count;
        if (!text[len])
            return NULL;
        text += len + 1;
    }
}

/* ---- the table ------------------------------------------------------------ */

bool amtg_hosts_add(struct amtg_hosts *h, const struct amtg_hosts_range *range)
{
    struct amtg_hosts_range *more = realloc(h->ranges, (h->count + 1) * sizeof *more);

    if (!more)
        return false;
    h->ranges = more;
    h->ranges[h->count++] = *range;
    return true;
}

static int by_first(const void *a, const void *b)
{
    const struct amtg_hosts_range *ra = a, *rb = b;
    return compare(&ra->first, &rb->first);
}

bool amtg_hosts_sort(struct amtg_hosts *h, struct amtg_addr *at)
{
    if (h->count)
        qsort(h->ranges, h->count, sizeof *h->ranges, by_first);
    for (unsigned i = 1; i < h->count; i++)
        if (compare(&h->ranges[i].first, &h->ranges[i - 1].last) <= 0) {
            *at = h->ranges[i].first;
            return false;
        }
    return true;
}

void amtg_hosts_fini(struct amtg_hosts *h)
{
    free(h->ranges);
    *h = (struct amtg_hosts){0};
}

int amtg_hosts_find(const struct amtg_hosts *h, const struct amtg_addr *address)
{
    unsigned from = 0, to = h->count;

    while (from < to) { /* the last range that does not begin behind it */
        unsigned middle = from + (to - from) / 2;
        if (compare(&h->ranges[middle].first, address) <= 0)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == 0 || compare(address, &h->ranges[from - 1].last) > 0)
        return -1;
    const struct amtg_hosts_range *range = &h->ranges[from - 1];
    return (int)(range->output + offset_in(range, address));
}
