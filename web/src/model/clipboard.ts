// The clipboard: clips with the scenes that they show, as plain JSON, to be
// pasted here or into another project. Nothing in it depends on the document
// that it came from; what is pasted gets ids of its own.
import * as Y from "yjs";
import { checkClipboard } from "./clipboard_check.ts";
import { checkClip, deleteClips, type NewClip, writeClip } from "./clips.ts";
import { mapOf, ordersAfter, storyTrack, tieAt, timelineOf, transact } from "./edit.ts";
import { EditError, needClips, needFrames, needTrack } from "./refusal.ts";
import {
  type Clip,
  type Editor,
  type Fade,
  type Place,
  type Ref,
  type RenderSettings,
  roots,
  type Scene,
  type Source,
  type Span,
  type Timeline,
  type Track,
  type TrackKind,
  type Transition,
} from "./schema.ts";
import { trackFor } from "./tracks.ts";

/** A clip as it was copied. */
export type CopiedClip = {
  /** Its track, so that it finds the same one, or one of its kind. */
  track: { id: string; kind: TrackKind; name: string };
  /** Frames from the start of the first clip of the copy. */
  start: number;
  gap: number;
  span: Span;
  source: Source;
  label: string;
  speed: number;
  gain: number;
  fade: Fade;
  transition: Transition | null;
  text: string | null;
  /** The copied clip that it is tied to, by its place in the list. */
  anchor: number | null;
  offset: number;
};

/** A scene as it was copied. */
export type CopiedScene = {
  id: string;
  title: string;
  prompt: string;
  notes: string;
  length: number;
  render: RenderSettings;
  refs: Ref[];
  take: string | null;
  color: string | null;
};

/** Clips that were copied; JSON. */
export type Clipboard = {
  kind: "soratoo/clips";
  version: 1;
  rate: [number, number];
  clips: CopiedClip[];
  scenes: CopiedScene[];
};

/** Copies clips, with the scenes that they show. Changes nothing. */
export function copyClips(editor: Editor, clips: readonly string[]): Clipboard {
  const timeline = timelineOf(editor.doc);
  const wanted = new Set(clips);
  const found: [Clip, Track][] = timeline.tracks.flatMap((track) =>
    track.clips.filter(({ id }) => wanted.has(id)).map((clip): [Clip, Track] => [clip, track]),
  );
  if (found.length === 0) throw new EditError("gone", "there is no such clip", clips[0]);
  const places = new Map(found.map(([clip], i) => [clip.id, i]));
  const first = Math.min(...found.map(([clip]) => clip.start));
  const shown = new Set(found.map(([{ source }]) => ("scene" in source ? source.scene : "")));
  return {
    kind: "soratoo/clips",
    version: 1,
    rate: timeline.rate,
    clips: found.map(([clip, track]) => copied(clip, { track, first, places })),
    scenes: timeline.scenes.filter((scene) => shown.has(scene.id)).map(copiedScene),
  };
}

type From = { track: Track; first: number; places: ReadonlyMap<string, number> };

function copied(clip: Clip, { track, first, places }: From): CopiedClip {
  const { source, label, speed, gain, fade, transition, text, gap, offset } = clip;
  return {
    track: { id: track.id, kind: track.kind, name: track.name },
    start: clip.start - first,
    gap,
    span: { in: clip.in, length: clip.span },
    source,
    label,
    speed,
    gain,
    fade,
    transition,
    text,
    anchor: clip.anchor === null ? null : (places.get(clip.anchor) ?? null),
    offset,
  };
}

function copiedScene({ order: _, ...scene }: Scene): CopiedScene {
  return scene;
}

/** Copies clips and takes them away. */
export function cutClips(editor: Editor, clips: readonly string[]): Clipboard {
  const clipboard = copyClips(editor, clips);
  deleteClips(editor, clips);
  return clipboard;
}

/** Copies clips to right behind the last of them. Returns the new ids. */
export function duplicateClips(editor: Editor, clips: readonly string[]): string[] {
  const timeline = timelineOf(editor.doc);
  const shown = needClips(editor, timeline, clips);
  const story = storyTrack(timeline)?.clips.filter(({ id }) => clips.includes(id)) ?? [];
  const end = Math.max(...shown.map(({ clip }) => clip.start + clip.length));
  const after = story.at(-1)?.id;
  return pasteClips(editor, copyClips(editor, clips), { ...(after ? { after } : {}), start: end });
}

/** Reads a clipboard from text that came from anywhere. */
export function parseClipboard(text: string): Clipboard {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new EditError("clipboard", "this is no copy of clips");
  }
  return checkClipboard(value);
}

/**
 * Where to paste: story clips after one of the story track (null: first;
 * absent: last); without any, the others from a frame on.
 */
export type PasteTarget = { after?: string | null; start?: number };

/**
 * Pastes clips: those of a story side by side, those that were tied to them
 * tied as they were, the others as far from them as they were, on the track
 * that they came from or one of its kind. Scenes that this document does not
 * have come along, without their takes. Returns the new ids, in the order of
 * the clipboard.
 */
