// Media from end to end: files made by ffmpeg are dropped on the page, seen on
// the timeline, played over a cut, and kept for when there is no network.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as Y from "yjs";
import * as site from "./site.mjs";

let browser;
let dir;
let access;
const opened = [];

before(async () => {
  browser = await site.startBrowser();
  dir = mkdtempSync(join(tmpdir(), "soratoo-media-"));
  access = await site.token("Ada");
  const ffmpeg = (...args) => execFileSync("ffmpeg", ["-v", "error", "-y", ...args], { cwd: dir });
  const color = (name, of) =>
    ffmpeg(
      ...["-f", "lavfi", "-i", `color=${of}:duration=2:rate=24:size=320x180`],
      ...["-f", "lavfi", "-i", "sine=frequency=330:duration=2", "-shortest"],
      ...["-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "12", "-c:a", "aac", name],
    );
  color("red.mp4", "red");
  color("blue.mp4", "blue");
  ffmpeg("-f", "lavfi", "-i", "sine=frequency=440:duration=3", "tone.wav");
  ffmpeg(...["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=1", "-frames:v", "1", "still.png"]);
  writeFileSync(join(dir, "notes.txt"), "no picture");
});

after(async () => {
  for (const { problems } of opened) assert.deepEqual(problems, []);
  await browser?.close();
  if (dir) rmSync(dir, { recursive: true });
});

/** A page on a new project of one's own. */
async function enter(name, options = {}) {
  const project = await site.newProject(access, name);
  const somebody = await site.enter(browser, "Ada", { project, ...options });
  opened.push(somebody);
  return { ...somebody, project };
}

/** Drops files of this directory on what a selector finds, `x` pixels from its left. */
async function drop(page, selector, names, x = 300) {
  const files = names.map((name) => ({
    name,
    bytes: readFileSync(join(dir, name)).toString("base64"),
  }));
  await page.locator(selector).first().waitFor();
  await page.evaluate(
    ({ selector, files, x }) => {
      const target = document.querySelector(selector);
      const transfer = new DataTransfer();
      for (const { name, bytes } of files) {
        const content = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
        transfer.items.add(new File([content], name, { type: "application/x-unknown" }));
      }
      const box = target.getBoundingClientRect();
      const at = { clientX: box.left + x, clientY: box.top + box.height / 2, bubbles: true };
      for (const type of ["dragover", "drop"])
        target.dispatchEvent(
          new DragEvent(type, { ...at, cancelable: true, dataTransfer: transfer }),
        );
    },
    { selector, files, x },
  );
}

/** The colour in the middle of the viewer: of what is on the screen, from the lowest to the highest. */
function color(page) {
  return page.evaluate(() => {
    const canvas = new OffscreenCanvas(1, 1);
    const context = canvas.getContext("2d");
    const shown = [...document.querySelectorAll("[data-testid=screen] > *")]
      .filter(({ style }) => Number(style.opacity) > 0)
      .sort((a, b) => Number(a.style.zIndex) - Number(b.style.zIndex));
    for (const element of shown) {
      const width = element.videoWidth ?? element.naturalWidth;
      const height = element.videoHeight ?? element.naturalHeight;
      context.globalAlpha = Number(element.style.opacity);
      context.drawImage(element, width / 2, height / 2, 1, 1, 0, 0, 1, 1);
    }
    const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
    return { red, green, blue, shown: shown.length };
  });
}

const isRed = ({ red, blue }) => red > 180 && blue < 80;
const isBlue = ({ red, blue }) => blue > 180 && red < 80;

async function shows(page, what, is) {
  return site.eventually(`the viewer does not show ${what}`, async () => {
    const value = await color(page);
    return { ok: is(value), value };
  });
}

async function goTo(page, timecode) {
  const field = page.getByTestId("timecode");
  await field.fill(timecode);
  await field.press("Enter");
}

const story = "[data-testid=story-track]";
const clips = (page) => page.locator(`${story} [data-testid=clip]`);

async function count(page, n) {
  await site.eventually(`not ${n} clips`, async () => {
    const value = await clips(page).count();
    return { ok: value === n, value };
  });
}

test("videos dropped on the timeline are clips there, and playing goes from one to the next", async () => {
  const { page } = await enter("Two colours");
  await count(page, 1);
  await drop(page, story, ["red.mp4", "blue.mp4"], 190);
  await count(page, 3);
  const { clips: cut } = await site.shown(page);
  assert.deepEqual(
    cut.slice(0, 2).map(({ start, length }) => [start, length]),
    [
      [0, 48],
      [48, 48],
    ],
  );
  // Parked in each, and on the frames at each side of the cut.
  for (const [frame, what, is] of [
    [24, "red", isRed],
    [72, "blue", isBlue],
    [47, "red", isRed],
    [48, "blue", isBlue],
    [0, "red", isRed],
  ]) {
    await goTo(page, code(frame));
    await shows(page, what, is);
  }
  // Thumbnails and the waveform come to the clips.
  await page.locator(`${story} [data-testid=film]`).nth(1).waitFor();
  // Playing: red, then blue, never nothing between.
  await goTo(page, code(28));
  await page.getByTestId("play").click();
  const seen = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const colors = [];
        const canvas = new OffscreenCanvas(1, 1);
        const context = canvas.getContext("2d", { willReadFrequently: true });
        const began = performance.now();
        const look = () => {
          context.fillStyle = "#000";
          context.fillRect(0, 0, 1, 1);
          for (const video of document.querySelectorAll("[data-testid=screen] > video"))
            if (Number(video.style.opacity) > 0) context.drawImage(video, 0, 0, 1, 1);
          const [r, , b] = context.getImageData(0, 0, 1, 1).data;
          const name = r > 180 ? "red" : b > 180 ? "blue" : "none";
          if (colors.at(-1) !== name) colors.push(name);
          if (performance.now() - began < 1900) requestAnimationFrame(look);
          else resolve(colors);
        };
        look();
      }),
  );
  assert.deepEqual(seen, ["red", "blue"]);
  await page.keyboard.press("k");
  await site.saved(page);
  await site.picture(page, "media-cut");
});

