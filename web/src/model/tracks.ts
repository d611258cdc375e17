// Commands on tracks.
import { mapOf, orderAfter, retie, settlePieces, timelineOf, transact } from "./edit.ts";
import { recovered } from "./layout.ts";
import { EditError, needLine, needNumber, needThing, needTrack } from "./refusal.ts";
import { setRegisters } from "./registers.ts";
import { type Editor, roots, type Timeline, type Track, type TrackKind } from "./schema.ts";

/** A new track, after another (null: first; absent: last). Returns its id. */
export function addTrack(
  editor: Editor,
  kind: TrackKind,
  name: string,
  after?: string | null,
): string {
  needLine(name, "the name of a track");
  const order = orderAfter(editor, known(timelineOf(editor.doc)), after);
  const id = editor.newId();
  transact(editor, () => roots.tracks(editor.doc).set(id, mapOf({ order, kind, name })));
  return id;
}

/** The first track of a kind that is not locked; a new one with a name where there is none. Inside a transaction. */
export function trackFor(editor: Editor, kind: TrackKind, name: string): string {
  const tracks = known(timelineOf(editor.doc));
  const found = tracks.find((track) => track.kind === kind && !track.locked);
  return found?.id ?? addTrack(editor, kind, name);
}

/** Puts a track after another (null: first). */
export function moveTrack(editor: Editor, track: string, after: string | null): void {
  const map = needThing(editor, "tracks", track);
  const tracks = known(timelineOf(editor.doc));
  const index = tracks.findIndex((other) => other.id === track);
  if (after === track || (tracks[index - 1]?.id ?? null) === after) return;
  const others = tracks.filter((other) => other.id !== track);
  const order = orderAfter(editor, others, after);
  transact(editor, () => map.set("order", order));
}

/** Registers of a track that can be set. */
export type TrackFields = {
  name?: string;
  locked?: boolean;
  muted?: boolean;
  hidden?: boolean;
  /** In decibels. */
  gain?: number;
};

/** Sets registers of a track. */
export function setTrack(editor: Editor, track: string, fields: TrackFields): void {
  const map = needThing(editor, "tracks", track);
  needLine(fields.name, "the name of a track");
  if (fields.gain !== undefined) needNumber(fields.gain, "the gain", [-120, 60]);
  transact(editor, () => setRegisters(map, fields));
}

/** Takes a track and its clips away. The last story track stays. */
export function deleteTrack(editor: Editor, track: string): void {
  const timeline = timelineOf(editor.doc);
  const { kind, clips } = needTrack(editor, timeline, track);
  const stories = timeline.tracks.filter((other) => other.kind === "story");
  if (kind === "story" && stories.length === 1)
    throw new EditError("place", "a timeline needs a story track", track);
  const gone = new Set(clips.map((clip) => clip.id));
  transact(editor, () => {
    settlePieces(editor, timeline, gone);
    for (const id of gone) roots.clips(editor.doc).delete(id);
    roots.tracks(editor.doc).delete(track);
    retie(editor, timeline, gone);
  });
}

// known are the tracks of the document, without the one for what was recovered.
function known(timeline: Timeline): Track[] {
  return timeline.tracks.filter((track) => track.id !== recovered);
}
