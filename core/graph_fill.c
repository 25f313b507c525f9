/* The parameters of one element: from the keys of its entry into the template of its state. */
#include <stdarg.h>
#include <string.h>

#include "core/graph_private.h"

enum { EXPECTED = 512 };

struct filling {
    struct loader *l;
    unsigned node;
    const struct amtg_param *param;
    const char *subject;  /* "udp.port" */
    const char *expected; /* in words */
    struct value value;
    void *field;
};

/* ---- kinds that need memory ------------------------------------------------------ */

/* The one scalar of a value. NULL: a problem, reported. */
static const char *one_text(const struct filling *f, struct piece *p)
{
    if (!graph_piece(f->l, f->value, f->subject, p))
        return NULL;
    if (p->value.yaml->kind == AMTG_YAML_SCALAR)
        return p->value.yaml->text;
    graph_piece_problem(f->l, p, f->subject, f->expected, NULL, "a %s cannot stand here",
                        p->value.yaml->kind == AMTG_YAML_LIST ? "list" : "map");
    return NULL;
}

static void wrong(const struct filling *f, const struct piece *p)
{
    const char *nearest = NULL;

    if (f->param->kind == AMTG_KIND_ENUM) {
        size_t count = 0;
        while (f->param->names[count])
            count++;
        nearest = amtg_nearest(p->value.yaml->text, f->param->names, count);
    }
    graph_piece_problem(f->l, p, f->subject, f->expected, nearest, "wrong value \"%.60s\"",
                        p->value.yaml->text);
}

/* Names of interfaces as the kernel takes them: up to 15 octets, no `/`, no blanks. */
static bool is_interface(const char *text)
{
    size_t len = strlen(text);

    return len < 16 && strpbrk(text, "/ \t:") == NULL && strcmp(text, ".") != 0 &&
           strcmp(text, "..") != 0;
}

static bool is_optional(const struct amtg_param *p)
{
    return p->initial && *p->initial == '\0';
}

static bool fill_text(const struct filling *f)
{
    struct piece p;
    const char *text = one_text(f, &p);

    if (!text)
        return false;
    bool empty = *text == '\0' && !is_optional(f->param) && f->param->kind != AMTG_KIND_TEXT;
    if (empty || (f->param->kind == AMTG_KIND_INTERFACE && !is_interface(text))) {
        wrong(f, &p);
        return false;
    }
    if (f->param->kind == AMTG_KIND_FILE && p.value.folder)
        text = graph_path(f->l->arena, p.value.folder, text);
    *(const char **)f->field = text;
    return true;
}

/* Pieces of a list; a default "" or an unquoted nothing is the empty list. */
static bool list_pieces(const struct filling *f, struct piece **pieces, unsigned *count)
{
    if (!graph_pieces(f->l, f->value, f->subject, f->expected, pieces, count))
        return false;
    if (*count == 1 && *(*pieces)[0].value.yaml->text == '\0' && !(*pieces)[0].value.yaml->quoted)
        *count = 0;
    return true;
}

static bool count_in_range(const struct filling *f, unsigned count)
{
    const struct amtg_param *p = f->param;
    const struct amtg_yaml *y = f->value.yaml;

    if (count >= p->min && (p->max == 0 || count <= p->max))
        return true;
    if (p->max == 0)
        graph_problem(f->l, y->mark, f->subject, NULL, NULL, "%u items are too few (at least %llu)",
                      count, (unsigned long long)p->min);
    else
        graph_problem(f->l, y->mark, f->subject, NULL, NULL, "%u items are too %s (%llu to %llu)",
                      count, count < p->min ? "few" : "many", (unsigned long long)p->min,
                      (unsigned long long)p->max);
    return false;
}

static bool fill_texts(const struct filling *f)
{
    struct piece *pieces;
    unsigned count;

    if (!list_pieces(f, &pieces, &count) || !count_in_range(f, count))
        return false;
    const char **items = amtg_arena_get(f->l->arena, (count + 1) * sizeof *items);
    for (unsigned i = 0; i < count; i++)
        items[i] = pieces[i].value.yaml->text;
    *(struct amtg_text_list *)f->field = (struct amtg_text_list){count, items};
    return true;
}

