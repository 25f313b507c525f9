#include "tools/amtgraph/admin/question.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/diag.h"
#include "core/utf8.h"
#include "tools/amtgraph/admin/private.h"

enum {
    WORDS = 1024,
    MOST = 1024, /* questions at a time; those that are cancelled count until their visits are back */
};

/* ---- the life of a question -------------------------------------------------- */

static void question_free(struct admin_question *q)
{
    if (q->kind && q->kind->end)
        q->kind->end(q);
    if (q->asker)
        q->asker->question = NULL;
    q->admin->questions_count--;
    *q->at = q->next;
    if (q->next)
        q->next->at = q->at;
    json_decref(q->request);
    json_decref(q->sum);
    free(q);
}

/* It is over, and nothing of it is on its way any more. */
static void settle(struct admin_question *q)
{
    if ((q->done || !q->asker) && !q->away)
        question_free(q);
}

static const struct admin_kind *find_kind(const char *name)
{
    for (const struct admin_kind *const *k = admin_kinds; *k; k++)
        if (strcmp((*k)->name, name) == 0)
            return *k;
    return NULL;
}

static void refuse_kind(struct admin_question *q, const char *name)
{
    const char *names[32];
    size_t count = 0;

    for (const struct admin_kind *const *k = admin_kinds; *k && count < 32; k++)
        names[count++] = (*k)->name;
    const char *nearest = name ? amtg_nearest(name, names, count) : NULL;
    if (!name)
        admin_refuse(q, "\"do\" is missing: what is asked");
    else if (nearest)
        admin_refuse(q, "\"%s\" cannot be asked (did you mean \"%s\"?)", name, nearest);
    else
        admin_refuse(q, "\"%s\" cannot be asked", name);
}

void admin_ask(struct admin *a, struct admin_asker *asker, const json_t *request)
{
    struct admin_question *q = a->questions_count < MOST ? calloc(1, sizeof *q) : NULL;
    const char *name = json_string_value(json_object_get(request, "do"));

    if (!q) {
        asker->answer(asker, NULL, true);
        return;
    }
    q->admin = a;
    q->asker = asker;
    q->request = json_deep_copy(request);
    q->next = a->questions;
    q->at = &a->questions;
    if (q->next)
        q->next->at = &q->next;
    a->questions = q;
    a->questions_count++;
    asker->question = q;
    q->kind = name ? find_kind(name) : NULL;
    q->away++; /* it stays until it has begun */
    if (!q->kind)
        refuse_kind(q, name);
    else if (q->kind->changes && !asker->may_change)
        admin_refuse(q, "\"%s\" changes the run: only the unix socket may ask for that", name);
    else
        q->kind->begin(q);
    q->away--;
    settle(q);
}

void admin_cancel(struct admin_asker *asker)
{
    struct admin_question *q = asker->question;

    if (!q)
        return;
    asker->question = NULL;
    q->asker = NULL;
    q->away++;
    if (q->kind && q->kind->cancel)
        q->kind->cancel(q);
    q->away--;
    settle(q);
}

void admin_resume(struct admin_asker *asker)
{
    struct admin_question *q = asker->question;

    if (!q || !q->waiting)
        return;
    q->waiting = false;
    q->away++;
    q->kind->resume(q);
    q->away--;
    settle(q);
}

void admin_questions_end(struct admin *a)
{
    while (a->questions)
        question_free(a->questions);
}

/* ---- answers ----------------------------------------------------------------- */

void admin_answer(struct admin_question *q, json_t *line, bool last)
{
    struct admin_asker *asker = q->asker;

    if (!asker || q->done) {
        json_decref(line);
        return;
    }
    json_object_set_new(line, "amtgraph", json_integer(ADMIN_VERSION));
    q->done = last;
    if (last) { /* free to ask again, from inside `answer` too */
        asker->question = NULL;
        q->asker = NULL;
    }
    asker->answer(asker, line, last);
}

void admin_refuse(struct admin_question *q, const char *fmt, ...)
{
    char words[WORDS];
    va_list args;

    va_start(args, fmt);
    vsnprintf(words, sizeof words, fmt, args);
    va_end(args);
    admin_answer(q, json_pack("{so}", "error", admin_words(words)), true);
}

json_t *admin_words(const char *text)
{
    size_t left = strlen(text), used = 0, octets;
    char *whole = malloc(left + 1);

    if (!whole)
        return json_null();
    for (; left; text += octets ? octets : 1, left -= octets ? octets : 1) {
        octets = amtg_utf8_character(text, left);
        memcpy(whole + used, text, octets);
        used += octets;
    }
    json_t *json = json_stringn(whole, used);
    free(whole);
    return json ? json : json_null();
}

void admin_sum(json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)b, key, value) {
        json_t *mine = json_object_get(a, key);
        if (json_is_object(mine) && json_is_object(value))
            admin_sum(mine, value);
        else if (json_is_integer(mine) && json_is_integer(value))
            json_integer_set(mine, json_integer_value(mine) + json_integer_value(value));
    }
}

/* ---- visits ------------------------------------------------------------------ */

static void visit_free(struct amtg_letter *l)
{
    struct admin_visit *v = (struct admin_visit *)l;

    json_decref(v->request);
    json_decref(v->result);
    free(v);
}

/* In the admin thread. */
static void open_back(struct amtg_letter *l)
{
    struct admin_visit *v = (struct admin_visit *)l;
    struct admin_question *q = v->question;

    if (v->back)
        v->back(v);
    q->away--;
    settle(q);
    visit_free(l);
}

/* In the thread of the shard. */
static void open_there(struct amtg_letter *l)
{
    struct admin_visit *v = (struct admin_visit *)l;

    v->there(v);
    v->letter.open = open_back;
    amtg_mailbox_order(&v->admin->mailbox, &v->letter);
}

/* Memory for it is waited for: what a visit undoes must be undone. */
void admin_visit(struct admin_question *q, unsigned shard, const struct admin_visit *like)
{
    struct admin_visit *v;

    while (!(v = malloc(sizeof *v)))
        usleep(1000);
    *v = *like;
    v->letter = (struct amtg_letter){.open = open_there, .discard = visit_free};
    v->admin = q->admin;
    v->question = q;
    v->shard = shard;
    v->runtime = amtg_shards_runtimes(q->admin->shards)[shard];
    v->request = json_incref(q->request);
    v->result = NULL;
    q->away++;
    amtg_shards_post(q->admin->shards, shard, &v->letter);
}

void admin_visit_all(struct admin_question *q, const struct admin_visit *like)
{
    for (unsigned i = 0; i < admin_shards_count(q->admin); i++)
        admin_visit(q, i, like);
}
