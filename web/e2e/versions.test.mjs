// Versions in real browsers: one restores while another writes, and takes it back.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import * as site from "./site.mjs";

let browser;
const opened = [];

before(async () => {
  browser = await site.startBrowser();
});
after(() => browser?.close());
afterEach(async () => {
  for (const { context, problems } of opened.splice(0)) {
    await context.close();
    assert.deepEqual(problems, [], "errors on a page");
  }
});

async function enter(name, options) {
  const somebody = await site.enter(browser, name, options);
  opened.push(somebody);
  return somebody.page;
}

async function typeAtEnd(page, i, text, delay = 0) {
  await page.getByTestId("prompt-editor").nth(i).click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(text, { delay });
}

async function keep(page, name) {
  await page.getByTestId("tab-versions").click();
  await page.getByTestId("version-name").fill(name);
  await page.keyboard.press("Enter");
  await page.getByTestId("version").filter({ hasText: name }).waitFor();
}

function prompts(...pages) {
  return site.same(...pages).then((shown) => shown.prompts);
}

test("a version is restored while another writes, and that is taken back", async () => {
  const [ada, ben] = await Promise.all([enter("Ada"), enter("Ben")]);
  await keep(ada, "Rough cut");
  const rough = await prompts(ada, ben);
  await typeAtEnd(ada, 0, " Later she adds a storm.");
  await site.saved(ada);
  await ada
    .getByTestId("version")
    .filter({ hasText: "Rough cut" })
    .getByTestId("open-version")
    .click();
  const difference = ada.getByTestId("difference");
  await difference.getByText("Later she adds a storm.").waitFor();
  await site.picture(ada, "version-compare");
  await ada.getByRole("button", { name: "As it was" }).click();
  await site.picture(ada, "version-preview");

  const sentence = " Ben writes on, whatever others restore.";
  const writing = typeAtEnd(ben, 1, sentence, 50);
  await ada.getByTestId("restore").click();
  await ada.getByTestId("restore-sure").click();
  await ada.getByTestId("undo-restore").waitFor();
  await writing;
  await site.saved(ben);
  const restored = await prompts(ada, ben);
  assert.equal(restored[0], rough[0]);
  // What he had written before is undone with the rest; what he wrote since stays.
  const rest = restored[1].slice(rough[1].length);
  assert.ok(
    restored[1].startsWith(rough[1]) && rest !== "" && sentence.endsWith(rest),
    restored[1],
  );
  await site.picture(ada, "version-restored");

  await typeAtEnd(ben, 0, " And a bell.");
  await site.saved(ben);
  await ada.getByTestId("undo-restore").click();
  await ada.getByTestId("undo-restore").waitFor({ state: "detached" });
  const back = await prompts(ada, ben);
  assert.ok(back[0].includes("Later she adds a storm."), back[0]);
  assert.ok(back[0].includes("And a bell."), back[0]);
  assert.ok(back[1].includes(rest), back[1]);
});

test("versions are named, renamed and deleted by keyboard alone", async () => {
  const ada = await enter("Ada");
  await ada.getByTestId("tab-comments").focus();
  await ada.keyboard.press("ArrowRight");
  await ada.keyboard.press("ArrowRight");
  const name = ada.getByTestId("version-name");
  await name.focus();
  await ada.keyboard.type("Feinschnitt");
  await ada.keyboard.press("Enter");
  const row = ada.getByTestId("version").filter({ hasText: "Feinschnitt" });
  await row.waitFor();
  await row.getByTestId("open-version").focus();
  await ada.keyboard.press("Enter");
  await ada.getByTestId("version-dialog").waitFor();
  await ada.keyboard.press("Escape");
  await ada.getByTestId("version-dialog").waitFor({ state: "detached" });
  await row.locator(".danger").focus();
  await ada.keyboard.press("Enter");
  await row.waitFor({ state: "detached" });
});

test("who wrote which words is shown, also when they have gone", async () => {
  const [ada, ben] = await Promise.all([enter("Ada"), enter("Ben")]);
  await ada.getByTestId("blame").click();
  await typeAtEnd(ben, 2, " Wet stone.");
  await ada.locator('.written[title="Written by Ben"]', { hasText: "Wet stone." }).waitFor();
  await site.saved(ben);
  await ben.context().close();
  await ada.reload();
  await ada.getByTestId("blame").click();
  const his = ada.locator('.written[title="Written by Ben"]');
  await his.filter({ hasText: "Wet stone." }).waitFor();
  await ada.locator('[data-testid=clip][title*="made by Ada"]').first().waitFor();
  await site.picture(ada, "blame");
  await ada.getByTestId("blame").click();
  await his.first().waitFor({ state: "detached" });
});
