"use strict";
// Search over words.js: [page, anchor, title, heading, text], one for each heading of a page.
const field = document.querySelector("input[type=search]");
const found = document.getElementById("found");
const MOST = 20;

function rank(entry, terms) {
    const [, , title, heading, text] = entry.map((s) => s.toLowerCase());
    let score = 0;
    for (const term of terms) {
        if (heading.includes(term)) score += 10;
        else if (title.includes(term)) score += 5;
        else if (text.includes(term)) score += 1;
        else return 0;
    }
    return score;
}

function search() {
    const terms = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const hits = terms.length
        ? words.map((entry) => [rank(entry, terms), entry]).filter(([score]) => score > 0)
        : [];
    hits.sort((a, b) => b[0] - a[0]);
    found.replaceChildren(...hits.slice(0, MOST).map(([, [page, anchor, title, heading]]) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = field.dataset.home + page + "#" + anchor;
        link.textContent = heading === title ? title : title + ": " + heading;
        item.append(link);
        return item;
    }));
}

field.addEventListener("input", search);
document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== field) {
        event.preventDefault();
        field.focus();
    } else if (event.key === "Escape" && document.activeElement === field) {
        field.value = "";
        search();
    }
});
