// Renders in real browsers: two people watch one bar, one who was away catches up,
// the take is in the cut, and the film leaves the house.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import * as site from "./site.mjs";

let browser;
let project;
const opened = [];

before(async () => {
  browser = await site.startBrowser();
  project = await site.newProject(await site.token("Ada"), "Render harbour");
});
after(() => browser?.close());
afterEach(async () => {
  for (const { context, problems } of opened.splice(0)) {
    await context.close();
    assert.deepEqual(problems, [], "errors on a page");
  }
});

async function enter(name) {
  const somebody = await site.enter(browser, name, { project });
  opened.push(somebody);
  return somebody;
}

test("two people watch one bar, and the take is in the cut", async () => {
  const [ada, ben] = await Promise.all([enter("Ada"), enter("Ben")]);
  const away = await enter("Ben");
  await away.context.setOffline(true);
  await ada.page.getByTestId("prompt-editor").first().click();
  await ada.page.keyboard.type("A lighthouse in the fog, the lamp turns.");
  await site.saved(ada.page);
  await ada.page.getByTestId("render-scene").first().click();

  for (const { page } of [ada, ben]) {
    const bar = page.getByTestId("scene-render").first().getByRole("progressbar");
    await bar.waitFor();
    await site.eventually("the bar moves", async () => {
      const value = await bar.getAttribute("aria-valuenow", { timeout: 500 }).catch(() => "100");
      return { ok: Number(value) > 0, value };
    });
  }
  await ada.page.getByTestId("clip-render").first().waitFor({ state: "attached" });
  await ben.page.getByTestId("tab-renders").click();
  const row = ben.page.getByTestId("render").first();
  await row.waitFor();
  await ben.page.getByTestId("render-thumbnail").first().waitFor({ timeout: 60_000 });
  await site.picture(ben.page, "renders-running");
  await ben.page.locator('[data-testid="render"][data-state="done"]').waitFor({ timeout: 90_000 });
  await ben.page
    .getByRole("button", { name: /Render again/ })
    .first()
    .waitFor({ state: "attached" });
  await site.picture(ben.page, "renders-done");

  await away.context.setOffline(false);
  await away.page.getByTestId("tab-renders").click();
  await away.page.locator('[data-testid="render"][data-state="done"]').waitFor({ timeout: 60_000 });
});

test("a queue is paused, a render is cancelled and tried again, and the film is downloaded", async () => {
  const { page } = await enter("Ada");
  await page.getByTestId("tab-renders").click();
  await page.getByTestId("pause-renders").click();
  await page.getByText("The queue of this project is paused").waitFor();
  await page.getByTestId("export-film").click();
  const film = page.locator('[data-testid="render"][data-kind="delivery"]').first();
  await film.getByText("paused").waitFor();
  await film.getByTestId("cancel-render").click();
  await film.getByText("Cancelled").waitFor();
  await film.getByTestId("retry-render").click();
  await page.getByTestId("pause-renders").click();
  await page
    .locator('[data-testid="render"][data-kind="delivery"][data-state="done"]')
    .waitFor({ timeout: 90_000 });
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    film.getByTestId("download-render").click(),
  ]);
  assert.match(download.suggestedFilename(), /H264/);
});

test("several renders are moved, cancelled and tried again at once", async () => {
  const { page } = await enter("Ada");
  await page.getByTestId("tab-renders").click();
  await page.getByTestId("pause-renders").click();
  const waiting = page.locator('[data-testid="render"][data-state="queued"]');
  for (const preset of ["prores", "webm", "gif"]) {
    await page.getByLabel("Format of the film").selectOption(preset);
    const before = await waiting.count();
    await page.getByTestId("export-film").click();
    await waiting.nth(before).waitFor();
  }
  await page.getByTestId("estimate").waitFor();
  const order = async (want) =>
    site.eventually(`the order is ${want}`, async () => {
      const titles = await waiting.locator("b").allTextContents();
      const value = titles.map((title) => title.replace(/^.*, /, "")).join(" ");
      return { ok: value === want, value };
    });
  await order("PRORES WEBM GIF");
  // One of them is changed: the new one stands where it stood.
  await waiting.nth(0).getByTestId("change-render").click();
  await page.getByTestId("replacing").waitFor();
  await page.getByLabel("Format of the film").selectOption("wav");
  await page.getByTestId("export-film").click();
  await order("WAV WEBM GIF");
  await waiting.nth(0).getByTestId("change-render").click();
  await page.getByLabel("Format of the film").selectOption("prores");
  await page.getByTestId("export-film").click();
  await order("PRORES WEBM GIF");
  await waiting.nth(2).getByTestId("select-render").focus();
  await page.keyboard.press("Alt+ArrowUp");
  await order("PRORES GIF WEBM");
  await waiting.nth(2).dragTo(waiting.nth(0));
  await order("WEBM PRORES GIF");
  await waiting.nth(0).getByTestId("select-render").click();
  await waiting
    .nth(2)
    .getByTestId("select-render")
    .click({ modifiers: ["Shift"] });
  await site.picture(page, "renders-selected");
  await page.getByRole("button", { name: "Cancel 3" }).click();
  await site.eventually("nothing waits", async () => {
    const value = await waiting.count();
    return { ok: value === 0, value };
  });
  await page.getByRole("button", { name: "Try again 3" }).click();
  await waiting.nth(2).waitFor();
  for (let left = 3; left > 0; left--) {
    await waiting.first().getByTestId("cancel-render").click();
    await site.eventually("one less waits", async () => {
      const value = await waiting.count();
      return { ok: value === left - 1, value };
    });
  }
  await page.getByTestId("pause-renders").click();
});

test("export offers the film first, and a guest who may downloads it", async () => {
  const { page } = await enter("Ada");
  await page.getByTestId("export").click();
  const dialog = page.getByTestId("export-dialog");
  await dialog.getByTestId("film-label").check();
  await dialog.getByTestId("film-form").getByRole("combobox").selectOption("webm");
  await dialog.getByTestId("make-film").click();
  await dialog.locator('[data-testid="film"][data-state="done"]').getByText("WEBM").waitFor({
    timeout: 90_000,
  });
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    dialog.getByTestId("film-download").click(),
  ]);
  assert.match(download.suggestedFilename(), /Render harbour, WEBM\.webm/);
  await dialog.getByTestId("deliveries").getByText("Render harbour, WEBM.webm").waitFor();
  await site.picture(page, "export-film");

  const access = await site.token("Ada");
  const made = await fetch(`${site.url}/api/v1/projects/${project}/shares`, {
    method: "POST",
    headers: { authorization: `Bearer ${access}`, "content-type": "application/json" },
    body: JSON.stringify({ capabilities: ["download"] }),
  });
  const guest = await site.openPage(browser);
  opened.push(guest);
  await guest.page.goto(site.url + new URL((await made.json()).url).pathname);
  await guest.page.getByTestId("guest-name").fill("Cleo");
  await guest.page.getByTestId("guest-name").press("Enter");
  const films = guest.page.getByTestId("deliveries");
  const [taken] = await Promise.all([
    guest.page.waitForEvent("download"),
    films.getByRole("link", { name: /WEBM/ }).first().click(),
  ]);
  assert.match(taken.suggestedFilename(), /WEBM\.webm/);
});