static bool fill_addresses(const struct filling *f)
{
    struct amtg_param one = {.kind = AMTG_KIND_ADDR, .family = f->param->family};
    struct piece *pieces;
    unsigned count, used = 0;
    bool good = true;

    if (!list_pieces(f, &pieces, &count))
        return false;
    struct amtg_addr *items = amtg_arena_get(f->l->arena, (count + 1) * sizeof *items);
    for (unsigned i = 0; i < count; i++) {
        const char *text = pieces[i].value.yaml->text;
        if (strcmp(text, "none") == 0)
            continue;
        if (amtg_param_scalar(&one, text, &items[used])) {
            used++;
        } else {
            wrong(f, &pieces[i]);
            good = false;
        }
    }
    if (!good || !count_in_range(f, used))
        return false;
    *(struct amtg_addr_list *)f->field = (struct amtg_addr_list){used, items};
    return true;
}

static bool fill_hosts(const struct filling *f)
{
    struct piece *pieces;
    unsigned count, used = 0;
    bool good = true;

    if (!list_pieces(f, &pieces, &count))
        return false;
    const char **items = amtg_arena_get(f->l->arena, (count + 1) * sizeof *items);
    for (unsigned i = 0; i < count; i++) {
        const char *text = pieces[i].value.yaml->text;
        if (strcmp(text, "none") == 0)
            continue;
        if (amtg_host_is(text)) {
            items[used++] = text;
        } else {
            wrong(f, &pieces[i]);
            good = false;
        }
    }
    if (!good || !count_in_range(f, used))
        return false;
    *(struct amtg_text_list *)f->field = (struct amtg_text_list){used, items};
    return true;
}

static bool fill_map(const struct filling *f)
{
    const struct amtg_yaml *map = f->value.yaml;
    bool good = true;
    unsigned count = 0, i = 0;

    if (map->bad)
        return false;
    if (map->kind != AMTG_YAML_MAP) {
        graph_problem(f->l, map->mark, f->subject, f->expected, NULL, "this is no map");
        return false;
    }
    for (const struct amtg_yaml *y = map->first; y; y = y->next)
        count++;
    const char **names = amtg_arena_get(f->l->arena, (count + 1) * sizeof *names);
    const char **texts = amtg_arena_get(f->l->arena, (count + 1) * sizeof *texts);
    for (const struct amtg_yaml *y = map->first; y; y = y->next, i++) {
        struct filling one = *f;
        struct piece p;
        one.value.yaml = y;
        one.expected = "a text";
        names[i] = y->key;
        texts[i] = one_text(&one, &p);
        good &= texts[i] != NULL;
    }
    *(struct amtg_map *)f->field = (struct amtg_map){count, names, texts};
    return good && count_in_range(f, count);
}

/* Remembered until all elements are known. */
static bool fill_ref(const struct filling *f)
{
    struct loader *l = f->l;
    struct piece p;
    const char *text = one_text(f, &p);

    if (!text)
        return false;
    if (is_optional(f->param) && (*text == '\0' || strcmp(text, "none") == 0))
        return true;
    l->refs = amtg_arena_grow(l->arena, l->refs, l->refs_count, sizeof *l->refs);
    l->refs[l->refs_count++] =
        (struct draft_ref){.node = f->node, .param = f->param, .piece = p, .subject = f->subject};
    return true;
}

static bool fill_scalar(const struct filling *f)
{
    struct piece p;
    const char *text = one_text(f, &p);

    if (!text)
        return false;
    if (amtg_param_scalar(f->param, text, f->l->nodes[f->node].state))
        return true;
    wrong(f, &p);
    return false;
}

static bool fill_param(const struct filling *f)
{
    switch (f->param->kind) {
    case AMTG_KIND_TEXT:
    case AMTG_KIND_INTERFACE:
    case AMTG_KIND_FILE: return fill_text(f);
    case AMTG_KIND_TEXTS: return fill_texts(f);
    case AMTG_KIND_ADDRS: return fill_addresses(f);
    case AMTG_KIND_HOSTS: return fill_hosts(f);
    case AMTG_KIND_MAP: return fill_map(f);
    case AMTG_KIND_REF: return fill_ref(f);
    default: return fill_scalar(f);
    }
}

