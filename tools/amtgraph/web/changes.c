/* What has changed between two answers: large worlds have many counters, of which few count. */
#include "tools/amtgraph/web/private.h"

static bool is_zero(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) == 0;
}

json_t *web_changes(const json_t *was, const json_t *is)
{
    json_t *changes = NULL, *value;
    const char *name;

    if (!json_is_object(is))
        return (was ? json_equal(was, is) : is_zero(is)) ? NULL : json_incref((json_t *)is);
    json_object_foreach((json_t *)is, name, value)
    {
        json_t *part = web_changes(json_object_get(was, name), value);
        if (part && !changes)
            changes = json_object();
        if (part)
            json_object_set_new(changes, name, part);
    }
    return changes;
}
