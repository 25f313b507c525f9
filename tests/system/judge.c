#include "command.h"

#include <stdlib.h>
#include <string.h>

static const struct tally *tally_of(unsigned gateway, unsigned stream)
{
    static const struct tally nothing;
    const struct tally *tally = gateways[gateway].tallies[stream];
    return tally ? tally : &nothing;
}

struct judgement {
    unsigned first, last; /* streams */
    uint64_t count;
    bool (*good)(const struct judgement *, unsigned gateway, const struct tally *);
};

static bool judge_exact(const struct judgement *j, unsigned gateway, const struct tally *tally)
{
    (void)gateway;
    return tally->count == j->count && tally->duplicates == 0;
}

static bool judge_least(const struct judgement *j, unsigned gateway, const struct tally *tally)
{
    (void)gateway;
    return tally->count >= j->count && tally->duplicates == 0;
}

static bool judge_unbroken(const struct judgement *j, unsigned gateway, const struct tally *tally)
{
    return judge_least(j, gateway, tally) && tally->count == tally->most - tally->least + 1;
}

/* `count` is the time in ns that the relay has to stop. */
static bool judge_stopped(const struct judgement *j, unsigned gateway, const struct tally *tally)
{
    return tally->count > 0 && tally->last_sent_ns <= gateways[gateway].acted_ns + j->count;
}

static bool judgement_of(const struct command *command, struct judgement *out)
{
    static const struct {
        const char *name;
        bool (*good)(const struct judgement *, unsigned, const struct tally *);
    } kinds[] = {
        {"got", judge_exact},        {"some", judge_least},       {"unbroken", judge_unbroken},
        {"none", judge_exact},       {"stopped", judge_stopped},
    };
    if (command->words < 3 || !range_parse(command->word[2], &out->first, &out->last) ||
        out->last >= STREAMS_MAX)
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!strcmp(command->word[0], kinds[i].name))
            out->good = kinds[i].good;
    }
    out->count = command->words > 3 ? strtoull(command->word[3], NULL, 10) : 0;
    if (out->good == judge_stopped)
        out->count = (uint64_t)(command->options.within * 1e9);
    return true;
}

static bool all_good(const void *context)
{
    const struct command *command = context;
    struct judgement judgement;
    judgement_of(command, &judgement);
    for (unsigned i = command->first; i <= command->last; i++) {
        for (unsigned k = judgement.first; k <= judgement.last; k++) {
            if (!judgement.good(&judgement, i, tally_of(i, k)))
                return false;
        }
    }
    return true;
}

void do_judge(struct command *command)
{
    struct judgement judgement = {0};
    if (!judgement_of(command, &judgement)) {
        bad("%s IDS STREAMS ...", command->word[0]);
        return;
    }
    bool settled = !strcmp(command->word[0], "none") || !strcmp(command->word[0], "stopped");
    bool good = settled ? (party_serve_until(command->options.quiet, NULL, NULL), all_good(command))
                        : party_serve_until(command->options.within, all_good, command);
    if (good) {
        ok("%s", command->word[0]);
        return;
    }
    for (unsigned i = command->first; i <= command->last; i++) {
        for (unsigned k = judgement.first; k <= judgement.last; k++) {
            const struct tally *tally = tally_of(i, k);
            if (judgement.good(&judgement, i, tally))
                continue;
            bad("gateway %u stream %u: %llu of %llu..%llu, %llu twice, last %.1f ms after acting",
                i, k, (unsigned long long)tally->count, (unsigned long long)tally->least,
                (unsigned long long)tally->most, (unsigned long long)tally->duplicates,
                ((double)tally->last_sent_ns - (double)gateways[i].acted_ns) / 1e6);
            return;
        }
    }
    bad("came late");
}

void do_count(struct command *command)
{
    struct judgement judgement = {0};
    uint64_t count = 0;
    if (!judgement_of(command, &judgement)) {
        bad("count IDS STREAMS");
        return;
    }
    for (unsigned i = command->first; i <= command->last; i++) {
        for (unsigned k = judgement.first; k <= judgement.last; k++)
            count += tally_of(i, k)->count;
    }
    ok("%llu", (unsigned long long)count);
}

void do_reset(struct command *command)
{
    (void)command;
    for (unsigned i = 0; i < GATEWAYS_MAX; i++) {
        for (unsigned k = 0; k < STREAMS_MAX; k++) {
            if (gateways[i].tallies[k])
                tally_clear(gateways[i].tallies[k]);
        }
    }
    ok("forgotten");
}

