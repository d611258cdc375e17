import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import {
  addMarker,
  addScene,
  addTrack,
  createEditor,
  deleteScene,
  insertClip,
  setSceneText,
} from "./commands.ts";
import { findLost, type Hands, type Lost } from "./lost.ts";
import { lostInserts, lostPieces } from "./lost_words.ts";
import { projectTimeline } from "./project.ts";
import { seededRandom } from "./random.ts";
import {
  addThread,
  createReviewer,
  editMessage,
  listReview,
  reply,
  setApproval,
} from "./review.ts";
import { hostileDocs } from "./testing/hostile.ts";

// setUp is a project that Ada has open, with a copy of it as she left it.
function setUp() {
  const project = open("ben", 1);
  const story = addTrack(project.editor, "story", "");
  const { scene } = addScene(project.editor, { title: "Dawn", prompt: "a lamp on the coast" });
  const thread = addThread(project.reviewer, { on: "timeline", start: 0, end: 0 }, "brighter?");
  const copy = open("ada", 2);
  for (const doc of ["timeline", "review"] as const)
    Y.applyUpdate(copy.docs[doc], Y.encodeStateAsUpdate(project.docs[doc]));
  const lost = () => findLost(copy.docs, project.docs, "ada");
  return {
    project,
    copy,
    story,
    scene,
    thread,
    lost,
    hands: { ...project, reviewer: createReviewer(project.docs.review, "ada") },
  };
}

function open(
  person: string,
  client: number,
): Hands & { docs: { timeline: Y.Doc; review: Y.Doc } } {
  const docs = { timeline: new Y.Doc(), review: new Y.Doc() };
  docs.timeline.clientID = client;
  docs.review.clientID = client;
  return {
    docs,
    editor: createEditor(docs.timeline, seededRandom(client)),
    reviewer: createReviewer(docs.review, person),
  };
}

const kinds = (lost: Lost[]) => lost.map(({ kind }) => kind);

