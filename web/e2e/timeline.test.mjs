// The timeline in real browsers: what several people do to one cut at once,
// and all of it by keys alone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, afterEach, before, test } from "node:test";
import * as Y from "yjs";
import * as site from "./site.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const lengths = [96, 120, 72, 144, 96, 120];

let browser;
let access;
const opened = [];
const lines = [];

before(async () => {
  browser = await site.startBrowser();
  access = await site.token("Ada");
});
after(() => browser?.close());
afterEach(async () => {
  for (const line of lines.splice(0)) line.close();
  for (const { context, problems } of opened.splice(0)) {
    await context.close();
    assert.deepEqual(problems, [], "errors on a page");
  }
});

const id = (kind, n) => `${kind}${String(n).padStart(21, "0")}`;

// newCut makes a project with six clips in its story and a video track with two on it.
async function newCut(name) {
  const project = await site.newProject(access, name);
  const client = await site.hocuspocus(access, project);
  const doc = client.document;
  const put = (root, key, entries) => doc.getMap(root).set(key, new Y.Map(Object.entries(entries)));
  doc.transact(() => {
    const [home] = doc.getMap("tracks").keys();
    for (const key of [...doc.getMap("clips").keys()]) doc.getMap("clips").delete(key);
    put("tracks", id("t", 1), { order: "z00001", kind: "video", name: "Overlays" });
    for (const [n, length] of lengths.entries()) {
      const text = (words) => new Y.Text(words);
      put("scenes", id("s", n), {
        order: `x0000${n}`,
        title: text(`Take ${n}`),
        prompt: text(`What the camera sees in take ${n}.`),
        notes: text(""),
        length: 240,
      });
      put("clips", id("c", n), {
        place: { track: home, order: `00000${n + 1}`, gap: 0 },
        span: { in: 24, length },
        source: { scene: id("s", n) },
      });
    }
    for (const n of [1, 3])
      put("clips", id("v", n), {
        place: { track: id("t", 1), clip: id("c", n), offset: 12, at: 0 },
        span: { in: 0, length: 48 },
        source: { title: "title" },
        label: `Title ${n}`,
      });
  });
  await client.saved();
  client.close();
  return project;
}

async function enter(name, project, options = {}) {
  const somebody = await site.enter(browser, name, options);
  opened.push(somebody);
  const { page } = somebody;
  await page.goto(`${options.base ?? site.url}/p/${project}`);
  await clip(page, "c", 0).waitFor();
  await site.saved(page);
  return page;
}

// behind enters through a line that can be cut.
async function behind(name, project) {
  const line = await site.startLine();
  lines.push(line);
  const page = await enter(name, project, { base: line.url });
  return {
    page,
    async cut() {
      await page.context().setOffline(true);
      line.cut();
      await page.getByTestId("save-state").filter({ hasText: "Offline" }).waitFor();
    },
    async mend() {
      line.mend();
      await page.context().setOffline(false);
      await site.saved(page);
    },
  };
}

function clip(page, kind, n) {
  return page.locator(`.clip[data-clip="${id(kind, n)}"]`);
}

function story(page) {
  return page.getByTestId("story-track").getByTestId("clip");
}

const total = (clips) => clips.reduce((sum, { length }) => sum + length, 0);

async function hold(page, at) {
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
}

async function middle(locator, part = 0.5) {
  const box = await locator.boundingBox();
  return { x: box.x + box.width * part, y: box.y + box.height / 2 };
}

async function pick(page, kind, n) {
  const at = await middle(clip(page, kind, n));
  await page.mouse.click(at.x, at.y);
}

test("two drag one clip while a third looks on: one place wins, whole, in all three", async () => {
  const project = await newCut("Both drag");
  const [ada, ben, third] = await Promise.all([
    enter("Ada", project),
    enter("Ben", project),
    enter("Ada", project),
  ]);
  const before = await site.same(ada, ben, third);
  const [from, onto] = [await middle(clip(ada, "c", 1)), await middle(clip(ada, "c", 4), 0.9)];
  const back = await middle(clip(ben, "c", 0), 0.1);
  await Promise.all([hold(ada, from), hold(ben, from)]);
  await ada.mouse.move(onto.x, onto.y, { steps: 6 });
  await ben.mouse.move(back.x, back.y, { steps: 6 });
  // Before anybody lets go, each sees what the cut would be.
  const preview = await site.shown(ada);
  assert.deepEqual(
    preview.clips.map(({ id }) => id),
    [0, 2, 3, 4, 1, 5].map((n) => id("c", n)),
  );
  assert.equal(await story(third).nth(1).getAttribute("data-clip"), id("c", 1));
  await site.picture(ada, "timeline-drag");
  await Promise.all([ada.mouse.up(), ben.mouse.up()]);
  await Promise.all([site.saved(ada), site.saved(ben)]);
  const now = await site.same(ada, ben, third);
  const orders = [
    [0, 2, 3, 4, 1, 5],
    [1, 0, 2, 3, 4, 5],
  ].map((ns) => ns.map((n) => id("c", n)).join());
  assert.ok(orders.includes(now.clips.map(({ id }) => id).join()), JSON.stringify(now.clips));
  assert.equal(total(now.clips), total(before.clips));
});