/* ---- one element ----------------------------------------------------------------- */

static const char *subject_of(struct loader *l, unsigned node, const char *param)
{
    return amtg_arena_printf(l->arena, "%s.%s", l->nodes[node].name, param);
}

/* The value of a default: its text as a user would write it; lists with commas between. */
static struct amtg_yaml *default_value(struct loader *l, const struct amtg_param *p,
                                       struct amtg_mark mark)
{
    bool is_list = p->kind == AMTG_KIND_ADDRS || p->kind == AMTG_KIND_HOSTS ||
                   p->kind == AMTG_KIND_TEXTS;

    return is_list && strchr(p->initial, ',') ? graph_list(l, p->initial, mark)
                                              : graph_text(l, p->initial, mark);
}

static void check_keys(struct loader *l, const struct draft *d, const char *name)
{
    const struct class_info *info = d->info;
    unsigned count = info->class->params_count;

    for (const struct amtg_yaml *y = d->entry->first; y; y = y->next) {
        bool known = strcmp(y->key, "class") == 0;
        for (unsigned i = 0; i < count && !known; i++)
            known = strcmp(y->key, info->param_names[i]) == 0;
        if (!known)
            graph_problem(l, y->key_mark, name, NULL,
                          amtg_nearest(y->key, info->param_names, count),
                          "the class %s has no parameter \"%.60s\"", info->class->name, y->key);
    }
}

static bool fill_params(struct loader *l, unsigned node)
{
    const struct draft *d = &l->drafts[node];
    const struct amtg_class *class = d->info->class;
    bool good = true;

    for (unsigned i = 0; i < class->params_count; i++) {
        const struct amtg_param *p = &class->params[i];
        const struct amtg_yaml *y = amtg_yaml_get(d->entry, d->info->param_names[i]);
        char expected[EXPECTED];
        struct filling f = {
            .l = l, .node = node, .param = p, .expected = expected,
            .subject = subject_of(l, node, d->info->param_names[i]),
            .field = (char *)l->nodes[node].state + p->offset,
        };
        amtg_param_expected(p, expected, sizeof expected);
        if (y) {
            f.value = (struct value){y, d->scope, d->scope->folder, NULL};
        } else if (p->initial) {
            f.value = (struct value){.yaml = default_value(l, p, l->nodes[node].mark)};
        } else if (p->kind == AMTG_KIND_MAP && p->min == 0) {
            continue; /* no map: an empty one */
        } else {
            graph_problem(l, l->nodes[node].mark, l->nodes[node].name, expected, NULL,
                          "the parameter `%s` is missing", d->info->param_names[i]);
            good = false;
            continue;
        }
        good &= fill_param(&f);
    }
    return good;
}

/* The names of the ports that the parameter `ports_from` lists. */
static const char *const *many_names(const struct draft *d, const void *state, unsigned *count,
                                     const struct amtg_param **from)
{
    const struct amtg_class *class = d->info->class;

    *count = 0;
    *from = NULL;
    for (unsigned i = 0; class->ports_from && i < class->params_count; i++) {
        const struct amtg_param *p = &class->params[i];
        const void *field = (const char *)state + p->offset;
        if (strcmp(d->info->param_names[i], class->ports_from) != 0 &&
            strcmp(p->field, class->ports_from) != 0)
            continue;
        *from = p;
        if (p->kind == AMTG_KIND_MAP) {
            *count = ((const struct amtg_map *)field)->count;
            return ((const struct amtg_map *)field)->names;
        }
        *count = ((const struct amtg_text_list *)field)->count;
        return ((const struct amtg_text_list *)field)->items;
    }
    return NULL;
}

