#include "tools/amtgraph/packet_caught.h"

#include "core/type.h"
#include "tools/amtgraph/packet_json.h"

struct caught caught_of(const struct amtg_element *e, const struct amtg_packet *p, size_t at)
{
    struct caught c = {.packet = *p, .at = at};

    c.wall_ns = amtg_loop_wall_ns(e->loop, amtg_now(e));
    if (p->to && p->to->count) {
        c.copies = p->to->count;
        c.packet.peer = p->to->entries[0]->peer;
        c.packet.flags |= AMTG_ADDRESSED_ONE;
    }
    c.packet.to = NULL;
    c.packet.buffer = NULL;
    c.packet.next = NULL;
    return c;
}

static void add_wire(void *arg, const uint8_t *octets, uint32_t len)
{
    json_t *json = arg;

    if (!json_object_get(json, "wire")) /* of several copies, the first */
        json_object_set_new(json, "wire", packet_hex_json(octets, len));
}

json_t *caught_json(struct caught *c, const struct caught_view *view, uint8_t *octets)
{
    struct amtg_packet *p = &c->packet;
    const struct amtg_wire_form *wire = amtg_type_wire(p->type);

    p->data = octets + c->at;
    json_t *json = json_pack(
        "{sI sI ss sI so so so so}", "time", (json_int_t)p->time_ns, "wall", (json_int_t)c->wall_ns,
        "type", p->type->name, "octets", (json_int_t)p->len, "remote",
        packet_peer_json(&p->peer.remote, p->peer.remote_port), "local",
        packet_peer_json(&p->peer.local, p->peer.local_port), "words", packet_words_json(p), "hex",
        packet_hex_json(p->data, p->len < view->snap ? p->len : view->snap));
    if (c->copies)
        json_object_set_new(json, "copies", json_integer(c->copies));
    if (view->layers)
        json_object_set_new(json, "layers", packet_layers_json(p->type, p->data, p->len));
    if (view->wire && wire && wire->to_ip)
        wire->to_ip(p, add_wire, json);
    return json;
}