export function pasteClips(editor: Editor, clipboard: Clipboard, to: PasteTarget = {}): string[] {
  for (const clip of clipboard.clips) checkClip(newClip(clip, clip.source, (frames) => frames));
  const paste = preparePaste(editor, clipboard, to);
  return transact(editor, () => {
    const scenes = pasteScenes(editor, paste);
    const sources = clipboard.clips.map(({ source }) => {
      const made = "scene" in source ? scenes.get(source.scene) : undefined;
      return made === undefined ? source : { scene: made };
    });
    const ids = new Map<number, string>();
    for (const [i, clip] of clipboard.clips.entries()) {
      if (clip.track.kind !== "story" || !paste.story) continue;
      const nth = ids.size;
      const gap = nth === 0 ? 0 : paste.scale(clip.gap);
      const place = { track: paste.story.id, order: paste.orders[nth] ?? "", gap };
      ids.set(i, writeClip(editor, newClip(clip, sources[i] ?? clip.source, paste.scale), place));
    }
    pasteTied(editor, paste, { sources, ids });
    return clipboard.clips.map((_, i) => ids.get(i) ?? "");
  });
}

type Scale = (frames: number) => number;

type Paste = {
  clipboard: Clipboard;
  timeline: Timeline;
  /** The track of story clips; undefined when there are none to paste. */
  story: Track | undefined;
  orders: string[];
  start: number;
  scale: Scale;
};

function preparePaste(editor: Editor, clipboard: Clipboard, to: PasteTarget): Paste {
  const timeline = timelineOf(editor.doc);
  const [num, den] = timeline.rate;
  const factor = (num * clipboard.rate[1]) / (den * clipboard.rate[0]);
  const count = clipboard.clips.filter((clip) => clip.track.kind === "story").length;
  const start = needFrames(to.start ?? 0, "a start", 0);
  const scale = (frames: number) => (factor === 1 ? frames : Math.round(frames * factor));
  if (count === 0) return { clipboard, timeline, story: undefined, orders: [], start, scale };
  const on = storyTrack(timeline);
  if (!on) throw new EditError("place", "there is no story track to paste to");
  const story = needTrack(editor, timeline, on.id);
  const orders = ordersAfter(editor, story.clips, to.after, count);
  return { clipboard, timeline, story, orders, start, scale };
}

function newClip(clip: CopiedClip, source: Source, scale: Scale): NewClip {
  const { span, label, speed, gain, fade, transition, text } = clip;
  const head = scale(span.in);
  return {
    source,
    in: head,
    length: Math.max(1, scale(span.in + span.length) - head),
    fade: { in: scale(fade.in), out: scale(fade.out) },
    speed,
    gain,
    ...(label === "" ? {} : { label }),
    ...(text === null ? {} : { text }),
    ...(transition === null
      ? {}
      : { transition: { ...transition, length: Math.max(1, scale(transition.length)) } }),
  };
}

type Pasted = { sources: readonly Source[]; ids: Map<number, string> };

// pasteTied writes the clips that are not on a story track; those that are
// there by now are what they can be tied to.
function pasteTied(editor: Editor, paste: Paste, { sources, ids }: Pasted): void {
  const { clipboard, scale } = paste;
  const now = timelineOf(editor.doc);
  const shown = new Map(now.tracks.flatMap((track) => track.clips.map((clip) => [clip.id, clip])));
  const [first, id] = [...ids][0] ?? [];
  const from = first === undefined ? 0 : scale(clipboard.clips[first]?.start ?? 0);
  const base = id === undefined ? paste.start : (shown.get(id)?.start ?? 0) - from;
  for (const [i, clip] of clipboard.clips.entries()) {
    if (ids.has(i)) continue;
    const track = trackOf(editor, paste.timeline, clip);
    const anchor = clip.anchor === null ? undefined : shown.get(ids.get(clip.anchor) ?? "");
    const tie = anchor
      ? { clip: anchor.id, offset: scale(clip.offset), at: anchor.start + scale(clip.offset) }
      : tieAt(now, base + scale(clip.start));
    const place: Place = { track, ...tie, at: Math.max(0, tie.at) };
    ids.set(i, writeClip(editor, newClip(clip, sources[i] ?? clip.source, scale), place));
  }
}

function trackOf(editor: Editor, timeline: Timeline, { track }: CopiedClip): string {
  const same = timeline.tracks.find(
    (other) => other.id === track.id && other.kind === track.kind && !other.locked,
  );
  if (same && roots.tracks(editor.doc).has(same.id)) return same.id;
  return trackFor(editor, track.kind === "story" ? "video" : track.kind, track.name);
}

// pasteScenes writes the scenes that are not here, last, and tells what they are called now.
function pasteScenes(editor: Editor, { clipboard, timeline, scale }: Paste): Map<string, string> {
  const made = new Map<string, string>();
  const root = roots.scenes(editor.doc);
  const missing = clipboard.scenes.filter((scene) => !root.has(scene.id));
  if (missing.length === 0) return made;
  const orders = ordersAfter(editor, timeline.scenes, undefined, missing.length);
  for (const [i, scene] of missing.entries()) {
    const id = editor.newId();
    made.set(scene.id, id);
    const refs = scene.refs.map(({ asset, role, order }) => [asset, { role, order }] as const);
    const map = mapOf({
      order: orders[i],
      title: new Y.Text(scene.title),
      prompt: new Y.Text(scene.prompt),
      notes: new Y.Text(scene.notes),
      length: Math.max(1, scale(scene.length)),
      render: new Y.Map(Object.entries(scene.render)),
      refs: new Y.Map(refs),
      color: scene.color ?? undefined,
    });
    root.set(id, map);
  }
  return made;
}
