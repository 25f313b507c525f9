/* The graph as the run lays it out: boxes, lines, and what passes on them. */

const CORNER = 5;

/** Level and upright pieces with round corners. */
function pathOf(points) {
    const sign = Math.sign, far = (a, b) => Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]);
    let d = `M${points[0][0]} ${points[0][1]}`;
    for (let i = 1; i < points.length - 1; i++) {
        const [a, p, b] = [points[i - 1], points[i], points[i + 1]];
        const r = Math.min(CORNER, Math.min(far(a, p), far(p, b)) / 2);
        d += `L${p[0] - r * sign(p[0] - a[0])} ${p[1] - r * sign(p[1] - a[1])}` +
            `Q${p[0]} ${p[1]} ${p[0] + r * sign(b[0] - p[0])} ${p[1] + r * sign(b[1] - p[1])}`;
    }
    return `${d}L${points.at(-1)[0]} ${points.at(-1)[1]}`;
}

function headOf(points) {
    const [x, y] = points.at(-1), d = points.at(-2)[0] < x ? -1 : 1;
    return `M${x} ${y}L${x + 8 * d} ${y - 4}L${x + 8 * d} ${y + 4}Z`;
}

/** Wider, the faster: by the logarithm, so that a few packets show too. */
function widthOf(rate) {
    return 1.3 + 0.9 * Math.log10(1 + rate);
}

class GraphView {
    /** choose(kind, index): "line" or "box" was clicked, or Enter pressed on it. */
    constructor(root, run, choose) {
        this.run = run;
        this.choose = choose;
        this.scale = 0; // 0: as fits
        this.scroll = el('div', { class: 'graph-scroll' });
        this.zoomed = el('output', {}, 'fit');
        this.bar = el('div', { class: 'zoom', role: 'group', 'aria-label': 'Size of the drawing' },
            el('button', { type: 'button', 'aria-label': 'Smaller', onclick: () => this.zoom(1 / 1.25) }, '−'),
            el('button', { type: 'button', onclick: () => this.zoom(0) }, this.zoomed),
            el('button', { type: 'button', 'aria-label': 'Larger', onclick: () => this.zoom(1.25) }, '+'));
        root.replaceChildren(this.scroll, this.bar);
        new ResizeObserver(() => this.size()).observe(this.scroll);
        rove(this.scroll, '.item', (at, key) => this.neighbour(at, key));
        this.scroll.addEventListener('click', (e) => this.act(e.target.closest('.item')));
        this.scroll.addEventListener('keydown', (e) => {
            const item = e.target.closest('.item');
            if (item && (e.key === 'Enter' || e.key === ' ')) {
                e.preventDefault();
                e.stopPropagation();
                this.act(item);
            }
        });
    }

    act(item) {
        if (!item)
            return;
        this.chosen?.classList.remove('chosen');
        this.chosen = item;
        item.classList.add('chosen');
        item.focus({ preventScroll: true });
        this.choose(item.dataset.kind, Number(item.dataset.i));
        requestAnimationFrame(() => this.reveal(item)); // what opens below may cover it
    }

    /** A line as far as its beginning, where its label is. */
    reveal(item) {
        const { x, y } = this.placeOf(item), scale = this.svg.clientWidth / this.run.drawing.size.w, edge = 60;
        const view = this.scroll, at = { x: x * scale, y: y * scale };
        if (at.y < view.scrollTop + edge || at.y > view.scrollTop + view.clientHeight - 2 * edge)
            view.scrollTop = at.y - view.clientHeight / 2;
        if (at.x < view.scrollLeft + edge || at.x > view.scrollLeft + view.clientWidth - 4 * edge)
            view.scrollLeft = at.x - view.clientWidth / 2;
    }

    unchoose() {
        this.chosen?.classList.remove('chosen');
        this.chosen = null;
    }

