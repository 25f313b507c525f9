/*
 * libyaml gives events; a stack of open lists and maps makes a tree of them.
 * The tree, with all its texts, is in one arena, and the root is its first piece.
 */
#include "core/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "core/arena.h"
#include "core/names.h"
#include "core/utf8.h"

/* An open list or map. */
struct frame {
    struct amtg_yaml *node, **end; /* where the next child is hung */
    struct amtg_yaml *pending;     /* MAP: has its key, waits for its value */
    struct amtg_names keys;        /* MAP: key to its number in marks */
    struct amtg_mark *marks;       /* MAP: where each key was written first */
    unsigned count;
};

struct reader {
    yaml_parser_t yaml;
    struct amtg_diag *diag;
    struct amtg_arena *arena;
    const char *name;
    const char *octets; /* the file */
    size_t len;
    struct frame stack[AMTG_YAML_MAX_DEPTH];
    unsigned depth, nodes;
    unsigned skip; /* open collections inside a key that is no scalar: read over */
    bool stopped;  /* reading on makes no sense */
    struct root *root;
};

struct root {
    struct amtg_yaml node; /* first: a pointer to it is one to the root */
    struct amtg_arena *arena;
    bool filled;
};

/* ---- problems -------------------------------------------------------------------- */

static struct amtg_mark mark_of(const struct reader *r, const yaml_mark_t *from,
                                const yaml_mark_t *to)
{
    size_t length = 1;

    if (to && to->line == from->line && to->column > from->column)
        length = to->column - from->column;
    return (struct amtg_mark){.file = r->name,
                              .line = (unsigned)from->line + 1,
                              .column = (unsigned)from->column + 1,
                              .length = (unsigned)length};
}

static struct amtg_mark event_mark(const struct reader *r, const yaml_event_t *e)
{
    /* A list or map in block style has no end of its own here: point at its start. */
    return mark_of(r, &e->start_mark, &e->end_mark);
}

#define PROBLEM(r, mark, expected, ...) \
    amtg_diag_add((r)->diag, AMTG_PROBLEM, mark, NULL, expected, NULL, __VA_ARGS__)

/* ---- the tree -------------------------------------------------------------------- */

static struct amtg_yaml *new_node(struct reader *r, const yaml_event_t *e, enum amtg_yaml_kind kind)
{
    struct amtg_yaml *y;

    if (r->nodes++ == AMTG_YAML_MAX_NODES) {
        PROBLEM(r, event_mark(r, e), NULL, "the file has too many nodes (at most %d)",
                AMTG_YAML_MAX_NODES);
        r->stopped = true;
    }
    if (r->depth == 0) {
        y = &r->root->node;
        r->root->filled = true;
    } else {
        struct frame *f = &r->stack[r->depth - 1];
        if (f->pending) { /* the value of a key */
            y = f->pending;
            f->pending = NULL;
        } else {
            y = amtg_arena_get(r->arena, sizeof *y);
            *f->end = y;
            f->end = &y->next;
        }
    }
    y->kind = kind;
    y->mark = event_mark(r, e);
    return y;
}

static bool expects_key(const struct reader *r)
{
    const struct frame *f = r->depth ? &r->stack[r->depth - 1] : NULL;

    return f && f->node->kind == AMTG_YAML_MAP && !f->pending;
}

/* A key: makes the child that its value will fill. A second one of a name hangs nowhere. */
static void take_key(struct reader *r, const yaml_event_t *e, const char *text, bool bad)
{
    struct frame *f = &r->stack[r->depth - 1];
    struct amtg_yaml *y = amtg_arena_get(r->arena, sizeof *y);

    y->key = amtg_arena_text(r->arena, text);
    y->key_mark = event_mark(r, e);
    f->pending = y;
    if (bad)
        return;
    if (!amtg_names_add(&f->keys, y->key, f->count)) {
        PROBLEM(r, y->key_mark, NULL, "the key \"%.60s\" is written twice", y->key);
        amtg_diag_note(r->diag, f->marks[amtg_names_find(&f->keys, y->key)], "first written here");
        return;
    }
    f->marks = amtg_arena_grow(r->arena, f->marks, f->count, sizeof *f->marks);
    f->marks[f->count++] = y->key_mark;
    *f->end = y;
    f->end = &y->next;
}

