// What a person can do to a timeline. Every command is one transaction with
// the origin `local`, so that it is one step of undo and one update; each
// position is written as one register; ids never move.
import type * as Y from "yjs";
import { type Random, systemRandom } from "./random.ts";
import type { Editor, Fade, RenderSettings, Source, TrackKind, Transition } from "./schema.ts";

/** An editor of a document, to hand to the commands. */
export function createEditor(doc: Y.Doc, random: Random = systemRandom): Editor {
  return { doc, random };
}

export type NewScene = {
  title?: string;
  prompt?: string;
  notes?: string;
  length?: number;
  color?: string;
  /** Stand after this scene; null is first, absent is last. */
  after?: string | null;
};

export type NewClip = {
  source: Source;
  length: number;
  in?: number;
  label?: string;
  text?: string;
  /** On a story track: stand after this clip; null is first, absent is last. */
  after?: string | null;
  gap?: number;
  /** On any other track: tied to the story clip under this frame. */
  start?: number;
};

/** A scene at its place, and a clip on the story track that shows it. Returns both ids. */
export function addScene(
  _editor: Editor,
  _scene?: NewScene,
): { scene: string; clip: string | null } {
  throw new Error("model: not written yet");
}
/** Puts a scene after another (null: first); its story clips go with it. */
export function moveScene(_editor: Editor, _scene: string, _after: string | null): void {
  throw new Error("model: not written yet");
}
/** Takes away a scene and the clips that show it. */
export function deleteScene(_editor: Editor, _scene: string): void {
  throw new Error("model: not written yet");
}
/** Sets a scene's length; clips that showed all of it go on showing all of it. */
export function setSceneLength(_editor: Editor, _scene: string, _length: number): void {
  throw new Error("model: not written yet");
}
/** Sets registers of a scene; undefined leaves, null takes away. */
export function setScene(
  _editor: Editor,
  _scene: string,
  _fields: { color?: string | null; take?: string | null; render?: RenderSettings },
): void {
  throw new Error("model: not written yet");
}
/** A new clip on a track. Returns its id, or null when there is no such track. */
export function insertClip(_editor: Editor, _track: string, _clip: NewClip): string | null {
  throw new Error("model: not written yet");
}
/** Several clips side by side at one place of a story track; another batch never comes between them. */
export function insertClips(
  _editor: Editor,
  _track: string,
  _clips: NewClip[],
  _after?: string | null,
): string[] {
  throw new Error("model: not written yet");
}
/** Where a clip should go: after a clip of a story track (null: first), or at a frame of another track. */
export type ClipTarget =
  | { track: string; after: string | null; gap?: number }
  | { track: string; start: number };
/** Moves a clip. On other tracks it is tied to the story clip under its start. */
export function moveClip(_editor: Editor, _clip: string, _to: ClipTarget): void {
  throw new Error("model: not written yet");
}
/** Sets the frames of nothing ahead of a story clip. */
export function setGap(_editor: Editor, _clip: string, _gap: number): void {
  throw new Error("model: not written yet");
}
/** Moves one edge of a clip by frames: "head" later or earlier in the source, "tail" longer or shorter. Story clips after it follow. */
export function trimClip(
  _editor: Editor,
  _clip: string,
  _edge: "head" | "tail",
  _by: number,
): void {
  throw new Error("model: not written yet");
}
/** Shows a later or earlier part of the source in the same place. */
export function slipClip(_editor: Editor, _clip: string, _by: number): void {
  throw new Error("model: not written yet");
}
/** Cuts a clip at a frame of the timeline. Returns the id of the new piece, or null when the frame is not inside. */
export function splitClip(_editor: Editor, _clip: string, _at: number): string | null {
  throw new Error("model: not written yet");
}
/** Takes clips away; on a story track what follows moves up. */
export function deleteClips(_editor: Editor, _clips: string[]): void {
  throw new Error("model: not written yet");
}
/** Takes one clip away. */
export function deleteClip(editor: Editor, clip: string): void {
  deleteClips(editor, [clip]);
}
export type ClipFields = {
  label?: string;
  speed?: number;
  gain?: number;
  fade?: Fade;
  transition?: Transition | null;
  source?: Source;
};
/** Sets registers of a clip. */
export function setClip(_editor: Editor, _clip: string, _fields: ClipFields): void {
  throw new Error("model: not written yet");
}
export type MetaFields = {
  title?: string;
  rate?: [number, number];
  size?: [number, number];
  background?: string;
};
/** Sets what holds for the whole timeline. */
export function setMeta(_editor: Editor, _fields: MetaFields): void {
  throw new Error("model: not written yet");
}
/** A new track after the last one. Returns its id. */
export function addTrack(_editor: Editor, _kind: TrackKind, _name: string): string {
  throw new Error("model: not written yet");
}
export type TrackFields = {
  name?: string;
  locked?: boolean;
  muted?: boolean;
  hidden?: boolean;
  gain?: number;
};
/** Sets registers of a track. */
export function setTrack(_editor: Editor, _track: string, _fields: TrackFields): void {
  throw new Error("model: not written yet");
}
/** A marker at a frame, tied to the story clip under it. Returns its id. */
export function addMarker(
  _editor: Editor,
  _at: number,
  _marker?: { label?: string; length?: number; color?: string },
): string {
  throw new Error("model: not written yet");
}
/** Takes a marker away. */
export function deleteMarker(_editor: Editor, _marker: string): void {
  throw new Error("model: not written yet");
}
/** Makes an empty document usable: meta, one story track, one empty scene with its clip. Does nothing when there is a track. */
export function seedTimeline(_editor: Editor, _title: string): void {
  throw new Error("model: not written yet");
}
