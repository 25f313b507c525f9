/* The page: what the run says, to those who show it. */

const SILENT_MS = 5000; // counters come every second

const run = new Run();
const panels = { edge: new EdgePanel(run), element: new ElementPanel(run), caught: new CaughtPanel() };
const pace = new PaceBar(byId('pace'));
const step = new StepPanel(run, (crossing) => {
    const edge = run.edgeFrom(crossing.from.element, crossing.from.port);
    graph.stand(run.drawing?.edge_edge[edge] ?? -1, run.boxOf(crossing.from.element));
});
const dock = new Dock((closed) => {
    graph.unchoose();
    if (run.status?.paced && closed !== step && step.crossing)
        openStep();
});

const graph = new GraphView(byId('view-graph'), run, (kind, i) => {
    if (kind === 'line') {
        dock.show(`Edge ${run.edgeName(run.lines[i].parts[0])}`, panels.edge);
        panels.edge.show(i);
        return;
    }
    openElement(run.drawing.boxes[i].count ? null : run.drawing.boxes[i].name, run.drawing.boxes[i].name);
});
const ladder = new LadderView(byId('view-ladder'), run, (message) => {
    dock.show(`${seconds(message.time)}, ${message.gateway}`, panels.caught);
    panels.caught.show(message.packet);
});
const tables = new TablesView(byId('view-tables'), run, (row) => openElement(row.element, row.element));
const drops = new DropsView(byId('view-drops'), run, (row, packet) => {
    if (!packet) {
        openElement(row.element, row.element);
        return;
    }
    dock.show(`Dropped by ${row.element}: ${row.reason}`, panels.caught);
    panels.caught.show(packet);
});
const views = { graph, ladder, tables, drops };
const tabs = new Tabs(Object.keys(views), (name) => {
    if (name === 'ladder')
        ladder.open();
    redraw(name);
});

/** A row of graphs has no element of its own; its name finds those in the tables. */
function openElement(name, words) {
    if (!name) {
        tabs.open('tables');
        tables.search.value = words;
        tables.open('elements');
        return;
    }
    dock.show(`Element ${name}`, panels.element);
    panels.element.show(name);
}

function openStep() {
    dock.show('At work', step);
}

/** What is in sight, as it is now. */
function redraw(name) {
    if (name === 'ladder')
        ladder.draw();
    else
        views[name]?.update();
}

/* ---- what the run tells ---------------------------------------------------------- */

let learning = null, heard = performance.now(), lostAt = 0;

/** Another process, or the first: everything anew. */
async function meet(status) {
    const known = run.status?.pid === status.pid && run.status?.run === status.run;
    run.status = status;
    say(byId('run'), status.run);
    say(byId('about'), `${status.summary ?? status.graph} · ${fileName(status.file)} · amtgraph ${status.version}`);
    document.title = `${status.run} – amtgraph`;
    if (known)
        return;
    dock.close();
    ladder.close();
    ladder.forget();
    drops.forget();
    step.clear();
    step.crossing = null;
    await run.learn();
    graph.draw();
    tables.learn();
    byId('pace').hidden = !status.paced;
    follow(status.paced);
}

/** Only a paced run tells of each packet. */
let crossings = null;
function follow(paced) {
    crossings?.close();
    crossings = !paced ? null : new Stream({ crossings: 1 }, {
        crossing: (text) => takeCrossing(JSON.parse(text).crossing),
        pace: (text) => {
            const line = JSON.parse(text);
            pace.take(line.pace);
            if (line.crossing && !step.crossing)
                takeCrossing(line.crossing);
        },
    });
}

function takeCrossing(crossing) {
    pace.tick(crossing.time);
    if (!dock.panel && tabs.now === 'graph')
        openStep();
    step.take(crossing);
}

async function takeCounters(text) {
    heard = performance.now();
    await learning;
    const start = performance.now();
    run.count(JSON.parse(text));
    if (tabs.now === 'ladder')
        ladder.open(); // it draws by itself, when there is a message
    else
        redraw(tabs.now);
    if (tabs.now !== 'drops')
        drops.update(); // how many, on its tab
    dock.panel?.update?.();
    if (run.status?.paced)
        pace.tick(run.seconds);
    performance.measure('update', { start });
}

function found() {
    lostAt = 0;
    heard = performance.now();
    byId('lost').hidden = true;
    document.body.classList.remove('stale');
    say(byId('state'), 'connected');
}

/** Say so, and what it means; the browser, or Stream, tries again. */
function lost(why) {
    lostAt ||= performance.now();
    say(byId('state'), 'not connected');
    document.body.classList.add('stale');
    const lostText = `${why} What you see is ${roughly((performance.now() - lostAt) / 1000)} old. Trying again every second.`;
    byId('lost').hidden = false;
    say(byId('lost'), lostText);
}

new Stream({ counters: '1s', changes: 1, drops: 1 }, {
    status: (text) => {
        found();
        learning = meet(JSON.parse(text)).catch((problem) => lost(`The run did not say what it is: ${problem.message}.`));
    },
    counters: (text) => takeCounters(text),
    drop: (text) => drops.take(text),
}, () => lost('Connection lost.'));

setInterval(() => {
    if (lostAt)
        lost('Connection lost.');
    else if (performance.now() - heard > SILENT_MS && run.status)
        say(byId('state'), `no answer for ${roughly((performance.now() - heard) / 1000)}`);
    else if (run.status)
        say(byId('state'), 'connected');
}, 1000);

/* ---- whoever looks ------------------------------------------------------------------ */

byId('quiz').addEventListener('change', (event) => {
    quiz.on = event.target.checked;
    for (const panel of [panels.edge, panels.caught, step])
        panel.redraw();
    redraw(tabs.now);
});
byId('help-button').addEventListener('click', helpOpen);
const paced = (act) => () => run.status?.paced && act();
keysOpen({
    g: () => tabs.open('graph'), m: () => tabs.open('ladder'), t: () => tabs.open('tables'), d: () => tabs.open('drops'),
    '/': () => document.querySelector('main > section:not([hidden]) .filter')?.focus(),
    h: () => byId('quiz').click(), '?': helpOpen, Escape: () => dock.close(),
    ' ': paced(() => pace.go('play')), n: paced(() => pace.go('packet')), e: paced(() => pace.go('event')),
    j: paced(() => pace.until.focus()),
});
tabs.open(views[location.hash.slice(1)] ? location.hash.slice(1) : 'graph');
