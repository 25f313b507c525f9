// What Prometheus would scrape, judged by its own promtool (of Debian's package prometheus).
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const top = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

// Run a graph with a page, for as long as `look` takes: look(address of the page).
async function withRun(args, look) {
  const folder = mkdtempSync(join(tmpdir(), "amtgraph-"));
  const run = spawn(process.env.AMTGRAPH, ["run", ...args, "--web", "0", "--log", "error", "--stats", "none"], {
    cwd: top,
    env: { ...process.env, AMTGRAPH_RUNTIME_DIR: folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise((done) => run.on("exit", done));
  let said = "";
  try {
    const page = await new Promise((found, failed) => {
      run.stderr.on("data", (data) => {
        said += data;
        const match = /web page at (http:\S+)\n/.exec(said);
        if (match) found(match[1]);
      });
      run.on("exit", () => failed(new Error(`the run says: ${said}`)));
    });
    await look(page);
  } finally {
    run.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true });
  }
}

const port = `port=${10000 + (process.pid % 10000)}`;
for (const args of [
  ["graphs/loop.yaml", "--set", "count=0", "--set", port],
  ["graphs/lessons/fan-out.yaml", "--virtual", "--paused"],
])
  test(`promtool finds nothing wrong with the metrics of ${args[0]}`, () =>
    withRun(args, async (page) => {
      const reply = await fetch(new URL("/metrics", page));
      assert.equal(reply.status, 200);
      assert.equal(reply.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
      const judged = spawnSync("promtool", ["check", "metrics"], { input: await reply.text(), encoding: "utf8" });
      assert.equal(judged.error, undefined, "promtool is missing: tools/test web brings it");
      assert.equal(judged.stdout + judged.stderr, "");
      assert.equal(judged.status, 0);
    }));
