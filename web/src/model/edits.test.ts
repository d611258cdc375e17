import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import * as commands from "./commands.ts";
import { projectTimeline } from "./project.ts";
import { seededRandom } from "./random.ts";
import { type Clip, type Editor, local, roots, type Track } from "./schema.ts";
import { openUndo } from "./undo.ts";

function setUp(seed = 5) {
  const doc = new Y.Doc();
  const editor = commands.createEditor(doc, seededRandom(seed));
  commands.seedTimeline(editor, "Film");
  const music = commands.addTrack(editor, "audio", "music");
  const timeline = () => projectTimeline(doc);
  const track = (id: string): Track => {
    const found = timeline().tracks.find((each) => each.id === id || each.kind === id);
    if (!found) throw new Error(`no track ${id}`);
    return found;
  };
  const clip = (id: string | undefined): Clip => {
    const found = timeline()
      .tracks.flatMap((each) => each.clips)
      .find((each) => each.id === id);
    if (!found) throw new Error(`no clip ${id}`);
    return found;
  };
  const shots = commands.insertClips(
    editor,
    track("story").id,
    ["a", "b", "c"].map((asset) => ({ source: { asset }, length: 30 })),
  );
  const [a = "", b = "", c = ""] = shots;
  const song = (start: number, length = 20) =>
    commands.insertClip(editor, music, { source: { asset: "song" }, length, start });
  return { doc, editor, music, timeline, track, clip, a, b, c, song };
}

function refusal(command: () => unknown): string {
  try {
    command();
  } catch (error) {
    if (error instanceof commands.EditError) return error.reason;
    throw error;
  }
  return "done";
}

// steps counts the updates and the steps of undo of a command.
function steps(editor: Editor, command: () => unknown): [number, number] {
  const undo = openUndo(editor.doc);
  let updates = 0;
  const listener = (_: Uint8Array, origin: unknown) => {
    expect(origin).toBe(local);
    updates++;
  };
  editor.doc.on("update", listener);
  command();
  editor.doc.off("update", listener);
  const before = updates;
  let undone = 0;
  while (undo.undo()) undone++;
  undo.close();
  return [before, undone];
}

describe("a command that cannot be done", () => {
  it("says why, and changes nothing", () => {
    const { doc, editor, music, timeline, track, a, b, song } = setUp();
    const tied = song(10);
    const locked = commands.addTrack(editor, "video", "locked");
    const held = commands.insertClip(editor, locked, { source: { asset: "v" }, length: 9 });
    commands.setTrack(editor, locked, { locked: true });
    const story = track("story").id;
    const scene = timeline().scenes[0]?.id ?? "";
    const source = { asset: "x" };
    const bad: [string, () => unknown][] = [
      ["gone", () => commands.deleteClip(editor, "gone")],
      ["gone", () => commands.moveClip(editor, "gone", { track: story, after: null })],
      ["gone", () => commands.moveClip(editor, a, { track: "gone", after: null })],
      ["gone", () => commands.insertClip(editor, "recovered", { source, length: 4 })],
      ["gone", () => commands.setScene(editor, "gone", { color: "#fff" })],
      ["gone", () => commands.deleteMarker(editor, "gone")],
      ["gone", () => commands.deleteRef(editor, scene, "gone")],
      ["gone", () => commands.copyClips(editor, ["gone"])],
      ["locked", () => commands.trimClip(editor, held, "tail", 2)],
      ["locked", () => commands.deleteClips(editor, [a, held])],
      ["locked", () => commands.insertClip(editor, locked, { source, length: 4 })],
      ["locked", () => commands.moveClips(editor, [a], { track: locked, start: 4 })],
      ["locked", () => commands.deleteTrack(editor, locked)],
      ["place", () => commands.moveClip(editor, a, { track: story, after: tied })],
      ["place", () => commands.moveClips(editor, [a], { track: story, after: tied })],
      ["place", () => commands.moveClips(editor, [a, tied], { by: 4 })],
      ["place", () => commands.insertClip(editor, story, { source, length: 4, after: tied })],
      ["place", () => commands.addScene(editor, { after: "gone" })],
      ["place", () => commands.deleteTrack(editor, story)],
      ["place", () => commands.attachClip(editor, tied, tied)],
      ["place", () => commands.attachClip(editor, a, b)],
      ["place", () => commands.detachClips(editor, [a])],
      ["place", () => commands.setGap(editor, tied, 4)],
      ["place", () => commands.setTransition(editor, tied, { kind: "dissolve", length: 4 })],
      ["value", () => commands.trimClip(editor, a, "tail", Number.NaN)],
      ["value", () => commands.insertClip(editor, story, { source, length: 0 })],
      ["value", () => commands.insertClip(editor, story, { source, length: 4, in: -1 })],
      ["value", () => commands.insertClip(editor, music, { source, length: 4, start: -9 })],
      ["value", () => commands.setClip(editor, a, { speed: 0 })],
      ["value", () => commands.setClips(editor, [a, b], { gain: 61 })],
      ["value", () => commands.setClip(editor, a, { fade: { in: -1, out: 0 } })],
      ["value", () => commands.setTransition(editor, a, { kind: "dissolve", length: 0 })],
      ["value", () => commands.setMeta(editor, { title: "kept?", rate: [24, 0] })],
      ["value", () => commands.setRate(editor, [23.976, 1])],
      ["value", () => commands.setSceneLength(editor, scene, 0)],
      ["value", () => commands.addMarker(editor, -4)],
      ["value", () => commands.retimeClip(editor, a, 0)],
      ["value", () => commands.setClip(editor, a, { label: "é".repeat(501) })],
      ["value", () => commands.addMarker(editor, 4, { color: "x".repeat(65) })],
      ["value", () => commands.addTrack(editor, "audio", "x".repeat(1001))],
      ["value", () => commands.setSceneText(editor, scene, "title", "x".repeat(1001))],
      ["value", () => commands.addScene(editor, { prompt: "x".repeat(200_001) })],
      ["value", () => commands.setRef(editor, scene, "an id", { role: "face" })],
      ["clipboard", () => commands.parseClipboard("{}")],
      ["clipboard", () => commands.parseClipboard("not JSON")],
    ];
    const before = Y.encodeStateAsUpdate(doc);
    for (const [reason, command] of bad) expect(refusal(command), String(command)).toBe(reason);
    expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
  });

  it("leaves out what somebody else has deleted from a selection", () => {
    const { editor, clip, a, b } = setUp();
    commands.setClips(editor, [a, "gone", b], { gain: -3 });
    expect([clip(a).gain, clip(b).gain]).toEqual([-3, -3]);
  });
});

