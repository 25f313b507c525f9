/* Numbers as people read them. */

const GROUPS = new Intl.NumberFormat('en');

/** 1234567 -> "1,234,567" */
function count(n) {
    return GROUPS.format(n);
}

/** "1 packet", "2 packets" */
function many(n, what) {
    return `${count(n)} ${what}${n === 1 ? '' : 's'}`;
}

/** With a prefix: 1234567 -> "1.23 M" */
function scaled(n) {
    const prefixes = ['', 'k', 'M', 'G', 'T'];
    let i = 0;
    while (n >= 999.5 && i < prefixes.length - 1) {
        n /= 1000;
        i++;
    }
    const digits = n >= 99.5 || (i === 0 && Number.isInteger(n)) ? 0 : n >= 9.95 ? 1 : 2;
    return `${n.toFixed(digits)} ${prefixes[i]}`;
}

function perSecond(rate) {
    return rate > 0 && rate < 0.1 ? '<0.1 /s' : `${scaled(rate < 10 ? Math.round(rate * 10) / 10 : rate)}/s`;
}

function bits(octetsPerSecond) {
    return `${scaled(Math.round(8 * octetsPerSecond))}b/s`;
}

/** Of the run's clock. */
function seconds(s, digits = 6) {
    return `${s.toFixed(digits)} s`;
}

/** How long, roughly: "3 s", "5 min", "2 h". */
function roughly(s) {
    if (s < 120)
        return `${Math.round(s)} s`;
    return s < 7200 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`;
}

/** Any value of a listing. */
function cell(value) {
    if (value === null || value === undefined)
        return '';
    if (typeof value === 'number')
        return Number.isInteger(value) ? count(value) : value.toFixed(value < 100 ? 1 : 0);
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The file without its folders. */
function fileName(path) {
    return path ? path.replace(/^.*\//, '') : '';
}