static void check_many(struct loader *l, unsigned node, const char *const *names, unsigned count,
                       const struct amtg_param *from)
{
    struct amtg_check check = {.loader = l, .node = node};
    struct amtg_names seen;
    char param[AMTG_PARAM_NAME];
    const struct amtg_class *class = l->nodes[node].class;

    amtg_names_init(&seen, l->arena);
    for (unsigned i = 0; i < class->outputs_count; i++)
        if (!(class->outputs[i].flags & AMTG_MANY))
            amtg_names_add(&seen, class->outputs[i].name, i);
    for (unsigned i = 0; i < count; i++) {
        if (!graph_is_name(names[i]))
            amtg_check_problem(&check, amtg_param_name(from, param), (int)i,
                               "\"%.60s\" cannot be the name of a port", names[i]);
        else if (!amtg_names_add(&seen, names[i], i))
            amtg_check_problem(&check, amtg_param_name(from, param), (int)i,
                               "there is an output \"%.60s\" already", names[i]);
    }
    if (check.problems)
        l->drafts[node].tainted = l->drafts[node].ports_unsure = true;
}

/* Ports that a name stands for: one called so, or a row, "name[0]", "name[1]" and so on. */
static void add_many(struct loader *l, struct amtg_graph_node *n, unsigned item,
                         const char *name, const struct amtg_port *port)
{
    unsigned row = n->class->row ? n->class->row(n->state, item) : 0;

    if (row == 0)
        n->outs[n->outs_count++] = (struct amtg_graph_port){name, port, NULL, false, -1};
    for (unsigned i = 0; i < row; i++)
        n->outs[n->outs_count++] = (struct amtg_graph_port){
            amtg_arena_printf(l->arena, "%s[%u]", name, i), port, NULL, false, -1};
}

/* How many ports those names stand for. */
static unsigned count_many(struct loader *l, unsigned node, unsigned names)
{
    const struct amtg_graph_node *n = &l->nodes[node];
    struct amtg_check check = {.loader = l, .node = node};
    unsigned ports = 0;

    for (unsigned i = 0; i < names; i++) {
        unsigned row = n->class->row ? n->class->row(n->state, i) : 0;
        if (row > GRAPH_MAX_ROW) {
            amtg_check_problem(&check, n->class->ports_from, (int)i,
                               "a row of %u ports is too long (at most %d)", row, GRAPH_MAX_ROW);
            l->drafts[node].tainted = l->drafts[node].ports_unsure = true;
            return 0;
        }
        ports += row ? row : 1;
    }
    return ports;
}

/* Ports of the instance: those of the class, AMTG_MANY ones as often as there are names. */
static void make_ports(struct loader *l, unsigned node, bool good)
{
    struct amtg_graph_node *n = &l->nodes[node];
    struct draft *d = &l->drafts[node];
    const struct amtg_class *class = n->class;
    const struct amtg_param *from;
    unsigned many;
    const char *const *names = many_names(d, n->state, &many, &from);

    if (!good && class->row) /* its parameter cannot be understood */
        many = 0;
    unsigned ports = count_many(l, node, many);
    if (ports == 0)
        many = 0;
    n->ins_count = class->inputs_count;
    n->ins = amtg_arena_get(l->arena, (n->ins_count + 1) * sizeof *n->ins);
    for (unsigned i = 0; i < n->ins_count; i++)
        n->ins[i] =
            (struct amtg_graph_port){class->inputs[i].name, &class->inputs[i], NULL, false, -1};
    n->outs = amtg_arena_get(l->arena, (class->outputs_count + ports + 1) * sizeof *n->outs);
    for (unsigned i = 0; i < class->outputs_count; i++) {
        const struct amtg_port *port = &class->outputs[i];
        if (!(port->flags & AMTG_MANY))
            n->outs[n->outs_count++] =
                (struct amtg_graph_port){port->name, port, NULL, false, -1};
        for (unsigned k = 0; (port->flags & AMTG_MANY) && k < many; k++)
            add_many(l, n, k, names[k], port);
    }
    if (many)
        check_many(l, node, names, many, from);
    d->in_fed = amtg_arena_get(l->arena, n->ins_count + 1);
    d->out_kept = amtg_arena_get(l->arena, n->outs_count + 1);
}

