// The main job, in real browsers: two people, one timeline, live.
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

function prompt(page, i) {
  return page.getByTestId("prompt-editor").nth(i);
}

async function typeAtEnd(page, i, text) {
  await prompt(page, i).click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(text);
}

function clips(page) {
  return page.getByTestId("story-track").getByTestId("clip");
}

// drag takes a clip by its middle and drops it on a point of another.
async function drag(page, clip, onto, part) {
  const from = await clip.boundingBox();
  const to = await onto.boundingBox();
  await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(from.x + from.width / 2 + 12, from.y + from.height / 2, { steps: 3 });
  await page.mouse.move(to.x + to.width * part, to.y + to.height / 2, { steps: 8 });
  await page.mouse.up();
}

test("both type into one prompt at once, and nothing is lost", async () => {
  const [ada, ben] = await Promise.all([enter("Ada"), enter("Ben")]);
  await Promise.all([
    typeAtEnd(ada, 0, " Ada adds a gull."),
    typeAtEnd(ben, 0, " Ben adds a bell."),
  ]);
  const { prompts } = await site.same(ada, ben);
  // Letters may interleave between the two, but each is there, in its order.
  for (const text of ["Ada adds a gull.", "Ben adds a bell."]) {
    let at = -1;
    for (const letter of text) {
      at = prompts[0].indexOf(letter, at + 1);
      assert.notEqual(at, -1, `${text} is not in ${prompts[0]}`);
    }
  }
  await Promise.all([site.saved(ada), site.saved(ben)]);
  await site.picture(ada, "two-in-one-prompt");
});

test("who is here and where, others see", async () => {
  const [ada, ben] = await Promise.all([enter("Ada"), enter("Ben")]);
  await ada.getByTestId("presence-avatar").waitFor();
  await prompt(ben, 1).click();
  await ada.locator('.remote-caret[data-name^="Ben"]').waitFor({ state: "attached" });
  await site.picture(ada, "presence");
});

test("both drag one clip: one place wins, whole", async () => {
  const [ada, ben] = await Promise.all([enter("Ada"), enter("Ben")]);
  const before = await site.same(ada, ben);
  await Promise.all([
    drag(ada, clips(ada).nth(1), clips(ada).nth(4), 0.8),
    drag(ben, clips(ben).nth(1), clips(ben).nth(7), 0.8),
  ]);
  await Promise.all([site.saved(ada), site.saved(ben)]);
  const now = await site.same(ada, ben);
  assert.deepEqual(now.clips.map(({ id }) => id).sort(), before.clips.map(({ id }) => id).sort());
  assert.notDeepEqual(
    now.clips.map(({ id }) => id),
    before.clips.map(({ id }) => id),
  );
  const total = (list) => list.reduce((sum, { length }) => sum + length, 0);
  assert.equal(total(now.clips), total(before.clips));
  await site.picture(ben, "both-dragged");
});

test("offline work is kept over a reload and merged on return", async () => {
  const line = await site.startLine();
  try {
    const [ada, ben] = await Promise.all([enter("Ada"), enter("Ben", { base: line.url })]);
    await ben.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await ben.context().setOffline(true);
    line.cut();
    await ben.getByTestId("save-state").filter({ hasText: "Offline" }).waitFor();
    await typeAtEnd(ben, 2, " Written in a tunnel.");
    await ben
      .getByTestId("save-state")
      .filter({ hasText: /Offline, \d+ changes? kept/ })
      .waitFor();
    await site.picture(ben, "offline");
    await ben.reload();
    await prompt(ben, 2).filter({ hasText: "Written in a tunnel." }).waitFor();
    await ben
      .getByTestId("save-state")
      .filter({ hasText: /Offline, \d+ changes? kept/ })
      .waitFor();
    await typeAtEnd(ada, 2, " Written at the desk.");
    await site.saved(ada);
    line.mend();
    await ben.context().setOffline(false);
    await site.saved(ben);
    const { prompts } = await site.same(ada, ben);
    assert.match(prompts[2], /Written in a tunnel\./);
    assert.match(prompts[2], /Written at the desk\./);
  } finally {
    line.close();
  }
});

test("undo takes back only one's own work", async () => {
  const [ada, ben] = await Promise.all([enter("Ada"), enter("Ben")]);
  await typeAtEnd(ada, 3, " Only Ada.");
  await site.same(ada, ben);
  await typeAtEnd(ben, 3, " Only Ben.");
  await site.same(ada, ben);
  await ada.getByTestId("undo").click();
  await site.eventually("Ada's words are still there", async () => {
    const { prompts } = await site.shown(ben);
    return { ok: !prompts[3].includes("Only Ada."), value: prompts[3] };
  });
  const { prompts } = await site.same(ada, ben);
  assert.match(prompts[3], /Only Ben\./);
  await ada.getByTestId("redo").click();
  await site.eventually("Ada's words did not come back", async () => {
    const view = await site.shown(ben);
    return { ok: view.prompts[3].includes("Only Ada."), value: view.prompts[3] };
  });
});

