// Every parameter of every class, and every type of `params`, with many values each: the schema
// refuses none that `amtgraph check` takes; and what it takes that check refuses is of few kinds.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import Ajv from "ajv";
import { parseDocument } from "yaml";

const amtgraph = process.env.AMTGRAPH;
const ajv = new Ajv.default({ allErrors: true, strictTypes: false, strictRequired: false });
for (const word of ["enumDescriptions", "patternErrorMessage"]) ajv.addKeyword(word); // for editors
const validate = ajv.compile(JSON.parse(execFileSync(amtgraph, ["schema"], { maxBuffer: 1 << 24 })));
const classes = JSON.parse(execFileSync(amtgraph, ["elements", "--json"], { maxBuffer: 1 << 24 }));
const made = mkdtempSync(join(tmpdir(), "amtgraph-values-"));
process.on("exit", () => rmSync(made, { recursive: true }));

// As they are written in YAML.
const values = [
  "", '""', "none", "auto", "true", "yes", "off", '"true"', "maybe", "some-name", "a b", "a/b", "..",
  "0", "1", "2", "7", "64", "65", "255", "256", "65535", "65536", "4294967296", "99999999999999999999",
  "-1", "1.5", "0.25", "-0.5", '"5"', '"05"', "0x10", '"0x10"', '"0xfffffffff"',
  "5s", "1m30s", "1s30m", "100ms", "1.5s", "1ns", "10d", "100000d", '"0"', "0s", "-1s", "5 s", "s",
  "1500B", "64KiB", "2MB", "10 MB", "1XB", "fifo", "Fifo", "in", "out", "both",
  "192.0.2.1", "192.0.2.256", "192.0.2", "01.0.2.1", '"::"', '"::1"', '"2001:db8::1"', '"2001:db8:0:0:1:2:3:4"',
  '"1:2:3"', '"1::2::3"', '"::ffff:192.0.2.1"', '"12345::"', "232.1.1.1", '"ff3e::1"',
  "relay.example.net", "relay_1.example", "-a.example", "a..b", "1.2.3.example", '"[::1]:2268"',
  "192.0.2.1@232.1.1.1", "10.0.0.0/8", "192.0.2.1:2268", "a > b",
  "[]", "[192.0.2.1]", "[192.0.2.1, 192.0.2.2]", '["::1", "::2"]', "[none]", "[a, b]", '[a, "b c"]',
  "[a, [b]]", "[{a: b}]", "[1, 2]", '["", x]',
  "{}", "{a: 1}", "{a: b, c: d}", "{a: [b]}", '{"b c": x}', "{a: {b: 1}}",
  '"${x}"', '"a${x}"', '"${x} + 1"', '["${x}", a]', '"${"',
];

// Where `check` finds something wrong, by the subject of its problems. Its messages are counted
// over all files of a call and at some number no longer kept: a call for each file.
function subjects(text) {
  const path = join(made, "values.yaml");
  writeFileSync(path, text);
  const run = spawnSync(amtgraph, ["check", "--json", path], { maxBuffer: 1 << 26 });
  const problems = JSON.parse(run.stdout).filter((p) => p.severity === "problem");
  assert.ok(problems.length < 1000, "more than what is kept");
  return new Map(problems.filter((p) => p.subject).map((p) => [p.subject, p.message]));
}

// Where the schema does: the paths of its errors, as far as wanted.
function paths(text, depth) {
  const document = parseDocument(text);
  assert.deepEqual(document.errors, []);
  validate(document.toJS());
  return new Set((validate.errors ?? []).map((e) => e.instancePath.split("/").slice(1, depth + 1).join(".")));
}

// Compares the two for each of the places; returns the messages of what check alone refuses.
function compare(text, places, depth, what) {
  const wrong = subjects(text), seen = paths(text, depth), alone = [];
  for (const { path, subject, kind } of places) {
    // YAML has read the host name 0x10 as a number.
    if (seen.has(path) && !(kind === "hosts" && what === "0x10"))
      assert.ok(wrong.has(subject), `${what} for a ${kind} (${subject}): the schema alone refuses it`);
    else if (wrong.has(subject))
      alone.push({ kind, message: wrong.get(subject), what });
  }
  return alone;
}

// "wrong value" is about one value by itself, so it should be seen, but for these.
function isExcused({ kind, message, what }) {
  if (!message.startsWith("wrong value")) return true; // a rule of the class, other elements, lists
  if (kind === "duration" || (kind === "size" && /[A-Za-z]/.test(what))) return true; // amounts
  if (["uint", "size", "float"].includes(kind) && /^"\d/.test(what)) return true; // quoted amounts
  if (kind === "float" && (what === "0x10" || what.startsWith("-"))) return true; // and bounds beside it
  if (what.includes("${")) return true; // the value stands elsewhere
  return what === "99999999999999999999"; // to YAML a number, so not too long for a name
}

test("of classes: the schema refuses no value that check takes", (t) => {
  const all = classes.flatMap((c) => c.params.map((p) => ({ class: c.name, ...p })));
  assert.ok(all.length > 200);
  let count = 0;
  const alone = [];
  for (const value of values)
    for (let from = 0; from < all.length; from += 120) {
      const some = all.slice(from, from + 120);
      const text = "amtgraph: 1\nparams: {x: {type: text, default: '1'}}\nelements:\n" +
        some.map((p, i) => `  e${i}: {class: ${p.class}, ${p.name}: ${value}}\n`).join("");
      const places = some.map((p, i) => ({
        path: `elements.e${i}.${p.name}`, subject: `e${i}.${p.name}`, kind: p.kind }));
      alone.push(...compare(text, places, 3, value));
      count += some.length;
    }
  const missed = alone.filter((a) => !isExcused(a));
  assert.deepEqual(missed.slice(0, 20), [], `${missed.length} wrong values that the schema takes`);
  t.diagnostic(`${count} values of ${all.length} parameters; ${alone.length} that check alone refuses`);
});

test("of params: the schema refuses no default that check takes", (t) => {
  const types = ["bool", "uint", "duration", "size", "float", "text", "texts", "address", "addresses",
    "hosts", "ip4", "ip6", "interface", "file", "reference"];
  let count = 0;
  const alone = [];
  for (const key of ["default", "min", "max"])
    for (const value of values) {
      const text = "amtgraph: 1\nparams:\n" +
        types.map((t) => `  p-${t}: {type: ${t}, ${key}: ${value}}\n`).join("") +
        "elements: {end: {class: discard}}\n";
      const places = types.map((t) => ({
        path: `params.p-${t}.${key}`, subject: `params.p-${t}`, kind: t }));
      alone.push(...compare(text, places, 3, value));
      count += types.length;
    }
  const missed = alone.filter((a) => !isExcused(a));
  assert.deepEqual(missed.slice(0, 20), [], `${missed.length} wrong defaults that the schema takes`);
  t.diagnostic(`${count} values; ${alone.length} that check alone refuses`);
});
