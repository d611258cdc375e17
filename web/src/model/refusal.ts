// Why a command was not done. A command checks everything before it writes, so
// that one which is refused has changed nothing.
import type { Clip, Editor, Thing, Timeline, Track } from "./schema.ts";
import { roots, thing } from "./schema.ts";

/**
 * What was wrong: the thing is not in the document (any more), it stands on a
 * locked track, it cannot stand there, a value is out of bounds, or a text is
 * no clipboard.
 */
export type Refusal = "gone" | "locked" | "place" | "value" | "clipboard";

/** What a command throws; `id` names the thing that it is about, when there is one. */
export class EditError extends Error {
  readonly reason: Refusal;
  readonly id: string;

  constructor(reason: Refusal, message: string, id = "") {
    super(message);
    this.name = "EditError";
    this.reason = reason;
    this.id = id;
  }
}

/** A clip as it is shown, with its track and its entry in the document. */
export type Held = { clip: Clip; track: Track; index: number; map: Thing };

/** The clip of an id, on a track that is not locked. */
export function needClip(editor: Editor, timeline: Timeline, id: string): Held {
  const [held] = needClips(editor, timeline, [id]);
  if (!held) throw new EditError("gone", "there is no such clip", id);
  return held;
}

/**
 * The clips of a selection, in its order and each once. What somebody else has
 * deleted meanwhile is left out; nothing left is an error.
 */
export function needClips(editor: Editor, timeline: Timeline, ids: readonly string[]): Held[] {
  const wanted = new Set(ids);
  const found = new Map<string, Held>();
  for (const track of timeline.tracks) {
    for (const [index, clip] of track.clips.entries()) {
      if (!wanted.has(clip.id)) continue;
      if (track.locked) throw new EditError("locked", "the track of this clip is locked", clip.id);
      const map = thing(roots.clips(editor.doc), clip.id);
      if (map) found.set(clip.id, { clip, track, index, map });
    }
  }
  if (found.size === 0) throw new EditError("gone", "there is no such clip", ids[0]);
  return [...wanted].flatMap((id) => found.get(id) ?? []);
}

/** The track of an id, to put clips on: not locked, and one of the document. */
export function needTrack(editor: Editor, timeline: Timeline, id: string): Track {
  const track = timeline.tracks.find((other) => other.id === id);
  if (!track || !thing(roots.tracks(editor.doc), id))
    throw new EditError("gone", "there is no such track", id);
  if (track.locked) throw new EditError("locked", "the track is locked", id);
  return track;
}

/** The entry of an id in a root. */
export function needThing(
  editor: Editor,
  root: "scenes" | "tracks" | "clips" | "markers",
  id: string,
): Thing {
  const map = thing(roots[root](editor.doc), id);
  if (!map) throw new EditError("gone", `${root} has no such entry`, id);
  return map;
}

/** The largest frame number that a document holds. */
export const maxFrames = 2 ** 31 - 1;

/** A number of frames, rounded; refused when it is none or out of bounds. */
export function needFrames(value: number, what: string, least = -maxFrames): number {
  const frames = Math.round(value);
  if (!(frames >= least && frames <= maxFrames))
    throw new EditError("value", `${what} must be a number of frames from ${least}, not ${value}`);
  return frames;
}

/** A number within bounds. */
export function needNumber(value: number, what: string, bounds: readonly [number, number]): number {
  if (!(value >= bounds[0] && value <= bounds[1]))
    throw new EditError("value", `${what} must be from ${bounds[0]} to ${bounds[1]}, not ${value}`);
  return value;
}

/**
 * How long texts may be; the server refuses longer ones. Lines and words count
 * in bytes, texts that people write together in UTF-16 units.
 */
export const limits = { word: 64, line: 1_000, title: 1_000, text: 200_000 } as const;

/** A text that is a register: a label or name (line), a color or id (word). */
export function needLine(
  value: string | null | undefined,
  what: string,
  size: "line" | "word" = "line",
): void {
  if (value === undefined || value === null) return;
  if (typeof value !== "string" || new TextEncoder().encode(value).length > limits[size])
    throw new EditError("value", `${what} is a text of at most ${limits[size]} bytes`);
}

/** A text that people write together. */
export function needText(
  value: string | undefined,
  what: string,
  size: "title" | "text" = "text",
): void {
  if (value !== undefined && !(value.length <= limits[size]))
    throw new EditError("value", `${what} is a text of at most ${limits[size]} characters`);
}

/** An id, as keys of maps are. */
export function needId(value: string, what: string): void {
  if (!/^[\w-]{1,64}$/.test(value))
    throw new EditError("value", `${what} is made of up to 64 letters, digits, - and _`);
}
