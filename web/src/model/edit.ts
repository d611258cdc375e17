// What the commands share: one transaction, the neighbours of a place, and
// what ties other things to the story.
import * as Y from "yjs";
import { onTimeline } from "./layout.ts";
import { longestOrder, ordersBetween } from "./order.ts";
import { timelineOf } from "./project.ts";
import { EditError } from "./refusal.ts";
import {
  type Clip,
  type Editor,
  local,
  roots,
  type TiedPlace,
  type Timeline,
  type Track,
  thing,
} from "./schema.ts";

/** Runs one command as one transaction of the person at this page. */
export function transact<T>(editor: Editor, command: () => T): T {
  return editor.doc.transact(command, local);
}

/** A clip as it is shown, with its track. */
export function findClip(
  timeline: Timeline,
  id: string,
): { clip: Clip; track: Track; index: number } | null {
  for (const track of timeline.tracks) {
    const index = track.clips.findIndex((clip) => clip.id === id);
    const clip = track.clips[index];
    if (clip) return { clip, track, index };
  }
  return null;
}

/** The track that stories are told on: the first of its kind. */
export function storyTrack(timeline: Timeline): Track | undefined {
  return timeline.tracks.find((track) => track.kind === "story");
}

type Ordered = { id: string; order: string };

/** Keys for things to stand after one of a sorted list (null: first; undefined: last). */
export function ordersAfter(
  editor: Editor,
  list: readonly Ordered[],
  after: string | null | undefined,
  count = 1,
): string[] {
  const found = typeof after === "string" ? list.findIndex((item) => item.id === after) : -1;
  if (typeof after === "string" && found < 0)
    throw new EditError("place", "what it should stand after is not there", after);
  const at = after === undefined ? list.length : found + 1;
  const before = list[at - 1]?.order ?? null;
  // Equal keys happen (two pieces cut at one frame): the next larger one bounds.
  const next = list.slice(at).find((item) => before === null || item.order > before)?.order ?? null;
  const orders = ordersBetween({ before, after: next }, count, editor.random);
  return orders.map(needOrder);
}

/** An order, unless there is no room left where it should be. */
export function needOrder(order: string): string {
  if (order.length > longestOrder)
    throw new EditError("place", "too much was put between these two; move one of them away first");
  return order;
}

/** One key, as `ordersAfter`. */
export function orderAfter(
  editor: Editor,
  list: readonly Ordered[],
  after: string | null | undefined,
): string {
  return ordersAfter(editor, list, after)[0] ?? "";
}

/** How a thing at a frame is tied: to the story clip under it, or else to the last one before it. */
export function tieAt(timeline: Timeline, frame: number): Omit<TiedPlace, "track"> {
  const at = Math.max(0, frame);
  const anchor = storyTrack(timeline)?.clips.findLast((clip) => clip.start <= at);
  if (!anchor) return { clip: null, offset: 0, at };
  return { clip: anchor.id, offset: at - anchor.start, at };
}

/** Writes the tie of a marker to where a frame is. */
export function markerTie(timeline: Timeline, frame: number) {
  const { clip, offset, at } = tieAt(timeline, frame);
  return clip === null ? { clip, offset: at } : { clip, offset };
}

/** The timeline without some clips: the story closes up, or keeps the holes that they leave. */
export function without(
  timeline: Timeline,
  gone: ReadonlySet<string>,
  holes: "close" | "keep" = "close",
): Timeline {
  const tracks = timeline.tracks.map((track) => {
    const clips = track.clips.filter((clip) => !gone.has(clip.id));
    if (track.kind !== "story" || holes === "keep" || clips.length === track.clips.length)
      return { ...track, clips };
    let end = 0;
    const closed = clips.map((clip) => {
      const start = end + clip.gap;
      end = start + clip.length;
      return { ...clip, start };
    });
    return { ...track, clips: closed };
  });
  return { ...timeline, tracks };
}

/**
 * Ties everything that was tied to story clips which are no longer there to
 * what stands under it now, so that it stays where it was seen. Call it inside
 * the transaction that took the clips away.
 */