describe("what a copy has and the project has not", () => {
  it("is nothing while both are the same", () => {
    expect(setUp().lost()).toEqual([]);
  });

  it("is a scene with its texts, made anew with an id of its own", () => {
    const { project, copy, lost, hands, scene } = setUp();
    addScene(copy.editor, { title: "Noon", prompt: "gulls", notes: "loud" });
    const [found, ...others] = lost();
    expect(others).toEqual([]);
    expect(found).toMatchObject({ kind: "scene", name: "Noon", long: false });
    expect(found?.texts.map(({ field, pieces }) => [field, pieces[0]?.text])).toEqual([
      ["title", "Noon"],
      ["prompt", "gulls"],
      ["notes", "loud"],
    ]);
    found?.bring(hands);
    const { scenes, tracks } = projectTimeline(project.docs.timeline);
    expect(scenes.map(({ title, prompt, notes }) => [title, prompt, notes])).toEqual([
      ["Dawn", "a lamp on the coast", ""],
      ["Noon", "gulls", "loud"],
    ]);
    expect(scenes[0]?.id).toBe(scene);
    expect(copy.docs.timeline.getMap("scenes").has(scenes[1]?.id ?? "")).toBe(false);
    expect(tracks[0]?.clips).toHaveLength(2);
  });

  it("comes back within what the project takes, whatever it was refused for", () => {
    const { project, copy, lost, hands } = setUp();
    const { scene } = addScene(copy.editor, { title: "Noon" });
    const map = copy.docs.timeline.getMap<Y.Map<unknown>>("scenes").get(scene);
    map?.set("title", new Y.Text("long ".repeat(400)));
    map?.set("prompt", "a plain string");
    map?.set("color", "x".repeat(500));
    const [found] = lost();
    expect(found?.long).toBe(true);
    found?.bring(hands);
    const made = projectTimeline(project.docs.timeline).scenes[1];
    expect(made?.title).toHaveLength(1000);
    expect(made?.prompt).toBe("a plain string");
    expect(made?.notes).toContain("long ".repeat(400).trim());
    expect(made?.color).toBeNull();
  });

  it("is words of a text, put back beside what others wrote meanwhile", () => {
    const { project, copy, scene, lost, hands } = setUp();
    setSceneText(copy.editor, scene, "prompt", "a tall red lamp on the coast");
    setSceneText(project.editor, scene, "prompt", "a lamp on the coast at night");
    const [found] = lost();
    expect(found?.kind).toBe("sceneText");
    expect(found?.texts[0]?.pieces.filter((piece) => piece.lost)).toEqual([
      { text: "tall red ", lost: true },
    ]);
    found?.bring(hands);
    expect(projectTimeline(project.docs.timeline).scenes[0]?.prompt).toBe(
      "a tall red lamp on the coast at night",
    );
    expect(lost()).toEqual([]);
  });

  it("is clips and markers, also where their track is gone", () => {
    const { project, copy, lost, hands } = setUp();
    const captions = addTrack(copy.editor, "caption", "Captions");
    insertClip(copy.editor, captions, {
      source: { title: "caption" },
      text: "Listen!",
      length: 20,
      start: 3,
    });
    addMarker(copy.editor, 7, { label: "cut here" });
    expect(kinds(lost())).toEqual(["clip", "marker"]);
    for (const found of lost()) found.bring(hands);
    const { tracks, markers } = projectTimeline(project.docs.timeline);
    expect(tracks.flatMap(({ kind, clips }) => (kind === "caption" ? clips : []))).toMatchObject([
      { text: "Listen!", start: 3, length: 20 },
    ]);
    expect(markers).toMatchObject([{ label: "cut here", start: 7 }]);
  });

  it("is one's own comments, replies and verdict, and nobody else's", () => {
    const { project, copy, thread, lost, hands } = setUp();
    addThread(copy.reviewer, { on: "timeline", start: 4, end: 4 }, "mine");
    addThread({ ...copy.reviewer, person: "cleo" }, { on: "timeline", start: 5, end: 5 }, "hers");
    reply(copy.reviewer, thread, "yes, brighter");
    setApproval(copy.reviewer, "approved", null);
    expect(kinds(lost())).toEqual(["reply", "thread", "verdict"]);
    for (const found of lost()) found.bring(hands);
    const { threads, approvals } = listReview(project.docs.review);
    expect(
      threads.map(({ author, messages }) => [author, messages.map(({ body }) => body)]),
    ).toEqual([
      ["ben", ["brighter?", "yes, brighter"]],
      ["ada", ["mine"]],
    ]);
    expect(approvals).toMatchObject([{ person: "ada", verdict: "approved" }]);
  });

  it("is the words by which one changed a comment", () => {
    const { project, copy, thread, lost, hands } = setUp();
    const id = reply(project.reviewer, thread, "not now") ?? "";
    project.docs.review
      .getMap<Y.Map<Y.Map<Y.Map<unknown>>>>("threads")
      .get(thread)
      ?.get("messages")
      ?.get(id)
      ?.set("author", "ada");
    Y.applyUpdate(copy.docs.review, Y.encodeStateAsUpdate(project.docs.review));
    editMessage(copy.reviewer, thread, id, "not now but later");
    expect(kinds(lost())).toEqual(["message"]);
    lost()[0]?.bring(hands);
    expect(listReview(project.docs.review).threads[0]?.messages.map(({ body }) => body)).toContain(
      "not now but later",
    );
  });

  it("says so when what it belongs to has gone meanwhile", () => {
    const { project, copy, scene, lost, hands } = setUp();
    setSceneText(copy.editor, scene, "prompt", "other words");
    const [found] = lost();
    deleteScene(project.editor, scene);
    expect(() => found?.bring(hands)).toThrow();
    expect(kinds(lost())).toEqual(["scene"]);
  });

  it("is found in any copy", () => {
    for (let seed = 1; seed <= 80; seed++) {
      const { hands, project } = setUp();
      for (const found of findLost(hostileDocs(seed), project.docs, "ada")) found.bring(hands);
    }
  });
});

describe("lost words", () => {
  it("never take away a word of the live text, and bring all of the kept one", () => {
    const random = seededRandom(9);
    const words = ["a", "lamp", "on", "the", "coast", "😀", "night", "\n", "rain"];
    const text = () =>
      Array.from({ length: random(12) }, () => words[random(words.length)]).join(" ");
    for (let i = 0; i < 500; i++) {
      const [kept, live] = [text(), text()];
      let next = live;
      for (const { at, text } of lostInserts(kept, live))
        next = next.slice(0, at) + text + next.slice(at);
      expect(within(live, next), `${kept} | ${live} | ${next}`).toBe(true);
      expect(within(kept, next), `${kept} | ${live} | ${next}`).toBe(true);
      expect(
        lostPieces(kept, live)
          .map((piece) => piece.text)
          .join(""),
      ).toBe(kept);
    }
  });
});

// within tells whether the words of one text are in another, in their order.
function within(some: string, all: string): boolean {
  const words = some.match(/\S+/g) ?? [];
  let at = 0;
  for (const word of all.match(/\S+/g) ?? []) if (word === words[at]) at++;
  return at === words.length;
}
