/* The drawing of the ladder: who talks, what, and what belongs together by nonce and MAC. */

const DRAWN = 120;       // messages at a time
const COLUMNS = 6;       // gateways with a line of their own
const STEP = 40, TOP = 46, LEFT = 104, GATEWAY = 150, RELAY = 330, LANE = 26;
const TITLES = {
    discovery: 'Relay Discovery', advertisement: 'Relay Advertisement', request: 'Request', query: 'Membership Query',
    update: 'Membership Update', teardown: 'Teardown', data: 'Multicast Data',
};
const LADDER_STYLE = 'svg{font-family:system-ui,sans-serif;background:#fff}text{fill:#1a1d21;font-size:12px}' +
    '.soft{fill:#4b5563;font-size:11px}.time{font-family:ui-monospace,monospace;font-size:11px;fill:#4b5563}' +
    '.life{stroke:#9ca3af;stroke-dasharray:3 3}.arrow{stroke:#1a1d21;stroke-width:1.4;fill:none}.tip{fill:#1a1d21}' +
    '.who{font-weight:600}.bracket{fill:none;stroke:#1d4ed8;stroke-width:1.4}.bracket.mac{stroke:#6b7280;stroke-dasharray:5 3}' +
    '.mark{font-family:ui-monospace,monospace;font-size:10px;fill:#4b5563}.lost{stroke:#b42318;stroke-dasharray:4 3}' +
    '.wrong{fill:#b42318;font-weight:600}.hit{fill:none}';

/** What belongs together: [{label, kind: "nonce" | "mac", rows}], each of two messages at least. */
function ladderGroups(messages) {
    const groups = new Map();
    const put = (kind, value, m, i) => {
        const key = `${kind} ${m.gateway} ${value}`;
        if (!groups.has(key))
            groups.set(key, { kind, label: `${kind === 'mac' ? 'MAC' : 'nonce'} ${value}`, rows: [] });
        groups.get(key).rows.push(i);
    };
    messages.forEach((m, i) => {
        if (m.nonce)
            put('nonce', m.nonce, m, i);
        if (m.mac)
            put('mac', m.mac, m, i);
    });
    return [...groups.values()].filter((group) => group.rows.length > 1);
}

/** Give each group a lane in which it meets no other. */
function ladderLanes(groups) {
    const ends = [];
    for (const group of groups.sort((a, b) => a.rows[0] - b.rows[0])) {
        let lane = ends.findIndex((end) => end < group.rows[0]);
        if (lane < 0)
            lane = ends.length;
        ends[lane] = group.rows.at(-1);
        group.lane = lane;
    }
    return ends.length;
}

/** A MAC that is not the one of the Query with this nonce. */
function isWrongMac(messages, m) {
    const query = messages.findLast((q) => q.kind === 'query' && q.nonce === m.nonce && q.gateway === m.gateway);
    return (m.kind === 'update' || m.kind === 'teardown') && query && query.mac !== m.mac;
}

/** What a message says, in a few words, of its fields. */
function ladderWords(packet) {
    const layers = packet.layers.filter((layer) => layer.layer !== 'ip4' && layer.layer !== 'ip6' && layer.layer !== 'udp');
    const amt = layers.find((layer) => layer.layer === 'amt'), inner = layers.at(-1);
    const all = (layer, name) => layer.fields.filter((field) => field.name === name).map((field) => field.value);
    if (amt.message === 'request')
        return all(amt, 'p')[0] === '1' ? 'for MLDv2' : 'for IGMPv3';
    if (inner === amt)
        return ['relay', 'gateway-address'].flatMap((name) => all(amt, name)).join(' ');
    const records = inner.fields.filter((field) => /^records\[\d+\]$/.test(field.name)).length;
    const types = all(inner, 'type').slice(-records), groups = all(inner, 'group'), sources = all(inner, 'sources');
    if (!records)
        return `${inner.title} ${inner.message ?? ''} ${groups.filter((g) => !/^(0\.0\.0\.0|::)$/.test(g)).join(' ')}`;
    return `${inner.title} ${inner.message}: ${groups.map((group, i) => `${types[i]} ${group} ${sources[i] ?? ''}`).join(', ')}`;
}

