// Commands on clips.
import * as Y from "yjs";
import {
  findClip,
  inSource,
  mapOf,
  onTimeline,
  ordersAfter,
  passOn,
  retie,
  settle,
  tieAt,
  timelineOf,
  transact,
} from "./edit.ts";
import { orderBetween, pieceOrder } from "./order.ts";
import { setRegisters } from "./registers.ts";
import {
  type Clip,
  type Editor,
  type Fade,
  type Place,
  roots,
  type Source,
  type Span,
  type Timeline,
  type Track,
  type Transition,
  thing,
} from "./schema.ts";

/** What a new clip may say of itself. */
export type NewClip = {
  source: Source;
  length: number;
  in?: number;
  label?: string;
  text?: string;
  /** On a story track: stand after this clip; null is first, absent is last. */
  after?: string | null;
  gap?: number;
  /** On any other track: the frame to stand at, tied to the story clip under it. */
  start?: number;
};

/** A new clip on a track. Returns its id, or null when there is no such track. */
export function insertClip(editor: Editor, track: string, clip: NewClip): string | null {
  return insertClips(editor, track, [clip], clip.after)[0] ?? null;
}

/**
 * Several clips side by side, on a story track after one of its clips (null:
 * first, undefined: last); another batch never comes between them.
 */
export function insertClips(
  editor: Editor,
  track: string,
  clips: readonly NewClip[],
  after?: string | null,
): string[] {
  const timeline = timelineOf(editor.doc);
  const on = timeline.tracks.find((other) => other.id === track);
  if (!on || clips.length === 0) return [];
  return transact(editor, () => {
    const orders = on.kind === "story" ? ordersAfter(editor, on.clips, after, clips.length) : [];
    let end = on.length;
    return clips.map((clip, i) => {
      const start = clip.start ?? end;
      end = start + clip.length;
      const tied: Place = { track, ...tieAt(timeline, start) };
      const place: Place =
        on.kind === "story" ? { track, order: orders[i] ?? "", gap: clip.gap ?? 0 } : tied;
      return write(editor, clip, place);
    });
  });
}

function write(editor: Editor, clip: NewClip, place: Place): string {
  const id = editor.newId();
  const span: Span = { in: clip.in ?? 0, length: Math.max(1, clip.length) };
  const text = clip.text === undefined ? undefined : new Y.Text(clip.text);
  roots
    .clips(editor.doc)
    .set(id, mapOf({ place, span, source: clip.source, label: clip.label, text }));
  return id;
}

/** Where a clip should go: after a clip of a story track (null: first), or at a frame of another track. */
export type ClipTarget =
  | { track: string; after: string | null; gap?: number }
  | { track: string; start: number };

/** Moves a clip. On other tracks it is tied to the story clip under its start. */
export function moveClip(editor: Editor, clip: string, to: ClipTarget): void {
  const timeline = timelineOf(editor.doc);
  const map = thing(roots.clips(editor.doc), clip);
  const from = findClip(timeline, clip);
  const track = timeline.tracks.find((other) => other.id === to.track);
  if (!map || !from || !track) return;
  const place = placeFor(editor, { timeline, track, clip: from.clip, to });
  if (!place) return;
  transact(editor, () => {
    settle(editor, timeline, [clip]);
    map.set("place", place);
    if (from.track.kind === "story" && track.kind !== "story")
      retie(editor, timeline, new Set([clip]));
  });
}

/**
 * Moves clips of a story track side by side, in the order given, after another
 * (null: first). One that moves itself is no place to stand after: then they
 * come after the last before it that stays.
 */
export function moveClips(
  editor: Editor,
  clips: readonly string[],
  to: { track: string; after: string | null },
): void {
  const timeline = timelineOf(editor.doc);
  const track = timeline.tracks.find((other) => other.id === to.track);
  const moving = clips.filter((id) => findClip(timeline, id)?.track.kind === "story");
  if (track?.kind !== "story" || moving.length === 0) return;
  const set = new Set(moving);
  const staying = track.clips.filter((clip) => !set.has(clip.id));
  const upTo = track.clips.slice(0, track.clips.findIndex((clip) => clip.id === to.after) + 1);
  const after = upTo.findLast((clip) => !set.has(clip.id))?.id ?? null;
  const rest = staying.map((clip) => clip.id);
  rest.splice(rest.indexOf(after ?? "") + 1, 0, ...moving);
  if (rest.join() === track.clips.map((clip) => clip.id).join()) return;
  const orders = ordersAfter(editor, staying, after, moving.length);
  transact(editor, () => {
    settle(editor, timeline, moving);
    for (const [i, id] of moving.entries()) {
      thing(roots.clips(editor.doc), id)?.set("place", {
        track: track.id,
        order: orders[i] ?? "",
        gap: 0,
      });
    }
  });
}

type Move = { timeline: Timeline; track: Track; clip: Clip; to: ClipTarget };

