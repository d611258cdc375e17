// Commands that move clips, on their track and between tracks.
import { ordersAfter, retie, settlePieces, tieAt, timelineOf, transact, without } from "./edit.ts";
import { EditError, type Held, needClip, needClips, needFrames, needTrack } from "./refusal.ts";
import { setRegisters } from "./registers.ts";
import type { Editor, Place, Timeline, Track } from "./schema.ts";

/** Where a clip should go: after a clip of a story track (null: first), or at a frame of a track. */
export type ClipTarget =
  | { track: string; after: string | null; gap?: number }
  | { track: string; start: number };

/**
 * Where clips should go together: side by side, in the order given, after a
 * clip of a story track; to another track, the first at a frame and the others
 * as far from it as they were; or by frames, each on its own track.
 */
export type ClipsTarget =
  | { track: string; after: string | null }
  | { track: string; start: number }
  | { by: number };

/** Moves a clip. On other tracks it is tied to the story clip under its start. */
export function moveClip(editor: Editor, clip: string, to: ClipTarget): void {
  const timeline = timelineOf(editor.doc);
  const held = needClip(editor, timeline, clip);
  const track = needTrack(editor, timeline, to.track);
  const place =
    track.kind === "story"
      ? storyPlace(editor, { held, track, to })
      : tiedPlace(timeline, { held, track, to });
  if (place) write(editor, timeline, [{ held, place }]);
}

type Moved = { held: Held; place: Place };

function write(editor: Editor, before: Timeline, moves: readonly Moved[]): void {
  const ids = moves.map(({ held }) => held.clip.id);
  transact(editor, () => {
    settlePieces(editor, before, ids);
    for (const { held, place } of moves) setRegisters(held.map, { place });
    const left = moves.filter(({ held, place }) => held.track.kind === "story" && "at" in place);
    retie(editor, before, new Set(left.map(({ held }) => held.clip.id)));
  });
}

type One = { held: Held; track: Track; to: ClipTarget };

// tiedPlace is where a clip will stand on a track that is no story track, or
// null when it stands there.
function tiedPlace(timeline: Timeline, { held, track, to }: One): Place | null {
  const { clip } = held;
  const start = Math.max(0, needFrames("start" in to ? to.start : clip.start, "a start"));
  if (clip.track === track.id && clip.start === start) return null;
  // A clip that leaves the story cannot be tied to itself.
  const rest = without(timeline, new Set([clip.id]));
  return { track: track.id, ...tieAt(rest, start) };
}

// storyPlace is the same on a story track.
function storyPlace(editor: Editor, { held, track, to }: One): Place | null {
  const { clip } = held;
  const ids = new Set([clip.id]);
  const after = "after" in to ? to.after : clipBefore(track, needFrames(to.start, "a start"), ids);
  if (after === clip.id) return null;
  const gap = needFrames("gap" in to ? (to.gap ?? 0) : 0, "a gap", 0);
  const others = track.clips.filter((other) => other.id !== clip.id);
  const index = track.clips.findIndex((other) => other.id === clip.id);
  const stays = index >= 0 && (track.clips[index - 1]?.id ?? null) === after;
  if (stays && clip.gap === gap) return null;
  const order = stays ? clip.order : (ordersAfter(editor, others, after)[0] ?? "");
  return { track: track.id, order, gap };
}

// clipBefore finds the story clip to stand after for a clip dropped at a
// frame: the last whose middle is ahead of it.
function clipBefore(track: Track, frame: number, except: ReadonlySet<string>): string | null {
  const before = track.clips.findLast(
    (clip) => !except.has(clip.id) && clip.start + clip.length / 2 <= frame,
  );
  return before?.id ?? null;
}

/**
 * Moves clips together. One that moves itself is no place to stand after: then
 * they come after the last before it that stays.
 */
export function moveClips(editor: Editor, clips: readonly string[], to: ClipsTarget): void {
  const timeline = timelineOf(editor.doc);
  const moving = needClips(editor, timeline, clips);
  if ("by" in to) {
    write(editor, timeline, shifted(timeline, moving, needFrames(to.by, "a distance")));
    return;
  }
  const track = needTrack(editor, timeline, to.track);
  const moves =
    track.kind === "story"
      ? sideBySide(editor, { moving, track, to })
      : together(timeline, { moving, track, to });
  if (moves.length > 0) write(editor, timeline, moves);
}

type Many = { moving: Held[]; track: Track; to: { after: string | null } | { start: number } };

function sideBySide(editor: Editor, { moving, track, to }: Many): Moved[] {
  const ids = new Set(moving.map(({ clip }) => clip.id));
  const staying = track.clips.filter((clip) => !ids.has(clip.id));
  const after = "after" in to ? behind(track, to.after, ids) : clipBefore(track, to.start, ids);
  const rest = staying.map((clip) => clip.id);
  rest.splice(rest.indexOf(after ?? "") + 1, 0, ...ids);
  if (rest.join() === track.clips.map((clip) => clip.id).join()) return [];
  const orders = ordersAfter(editor, staying, after, moving.length);
  return moving.map((held, i) => ({
    held,
    place: { track: track.id, order: orders[i] ?? "", gap: 0 },
  }));
}

// behind is the last clip up to `after` that does not move.
function behind(track: Track, after: string | null, ids: ReadonlySet<string>): string | null {
  const index = track.clips.findIndex((clip) => clip.id === after);
  if (after !== null && index < 0 && !ids.has(after))
    throw new EditError("place", "what they should stand after is not on that track", after);
  return track.clips.slice(0, index + 1).findLast((clip) => !ids.has(clip.id))?.id ?? null;
}

function together(timeline: Timeline, { moving, track, to }: Many): Moved[] {
  const ids = new Set(moving.map(({ clip }) => clip.id));
  const first = Math.min(...moving.map(({ clip }) => clip.start));
  const start = Math.max(0, needFrames("start" in to ? to.start : first, "a start"));
  if (start === first && moving.every(({ clip }) => clip.track === track.id)) return [];
  const rest = without(timeline, ids);
  return moving.map((held) => {
    const tie = tieAt(rest, held.clip.start - first + start);
    return { held, place: { track: track.id, ...tie } };
  });
}

function shifted(timeline: Timeline, moving: Held[], by: number): Moved[] {
  const story = moving.find(({ track }) => track.kind === "story");
  if (story) throw new EditError("place", "a story clip is moved after another one", story.clip.id);
  const least = Math.max(by, -Math.min(...moving.map(({ clip }) => clip.start)));
  if (least === 0) return [];
  return moving.map((held) => {
    const tie = tieAt(timeline, held.clip.start + least);
    return { held, place: { track: held.track.id, ...tie } };
  });
}
