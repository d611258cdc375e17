// Timelines as files: out of the page and back, dropped on it, and refused.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import * as site from "./site.mjs";

let browser;
let access;
const opened = [];

before(async () => {
  browser = await site.startBrowser();
  access = await site.token("Ada");
});

after(async () => {
  for (const { problems } of opened) assert.deepEqual(problems, []);
  await browser?.close();
});

async function enter(options = {}, name = "Ada") {
  const somebody = await site.enter(browser, name, options);
  opened.push(somebody);
  return somebody;
}

/** Drops a text as a file on what a selector finds. */
async function drop(page, selector, name, content) {
  await page.locator(selector).first().waitFor();
  await page.evaluate(
    ({ selector, name, content }) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], name));
      const target = document.querySelector(selector);
      for (const type of ["dragover", "drop"])
        target.dispatchEvent(
          new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }),
        );
    },
    { selector, name, content },
  );
}

/** The clips of the whole story track, once there are so many. */
async function clips(page, n) {
  await page.getByRole("button", { name: "Fit", exact: true }).click();
  return site.eventually(`not ${n} clips`, async () => {
    const value = (await site.shown(page)).clips;
    return { ok: value.length === n, value };
  });
}

const lengths = (list) => list.map(({ start, length }) => [start, length]);

test("a cut that is exported and imported into another project is the same cut", async () => {
  const { page } = await enter();
  const { clips: cut } = await site.shown(page);
  assert.ok(cut.length > 5);
  await page.getByTestId("export").click();
  const dialog = page.getByTestId("export-dialog");
  await dialog.getByRole("radio", { name: /OpenTimelineIO/ }).check();
  await dialog.getByTestId("report").waitFor();
  await site.picture(page, "export");
  const coming = page.waitForEvent("download");
  await dialog.getByTestId("download").click();
  const download = await coming;
  assert.match(download.suggestedFilename(), /\.otio$/);
  const file = readFileSync(await download.path(), "utf8");
  assert.equal(JSON.parse(file).OTIO_SCHEMA, "Timeline.1");

  const project = await site.newProject(access, "From a file");
  const [ada, ben] = [await enter({ project }), await enter({ project }, "Ben")];
  await ada.page.getByTestId("import-file").setInputFiles({
    name: "cut.otio",
    mimeType: "application/json",
    buffer: Buffer.from(file),
  });
  const asked = ada.page.getByTestId("import-dialog");
  await asked.getByTestId("report").waitFor();
  await site.picture(ada.page, "import");
  assert.equal((await site.shown(ada.page)).clips.length, 1, "a dry run writes nothing");
  await ada.page.getByTestId("import-now").click();
  await ada.page.getByTestId("imported").waitFor();
  await site.picture(ada.page, "imported");
  await ada.page.keyboard.press("Escape");
  for (const { page } of [ada, ben])
    assert.deepEqual(lengths(await clips(page, cut.length)), lengths(cut));
});

test("an edit list that is dropped on the timeline stands behind what is there", async () => {
  const project = await site.newProject(access, "Dropped");
  const { page } = await enter({ project });
  await clips(page, 1);
  await page.getByTestId("add-scene").click();
  const before = (await site.shown(page)).clips;
  const list = [
    "TITLE: REEL ONE",
    "FCM: NON-DROP FRAME",
    "001  TAPE1    V     C        00:00:10:00 00:00:15:00 01:00:00:00 01:00:05:00",
    "002  TAPE2    V     C        00:01:00:00 00:01:02:00 01:00:05:00 01:00:07:00",
    "",
  ].join("\n");
  await drop(page, "[data-testid=story-track]", "reel.edl", list);
  await page.getByTestId("import-now").click();
  await page.getByTestId("imported").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("import-dialog").waitFor({ state: "detached" });
  const after = await clips(page, before.length + 2);
  assert.deepEqual(
    after.slice(-2).map(({ length }) => length),
    [120, 48],
  );
});

test("a file that cannot be read is refused with the reason, and nothing is written", async () => {
  const project = await site.newProject(access, "Refused");
  const { page } = await enter({ project });
  const before = await site.shown(page);
  await drop(
    page,
    "[data-testid=viewer], body",
    "broken.otio",
    '{"OTIO_SCHEMA": "Timeline.1", "tracks": 7',
  );
  const dialog = page.getByTestId("import-dialog");
  assert.match(await dialog.getByRole("alert").innerText(), /cannot be read/);
  assert.ok(await dialog.getByTestId("import-now").isDisabled());
  await site.picture(page, "import-refused");
  await page.keyboard.press("Escape");
  assert.deepEqual(await site.shown(page), before);
});
