/*
 * A packet: its fields beside its octets. Each field is linked to the octets that it is made of,
 * by pointer and by keyboard, in both directions. In a quiz the names are hidden until asked for.
 */

const WIDE = 16;         // octets a line
const SHOWN = 512;       // octets, until more are asked for

const quiz = { on: false };

/** A name that a quiz hides; a click reveals it. */
function hidden(text) {
    if (!quiz.on)
        return text;
    const button = el('button', { type: 'button', class: 'reveal', 'aria-label': 'reveal', title: 'Reveal',
        onclick: (event) => {
            event.stopPropagation();
            button.replaceWith(text);
        } }, '?');
    return button;
}

/** "4", "4–7", "0, bits 4–7" */
function place(field) {
    const last = field.octet + field.octets - 1;
    const octets = field.octets > 1 ? `${field.octet}–${last}` : String(field.octet);
    if (field.bits === undefined || field.bits === 8 * field.octets || field.bits === 0)
        return octets;
    return `${octets}, bit${field.bits > 1 ? 's' : ''} ${field.bit}${field.bits > 1 ? `–${field.bit + field.bits - 1}` : ''}`;
}

/** The octets of a packet in rows, each octet a span. marks: octets to mark, as [first, number]. */
class HexView {
    constructor(lit) {
        this.lit = lit; // (octet) => ...: the pointer or the focus is on it
        this.root = el('div', { class: 'hex', role: 'group', 'aria-label': 'octets',
            onmouseover: (e) => this.at(e.target), onfocusin: (e) => this.at(e.target),
            onclick: (e) => e.target.closest('[data-o]')?.focus() });
        rove(this.root, '.o', (at, key) => {
            const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -WIDE, ArrowDown: WIDE }[key];
            return step && this.octets[Number(at.dataset.o) + step];
        });
    }

    at(target) {
        const span = target.closest('[data-o]');
        if (span)
            this.lit(Number(span.dataset.o));
    }

    show(hex, marks = [], most = SHOWN) {
        const all = hex.length / 2, end = Math.min(all, most), lines = [];
        const marked = new Set(marks.flatMap(([first, n]) => Array.from({ length: n }, (_, i) => first + i)));
        this.octets = [];
        this.letters = [];
        for (let line = 0; line < end; line += WIDE) {
            const octets = [], letters = [];
            for (let o = line; o < Math.min(line + WIDE, end); o++) {
                const text = hex.slice(2 * o, 2 * o + 2), code = parseInt(text, 16);
                const changed = marked.has(o) ? ' changed' : '';
                octets.push(this.octets[o] = el('span', { class: `o${changed}`, 'data-o': o, tabindex: o ? -1 : 0 }, text));
                letters.push(this.letters[o] = el('span', { class: `c${changed}`, 'data-o': o },
                    code > 32 && code < 127 ? String.fromCharCode(code) : '·'));
            }
            lines.push(el('div', { class: 'line' },
                el('span', { class: 'offset' }, line.toString(16).padStart(4, '0')),
                el('span', { class: 'octets' }, octets), el('span', { class: 'letters', 'aria-hidden': true }, letters)));
        }
        if (end < all)
            lines.push(el('button', { type: 'button', onclick: () => this.show(hex, marks, all) },
                `${count(all - end)} more octets`));
        this.root.replaceChildren(...lines);
    }

    light(first, n) {
        for (const span of this.root.querySelectorAll('.lit'))
            span.classList.remove('lit');
        for (let o = first; o < first + n && this.octets[o]; o++) {
            this.octets[o].classList.add('lit');
            this.letters[o].classList.add('lit');
        }
    }
}

/** Fields and octets side by side. */
class PacketView {
    constructor() {
        this.hex = new HexView((octet) => this.lightOwner(octet));
        this.body = el('tbody');
        this.fields = el('div', { class: 'fields' }, el('table', {},
            el('thead', {}, el('tr', {}, el('th', {}, 'Field'), el('th', {}, 'Value'), el('th', {}, 'Octets'))), this.body));
        this.body.addEventListener('mouseover', (e) => this.lightRow(e.target.closest('tr')));
        this.body.addEventListener('focusin', (e) => this.lightRow(e.target.closest('tr')));
        this.root = el('div', { class: 'packet' }, this.fields, el('div', { class: 'octet-pane' }, this.hex.root));
        rove(this.body, 'tr', alongList(() => this.rows));
    }

    /** marks: octets that were changed, as [first, number]; names: fields that were. */
    show(packet, marks = [], names = new Set()) {
        const all = (packet.layers ?? []).flatMap((layer) => [layer, ...layer.fields.map((f) => ({ ...f, of: layer.layer }))]);
        this.parts = all;
        this.rows = all.map((part, i) => part.layer ? this.layerRow(part, i) : this.fieldRow(part, i, names));
        this.body.replaceChildren(...this.rows);
        this.hex.show(packet.hex ?? '', marks);
        this.owner = [];
        all.forEach((part, i) => { // the narrowest field that holds it
            for (let o = part.octet; o < part.octet + part.octets && !part.layer; o++)
                if (this.owner[o] === undefined || part.octets <= all[this.owner[o]].octets)
                    this.owner[o] = i;
        });
    }

    layerRow(layer, i) {
        return el('tr', { class: 'layer', 'data-i': i, tabindex: i ? -1 : 0 },
            el('th', { colspan: 2, scope: 'colgroup', 'data-depth': layer.depth },
                hidden([layer.title, layer.message].filter(Boolean).join(': '))),
            el('td', { class: 'place' }, place(layer)));
    }

    fieldRow(field, i, names) {
        const changed = names.has(`${field.of}.${field.name}`);
        const value = field.value === '' && field.octets ? many(field.octets, 'octet') : field.value;
        return el('tr', { class: changed ? 'changed' : null, 'data-i': i, tabindex: -1 },
            el('td', { class: 'name', 'data-depth': field.depth }, hidden(field.name)),
            el('td', { class: 'value' }, value,
                field.fault ? el('span', { class: 'fault' }, ` wrong: ${field.fault}`) : null),
            el('td', { class: 'place' }, place(field)));
    }

    lightRow(row) {
        if (!row)
            return;
        this.lit?.classList.remove('lit');
        this.lit = row;
        row.classList.add('lit');
        const part = this.parts[row.dataset.i];
        this.hex.light(part.octet, part.octets);
    }

    lightOwner(octet) {
        const row = this.rows[this.owner[octet]];
        this.lightRow(row);
        row?.scrollIntoView({ block: 'nearest' });
    }
}