    draw() {
        const d = this.run.drawing;
        if (!d) {
            this.svg = null;
            this.scroll.replaceChildren(el('p', { class: 'empty' }, 'This graph is too large to be drawn. Its tables and drops are there all the same.'));
            return;
        }
        const order = { reference: 0, records: 1, packets: 2 };
        const lines = d.edges.map((edge, i) => this.line(edge, i));
        const sorted = d.edges.map((edge, i) => i).sort((a, b) => order[d.edges[a].line] - order[d.edges[b].line]);
        this.boxes = d.boxes.map((box, i) => this.box(box, i));
        this.lines = lines;
        this.svg = sv('svg', { viewBox: `0 0 ${d.size.w} ${d.size.h}`, role: 'group',
            'aria-label': `graph ${d.name}: ${many(d.boxes.length, 'element')}` },
        d.frames.map((f) => sv('g', {}, sv('rect', { class: 'frame', x: f.x, y: f.y, width: f.w, height: f.h, rx: 8 }),
            sv('text', { class: 'frame-name', x: f.x + 9, y: f.y + 17 }, f.title),
            sv('text', { class: 'class', x: f.x + f.w - 9, y: f.y + 17, 'text-anchor': 'end' }, f.file))),
        sorted.map((i) => lines[i].node),
        d.gates.filter((g) => g.points.length > 1).map((g) => sv('g', {},
            sv('path', { class: 'wire', d: pathOf(g.points), 'stroke-width': 1.3 }), sv('path', { class: 'head', d: headOf(g.points) }),
            sv('text', { class: 'class', x: g.x + g.w / 2, y: g.y + 14, 'text-anchor': 'middle' }, g.name))),
        d.joins.map(([x, y]) => sv('circle', { class: 'head', cx: x, cy: y, r: 2.4 })),
        this.boxes.map((box) => box.node), lines.map((line) => line.label));
        this.scroll.replaceChildren(this.svg);
        this.items = [...this.svg.querySelectorAll('.item')];
        this.items[0]?.setAttribute('tabindex', 0);
        for (const { wire } of lines) // dashes that lie on each other are to be the same dashes
            wire.setAttribute('stroke-dashoffset', -wire.getTotalLength().toFixed(1));
        this.size();
    }

    line(edge, i) {
        const reference = edge.line === 'reference', d = pathOf(edge.points);
        const boxes = this.run.drawing.boxes;
        const name = `${boxes[edge.from].name}.${boxes[edge.from].ports[edge.out].name} to ${boxes[edge.to].name}`;
        const wire = sv('path', { class: `wire ${edge.line}`, d, 'stroke-width': 1.3 }), rate = sv('tspan', { class: 'rate', dx: 6 });
        const node = sv('g', reference ? { class: 'reference' } : { class: 'item edge', 'data-kind': 'line', 'data-i': i, tabindex: -1,
            role: 'button', 'aria-label': `edge ${name}, ${edge.type ?? 'nothing'}` },
        sv('title', {}, reference ? `${name}: a reference` : `${name} (${edge.type ?? 'nothing passes'})`),
        reference ? null : sv('path', { class: 'hit', d }), wire, sv('path', { class: `head ${edge.line}`, d: headOf(edge.points) }));
        const label = edge.label ? sv('text', { class: 'label', x: edge.label.x, y: edge.label.y + edge.label.h - 2 },
            edge.type ?? 'nothing', rate) : '';
        return { node, wire, rate, label, x: edge.points[0][0], y: edge.points[0][1] };
    }

