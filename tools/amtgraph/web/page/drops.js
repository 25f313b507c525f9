/* What is dropped: by which element, why, and one packet of each reason that was caught. */

class DropsView {
    constructor(root, run, show) {
        this.run = run;
        this.caught = new Map(); // "element reason": what the run told
        this.search = el('input', { type: 'search', placeholder: 'Filter ( / )', 'aria-label': 'filter drops', class: 'filter',
            oninput: () => { this.table.filter(this.search.value); this.tell(); } });
        this.note = el('span', { class: 'note', role: 'status' });
        this.table = new RowTable({
            label: 'drops',
            columns: [{ name: 'element' }, { name: 'reason' }, { name: 'packets', unit: 'packets' }, { name: 'rate', unit: '1/s' },
                { name: 'meaning', wide: 56 }, { name: 'caught', wide: 80, help: 'one of them since the page asked; Enter shows it' }],
            worst: (row) => [row.rate, row.packets],
            pick: (row) => show(row, this.caught.get(row.key)?.packet),
        });
        this.tab = byId('tab-drops');
        root.replaceChildren(el('div', { class: 'bar' }, this.search, this.note), this.table.root);
    }

    /** The run tells of a drop: of each reason the first, then now and then. */
    take(text) {
        const { drop } = JSON.parse(text);
        this.caught.set(`${drop.element} ${drop.reason}`, drop);
    }

    forget() {
        this.caught.clear();
        this.classes = null;
    }

    async update() {
        const all = this.run.dropped();
        say(this.tab, all ? `Drops (${count(all)})` : 'Drops');
        if (!this.table.root.offsetParent)
            return;
        if (!this.classes) {
            this.classes = {};
            this.classes = (await this.run.describe()).classes;
        }
        const help = (drop) => this.classes[drop.class]?.drops?.find((d) => d.name === drop.reason)?.help;
        this.table.set([...this.run.drops].filter(([, drop]) => drop.packets).map(([key, drop]) => ({
            key, element: drop.element, reason: drop.reason, packets: drop.packets, rate: Math.round(10 * drop.rate) / 10,
            meaning: this.caught.get(key)?.help ?? help(drop) ?? '',
            caught: quiz.on ? (this.caught.has(key) ? '?' : '') : this.caught.get(key)?.packet?.words ?? '',
        })));
        this.tell();
    }

    tell() {
        const { shown, rows } = this.table;
        say(this.note, !rows.length ? 'nothing was dropped'
            : shown.length === rows.length ? many(rows.length, 'reason') : `${count(shown.length)} of ${many(rows.length, 'reason')}`);
    }
}
