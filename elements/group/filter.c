#include "elements/group/filter.h"

#include <stdlib.h>
#include <string.h>

void amtg_filter_fini(struct amtg_filter *f)
{
    free(f->sources);
    *f = (struct amtg_filter){0};
}

/* ---- asking ------------------------------------------------------------- */

int amtg_filter_find(const struct amtg_filter *f, const struct amtg_addr *source)
{
    int low = 0, high = f->count;

    while (low < high) {
        int middle = (low + high) / 2;
        int order = memcmp(f->sources[middle].address.octets, source->octets, 16);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

bool amtg_filter_wants(const struct amtg_filter *f, const struct amtg_addr *source)
{
    int i = amtg_filter_find(f, source);

    if (i < 0)
        return f->exclude;
    return f->sources[i].deadline_ms != AMTG_BLOCKED;
}

bool amtg_filter_next(const struct amtg_filter *f, uint32_t *deadline_ms)
{
    bool found = f->exclude;

    *deadline_ms = f->group_deadline_ms;
    for (unsigned i = 0; i < f->count; i++) {
        uint32_t d = f->sources[i].deadline_ms;
        if (d == AMTG_BLOCKED)
            continue;
        if (!found || (int32_t)(d - *deadline_ms) < 0)
            *deadline_ms = d;
        found = true;
    }
    return found;
}

/* ---- time --------------------------------------------------------------- */

static uint32_t deadline_in(uint32_t now_ms, uint32_t delay_ms)
{
    uint32_t d = now_ms + delay_ms;
    return d == AMTG_BLOCKED ? d + 1 : d;
}

static uint32_t lowered(uint32_t deadline_ms, uint32_t to_ms)
{
    return (int32_t)(deadline_ms - to_ms) > 0 ? to_ms : deadline_ms;
}

enum amtg_err amtg_filter_expire(const struct amtg_filter *before, uint32_t now_ms,
                                 struct amtg_filter *after)
{
    struct amtg_filter f = *before;
    /* EXCLUDE without a refresh becomes INCLUDE of what is still asked for by name. */
    bool to_include = f.exclude && amtg_deadline_due(f.group_deadline_ms, now_ms);

    if (to_include)
        f.exclude = false;
    if (f.older && amtg_deadline_due(f.older_deadline_ms, now_ms))
        f.older = false;
    f.count = 0;
    f.sources = NULL;
    if (before->count) {
        f.sources = malloc(before->count * sizeof *f.sources);
        if (!f.sources)
            return AMTG_ENOMEM;
    }
    for (unsigned i = 0; i < before->count; i++) {
        struct amtg_filter_source s = before->sources[i];
        if (s.deadline_ms != AMTG_BLOCKED && amtg_deadline_due(s.deadline_ms, now_ms))
            s.deadline_ms = AMTG_BLOCKED;
        /* A source that has run out is kept in EXCLUDE, where it means "not this one". */
        if (s.deadline_ms != AMTG_BLOCKED || f.exclude)
            f.sources[f.count++] = s;
    }
    if (amtg_filter_empty(&f))
        amtg_filter_fini(&f);
    *after = f;
    return AMTG_OK;
}

/* ---- which records count ------------------------------------------------ */

bool amtg_group_is_ssm(const struct amtg_addr *group)
{
    if (amtg_addr_is4(group))
        return amtg_addr_octets4(group)[0] == 232;
    return group->octets[0] == 0xff && (group->octets[1] & 0xf0) == 0x30 &&
           group->octets[2] == 0 && group->octets[3] == 0;
}

/* The family is that of the message: an MLD record may hold ::ffff:a.b.c.d, which is no group. */
static enum amtg_record_fault check_group(const struct amtg_group_record *record)
{
    if (record->ip4) {
        const uint8_t *o = amtg_addr_octets4(&record->group);
        if (!amtg_addr_is4(&record->group) || !amtg_addr_is_multicast(&record->group) ||
            memcmp(o, "\xe8\0\0\0", 4) == 0 || memcmp(o, "\xe0\0\0\1", 4) == 0)
            return AMTG_RECORD_BAD_GROUP;
        return memcmp(o, "\xe0\0\0", 3) == 0 ? AMTG_RECORD_LINK_LOCAL : AMTG_RECORD_FINE;
    }
    const uint8_t *o = record->group.octets;
    unsigned scope = o[1] & 0x0f; /* RFC 4291, section 2.7 */
    if (o[0] != 0xff || scope < 2)
        return AMTG_RECORD_BAD_GROUP;
    return scope == 2 ? AMTG_RECORD_LINK_LOCAL : AMTG_RECORD_FINE;
}

enum amtg_record_fault amtg_record_check(const struct amtg_group_record *record,
                                         enum amtg_report_version version)
{
    if (record->type < AMTG_IS_IN || record->type > AMTG_BLOCK)
        return AMTG_RECORD_UNKNOWN_TYPE;
    enum amtg_record_fault fault = check_group(record);
    if (fault || !amtg_group_is_ssm(&record->group))
        return fault;
    if (version != AMTG_IGMP_V3 && version != AMTG_MLD_V2)
        return AMTG_RECORD_SSM_OLDER;
    return record->type == AMTG_IS_EX || record->type == AMTG_TO_EX ? AMTG_RECORD_SSM_EXCLUDE
                                                                    : AMTG_RECORD_FINE;
}

/* ---- the table of RFC 3376, section 6.4 (RFC 3810, section 7.4) ---------- */

enum fate {
    DROP,      /* is not listed */
    KEEP,      /* as it was */
    START,     /* its timer starts: the group membership interval */
    ZERO,      /* its timer is zero: listed, not forwarded */
    LOWER,     /* Q(G,S): its timer is lowered to the last member query time */
    GROUP_LOW, /* its timer is that of the group, then lowered */
};

enum group_fate { GROUP_KEEP, GROUP_LOWER, GROUP_START };

/*
 * What a record does to each source: one that was forwarded by name ("timed"),
 * was blocked, or was not listed ("fresh"), and that the record names or does not.
 */
struct transition {
    bool exclude; /* the mode it leads to */
    enum group_fate group;
    enum fate fresh, timed, blocked;      /* named in the record */
    enum fate other_timed, other_blocked; /* not named */
};

/* [EXCLUDE before][record type]. In INCLUDE nothing is blocked. */
static const struct transition table[2][AMTG_BLOCK + 1] = {
    [false] = {
        [AMTG_IS_IN] = {false, GROUP_KEEP, START, START, DROP, KEEP, DROP},
        [AMTG_IS_EX] = {true, GROUP_START, ZERO, KEEP, DROP, DROP, DROP},
        [AMTG_TO_IN] = {false, GROUP_KEEP, START, START, DROP, LOWER, DROP},
        [AMTG_TO_EX] = {true, GROUP_START, ZERO, LOWER, DROP, DROP, DROP},
        [AMTG_ALLOW] = {false, GROUP_KEEP, START, START, DROP, KEEP, DROP},
        [AMTG_BLOCK] = {false, GROUP_KEEP, DROP, LOWER, DROP, KEEP, DROP},
    },
    [true] = {
        [AMTG_IS_IN] = {true, GROUP_KEEP, START, START, START, KEEP, KEEP},
        [AMTG_IS_EX] = {true, GROUP_START, START, KEEP, KEEP, DROP, DROP},
        [AMTG_TO_IN] = {true, GROUP_LOWER, START, START, START, LOWER, KEEP},
        [AMTG_TO_EX] = {true, GROUP_START, GROUP_LOW, LOWER, KEEP, DROP, DROP},
        [AMTG_ALLOW] = {true, GROUP_KEEP, START, START, START, KEEP, KEEP},
        [AMTG_BLOCK] = {true, GROUP_KEEP, GROUP_LOW, LOWER, KEEP, KEEP, KEEP},
    },
};

/* `leave: prompt`: the one reporter of an endpoint has said that it wants no more. */
static const struct transition prompt_block[2] = {
    [false] = {false, GROUP_KEEP, DROP, DROP, DROP, KEEP, DROP},
    [true] = {true, GROUP_KEEP, ZERO, ZERO, KEEP, KEEP, KEEP},
};
static const struct transition prompt_leave = {false, GROUP_KEEP, DROP, DROP, DROP, DROP, DROP};

static const struct transition *pick(const struct amtg_filter *before, enum amtg_leave leave,
                                     const struct amtg_group_record *record)
{
    if (leave == AMTG_LEAVE_PROMPT && record->type == AMTG_BLOCK)
        return &prompt_block[before->exclude];
    if (leave == AMTG_LEAVE_PROMPT && record->type == AMTG_TO_IN && record->count == 0)
        return &prompt_leave;
    return &table[before->exclude][record->type];
}

/* ---- sources of a record: a set ------------------------------------------ */

static bool source_is_good(const struct amtg_addr *source, bool ip4)
{
    return amtg_addr_is4(source) == ip4 && !amtg_addr_is_multicast(source) &&
           !amtg_addr_is_unspecified(source) && !amtg_addr_is_loopback(source) &&
           !(ip4 && memcmp(amtg_addr_octets4(source), "\xff\xff\xff\xff", 4) == 0);
}

static int compare_addr(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct amtg_addr));
}

