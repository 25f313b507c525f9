/* A virtual run, step by step: its pace, and what the element at work does to a packet. */

const SPEEDS = [[0.1, '1/10'], [0.5, '1/2'], [1, '1'], [10, '10'], [60, '60'], [600, '600'], [0, 'as fast as it can']];

/** The buttons of the pace, shown only for a run that can be told. */
class PaceBar {
    constructor(root) {
        this.root = root;
        const button = (step, text, key) => el('button', { type: 'button', 'data-step': step, title: `${text} (${key})`,
            onclick: () => this.go(step) }, text);
        this.play = button('play', 'Play', 'Space');
        this.steps = [button('packet', 'One packet', 'n'), button('event', 'One event', 'e')];
        this.speed = el('select', { 'aria-label': 'speed of play', onchange: () => this.state?.mode === 'play' && this.go('play') },
            SPEEDS.map(([value, text]) => el('option', { value, selected: value === 1 }, value ? `${text} s a second` : text)));
        this.until = el('input', { type: 'text', size: 7, placeholder: '1.5s', 'aria-label': 'time to jump to, such as 1m30s', title: 'Time to jump to (j)',
            onkeydown: (e) => e.key === 'Enter' && this.go('until') });
        this.jump = button('until', 'Jump', 'j');
        this.clock = el('output', { class: 'clock' });
        this.note = el('span', { class: 'note', role: 'status' });
        root.replaceChildren(this.clock, this.play, this.speed, ...this.steps, this.until, this.jump, this.note);
    }

    async go(step) {
        if (step === 'play' && this.state?.mode !== 'paused' && !this.changing)
            step = 'pause';
        const order = { step };
        if (step === 'play')
            order.speed = Number(this.speed.value);
        if (step === 'until')
            order.until = this.until.value.trim();
        try {
            await tell(order);
            this.problem = '';
            this.until.blur(); // the next key is one of the page's again
        } catch (problem) {
            this.problem = problem.message;
        }
        this.say();
    }

    /** What the run says of its pace. */
    take(state) {
        this.state = state;
        const playing = state.mode !== 'paused';
        say(this.play, playing ? 'Pause' : 'Play');
        for (const control of [this.play, ...this.steps, this.jump])
            control.disabled = state.ended;
        this.tick(state.now);
        this.say();
    }

    tick(now) {
        say(this.clock, seconds(now));
    }

    say() {
        const { at, mode, next, ended } = this.state ?? {};
        const where = { start: 'at the start', packet: 'at a packet', event: 'after an event', time: 'at the time', end: 'at the end' };
        const words = ended ? 'the run has come to its end' : mode !== 'paused' ? 'running'
            : `stands ${where[at] ?? ''}${next === null || next === undefined ? '' : `; the next event is at ${seconds(next)}`}`;
        say(this.note, this.problem || words);
    }
}

/** "64 → 63", "added", "removed" */
function changeWords(change) {
    if (change.what === 'value')
        return `${change.was} → ${change.is}`;
    return change.octets ? `${change.what}, ${many(change.octets, 'octet')}` : change.what;
}

/** Where the run stands: the element at work, its line of YAML, and what it has changed. */
class StepPanel {
    constructor(run, stand) {
        this.run = run;
        this.stand = stand; // (crossing) => ...: to be shown in the drawing
        this.view = new PacketView();
        this.list = new PacketList((crossing) => this.show(crossing));
        this.list.follow = true;
        this.who = el('p', { class: 'facts' });
        this.yaml = el('pre', { class: 'yaml' });
        this.changes = el('ul', { class: 'changes' });
        this.look = ['before', 'after'].map((name) => el('label', {}, el('input', { type: 'radio', name: 'look', value: name,
            checked: name === 'after', onchange: () => this.showOctets() }), ` ${name}`));
        this.which = el('span', { class: 'look', role: 'radiogroup', 'aria-label': 'the packet' }, 'Octets ', this.look);
        this.root = el('div', { class: 'panel step' },
            el('div', { class: 'work' }, el('div', {}, this.who, this.yaml), el('div', { class: 'changed-list' }, this.changes, this.which)),
            el('div', { class: 'panes' }, this.list.list, this.view.root));
    }

    take(crossing) {
        const { from, to, packet } = crossing;
        this.list.add(JSON.stringify(crossing), (c) => ({ ...c, words: packet.words, where: `${from.element} → ${to?.element ?? 'out'}` }));
    }

    clear() {
        this.list.clear();
        this.view.show({});
    }

    async show(crossing) {
        const { from, to, before, changes } = crossing;
        this.crossing = crossing;
        say(this.who, `${from.element} (${from.class}) → ${to ? `${to.element}.${to.port}` : 'nowhere'}`);
        this.stand(crossing);
        const list = !before ? [el('li', {}, 'made here, of no packet that came in')]
            : crossing.becomes ? [el('li', {}, 'another packet than the one that came in')]
                : changes.length ? changes.map((change) => el('li', { class: change.hence ? 'soft' : null }, hidden(change.name), ' ', changeWords(change)))
                    : [el('li', {}, 'passed on as it came')];
        this.changes.replaceChildren(...list);
        this.which.hidden = !before;
        this.showOctets();
        const { elements } = await this.run.describe();
        if (this.crossing === crossing)
            say(this.yaml, `${fileName(from.file)}:${from.line}  ${(elements.get(from.element)?.yaml ?? '').trim()}`);
    }

    showOctets() {
        const { packet, before, changes = [] } = this.crossing;
        const was = before && this.look[0].firstChild.checked;
        const marks = changes.filter((change) => was ? change.was_at : change.is_at).map((change) => {
            const [first, octets] = was ? change.was_at : change.is_at;
            return [first, Math.min(octets, change.octets ?? octets)]; // a header reaches less far than its layer
        });
        this.view.show(was ? before : packet, marks, new Set(changes.map((change) => change.name)));
    }

    redraw() {
        this.list.redraw();
    }
}
