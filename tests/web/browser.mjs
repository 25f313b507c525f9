// Runs of graphs with their page, and a browser that looks at it.
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

export const top = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const program = process.env.AMTGRAPH;
const runtime = mkdtempSync(join(tmpdir(), "amtgraph-web-"));
const env = { ...process.env, AMTGRAPH_RUNTIME_DIR: runtime };
const running = new Set();
let browser = null;

/** A TCP port of 127.0.0.1 that nobody has; the UDP port of that number serves the tunnel. */
export function freePort() {
  return new Promise((done) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Run a graph of the tree with its page. Returns {url, name, stop, show}. */
export async function start(graph, { args = [], port = 0, name = `web-${running.size}-${process.pid}` } = {}) {
  const child = spawn(program, ["run", graph, "--web", `127.0.0.1:${port}`, "--name", name, "--stats", "none", ...args],
    { cwd: top, env, stdio: ["ignore", "ignore", "pipe"] });
  running.add(child);
  const ended = new Promise((done) => child.once("exit", done));
  let said = "";
  const url = await new Promise((done, fail) => {
    child.stderr.on("data", (more) => {
      said += more;
      const found = /web page at (http:\S+)/.exec(said);
      if (found) done(found[1]);
    });
    ended.then(() => fail(new Error(`${graph} has ended: ${said}`)));
  });
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    running.delete(child);
  };
  const show = async (what) => JSON.parse((await promisify(execFile)(program, ["show", what, "--name", name, "--json"],
    { env, maxBuffer: 64 << 20 })).stdout);
  return { url, name, stop, show, port: Number(new URL(url).port) };
}

/** The loop over loopback, on and on. */
export async function startLoop(options = {}) {
  const { args = [], ...rest } = options;
  return start("graphs/loop.yaml", { args: ["--set", "count=0", "--set", `port=${await freePort()}`, ...args], ...rest });
}

/** A page of a browser, that has met the run. What it asks outside of `url` fails the test. */
export async function open(url, { hash = "", prepare = () => {}, ...context } = {}) {
  browser ??= await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, ...context })).newPage();
  page.outside = [];
  page.problems = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) page.outside.push(request.url());
  });
  page.on("pageerror", (error) => page.problems.push(String(error)));
  page.on("console", (line) => {
    if (line.type() === "error" && !/ERR_CONNECTION|ERR_INCOMPLETE/.test(line.text())) page.problems.push(line.text());
  });
  await prepare(page);
  await page.goto(url + hash);
  await page.waitForFunction(() => document.getElementById("state").textContent === "connected");
  return page;
}

/** All that was started has its end; after the tests of a file by itself. */
export async function close() {
  await browser?.close();
  for (const child of running) child.kill("SIGKILL");
  rmSync(runtime, { recursive: true, force: true });
}

if (process.env.NODE_TEST_CONTEXT) after(close);
