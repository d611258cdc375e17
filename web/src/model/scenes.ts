// Commands on scenes.
import * as Y from "yjs";
import { insertClips } from "./clips.ts";
import {
  copyOf,
  mapOf,
  orderAfter,
  ordersAfter,
  retie,
  rewrite,
  settlePieces,
  storyTrack,
  timelineOf,
  transact,
} from "./edit.ts";
import {
  EditError,
  needFrames,
  needId,
  needLine,
  needText,
  needThing,
  needTrack,
} from "./refusal.ts";
import { setRegisters } from "./registers.ts";
import {
  type Clip,
  type Editor,
  type RenderSettings,
  roots,
  type Scene,
  type SceneTextField,
  type Timeline,
  type Track,
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
  for (const field of ["title", "prompt", "notes"] as const) needSceneText(field, scene[field]);
  needLine(scene.color, "a color", "word");
  const timeline = timelineOf(editor.doc);
  const [num, den] = timeline.rate;
  const seconds = Math.max(1, (newSceneSeconds * num) / den);
  const length = needFrames(scene.length ?? seconds, "the length of a scene", 1);
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
  const after = scene.after === undefined ? undefined : lastClipUpTo(timeline, scene.after);
  return putScene(editor, { timeline, map, after, length });
}

function needSceneText(field: SceneTextField, text: string | undefined): void {
  needText(text, `the ${field} of a scene`, field === "title" ? "title" : "text");
}

type Put = {
  timeline: Timeline;
  map: Y.Map<unknown>;
  after: string | null | undefined;
  length: number;
};

function putScene(editor: Editor, { timeline, map, after, length }: Put) {
  const track = storyTrack(timeline);
  if (track) needTrack(editor, timeline, track.id);
  const id = editor.newId();
  return transact(editor, () => {
    roots.scenes(editor.doc).set(id, map);
    if (!track) return { scene: id, clip: null };
    const clips = insertClips(editor, track.id, [{ source: { scene: id }, length }], after);
    return { scene: id, clip: clips[0] ?? null };
  });
}

/** A scene that says the same, right after it, without its take; with a clip of all of it. Returns both ids. */
export function duplicateScene(
  editor: Editor,
  scene: string,
): { scene: string; clip: string | null } {
  const timeline = timelineOf(editor.doc);
  const map = copyOf(needThing(editor, "scenes", scene));
  map.set("order", orderAfter(editor, timeline.scenes, scene));
  map.delete("take");
  const length = timeline.scenes.find((other) => other.id === scene)?.length ?? 1;
  return putScene(editor, { timeline, map, after: lastClipUpTo(timeline, scene), length });
}

/** Puts a scene after another (null: first); its story clips go with it. */
export function moveScene(editor: Editor, scene: string, after: string | null): void {
  const timeline = timelineOf(editor.doc);
  const map = needThing(editor, "scenes", scene);
  if (scene === after) return;
  const index = timeline.scenes.findIndex((other) => other.id === scene);
  if ((timeline.scenes[index - 1]?.id ?? null) === after) return;
  const others = timeline.scenes.filter((other) => other.id !== scene);
  const order = orderAfter(editor, others, after);
  const track = storyTrack(timeline);
  const moving = track?.clips.filter((clip) => showsScene(clip, scene)) ?? [];
  if (track && moving.length > 0) needTrack(editor, timeline, track.id);
  transact(editor, () => {
    map.set("order", order);
    if (!track || moving.length === 0) return;
    const staying = track.clips.filter((clip) => !showsScene(clip, scene));
    const last = lastClipUpTo({ ...timeline, scenes: others }, after);
    const orders = ordersAfter(editor, staying, last, moving.length);
    for (const [i, clip] of moving.entries()) {
      const place = { track: track.id, order: orders[i] ?? "", gap: clip.gap };
      thing(roots.clips(editor.doc), clip.id)?.set("place", place);
    }
  });
}

/** Takes away a scene and the clips that show it. */
export function deleteScene(editor: Editor, scene: string): void {
  deleteScenes(editor, [scene]);
}