/* The good sources of a record in ascending order, each once; room for record->count at `out`. */
static unsigned read_sources(const struct amtg_group_record *record, struct amtg_addr *out,
                             uint32_t *bad)
{
    unsigned n = 0, unique = 0;

    for (unsigned i = 0; i < record->count; i++) {
        struct amtg_addr source = amtg_record_source(record, i);
        if (source_is_good(&source, record->ip4))
            out[n++] = source;
        else
            ++*bad;
    }
    qsort(out, n, sizeof *out, compare_addr);
    for (unsigned i = 0; i < n; i++)
        if (unique == 0 || !amtg_addr_equal(&out[unique - 1], &out[i]))
            out[unique++] = out[i];
    return unique;
}

/* ---- applying ----------------------------------------------------------- */

struct merged {
    struct amtg_filter_source source;
    bool fresh;
};

struct times {
    uint32_t start, low, group_low; /* deadlines */
};

static bool fate_of(enum fate fate, const struct times *times, struct amtg_filter_source *s)
{
    switch (fate) {
    case DROP: return false;
    case KEEP: break;
    case START: s->deadline_ms = times->start; break;
    case ZERO: s->deadline_ms = AMTG_BLOCKED; break;
    case LOWER: s->deadline_ms = lowered(s->deadline_ms, times->low); break;
    case GROUP_LOW: s->deadline_ms = times->group_low; break;
    }
    return true;
}

