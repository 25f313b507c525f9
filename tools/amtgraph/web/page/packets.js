/* The packets of an edge since the page asked: the last of them in a list, one of them taken apart. */

const KEPT = 32;

/** Packets in a list. Nothing is parsed before it is shown, so a fast edge costs little. */
class PacketList {
    constructor(choose) {
        this.choose = choose; // (item) => ...: shown in full
        this.items = [];      // {id, text | packet, row}
        this.next = 1;
        this.list = el('ol', { class: 'packets', role: 'listbox', 'aria-label': 'packets' });
        this.list.addEventListener('click', (e) => this.pick(e.target.closest('li')));
        this.list.addEventListener('focusin', (e) => this.pick(e.target.closest('li')));
        rove(this.list, 'li', alongList(() => [...this.list.children]));
        this.draw = calmly(() => this.drawNow(), 200);
    }

    /** What is to be read later: a line of JSON, and how it becomes {time, words, ...}. */
    add(text, read) {
        this.items.push({ id: this.next++, text, read });
        if (this.items.length > KEPT)
            this.items.shift();
        this.draw();
    }

    clear() {
        this.items = [];
        this.chosen = null;
        this.list.replaceChildren();
    }

    drawNow() {
        const keep = new Set(this.items.map((item) => item.row));
        for (const row of [...this.list.children])
            if (!keep.has(row))
                row.remove();
        for (const item of this.items)
            if (!item.row)
                this.list.append(this.row(item));
        if (!this.items.includes(this.chosen) || this.follow)
            this.select(this.items.at(-1));
    }

    row(item) {
        item.packet = item.read(JSON.parse(item.text));
        item.text = null;
        item.row = el('li', { role: 'option', tabindex: -1, 'aria-selected': false, 'data-id': item.id },
            el('span', { class: 'time' }, seconds(item.packet.time)), ' ',
            item.packet.where ? el('span', { class: 'where' }, item.packet.where, ' ') : null,
            hidden(item.packet.words),
            item.packet.copies > 1 ? el('span', { class: 'copies' }, ` × ${count(item.packet.copies)}`) : null);
        return item.row;
    }

    pick(row) {
        const item = row && this.items.find((i) => i.row === row);
        if (item && item !== this.chosen)
            this.select(item);
    }

    select(item) {
        if (!item || item === this.chosen)
            return;
        this.chosen?.row?.setAttribute('aria-selected', false);
        this.chosen?.row?.setAttribute('tabindex', -1);
        this.chosen = item;
        item.row.setAttribute('aria-selected', true);
        item.row.setAttribute('tabindex', 0);
        if (this.follow)
            item.row.scrollIntoView({ block: 'nearest' });
        this.choose(item.packet);
    }

    /** The names are hidden now, or are not any more. */
    redraw() {
        for (const item of this.items)
            if (item.packet) {
                item.text = JSON.stringify(item.packet);
                item.read = (packet) => packet;
                item.row = null;
            }
        const id = this.chosen?.id;
        this.list.replaceChildren();
        this.drawNow();
        this.chosen = null;
        this.select(this.items.find((item) => item.id === id));
    }
}

/** A packet that a tap told of, with its time in seconds of the run. */
function tapped(line) {
    return { ...line.packet, time: line.packet.time / 1e9 };
}

/** What is shown of an edge. */
class EdgePanel {
    constructor(run) {
        this.run = run;
        this.view = new PacketView();
        this.list = new PacketList((packet) => this.view.show(packet));
        this.facts = el('p', { class: 'facts' });
        this.which = el('select', { 'aria-label': 'which of these edges', onchange: () => this.tap(Number(this.which.value)) });
        this.hold = el('input', { type: 'checkbox' });
        this.filter = el('input', { type: 'search', size: 26, placeholder: 'pcap filter, such as udp', 'aria-label': 'filter',
            onchange: () => this.tap(this.edge) });
        this.note = el('span', { class: 'note', role: 'status' });
        this.root = el('div', { class: 'panel' },
            el('div', { class: 'bar' }, this.facts, this.which, this.filter,
                el('label', {}, this.hold, ' Hold the list'), this.note),
            el('div', { class: 'panes' }, this.list.list, this.view.root));
    }

    /** Of a drawn line, which may stand for many edges. */
    show(line) {
        this.line = line;
        const parts = this.run.lines[line].parts;
        this.which.hidden = parts.length < 2;
        this.which.replaceChildren(...parts.slice(0, 2000).map((i) => el('option', { value: i }, this.run.edgeName(i))));
        this.update();
        this.tap(parts[0]);
        return this.run.edgeName(parts[0]);
    }

    update() {
        const line = this.run.lines[this.line];
        if (!line)
            return;
        const edge = this.run.edges[line.parts[0]], next = this.run.counters[edge.to];
        const dropped = Object.values(next?.drops ?? {}).reduce((sum, n) => sum + n, 0);
        say(this.facts, `${edge.type} · ${many(line.packets, 'packet')} · ${perSecond(line.rate)} · ` +
            `${bits(line.octetRate)} · ${edge.to} has dropped ${count(dropped)}`);
    }

    tap(edge) {
        this.close();
        this.edge = edge;
        this.list.clear();
        this.view.show({});
        const { from, out } = this.run.edges[edge], filter = this.filter.value.trim();
        say(this.note, 'asking');
        let missed = 0;
        this.stream = new Stream({ tap: `${from}.${out}`, snap: 2048, ...(filter ? { filter } : {}) }, {
            tap: () => say(this.note, 'waiting for packets'),
            packet: (text) => {
                if (!missed)
                    say(this.note, '');
                if (!this.hold.checked)
                    this.list.add(text, tapped);
            },
            missed: (text) => {
                missed += JSON.parse(text).missed;
                say(this.note, `${count(missed)} came too fast to be shown`);
            },
            refused: (text) => say(this.note, JSON.parse(text).error),
        }, () => say(this.note, filter ? 'refused or lost; is the filter right?' : 'connection lost; trying again'));
    }

    redraw() {
        this.list.redraw();
    }

    close() {
        this.stream?.close();
        this.stream = null;
    }
}