describe("between two clips", () => {
  it("things can be put until there is no room, and then it is said", () => {
    const { editor, track, a, b } = setUp();
    const story = track("story").id;
    let [before, after] = [a, b];
    const put = () =>
      commands.insertClip(editor, story, { source: { asset: "x" }, length: 2, after: before });
    let count = 0;
    let why = "done";
    while (why === "done" && count < 2000) {
      why = refusal(() => {
        const id = put();
        // The next goes between the two newest, in turns.
        if (count++ % 2 === 0) before = id;
        else after = id;
      });
    }
    expect([why, after === b]).toEqual(["place", false]);
    expect(count).toBeGreaterThan(250);
  });
});

describe("a command on a selection", () => {
  it("is one update and one step of undo", () => {
    const all: ((s: ReturnType<typeof setUp>) => unknown)[] = [
      ({ editor, a, c, track }) =>
        commands.moveClips(editor, [c, a], { track: track("story").id, after: null }),
      ({ editor, a, c }) => commands.trimClips(editor, [a, c], { edge: "tail", by: -4 }),
      ({ editor, a, c }) => commands.slipClips(editor, [a, c], 3),
      ({ editor, a, b, c }) => commands.splitClips(editor, [a, b, c], 135),
      ({ editor, a, c }) => commands.deleteClips(editor, [a, c]),
      ({ editor, a, c }) => commands.liftClips(editor, [a, c]),
      ({ editor, a, c }) => commands.cutClips(editor, [a, c]),
      ({ editor, a, c }) => commands.duplicateClips(editor, [a, c]),
      ({ editor, a, c }) => commands.pasteClips(editor, commands.copyClips(editor, [a, c])),
      ({ editor, a, c }) => commands.setClips(editor, [a, c], { label: "x" }),
      ({ editor, timeline }) =>
        commands.deleteScenes(
          editor,
          timeline().scenes.map((s) => s.id),
        ),
      ({ editor, timeline }) => commands.duplicateScene(editor, timeline().scenes[0]?.id ?? ""),
      ({ editor }) => commands.addCaption(editor, { text: "Hello", start: 5, length: 9 }),
      ({ editor }) => commands.setRate(editor, [25, 1]),
      ({ editor, music }) => commands.deleteTrack(editor, music),
    ];
    for (const command of all) {
      const s = setUp();
      const before = s.timeline();
      expect(
        steps(s.editor, () => command(s)),
        String(command),
      ).toEqual([1, 1]);
      expect(s.timeline(), String(command)).toEqual(before);
    }
  });
});