/* Walk both ascending lists at once and let the transition say what becomes of each source. */
static unsigned merge(const struct amtg_filter *before, const struct transition *t,
                      const struct times *times, const struct amtg_addr *named, unsigned count,
                      struct merged *out)
{
    unsigned i = 0, j = 0, n = 0;

    while (i < before->count || j < count) {
        int order = i == before->count ? 1
                    : j == count ? -1
                                 : memcmp(&before->sources[i].address, &named[j], sizeof *named);
        struct merged m = {.fresh = order > 0};
        enum fate fate;

        if (order > 0) {
            m.source.address = named[j];
            fate = t->fresh;
        } else {
            m.source = before->sources[i];
            bool blocked = m.source.deadline_ms == AMTG_BLOCKED;
            if (order == 0)
                fate = blocked ? t->blocked : t->timed;
            else
                fate = blocked ? t->other_blocked : t->other_timed;
        }
        i += order <= 0;
        j += order >= 0;
        if (fate_of(fate, times, &m.source))
            out[n++] = m;
    }
    return n;
}

/* Remove up to `excess` of one kind, from the end; returns how many are left over. */
static unsigned shed(struct merged *list, unsigned *count, unsigned excess, bool fresh,
                     bool blocked)
{
    unsigned kept = *count;

    for (unsigned i = *count; i-- > 0 && excess;)
        if (list[i].fresh == fresh && (list[i].source.deadline_ms == AMTG_BLOCKED) == blocked) {
            list[i].source.address = (struct amtg_addr){{0}}; /* no source has this address */
            excess--;
            kept--;
        }
    for (unsigned i = 0, to = 0; i < *count; i++)
        if (!amtg_addr_is_unspecified(&list[i].source.address))
            list[to++] = list[i];
    *count = kept;
    return excess;
}

/* No more than `room`: blocked sources give way first, and nothing that is forwarded now. */
static unsigned fit(struct merged *list, unsigned count, uint32_t room, uint32_t *over_limit)
{
    if (room > AMTG_FILTER_SOURCES)
        room = AMTG_FILTER_SOURCES;
    if (count <= room)
        return count;
    unsigned before = count, excess = count - room;
    excess = shed(list, &count, excess, true, true);
    if (excess)
        excess = shed(list, &count, excess, false, true);
    if (excess)
        shed(list, &count, excess, true, false);
    *over_limit += before - count;
    return count;
}