// placeFor computes where a clip will stand, or null when it stands there.
function placeFor(editor: Editor, { timeline, track, clip, to }: Move): Place | null {
  if (track.kind !== "story") {
    const start = "start" in to ? to.start : clip.start;
    if (clip.track === track.id && clip.start === start) return null;
    // A clip that leaves the story cannot be tied to itself.
    const rest = timeline.tracks.map((other) => ({
      ...other,
      clips: other.clips.filter((c) => c.id !== clip.id),
    }));
    return { track: track.id, ...tieAt({ ...timeline, tracks: rest }, start) };
  }
  const after = "after" in to ? to.after : clipBefore(track, to.start, clip.id);
  if (after === clip.id) return null;
  const gap = Math.max(0, Math.round("gap" in to ? (to.gap ?? 0) : 0));
  const others = track.clips.filter((other) => other.id !== clip.id);
  const index = track.clips.findIndex((other) => other.id === clip.id);
  const stays = index >= 0 && (track.clips[index - 1]?.id ?? null) === after;
  if (stays && clip.gap === gap) return null;
  const order = stays ? clip.order : (ordersAfter(editor, others, after)[0] ?? "");
  return { track: track.id, order, gap };
}

// clipBefore finds the story clip to stand after for a clip dropped at a
// frame: the last whose middle is ahead of it.
function clipBefore(track: Track, frame: number, except: string): string | null {
  const before = track.clips.findLast(
    (clip) => clip.id !== except && clip.start + clip.length / 2 <= frame,
  );
  return before?.id ?? null;
}

/** Sets the frames of nothing ahead of a story clip. */
export function setGap(editor: Editor, clip: string, gap: number): void {
  const found = findClip(timelineOf(editor.doc), clip);
  const map = thing(roots.clips(editor.doc), clip);
  const next = Math.max(0, Math.round(gap));
  if (!map || found?.track.kind !== "story" || found.clip.gap === next) return;
  transact(editor, () =>
    map.set("place", { track: found.track.id, order: found.clip.order, gap: next }),
  );
}

/**
 * Moves one edge of a clip by frames: "head" later or earlier in the source,
 * "tail" longer or shorter. Story clips after it follow. It stops at the ends
 * of the source and where a neighbouring piece of the same clip begins.
 */
export function trimClip(editor: Editor, clip: string, edge: "head" | "tail", by: number): void {
  const timeline = timelineOf(editor.doc);
  const found = findClip(timeline, clip);
  const map = thing(roots.clips(editor.doc), clip);
  if (!found || !map) return;
  const { in: from, span, speed } = found.clip;
  const [least, most] = bounds(timeline, found);
  const wanted = inSource(Math.round(by), speed);
  const head = edge === "head" ? clamp(from + wanted, least, from + span - 1) : from;
  const end = edge === "tail" ? clamp(from + span + wanted, from + 1, most) : from + span;
  if (head === from && end === from + span) return;
  transact(editor, () => {
    map.set("span", { in: head, length: end - head });
    if (head !== from && found.track.kind !== "story")
      shift(map, found, onTimelineSigned(head - from, speed));
  });
}

// shift moves a tied clip with its head, so that what is left of it stays.
function shift(
  map: Y.Map<unknown>,
  { clip, track }: { clip: Clip; track: Track },
  by: number,
): void {
  const tie = { clip: clip.anchor, offset: clip.anchor === null ? 0 : clip.offset + by };
  map.set("place", { track: track.id, ...tie, at: clip.start + by });
}

function onTimelineSigned(frames: number, speed: number): number {
  return Math.sign(frames) * onTimeline(Math.abs(frames), speed);
}

/** Shows a later or earlier part of the source in the same place. */
export function slipClip(editor: Editor, clip: string, by: number): void {
  const timeline = timelineOf(editor.doc);
  const found = findClip(timeline, clip);
  const map = thing(roots.clips(editor.doc), clip);
  if (!found || !map) return;
  const { in: from, span } = found.clip;
  const [least, most] = bounds(timeline, found);
  const head = clamp(from + Math.round(by), least, most - span);
  if (head !== from) transact(editor, () => map.set("span", { in: head, length: span }));
}

// bounds tells which frames of its source a clip may use: those the source
// has, less those that neighbouring pieces of the same clip show.
function bounds(
  timeline: Timeline,
  { clip, track, index }: { clip: Clip; track: Track; index: number },
) {
  const { source } = clip;
  const scene =
    "scene" in source ? timeline.scenes.find((other) => other.id === source.scene) : undefined;
  const before = track.clips[index - 1];
  const after = track.clips[index + 1];
  const end = clip.in + clip.span;
  const least =
    before && sameLineage(before, clip) && before.in + before.span <= clip.in
      ? before.in + before.span
      : 0;
  let most = scene?.length ?? Number.MAX_SAFE_INTEGER;
  if (after && sameLineage(after, clip) && after.in >= end) most = Math.min(most, after.in);
  return [least, most] as const;
}

function sameLineage(a: Clip, b: Clip): boolean {
  return (
    (a.origin ?? a.id) === (b.origin ?? b.id) &&
    JSON.stringify(a.source) === JSON.stringify(b.source)
  );
}