test("what somebody else does shows in the preview of a drag under way", async () => {
  const project = await newCut("Merging under a drag");
  const [ada, ben] = await Promise.all([enter("Ada", project), enter("Ben", project)]);
  const from = await middle(clip(ada, "c", 0));
  const onto = await middle(clip(ada, "c", 3), 0.9);
  await hold(ada, from);
  await ada.mouse.move(onto.x, onto.y, { steps: 6 });
  await pick(ben, "c", 2);
  await ben.keyboard.press("Delete");
  await clip(ada, "c", 2).waitFor({ state: "detached" });
  const { clips } = await site.shown(ada);
  assert.equal(total(clips), 648 - 72);
  await ada.mouse.up();
  await Promise.all([site.saved(ada), site.saved(ben)]);
  const now = await site.same(ada, ben);
  assert.deepEqual(
    now.clips.map(({ id }) => id),
    clips.map(({ id }) => id),
  );
});

test("one splits a clip while another trims it: both hold", async () => {
  const project = await newCut("Split and trim");
  const ada = await enter("Ada", project);
  const { page: ben, cut, mend } = await behind("Ben", project);
  const third = await enter("Ada", project);
  await cut();
  await clip(ada, "c", 3).focus();
  await ada.keyboard.press("Enter");
  await ada.keyboard.press("Shift+ArrowRight");
  await ada.keyboard.press("Shift+ArrowRight");
  await ada.keyboard.press("s");
  await site.saved(ada);
  // Meanwhile Ben takes a second off the end, by its edge.
  const tail = await middle(clip(ben, "c", 3), 1);
  const box = await clip(ben, "c", 3).boundingBox();
  await hold(ben, { x: tail.x - 3, y: tail.y });
  await ben.keyboard.down("Control");
  await ben.mouse.move(tail.x - 3 - box.width / 6, tail.y, { steps: 5 });
  const words = await ben.getByTestId("bubble").textContent();
  assert.match(words, /−00:00:2\d|−00:01:0\d/);
  await ben.mouse.up();
  await ben.keyboard.up("Control");
  const trimmed = Number(await clip(ben, "c", 3).getAttribute("data-length"));
  assert.ok(trimmed > 115 && trimmed < 125, `trimmed to ${trimmed}`);
  await mend();
  const now = await site.same(ada, ben, third);
  const [first, second] = now.clips.slice(3, 5);
  assert.equal(first.length, 48, "the cut is where it was made");
  assert.equal(now.clips.length, 7);
  assert.equal(first.start + first.length, second.start);
});

test("one deletes the track into which another inserts: nothing is lost, and it can be settled", async () => {
  const project = await newCut("Track away");
  const ada = await enter("Ada", project);
  const { page: ben, cut, mend } = await behind("Ben", project);
  const third = await enter("Ben", project);
  await cut();
  await ada.locator(`[data-track-head="${id("t", 1)}"] button[aria-haspopup]`).click();
  await ada.getByRole("menuitem", { name: "Delete track" }).click();
  await clip(ada, "v", 1).waitFor({ state: "detached" });
  await site.saved(ada);
  // Ben takes a story clip to that track.
  const row = await ben.locator(`[data-track="${id("t", 1)}"]`).boundingBox();
  const from = await middle(clip(ben, "c", 5));
  await hold(ben, from);
  await ben.mouse.move(from.x, row.y + row.height / 2, { steps: 6 });
  await ben.mouse.up();
  await ben.locator(`[data-track="${id("t", 1)}"] [data-clip="${id("c", 5)}"]`).waitFor();
  await mend();
  for (const page of [ada, ben, third]) {
    await page.locator(`[data-track="recovered"] [data-clip="${id("c", 5)}"]`).waitFor();
    await page.getByTestId("repair").waitFor();
  }
  await site.picture(ada, "timeline-repair");
  await ada.getByTestId("repair").click();
  await ada.getByText("Its track was deleted while the clip was put there.").waitFor();
  await ada.getByRole("menuitem", { name: "Keep it as shown" }).click();
  for (const page of [ada, ben, third])
    await page.getByTestId("repair").waitFor({ state: "detached" });
  assert.equal((await site.same(ada, ben, third)).clips.length, 5);
});