describe("moving", () => {
  it("takes clips to another track as far apart as they were, and back side by side", () => {
    const { editor, clip, track, music, a, b, c } = setUp();
    const story = track("story");
    const [scene] = story.clips;
    commands.moveClips(editor, [a, c], { track: music, start: 40 });
    expect([clip(a).start, clip(c).start]).toEqual([40, 100]);
    expect(clip(a)).toMatchObject({ track: music, anchor: scene?.id });
    expect(clip(b).start).toBe(120);
    commands.moveClips(editor, [a, c], { by: -50 });
    expect([clip(a).start, clip(c).start]).toEqual([0, 60]);
    commands.moveClips(editor, [c, a], { track: story.id, after: b });
    expect(track("story").clips.map(({ id }) => id)).toEqual([scene?.id, b, c, a]);
  });
});

describe("taking away", () => {
  it("closes up, or leaves the hole", () => {
    const { editor, clip, track, a, b, c, song } = setUp();
    const tied = song(155);
    commands.liftClips(editor, [a, b]);
    expect(clip(c)).toMatchObject({ start: 180, gap: 60 });
    expect(clip(tied)).toMatchObject({ start: 155, anchor: track("story").clips[0]?.id });
    commands.deleteClips(editor, [c]);
    expect(track("story").length).toBe(120);
  });

  it("of a track takes its clips along, and what was tied to them stays", () => {
    const { editor, timeline, track, clip, song } = setUp();
    const other = commands.addTrack(editor, "story", "second");
    commands.insertClip(editor, other, { source: { asset: "x" }, length: 10 });
    commands.deleteTrack(editor, track("story").id);
    expect(timeline().tracks.map(({ id }) => id)).toEqual([track("audio").id, other]);
    expect(clip(song(4)).anchor).toBe(track(other).clips[0]?.id);
    expect(timeline().repairs).toEqual([]);
  });
});

describe("trimming with ripple", () => {
  it("keeps what is tied to a story clip on its picture", () => {
    const { editor, timeline, clip, b, song } = setUp();
    const tied = song(170);
    commands.addMarker(editor, 175);
    commands.trimClips(editor, [b], { edge: "head", by: 5, ripple: true });
    expect(clip(b)).toMatchObject({ start: 150, in: 5 });
    expect(clip(tied)).toMatchObject({ start: 165, anchor: b });
    expect(timeline().markers[0]?.start).toBe(170);
  });

  it("moves what follows on another track", () => {
    const { editor, clip, song } = setUp();
    const [first, second] = [song(10, 40), song(60)];
    commands.trimClips(editor, [first], { edge: "tail", by: -10, ripple: true });
    expect([clip(first).length, clip(second).start]).toEqual([30, 50]);
    commands.trimClips(editor, [first], { edge: "head", by: 5, ripple: true });
    expect(clip(first)).toMatchObject({ start: 10, in: 5, length: 25 });
    expect(clip(second).start).toBe(45);
  });
});

describe("cutting through all tracks", () => {
  it("ties the pieces of what is tied to the pieces of the story", () => {
    const { editor, clip, track, b, song } = setUp();
    const tied = song(160);
    const [ofTied, ofB] = commands.splitClips(editor, [tied, b], 165);
    expect(clip(ofTied)).toMatchObject({ start: 165, anchor: ofB, offset: 0 });
    commands.moveClip(editor, ofB ?? "", { track: track("story").id, after: null });
    expect([clip(tied).start, clip(ofTied).start]).toEqual([175, 0]);
  });
});

