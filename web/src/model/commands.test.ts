import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import * as commands from "./commands.ts";
import { projectTimeline } from "./project.ts";
import { seededRandom } from "./random.ts";
import { type Clip, local, sceneText, type Track } from "./schema.ts";
import { openUndo } from "./undo.ts";

function setUp() {
  const doc = new Y.Doc();
  const editor = commands.createEditor(doc, seededRandom(5));
  commands.seedTimeline(editor, "Film");
  const music = commands.addTrack(editor, "audio", "music");
  const timeline = () => projectTimeline(doc);
  const track = (kind: Track["kind"]) => {
    const found = timeline().tracks.find((each) => each.kind === kind);
    if (!found) throw new Error(`no ${kind} track`);
    return found;
  };
  const clip = (id: string): Clip => {
    const found = timeline()
      .tracks.flatMap((each) => each.clips)
      .find((each) => each.id === id);
    if (!found) throw new Error(`no clip ${id}`);
    return found;
  };
  const story = () => track("story").clips;
  const shots = commands.insertClips(
    editor,
    track("story").id,
    ["a", "b", "c"].map((asset) => ({ source: { asset }, length: 30 })),
  );
  return { doc, editor, music, timeline, track, clip, story, shots };
}

function names(clips: Clip[]): string {
  return clips
    .map(({ source }) => ("asset" in source ? source.asset : "scene" in source ? "S" : "T"))
    .join("");
}

// updates counts what a command writes, and requires its origin.
function updates(doc: Y.Doc, command: () => void): number {
  let count = 0;
  const listener = (_: Uint8Array, origin: unknown) => {
    expect(origin).toBe(local);
    count++;
  };
  doc.on("update", listener);
  command();
  doc.off("update", listener);
  return count;
}

describe("a command", () => {
  it("is one update", () => {
    const { doc, editor, shots, story, music, timeline } = setUp();
    const [a = "", b = "", c = ""] = shots;
    const scene = timeline().scenes[0]?.id ?? "";
    const all: (() => unknown)[] = [
      () => commands.addScene(editor, { after: scene }),
      () => commands.moveScene(editor, scene, timeline().scenes[1]?.id ?? null),
      () => commands.setSceneLength(editor, scene, 99),
      () =>
        commands.setScene(editor, scene, { color: "#fff000", render: { seed: 4, style: "ink" } }),
      () =>
        commands.insertClips(editor, music, [{ source: { asset: "m" }, length: 400, start: 20 }]),
      () => commands.moveClip(editor, a, { track: story()[0]?.track ?? "", after: c }),
      () => commands.trimClip(editor, b, "head", 3),
      () => commands.splitClip(editor, b, (story().find((clip) => clip.id === b)?.start ?? 0) + 5),
      () => commands.slipClip(editor, c, 4),
      () => commands.setGap(editor, c, 7),
      () => commands.setMeta(editor, { title: "New", rate: [25, 1] }),
      () => commands.addMarker(editor, 50),
      () => commands.deleteClips(editor, [a, c]),
      () => commands.deleteScene(editor, scene),
    ];
    for (const command of all) expect(updates(doc, command), String(command)).toBe(1);
  });

  it("that changes nothing writes nothing", () => {
    const { doc, editor, shots, track, clip } = setUp();
    const [a = "", b = ""] = shots;
    const nothing = [
      () => commands.moveClip(editor, b, { track: track("story").id, after: a }),
      () => commands.moveClip(editor, b, { track: track("story").id, after: b }),
      () => commands.trimClip(editor, a, "head", -5),
      () => commands.trimClip(editor, a, "tail", 0),
      () => commands.splitClip(editor, a, clip(a).start),
      () => commands.splitClip(editor, a, clip(a).start + clip(a).length),
      () => commands.setMeta(editor, { title: "Film", rate: [24, 1] }),
    ];
    for (const command of nothing) expect(updates(doc, command), String(command)).toBe(0);
  });
});

