// What somebody may do to a timeline, by chance: every command there is.
import * as Y from "yjs";
import * as commands from "../commands.ts";
import { timelineOf } from "../project.ts";
import type { Random } from "../random.ts";
import { type Clip, local, type Scene, type Timeline, type Track } from "../schema.ts";
import type { Person } from "./network.ts";

/** What there is to act on. */
type Stage = Person & {
  random: Random;
  timeline: Timeline;
  clips: Clip[];
  story: Track;
  clip: Clip;
  scene: Scene;
  track: Track;
};

type Act = (stage: Stage) => unknown;

/** One command of somebody. Returns what it was, also when it was refused. */
export function act(person: Person, random: Random): string {
  const stage = stageOf(person, random);
  if (!stage) {
    commands.addScene(person.editor);
    return "addScene";
  }
  const [name, command] = all[random(all.length)] ?? ["", () => undefined];
  try {
    command(stage);
  } catch (error) {
    if (!(error instanceof commands.EditError)) throw error;
  }
  return name;
}

function stageOf(person: Person, random: Random): Stage | null {
  const timeline = timelineOf(person.editor.doc);
  const clips = timeline.tracks.flatMap((track) => track.clips);
  const story = timeline.tracks.find((track) => track.kind === "story");
  const clip = clips[random(clips.length)];
  const scene = timeline.scenes[random(timeline.scenes.length)];
  const track = timeline.tracks[random(timeline.tracks.length)];
  if (!clip || !scene || !track || !story) return null;
  return { ...person, random, timeline, clips, story, clip, scene, track };
}

const onClips: Record<string, Act> = {
  insertClip: (s) =>
    commands.insertClip(s.editor, s.track.id, { ...asset(s), ...near(s), start: s.random(400) }),
  insertClips: (s) =>
    commands.insertClips(s.editor, s.story.id, [asset(s), asset(s), asset(s)], near(s).after),
  moveClip: (s) => commands.moveClip(s.editor, s.clip.id, target(s)),
  moveClips: (s) => commands.moveClips(s.editor, some(s), target(s)),
  moveClipsBy: (s) => commands.moveClips(s.editor, some(s), { by: s.random(81) - 40 }),
  trimClip: (s) => commands.trimClip(s.editor, s.clip.id, edge(s), s.random(41) - 20),
  trimClips: (s) =>
    commands.trimClips(s.editor, some(s), {
      edge: edge(s),
      by: s.random(21) - 10,
      ripple: s.random(2) === 0,
    }),
  slipClip: (s) => commands.slipClip(s.editor, s.clip.id, s.random(21) - 10),
  splitClip: (s) => commands.splitClip(s.editor, s.clip.id, inside(s)),
  splitAgain: (s) => commands.splitClip(s.editor, s.clip.id, inside(s)),
  splitClips: (s) => commands.splitClips(s.editor, some(s), inside(s)),
  setGap: (s) => commands.setGap(s.editor, s.clip.id, s.random(12)),
  setTransition: (s) =>
    commands.setTransition(
      s.editor,
      s.clip.id,
      s.random(4) === 0 ? null : { kind: "dissolve", length: 1 + s.random(40) },
    ),
  setClips: (s) =>
    commands.setClips(s.editor, some(s), {
      speed: [0.5, 1, 1, 2][s.random(4)] ?? 1,
      gain: s.random(12) - 6,
      fade: { in: s.random(9), out: s.random(9) },
      label: `take ${s.random(9)}`,
    }),
  retimeClip: (s) => commands.retimeClip(s.editor, s.clip.id, 1 + s.random(90)),
  attachClip: (s) => commands.attachClip(s.editor, s.clip.id, near(s).after ?? ""),
  detachClips: (s) => commands.detachClips(s.editor, some(s)),
  paste: (s) => commands.pasteClips(s.editor, copied(s), { ...near(s), start: s.random(400) }),
  duplicateClips: (s) => s.clips.length < 60 && commands.duplicateClips(s.editor, some(s)),
  addCaption: (s) => commands.addCaption(s.editor, text(s)),
  addTitle: (s) => commands.addTitle(s.editor, text(s)),
  setClipText: (s) => commands.setClipText(s.editor, s.clip.id, `words ${s.random(99)}`),
  deleteClips: (s) => s.random(2) === 0 && commands.deleteClips(s.editor, some(s)),
  liftClips: (s) => s.random(2) === 0 && commands.liftClips(s.editor, some(s)),
  cutClips: (s) => s.random(3) === 0 && commands.cutClips(s.editor, some(s)),
};

