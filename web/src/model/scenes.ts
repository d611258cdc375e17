// Commands on scenes, and on what holds for the whole timeline.
import * as Y from "yjs";
import { insertClips } from "./clips.ts";
import {
  mapOf,
  orderAfter,
  ordersAfter,
  retie,
  settle,
  storyTrack,
  timelineOf,
  transact,
} from "./edit.ts";
import { setRegisters } from "./registers.ts";
import {
  type Clip,
  type Editor,
  type RenderSettings,
  roots,
  type Scene,
  type Timeline,
  type TrackKind,
  thing,
} from "./schema.ts";

/** How long a new scene is that does not say, in seconds. */
const newSceneSeconds = 5;

/** What a new scene may say of itself. */
export type NewScene = {
  title?: string;
  prompt?: string;
  notes?: string;
  length?: number;
  color?: string;
  /** Stand after this scene; null is first, absent is last. */
  after?: string | null;
};

/** A scene at its place, and a clip on the story track that shows it. Returns both ids. */
export function addScene(
  editor: Editor,
  scene: NewScene = {},
): { scene: string; clip: string | null } {
  const timeline = timelineOf(editor.doc);
  const [num, den] = timeline.rate;
  const length = Math.max(1, Math.round(scene.length ?? (newSceneSeconds * num) / den));
  const id = editor.newId();
  return transact(editor, () => {
    const map = mapOf({
      order: orderAfter(editor, timeline.scenes, scene.after),
      title: new Y.Text(scene.title ?? ""),
      prompt: new Y.Text(scene.prompt ?? ""),
      notes: new Y.Text(scene.notes ?? ""),
      length,
      render: new Y.Map(),
      refs: new Y.Map(),
      color: scene.color,
    });
    roots.scenes(editor.doc).set(id, map);
    const track = storyTrack(timeline);
    if (!track) return { scene: id, clip: null };
    const after = scene.after === undefined ? undefined : lastClipUpTo(timeline, scene.after);
    const clips = insertClips(editor, track.id, [{ source: { scene: id }, length }], after);
    return { scene: id, clip: clips[0] ?? null };
  });
}

/** Puts a scene after another (null: first); its story clips go with it. */
export function moveScene(editor: Editor, scene: string, after: string | null): void {
  const timeline = timelineOf(editor.doc);
  const map = thing(roots.scenes(editor.doc), scene);
  if (!map || scene === after) return;
  const index = timeline.scenes.findIndex((other) => other.id === scene);
  if ((timeline.scenes[index - 1]?.id ?? null) === after) return;
  const others = timeline.scenes.filter((other) => other.id !== scene);
  transact(editor, () => {
    map.set("order", orderAfter(editor, others, after));
    const track = storyTrack(timeline);
    const moving = track?.clips.filter((clip) => showsScene(clip, scene)) ?? [];
    if (!track || moving.length === 0) return;
    const staying = track.clips.filter((clip) => !showsScene(clip, scene));
    const orders = ordersAfter(
      editor,
      staying,
      lastClipUpTo({ ...timeline, scenes: others }, after),
      moving.length,
    );
    for (const [i, clip] of moving.entries()) {
      const place = { track: track.id, order: orders[i] ?? "", gap: clip.gap };
      thing(roots.clips(editor.doc), clip.id)?.set("place", place);
    }
  });
}

/** Takes away a scene and the clips that show it. */
export function deleteScene(editor: Editor, scene: string): void {
  const timeline = timelineOf(editor.doc);
  transact(editor, () => {
    roots.scenes(editor.doc).delete(scene);
    const gone = new Set<string>();
    for (const track of timeline.tracks) {
      for (const clip of track.clips) if (showsScene(clip, scene)) gone.add(clip.id);
    }
    settle(editor, timeline, gone);
    for (const id of gone) roots.clips(editor.doc).delete(id);
    retie(editor, timeline, gone);
  });
}

