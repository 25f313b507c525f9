// What an editor makes of the schema: the language server that editors use for YAML
// (yaml-language-server) offers and marks what it should.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const top = resolve(here, "../..");
const server = spawn(process.execPath,
  [join(here, "node_modules/yaml-language-server/bin/yaml-language-server"), "--stdio"]);
after(() => server.kill());

// ---- the protocol: JSON-RPC, each message behind a header with its length ----

const waiting = new Map(); // by the id of a request, or the address of a document
let last = 0, unread = Buffer.alloc(0);

function send(message) {
  const octets = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
  server.stdin.write(`Content-Length: ${octets.length}\r\n\r\n`);
  server.stdin.write(octets);
}

const request = (method, params) =>
  new Promise((done) => {
    waiting.set(++last, done);
    send({ id: last, method, params });
  });

function received({ id, method, params, result }) {
  if (method === "workspace/configuration")
    send({ id, result: params.items.map(({ section }) =>
      section === "yaml" ? { completion: true, hover: true, validate: true, schemaStore: { enable: false } } : {}) });
  else if (method && id !== undefined) send({ id, result: null });
  else if (method === "textDocument/publishDiagnostics") waiting.get(params.uri)?.(params.diagnostics);
  else if (!method) waiting.get(id)?.(result);
}

server.stdout.on("data", (more) => {
  unread = Buffer.concat([unread, more]);
  for (;;) {
    const head = unread.indexOf("\r\n\r\n");
    const length = head < 0 ? NaN : Number(/Content-Length: (\d+)/.exec(unread.subarray(0, head))[1]);
    if (!(unread.length >= head + 4 + length)) return;
    received(JSON.parse(unread.subarray(head + 4, head + 4 + length)));
    unread = unread.subarray(head + 4 + length);
  }
});

await request("initialize", { processId: process.pid, rootUri: pathToFileURL(top).href,
  capabilities: { textDocument: { completion: { completionItem: { snippetSupport: true } } },
                  workspace: { configuration: true } } });
send({ method: "initialized", params: {} });

// ---- documents, as if they lay in graphs/ ----

let documents = 0;

// Opens a text; its address, and what is marked in it.
async function open(text) {
  const uri = pathToFileURL(join(top, `graphs/unsaved-${documents++}.yaml`)).href;
  const marked = new Promise((done) => waiting.set(uri, done));
  send({ method: "textDocument/didOpen",
         params: { textDocument: { uri, languageId: "yaml", version: 1, text } } });
  return { uri, marked: await marked };
}

const comment = "# yaml-language-server: $schema=../docs/graph.schema.json\n";

// What is offered at the place of `|`: labels, each with its help.
async function offered(text) {
  const [before, behind] = (comment + text).split("|");
  const { uri } = await open(before + behind);
  const lines = before.split("\n");
  const list = await request("textDocument/completion", { textDocument: { uri },
    position: { line: lines.length - 1, character: lines.at(-1).length } });
  return new Map((list.items ?? list).map((i) => [i.label, i.documentation?.value ?? i.documentation]));
}

test("keys of a file are offered with their help", async () => {
  const keys = await offered("|");
  for (const key of ["amtgraph", "name", "params", "elements", "edges", "tests"])
    assert.ok(keys.get(key), key);
});

test("classes are offered with their summaries, and their parameters", async () => {
  const classes = await offered("amtgraph: 1\nelements:\n  a:\n    class: |\n");
  assert.ok(classes.size >= 50 && classes.get("amt-query").includes("Membership Query"));
  const params = await offered("amtgraph: 1\nelements:\n  a:\n    class: queue\n    |\n");
  assert.match(params.get("limit"), /a whole number from 1 to/);
  assert.ok(!params.has("secret"), "of another class");
});

test("words, types and steps are offered", async () => {
  const words = await offered("amtgraph: 1\nelements:\n  a:\n    class: queue\n    discipline: |\n");
  assert.deepEqual([...words.keys()].sort(), ["fair", "fifo", "priority"]);
  const types = await offered("amtgraph: 1\nparams:\n  a:\n    type: |\n");
  assert.ok(types.has("duration") && types.has("ip6"));
  const steps = await offered("amtgraph: 1\ngraph: relay.yaml\ntests:\n  - name: x\n    steps:\n      - |\n");
  for (const step of ["send", "expect", "nothing", "counters"]) assert.ok(steps.get(step), step);
});

test("what is wrong is marked where it is, and nothing else", async () => {
  const { marked } = await open(comment + `amtgraph: 1
elements:
  a: {class: queue, limit: 0, discipline: fife, limt: 3}
  b: {class: quee}
  c: {class: udp-socket, bind: 192.0.2.256, port: 2268}
edges:
  - a -> b
  - a b
`);
  const places = marked.map((m) => `${m.range.start.line + 1}:${m.range.start.character + 1}`).sort();
  assert.deepEqual(places, ["4:28", "4:43", "4:49", "5:14", "6:32", "9:5"]);
  assert.match(marked.map((m) => m.message).join("\n"), /expected a -> b\.in -> c/);
});

test("nothing is marked in graphs that are right", async () => {
  for (const name of ["relay.yaml", "gateway.yaml", "loop.yaml"]) {
    const { marked } = await open(readFileSync(join(top, "graphs", name), "utf8"));
    assert.deepEqual(marked.map((m) => m.message), [], name);
  }
});
