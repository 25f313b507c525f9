// A lesson on the page: step by step, what is at work, and the quiz.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open, start } from "./browser.mjs";

const lesson = await start("graphs/lessons/one-join.yaml", { args: ["--virtual", "--paused"] });
const page = await open(lesson.url);
const note = () => page.locator("#pace .note").textContent();
const clock = async () => parseFloat(await page.locator("#pace .clock").textContent());
const still = (words) => page.waitForFunction((w) => document.querySelector("#pace .note").textContent.startsWith(w), words);

test("it stands at the start until it is told to go on", async () => {
  await page.waitForFunction(() => document.querySelectorAll(".item").length > 20);
  assert.match(await note(), /^stands at the start/);
  assert.equal(await clock(), 0);
});

test("one packet, by button and by key: the element at work with its line of YAML", async () => {
  await page.locator("#pace button[data-step=packet]").click();
  await still("stands at a packet");
  await page.locator("#dock .yaml", { hasText: "gateway.yaml:" }).waitFor();
  await page.locator(".box.at-work").waitFor();
  const before = await page.locator("#dock .packets li").count();
  await page.keyboard.press("n");
  await page.waitForFunction((n) => document.querySelectorAll("#dock .packets li").length > n, before);
  assert.match(await page.locator("#dock .yaml").textContent(), /^gateway\.yaml:\d+ {2}\w+: +\{class: /);
});

test("what changed in the bytes, before and after", async () => {
  for (let i = 0; i < 40 && !/gateway\/wrap \(udp-wrap\)/.test(await page.locator("#dock .facts").textContent()); i++) {
    await page.keyboard.press("n");
    await page.waitForTimeout(230);
  }
  assert.match(await page.locator("#dock .facts").textContent(), /^gateway\/wrap \(udp-wrap\) → to-relay\.in/);
  await page.locator("#dock .changes li", { hasText: "added" }).first().waitFor();
  assert.ok(await page.locator("#dock .o.changed").count() >= 28, "IP and UDP headers are marked");
  const after = await page.locator("#dock .o").count();
  await page.locator("#dock input[value=before]").check();
  assert.equal(await page.locator("#dock .o").count(), after - 28);
  await page.locator("#dock input[value=after]").check();
});

test("one event, and a time", async () => {
  await page.keyboard.press("e");
  await still("stands after an event");
  await page.keyboard.press("j");
  await page.keyboard.type("500ms");
  await page.keyboard.press("Enter");
  await still("stands at the time");
  assert.ok(await clock() <= 0.6 && await clock() >= 0.3, String(await clock()));
  await page.locator("#pace input").fill("nonsense");
  await page.locator("#pace input").press("Enter");
  await page.waitForFunction(() => /a time such as 1m30s expected/.test(document.querySelector("#pace .note").textContent));
  assert.match(page.problems.pop(), /400/); // the browser says so, too
});

test("the quiz hides names until they are asked for", async () => {
  const name = page.locator("#dock .fields .name").first();
  const was = await name.textContent();
  assert.notEqual(was, "?");
  await page.locator("#quiz").check();
  assert.equal(await name.textContent(), "?");
  assert.doesNotMatch(await page.locator("#dock .packets").textContent(), /AMT|UDP/);
  await name.locator("button").click();
  assert.equal(await name.textContent(), was);
  await page.locator("#quiz").uncheck();
});

test("play, and pause", async () => {
  await page.locator("#pace select").selectOption("10");
  const from = await clock();
  await page.locator("h1").click();
  await page.keyboard.press(" ");
  await still("running");
  await page.waitForFunction((t) => parseFloat(document.querySelector(".clock").textContent) > t + 2, from);
  await page.keyboard.press(" ");
  await still("stands");
  assert.deepEqual(page.problems, []);
  assert.deepEqual(page.outside, []);
});
