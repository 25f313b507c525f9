/* A table of any number of rows, of which only those in sight are in the document. */

const ROW = 26;   // pixels; page.css says so too
const MARGIN = 8; // rows above and below what is in sight

const WORDS = new Intl.Collator('en', { numeric: true });

/** Numbers by size, the rest as text; what is missing comes last either way. */
function compare(a, b, down) {
    if (a === b)
        return 0;
    if (a === null || a === undefined || b === null || b === undefined)
        return (a ?? null) === null ? ((b ?? null) === null ? 0 : 1) : -1;
    const order = typeof a === 'number' && typeof b === 'number' ? a - b
        : WORDS.compare(String(a), String(b));
    return down ? -order : order;
}

class RowTable {
    /**
     * columns: [{name, unit, help, wide}]. worst: (row) => a list of keys, greatest first.
     * pick(row): it was clicked, or Enter pressed on it.
     */
    constructor({ label, columns, worst, pick }) {
        Object.assign(this, { columns, worst, pick, rows: [], shown: [], by: -1, down: false, words: '' });
        this.heads = columns.map((column, i) => el('th', { scope: 'col', title: column.help || null },
            el('button', { type: 'button', onclick: () => this.sortBy(i) }, column.name,
                column.unit && column.unit !== column.name ? el('span', { class: 'unit' }, ` ${column.unit}`) : null)));
        this.above = el('tr', { class: 'gap', 'aria-hidden': true });
        this.below = el('tr', { class: 'gap', 'aria-hidden': true });
        this.body = el('tbody', {}, this.above, this.below);
        this.cols = columns.map(() => el('col'));
        this.table = el('table', { 'aria-label': label }, el('colgroup', {}, this.cols), el('thead', {}, el('tr', {}, this.heads)), this.body);
        this.root = el('div', { class: 'rows', onscroll: () => this.drawSoon() }, this.table);
        this.drawSoon = calmly(() => this.draw(), 16);
        this.used = [];
        new ResizeObserver(() => this.drawSoon()).observe(this.root);
        rove(this.body, 'tr.row', (at, key) => this.move(at, key));
        if (pick) {
            this.body.addEventListener('click', (e) => this.picked(e.target.closest('tr.row')));
            this.body.addEventListener('keydown', (e) => e.key === 'Enter' && this.picked(e.target.closest('tr.row')));
        }
    }

    picked(tr) {
        if (tr)
            this.pick(this.shown[tr.dataset.at]);
    }

    /** New rows: [{column name: value}]. */
    set(rows) {
        this.rows = rows;
        this.arrange();
    }

    filter(words) {
        this.words = words.trim().toLowerCase();
        this.root.scrollTop = 0;
        this.arrange();
    }

    sortBy(i) {
        this.down = this.by === i ? !this.down : typeof this.rows[0]?.[this.columns[i].name] === 'number';
        this.by = i;
        this.arrange();
    }

    worstFirst() {
        this.by = -1;
        this.arrange();
    }

    matches(row) {
        return this.columns.some(({ name }) => cell(row[name]).toLowerCase().includes(this.words));
    }

    arrange() {
        const rows = this.words ? this.rows.filter((row) => this.matches(row)) : [...this.rows];
        const name = this.columns[this.by]?.name;
        if (name)
            rows.sort((a, b) => compare(a[name], b[name], this.down));
        else if (this.worst) {
            const keys = new Map(rows.map((row) => [row, this.worst(row)]));
            rows.sort((a, b) => {
                const x = keys.get(a), y = keys.get(b);
                for (let i = 0; i < x.length; i++)
                    if (x[i] !== y[i])
                        return compare(x[i], y[i], true);
                return compare(cell(a[this.columns[0].name]), cell(b[this.columns[0].name]), false);
            });
        }
        this.shown = rows;
        this.table.setAttribute('aria-rowcount', rows.length + 1);
        this.heads.forEach((head, i) => {
            if (i === this.by)
                head.setAttribute('aria-sort', this.down ? 'descending' : 'ascending');
            else
                head.removeAttribute('aria-sort');
        });
        this.measure();
        this.draw();
    }

    /** Columns as wide as what has ever been in them, so that nothing jumps about. */
    measure() {
        this.widths ??= this.columns.map((column) => Math.max(6, column.name.length + (column.unit?.length ?? 0) + 3));
        const step = Math.max(1, Math.floor(this.shown.length / 300));
        for (let r = 0; r < this.shown.length; r += step)
            this.columns.forEach((column, i) => {
                const length = cell(this.shown[r][column.name]).length + 2;
                this.widths[i] = Math.max(this.widths[i], Math.min(length, column.wide ?? 44));
            });
        this.cols.forEach((col, i) => { col.style.width = `${this.widths[i]}ch`; });
        this.table.style.width = `max(100%, ${this.widths.reduce((a, b) => a + b, 0)}ch)`;
    }

    draw() {
        const first = Math.max(0, Math.floor(this.root.scrollTop / ROW) - MARGIN);
        const last = Math.min(this.shown.length, first + Math.ceil((this.root.clientHeight || 400) / ROW) + 2 * MARGIN);
        while (this.used.length < last - first) {
            const cells = this.columns.map(() => el('td'));
            const tr = el('tr', { class: 'row', tabindex: -1 }, cells);
            this.used.push({ tr, cells });
            this.below.before(tr);
        }
        for (const { tr } of this.used.splice(last - first))
            tr.remove();
        this.used.forEach(({ tr, cells }, k) => this.drawRow(tr, cells, first + k));
        this.above.style.height = `${first * ROW}px`;
        this.below.style.height = `${(this.shown.length - last) * ROW}px`;
        if (!this.body.querySelector('tr.row[tabindex="0"]'))
            this.used[0]?.tr.setAttribute('tabindex', 0);
    }

    drawRow(tr, cells, at) {
        const row = this.shown[at];
        tr.dataset.at = at;
        tr.setAttribute('aria-rowindex', at + 2);
        tr.classList.toggle('bad', Boolean(row.bad));
        this.columns.forEach(({ name }, i) => {
            const text = cell(row[name]);
            if (cells[i].textContent !== text) {
                cells[i].textContent = text;
                cells[i].title = text.length > 40 ? text : '';
            }
            const number = typeof row[name] === 'number';
            cells[i].className = number ? 'number' : '';
            if (number)
                this.heads[i].className = 'number';
        });
    }

    move(at, key) {
        const page = Math.max(1, Math.floor(this.root.clientHeight / ROW) - 2), last = this.shown.length - 1;
        const step = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity }[key];
        if (!step)
            return null;
        const to = Math.min(last, Math.max(0, Number(at.dataset.at) + step));
        if (to * ROW < this.root.scrollTop)
            this.root.scrollTop = to * ROW;
        else if ((to + 3) * ROW > this.root.scrollTop + this.root.clientHeight)
            this.root.scrollTop = (to + 3) * ROW - this.root.clientHeight;
        this.draw();
        return this.used.find(({ tr }) => Number(tr.dataset.at) === to)?.tr;
    }
}