test("ripple inserts at two places at once show both, whole", async () => {
  const project = await newCut("Two inserts");
  const ada = await enter("Ada", project);
  const { page: ben, cut, mend } = await behind("Ben", project);
  const third = await enter("Ada", project);
  await cut();
  await pick(ada, "c", 1);
  await ada.keyboard.press("Control+d");
  await pick(ben, "c", 4);
  await ben.keyboard.press("Control+d");
  await site.saved(ada);
  await mend();
  const now = await site.same(ada, ben, third);
  assert.deepEqual(
    now.clips.map(({ length }) => length),
    [96, 120, 120, 72, 144, 96, 96, 120],
  );
  let end = 0;
  for (const { start, length } of now.clips) {
    assert.equal(start, end);
    end += length;
  }
});

test("a cut is made by keys alone, and axe finds nothing", async () => {
  const project = await newCut("By keys");
  const ada = await enter("Ada", project);
  const keys = async (...all) => {
    for (const key of all) await ada.keyboard.press(key);
  };
  const order = async () => (await site.shown(ada)).clips.map(({ id }) => id);
  const ids = (...ns) => ns.map((n) => id("c", n));
  await ada.locator('[role="separator"]').focus();
  for (let i = 0; i < 40; i++) {
    if (await ada.evaluate(() => document.activeElement?.matches(".clip"))) break;
    await keys("Tab");
  }
  assert.equal(await clip(ada, "c", 0).evaluate((node) => node === document.activeElement), true);
  // Along the track, a place later, and back by undo.
  await keys("ArrowDown", "ArrowDown");
  await ada.waitForFunction((at) => document.activeElement?.dataset.clip === at, id("c", 2));
  await keys("Alt+ArrowRight");
  assert.deepEqual(await order(), ids(0, 1, 3, 2, 4, 5));
  await keys("Control+z");
  assert.deepEqual(await order(), ids(0, 1, 2, 3, 4, 5));
  // Trim the end to the playhead, a second in.
  await keys("Enter", "Shift+ArrowRight", "]");
  assert.equal(await clip(ada, "c", 2).getAttribute("data-length"), "24");
  // To the track below and its menu.
  await keys("PageDown");
  await ada.waitForFunction(() => document.activeElement?.dataset.clip?.startsWith("v"));
  await keys("Escape", "Shift+F10");
  await ada.getByRole("menu").waitFor();
  await check(ada, "menu");
  for (let i = 0; i < 20; i++) {
    if (await ada.evaluate(() => document.activeElement?.textContent?.startsWith("Delete clip")))
      break;
    await keys("ArrowDown");
  }
  await keys("Enter");
  await clip(ada, "v", 3).waitFor({ state: "detached" });
  // A marker with a name, a dissolve, a range taken out.
  await keys("Home", "m");
  await ada.keyboard.type("Opening");
  await keys("Enter");
  await ada.getByRole("button", { name: /Marker Opening/ }).waitFor();
  await keys("Escape", "Home", "i", "Shift+ArrowRight", "Shift+ArrowRight", "o");
  await ada.getByTestId("range").waitFor();
  await ada.evaluate(() => document.activeElement?.blur());
  await keys("Delete");
  await site.eventually("the range is still there", async () => {
    const { clips } = await site.shown(ada);
    return { ok: clips[0].length === 48, value: clips };
  });
  await keys("d", "t");
  await ada.locator("[data-blend]").first().waitFor();
  await site.picture(ada, "timeline-keys");
  const marker = ada.getByRole("button", { name: /Marker Opening/ });
  await marker.focus();
  await keys("Alt+Shift+ArrowRight");
  await ada.locator('[data-testid=marker][data-start="24"]').waitFor();
  await marker.focus();
  await keys("Delete");
  await marker.waitFor({ state: "detached" });
  assert.equal((await site.shown(ada)).clips.length, 6, "the clip that is selected stays");
  await check(ada, "dark");
  await ada.getByRole("button", { name: "Light or dark" }).click();
  await check(ada, "light");
  await site.picture(ada, "timeline-light");
  await keys("?");
  await ada.getByRole("dialog").waitFor();
  await check(ada, "help");
});

// check lets axe look at the panel, or at what is open above it.
async function check(page, what) {
  await page.evaluate(axe);
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
  const found = await page.evaluate(async () => {
    const open = document.querySelector("dialog[open], [role=menu]");
    const root = open ?? document.querySelector("section[aria-label=Timeline]");
    const { violations } = await window.axe.run(root);
    return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))]);
  });
  assert.deepEqual(found, [], what);
}

