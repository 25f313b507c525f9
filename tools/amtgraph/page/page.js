'use strict';

/* Text only: nothing that a packet or a graph says is ever taken for HTML. */
function row(cells) {
    const tr = document.createElement('tr');
    for (const cell of cells) {
        const td = document.createElement('td');
        td.textContent = cell;
        tr.append(td);
    }
    return tr;
}

function show(counters) {
    const rows = [];
    for (const [element, of] of Object.entries(counters.elements))
        for (const [name, value] of Object.entries(of.counters))
            if (value)
                rows.push(row([element, name, String(value)]));
    document.getElementById('counters').replaceChildren(...rows);
}

const state = document.getElementById('state');
const events = new EventSource('/api/events?counters=1s');
events.addEventListener('status', (e) => {
    const status = JSON.parse(e.data);
    document.getElementById('run').textContent = status.run;
    state.textContent = 'connected';
});
events.addEventListener('counters', (e) => show(JSON.parse(e.data)));
events.addEventListener('error', () => {
    state.textContent = 'connection lost; trying again';
});
