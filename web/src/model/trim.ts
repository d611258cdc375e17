// Commands that change what part of its source a clip shows: trim, slip, split.
import {
  clamp,
  copyOf,
  inSource,
  needOrder,
  onTimelineSigned,
  passOn,
  settlePieces,
  tieAt,
  timelineOf,
  transact,
} from "./edit.ts";
import { orderBetween, orderOfFirst, pieceOrder } from "./order.ts";
import { type Held, needClip, needClips, needFrames } from "./refusal.ts";
import { setRegisters } from "./registers.ts";
import { type Clip, type Editor, type Place, roots, type Timeline, thing } from "./schema.ts";

/** What a trim does. */
export type Trim = {
  edge: "head" | "tail";
  /** Frames of the timeline, later (above 0) or earlier. */
  by: number;
  /**
   * On a story track: what is tied to the clip stays on its picture when the
   * head moves. On another track: what stands after the clip moves along.
   */
  ripple?: boolean;
};

/**
 * Moves one edge of a clip by frames: "head" later or earlier in the source,
 * "tail" longer or shorter. Story clips after it follow. It stops at the ends
 * of the source and where a neighbouring piece of the same clip begins.
 */
export function trimClip(editor: Editor, clip: string, edge: "head" | "tail", by: number): void {
  trimClips(editor, [clip], { edge, by });
}

/** Trims all clips of a selection, each as far as it goes. */
export function trimClips(editor: Editor, clips: readonly string[], trim: Trim): void {
  const by = needFrames(trim.by, "a distance");
  const timeline = timelineOf(editor.doc);
  const trims = needClips(editor, timeline, clips)
    .map((held) => trimmed(timeline, held, { ...trim, by }))
    .filter(({ held, head, end }) => head !== held.clip.in || end !== lastFrame(held.clip));
  if (trims.length === 0) return;
  transact(editor, () => {
    settlePieces(
      editor,
      timeline,
      trims.map(({ held }) => held.clip.id),
    );
    for (const each of trims) {
      setRegisters(each.held.map, { span: { in: each.head, length: each.end - each.head } });
      if (each.held.track.kind !== "story") trimTied(editor, timeline, each, trim.ripple === true);
      else if (trim.ripple) keepPicture(editor, timeline, each);
    }
  });
}

type Trimmed = { held: Held; head: number; end: number };

function trimmed(timeline: Timeline, held: Held, { edge, by }: Trim): Trimmed {
  const { in: from, span, speed } = held.clip;
  const [least, most] = bounds(timeline, held);
  const wanted = inSource(by, speed);
  const head = edge === "head" ? clamp(from + wanted, least, from + span - 1) : from;
  const end = edge === "tail" ? clamp(from + span + wanted, from + 1, most) : from + span;
  return { held, head, end };
}

function lastFrame(clip: Clip): number {
  return clip.in + clip.span;
}

// trimTied moves a tied clip with its head, so that what is left of it stays;
// with ripple it is what follows on the track that moves.
function trimTied(
  editor: Editor,
  timeline: Timeline,
  { held, head, end }: Trimmed,
  ripple: boolean,
): void {
  const { clip, track, map } = held;
  const cut = onTimelineSigned(head - clip.in, clip.speed);
  if (!ripple) {
    if (cut === 0) return;
    const tie = { clip: clip.anchor, offset: clip.anchor === null ? 0 : clip.offset + cut };
    map.set("place", { track: track.id, ...tie, at: clip.start + cut });
    return;
  }
  const by = onTimelineSigned(end - lastFrame(clip), clip.speed) - cut;
  for (const later of track.clips) {
    if (later.id === clip.id || later.start < clip.start + clip.length) continue;
    const place = { track: track.id, ...tieAt(timeline, later.start + by) };
    thing(roots.clips(editor.doc), later.id)?.set("place", place);
  }
}

// keepPicture moves what is tied to a story clip against its head.
function keepPicture(editor: Editor, timeline: Timeline, { held, head }: Trimmed): void {
  const by = -onTimelineSigned(head - held.clip.in, held.clip.speed);
  if (by === 0) return;
  for (const track of timeline.tracks) {
    for (const clip of track.clips) {
      if (clip.anchor !== held.clip.id) continue;
      const place = {
        track: track.id,
        clip: clip.anchor,
        offset: clip.offset + by,
        at: Math.max(0, clip.start + by),
      };
      thing(roots.clips(editor.doc), clip.id)?.set("place", place);
    }
  }
  for (const marker of timeline.markers) {
    if (marker.clip !== held.clip.id) continue;
    const at = { clip: marker.clip, offset: marker.start - held.clip.start + by };
    thing(roots.markers(editor.doc), marker.id)?.set("at", at);
  }
}

/** Shows a later or earlier part of the source in the same place, as far as there is one. */
export function slipClip(editor: Editor, clip: string, by: number): void {
  slipClips(editor, [clip], by);
}

/** Slips all clips of a selection. */
export function slipClips(editor: Editor, clips: readonly string[], by: number): void {
  const frames = needFrames(by, "a distance");
  const timeline = timelineOf(editor.doc);
  const slips = needClips(editor, timeline, clips).map((held) => {
    const { in: from, span } = held.clip;
    const [least, most] = bounds(timeline, held);
    return { held, head: clamp(from + frames, least, most - span) };
  });
  const moving = slips.filter(({ held, head }) => held.clip.in !== head);
  if (moving.length === 0) return;
  transact(editor, () => {
    settlePieces(
      editor,
      timeline,
      moving.map(({ held }) => held.clip.id),
    );
    for (const { held, head } of moving) held.map.set("span", { in: head, length: held.clip.span });
  });
}

