/* The log: one line an event, and no more of them than somebody could read. */
#include <stdio.h>

#include "core/runtime_private.h"

enum { LINE = 1024 };

static void write_line(struct amtg_runtime *rt, const char *level, const char *id,
                       const char *element, const char *text)
{
    uint64_t now = amtg_loop_now_ns(rt->loop);

    fprintf(rt->log.out, "%llu.%06llu %s %s element=%s %s\n", (unsigned long long)(now / AMTG_S),
            (unsigned long long)(now % AMTG_S / AMTG_US), level, id, element, text);
}

void amtg_log_settle(struct amtg_runtime *rt)
{
    char text[64];

    if (!rt->log.held_back)
        return;
    snprintf(text, sizeof text, "lines=%llu", (unsigned long long)rt->log.held_back);
    rt->log.held_back = 0;
    write_line(rt, "warning", "log-held-back", "-", text);
}

/* May one more line be written in this second? */
static bool has_room(struct amtg_runtime *rt, enum amtg_log_level level)
{
    uint64_t second = amtg_loop_now_ns(rt->loop) / AMTG_S;

    if (second != rt->log.second) {
        rt->log.second = second;
        rt->log.lines = 0;
        amtg_log_settle(rt);
    }
    if (level == AMTG_LOG_ERROR || rt->log.level == AMTG_LOG_DEBUG || rt->log.lines < AMTG_LOG_LINES) {
        rt->log.lines++;
        return true;
    }
    rt->log.held_back++;
    return false;
}

void amtg_log(const struct amtg_element *e, enum amtg_log_level level, const char *id,
              const char *fmt, ...)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    struct amtg_runtime *rt = e->runtime;
    char text[LINE];
    va_list args;

    if (!rt->log.out || level > rt->log.level || !has_room(rt, level))
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    write_line(rt, names[level], id, e->name, text);
}