/** Takes away scenes and the clips that show them. */
export function deleteScenes(editor: Editor, scenes: readonly string[]): void {
  const timeline = timelineOf(editor.doc);
  const going = scenes.filter((id) => roots.scenes(editor.doc).has(id));
  if (going.length === 0) throw new EditError("gone", "there is no such scene", scenes[0]);
  const gone = new Set<string>();
  for (const track of timeline.tracks) {
    for (const clip of track.clips) {
      if (!going.some((scene) => showsScene(clip, scene))) continue;
      lockedNot(track, clip);
      gone.add(clip.id);
    }
  }
  transact(editor, () => {
    for (const id of going) roots.scenes(editor.doc).delete(id);
    settlePieces(editor, timeline, gone);
    for (const id of gone) roots.clips(editor.doc).delete(id);
    retie(editor, timeline, gone);
  });
}

function lockedNot(track: Track, clip: Clip): void {
  if (track.locked) throw new EditError("locked", "the track of this clip is locked", clip.id);
}

/** Sets a scene's length; clips that showed it to its end go on doing so. */
export function setSceneLength(editor: Editor, scene: string, length: number): void {
  const timeline = timelineOf(editor.doc);
  const map = needThing(editor, "scenes", scene);
  const old = timeline.scenes.find((other) => other.id === scene)?.length;
  const next = needFrames(length, "the length of a scene", 1);
  if (old === next) return;
  transact(editor, () => {
    map.set("length", next);
    for (const clip of timeline.tracks.flatMap((track) => track.clips)) {
      if (!showsScene(clip, scene) || clip.in + clip.span !== old || next <= clip.in) continue;
      thing(roots.clips(editor.doc), clip.id)?.set("span", { in: clip.in, length: next - clip.in });
    }
  });
}

/** Makes a text of a scene say something; what others type at once is merged. */
export function setSceneText(
  editor: Editor,
  scene: string,
  field: SceneTextField,
  text: string,
): void {
  needSceneText(field, text);
  const map = needThing(editor, "scenes", scene);
  const shared = map.get(field);
  if (shared instanceof Y.Text && shared.toString() === text) return;
  transact(editor, () => {
    if (shared instanceof Y.Text) rewrite(shared, text);
    else map.set(field, new Y.Text(text));
  });
}

/** Puts a reference to an asset into a scene, after another of its references (null: first; absent: last). */
export function setRef(
  editor: Editor,
  scene: string,
  asset: string,
  ref: { role: string; after?: string | null },
): void {
  needId(asset, "the id of an asset");
  needLine(ref.role, "a role", "word");
  const map = needThing(editor, "scenes", scene);
  const shown = timelineOf(editor.doc).scenes.find((other) => other.id === scene);
  const others = (shown?.refs ?? []).filter((other) => other.asset !== asset);
  const listed = others.map((other) => ({ id: other.asset, order: other.order }));
  const order = orderAfter(editor, listed, ref.after);
  transact(editor, () => mapIn(map, "refs").set(asset, { role: ref.role, order }));
}

/** Takes a reference out of a scene. */
export function deleteRef(editor: Editor, scene: string, asset: string): void {
  const refs = needThing(editor, "scenes", scene).get("refs");
  if (!(refs instanceof Y.Map) || !refs.has(asset))
    throw new EditError("gone", "the scene has no such reference", asset);
  transact(editor, () => refs.delete(asset));
}

// mapIn is the map under a key, made anew when there is something else.
function mapIn(map: Y.Map<unknown>, key: string): Y.Map<unknown> {
  const found = map.get(key);
  if (found instanceof Y.Map) return found;
  const made = new Y.Map<unknown>();
  map.set(key, made);
  return made;
}

/** Registers of a scene that can be set; null takes one away. */
export type SceneFields = { color?: string | null; take?: string | null; render?: RenderSettings };

/** Sets registers of a scene. */
export function setScene(editor: Editor, scene: string, fields: SceneFields): void {
  needLine(fields.color, "a color", "word");
  needLine(fields.take, "the id of a take", "word");
  const map = needThing(editor, "scenes", scene);
  transact(editor, () => {
    setRegisters(map, { color: fields.color, take: fields.take });
    if (fields.render) setRegisters(mapIn(map, "render"), fields.render);
  });
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