/**
 * Which frames of its source a clip may use: those the source has, less those
 * that neighbouring pieces of the same clip show.
 */
export function bounds(timeline: Timeline, { clip, track, index }: Omit<Held, "map">) {
  const { source } = clip;
  const scene =
    "scene" in source ? timeline.scenes.find((other) => other.id === source.scene) : undefined;
  const before = track.clips[index - 1];
  const after = track.clips[index + 1];
  const end = lastFrame(clip);
  const least =
    before && sameLineage(before, clip) && lastFrame(before) <= clip.in ? lastFrame(before) : 0;
  let most = scene?.length ?? Number.MAX_SAFE_INTEGER;
  if (after && sameLineage(after, clip) && after.in >= end) most = Math.min(most, after.in);
  return [least, most] as const;
}

function lineage(clip: Clip): string {
  return clip.origin ?? clip.id;
}

function sameLineage(a: Clip, b: Clip): boolean {
  return lineage(a) === lineage(b) && JSON.stringify(a.source) === JSON.stringify(b.source);
}

/** Cuts a clip at a frame of the timeline. Returns the id of the new piece, or null when the frame is not inside. */
export function splitClip(editor: Editor, clip: string, at: number): string | null {
  needClip(editor, timelineOf(editor.doc), clip);
  return splitClips(editor, [clip], at)[0] ?? null;
}

/** Cuts all clips of a selection that play at a frame. Returns the ids of the new pieces. */
export function splitClips(editor: Editor, clips: readonly string[], at: number): string[] {
  const frame = needFrames(at, "a frame");
  const timeline = timelineOf(editor.doc);
  const cuts = needClips(editor, timeline, clips).filter(
    ({ clip }) => frame > clip.start && frame < clip.start + clip.length && clip.span > 1,
  );
  if (cuts.length === 0) return [];
  for (const { clip } of cuts) needOrder(pieceOrder(clip.order, 0));
  // Story clips first, so that pieces of what is tied to them can be tied to theirs.
  const rank = ({ track }: Held) => (track.kind === "story" ? 0 : 1);
  const made = new Map<string, string>();
  return transact(editor, () => {
    for (const held of cuts.toSorted((a, b) => rank(a) - rank(b)))
      made.set(held.clip.id, cut(editor, { timeline, held, at: frame, made }));
    return cuts.flatMap(({ clip }) => made.get(clip.id) ?? []);
  });
}

type Cut = { timeline: Timeline; held: Held; at: number; made: ReadonlyMap<string, string> };

function cut(editor: Editor, { timeline, held, at, made }: Cut): string {
  const { clip, map } = held;
  const { start, in: from, span, speed, fade } = clip;
  const frame = clamp(from + inSource(at - start, speed), from + 1, from + span - 1);
  const id = editor.newId();
  const piece = copyOf(map);
  piece.set("origin", clip.origin ?? clip.id);
  piece.set("span", { in: frame, length: from + span - frame });
  piece.set("place", piecePlace(held, { at, frame, made }));
  if (fade.in > 0) piece.set("fade", { in: 0, out: fade.out });
  roots.clips(editor.doc).set(id, piece);
  map.set("span", { in: from, length: frame - from });
  if (fade.out > 0) map.set("fade", { in: fade.in, out: 0 });
  // The transition leads into the next clip, so it goes with the last piece.
  if (map.has("transition")) map.delete("transition");
  passOn(editor, timeline, { from: clip.id, to: id, at });
  return id;
}

type CutAt = { at: number; frame: number; made: ReadonlyMap<string, string> };

function piecePlace({ clip, track, index }: Held, { at, frame, made }: CutAt): Place {
  if (track.kind === "story") {
    const next = track.clips.slice(index + 1).find((other) => other.order > clip.order);
    const order = orderOfPiece({ clip, next, frame });
    return { track: track.id, order, gap: 0 };
  }
  if (clip.anchor === null) return { track: track.id, clip: null, offset: 0, at };
  const onPiece = made.get(clip.anchor);
  if (onPiece) return { track: track.id, clip: onPiece, offset: 0, at };
  return { track: track.id, clip: clip.anchor, offset: clip.offset + at - clip.start, at };
}

type PieceOf = { clip: Clip; next: Clip | undefined; frame: number };

// orderOfPiece keys a piece by its source frame, behind a key that does not
// depend on the frame, so that all cuts of a clip, and of what comes of it,
// come out in source order however they merge: what its own key or that of the
// next piece was made of, when the clip fits in there; else its own; else the
// one between both that everybody finds.
function orderOfPiece({ clip, next, frame }: PieceOf): string {
  const fits = (order: string) => order > clip.order && (next === undefined || order < next.order);
  const whole = (base: string) =>
    fits(pieceOrder(base, clip.in + 1)) && fits(pieceOrder(base, clip.in + clip.span - 1));
  const bases = [clip.order];
  if (next && lineage(next) === lineage(clip)) bases.unshift(orderOfFirst(next.order));
  if (clip.origin !== null) bases.unshift(orderOfFirst(clip.order));
  const base = bases.find(whole) ?? orderBetween(clip.order, next?.order ?? null, () => 0);
  return pieceOrder(base, frame);
}
