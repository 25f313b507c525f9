#include "core/type.h"

#include <stddef.h>

static void describe_octets(const struct amtg_packet *p, FILE *out)
{
    fprintf(out, "%s, %u octets", p->type->name, p->len);
}

const struct amtg_type amtg_type_any = {
    .name = "any", .summary = "packets and records", .describe = describe_octets};
const struct amtg_type amtg_type_packet = {
    .name = "packet", .parent = AMTG_ANY, .summary = "octets of some protocol"};
const struct amtg_type amtg_type_record = {
    .name = "record", .parent = AMTG_ANY, .summary = "a message between elements"};

bool amtg_type_is(const struct amtg_type *type, const struct amtg_type *wide)
{
    for (; type; type = type->parent)
        if (type == wide)
            return true;
    return false;
}

const struct amtg_type *amtg_type_common(const struct amtg_type *a, const struct amtg_type *b)
{
    if (!a)
        return b;
    if (!b)
        return a;
    while (!amtg_type_is(b, a))
        a = a->parent;
    return a;
}

void amtg_type_describe(const struct amtg_packet *p, FILE *out)
{
    const struct amtg_type *type = p->type;
    while (!type->describe)
        type = type->parent;
    type->describe(p, out);
}

const struct amtg_wire_form *amtg_type_wire(const struct amtg_type *type)
{
    while (type && !type->wire)
        type = type->parent;
    return type ? type->wire : NULL;
}
