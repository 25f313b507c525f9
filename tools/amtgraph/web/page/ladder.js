/*
 * The messages of AMT between gateways and the relay (RFC 7450, section 5.1), as they are sent and
 * as they arrive. They are tapped where the protocol's elements send them and where they are sorted,
 * so that a message that is lost in between shows as one that did not arrive.
 */

const TAPS = 16;          // that a stream may have
const MESSAGES = 300;     // kept
const LOST_AFTER = 2;     // seconds of the run, after which a message that did not arrive is lost
const NO_DATA = '(ip and udp[8] & 15 != 6) or (ip6 and ip6[48] & 15 != 6)';
const BY_GATEWAY = new Set(['discovery', 'request', 'update', 'teardown']);
const SENDERS = { 'amt-advertise': 'relay', 'amt-query': 'relay', 'amt-gateway': 'gateway' };

/** Where to tap: [{edge, side: "relay" | "gateway", sent}]. */
function ladderTaps(run) {
    const taps = [], classOf = (name) => run.counters[name]?.class;
    const outs = (name) => (run.leaving.get(name) ?? []).map((i) => run.edges[i].out);
    run.edges.forEach((e) => {
        const edge = `${e.from}.${e.out}`;
        if (SENDERS[classOf(e.from)] && e.out === 'out')
            taps.push({ edge, side: SENDERS[classOf(e.from)], sent: true, element: e.from });
        if (classOf(e.to) === 'amt-classifier')
            taps.push({ edge, side: outs(e.to).includes('request') ? 'relay' : 'gateway', sent: false, element: e.to });
    });
    return taps;
}

/** What a tap told, as a message. */
function messageOf(packet, tap) {
    const layer = packet.layers.find((l) => l.layer === 'amt');
    const field = (name) => layer?.fields.find((f) => f.name === name)?.value.replace(/^0x/, '');
    return {
        time: packet.time / 1e9, kind: layer?.message, nonce: field('nonce'), mac: field('mac'), packet, ...tap,
        gateway: tap.side === 'relay' ? packet.remote : packet.local,
    };
}

class LadderView {
    constructor(root, run, show) {
        this.run = run;
        this.show = show;
        this.list = el('datalist', { id: 'gateways-seen' });
        this.search = el('input', { type: 'search', list: 'gateways-seen', placeholder: 'Gateway ( / )', class: 'filter',
            'aria-label': 'only messages of this gateway', oninput: () => this.draw() });
        this.note = el('span', { class: 'note', role: 'status' });
        this.place = el('div', { class: 'ladder', tabindex: -1 });
        root.replaceChildren(el('div', { class: 'bar' }, this.search, this.list,
            el('button', { type: 'button', onclick: () => this.forget() }, 'Begin anew'),
            el('button', { type: 'button', onclick: () => this.save() }, 'Save as SVG'), this.note), this.place);
        this.draw = calmly(() => this.drawNow(), 250);
        this.items = () => [...this.place.querySelectorAll('.message')];
        rove(this.place, '.message', alongList(this.items));
        const act = (target) => {
            const item = target.closest('.message');
            if (item)
                this.show(this.drawn[item.dataset.i]);
        };
        this.place.addEventListener('click', (e) => act(e.target));
        this.place.addEventListener('keydown', (e) => e.key === 'Enter' && act(e.target));
        this.forget();
    }

    forget() {
        this.messages = [];
        this.owner = {}; // element of a gateway: its address, as the relay sees it
        this.draw();
    }