export function retie(
  editor: Editor,
  before: Timeline,
  gone: ReadonlySet<string>,
  holes: "close" | "keep" = "close",
): void {
  const clips = before.tracks.flatMap((track) =>
    track.clips.filter((clip) => clip.anchor && gone.has(clip.anchor) && !gone.has(clip.id)),
  );
  const markers = before.markers.filter((marker) => marker.clip && gone.has(marker.clip));
  if (clips.length === 0 && markers.length === 0) return;
  const now = without(before, gone, holes);
  for (const clip of clips) {
    thing(roots.clips(editor.doc), clip.id)?.set("place", {
      track: clip.track,
      ...tieAt(now, clip.start),
    });
  }
  for (const marker of markers)
    thing(roots.markers(editor.doc), marker.id)?.set("at", markerTie(now, marker.start));
}

/**
 * Writes down what rule 3 of the projection makes of the pieces of some clips,
 * so that taking one away or moving it does not bring back what it covered.
 */
export function settlePieces(editor: Editor, before: Timeline, ids: Iterable<string>): void {
  const mended = before.repairs.filter((repair) => repair.rule === 3);
  if (mended.length === 0) return;
  const root = roots.clips(editor.doc);
  const lineage = (id: string) => {
    const origin = thing(root, id)?.get("origin");
    return typeof origin === "string" ? origin : id;
  };
  const lineages = new Set([...ids].map(lineage));
  for (const { id, kind } of mended) {
    if (!lineages.has(lineage(id))) continue;
    const shown = findClip(before, id)?.clip;
    if (kind === "hidden") root.delete(id);
    else if (shown) thing(root, id)?.set("span", { in: shown.in, length: shown.span });
  }
}

/** Ties what stands on the second piece of a clip that was cut to that piece. */
export function passOn(
  editor: Editor,
  before: Timeline,
  cut: { from: string; to: string; at: number },
): void {
  for (const track of before.tracks) {
    for (const clip of track.clips) {
      if (clip.anchor !== cut.from || clip.start < cut.at) continue;
      const place = {
        track: clip.track,
        clip: cut.to,
        offset: clip.start - cut.at,
        at: clip.start,
      };
      thing(roots.clips(editor.doc), clip.id)?.set("place", place);
    }
  }
  for (const marker of before.markers) {
    if (marker.clip !== cut.from || marker.start < cut.at) continue;
    const at = { clip: cut.to, offset: marker.start - cut.at };
    thing(roots.markers(editor.doc), marker.id)?.set("at", at);
  }
}

/** A map of registers and types, in one write. */
export function mapOf(values: Record<string, unknown>): Y.Map<unknown> {
  return new Y.Map(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** A map that says the same as another, also in keys that we do not know. */
export function copyOf(map: Y.Map<unknown>): Y.Map<unknown> {
  const values = [...map.entries()].map(([key, value]): [string, unknown] => [
    key,
    value instanceof Y.AbstractType ? value.clone() : value,
  ]);
  return new Y.Map(values);
}

/** Makes a shared text say something, by the smallest change that does. */
export function rewrite(text: Y.Text, next: string): void {
  const old = text.toString();
  let head = 0;
  while (head < old.length && head < next.length && old[head] === next[head]) head++;
  if (isLow(old.charCodeAt(head)) || isLow(next.charCodeAt(head))) head = Math.max(0, head - 1);
  let tail = 0;
  const room = Math.min(old.length, next.length) - head;
  while (tail < room && old.at(-1 - tail) === next.at(-1 - tail)) tail++;
  if (tail > 0 && isLow(old.charCodeAt(old.length - tail))) tail--;
  if (old.length - tail > head) text.delete(head, old.length - tail - head);
  if (next.length - tail > head) text.insert(head, next.slice(head, next.length - tail));
}

// isLow tells the second half of a character that is two units long.
function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/** Frames of the source for frames of the timeline, at least as long as one when `frames` is not 0. */
export function inSource(frames: number, speed: number): number {
  return speed === 1 ? frames : Math.round(frames * speed);
}

/** As `onTimeline`, for a distance, which may be negative or none. */
export function onTimelineSigned(frames: number, speed: number): number {
  return frames === 0 ? 0 : Math.sign(frames) * onTimeline(Math.abs(frames), speed);
}

export function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}

export { onTimeline, timelineOf };