describe("the clipboard", () => {
  it("brings clips, their ties and their scenes into another project", () => {
    const from = setUp();
    const scene = commands.addScene(from.editor, { title: "Sea", prompt: "waves", length: 48 });
    commands.setScene(from.editor, scene.scene, { take: "render-1", render: { seed: 4 } });
    commands.setRef(from.editor, scene.scene, "ada", { role: "face" });
    commands.setClip(from.editor, scene.clip ?? "", { label: "wide", speed: 2 });
    const tied = from.song(215);
    const text = JSON.stringify(commands.copyClips(from.editor, [tied, scene.clip ?? "", from.a]));

    const to = setUp(9);
    commands.setMeta(to.editor, { rate: [48, 1] });
    const ids = commands.pasteClips(to.editor, commands.parseClipboard(text), { after: to.a });
    const story = to.track("story").clips.map(({ id }) => id);
    expect(story.indexOf(ids[0] ?? "")).toBe(story.indexOf(to.a) + 1);
    expect(story.indexOf(ids[1] ?? "")).toBe(story.indexOf(to.a) + 2);
    expect(to.clip(ids[0]).source).toEqual({ asset: "a" });
    expect(to.clip(ids[1])).toMatchObject({ span: 96, length: 48, label: "wide", speed: 2 });
    expect(to.clip(ids[2])).toMatchObject({
      anchor: ids[1],
      offset: 10,
      length: 40,
      track: to.music,
    });
    const pasted = to.timeline().scenes.at(-1);
    expect(to.clip(ids[1]).source).toEqual({ scene: pasted?.id });
    expect(pasted).toMatchObject({ title: "Sea", prompt: "waves", length: 96, take: null });
    expect(pasted?.refs.map(({ asset, role }) => [asset, role])).toEqual([["ada", "face"]]);
    expect(pasted?.id).not.toBe(scene.scene);
    expect(to.timeline().repairs).toEqual([]);
  });

  it("shows the same scene where it is pasted into its own project", () => {
    const { editor, timeline, track, clip } = setUp();
    const [first] = track("story").clips;
    const [copy] = commands.duplicateClips(editor, [first?.id ?? ""]);
    expect(clip(copy).source).toEqual(first?.source);
    expect(track("story").clips[1]?.id).toBe(copy);
    expect(timeline().scenes.length).toBe(1);
  });

  it("refuses what is no copy", () => {
    const { editor, a } = setUp();
    const copy = commands.copyClips(editor, [a]);
    const [clip] = copy.clips;
    const wrong: unknown[] = [
      { ...copy, version: 2 },
      { ...copy, rate: [0, 1] },
      { ...copy, clips: [{ ...clip, speed: "fast" }] },
      { ...copy, clips: [{ ...clip, anchor: 7 }] },
      { ...copy, clips: [{ ...clip, span: { in: 0, length: 0 } }] },
      { ...copy, scenes: [{}] },
      [],
      null,
    ];
    for (const value of wrong)
      expect(refusal(() => commands.parseClipboard(JSON.stringify(value)))).toBe("clipboard");
    expect(commands.parseClipboard(JSON.stringify(copy))).toEqual(copy);
  });
});

describe("tracks", () => {
  it("are put in order, after another or first", () => {
    const { editor, timeline, track, music } = setUp();
    const story = track("story").id;
    const video = commands.addTrack(editor, "video", "over", story);
    const ids = () => timeline().tracks.map(({ id }) => id);
    expect(ids()).toEqual([story, video, music]);
    commands.moveTrack(editor, music, null);
    expect(ids()).toEqual([music, story, video]);
    commands.setTrack(editor, music, { name: "score", muted: true, hidden: true, gain: -6 });
    expect(track(music)).toMatchObject({ name: "score", muted: true, hidden: true, gain: -6 });
  });
});

describe("captions and titles", () => {
  it("go to a track of their kind, and their text can be rewritten", () => {
    const { editor, track, clip } = setUp();
    const one = commands.addCaption(editor, { text: "Good morning", start: 10, length: 40 });
    const two = commands.addCaption(editor, { text: "…", start: 60, length: 40 });
    const title = commands.addTitle(editor, { text: "The End", start: 0, length: 48 });
    expect(track("caption").clips.map(({ id }) => id)).toEqual([one, two]);
    expect(track("video").clips.map(({ id }) => id)).toEqual([title]);
    commands.setClipText(editor, one, "Good 🌅 evening");
    expect(clip(one).text).toBe("Good 🌅 evening");
    commands.setClipText(editor, one, "Good 🌄 evening");
    expect(clip(one).text).toBe("Good 🌄 evening");
  });
});

