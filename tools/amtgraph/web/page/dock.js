/* The lower part of the page: what was chosen above, in full. */

class Dock {
    constructor(closed) {
        this.root = byId('dock');
        this.title = el('h2', { id: 'dock-title' });
        this.body = el('div', { class: 'dock-body' });
        this.closed = closed; // (panel) => ...
        this.root.replaceChildren(el('div', { class: 'dock-head' }, this.title,
            el('button', { type: 'button', title: 'Close (Esc)', 'aria-label': 'Close',
                onclick: () => this.close() }, '✕')), this.body);
    }

    /** panel: {root, close?, update?, redraw?}. What was focused gets the focus back afterwards. */
    show(title, panel) {
        if (this.root.hidden || !this.root.contains(document.activeElement))
            this.from = document.activeElement;
        if (this.panel !== panel)
            this.panel?.close?.();
        this.panel = panel;
        say(this.title, title);
        if (this.body.firstChild !== panel.root)
            this.body.replaceChildren(panel.root);
        this.root.hidden = false;
    }

    close() {
        if (this.root.hidden)
            return false;
        const old = this.panel;
        old?.close?.();
        this.panel = null;
        this.root.hidden = true;
        this.from?.focus?.();
        this.closed(old);
        return true;
    }
}

/** Text that stood further in. */
function dedented(text) {
    const by = /^ */.exec(text)[0].length;
    return text.split('\n').map((line) => line.slice(Math.min(by, /^ */.exec(line)[0].length))).join('\n');
}

/** An element: what it is, where it is written, what it has counted. */
class ElementPanel {
    constructor(run) {
        this.run = run;
        this.about = el('p', { class: 'facts' });
        this.yaml = el('pre', { class: 'yaml' });
        this.where = el('p', { class: 'where' });
        this.body = el('tbody');
        this.root = el('div', { class: 'panel element' },
            el('div', {}, this.about, this.where, this.yaml),
            el('div', { class: 'scroll' }, el('table', { class: 'plain' },
                el('thead', {}, el('tr', {}, el('th', {}, 'Counter'), el('th', { class: 'number' }, 'Value'), el('th', {}, 'Meaning'))),
                this.body)));
    }

    async show(name) {
        this.name = name;
        this.class = null;
        this.body.replaceChildren();
        const { classes, elements } = await this.run.describe();
        const element = elements.get(name);
        if (!element || this.name !== name)
            return;
        this.class = classes[element.class];
        say(this.about, `${element.class}: ${this.class?.summary ?? ''}`);
        say(this.where, element.file ? `${element.file}, line ${element.line}` : '');
        say(this.yaml, dedented(element.yaml ?? ''));
        this.update();
    }

    update() {
        const now = this.run.counters[this.name];
        if (!now || !this.class)
            return;
        const meaning = (list, of) => this.class[list]?.find((entry) => entry.name === of)?.help ?? '';
        const rows = [['taken', now.taken, 'packets that it was given'],
            ...(this.class.counters ?? []).map(({ name, help }) => [name, now.counters[name] ?? 0, help]),
            ...Object.entries(now.ports).map(([k, v]) => [`out: ${k}`, v.packets, meaning('outputs', k)]),
            ...Object.entries(now.drops).filter(([, v]) => v).map(([k, v]) => [`dropped: ${k}`, v, meaning('drops', k)])];
        this.body.replaceChildren(...rows.map(([name, value, help]) => el('tr', { class: name.startsWith('dropped') ? 'bad' : null },
            el('td', {}, name), el('td', { class: 'number' }, count(value)), el('td', { class: 'soft' }, help))));
    }
}

/** One packet that was caught somewhere. */
class CaughtPanel {
    constructor() {
        this.view = new PacketView();
        this.words = el('p', { class: 'facts' });
        this.root = el('div', { class: 'panel' }, el('div', { class: 'bar' }, this.words), el('div', { class: 'panes one' }, this.view.root));
    }

    show(packet) {
        this.packet = packet;
        this.redraw();
    }

    redraw() {
        if (!this.packet)
            return;
        this.words.replaceChildren(hidden(this.packet.words));
        this.view.show(this.packet);
    }
}