test("a sound gets a track of its own, captions are shown, and what is no media says why", async () => {
  const { page, project } = await enter("Sound and words");
  await drop(page, story, ["tone.wav"], 200);
  const tied = page.locator("[data-testid=tied-track] [data-testid=clip]");
  await tied.first().waitFor();
  assert.equal(await tied.first().getAttribute("data-length"), "72");
  await tied.first().locator("[data-testid=film]").waitFor();
  const writer = await site.hocuspocus(access, project);
  const { document: doc } = writer;
  doc.transact(() => {
    const put = (root, id, fields) => {
      const map = new Y.Map();
      for (const [key, value] of Object.entries(fields)) map.set(key, value);
      doc.getMap(root).set(id, map);
    };
    put("tracks", "words", { order: "z", kind: "caption", name: "English" });
    put("clips", "hello", {
      place: { track: "words", clip: null, offset: 0, at: 24 },
      span: { in: 0, length: 24 },
      source: { title: "" },
      text: new Y.Text("The lamp is out."),
    });
  });
  await writer.saved();
  writer.close();
  const captions = page.getByTestId("captions");
  await goTo(page, code(24));
  await captions.filter({ hasText: "The lamp is out." }).waitFor();
  await site.picture(page, "media-caption");
  await goTo(page, code(48));
  await captions.waitFor({ state: "detached" });
  await goTo(page, code(23));
  await captions.waitFor({ state: "detached" });
  // What is heard has the clip's level while it plays.
  await goTo(page, code(0));
  await page.getByTestId("play").click();
  await site.eventually("the playhead does not move", async () => {
    const value = await page.getByTestId("timecode").inputValue();
    return { ok: value >= "00:00:01:00", value };
  });
  const heard = await page.evaluate(() => {
    const audio = document.querySelector("[data-testid=screen] > audio");
    const [, , seconds, frames] = document
      .querySelector("[data-testid=timecode]")
      .value.split(":")
      .map(Number);
    const at = seconds + frames / 24 - 2 / 24; // it begins two frames later
    return { plays: !audio.paused && !audio.muted, off: Math.abs(audio.currentTime - at) };
  });
  assert.ok(heard.plays && heard.off < 0.15, JSON.stringify(heard));
  await page.keyboard.press("k");
  await drop(page, "[data-testid=media-panel]", ["notes.txt"], 100);
  await page.getByTestId("arrivals").getByRole("alert").filter({ hasText: "JPEG" }).waitFor();
  await site.picture(page, "media-refused");
  await page.getByRole("button", { name: "Close: notes.txt" }).click();
  await page.getByTestId("arrivals").waitFor({ state: "detached" });
});