function ladderBracket(group, x, messages) {
    const y = (i) => TOP + STEP * (i + 1), at = x + LANE * group.lane;
    const first = y(group.rows[0]), last = y(group.rows.at(-1));
    const ticks = group.rows.map((i) => `M${at - 7} ${y(i)}h7`).join('');
    return sv('g', { class: 'group' }, sv('title', {}, `${group.label}: ${group.rows.map((i) => TITLES[messages[i].kind]).join(', ')}`),
        sv('path', { class: `bracket ${group.kind}`, d: `M${at} ${first}V${last}${ticks}` }),
        sv('text', { class: 'mark', transform: `translate(${at + 11} ${first}) rotate(90)` }, quiz.on ? '?' : group.label));
}

function ladderMessage(m, i, x, relay, messages) {
    const y = TOP + STEP * (i + 1), [from, to] = m.down ? [relay, x] : [x, relay];
    const way = Math.sign(to - from), end = m.lost ? from + (to - from) * 0.6 : to, mid = Math.max(from, to) - RELAY / 2;
    const late = m.arrived === undefined ? '' : `, arrived ${seconds(m.arrived)}`;
    const detail = ladderWords(m.packet).trim();
    const title = TITLES[m.kind] ?? m.kind, wrong = isWrongMac(messages, m);
    const fact = m.lost ? 'did not arrive' : wrong ? 'its MAC is not that of the Query' : '';
    return sv('g', { class: 'message', role: 'button', tabindex: i ? -1 : 0, 'data-i': i,
        'aria-label': `${seconds(m.time)}: ${title}, ${m.gateway} ${m.down ? 'from' : 'to'} the relay ${fact}` },
    sv('title', {}, `${quiz.on ? '' : m.packet.words}\nsent ${seconds(m.time)}${late}`),
    sv('rect', { class: 'hit', x: 0, y: y - 24, width: relay + 6, height: STEP - 4, rx: 4 }),
    sv('text', { class: 'time', x: 4, y: y + 4 }, seconds(m.time)),
    sv('path', { class: `arrow${m.lost ? ' lost' : ''}`, d: `M${from} ${y}H${end - (m.lost ? 0 : 8 * way)}` }),
    m.lost ? sv('path', { class: 'arrow lost cross', d: `M${end - 5} ${y - 5}l10 10m0 -10l-10 10` })
        : sv('path', { class: 'tip', d: `M${to} ${y}l${-9 * way} -4v8z` }),
    sv('text', { x: mid, y: y - 6, 'text-anchor': 'middle' }, quiz.on ? '?' : title,
        fact ? sv('tspan', { class: 'wrong', dx: 6 }, fact) : null),
    quiz.on || !detail ? null : sv('text', { class: 'soft', x: mid, y: y + 13, 'text-anchor': 'middle' },
        detail.length > 52 ? `${detail.slice(0, 51)}…` : detail));
}

/** The whole ladder of these messages: {time, kind, gateway, down, lost, arrived, nonce, mac, packet}. */
function ladderSvg(messages) {
    const all = [...new Set(messages.map((m) => m.gateway))], own = all.slice(-COLUMNS);
    const folded = all.length > own.length, columns = folded ? ['others', ...own] : own;
    const x = new Map(columns.map((name, k) => [name, LEFT + 60 + GATEWAY * k]));
    const relay = LEFT + 60 + GATEWAY * (columns.length - 1) + RELAY;
    const groups = ladderGroups(messages), lanes = ladderLanes(groups);
    const w = relay + 60 + LANE * lanes + 20, h = TOP + Math.max(STEP * (messages.length + 1),
        ...groups.map((group) => STEP * (group.rows[0] + 1) + 7 * group.label.length)); // labels are upright
    const life = (name, at) => [sv('path', { class: 'life', d: `M${at} ${TOP - 14}V${h - 14}` }),
        sv('text', { class: 'who', x: at, y: TOP - 24, 'text-anchor': 'middle' }, name)];
    return sv('svg', { width: w, height: h, viewBox: `0 0 ${w} ${h}`, role: 'group', 'aria-label': many(messages.length, 'message') },
        columns.map((name) => life(name === 'others' ? `${count(all.length - own.length)} others` : name, x.get(name))).flat(),
        life('relay', relay), groups.map((group) => ladderBracket(group, relay + 36, messages)),
        messages.map((m, i) => ladderMessage(m, i, x.get(m.gateway) ?? x.get('others'), relay, messages)));
}

/** As a file of its own, with its style in it. */
function ladderFile(svg) {
    const copy = svg.cloneNode(true);
    copy.setAttribute('xmlns', SVG);
    copy.prepend(sv('style', {}, LADDER_STYLE));
    for (const node of copy.querySelectorAll('[tabindex]'))
        node.removeAttribute('tabindex');
    return new XMLSerializer().serializeToString(copy);
}
