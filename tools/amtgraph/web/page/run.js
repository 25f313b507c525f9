/* What is known of the run: its drawing, and its counters with their rates. */

class Run {
    constructor() {
        this.status = null;
        this.forget();
    }

    /** Another run may be there now, with another graph. */
    forget() {
        this.drawing = null;
        this.edges = [];    // of the graph: {from, out, to, in, type, line, name}
        this.lines = [];    // drawn: {parts, packets, octets, rate, octetRate}
        this.listings = [];
        this.described = null;
        this.restart();
    }

    /** All counters begin anew. */
    restart() {
        this.counters = {}; // by element
        this.seconds = 0;
        this.drops = new Map();
        this.boxDrops = [];
        for (const line of this.lines)
            Object.assign(line, { packets: 0, octets: 0, rate: 0, octetRate: 0 });
        this.seen = this.edges.map(() => ({ packets: 0, octets: 0 }));
    }

    /** Fetch what does not change while it runs. */
    async learn() {
        const [drawing, { edges }, { listings }] = await Promise.all([
            ask('/api/graph').catch(() => null), ask('/api/edges'), ask('/api/listings')]);
        this.forget();
        this.drawing = drawing;
        this.edges = edges;
        this.listings = listings;
        this.lines = (drawing?.edges ?? []).map(() => ({ parts: [] }));
        this.leaving = new Map(); // element: its edges
        edges.forEach((edge, i) => {
            edge.name = `${edge.from}.${edge.out} -> ${edge.to}.${edge.in}`;
            if (!this.leaving.has(edge.from))
                this.leaving.set(edge.from, []);
            this.leaving.get(edge.from).push(i);
            this.lines[drawing?.edge_edge[i]]?.parts.push(i);
        });
        this.restart();
    }

    /** Classes, and the lines of YAML of all elements. Large worlds have many, so only when wanted. */
    async describe() {
        this.described ??= ask('/api/elements').then(({ classes, elements }) => ({
            classes, elements: new Map(elements.map((e) => [e.name, e])),
        }));
        return this.described;
    }

    /** Which edge leads from there; its index, or -1. */
    edgeFrom(element, port) {
        return (this.leaving?.get(element) ?? []).find((i) => this.edges[i].out === port) ?? -1;
    }

    edgeName(i) {
        return this.edges[i].name.replace('->', '→');
    }

    /** The drawn box of an element, by its name: itself, or the row that it is in. */
    boxOf(element) {
        return (this.drawing?.boxes ?? []).findIndex((box) => box.name === element ||
            (box.count && element.startsWith(`${box.name}[`)));
    }

    /** Counters have come: all that are not 0, or those that have changed. */
    count(news) {
        if (!news.changes)
            this.restart();
        const time = news.seconds - this.seconds, first = this.seconds === 0;
        const before = this.lines.map((line) => [line.packets, line.octets]);
        for (const drop of this.drops.values())
            drop.before = drop.packets;
        for (const [name, changes] of Object.entries(news.elements)) {
            const element = this.counters[name] ??= { class: changes.class, taken: 0, counters: {}, drops: {}, ports: {} };
            element.taken = changes.taken ?? element.taken;
            Object.assign(element.counters, changes.counters);
            Object.assign(element.drops, changes.drops);
            for (const [port, now] of Object.entries(changes.ports ?? {}))
                element.ports[port] = { packets: 0, octets: 0, ...element.ports[port], ...now };
            if (changes.ports)
                this.countEdges(name, element);
            if (changes.drops)
                this.countDrops(name, { class: element.class, drops: changes.drops });
        }
        this.seconds = news.seconds;
        if (time <= 0 && !first)
            return;
        this.lines.forEach((line, i) => {
            line.rate = first ? 0 : Math.max(0, line.packets - before[i][0]) / time;
            line.octetRate = first ? 0 : Math.max(0, line.octets - before[i][1]) / time;
        });
        for (const drop of this.drops.values())
            drop.rate = first ? 0 : Math.max(0, drop.packets - (drop.before ?? 0)) / time;
    }

    countEdges(name, element) {
        for (const i of this.leaving.get(name) ?? []) {
            const now = element.ports[this.edges[i].out], seen = this.seen[i];
            const line = this.lines[this.drawing?.edge_edge[i]];
            if (!now)
                continue;
            if (line) {
                line.packets += now.packets - seen.packets;
                line.octets += now.octets - seen.octets;
            }
            seen.packets = now.packets;
            seen.octets = now.octets;
        }
    }

    countDrops(name, element) {
        for (const [reason, packets] of Object.entries(element.drops)) {
            const key = `${name} ${reason}`, old = this.drops.get(key);
            if (!packets && !old)
                continue;
            const box = old?.box ?? this.boxOf(name);
            if (box >= 0)
                this.boxDrops[box] = (this.boxDrops[box] ?? 0) + packets - (old?.packets ?? 0);
            if (old)
                old.packets = packets;
            else
                this.drops.set(key, { element: name, reason, packets, box, rate: 0, class: element.class });
        }
    }

    /** How many packets were dropped, of all elements. */
    dropped() {
        let sum = 0;
        for (const drop of this.drops.values())
            sum += drop.packets;
        return sum;
    }
}