test("clips are copied from one project to another", async () => {
  const [one, other] = [await newCut("From here"), await newCut("To there")];
  const somebody = await site.enter(browser, "Ada");
  opened.push(somebody);
  const { page, context } = somebody;
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(`${site.url}/p/${one}`);
  await clip(page, "c", 1).waitFor();
  await pick(page, "c", 1);
  await clip(page, "v", 3).click({ modifiers: ["Control"] });
  await page.keyboard.press("Control+c");
  await page.goto(`${site.url}/p/${other}`);
  await clip(page, "c", 0).waitFor();
  await page.keyboard.press("Control+v");
  const now = await site.eventually("not pasted", async () => {
    const { clips } = await site.shown(page);
    return { ok: clips.length === 7, value: clips };
  });
  assert.equal(now[1].length, 120);
  await page.getByTestId("tied-track").getByTestId("clip").nth(2).waitFor();
  await site.saved(page);
});

test("one presents, another watches along until doing something", async () => {
  const project = await newCut("Watch together");
  const [ada, ben] = await Promise.all([enter("Ada", project), enter("Ben", project)]);
  await ada.getByTestId("present").click();
  await ben.getByTestId("together").getByRole("button", { name: "Watch along" }).click();
  await ada.getByTestId("together").filter({ hasText: "1 person watches" }).waitFor();
  await clip(ada, "c", 4).focus();
  await ada.keyboard.press("Enter");
  await ben.locator('[data-testid=playhead][data-frame="432"]').waitFor({ state: "attached" });
  await ada.keyboard.press("+");
  await ada.keyboard.press("+");
  const zoom = (page) =>
    page.getByTestId("timeline-scroller").evaluate((node) => Number(node.dataset.zoom));
  await site.eventually("Ben does not see what Ada sees", async () => {
    const [own, seen] = [await zoom(ada), await zoom(ben)];
    return { ok: Math.abs(own / seen - 1) < 0.02, value: [own, seen] };
  });
  await ben.locator(`.clip[data-clip="${id("c", 4)}"].marked`).waitFor();
  await site.picture(ben, "timeline-together");
  await ben.keyboard.press("ArrowLeft");
  await ada.getByTestId("together").filter({ hasText: "nobody watches" }).waitFor();
  await ben.locator('[data-testid=playhead][data-frame="431"]').waitFor({ state: "attached" });
  assert.equal(await ada.locator("[data-testid=playhead]").getAttribute("data-frame"), "432");
});

test("a slip, a marquee, a blade and the zoom do what the hand shows", async () => {
  const project = await newCut("By hand");
  const ada = await enter("Ada", project);
  const slipped = await middle(clip(ada, "c", 3));
  await ada.keyboard.down("Alt");
  await hold(ada, slipped);
  await ada.mouse.move(slipped.x - 30, slipped.y, { steps: 4 });
  assert.match(await ada.getByTestId("bubble").textContent(), /from/);
  await ada.mouse.up();
  await ada.keyboard.up("Alt");
  assert.equal(await ada.getByTestId("undo").isEnabled(), true);
  // A marquee from the empty ground over the overlays.
  const ground = await ada.getByTestId("timeline-scroller").boundingBox();
  await hold(ada, { x: ground.x + 260, y: ground.y + ground.height - 20 });
  await ada.mouse.move(ground.x + ground.width - 40, ground.y + 150, { steps: 6 });
  await ada.mouse.up();
  assert.equal(await ada.locator('.clip[aria-pressed="true"]').count(), 2);
  // A blade cuts where it is put down.
  await ada.keyboard.press("b");
  const cut = await middle(clip(ada, "c", 5));
  await ada.mouse.click(cut.x, cut.y);
  await ada.keyboard.press("v");
  const { clips } = await site.shown(ada);
  assert.equal(clips.length, 7);
  assert.ok(Math.abs(clips[5].length - 60) < 4);
  // The frame under the pointer stays there.
  const at = await middle(clip(ada, "c", 4), 0);
  await ada.mouse.move(at.x, at.y);
  await ada.keyboard.down("Control");
  for (let i = 0; i < 4; i++) await ada.mouse.wheel(0, -100);
  await ada.keyboard.up("Control");
  await site.eventually("the clip under the pointer moved away", async () => {
    const { x, width } = await clip(ada, "c", 4).boundingBox();
    return { ok: Math.abs(x - at.x) < 4 && width > 200, value: [x, at.x, width] };
  });
});