/* Anchors and tags would make a file mean more than it shows. true: the node is usable. */
static bool check_plain(struct reader *r, const yaml_event_t *e, const yaml_char_t *anchor,
                        const yaml_char_t *tag)
{
    struct amtg_mark mark = event_mark(r, e);

    if (!anchor && !tag)
        return true;
    mark.length = 1;
    if (anchor)
        PROBLEM(r, mark, NULL, "anchors (&%.40s) are not supported", (const char *)anchor);
    else
        PROBLEM(r, mark, NULL, "tags (%.40s) are not supported", (const char *)tag);
    return false;
}

static void take_scalar(struct reader *r, const yaml_event_t *e)
{
    const char *text = (const char *)e->data.scalar.value;
    struct amtg_mark mark = event_mark(r, e);
    bool good = check_plain(r, e, e->data.scalar.anchor, e->data.scalar.tag);

    if (strlen(text) != e->data.scalar.length) {
        PROBLEM(r, mark, NULL, "a text may not hold the character NUL");
        good = false;
    }
    if (expects_key(r)) {
        take_key(r, e, text, !good);
        return;
    }
    struct amtg_yaml *y = new_node(r, e, AMTG_YAML_SCALAR);
    y->text = amtg_arena_text(r->arena, text);
    y->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    y->bad = !good;
}

static void open_collection(struct reader *r, const yaml_event_t *e, enum amtg_yaml_kind kind,
                            const yaml_char_t *anchor, const yaml_char_t *tag)
{
    bool good = check_plain(r, e, anchor, tag);

    if (expects_key(r)) {
        PROBLEM(r, event_mark(r, e), "a text", "a list or a map cannot be a key");
        take_key(r, e, "", true);
        r->skip = 1;
        return;
    }
    if (r->depth == AMTG_YAML_MAX_DEPTH) {
        PROBLEM(r, event_mark(r, e), NULL, "lists and maps are nested too deeply (at most %d)",
                AMTG_YAML_MAX_DEPTH);
        r->stopped = true;
        return;
    }
    struct amtg_yaml *y = new_node(r, e, kind);
    y->bad = !good;
    struct frame *f = &r->stack[r->depth++];
    *f = (struct frame){.node = y, .end = &y->first};
    if (kind == AMTG_YAML_MAP)
        amtg_names_init(&f->keys, r->arena);
}

/* An alias in place of a value (or key): reported, and stands for nothing. */
static void take_alias(struct reader *r, const yaml_event_t *e)
{
    PROBLEM(r, event_mark(r, e), NULL, "aliases (*%.40s) are not supported",
            (const char *)e->data.alias.anchor);
    if (expects_key(r)) {
        take_key(r, e, "", true);
        return;
    }
    struct amtg_yaml *y = new_node(r, e, AMTG_YAML_SCALAR);
    y->text = amtg_arena_text(r->arena, "");
    y->bad = true;
}

/* Inside a key that is a list or a map: only the nesting counts, up to its end. */
static void skip_event(struct reader *r, const yaml_event_t *e)
{
    if (e->type == YAML_SEQUENCE_START_EVENT || e->type == YAML_MAPPING_START_EVENT)
        r->skip++;
    else if (e->type == YAML_SEQUENCE_END_EVENT || e->type == YAML_MAPPING_END_EVENT)
        r->skip--;
    if (r->skip > AMTG_YAML_MAX_DEPTH)
        r->stopped = true; /* the key itself is reported */
}

