import "fake-indexeddb/auto";
import { flushSync, mount, unmount } from "svelte";
import { afterEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { addScene, addTrack, createEditor } from "../../model/commands.ts";
import { addThread, createReviewer, listReview, reply } from "../../model/review.ts";
import { hostileDocs } from "../../model/testing/hostile.ts";
import { keepRescue, listRescues, rescueName } from "../../sync/rescue.ts";
import type { Studio } from "../editor/studio.svelte.ts";
import RescueDialog from "./RescueDialog.svelte";
import { fileOf, Rescues } from "./rescues.svelte.ts";

let projects = 0;
let shown: ReturnType<typeof mount> | null = null;

afterEach(async () => {
  if (shown) await unmount(shown);
  shown = null;
});

// setUp is a project with one scene that is open and saved, and a copy kept of it.
async function setUp(spoil: (docs: { timeline: Y.Doc; review: Y.Doc }) => void, write = true) {
  const project = `offered${++projects}`;
  const live = { timeline: new Y.Doc(), review: new Y.Doc() };
  addTrack(createEditor(live.timeline), "story", "");
  const kept = { timeline: new Y.Doc(), review: new Y.Doc() };
  for (const kind of ["timeline", "review"] as const)
    Y.applyUpdate(kept[kind], Y.encodeStateAsUpdate(live[kind]));
  spoil(kept);
  const states = {
    timeline: Y.encodeStateAsUpdate(kept.timeline),
    review: Y.encodeStateAsUpdate(kept.review),
  };
  const name = rescueName("ada", project);
  await keepRescue(name, { why: "refused", reason: "no", at: 5, waiting: 1, states }, write);
  const studio = {
    session: { project, ...live },
    editor: createEditor(live.timeline),
    reviewer: createReviewer(live.review, "ada"),
    canEdit: true,
    canComment: true,
    save: { kind: "saved" },
  } as unknown as Studio;
  const rescues = new Rescues(studio, "ada");
  await rescues.look();
  return { rescues, live, name, project };
}

function show(rescues: Rescues): { dialog: HTMLElement; closed(): boolean } {
  let closed = false;
  const target = document.createElement("div");
  document.body.append(target);
  const onclose = () => {
    closed = true;
  };
  shown = mount(RescueDialog, { target, props: { rescues, project: "p", onclose } });
  flushSync();
  return { dialog: target, closed: () => closed };
}

function button(dialog: HTMLElement, words: string): HTMLElement {
  const found = [...dialog.querySelectorAll("button")].find(({ textContent }) =>
    textContent?.includes(words),
  );
  if (!found) throw new Error(`no button ${words} in ${dialog.textContent}`);
  return found;
}

describe("what is offered", () => {
  it("is in words, comes back by a button, and then its copy goes", async () => {
    const { rescues, live, name } = await setUp(({ timeline, review }) => {
      addScene(createEditor(timeline), { title: "Noon", prompt: "gulls" });
      const reviewer = createReviewer(review, "ada");
      reply(reviewer, addThread(reviewer, { on: "timeline", start: 0, end: 0 }, "one"), "two");
    });
    const { dialog } = show(rescues);
    for (const words of ["Noon", "gulls", "one", "two"])
      expect(dialog.textContent).toContain(words);
    button(dialog, "Bring back all").click();
    await expect.poll(() => dialog.textContent).toContain("Brought back");
    expect(live.timeline.getMap("scenes").size).toBe(1);
    expect(
      listReview(live.review)
        .threads[0]?.messages.map(({ body }) => body)
        .sort(),
    ).toEqual(["one", "two"]);
    await expect.poll(async () => (await listRescues(name))[0]?.brought.length).toBe(2);
    await rescues.look();
    expect(rescues.any).toBe(false);
    expect(await listRescues(name)).toEqual([]);
  });

  it("says when it is only in this page, and is discarded at the second asking", async () => {
    const { rescues, name } = await setUp(
      ({ timeline }) => addScene(createEditor(timeline), { title: "Noon" }),
      false,
    );
    const { dialog, closed } = show(rescues);
    expect(dialog.textContent).toContain("it is only in this page");
    button(dialog, "Discard").click();
    flushSync();
    expect(await listRescues(name)).toHaveLength(1);
    button(dialog, "Discard for good?").click();
    await expect.poll(closed).toBe(true);
    expect(await listRescues(name)).toEqual([]);
  });

  it("is shown and downloaded whatever is in it", async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const hostile = hostileDocs(seed);
      const { rescues } = await setUp(({ timeline, review }) => {
        Y.applyUpdate(timeline, Y.encodeStateAsUpdate(hostile.timeline));
        Y.applyUpdate(review, Y.encodeStateAsUpdate(hostile.review));
      });
      const { dialog } = show(rescues);
      expect(dialog.querySelectorAll("[data-testid=rescue-copy]").length, `seed ${seed}`).toBe(1);
      const [held] = rescues.held;
      if (!held) throw new Error(`seed ${seed}: nothing is held`);
      const file = JSON.parse(await fileOf(held, "p").text());
      const state = Uint8Array.from(atob(file.yjs_updates_base64.timeline), (c) => c.charCodeAt(0));
      expect(state, `seed ${seed}`).toEqual(held.copy.states.timeline);
      if (shown) await unmount(shown);
      shown = null;
    }
  });
});