describe("the project's rate", () => {
  it("changes, and everything keeps its time", () => {
    const { editor, timeline, clip, track, a, b, c, song } = setUp();
    const tied = song(155);
    const piece = commands.splitClip(editor, b, 161) ?? "";
    commands.setGap(editor, c, 11);
    commands.setTransition(editor, a, { kind: "dissolve", length: 4 });
    commands.addMarker(editor, 130);
    const seconds = (id: string) => clip(id).start / (timeline().rate[0] / timeline().rate[1]);
    const before = [a, b, piece, c, tied].map(seconds);
    commands.setRate(editor, [48, 1]);
    expect([a, b, piece, c, tied].map(seconds)).toEqual(before);
    expect(clip(a).transition).toEqual({ kind: "dissolve", length: 8 });
    expect(timeline().markers[0]?.start).toBe(260);
    expect(timeline().scenes[0]?.length).toBe(240);
    // Another cut of the first piece still comes before the later piece.
    const middle = commands.splitClip(editor, b, clip(b).start + 18) ?? "";
    const row = track("story").clips.map(({ id }) => id);
    expect(row.slice(-4)).toEqual([b, middle, piece, c]);
    expect(timeline().repairs).toEqual([]);
  });
});

describe("settling", () => {
  it("writes what is shown, for every kind of repair", () => {
    const { editor, doc, timeline, a, b, c, music } = setUp();
    const kinds = breakEverything(editor, { a, b, c, music });
    const before = timeline();
    expect([...new Set(before.repairs.map(({ kind }) => kind))].sort()).toEqual(kinds);
    commands.settle(editor, before.repairs);
    expect(timeline().repairs).toEqual([]);
    const shown = (clips: Clip[]) => clips.map(({ id, start, length }) => [id, start, length]);
    const all = (now: typeof before) => now.tracks.flatMap(({ clips }) => shown(clips));
    expect(all(timeline())).toEqual(all(before));
    expect(timeline().scenes.map(({ id }) => id)).toEqual(before.scenes.map(({ id }) => id));
    const state = Y.encodeStateVector(doc);
    commands.settle(editor, before.repairs);
    expect(Y.encodeStateVector(doc)).toEqual(state);
  });
});

// breakEverything writes what no command writes, and returns the kinds of
// repairs that it takes.
function breakEverything(
  editor: Editor,
  { a, b, c, music }: { a: string; b: string; c: string; music: string },
): string[] {
  const clips = roots.clips(editor.doc);
  const map = (values: Record<string, unknown>) => new Y.Map(Object.entries(values));
  const put = (id: string, values: Record<string, unknown>) => clips.set(id, map(values));
  const inner = (id: string) => clips.get(id) as Y.Map<unknown>;
  const span = { in: 0, length: 10 };
  const source = { asset: "x" };
  const story = (inner(a).get("place") as { track: string; order: string }).track;
  inner(a).set("transition", { kind: "dissolve", length: 99 });
  inner(c).set("transition", { kind: "dissolve", length: 9 });
  inner(b).set("speed", "fast");
  const twin = { origin: b, source: { asset: "b" }, span: { in: 20, length: 20 } };
  const order = (inner(b).get("place") as { order: string }).order;
  put("twin", { ...twin, place: { track: story, order: `${order}1` } });
  put("hidden", {
    ...twin,
    span: { in: 25, length: 5 },
    place: { track: story, order: `${order}0` },
  });
  put("stray", { place: { track: "gone", at: 7 }, span, source });
  put("untied", { place: { track: music, clip: "gone", at: 3 }, span, source });
  put("early", { place: { track: music, clip: a, offset: -999 }, span, source });
  put("short", { place: { track: music, at: 5 }, span: { in: -4, length: 0 }, source });
  put("nowhere", { place: 5, span: "x", text: "plain", fade: 7 });
  put("unsorted", { place: { track: story, order: "!", gap: -1 }, span, source });
  put("unsorted2", { place: { track: story, order: "" }, span, source });
  clips.set("number", 5);
  roots.markers(editor.doc).set("m1", map({ at: { clip: "gone", offset: -5 }, length: -1 }));
  roots.markers(editor.doc).set("m2", map({ at: 9 }));
  roots
    .scenes(editor.doc)
    .set("s", map({ length: -4, order: 7, title: 5, render: 3, refs: map({ q: 5 }) }));
  roots.scenes(editor.doc).set("s2", map({ length: "x", render: map({ seed: "x" }), refs: 4 }));
  roots.tracks(editor.doc).set("t", map({ kind: "choir", gain: 999, order: "" }));
  roots.tracks(editor.doc).set("recovered", map({}));
  roots.meta(editor.doc).set("rate", [0, 1]);
  return [
    "clamped",
    "cut",
    "dropped",
    "hidden",
    "ignored",
    "malformed",
    "recovered",
    "shortened",
    "untied",
  ];
}
