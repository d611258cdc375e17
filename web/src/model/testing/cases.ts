// The case files of the projection, made from seeds: web/cases/README.md
// tells what they are for.
import * as Y from "yjs";
import * as commands from "../commands.ts";
import { projectTimeline } from "../project.ts";
import { seededRandom } from "../random.ts";
import { type Editor, roots, type Timeline } from "../schema.ts";
import { act } from "./act.ts";
import { edited } from "./cases_edited.ts";
import { createNetwork, deliver, settle } from "./network.ts";

/** One case: apply the updates in order to an empty document, project, compare. */
export type Case = { about: string; updates: string[]; expected: Timeline };

/** All cases by the name of their file. */
export function makeCases(): Record<string, Case> {
  const cases: Record<string, Case> = {
    empty: caseOf("A document with nothing in it.", new Y.Doc()),
    seeded: written("A new project.", () => undefined),
  };
  for (const [name, { about, write }] of Object.entries({ ...strange, ...edited }))
    cases[name] = written(about, write);
  for (let seed = 1; seed <= 24; seed++) {
    cases[`random-${String(seed).padStart(2, "0")}`] = randomCase(seed);
  }
  return cases;
}

function written(about: string, write: (editor: Editor) => void): Case {
  const doc = new Y.Doc();
  doc.clientID = 7;
  const editor = commands.createEditor(doc, seededRandom(42));
  commands.seedTimeline(editor, "Case");
  write(editor);
  return caseOf(about, doc);
}

function caseOf(about: string, ...docs: Y.Doc[]): Case {
  const updates = docs.map((doc) => Y.encodeStateAsUpdate(doc));
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return { about, updates: updates.map(base64), expected: projectTimeline(doc) };
}

// randomCase keeps the single updates of people who edited at once, in an
// order in which nobody could have made them.
function randomCase(seed: number): Case {
  const network = createNetwork(seed * 31, 2 + (seed % 4));
  const { random, replicas } = network;
  const first = replicas[0];
  if (!first) throw new Error("no replica");
  const updates: Uint8Array[] = [Y.encodeStateAsUpdate(first.editor.doc)];
  for (const { editor } of replicas) {
    editor.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== "network") updates.splice(random(updates.length + 1), 0, update);
    });
  }
  for (let i = 0; i < 40; i++) {
    const replica = replicas[random(replicas.length)];
    if (!replica) continue;
    act(replica, random);
    if (random(3) === 0) deliver(replica, random, 1 + random(8));
  }
  settle(network);
  const about = `${replicas.length} people edited at once; their updates, in any order (seed ${seed}).`;
  return { about, updates: updates.map(base64), expected: projectTimeline(first.editor.doc) };
}

type Strange = { about: string; write: (editor: Editor) => void };