    box(box, i) {
        const dropped = sv('text', { class: 'dropped', x: box.x + box.w, y: box.y + box.h + 12, 'text-anchor': 'end' });
        const pile = box.count ? [2, 1, 0] : [0];
        const node = sv('g', { class: `item box${box.host ? ' host' : ''}`, 'data-kind': 'box', 'data-i': i, tabindex: -1, role: 'button',
            'aria-label': `element ${box.name}, ${box.class}` },
        sv('title', {}, box.count ? `${box.name}: ${count(box.count)} of ${box.class}` : `${box.name}: ${box.summary}`),
        pile.map((k) => sv('rect', { x: box.x + 3 * k, y: box.y - 3 * k, width: box.w, height: box.h, rx: 4 })),
        sv('text', { class: 'title', x: box.x + 9, y: box.y + 16 }, box.title),
        sv('text', { class: 'class', x: box.x + 9, y: box.y + 30 }, box.count ? `${count(box.count)} × ${box.class}` : box.class),
        box.ports.length ? sv('path', { class: 'rule', d: `M${box.x} ${box.y + 36}h${box.w}` }) : null,
        box.ports.filter((p) => p.kind !== 'asked').map((p) => sv('text', {
            class: `port${p.kind === 'asks' ? ' asks' : p.used ? '' : ' open'}`, y: p.y + 4,
            x: p.side === 'left' ? box.x + 9 : box.x + box.w - 9, 'text-anchor': p.side === 'left' ? null : 'end' }, p.name)),
        dropped);
        return { node, dropped, x: box.x, y: box.y };
    }

    /** Rates and drops, as they are now. */
    update() {
        if (!this.svg)
            return;
        this.run.lines.forEach((line, i) => {
            const drawn = this.lines[i];
            if (this.run.drawing.edges[i].line === 'reference')
                return;
            const text = line.rate > 0 ? `${perSecond(line.rate)} ${bits(line.octetRate)}` : line.packets ? count(line.packets) : '';
            if (drawn.text === text)
                return;
            drawn.text = text;
            say(drawn.rate, text);
            drawn.wire.setAttribute('stroke-width', widthOf(line.rate).toFixed(2));
            drawn.node.classList.toggle('idle', !line.packets);
        });
        this.boxes.forEach((box, i) => {
            const dropped = this.run.boxDrops[i] ?? 0;
            say(box.dropped, dropped ? `${count(dropped)} dropped` : '');
        });
    }

    /** Where a paced run stands: on this line, by this box. -1: nowhere. */
    stand(line, box) {
        for (const node of this.svg?.querySelectorAll('.at-work') ?? [])
            node.classList.remove('at-work');
        this.lines?.[line]?.node.classList.add('at-work');
        this.lines?.[line]?.label && this.lines[line].label.classList.add('at-work');
        const node = this.boxes?.[box]?.node;
        node?.classList.add('at-work');
        if (node)
            this.reveal(node);
    }

    zoom(factor) {
        const w = this.run.drawing?.size.w ?? 1;
        this.scale = factor ? Math.min(3, Math.max(0.2, this.svg.clientWidth / w * factor)) : 0;
        this.size();
    }

    /** As wide as the window, but never so small that nobody can read it. */
    size() {
        if (!this.svg)
            return;
        const { w, h } = this.run.drawing.size;
        const fit = Math.min(1.15, Math.max(0.62, Math.min(this.scroll.clientWidth / w, Math.max(this.scroll.clientHeight / h, 0.75))));
        const scale = this.scale || fit;
        this.svg.style.width = `${Math.floor(w * scale)}px`;
        this.svg.style.height = `${Math.floor(h * scale)}px`;
        say(this.zoomed, `${Math.round(100 * scale)} %`);
    }

    /** The nearest box or line in the direction of an arrow key. */
    neighbour(at, key) {
        const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
        if (key === 'Home' || key === 'End')
            return this.items.at(key === 'Home' ? 0 : -1);
        const way = ways[key], from = way && this.placeOf(at);
        let best = null, least = Infinity;
        for (const item of way ? this.items : []) {
            const to = this.placeOf(item), x = to.x - from.x, y = to.y - from.y;
            const along = x * way[0] + y * way[1], aside = Math.abs(x * way[1]) + Math.abs(y * way[0]);
            if (item !== at && along > 0 && along + 3 * aside < least) {
                least = along + 3 * aside;
                best = item;
            }
        }
        return best;
    }

    placeOf(item) {
        return (item.dataset.kind === 'box' ? this.boxes : this.lines)[item.dataset.i];
    }
}
