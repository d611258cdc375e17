// How long the projection takes, on a long cut that many people edit:
// `node scripts/speed.mjs`.
import * as Y from "yjs";
import * as commands from "../commands.ts";
import { openTimeline, projectTimeline } from "../project.ts";
import { seededRandom } from "../random.ts";
import type { Editor } from "../schema.ts";

/** A cut of so many clips: scenes, assets, pieces, transitions; captions and sound tied to them. */
export function longCut(count: number): { editor: Editor; ids: string[] } {
  const random = seededRandom(7);
  const editor = commands.createEditor(new Y.Doc(), random);
  commands.seedTimeline(editor, "long");
  const track = projectTimeline(editor.doc).tracks[0]?.id ?? "";
  const scenes = Array.from({ length: 200 }, () => editor.newId());
  editor.doc.transact(() => {
    for (const [i, id] of scenes.entries()) {
      const map = new Y.Map<unknown>([
        ["order", `V${String(i).padStart(4, "0")}`],
        ["title", new Y.Text(`scene ${i}`)],
        ["prompt", new Y.Text("a wide shot of the sea at dawn ".repeat(8))],
        ["length", 400],
      ]);
      editor.doc.getMap("scenes").set(id, map);
    }
  });
  const story = Array.from({ length: count / 2 }, (_, i) => ({
    source: { scene: scenes[i % 200] ?? "" },
    length: 20 + random(80),
    ...(i % 5 === 0 ? { transition: { kind: "dissolve", length: 8 } } : {}),
  }));
  const ids = commands.insertClips(editor, track, story);
  const sound = commands.addTrack(editor, "audio", "sound");
  const words = commands.addTrack(editor, "caption", "words");
  const tied = (on: string, source: { asset: string } | { title: string }) =>
    commands.insertClips(
      editor,
      on,
      Array.from({ length: count / 4 }, (_, i) => ({ source, length: 60, start: i * 100 })),
    );
  ids.push(...tied(sound, { asset: "sound" }), ...tied(words, { title: "caption" }));
  return { editor, ids };
}

/** Prints milliseconds, median and slowest of twenty. */
export function measure(print: (line: string) => void): void {
  const { editor, ids } = longCut(2000);
  const times = (count: number, run: (i: number) => void) => {
    const took = Array.from({ length: count }, (_, i) => {
      const start = performance.now();
      run(i);
      return performance.now() - start;
    }).sort((a, b) => a - b);
    const at = (part: number) => (took[Math.floor(part * (count - 1))] ?? 0).toFixed(2);
    return `median ${at(0.5)} ms, 95 of 100 below ${at(0.95)} ms`;
  };
  print(`2,000 clips read whole: ${times(40, () => projectTimeline(editor.doc))}`);
  const live = openTimeline(editor.doc);
  const changes: [string, (i: number) => void][] = [
    ["label", (i) => commands.setClip(editor, ids[900] ?? "", { label: `${i}` })],
    ["trim of the first, all others move", (i) => trim(ids[0] ?? "", i)],
    ["trim of the last", (i) => trim(ids[999] ?? "", i)],
    ["move", (i) => move(ids[400 + i] ?? "")],
    ["move of two in one transaction", (i) => both(ids[400 + i] ?? "", ids[700 + i] ?? "")],
    [
      "insert",
      () => commands.insertClips(editor, first(), [{ source: { asset: "n" }, length: 9 }]),
    ],
  ];
  const trim = (id: string, i: number) =>
    commands.trimClip(editor, id, "tail", i % 2 === 0 ? 1 : -1);
  const first = () => live.current().tracks[0]?.id ?? "";
  const move = (id: string) => commands.moveClip(editor, id, { track: first(), after: null });
  const both = (a: string, b: string) =>
    editor.doc.transact(() => {
      move(a);
      move(b);
    });
  for (const [name, change] of changes) {
    const project: number[] = [];
    const all = times(200, (i) => {
      change(i);
      const start = performance.now();
      live.current();
      project.push(performance.now() - start);
    });
    project.sort((a, b) => a - b);
    print(
      `one ${name}: projection median ${(project[100] ?? 0).toFixed(2)} ms, 95 of 100 below ${(project[189] ?? 0).toFixed(2)} ms; with the command ${all}`,
    );
  }
}
