// The pictures of docs/the-page.md: AMTGRAPH=build/dev/tools/amtgraph/amtgraph node tests/web/screenshots.mjs
// writes them into docs/images.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { close, freePort, open, start, startLoop, top } from "./browser.mjs";
import { gateway } from "./gateway.mjs";

const images = join(top, "docs/images");
mkdirSync(images, { recursive: true });
const size = { viewport: { width: 1120, height: 700 } };
const picture = async (page, name) => {
  await page.mouse.move(1110, 60);
  await page.screenshot({ path: join(images, `${name}.png`) });
};

const udp = await freePort();
const loop = await startLoop({ name: "loop", args: ["--set", `port=${udp}`, "--set", "loss=0.01"] });
const page = await open(loop.url, size);
await page.waitForTimeout(3500);
await page.locator('.edge[aria-label^="edge encap.out "]').click({ force: true });
await page.waitForTimeout(1000);
await page.locator("#dock .packets li").last().click();
await page.locator("#dock .packet tr", { hasText: "total-length" }).first().focus();
await picture(page, "page-edge");

const day = await start("tests/web/thousand.yaml", { name: "thousand", args: ["--virtual", "--paused"] });
const table = await open(day.url, size);
await table.locator("#pace input").fill("2s");
await table.locator("#pace input").press("Enter");
await table.waitForTimeout(2500);
await table.keyboard.press("Escape");
await table.keyboard.press("t");
await table.waitForTimeout(1500);
await picture(table, "page-tables");

await page.keyboard.press("Escape");
await page.keyboard.press("m");
await page.waitForTimeout(500);
for (let i = 0; i < 2; i++) {
  const other = gateway(udp);
  await Promise.race([other.shake("232.1.2.3", "198.51.100.12"), page.waitForTimeout(2000)]);
  await page.waitForTimeout(200);
  other.close();
}
await page.waitForTimeout(800);
await picture(page, "page-messages");

const lesson = await start("graphs/lessons/one-join.yaml", { name: "one-join", args: ["--virtual", "--paused"] });
const step = await open(lesson.url, { ...size, colorScheme: "dark" });
await step.locator("#pace input").fill("25ms");
await step.locator("#pace input").press("Enter");
await step.waitForTimeout(500);
for (let i = 0; i < 6; i++) {
  await step.keyboard.press("n");
  await step.waitForTimeout(250);
}
await step.waitForTimeout(500);
await picture(step, "page-lesson");
await close();