static void take_event(struct reader *r, const yaml_event_t *e)
{
    if (r->skip > 0) {
        skip_event(r, e);
        return;
    }
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (r->root->filled) {
            PROBLEM(r, event_mark(r, e), NULL, "a second document begins here: a file holds one");
            r->stopped = true;
        }
        break;
    case YAML_SCALAR_EVENT: take_scalar(r, e); break;
    case YAML_ALIAS_EVENT: take_alias(r, e); break;
    case YAML_SEQUENCE_START_EVENT:
        open_collection(r, e, AMTG_YAML_LIST, e->data.sequence_start.anchor,
                        e->data.sequence_start.tag);
        break;
    case YAML_MAPPING_START_EVENT:
        open_collection(r, e, AMTG_YAML_MAP, e->data.mapping_start.anchor,
                        e->data.mapping_start.tag);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: r->depth--; break;
    default: break;
    }
}

/* A tab in the indent, of which libyaml says no more than that no token begins there? */
static bool is_tab_in_indent(const struct reader *r, const yaml_mark_t *mark)
{
    const char *at = r->octets, *end = at + r->len;

    for (size_t line = 0; line < mark->line && at < end; at++)
        line += *at == '\n';
    const char *place = at + mark->column;
    while (at < place && at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at == place && at < end && *at == '\t';
}

/* What libyaml itself objects to: a broken syntax. */
static void syntax_problem(struct reader *r)
{
    const yaml_parser_t *y = &r->yaml;
    struct amtg_mark mark = mark_of(r, &y->problem_mark, NULL);
    const char *problem = y->problem ? y->problem : "not readable";
    const char *expected = is_tab_in_indent(r, &y->problem_mark) ? "spaces; here is a tab" : NULL;

    if (y->error == YAML_READER_ERROR) /* has no mark; the encoding was checked before */
        mark = (struct amtg_mark){.file = r->name, .length = 1};
    if (y->context)
        PROBLEM(r, mark, expected, "the file is not valid YAML: %s %s", y->context, problem);
    else
        PROBLEM(r, mark, expected, "the file is not valid YAML: %s", problem);
    if (y->context && y->context_mark.line != y->problem_mark.line && y->error != YAML_READER_ERROR)
        amtg_diag_note(r->diag, mark_of(r, &y->context_mark, NULL), "which begins here");
}

static bool read_events(struct reader *r)
{
    bool ended = false;

    while (!ended && !r->stopped) {
        yaml_event_t e;
        if (!yaml_parser_parse(&r->yaml, &e)) {
            syntax_problem(r);
            return false;
        }
        take_event(r, &e);
        ended = e.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
    }
    return ended;
}

/* Where in the octets something is: line and column from 1, in characters. */
static struct amtg_mark octet_mark(const char *name, const char *octets, size_t at)
{
    struct amtg_mark mark = {.file = name, .line = 1, .column = 1, .length = 1};

    for (size_t i = 0; i < at; i++) {
        if (octets[i] == '\n') {
            mark.line++;
            mark.column = 1;
        } else if (((unsigned char)octets[i] & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

/* Text at all? NULs and wrong UTF-8 are told here, with their place; libyaml would not. */
static bool check_octets(const char *name, const char *octets, size_t len, struct amtg_diag *diag)
{
    struct amtg_mark whole = {.file = name, .length = 1};

    if (len > AMTG_YAML_MAX_OCTETS) {
        amtg_diag_add(diag, AMTG_PROBLEM, whole, NULL, NULL, NULL,
                      "the file is too large for a graph (at most %d octets)",
                      AMTG_YAML_MAX_OCTETS);
        return false;
    }
    for (size_t i = 0, n; i < len; i += n) {
        n = amtg_utf8_character(octets + i, len - i);
        if (n == 0 || octets[i] == '\0') {
            amtg_diag_add(diag, AMTG_PROBLEM, octet_mark(name, octets, i), NULL,
                          "YAML text in UTF-8", NULL, "the octet 0x%02x is no text here",
                          (unsigned char)octets[i]);
            return false;
        }
    }
    return true;
}

struct amtg_yaml *amtg_yaml_parse(const char *name, const char *octets, size_t len,
                                  struct amtg_diag *diag)
{
    bool text = check_octets(name, octets, len, diag);
    amtg_diag_source(diag, name, octets, text ? len : 0); /* nothing to quote in what is no text */
    if (!text)
        return NULL;

    struct amtg_arena *arena = amtg_arena_new();
    struct reader *r = amtg_arena_get(arena, sizeof *r);
    r->diag = diag;
    r->arena = arena;
    r->name = amtg_arena_text(arena, name);
    r->octets = octets;
    r->len = len;
    r->root = amtg_arena_get(arena, sizeof *r->root);
    r->root->arena = arena;
    bool ended = false;
    if (yaml_parser_initialize(&r->yaml)) {
        yaml_parser_set_input_string(&r->yaml, (const unsigned char *)octets, len);
        yaml_parser_set_encoding(&r->yaml, YAML_UTF8_ENCODING);
        ended = read_events(r);
        yaml_parser_delete(&r->yaml);
    }
    if (ended && !r->root->filled) {
        amtg_diag_add(diag, AMTG_PROBLEM, (struct amtg_mark){.file = name, .length = 1}, NULL,
                      "a map that begins with `amtgraph: 1`", NULL, "the file is empty");
        ended = false;
    }
    if (!ended) {
        amtg_arena_free(arena);
        return NULL;
    }
    return &r->root->node;
}

void amtg_yaml_free(struct amtg_yaml *y)
{
    if (y)
        amtg_arena_free(((struct root *)y)->arena);
}

const struct amtg_yaml *amtg_yaml_get(const struct amtg_yaml *map, const char *key)
{
    if (!map || map->kind != AMTG_YAML_MAP)
        return NULL;
    for (const struct amtg_yaml *y = map->first; y; y = y->next)
        if (strcmp(y->key, key) == 0)
            return y;
    return NULL;
}

/* ---- files ----------------------------------------------------------------------- */

/* Read at most `room` octets; -1 and errno when that fails. */
static ssize_t read_octets(int fd, char *out, size_t room)
{
    size_t len = 0;

    while (len < room) {
        ssize_t n = read(fd, out + len, room - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

/* A descriptor that whoever started us has opened; a pipe is meant to be read from there. */
static bool is_handed_over(const char *path)
{
    return strcmp(path, "/dev/stdin") == 0 || strncmp(path, "/dev/fd/", 8) == 0;
}

struct amtg_yaml *amtg_yaml_read(const char *path, struct amtg_diag *diag)
{
    struct amtg_mark whole = {.file = path, .length = 1};
    struct amtg_yaml *y = NULL;
    struct stat st;
    char *octets = NULL;
    ssize_t len;

    /* O_NONBLOCK: a named pipe that nobody writes to would wait here for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0)
        goto fail;
    if (S_ISDIR(st.st_mode) || (!S_ISREG(st.st_mode) && !is_handed_over(path))) {
        amtg_diag_add(diag, AMTG_PROBLEM, whole, NULL, "a file", NULL,
                      S_ISDIR(st.st_mode) ? "this is a directory" : "this is no regular file");
        goto out;
    }
    if (fcntl(fd, F_SETFL, 0) < 0)
        goto fail;
    /* One octet more than is allowed shows that a file is too large, however large it is. */
    octets = malloc(AMTG_YAML_MAX_OCTETS + 1);
    len = octets ? read_octets(fd, octets, AMTG_YAML_MAX_OCTETS + 1) : -1;
    if (len < 0)
        goto fail;
    y = amtg_yaml_parse(path, octets, (size_t)len, diag);
    goto out;
fail:
    amtg_diag_add(diag, AMTG_PROBLEM, whole, NULL, NULL, NULL, "the file cannot be read: %s",
                  strerror(errno));
out:
    if (!octets)
        amtg_diag_source(diag, path, "", 0); /* so that its problems stand in its turn */
    free(octets);
    if (fd >= 0)
        close(fd);
    return y;
}
