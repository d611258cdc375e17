// What the server does not take is kept, offered and brought back.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, test } from "node:test";
import axeCore from "axe-core";
import * as site from "./site.mjs";

let browser;
const opened = [];

before(async () => {
  browser = await site.startBrowser();
});

after(() => browser.close());

afterEach(async () => {
  for (const { context, problems } of opened.splice(0)) {
    await context.close();
    assert.deepEqual(problems, []);
  }
});

async function enter(name, options) {
  const somebody = await site.enter(browser, name, options);
  opened.push(somebody);
  return somebody.page;
}

/** The problems that axe finds on a page. */
async function axe(page) {
  await page.evaluate(axeCore.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

test("a scene that was refused after working offline is kept, brought back, and seen by a colleague", async () => {
  const line = await site.startLine();
  try {
    const [ada, ben] = await Promise.all([enter("Ada"), enter("Ben", { base: line.url })]);
    const cards = ben.getByTestId("scene-card");
    const scenes = await cards.count();
    await ben.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await ben.context().setOffline(true);
    line.cut();
    await ben.getByTestId("save-state").filter({ hasText: "Offline" }).waitFor();
    await ben.getByTestId("add-scene").click();
    await cards.nth(scenes).waitFor();
    await cards.nth(scenes).getByTestId("prompt-editor").click();
    await ben.keyboard.insertText("A ferry leaves in the fog.");
    // A title is 1,000 letters at most; this page lets one paste more.
    await cards.nth(scenes).getByLabel(/Title/).click();
    await ben.keyboard.insertText(`Ferry ${"leaving ".repeat(140)}`);
    line.mend();
    await ben.context().setOffline(false);

    const notice = ben.getByTestId("rescue-notice");
    await notice.filter({ hasText: "Some of what you wrote could not be saved" }).waitFor();
    assert.equal(await cards.count(), scenes);
    await site.picture(ben, "rescue-notice");
    await notice.getByRole("button").press("Enter");
    const dialog = ben.getByRole("dialog", { name: "What could not be saved" });
    const thing = dialog.getByTestId("rescue-thing");
    await thing.filter({ hasText: "A ferry leaves in the fog." }).waitFor();
    await site.picture(ben, "rescue-dialog");
    assert.deepEqual(await axe(ben), []);

    const [download] = await Promise.all([
      ben.waitForEvent("download"),
      dialog.getByRole("button", { name: "Download" }).press("Enter"),
    ]);
    const file = JSON.parse(await readFile(await download.path(), "utf8"));
    assert.equal(file.missing[0].texts[1].text, "A ferry leaves in the fog.");
    assert.ok(file.yjs_updates_base64.timeline.length > 100);

    await dialog.getByRole("button", { name: "Bring back all as my edits" }).press("Enter");
    await thing.filter({ hasText: "Brought back" }).waitFor();
    await site.picture(ben, "rescue-back");
    await ben.keyboard.press("Escape");
    await site.saved(ben);
    await notice.waitFor({ state: "hidden" });
    const { prompts } = await site.same(ada, ben);
    assert.equal(prompts.at(-1), "A ferry leaves in the fog.");

    await ben.reload();
    await cards.nth(scenes).waitFor();
    await site.saved(ben);
    assert.equal(await notice.count(), 0);
  } finally {
    line.close();
  }
});

test("what is not wanted back is discarded, once it was asked", async () => {
  const ben = await enter("Ben");
  const card = ben.getByTestId("scene-card").last();
  await card.getByLabel(/Title/).click();
  await ben.keyboard.insertText("x".repeat(1_100));
  const notice = ben.getByTestId("rescue-notice");
  await notice.getByRole("button").click();
  const dialog = ben.getByRole("dialog", { name: "What could not be saved" });
  await dialog.getByRole("button", { name: "Discard" }).click();
  await dialog.getByRole("button", { name: "Discard for good?" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.equal(await notice.count(), 0);
  await ben.reload();
  await site.saved(ben);
  assert.equal(await notice.count(), 0);
});
