/* Tables: the listings that the run has, and its elements, edges and counters. */

const LISTED = 20000; // rows of a listing that are asked for
const EVERY_MS = 1000;

/** What is worst, of the listings that we know; each key the greatest first. */
const WORST = {
    gateways: { words: 'failing ones first, then by the time since the last report',
        keys: (row) => [row.state === 'joined' ? 0 : 1, row.refreshed], bad: (row) => row.state !== 'joined' },
    groups: { words: 'what runs out soonest first', keys: (row) => [row.left === null ? -Infinity : -row.left] },
    channels: { words: 'those with the most sources first', keys: (row) => [row['any-source'], row.listed] },
    tunnel: { words: 'what is asked for without an answer first', keys: (row) => [row.retries, row.data],
        bad: (row) => row.retries > 0 },
    elements: { words: 'those that drop most first', keys: (row) => [row.dropped, row.in], bad: (row) => row.dropped > 0 },
    edges: { words: 'the busiest first', keys: (row) => [row.packets] },
};

/** Listings that the page makes of the counters itself; those of `amtgraph show` have the same columns. */
const OWN = {
    elements: {
        help: 'packets in and out of each element',
        columns: [{ name: 'element' }, { name: 'class' }, { name: 'in', unit: 'packets' }, { name: 'out', unit: 'packets' },
            { name: 'dropped', unit: 'packets' }],
        rows: (run) => Object.entries(run.counters).map(([element, now]) => ({
            element, class: now.class, in: now.taken,
            out: Object.values(now.ports).reduce((sum, port) => sum + port.packets, 0),
            dropped: Object.values(now.drops).reduce((sum, n) => sum + n, 0),
        })),
    },
    edges: {
        help: 'what has passed each edge',
        columns: [{ name: 'edge', wide: 70 }, { name: 'type' }, { name: 'packets', unit: 'packets' }, { name: 'octets', unit: 'octets' }],
        rows: (run) => run.edges.map((e, i) => ({
            edge: e.name, type: e.type, packets: run.seen[i].packets, octets: run.seen[i].octets,
        })),
    },
    counters: {
        help: 'all counters that are not 0',
        columns: [{ name: 'element' }, { name: 'counter' }, { name: 'value' }],
        rows: (run) => Object.entries(run.counters).flatMap(([element, now]) => [
            ...Object.entries(now.counters).filter(([, v]) => v).map(([counter, value]) => ({ element, counter, value })),
            ...Object.entries(now.drops).filter(([, v]) => v).map(([name, value]) => ({ element, counter: `dropped: ${name}`, value })),
        ]),
    },
};

class TablesView {
    constructor(root, run, pickElement) {
        this.run = run;
        this.pickElement = pickElement;
        this.names = el('div', { class: 'names', role: 'group', 'aria-label': 'Which table' });
        this.search = el('input', { type: 'search', placeholder: 'Filter ( / )', 'aria-label': 'filter rows', class: 'filter',
            oninput: () => { this.table?.filter(this.search.value); this.tell(); } });
        this.worst = el('button', { type: 'button', 'aria-pressed': true, onclick: () => { this.table?.worstFirst(); this.tell(); } }, 'Worst first');
        this.note = el('span', { class: 'note', role: 'status' });
        this.place = el('div', { class: 'table-place' });
        root.replaceChildren(el('div', { class: 'bar' }, this.names, this.search, this.worst, this.note), this.place);
        this.place.addEventListener('click', () => this.tell());
    }

    /** The run has told what it can show. */
    learn() {
        const all = [...this.run.listings, ...Object.entries(OWN).map(([name, own]) => ({ name, ...own }))];
        this.all = new Map(all.map((listing) => [listing.name, listing]));
        this.names.replaceChildren(...all.map(({ name, help }) => el('button', { type: 'button', title: help,
            'data-name': name, onclick: () => this.open(name) }, name)));
        this.open(this.all.has(this.name) ? this.name : this.all.has('gateways') ? 'gateways' : all[0].name);
    }

    open(name) {
        const listing = this.all.get(name);
        this.name = name;
        this.problem = '';
        for (const button of this.names.children)
            button.setAttribute('aria-pressed', button.dataset.name === name);
        const columns = [...listing.columns];
        if (!OWN[name])
            columns.push({ name: 'element', help: 'of which element' });
        this.table = new RowTable({ label: name, columns, worst: WORST[name]?.keys, pick: (row) => this.pickElement(row) });
        this.table.words = this.search.value.trim().toLowerCase();
        this.worst.title = WORST[name]?.words ?? 'as the run lists them';
        this.place.replaceChildren(this.table.root);
        this.update();
    }

    /** As it is now; when nobody looks, nothing is asked. */
    async update() {
        const name = this.name;
        if (!this.all || !this.place.offsetParent || this.asking)
            return;
        if (OWN[name]) {
            this.take(name, OWN[name].rows(this.run));
            return;
        }
        if (performance.now() - (this.asked ?? -Infinity) < EVERY_MS - 100 && this.askedFor === name)
            return;
        this.asking = true;
        this.asked = performance.now();
        this.askedFor = name;
        try {
            const { rows, more } = await ask(`/api/show/${name}?limit=${LISTED}`);
            this.problem = more ? `only the first ${count(LISTED)} rows` : '';
            this.take(name, rows);
        } catch (problem) {
            this.problem = problem.message;
        }
        this.asking = false;
        this.tell();
        if (this.name !== name)
            this.update();
    }

    take(name, rows) {
        if (name !== this.name)
            return;
        const start = performance.now(), bad = WORST[name]?.bad;
        for (const row of rows)
            row.bad = bad?.(row);
        this.table.set(rows);
        performance.measure('table', { start });
        this.tell();
    }

    tell() {
        const { shown, rows, by } = this.table;
        const text = shown.length === rows.length ? many(rows.length, 'row') : `${count(shown.length)} of ${many(rows.length, 'row')}`;
        say(this.note, [text, this.problem].filter(Boolean).join('; '));
        this.worst.setAttribute('aria-pressed', by < 0);
    }
}
