#include "tests/fuzz/support/joined.h"

#include "tests/fuzz/support/fuzz.h"

void joined_fini(struct joined *j)
{
    for (unsigned i = 0; i < j->count; i++)
        free(j->groups[i].sources);
    free(j->groups);
}

static struct joined_group *find(const struct joined *j, const struct amtg_addr *group)
{
    for (unsigned i = 0; i < j->count; i++)
        if (amtg_addr_equal(&j->groups[i].group, group))
            return &j->groups[i];
    return NULL;
}

void joined_take(struct joined *j, const struct amtg_packet *p)
{
    struct amtg_join join;

    FUZZ_CHECK(p->len >= sizeof join, "a join of %u octets", p->len);
    memcpy(&join, p->data, sizeof join);
    size_t octets = join.count * sizeof(struct amtg_addr);
    FUZZ_CHECK(p->len == sizeof join + octets, "%u sources in %u octets", join.count, p->len);
    struct joined_group *g = find(j, &join.group);
    if (!g) {
        j->groups = realloc(j->groups, (j->count + 1) * sizeof *j->groups);
        g = &j->groups[j->count++];
        *g = (struct joined_group){.group = join.group};
    }
    g->exclude = join.exclude;
    g->count = join.count;
    g->sources = realloc(g->sources, octets + 1);
    memcpy(g->sources, p->data + sizeof join, octets);
}

static bool wants(const struct joined_group *g, const struct amtg_addr *source)
{
    for (unsigned i = 0; i < g->count; i++)
        if (amtg_addr_equal(&g->sources[i], source))
            return !g->exclude;
    return g->exclude;
}

static void check_source(const struct joined_group *g, const struct model *m,
                         const struct amtg_addr *source)
{
    char group_text[AMTG_ADDR_TEXT], text[AMTG_ADDR_TEXT];

    FUZZ_CHECK(wants(g, source) == model_wish(m, &g->group, source), "%s of %s: joined %d",
               amtg_addr_text(source, text), amtg_addr_text(&g->group, group_text),
               wants(g, source));
}

void joined_check(const struct joined *j, const struct model *m)
{
    for (unsigned i = 0; i < j->count; i++) {
        const struct joined_group *g = &j->groups[i];
        FUZZ_CHECK(g->exclude == model_wish_excludes(m, &g->group), "the mode: %d", g->exclude);
        for (unsigned k = 0; k < g->count; k++)
            check_source(g, m, &g->sources[k]);
    }
    for (unsigned i = 0; i < m->count; i++)
        for (unsigned k = 0; k < m->endpoints[i].count; k++) {
            const struct model_group *wanted = &m->endpoints[i].groups[k];
            const struct joined_group *g = find(j, &wanted->group);
            FUZZ_CHECK(g != NULL, "a group that was not joined");
            for (unsigned n = 0; n < wanted->count; n++)
                check_source(g, m, &wanted->sources[n].address);
        }
}

void joined_check_none(const struct joined *j)
{
    for (unsigned i = 0; i < j->count; i++)
        FUZZ_CHECK(!j->groups[i].exclude && j->groups[i].count == 0, "left joined");
}