/** Sets a scene's length; clips that showed it to its end go on doing so. */
export function setSceneLength(editor: Editor, scene: string, length: number): void {
  const timeline = timelineOf(editor.doc);
  const map = thing(roots.scenes(editor.doc), scene);
  const old = timeline.scenes.find((other) => other.id === scene)?.length;
  const next = Math.max(1, Math.round(length));
  if (!map || old === undefined || old === next) return;
  transact(editor, () => {
    map.set("length", next);
    for (const clip of timeline.tracks.flatMap((track) => track.clips)) {
      if (!showsScene(clip, scene) || clip.in + clip.span !== old || next <= clip.in) continue;
      thing(roots.clips(editor.doc), clip.id)?.set("span", { in: clip.in, length: next - clip.in });
    }
  });
}

/** Registers of a scene that can be set; null takes one away. */
export type SceneFields = { color?: string | null; take?: string | null; render?: RenderSettings };

/** Sets registers of a scene. */
export function setScene(editor: Editor, scene: string, fields: SceneFields): void {
  const map = thing(roots.scenes(editor.doc), scene);
  if (!map) return;
  transact(editor, () => {
    setRegisters(map, { color: fields.color, take: fields.take });
    if (!fields.render) return;
    let render = map.get("render");
    if (!(render instanceof Y.Map)) render = map.set("render", new Y.Map());
    if (render instanceof Y.Map) setRegisters(render, fields.render);
  });
}

/** What holds for the whole timeline. */
export type MetaFields = {
  title?: string;
  rate?: [number, number];
  size?: [number, number];
  background?: string;
};

/** Sets what holds for the whole timeline. */
export function setMeta(editor: Editor, fields: MetaFields): void {
  transact(editor, () => setRegisters(roots.meta(editor.doc), fields));
}

/** A new track after the last one. Returns its id. */
export function addTrack(editor: Editor, kind: TrackKind, name: string): string {
  const tracks = timelineOf(editor.doc).tracks.filter((track) => track.order !== "");
  const id = editor.newId();
  transact(editor, () => {
    roots
      .tracks(editor.doc)
      .set(id, mapOf({ order: orderAfter(editor, tracks, undefined), kind, name }));
  });
  return id;
}

/** Registers of a track that can be set. */
export type TrackFields = {
  name?: string;
  locked?: boolean;
  muted?: boolean;
  hidden?: boolean;
  gain?: number;
};

/** Sets registers of a track. */
export function setTrack(editor: Editor, track: string, fields: TrackFields): void {
  const map = thing(roots.tracks(editor.doc), track);
  if (map) transact(editor, () => setRegisters(map, fields));
}

/**
 * Makes an empty document usable: meta, one story track, one empty scene with
 * its clip. Does nothing when there is a track.
 */
export function seedTimeline(editor: Editor, title: string): void {
  if (roots.tracks(editor.doc).size > 0) return;
  transact(editor, () => {
    setRegisters(roots.meta(editor.doc), {
      schema: 1,
      title,
      rate: [24, 1],
      size: [1920, 1080],
      background: "#000000",
    });
    addTrack(editor, "story", "Story");
  });
  addScene(editor);
}

function showsScene(clip: Clip, scene: string): boolean {
  return "scene" in clip.source && clip.source.scene === scene;
}

// lastClipUpTo finds the last story clip of a scene, or of the nearest scene
// before it that has one; null stands for the start of the track.
function lastClipUpTo(timeline: Timeline, scene: string | null): string | null | undefined {
  if (scene === null) return null;
  const clips = storyTrack(timeline)?.clips ?? [];
  const at = timeline.scenes.findIndex((other) => other.id === scene);
  if (at < 0) return undefined;
  const upTo: Scene[] = timeline.scenes.slice(0, at + 1);
  for (const candidate of upTo.toReversed()) {
    const found = clips.findLast((clip) => showsScene(clip, candidate.id));
    if (found) return found.id;
  }
  return null;
}