const onOthers: Record<string, Act> = {
  addScene: (s) =>
    commands.addScene(s.editor, { after: s.scene.id, prompt: "a sea", length: 1 + s.random(90) }),
  duplicateScene: (s) =>
    s.timeline.scenes.length < 12 && commands.duplicateScene(s.editor, s.scene.id),
  moveScene: (s) =>
    commands.moveScene(
      s.editor,
      s.scene.id,
      s.timeline.scenes[s.random(s.timeline.scenes.length)]?.id ?? null,
    ),
  setSceneLength: (s) => commands.setSceneLength(s.editor, s.scene.id, 1 + s.random(120)),
  setScene: (s) => commands.setScene(s.editor, s.scene.id, { render: { seed: s.random(99) } }),
  setRef: (s) => commands.setRef(s.editor, s.scene.id, `r${s.random(4)}`, { role: "face" }),
  deleteRef: (s) => commands.deleteRef(s.editor, s.scene.id, `r${s.random(4)}`),
  deleteScene: (s) => s.random(8) === 0 && commands.deleteScene(s.editor, s.scene.id),
  type,
  addTrack: (s) =>
    s.timeline.tracks.length < 6 && commands.addTrack(s.editor, kind(s), "more", s.track.id),
  moveTrack: (s) =>
    commands.moveTrack(
      s.editor,
      s.track.id,
      s.timeline.tracks[s.random(s.timeline.tracks.length)]?.id ?? null,
    ),
  setTrack: (s) =>
    commands.setTrack(s.editor, s.track.id, {
      muted: s.random(2) === 0,
      locked: s.random(6) === 0,
      name: "named",
    }),
  deleteTrack: (s) => s.random(4) === 0 && commands.deleteTrack(s.editor, s.track.id),
  setMeta: (s) => commands.setMeta(s.editor, { title: `film ${s.random(9)}`, size: [1280, 720] }),
  setRate: (s) =>
    s.random(3) === 0 && commands.setRate(s.editor, [[24, 25, 30][s.random(3)] ?? 24, 1]),
  addMarker: (s) => commands.addMarker(s.editor, s.random(400), { label: "m" }),
  moveMarker: (s) => commands.moveMarker(s.editor, marker(s), s.random(400)),
  setMarker: (s) => commands.setMarker(s.editor, marker(s), { length: s.random(9), color: "#fff" }),
  deleteMarker: (s) => commands.deleteMarker(s.editor, marker(s)),
  settle: (s) => commands.settle(s.editor, s.timeline.repairs),
  undo: (s) => s.undo.undo(),
  redo: (s) => s.undo.redo(),
};

const all = [...Object.entries(onClips), ...Object.entries(onOthers)];

function asset(s: Stage) {
  return { source: { asset: `a${s.random(9)}` }, length: 1 + s.random(80) };
}

function near(s: Stage): { after: string | null } {
  return { after: s.story.clips[s.random(s.story.clips.length + 1)]?.id ?? null };
}

function target(s: Stage) {
  if (s.track.kind === "story") {
    const after = s.track.clips[s.random(s.track.clips.length + 1)]?.id ?? null;
    return { track: s.track.id, after };
  }
  return { track: s.track.id, start: s.random(500) };
}

function some(s: Stage): string[] {
  const ids = Array.from(
    { length: s.random(3) },
    () => s.clips[s.random(s.clips.length)]?.id ?? "",
  );
  return [s.clip.id, ...ids];
}

function edge(s: Stage): "head" | "tail" {
  return s.random(2) === 0 ? "head" : "tail";
}

function inside(s: Stage): number {
  return s.clip.start + 1 + s.random(Math.max(1, s.clip.length - 1));
}

function text(s: Stage) {
  return { text: "words", start: s.random(400), length: 1 + s.random(60) };
}

function copied(s: Stage): commands.Clipboard {
  return commands.parseClipboard(JSON.stringify(commands.copyClips(s.editor, some(s))));
}

function kind(s: Stage): Track["kind"] {
  return (["story", "video", "audio", "caption"] as const)[s.random(4)] ?? "video";
}

function marker(s: Stage): string {
  return s.timeline.markers[s.random(s.timeline.markers.length)]?.id ?? "";
}

function type(s: Stage): void {
  const map: unknown = s.editor.doc.getMap("scenes").get(s.scene.id);
  const prompt: unknown = map instanceof Y.Map ? map.get("prompt") : undefined;
  if (!(prompt instanceof Y.Text)) return;
  s.editor.doc.transact(() => prompt.insert(s.random(prompt.length + 1), "ab"), local);
}