/* The list becomes the exact-size one of *f. */
static enum amtg_err take_list(struct amtg_filter *f, const struct merged *list, unsigned count)
{
    f->sources = NULL;
    f->count = (uint16_t)count;
    if (!count)
        return AMTG_OK;
    f->sources = malloc(count * sizeof *f->sources);
    if (!f->sources)
        return AMTG_ENOMEM;
    for (unsigned i = 0; i < count; i++)
        f->sources[i] = list[i].source;
    return AMTG_OK;
}

enum amtg_err amtg_filter_apply(const struct amtg_filter *before,
                                const struct amtg_filter_rules *rules,
                                const struct amtg_group_record *record, bool older,
                                uint32_t room, uint32_t now_ms, struct amtg_filter *after,
                                struct amtg_filter_skipped *skipped)
{
    struct amtg_filter f = *before;
    struct amtg_group_record r = *record;
    struct times times = {.start = deadline_in(now_ms, rules->interval_ms),
                          .low = deadline_in(now_ms, rules->last_member_ms)};
    enum amtg_err err = AMTG_ENOMEM;

    *skipped = (struct amtg_filter_skipped){0};
    times.group_low = lowered(before->group_deadline_ms, times.low);
    /* Its timer may have run out while nothing else has, so that nobody has looked. */
    if (f.older && amtg_deadline_due(f.older_deadline_ms, now_ms))
        f.older = false;
    /* An older host's report (it alone, not its leave) sets the group's compatibility mode. */
    if (older && r.type == AMTG_IS_EX) {
        f.older = true;
        f.older_deadline_ms = times.start;
    }
    /* In that mode such hosts would not understand: BLOCK and the sources of TO_EX are ignored. */
    if (f.older && r.type == AMTG_TO_EX)
        r.count = 0;
    skipped->by_compatibility = f.older && r.type == AMTG_BLOCK;

    const struct transition *t = pick(before, rules->leave, &r);
    struct transition nothing = {before->exclude, GROUP_KEEP, KEEP, KEEP, KEEP, KEEP, KEEP};
    if (skipped->by_compatibility) {
        t = &nothing;
        r.count = 0;
    }

    struct amtg_addr *named = malloc((r.count + 1u) * sizeof *named);
    struct merged *list = malloc((r.count + f.count + 1u) * sizeof *list);
    if (named && list) {
        unsigned count = read_sources(&r, named, &skipped->bad_sources);
        count = merge(before, t, &times, named, count, list);
        count = fit(list, count, room, &skipped->over_limit);
        f.exclude = t->exclude;
        if (t->group == GROUP_START)
            f.group_deadline_ms = times.start;
        else if (t->group == GROUP_LOWER)
            f.group_deadline_ms = times.group_low;
        err = take_list(&f, list, count);
    }
    free(named);
    free(list);
    if (err)
        return err;
    *after = amtg_filter_empty(&f) ? (struct amtg_filter){0} : f;
    return AMTG_OK;
}

/* ---- what to ask for ------------------------------------------------------ */

enum amtg_err amtg_filter_lowered(const struct amtg_filter *before,
                                  const struct amtg_filter_rules *rules, uint32_t now_ms,
                                  const struct amtg_filter *after,
                                  struct amtg_filter_lowered *out)
{
    uint32_t low = deadline_in(now_ms, rules->last_member_ms);

    *out = (struct amtg_filter_lowered){0};
    /* A timer that has just been started may be as low as that: it asks for nothing. */
    if (low == deadline_in(now_ms, rules->interval_ms))
        return AMTG_OK;
    out->group = before->exclude && after->exclude && after->group_deadline_ms == low &&
                 before->group_deadline_ms != low;
    if (after->count == 0)
        return AMTG_OK;
    out->sources = malloc(after->count * sizeof *out->sources);
    if (!out->sources)
        return AMTG_ENOMEM;
    for (unsigned i = 0; i < after->count; i++) {
        const struct amtg_filter_source *s = &after->sources[i];
        int was = amtg_filter_find(before, &s->address);
        if (s->deadline_ms == low && (was < 0 || before->sources[was].deadline_ms != low))
            out->sources[out->count++] = s->address;
    }
    if (out->count == 0) {
        free(out->sources);
        out->sources = NULL;
    }
    return AMTG_OK;
}