/** Cuts a clip at a frame of the timeline. Returns the id of the new piece, or null when the frame is not inside. */
export function splitClip(editor: Editor, clip: string, at: number): string | null {
  const timeline = timelineOf(editor.doc);
  const found = findClip(timeline, clip);
  const map = thing(roots.clips(editor.doc), clip);
  if (!found || !map) return null;
  const { start, length, in: from, span, speed } = found.clip;
  if (at <= start || at >= start + length || span < 2) return null;
  const frame = clamp(from + inSource(at - start, speed), from + 1, from + span - 1);
  const id = editor.newId();
  transact(editor, () => {
    const piece = copy(map);
    piece.set("origin", found.clip.origin ?? clip);
    piece.set("span", { in: frame, length: from + span - frame });
    piece.set("place", piecePlace(editor, found, { at, frame }));
    const { fade } = found.clip;
    if (fade.in > 0) piece.set("fade", { in: 0, out: fade.out });
    roots.clips(editor.doc).set(id, piece);
    map.set("span", { in: from, length: frame - from });
    if (fade.out > 0) map.set("fade", { in: fade.in, out: 0 });
    // The transition leads into the next clip, so it goes with the last piece.
    if (map.has("transition")) map.delete("transition");
    passOn(editor, timeline, { from: clip, to: id, at });
  });
  return id;
}

// copy makes a clip that says the same, also in keys that we do not know.
function copy(map: Y.Map<unknown>): Y.Map<unknown> {
  const values = [...map.entries()].map(([key, value]): [string, unknown] => [
    key,
    value instanceof Y.AbstractType ? value.clone() : value,
  ]);
  return new Y.Map(values);
}

type Found = { clip: Clip; track: Track; index: number };

function piecePlace(editor: Editor, found: Found, cut: { at: number; frame: number }): Place {
  const { clip, track, index } = found;
  if (track.kind === "story") {
    const next =
      track.clips.slice(index + 1).find((other) => other.order > clip.order)?.order ?? null;
    return {
      track: track.id,
      order: orderOfPiece(editor, { clip, next, frame: cut.frame }),
      gap: 0,
    };
  }
  const offset = clip.anchor === null ? 0 : clip.offset + cut.at - clip.start;
  return { track: track.id, clip: clip.anchor, offset, at: cut.at };
}

// orderOfPiece keys a piece by its source frame: behind the order of the clip
// that was first split as long as this one still stands with it, so that
// pieces of pieces, too, come out in source order however they merge.
function orderOfPiece(
  editor: Editor,
  piece: { clip: Clip; next: string | null; frame: number },
): string {
  const { clip, next, frame } = piece;
  const fits = (order: string) => order > clip.order && (next === null || order < next);
  const first =
    clip.origin === null ? undefined : findClip(timelineOf(editor.doc), clip.origin)?.clip;
  if (
    first &&
    clip.order.startsWith(first.order) &&
    clip.order.length === pieceOrder(first.order, 0).length
  ) {
    const flat = pieceOrder(first.order, frame);
    if (fits(flat)) return flat;
  }
  const nested = pieceOrder(clip.order, frame);
  return fits(nested) ? nested : orderBetween(clip.order, next, editor.random);
}

/** Takes clips away; on a story track what follows moves up. */
export function deleteClips(editor: Editor, clips: readonly string[]): void {
  const timeline = timelineOf(editor.doc);
  const root = roots.clips(editor.doc);
  const gone = new Set(clips.filter((id) => root.has(id)));
  if (gone.size === 0) return;
  transact(editor, () => {
    settle(editor, timeline, gone);
    for (const id of gone) root.delete(id);
    retie(editor, timeline, gone);
  });
}

/** Takes one clip away. */
export function deleteClip(editor: Editor, clip: string): void {
  deleteClips(editor, [clip]);
}

/** Registers of a clip that can be set; null takes one away. */
export type ClipFields = {
  label?: string;
  speed?: number;
  gain?: number;
  fade?: Fade;
  transition?: Transition | null;
  source?: Source;
};

/** Sets registers of a clip. */
export function setClip(editor: Editor, clip: string, fields: ClipFields): void {
  const map = thing(roots.clips(editor.doc), clip);
  if (map) transact(editor, () => setRegisters(map, fields));
}

/** A marker at a frame, tied to the story clip under it. Returns its id. */
export function addMarker(
  editor: Editor,
  at: number,
  marker: { label?: string; length?: number; color?: string } = {},
): string {
  const tie = tieAt(timelineOf(editor.doc), at);
  const id = editor.newId();
  transact(editor, () => {
    const where =
      tie.clip === null ? { clip: null, offset: tie.at } : { clip: tie.clip, offset: tie.offset };
    roots.markers(editor.doc).set(id, mapOf({ at: where, ...marker }));
  });
  return id;
}

/** Takes a marker away. */
export function deleteMarker(editor: Editor, marker: string): void {
  transact(editor, () => roots.markers(editor.doc).delete(marker));
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
