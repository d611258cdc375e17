// Commands on what holds for the whole timeline.
import * as Y from "yjs";
import { settlePieces, timelineOf, transact } from "./edit.ts";
import { pieceOrder } from "./order.ts";
import { EditError, maxFrames, needLine } from "./refusal.ts";
import { setRegisters } from "./registers.ts";
import { addScene } from "./scenes.ts";
import { type Clip, type Editor, roots, type Timeline, thing } from "./schema.ts";
import { addTrack } from "./tracks.ts";

/** What holds for the whole timeline. */
export type MetaFields = {
  title?: string;
  /** Frames keep their numbers; see `setRate`. */
  rate?: [number, number];
  size?: [number, number];
  background?: string;
};

/** Sets what holds for the whole timeline. */
export function setMeta(editor: Editor, fields: MetaFields): void {
  needLine(fields.title, "a title");
  needLine(fields.background, "a color", "word");
  if (fields.rate) needPair(fields.rate, "a rate");
  if (fields.size) needPair(fields.size, "a size");
  transact(editor, () => setRegisters(roots.meta(editor.doc), fields));
}

function needPair(pair: readonly [number, number], what: string): void {
  for (const value of pair) {
    if (!Number.isInteger(value) || value < 1 || value > maxFrames)
      throw new EditError("value", `${what} is two whole numbers from 1, not ${pair.join(", ")}`);
  }
}

/**
 * Sets the project's rate so that everything keeps its time: every number of
 * frames becomes what it is at the new rate, edges rounded to whole frames.
 */
export function setRate(editor: Editor, rate: [number, number]): void {
  needPair(rate, "a rate");
  const timeline = timelineOf(editor.doc);
  const [num, den] = timeline.rate;
  const factor = (rate[0] * den) / (rate[1] * num);
  if (factor === 1 && rate[0] === num) return;
  const scale = (frames: number) => Math.round(frames * factor);
  transact(editor, () => {
    setRegisters(roots.meta(editor.doc), { rate });
    const all = timeline.tracks.flatMap((track) => track.clips.map(({ id }) => id));
    settlePieces(editor, timeline, all);
    scaleScenes(editor, scale);
    for (const track of timeline.tracks) {
      const story = track.kind === "story";
      for (const clip of track.clips) scaleClip(editor, { timeline, clip, story, scale });
    }
    scaleMarkers(editor, timeline, scale);
  });
}

type Scale = (frames: number) => number;

function scaleScenes(editor: Editor, scale: Scale): void {
  const scenes = roots.scenes(editor.doc);
  for (const id of scenes.keys()) {
    const map = thing(scenes, id);
    const length = map?.get("length");
    if (typeof length === "number")
      setRegisters(map ?? new Y.Map(), { length: Math.max(1, scale(length)) });
  }
}

type Scaled = { timeline: Timeline; clip: Clip; story: boolean; scale: Scale };

function scaleClip(editor: Editor, { timeline, clip, story, scale }: Scaled): void {
  const map = thing(roots.clips(editor.doc), clip.id);
  if (!map) return;
  const head = scale(clip.in);
  const end = Math.max(head + 1, scale(clip.in + clip.span));
  const tied = { clip: clip.anchor, offset: scale(clip.offset), at: scale(clip.start) };
  const told = { order: scaledOrder(timeline, clip, scale), gap: scale(clip.gap) };
  setRegisters(map, {
    span: { in: head, length: end - head },
    place: { track: clip.track, ...(story ? told : tied) },
    fade: map.has("fade") ? { in: scale(clip.fade.in), out: scale(clip.fade.out) } : undefined,
    transition: clip.transition
      ? { kind: clip.transition.kind, length: Math.max(1, scale(clip.transition.length)) }
      : undefined,
  });
}

// scaledOrder keeps the source frame at the end of a piece's order true, so
// that later cuts still come out in source order.
function scaledOrder(timeline: Timeline, clip: Clip, scale: Scale): string {
  if (clip.origin === null) return clip.order;
  const first = timeline.tracks
    .find((track) => track.id === clip.track)
    ?.clips.find((other) => other.id === clip.origin);
  if (!first || clip.order !== pieceOrder(first.order, clip.in)) return clip.order;
  return pieceOrder(first.order, scale(clip.in));
}

function scaleMarkers(editor: Editor, timeline: Timeline, scale: Scale): void {
  const starts = new Map(
    timeline.tracks.flatMap((track) => track.clips.map((clip) => [clip.id, clip.start])),
  );
  for (const marker of timeline.markers) {
    const map = thing(roots.markers(editor.doc), marker.id);
    const base = marker.clip === null ? 0 : (starts.get(marker.clip) ?? 0);
    const at = { clip: marker.clip, offset: scale(marker.start - base) };
    const length = marker.length > 0 ? Math.max(1, scale(marker.length)) : undefined;
    if (map) setRegisters(map, { at, length });
  }
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
