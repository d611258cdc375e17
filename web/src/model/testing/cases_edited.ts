// Cases made by commands, and by what merging alone makes.
import * as Y from "yjs";
import * as commands from "../commands.ts";
import { projectTimeline, timelineOf } from "../project.ts";
import { type Editor, roots, type Track } from "../schema.ts";

/** Documents by the name of their case: what it is about, and how it is written into a new project. */
export const edited: Record<string, { about: string; write: (editor: Editor) => void }> = {
  "edited-everything": {
    about: "A cut in which each command was used once.",
    write: (editor) => {
      const story = track(editor, "story").id;
      const shots = commands.insertClips(
        editor,
        story,
        ["a", "b", "c", "d"].map((asset) => ({ source: { asset }, length: 40 })),
      );
      const [a = "", b = "", c = "", d = ""] = shots;
      const music = commands.addTrack(editor, "audio", "music");
      const song = commands.insertClip(editor, music, { ...asset("song", 90), start: 150 });
      const piece = commands.splitClip(editor, song, 190) ?? "";
      commands.trimClips(editor, [song], { edge: "tail", by: -8, ripple: true });
      commands.addCaption(editor, { text: "Guten Morgen", start: 170, length: 30 });
      commands.addTitle(editor, { text: "Ende", start: 300, length: 24 });
      const copy = commands.copyClips(editor, [b, song]);
      commands.pasteClips(editor, copy, { after: d });
      commands.liftClips(editor, [c]);
      commands.setTransition(editor, a, { kind: "wipe", length: 10 });
      commands.retimeClip(editor, b, 25);
      commands.setClips(editor, [a, d], { label: "wide", gain: -3, fade: { in: 2, out: 3 } });
      commands.attachClip(editor, piece, d, 7);
      commands.moveClips(editor, [d, a], { track: story, after: null });
      commands.duplicateScene(editor, timelineOf(editor.doc).scenes[0]?.id ?? "");
      commands.addMarker(editor, 12, { label: "here", length: 4 });
      commands.setRate(editor, [25, 1]);
    },
  },
  "edited-settled": {
    about: "What was merged into needing repairs, after they were settled: none are left.",
    write: (editor) => {
      const video = commands.addTrack(editor, "video", "over");
      const clip = commands.insertClip(editor, video, { ...asset("v", 40), start: 20 });
      roots.tracks(editor.doc).delete(video);
      const story = track(editor, "story");
      const [first] = story.clips;
      const place = { track: story.id, order: `${first?.order}0`, gap: 0 };
      const twin = {
        place,
        source: first?.source,
        span: { in: 60, length: 60 },
        origin: first?.id,
      };
      roots.clips(editor.doc).set("twin", new Y.Map(Object.entries(twin)));
      roots.clips(editor.doc).set("number", 4);
      roots.markers(editor.doc).set("m", new Y.Map([["at", { clip: clip, offset: -900 }]]));
      commands.settle(editor, projectTimeline(editor.doc).repairs);
    },
  },
  "edited-cuts": {
    about: "Cuts of cuts, of a clip that was moved, and after the first piece is gone.",
    write: (editor) => {
      const story = track(editor, "story").id;
      const a = commands.insertClip(editor, story, asset("a", 200));
      const cut = (frame: number) => {
        const clips = track(editor, "story").clips;
        const piece = clips.find((each) => each.start < frame && frame < each.start + each.length);
        return commands.splitClip(editor, piece?.id ?? "", frame) ?? "";
      };
      const pieces = [180, 150, 260, 165].map(cut);
      commands.deleteClip(editor, a);
      commands.moveClip(editor, pieces[2] ?? "", { track: story, after: null });
      cut(30);
      cut(12);
    },
  },
  "equal-orders": {
    about: "Things of one order sort by id; ids compare by UTF-16 units.",
    write: ({ doc }) => {
      const story = [...roots.tracks(doc).keys()][0] ?? "";
      const names = ["\u{1F3AC}", "\uE000", "z", "Z", "\uFFFD", "é", "9"];
      for (const id of names) {
        const place = { track: story, order: "m" };
        roots
          .clips(doc)
          .set(
            id,
            new Y.Map(
              Object.entries({ place, span: { in: 0, length: 5 }, source: { asset: "a" } }),
            ),
          );
        roots.scenes(doc).set(id, new Y.Map([["order", "m"]]));
        roots.markers(doc).set(id, new Y.Map([["at", { offset: 3 }]]));
      }
      const refs = new Y.Map(names.map((id) => [id, { role: "face", order: "m" }]));
      roots.scenes(doc).set("with refs", new Y.Map([["refs", refs]]));
    },
  },
  "pieces-out-of-order": {
    about:
      "Pieces of one clip that stand against their source order, touch, overlap, or cover each other.",
    write: ({ doc }) => {
      const story = [...roots.tracks(doc).keys()][0] ?? "";
      const piece = (id: string, order: string, span: [number, number], more = {}) =>
        roots.clips(doc).set(
          id,
          new Y.Map(
            Object.entries({
              place: { track: story, order },
              span: { in: span[0], length: span[1] },
              source: { asset: "a" },
              origin: "p",
              ...more,
            }),
          ),
        );
      piece("p", "z1", [50, 40], { origin: null });
      piece("q", "z2", [10, 50]);
      piece("r", "z3", [60, 10], { transition: { kind: "dissolve", length: 20 } });
      piece("s", "z4", [0, 100]);
      piece("t", "z5", [20, 10], { speed: 2 });
      piece("u", "z6", [25, 10], { source: { asset: "b" } });
      piece("v", "z7", [25, 10]);
    },
  },
};

function track(editor: Editor, kind: Track["kind"]): Track {
  const found = projectTimeline(editor.doc).tracks.find((each) => each.kind === kind);
  if (!found) throw new Error(`no ${kind} track`);
  return found;
}

function asset(name: string, length: number) {
  return { source: { asset: name }, length };
}
