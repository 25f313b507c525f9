/* Making elements. Whatever a packet or a graph says gets into the page by here, as text only. */

/* The namespace is named like an address, and the page is to hold none: the parser knows it. */
const SVG = byId('svg').namespaceURI;

/**
 * Set attributes and add children. A name of the form `onclick` takes a function; `false`, null
 * and undefined leave an attribute out. Children that are no nodes become text.
 */
function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes ?? {})) {
        if (typeof value === 'function')
            node.addEventListener(name.slice(2), value);
        else if (value !== false && value !== null && value !== undefined)
            node.setAttribute(name, value === true ? '' : String(value));
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return node;
}

/** An element of HTML. */
function el(name, attributes, ...children) {
    return fill(document.createElement(name), attributes, children);
}

/** An element of SVG. */
function sv(name, attributes, ...children) {
    return fill(document.createElementNS(SVG, name), attributes, children);
}

function byId(id) {
    return document.getElementById(id);
}

/** Change the text of a node, unless it says so already. */
function say(node, text) {
    if (node.textContent !== text)
        node.textContent = text;
}

/** A function that does `act` soon, but not more often than every `ms`. */
function calmly(act, ms) {
    let timer = 0, last = 0;
    return () => {
        if (timer)
            return;
        timer = setTimeout(() => {
            timer = 0;
            last = performance.now();
            act();
        }, Math.max(0, last + ms - performance.now()));
    };
}

/**
 * One of many is reached by Tab, the others by arrow keys (the ARIA practice "roving tabindex").
 * next(node, key): where to go; nothing: nowhere.
 */
function rove(root, selector, next) {
    root.addEventListener('keydown', (event) => {
        const at = event.target.closest(selector);
        if (!at || event.ctrlKey || event.altKey || event.metaKey)
            return;
        const to = next(at, event.key);
        if (!to)
            return;
        event.preventDefault();
        event.stopPropagation();
        root.querySelectorAll(`${selector}[tabindex="0"]`).forEach((old) => old.setAttribute('tabindex', -1));
        to.setAttribute('tabindex', 0);
        to.focus();
    });
}

/** For `rove`: along a list, by the keys of a column or a row. */
function alongList(list, back = 'ArrowUp', forth = 'ArrowDown') {
    return (at, key) => {
        const all = list(), i = all.indexOf(at);
        return { [back]: all[i - 1], [forth]: all[i + 1], Home: all[0], End: all.at(-1) }[key];
    };
}