describe("clips on the story track", () => {
  it("move, and the others close up", () => {
    const { editor, shots, story, track } = setUp();
    commands.moveClip(editor, shots[2] ?? "", { track: track("story").id, after: null });
    expect(names(story())).toBe("cSab");
    expect(story().map((clip) => clip.start)).toEqual([0, 30, 150, 180]);
    commands.moveClip(editor, shots[2] ?? "", { track: track("story").id, start: 170 });
    expect(names(story())).toBe("Sacb");
  });

  it("move together, in the order given", () => {
    const { doc, editor, shots, story, track } = setUp();
    const [a = "", b = "", c = ""] = shots;
    const to = (after: string | null) => ({ track: track("story").id, after });
    commands.moveClips(editor, [c, a], to(null));
    expect(names(story())).toBe("caSb");
    commands.moveClips(editor, [c, a], to(b));
    expect(names(story())).toBe("Sbca");
    commands.moveClips(editor, [b, a], to(b));
    expect(names(story())).toBe("Sbac");
    expect(updates(doc, () => commands.moveClips(editor, [b, a], to(a)))).toBe(0);
  });

  it("move one after another inside one transaction", () => {
    const { doc, editor, shots, story, track } = setUp();
    const [a = "", b = "", c = ""] = shots;
    doc.transact(() => {
      commands.moveClip(editor, c, { track: track("story").id, after: null });
      commands.moveClip(editor, b, { track: track("story").id, after: c });
      commands.moveClip(editor, a, { track: track("story").id, after: b });
    }, local);
    expect(names(story())).toBe("cbaS");
  });

  it("are trimmed, and what follows moves along", () => {
    const { editor, shots, story, clip } = setUp();
    const [a = "", b = ""] = shots;
    commands.trimClip(editor, a, "head", 10);
    expect(clip(a)).toMatchObject({ start: 120, in: 10, length: 20 });
    expect(clip(b).start).toBe(140);
    commands.trimClip(editor, a, "tail", -50);
    expect(clip(a).length).toBe(1);
    commands.trimClip(editor, story()[0]?.id ?? "", "tail", 500);
    expect(story()[0]?.length).toBe(120);
  });

  it("are cut, and the pieces are bounded by each other", () => {
    const { editor, shots, story, clip } = setUp();
    const [a = ""] = shots;
    const piece = commands.splitClip(editor, a, 132) ?? "";
    expect(clip(a)).toMatchObject({ in: 0, length: 12 });
    expect(clip(piece)).toMatchObject({ in: 12, length: 18, origin: a, start: 132 });
    commands.trimClip(editor, a, "tail", 9);
    expect(clip(a).length).toBe(12);
    commands.trimClip(editor, piece, "head", -3);
    expect(clip(piece).in).toBe(12);
    commands.deleteClip(editor, piece);
    expect(names(story())).toBe("Sabc");
    commands.trimClip(editor, a, "tail", 9);
    expect(clip(a).length).toBe(21);
  });

  it("take what is tied to them along, or leave it where it was seen", () => {
    const { editor, music, shots, clip, track, timeline } = setUp();
    const [a = "", b = "", c = ""] = shots;
    const song =
      commands.insertClip(editor, music, { source: { asset: "song" }, length: 20, start: 155 }) ??
      "";
    commands.addMarker(editor, 160, { label: "beat" });
    expect(clip(song)).toMatchObject({ anchor: b, offset: 5, start: 155 });
    commands.moveClip(editor, b, { track: track("story").id, after: null });
    expect(clip(song).start).toBe(5);
    expect(timeline().markers[0]?.start).toBe(10);
    commands.splitClip(editor, b, 4);
    expect(clip(song)).toMatchObject({ start: 5, offset: 1 });
    commands.deleteClips(
      editor,
      track("story")
        .clips.filter((each) => each.id !== c && each.id !== a)
        .map((each) => each.id),
    );
    expect(clip(song)).toMatchObject({ start: 5, anchor: a });
    expect(timeline().markers[0]).toMatchObject({ start: 10, clip: a });
    expect(timeline().repairs).toEqual([]);
  });
});