test("split, trim and delete by keys and buttons, and take it all back", async () => {
  const ada = await enter("Ada");
  const before = await site.shown(ada);
  const target = before.clips[2];
  await ada.locator(`[data-clip="${target.id}"]`).focus();
  await ada.keyboard.press("Enter");
  await ada.keyboard.press("Shift+ArrowRight");
  await ada.keyboard.press("s");
  const split = await site.eventually("not split", async () => {
    const { clips } = await site.shown(ada);
    return { ok: clips.length === before.clips.length + 1, value: clips };
  });
  assert.equal(split[2].length, 24);
  assert.equal(split[3].length, target.length - 24);
  await ada.locator(`[data-clip="${split[3].id}"]`).focus();
  await ada.keyboard.press("Enter");
  await ada.keyboard.press("Delete");
  await site.eventually("not deleted", async () => {
    const { clips } = await site.shown(ada);
    return { ok: clips.length === before.clips.length, value: clips };
  });
  for (let i = 0; i < 2; i++) await ada.keyboard.press("Control+z");
  const after = await site.eventually("not taken back", async () => {
    const { clips } = await site.shown(ada);
    return { ok: JSON.stringify(clips) === JSON.stringify(before.clips), value: clips };
  });
  assert.equal(after.length, before.clips.length);
});

test("a comment at a frame reaches the other, who answers and resolves it", async () => {
  const [ada, ben] = await Promise.all([enter("Ada"), enter("Ben")]);
  await ada.getByTestId("timecode").fill("00:00:05:00");
  await ada.keyboard.press("Enter");
  await ada.getByTestId("comment-input").fill("Could the flare bloom slower?");
  await ada.keyboard.press("Enter");
  const thread = ben
    .getByTestId("comment-thread")
    .filter({ hasText: "Could the flare bloom slower?" });
  await thread.waitFor();
  await thread.getByText("Ada").waitFor();
  await thread.getByRole("textbox").fill("Half speed, then.");
  await ben.keyboard.press("Enter");
  await ada.getByTestId("comment-thread").filter({ hasText: "Half speed, then." }).waitFor();
  await site.picture(ada, "comments");
  await thread.getByRole("button", { name: /Resolve/ }).click();
  await ada
    .getByTestId("comment-thread")
    .filter({ hasText: "Half speed, then." })
    .waitFor({ state: "detached" });
});

test("two browsers, a y-websocket client and a Hocuspocus client: all four equal", async () => {
  const [ada, ben] = await Promise.all([enter("Ada"), enter("Ben")]);
  const access = await site.token("Ada");
  const clients = [await site.hocuspocus(access), await site.ywebsocket(access)];
  try {
    const docs = clients.map(({ document }) => document);
    const scene = (doc, i) =>
      [...doc.getMap("scenes").values()].sort((a, b) => (a.get("order") < b.get("order") ? -1 : 1))[
        i
      ];
    const write = (doc, text) => {
      const shared = scene(doc, 4).get("prompt");
      shared.insert(shared.length, text);
    };
    write(docs[0], " From Hocuspocus.");
    write(docs[1], " From y-websocket.");
    await Promise.all([typeAtEnd(ada, 4, " From Ada."), typeAtEnd(ben, 4, " From Ben.")]);
    await Promise.all([site.saved(ada), site.saved(ben)]);
    const { prompts } = await site.same(ada, ben);
    await site.eventually("clients and pages differ", async () => {
      const pages = await site.shown(ada);
      const all = [pages.prompts[4], ...docs.map((doc) => scene(doc, 4).get("prompt").toString())];
      return { ok: new Set(all).size === 1, value: all };
    });
    for (const word of ["Hocuspocus", "y-websocket"])
      assert.match(prompts[4], new RegExp(`From ${word}\\.`));
  } finally {
    for (const client of clients) client.close();
  }
});

test("a stranger signs up, makes a project, writes a scene, and finds it again", async () => {
  const somebody = await site.openPage(browser);
  opened.push(somebody);
  const { page } = somebody;
  await page.goto(`${site.url}/signup`);
  const form = page.locator("form");
  await form.locator("input").nth(0).fill("Cleo");
  await form.locator("input[type=email]").fill(`cleo-${Date.now()}@example.org`);
  await form.locator("input[type=password]").fill("a quiet harbour at dawn");
  await form.locator("input[type=number]").fill("1990");
  await form.locator("input[type=checkbox]").check();
  await form.getByRole("button", { name: "Create account" }).click();
  await page.getByTestId("new-project").click();
  await page.getByRole("dialog").getByRole("textbox").fill("Night ferry");
  await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
  await page.getByTestId("scene-card").first().waitFor();
  await page.getByTestId("add-scene").click();
  await site.eventually("no second scene", async () => {
    const n = await page.getByTestId("scene-card").count();
    return { ok: n === 2, value: n };
  });
  await typeAtEnd(page, 1, "The ferry leaves without its lights.");
  await site.saved(page);
  await site.picture(page, "new-project");
  await page.reload();
  await page
    .getByTestId("prompt-editor")
    .filter({ hasText: "The ferry leaves without its lights." })
    .waitFor();
  await page.goto(site.url);
  await page.getByText("Night ferry").waitFor();
  await site.picture(page, "projects");
});
