/* The page by keyboard: views, their filters, the pace, and the list of keys. */

const KEYS = [
    ['g  m  t  d', 'graph, messages, tables, drops'], ['Tab', 'to the next part'],
    ['arrow keys', 'from line to line, row to row, octet to octet'], ['Enter', 'open what has the focus'],
    ['Esc', 'close what is open below'], ['/', 'filter'], ['h', 'hide field names, or show them'],
    ['Space', 'play, or pause (virtual run)'], ['n', 'one packet (virtual run)'], ['e', 'one event (virtual run)'],
    ['j', 'jump to a time (virtual run)'], ['?', 'these keys'],
];

function helpOpen() {
    const help = byId('help');
    help.replaceChildren(el('h2', { id: 'help-title' }, 'Keys'),
        el('dl', {}, KEYS.flatMap(([key, does]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, does)])),
        el('button', { type: 'button', autofocus: true, onclick: () => help.close() }, 'Close'));
    help.showModal();
}

/** acts: {key: () => ...}; keys that are text somewhere are left alone there. */
function keysOpen(acts) {
    document.addEventListener('keydown', (event) => {
        if (event.ctrlKey || event.altKey || event.metaKey || byId('help').open)
            return;
        const writes = event.target.closest('input:not([type=checkbox]):not([type=radio]), select, textarea');
        const presses = event.key === ' ' && event.target.closest('button, input, a, [role=button]');
        if ((writes && event.key !== 'Escape') || presses)
            return;
        const act = acts[event.key];
        if (!act)
            return;
        event.preventDefault();
        act();
    });
}

/** Views behind tabs (the ARIA practice "tabs"). opened(name): a view is in sight now. */
class Tabs {
    constructor(names, opened) {
        this.names = names;
        this.opened = opened;
        const list = byId('tabs');
        list.addEventListener('click', (e) => e.target.closest('[role=tab]') && this.open(e.target.closest('[role=tab]').id.slice(4)));
        list.addEventListener('keydown', (event) => {
            const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
            if (!step)
                return;
            const next = names.at((names.indexOf(this.now) + step) % names.length);
            this.open(next);
            byId(`tab-${next}`).focus();
        });
    }

    open(name) {
        this.now = name;
        for (const other of this.names) {
            byId(`view-${other}`).hidden = other !== name;
            byId(`tab-${other}`).setAttribute('aria-selected', other === name);
            byId(`tab-${other}`).setAttribute('tabindex', other === name ? 0 : -1);
        }
        history.replaceState(null, '', `#${name}`);
        this.opened(name);
    }
}
