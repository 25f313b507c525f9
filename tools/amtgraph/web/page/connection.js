/* Asking the run, and hearing from it. */

const AGAIN_MS = 1000;

/** The answer of a place of the API, as JSON. Throws with what the run says is wrong. */
async function ask(path) {
    const reply = await fetch(path);
    const json = await reply.json();
    if (json.error)
        throw new Error(json.error);
    return json;
}

/** Tell a paced run to go on. */
async function tell(order) {
    const reply = await fetch('/api/pace', {
        method: 'POST', headers: { 'X-Amtgraph': '1' }, body: JSON.stringify(order),
    });
    const json = await reply.json();
    if (json.error)
        throw new Error(json.error);
    return json;
}

/**
 * Server-sent events, as long as they are wanted: a connection that is lost is made again.
 * on: {EVENT: (text) => ...}, the text being a line of JSON; `lost(why)` when it breaks.
 */
class Stream {
    constructor(query, on, lost = () => {}) {
        this.path = `/api/events?${new URLSearchParams(query)}`;
        this.on = on;
        this.lost = lost;
        this.open();
    }

    open() {
        this.source = new EventSource(this.path);
        for (const [event, act] of Object.entries(this.on))
            this.source.addEventListener(event, (e) => act(e.data));
        this.source.addEventListener('error', () => {
            this.lost();
            if (this.source.readyState === EventSource.CLOSED) // refused; a browser does not try again
                this.timer = setTimeout(() => this.open(), AGAIN_MS);
        });
    }

    close() {
        clearTimeout(this.timer);
        this.source.close();
    }
}
