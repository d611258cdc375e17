// A page opens whatever numbers an editor's own program has written.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import * as Y from "yjs";
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

// The server takes these; what is further out is refused.
const numbers = [2 ** 31 - 1, -(2 ** 31), 1e9, -1, 0, 0.5, 1e-9];

/** A map of Yjs with some entries. */
function mapOf(entries) {
  return new Y.Map(Object.entries(entries));
}

// spoil fills a timeline with things of all kinds, each number of which is hostile in one of them.
function spoil(doc) {
  const order = (i) => `V${String(i).padStart(4, "0")}`;
  doc.transact(() => {
    const story = [...doc.getMap("tracks")].find(([, track]) => track.get("kind") === "story")[0];
    doc.getMap("tracks").set("captions", mapOf({ order: "z", kind: "caption", gain: 1e15 }));
    for (const [i, n] of numbers.entries()) {
      const texts = {
        title: new Y.Text(`Number ${i}`),
        prompt: new Y.Text(""),
        notes: new Y.Text(""),
      };
      const maps = { render: new Y.Map(), refs: new Y.Map() };
      doc.getMap("scenes").set(`s${i}`, mapOf({ order: order(i), length: n, ...texts, ...maps }));
      const clip = {
        source: { scene: `s${i}` },
        speed: n,
        gain: n,
        fade: { in: n, out: n },
        transition: { kind: "dissolve", length: n },
      };
      const span = { in: n, length: n };
      doc
        .getMap("clips")
        .set(`c${i}`, mapOf({ ...clip, span, place: { track: story, order: order(i), gap: n } }));
      const tied = { track: "captions", clip: i % 2 ? `c${i}` : null, offset: n, at: n };
      doc
        .getMap("clips")
        .set(`t${i}`, mapOf({ ...clip, span, place: tied, text: new Y.Text("words") }));
      doc
        .getMap("markers")
        .set(`m${i}`, mapOf({ at: { clip: null, offset: n }, length: n, label: "here" }));
    }
  });
}

for (const rate of [
  [24, 1],
  [2 ** 31 - 1, 1],
  [1, 2 ** 31 - 1],
]) {
  test(`a project of hostile numbers opens at a rate of ${rate.join("/")}`, async () => {
    const token = await site.token("Ada");
    const project = await site.newProject(token, "Hostile");
    const program = await site.hocuspocus(token, project);
    spoil(program.document);
    program.document.getMap("meta").set("rate", rate);
    await program.saved();
    program.close();
    const somebody = await site.enter(browser, "Ada", { project });
    opened.push(somebody);
    const { page } = somebody;
    const card = page.getByTestId("scene-card").filter({ hasText: "Number 2" });
    await card.waitFor();
    await page.getByTestId("story-track").waitFor();
    assert.equal(await page.getByTestId("broken").count(), 0);
    const before = await page.getByTestId("scene-card").count();
    await card.hover();
    await card.locator("button.danger").click();
    await card.waitFor({ state: "detached" });
    await site.saved(page);
    assert.equal(await page.getByTestId("scene-card").count(), before - 1);
  });
}