describe("clips on other tracks", () => {
  it("are trimmed and cut in place", () => {
    const { editor, music, clip } = setUp();
    const song =
      commands.insertClip(editor, music, { source: { asset: "song" }, length: 100, start: 40 }) ??
      "";
    commands.trimClip(editor, song, "head", 10);
    expect(clip(song)).toMatchObject({ start: 50, in: 10, length: 90 });
    const piece = commands.splitClip(editor, song, 80) ?? "";
    expect(clip(song)).toMatchObject({ start: 50, length: 30 });
    expect(clip(piece)).toMatchObject({ start: 80, in: 40, length: 60, lane: 0 });
    commands.moveClip(editor, piece, { track: music, start: 300 });
    expect(clip(piece).start).toBe(300);
  });

  it("keep their sound in step at another speed", () => {
    const { editor, music, clip } = setUp();
    const song =
      commands.insertClip(editor, music, { source: { asset: "song" }, length: 100, start: 0 }) ??
      "";
    commands.setClip(editor, song, { speed: 2 });
    expect(clip(song).length).toBe(50);
    commands.trimClip(editor, song, "head", 5);
    expect(clip(song)).toMatchObject({ start: 5, in: 10, length: 45 });
    const piece = commands.splitClip(editor, song, 25) ?? "";
    expect(clip(piece)).toMatchObject({ start: 25, in: 50, length: 25 });
  });
});

describe("scenes", () => {
  it("come with a clip, move with it, and go with it", () => {
    const { editor, timeline, story } = setUp();
    const first = timeline().scenes[0]?.id ?? "";
    const second = commands.addScene(editor, { after: first, title: "two", length: 48 });
    const third = commands.addScene(editor, { title: "three" });
    expect(timeline().scenes.map((scene) => scene.title)).toEqual(["", "two", "three"]);
    expect(
      story()
        .map((clip) => clip.id)
        .indexOf(second.clip ?? ""),
    ).toBe(1);
    expect(story().at(-1)?.id).toBe(third.clip);
    commands.moveScene(editor, third.scene, null);
    expect(timeline().scenes.map((scene) => scene.title)).toEqual(["three", "", "two"]);
    expect(story()[0]?.id).toBe(third.clip);
    commands.deleteScene(editor, first);
    expect(
      story()
        .map((clip) => clip.id)
        .slice(0, 2),
    ).toEqual([third.clip, second.clip]);
  });

  it("grow and shrink with the clips that show them to their end", () => {
    const { editor, timeline, story } = setUp();
    const scene = timeline().scenes[0]?.id ?? "";
    const clip = story()[0]?.id ?? "";
    commands.splitClip(editor, clip, 40);
    commands.setSceneLength(editor, scene, 60);
    expect(
      story()
        .slice(0, 2)
        .map((each) => each.length),
    ).toEqual([40, 20]);
    commands.setSceneLength(editor, scene, 200);
    expect(
      story()
        .slice(0, 2)
        .map((each) => each.length),
    ).toEqual([40, 160]);
    expect(timeline().repairs).toEqual([]);
  });
});

describe("undo", () => {
  it("takes back and brings again one command at a time, and text as it was typed", () => {
    const { doc, editor, shots, story, timeline } = setUp();
    const undo = openUndo(doc);
    const states: string[] = [];
    undo.subscribe((state) => states.push(`${state.canUndo} ${state.canRedo}`));
    const before = timeline();
    commands.deleteClip(editor, shots[1] ?? "");
    commands.trimClip(editor, shots[0] ?? "", "tail", -3);
    const typing = { binding: true };
    undo.track(typing);
    const prompt = sceneText(doc, timeline().scenes[0]?.id ?? "", "prompt");
    for (const letter of "sea") doc.transact(() => prompt?.insert(prompt.length, letter), typing);
    expect(prompt?.toString()).toBe("sea");
    expect(undo.undo()).toBe(true);
    expect(prompt?.toString()).toBe("");
    expect(undo.undo()).toBe(true);
    expect(names(story())).toBe("Sac");
    expect(undo.undo()).toBe(true);
    expect(timeline()).toEqual(before);
    expect(undo.undo()).toBe(false);
    expect(undo.redo()).toBe(true);
    expect(names(story())).toBe("Sac");
    expect(states).toEqual(["true false", "true true", "false true", "true true"]);
    undo.close();
  });
});