test("an image dropped on a scene is its reference; the picker does it by keys alone", async () => {
  const { page } = await enter("References");
  await drop(page, "[data-testid=scene-card]", ["still.png"], 40);
  await page.getByTestId("scene-ref").waitFor();
  await page.getByRole("button", { name: /Remove the reference/ }).press("Enter");
  await page.getByTestId("scene-ref").waitFor({ state: "detached" });
  await page.getByTestId("add-reference").first().focus();
  await page.keyboard.press("Enter");
  const picker = page.getByRole("dialog");
  await picker.getByRole("button", { name: "still.png" }).focus();
  await page.keyboard.press("Enter");
  await page.getByTestId("scene-ref").waitFor();
  // From the list into the cut, at the playhead.
  await page.getByRole("button", { name: "Insert still.png at the playhead" }).press("Enter");
  await count(page, 2);
  await goTo(page, code(10));
  await site.eventually("the image is not shown", async () => {
    const value = await color(page);
    return { ok: value.shown === 1, value };
  });
  await site.picture(page, "media-image");
});

test("a file on its way shows how far it is, and can be stopped", async () => {
  const { page } = await enter("On its way");
  let release = () => undefined;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  await page.route("**/assets?*", async (route) => {
    await held;
    await route.abort().catch(() => undefined); // the page has given it up
  });
  await page.getByTestId("media-files").setInputFiles(join(dir, "tone.wav"));
  await page.getByRole("progressbar").waitFor();
  await page.getByRole("button", { name: "Cancel tone.wav" }).click();
  await page.getByTestId("arrivals").waitFor({ state: "detached" });
  release();
  await page.unroute("**/assets?*");
  assert.equal(await page.getByTestId("asset").count(), 0);
});

test("what was seen plays without a network, two tabs go on together, and signing out takes all away", async () => {
  const line = await site.startLine();
  try {
    const { page, context, project } = await enter("In the tunnel", { base: line.url });
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await page.reload(); // from here on the worker sees what is asked for
    await page.getByTestId("scene-card").first().waitFor();
    await drop(page, story, ["red.mp4"], 190);
    await count(page, 2);
    await goTo(page, code(24));
    await shows(page, "red", isRed);
    await site.saved(page);
    await site.eventually("the file is not kept", async () => {
      const value = await page.evaluate(async () =>
        (await (await caches.open("media-1")).keys()).map(({ url }) => url),
      );
      return { ok: value.some((kept) => kept.endsWith("/content")), value };
    });
    const other = await context.newPage();
    await other.goto(`${line.url}/p/${project}`);
    await other.getByTestId("scene-card").first().waitFor();
    await site.saved(other);
    await context.setOffline(true);
    line.cut();
    for (const tab of [page, other]) {
      await tab.getByTestId("save-state").filter({ hasText: "Offline" }).waitFor();
    }
    await page.reload();
    await goTo(page, code(24));
    await shows(page, "red", isRed);
    await page.locator(".cm-content").nth(1).click();
    await page.keyboard.type("Rails");
    for (const tab of [page, other]) {
      await tab.getByTestId("prompt-editor").filter({ hasText: "Rails" }).waitFor();
      await tab
        .getByTestId("save-state")
        .filter({ hasText: /Offline, \d+ changes? kept/ })
        .waitFor();
    }
    await site.picture(page, "media-offline");
    await page.close();
    line.mend();
    await context.setOffline(false);
    await site.saved(other);
    const reader = await site.hocuspocus(access, project);
    const scenes = [...reader.document.getMap("scenes").values()];
    assert.equal(scenes[0].get("prompt").toString(), "Rails");
    reader.close();
    // The marks of the tab that was closed go a moment after all is saved.
    await site.eventually("changes that are saved are marked as waiting", async () => {
      const value = await other.evaluate(waitingMarks);
      return { ok: value === 0, value };
    });
    await other.goto(line.url);
    await other.getByRole("button", { name: /Sign out/ }).click();
    await other.locator("input[type=password]").waitFor();
    const left = await other.evaluate(async () => [
      ...(await caches.keys()).filter((name) => !name.startsWith("page-")),
      ...(await indexedDB.databases()).map(({ name }) => name),
    ]);
    assert.deepEqual(left, []);
  } finally {
    line.close();
  }
});

/** A frame as timecode at 24 frames a second. */
function code(frame) {
  const two = (n) => String(n).padStart(2, "0");
  return `00:${two(Math.floor(frame / 1440))}:${two(Math.floor(frame / 24) % 60)}:${two(frame % 24)}`;
}

/** How many changes this browser keeps for the server; runs in a page. */
async function waitingMarks() {
  const done = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  let count = 0;
  for (const { name } of await indexedDB.databases()) {
    if (!name.startsWith("soratoo/")) continue;
    const db = await done(indexedDB.open(name));
    count += await done(db.transaction("waiting").objectStore("waiting").count());
    db.close();
  }
  return count;
}