void graph_fill(struct loader *l, unsigned node)
{
    struct amtg_graph_node *n = &l->nodes[node];
    struct draft *d = &l->drafts[node];

    n->state = amtg_arena_get(l->arena, n->class->state_octets);
    check_keys(l, d, n->name);
    bool good = fill_params(l, node);
    if (good && n->class->check) {
        struct amtg_check check = {.loader = l, .node = node};
        n->class->check(n->state, &check);
        good = check.problems == 0;
    }
    make_ports(l, node, good);
    if (!good && n->class->ports_from)
        d->tainted = d->ports_unsure = true;
}

void amtg_check_problem(struct amtg_check *check, const char *param, int item, const char *fmt, ...)
{
    struct loader *l = check->loader;
    const struct draft *d = &l->drafts[check->node];
    const struct amtg_yaml *y = amtg_yaml_get(d->entry, param);
    struct piece place = {.mark = l->nodes[check->node].mark}, *pieces;
    unsigned count;
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    check->problems++;
    if (y && item >= 0 && y->kind == AMTG_YAML_MAP) {
        y = y->first;
        for (int i = 0; i < item && y; i++)
            y = y->next;
        place.mark = y ? y->mark : place.mark;
    } else if (y) {
        struct value v = {y, d->scope, d->scope->folder, NULL};
        bool good = item >= 0
                        ? graph_pieces(l, v, NULL, NULL, &pieces, &count) && (unsigned)item < count
                        : graph_piece(l, v, NULL, &place);
        if (item >= 0)
            place = good ? pieces[item] : (struct piece){.mark = y->mark};
    }
    graph_piece_problem(l, &place, subject_of(l, check->node, param), NULL, NULL, "%s", text);
}

/* ---- references ------------------------------------------------------------------ */

static bool provides(const struct amtg_class *class, const struct amtg_interface *interface)
{
    for (unsigned i = 0; i < class->provides_count; i++)
        if (class->provides[i].interface == interface)
            return true;
    return false;
}

static void resolve_ref(struct loader *l, const struct draft_ref *r)
{
    struct amtg_graph_node *n = &l->nodes[r->node];
    struct scope *s = r->piece.value.scope ? r->piece.value.scope : l->drafts[r->node].scope;
    const char *name = r->piece.value.yaml->text;
    int found = amtg_names_find(&s->item_names, name);
    char expected[EXPECTED];

    amtg_param_expected(r->param, expected, sizeof expected);
    if (found < 0) {
        graph_piece_problem(l, &r->piece, r->subject, expected,
                            graph_nearest(l, name, &s->item_names), "there is no element \"%.60s\"",
                            name);
        const char *nearest = graph_nearest(l, name, &s->item_names);
        int meant = nearest ? s->items[amtg_names_find(&s->item_names, nearest)].node : -1;
        if (meant >= 0)
            l->drafts[meant].referred = true;
        return;
    }
    const struct item *item = &s->items[found];
    if (item->bad)
        return;
    if (item->node >= 0)
        l->drafts[item->node].referred = true;
    if (item->node < 0 || !provides(l->nodes[item->node].class, r->param->interface)) {
        graph_piece_problem(l, &r->piece, r->subject, expected, NULL,
                            "\"%s\" (%s) provides no `%s`", name,
                            item->node < 0 ? item->inner->file : l->nodes[item->node].class->name,
                            r->param->interface->name);
        return;
    }
    if (item->node == (int)r->node) {
        graph_piece_problem(l, &r->piece, r->subject, expected, NULL,
                            "an element cannot refer to itself");
        return;
    }
    n->refs = amtg_arena_grow(l->arena, n->refs, n->refs_count, sizeof *n->refs);
    n->refs[n->refs_count++] =
        (struct amtg_graph_ref){.offset = r->param->offset, .target = (unsigned)item->node};
}

void graph_refs(struct loader *l)
{
    for (unsigned i = 0; i < l->refs_count; i++)
        resolve_ref(l, &l->refs[i]);
}
