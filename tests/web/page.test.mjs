// The page of a run over loopback, in a browser that nobody sees.
import assert from "node:assert/strict";
import { test } from "node:test";
import { freePort, open, start, startLoop } from "./browser.mjs";
import { gateway } from "./gateway.mjs";

const udp = await freePort();
const loop = await startLoop({ args: ["--set", `port=${udp}`] });
const page = await open(loop.url);
const other = gateway(udp);
const edge = (name) => page.locator(`.edge[aria-label^="edge ${name} "]`);
const tapped = () => page.locator("#dock .note", { hasText: "waiting for packets" }).waitFor();
const tick = () => page.waitForTimeout(50);

/** Try until it holds: the page is told of things a moment later. */
async function soon(what, holds, ms = 8000) {
  for (const end = Date.now() + ms; ; await tick()) {
    const why = await holds();
    if (why === true) return;
    if (Date.now() > end) assert.fail(`${what}: ${why}`);
  }
}

const rowsOf = (selector) => page.$$eval(`${selector} tr.row`, (rows) =>
  rows.map((row) => [...row.cells].map((cell) => cell.textContent)));

test("counters are those of `show --json`", async () => {
  await page.keyboard.press("t");
  await page.locator('.names button[data-name="elements"]').click();
  await soon("elements", async () => {
    const before = await loop.show("elements"), shown = await rowsOf("#view-tables"), later = await loop.show("elements");
    const find = (all, name) => all.rows.find((row) => row.element === name);
    if (shown.length !== before.rows.length) return `${shown.length} rows`;
    for (const [element, kind, ...numbers] of shown) { // the run goes on meanwhile: a second behind at most
      const low = find(before, element), high = find(later, element);
      const [into, out, dropped] = numbers.map((text) => Number(text.replaceAll(",", "")));
      assert.equal(kind, low.class);
      assert.equal(dropped, low.dropped, element);
      for (const [value, name] of [[into, "in"], [out, "out"]])
        if (value > high[name] || value < low[name] - 150) return `${element}.${name}: ${value}, not ${low[name]} to ${high[name]}`;
    }
    return true;
  });
});

test("counters of what stands still are the same to the last one", async () => {
  await page.locator('.names button[data-name="edges"]').click();
  const still = ["igmp-host.out -> gateway.reports", "joins.out -> no-network.in", "secret"];
  await soon("edges", async () => {
    const { rows } = await loop.show("edges"), shown = await rowsOf("#view-tables");
    for (const row of rows.filter(({ edge: name }) => still.includes(name))) {
      const found = shown.find(([name]) => name === row.edge);
      if (!found) return `no ${row.edge}`;
      if (found[2] !== String(row.packets) || found[3] !== String(row.octets)) return `${row.edge}: ${found}`;
    }
    return true;
  });
});

test("a click on an edge shows a decoded Request, each field linked to its octets", async () => {
  await page.keyboard.press("g");
  await edge("relay-messages.request").click({ force: true });
  await tapped();
  await other.send(Buffer.from("03000000c0ffee01", "hex"));
  await page.locator("#dock .packets li", { hasText: "AMT Request nonce c0ffee01" }).click();
  const nonce = page.locator("#dock .fields tr", { hasText: "nonce" });
  assert.match(await nonce.textContent(), /nonce0xc0ffee014–7/);
  await nonce.hover();
  assert.deepEqual(await page.$$eval("#dock .o.lit", (all) => all.map((o) => o.textContent)), ["c0", "ff", "ee", "01"]);
  await page.locator('#dock .o[data-o="0"]').hover();
  assert.match(await page.locator("#dock tr.lit").textContent(), /^(version|type)/);
});

test("the ladder shows a whole handshake, nonce and MAC matched", async () => {
  await page.keyboard.press("m");
  await page.locator('.ladder[data-laid="true"]').waitFor();
  const { nonce, mac } = await other.shake("232.1.2.3", "198.51.100.12");
  await page.locator("#view-ladder .filter").fill(other.address());
  const titles = () => page.$$eval("#view-ladder .message > text:not(.time):not(.soft)", (all) => all.map((t) => t.firstChild.textContent));
  const whole = ["Relay Discovery", "Relay Advertisement", "Request", "Membership Query", "Membership Update"];
  await soon("messages", async () => (await titles()).join() === whole.join() || (await titles()).join());
  const groups = await page.$$eval("#view-ladder .group title", (all) => all.map((t) => t.textContent));
  assert.deepEqual(groups.sort(), [`MAC ${mac}: Membership Query, Membership Update`, `nonce ${nonce}: ${whole.join(", ")}`].sort());
  await page.locator("#view-ladder .message").nth(3).click();
  assert.match(await page.locator("#dock .fields").textContent(), new RegExp(`0x${mac}`));
});

