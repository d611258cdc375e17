// What the commands share: one transaction, the neighbours of a place, and
// what ties other things to the story.
import * as Y from "yjs";
import { onTimeline } from "./layout.ts";
import { ordersBetween } from "./order.ts";
import { projectTimeline, timelineOf } from "./project.ts";
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

/**
 * Keys for things to stand after one of a sorted list (null: first; undefined:
 * last). An `after` that is not in the list counts as last.
 */
export function ordersAfter(
  editor: Editor,
  list: readonly Ordered[],
  after: string | null | undefined,
  count = 1,
): string[] {
  const found =
    after === undefined || after === null ? -1 : list.findIndex((item) => item.id === after);
  const at = after === null ? 0 : found < 0 ? list.length : found + 1;
  const before = list[at - 1]?.order ?? null;
  // Equal keys happen (two pieces cut at one frame): the next larger one bounds.
  const next = list.slice(at).find((item) => before === null || item.order > before)?.order ?? null;
  return ordersBetween({ before, after: next }, count, editor.random);
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

/**
 * Ties everything that was tied to story clips which are no longer there to
 * what stands under it now, so that it stays where it was seen. Call it inside
 * the transaction that took the clips away, with the timeline before it.
 */
export function retie(editor: Editor, before: Timeline, gone: ReadonlySet<string>): void {
  const clips = before.tracks.flatMap((track) =>
    track.clips.filter((clip) => clip.anchor && gone.has(clip.anchor)),
  );
  const markers = before.markers.filter((marker) => marker.clip && gone.has(marker.clip));
  if (clips.length === 0 && markers.length === 0) return;
  const now = projectTimeline(editor.doc);
  for (const clip of clips) {
    thing(roots.clips(editor.doc), clip.id)?.set("place", {
      track: clip.track,
      ...tieAt(now, clip.start),
    });
  }
  for (const marker of markers) {
    const { clip, offset, at } = tieAt(now, marker.start);
    const tie = clip === null ? { clip, offset: at } : { clip, offset };
    thing(roots.markers(editor.doc), marker.id)?.set("at", tie);
  }
}

/**
 * Writes down what rule 3 of the projection makes of the pieces of some clips,
 * so that taking one away or moving it does not bring back what it covered.
 */
export function settle(editor: Editor, before: Timeline, ids: Iterable<string>): void {
  const mended = before.repairs.filter((repair) => repair.rule === 3);
  if (mended.length === 0) return;
  const root = roots.clips(editor.doc);
  const lineage = (id: string) => {
    const origin = thing(root, id)?.get("origin");
    return typeof origin === "string" ? origin : id;
  };
  const lineages = new Set([...ids].map(lineage));
  for (const { id, field } of mended) {
    if (!lineages.has(lineage(id))) continue;
    const shown = findClip(before, id)?.clip;
    if (field === "hidden") root.delete(id);
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

/** Frames of the source for frames of the timeline, at least as long as one when `frames` is not 0. */
export function inSource(frames: number, speed: number): number {
  return speed === 1 ? frames : Math.round(frames * speed);
}

export { onTimeline, timelineOf };