    /** From now on, until the next run; costs nothing before the ladder was looked at. */
    open() {
        if (this.stream || !this.run.leaving)
            return;
        const all = ladderTaps(this.run), relay = all.filter((tap) => tap.side === 'relay');
        this.taps = all.length <= TAPS ? all : (relay.length ? relay : all).slice(0, TAPS);
        this.left = all.length - this.taps.length;
        this.both = this.taps.some((tap) => tap.side === 'relay') && this.taps.some((tap) => tap.side === 'gateway');
        this.byEdge = new Map(this.taps.map((tap) => [tap.edge, tap]));
        this.laid = 0;
        this.draw();
        if (!this.taps.length)
            return;
        const query = [...this.taps.map((tap) => ['tap', tap.edge]), ['filter', NO_DATA], ['snap', '512']];
        this.stream = new Stream(query, {
            tap: () => { this.laid++; this.draw(); },
            packet: (text) => this.take(JSON.parse(text)),
            missed: (text) => { this.missed = (this.missed ?? 0) + JSON.parse(text).missed; },
            refused: (text) => { this.problem = JSON.parse(text).error; this.draw(); },
        });
    }

    close() {
        this.stream?.close();
        this.stream = null;
    }

    take({ packet, edge }) {
        const message = messageOf(packet, this.byEdge.get(edge));
        if (!message.kind)
            return;
        const sent = message.sent ? null : this.messages.findLast((m) => m.sent && !m.arrived && m.packet.hex === packet.hex &&
            m.side !== message.side);
        if (sent) {
            sent.arrived = message.time;
            const gateway = message.side === 'relay' ? message.gateway : sent.gateway;
            const element = message.side === 'relay' ? sent.element : message.element;
            if (gateway)
                this.owner[element] = gateway;
        } else {
            this.messages.push(message);
            if (this.messages.length > MESSAGES)
                this.messages.shift();
        }
        this.last = message.time;
        this.draw();
    }

    /** Whose message it is: the gateway as the relay sees it, when that is known. */
    gatewayOf(message) {
        if (message.side === 'gateway')
            return this.owner[message.element] ?? message.gateway ?? message.element;
        return message.gateway ?? 'gateway';
    }

    drawNow() {
        if (!this.place.offsetParent)
            return;
        this.place.dataset.laid = this.laid === this.taps?.length;
        const words = this.search.value.trim().toLowerCase();
        const all = this.messages.map((m) => ({ ...m, gateway: this.gatewayOf(m), down: !BY_GATEWAY.has(m.kind),
            lost: m.sent && this.both && m.arrived === undefined && this.last - m.time > LOST_AFTER }));
        const gateways = [...new Set(all.map((m) => m.gateway))];
        if (this.list.children.length !== gateways.length)
            this.list.replaceChildren(...gateways.map((value) => el('option', { value })));
        this.drawn = all.filter((m) => m.gateway.toLowerCase().includes(words)).slice(-DRAWN);
        const at = this.place.querySelector('.message:focus')?.dataset.i, end = this.place.scrollTop +
            this.place.clientHeight > this.place.scrollHeight - 40;
        this.svg = this.drawn.length ? ladderSvg(this.drawn, this.both) : null;
        this.place.replaceChildren(this.svg ?? el('p', { class: 'empty' }, this.empty()));
        if (at !== undefined)
            this.items()[at]?.focus({ preventScroll: true });
        if (end)
            this.place.scrollTop = this.place.scrollHeight;
        say(this.note, [this.problem, this.drawn.length ? many(this.drawn.length, 'message') : '',
            this.missed ? `${count(this.missed)} came too fast` : '',
            this.left ? `tapped at the relay only: ${count(this.left)} more places of gateways are not` : ''].filter(Boolean).join('; '));
    }

    empty() {
        if (this.taps && !this.taps.length)
            return 'No element of this graph sends or sorts AMT messages.';
        return this.messages.length ? 'No message of such a gateway.' : 'Waiting for messages. Those that were sent before the page asked do not show.';
    }

    save() {
        if (!this.svg)
            return;
        const link = el('a', { download: `${this.run.status?.run ?? 'messages'}.svg`,
            href: URL.createObjectURL(new Blob([ladderFile(this.svg)], { type: 'image/svg+xml' })) });
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    }
}