// What no client of ours writes, or only merging makes.
const strange: Record<string, Strange> = {
  "rule-1-malformed": {
    about:
      "Registers of the wrong kind take their defaults and are reported; unknown keys are ignored.",
    write: ({ doc }) => {
      roots.meta(doc).set("rate", [24, 0]);
      roots.meta(doc).set("title", 5);
      roots.meta(doc).set("extra", { a: 1 });
      const scenes = roots.scenes(doc);
      scenes.set(
        "s1",
        map({
          order: "not base 62!",
          title: "plain",
          length: 2.5,
          take: 7,
          color: true,
          more: [1],
        }),
      );
      scenes.set(
        "s2",
        map({
          render: map({ backend: 1, size: [640], seconds: 4.5, seed: -3, style: "ink" }),
          refs: 3,
        }),
      );
      scenes.set(
        "s3",
        map({
          order: "V",
          refs: map({ a1: { role: "face", order: "b" }, a0: { role: "place", order: "b" }, a2: 5 }),
        }),
      );
      scenes.set("s4", 12);
      roots
        .tracks(doc)
        .set(
          "t1",
          map({ order: "W", kind: "choir", name: 3, locked: "yes", gain: 1000, muted: true }),
        );
      roots.tracks(doc).set("recovered", map({ order: "X", kind: "audio" }));
      const clips = roots.clips(doc);
      clips.set(
        "c1",
        map({ place: "here", span: [], source: {}, speed: 0, gain: "loud", fade: { in: -1 } }),
      );
      clips.set(
        "c2",
        map({
          place: { track: "t1", at: 9.5, offset: "x" },
          span: { in: "a" },
          source: { asset: 1, title: "T" },
        }),
      );
      clips.set(
        "c3",
        map({ transition: { kind: "dissolve", length: 0 }, text: "plain", origin: 4, label: null }),
      );
      clips.set("c4", null);
      roots.markers(doc).set("m1", map({ at: 4, length: -1, label: {}, color: 4 }));
      roots.markers(doc).set("m2", map({}));
    },
  },
  "rule-2-recovered": {
    about: "Clips of a track that does not exist stand on a track of their own at the end.",
    write: ({ doc }) => {
      const clips = roots.clips(doc);
      const source = { asset: "a" };
      clips.set(
        "b",
        map({ place: { track: "gone", order: "V", gap: 4 }, span: { in: 0, length: 10 }, source }),
      );
      clips.set(
        "a",
        map({ place: { track: "gone", order: "W", gap: 0 }, span: { in: 0, length: 20 }, source }),
      );
      clips.set(
        "c",
        map({
          place: { track: "recovered", clip: null, at: 15 },
          span: { in: 0, length: 5 },
          source,
        }),
      );
    },
  },
  "rule-3-pieces": {
    about:
      "Pieces of one clip never show a frame twice: ended early, begun late, hidden; other sources are left alone.",
    write: (editor) => {
      const track = storyId(editor);
      const piece = (
        id: string,
        order: string,
        span: [number, number],
        more: Record<string, unknown> = {},
      ) =>
        roots.clips(editor.doc).set(
          id,
          map({
            place: { track, order, gap: 3 },
            span: { in: span[0], length: span[1] },
            source: { asset: "a" },
            ...more,
          }),
        );
      piece("p0", "a", [0, 100]);
      piece("p1", "a1", [20, 80], { origin: "p0" });
      piece("p2", "a2", [20, 80], { origin: "p0" });
      piece("p3", "a3", [50, 50], { origin: "p0" });
      piece("q0", "b", [40, 30]);
      piece("q1", "b1", [0, 50], { origin: "q0" });
      piece("r0", "c", [10, 10]);
      piece("r1", "c1", [0, 40], { origin: "r0" });
      piece("u0", "d", [0, 40]);
      piece("u1", "d1", [10, 40], { origin: "u0", source: { asset: "b" } });
      piece("v1", "e1", [24, 24], { origin: "v0" });
      piece("v0", "e2", [0, 24]);
    },
  },
  "rule-4-lanes": {
    about: "Clips that overlap on a tied track: the later start in the higher lane, ties by id.",
    write: (editor) => {
      const track = commands.addTrack(editor, "audio", "music");
      const clip = (id: string, at: number, length: number) =>
        roots.clips(editor.doc).set(
          id,
          map({
            place: { track, clip: null, offset: 0, at },
            span: { in: 0, length },
            source: { asset: id },
          }),
        );
      clip("a", 0, 100);
      clip("b", 10, 10);
      clip("c", 15, 35);
      clip("e", 25, 5);
      clip("d", 25, 5);
      clip("f", 100, 10);
      clip("g", 50, 60);
    },
  },
  "rule-5-transitions": {
    about: "Transitions are at most half of either neighbour, and not shown at the end of a track.",
    write: (editor) => {
      const track = storyId(editor);
      const clip = (id: string, order: string, length: number, transition: number) =>
        roots.clips(editor.doc).set(
          id,
          map({
            place: { track, order },
            span: { in: 0, length },
            source: { asset: id },
            transition: { kind: "dissolve", length: transition },
          }),
        );
      clip("a", "x1", 40, 30);
      clip("b", "x2", 21, 30);
      clip("c", "x3", 100, 4);
      clip("d", "x4", 1, 4);
      clip("e", "x5", 60, 12);
    },
  },
  "rule-6-anchors": {
    about: "Tied clips and markers follow their story clip; without it they stand where they were.",
    write: (editor) => {
      const story = storyId(editor);
      const video = commands.addTrack(editor, "video", "over");
      const source = { asset: "a" };
      const clips = roots.clips(editor.doc);
      clips.set(
        "s1",
        map({ place: { track: story, order: "x", gap: 10 }, span: { in: 0, length: 50 }, source }),
      );
      const tied = (id: string, clip: unknown, offset: number) =>
        clips.set(
          id,
          map({
            place: { track: video, clip, offset, at: 33 },
            span: { in: 0, length: 8 },
            source,
          }),
        );
      tied("t1", "s1", 5);
      tied("t2", "gone", 5);
      tied("t3", "t1", 5);
      tied("t4", null, 5);
      tied("t5", "s1", -400);
      roots
        .markers(editor.doc)
        .set(
          "m1",
          map({ at: { clip: "s1", offset: 3 }, label: "on", length: 4, color: "#ff0000" }),
        );
      roots.markers(editor.doc).set("m2", map({ at: { clip: "gone", offset: 3 } }));
      roots.markers(editor.doc).set("m3", map({ at: { clip: "t1", offset: -100 } }));
      roots.markers(editor.doc).set("m4", map({ at: { offset: 9 } }));
    },
  },
  "rule-7-lengths": {
    about: "No negative start, no length below one, spans within scenes; speeds change lengths.",
    write: (editor) => {
      const track = storyId(editor);
      const { scene } = commands.addScene(editor, { length: 40 });
      roots.scenes(editor.doc).set("short", map({ order: "zz", length: -4 }));
      const clip = (id: string, order: string, span: unknown, more: Record<string, unknown>) =>
        roots
          .clips(editor.doc)
          .set(id, map({ place: { track, order, gap: -1 }, span, source: { scene }, ...more }));
      clip("a", "x1", { in: -5, length: 90 }, {});
      clip("b", "x2", { in: 60, length: 10 }, {});
      clip("c", "x3", { in: 3 }, {});
      clip("d", "x4", { in: 3, length: 0 }, { source: { asset: "a" } });
      clip("e", "x5", { in: 3 }, { source: { scene: "gone" } });
      clip("f", "x6", { in: 0, length: 25 }, { speed: 2 });
      clip("g", "x7", { in: 0, length: 25 }, { speed: 0.4 });
      clip("h", "x8", { in: 0, length: 1 }, { speed: 100 });
      clip("i", "x9", { in: 1, length: 9 }, { source: { scene: "short" } });
      clip("j", "xA", { in: 2 ** 31, length: 9 }, { source: { asset: "a" } });
    },
  },
  "titles-and-texts": {
    about: "Texts, labels and fades; emoji and other scripts.",
    write: (editor) => {
      const track = commands.addTrack(editor, "caption", "Untertitel");
      commands.addScene(editor, {
        title: "Die Brücke 🌉",
        prompt: "una città sull’acqua",
        notes: "日本語\nzweite Zeile",
        color: "#30a46c",
      });
      const clip = commands.insertClip(editor, track, {
        source: { title: "lower" },
        length: 48,
        start: 130,
        text: "Hallo 👋🏽",
        label: "gruß",
      });
      if (clip) commands.setClip(editor, clip, { fade: { in: 6, out: 12 }, gain: -6.5 });
      commands.addMarker(editor, 140, { label: "Schnitt", color: "#ff8800" });
    },
  },
};

function storyId(editor: Editor): string {
  return projectTimeline(editor.doc).tracks.find((track) => track.kind === "story")?.id ?? "";
}

function map(values: Record<string, unknown>): Y.Map<unknown> {
  return new Y.Map(Object.entries(values));
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
