// Media from end to end: files made by ffmpeg are dropped on the page, seen on
// the timeline, played over a cut, and kept for when there is no network.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
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

/** A frame as timecode at 24 frames a second. */
function code(frame) {
  const two = (n) => String(n).padStart(2, "0");
  return `00:${two(Math.floor(frame / 1440))}:${two(Math.floor(frame / 24) % 60)}:${two(frame % 24)}`;
}