test("the ladder is saved as an SVG of its own", async () => {
  const [saved] = await Promise.all([page.waitForEvent("download"), page.locator("text=Save as SVG").click()]);
  const svg = await new Response(await saved.createReadStream()).text();
  assert.match(svg, /^<svg[^>]* xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  assert.match(svg, /Membership Query/);
  assert.match(svg, /<style>/);
});

test("a packet full of HTML does no harm", async () => {
  const evil = '<script>window.harmed=1</script><img src=x onerror="window.harmed=1">';
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await edge("relay-udp.out").click({ force: true });
  await tapped();
  await other.send(Buffer.from(`\x05\x00${evil}`)); // an Update without a right MAC
  await soon("its octets", async () => {
    for (const row of await page.locator("#dock .packets li").all()) {
      await row.click();
      const letters = (await page.locator("#dock .letters").allTextContents()).join("");
      if (letters.includes(evil.replaceAll(" ", "·"))) return true;
    }
    return "not shown";
  });
  await page.keyboard.press("d");
  await page.locator("#view-drops tr.row", { hasText: "bad-mac" }).click();
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => window.harmed), undefined);
  assert.equal(await page.locator("img, iframe, body script script, [onerror]").count(), 0);
  assert.equal(await page.locator("script").count(), 1);
});

// No field of AMT is text, so this is put into the run's answers on their way: titles of elements,
// rows, words, names and values of fields.
test("whatever a run says is text", async () => {
  const evil = '<img src=x onerror="window.harmed=1"><b>bold</b>';
  const other = await open(loop.url, { prepare: async (fresh) => {
    await fresh.route("**/api/graph", async (route) => {
      const drawing = await (await route.fetch()).json();
      for (const box of drawing.boxes) Object.assign(box, { title: evil, class: evil, summary: evil });
      for (const line of drawing.edges) if (line.type) line.type = evil;
      await route.fulfill({ json: drawing });
    });
    await fresh.route("**/api/show/*", (route) => route.fulfill({ json: { rows: [{ gateway: evil, state: evil }], more: false } }));
    await fresh.route("**/api/events?*tap=*", (route) => route.fulfill({ contentType: "text/event-stream",
      body: `event: packet\ndata: ${JSON.stringify({ packet: { time: 0, words: evil, hex: "3c", layers: [{ layer: "x", title: evil,
        octet: 0, octets: 1, depth: 0, fields: [{ name: evil, value: evil, fault: evil, octet: 0, octets: 1, depth: 1 }] }] } })}\n\n` }));
  } });
  await other.locator("svg .title", { hasText: evil }).first().waitFor();
  await other.locator(".edge").first().press("Enter");
  await other.locator("#dock .fields td.value", { hasText: evil }).waitFor();
  await other.locator("#dock .packets li", { hasText: evil }).first().waitFor();
  await other.keyboard.press("Escape");
  await other.keyboard.press("t");
  await other.locator("#view-tables td", { hasText: evil }).first().waitFor();
  assert.equal(await other.locator("img, b").count(), 0);
  assert.deepEqual(other.problems, []);
  await other.context().close();
});

test("keyboard alone", async () => {
  await page.keyboard.press("g");
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll(".item").length > 20);
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.id);
  for (let i = 0; i < 12 && !/^(edge|element)/.test(await focused()); i++) await page.keyboard.press("Tab");
  assert.match(await focused(), /^(edge|element) /);
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement.querySelector("rect, .hit")).stroke), "none");
  const seen = new Set();
  for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "ArrowRight"]) {
    await page.keyboard.press(key);
    seen.add(await focused());
  }
  assert.ok(seen.size >= 3, [...seen].join());
  for (let i = 0; i < 6 && !/^edge/.test(await focused()); i++) await page.keyboard.press(i % 2 ? "ArrowDown" : "ArrowRight");
  const from = await focused();
  await page.keyboard.press("Enter");
  assert.match(await page.locator("#dock-title").textContent(), /^Edge /);
  await page.keyboard.press("Escape");
  assert.ok(await page.locator("#dock").isHidden());
  assert.equal(await focused(), from, "the focus is back where it was");
  await page.keyboard.press("?");
  assert.ok(await page.locator("#help").isVisible());
  await page.keyboard.press("Escape");
  await page.keyboard.press("t");
  assert.ok(await page.locator("#view-tables").isVisible());
  await page.keyboard.press("/");
  await page.keyboard.type("membership");
  await page.locator('.names button[data-name="elements"]').focus();
  await page.keyboard.press("Enter");
  await soon("filtered", async () => (await rowsOf("#view-tables")).every(([name]) => name === "membership") || "others are there");
  await page.locator("#tab-tables").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(), "tab-drops");
  assert.ok(await page.locator("#view-drops").isVisible());
});

test("no request leaves the host, and nothing went wrong", () => {
  assert.deepEqual(page.outside, []);
  assert.deepEqual(page.problems, []);
});

test("a lost connection is said, and taken up again with the next run", async () => {
  await loop.stop();
  await page.locator("#lost").waitFor({ state: "visible" });
  assert.match(await page.locator("#lost").textContent(), /^Connection lost\. What you see is \d+ s old\. Trying again/);
  const next = await start("graphs/lessons/one-join.yaml", { port: loop.port, args: ["--virtual", "--paused"] });
  await page.locator("#lost").waitFor({ state: "hidden" });
  await soon("the other graph", async () => (await page.locator('[aria-label="element relay/query, amt-query"]').count()) === 1 || "is not drawn");
  assert.equal(await page.locator("#run").textContent(), next.name);
  assert.equal(await page.locator("#state").textContent(), "connected");
  other.close();
});
