// Work on the timeline by several commands at once, each a single step of
// undo; what a command refuses is told, not thrown.
import {
  addMarker,
  deleteClips,
  EditError,
  liftClips,
  moveClip,
  moveClips,
  moveMarker,
  moveTrack,
  type Refusal,
  setTransition,
  slipClips,
  splitClips,
  trimClip,
} from "../../model/commands.ts";
import { timelineOf } from "../../model/project.ts";
import { type Clip, local, type Track } from "../../model/schema.ts";
import { type Gesture, notBefore } from "./preview.ts";
import type { Studio } from "./studio.svelte.ts";

const blendSeconds = 1;

/** Why something was not done. */
export type Refused = Refusal | "readOnly";

/** What work needs of the open project. */
export type Desk = Pick<
  Studio,
  "editor" | "timeline" | "clip" | "canEdit" | "unfollow" | "refused"
>;

/** Does some work as one step of undo. Returns undefined when it is refused. */
export function attempt<T>(studio: Desk, work: () => T): T | undefined {
  if (!studio.canEdit) {
    studio.refused("readOnly");
    return undefined;
  }
  studio.unfollow();
  try {
    return studio.editor.doc.transact(work, local);
  } catch (error) {
    if (!(error instanceof EditError)) throw error;
    studio.refused(error.reason);
    return undefined;
  }
}

/** The clips to work on: those selected, else the one that has the focus, else the one at the playhead. */
export function chosen(studio: Studio, focused: string | null = null): Clip[] {
  const ids = studio.selection.size > 0 ? [...studio.selection] : [focused ?? ""];
  const found = ids.map((id) => studio.clip(id)).filter((clip) => clip !== undefined);
  const clips = found.length > 0 ? found : [studio.current].filter((clip) => clip !== undefined);
  return clips.sort((a, b) => a.start - b.start);
}

/** The track that a clip is shown on. */
export function trackOf({ timeline }: Studio, clip: Clip): Track | undefined {
  return timeline.tracks.find(({ id }) => id === clip.track);
}

/** The clip that follows another on its track. */
export function nextOf(studio: Studio, clip: Clip): Clip | undefined {
  const clips = trackOf(studio, clip)?.clips ?? [];
  return clips[clips.findIndex(({ id }) => id === clip.id) + 1];
}

const idsOf = (clips: readonly Clip[]) => clips.map(({ id }) => id);

/** Does what a gesture showed; `after` is where what was carried onto a story stands. */
export function finish(studio: Desk, gesture: Gesture, after: string | null = null): void {
  const { editor, timeline } = studio;
  switch (gesture.kind) {
    case "carry": {
      const { ids, track, at, grabbed } = gesture;
      const onStory = timeline.tracks.find(({ id }) => id === track)?.kind === "story";
      const starts = ids.map((id) => studio.clip(id)?.start ?? at);
      const start = Math.min(...starts) + at - (studio.clip(grabbed)?.start ?? at);
      const to = onStory ? { track, after } : { track, start: Math.max(0, start) };
      attempt(studio, () => moveClips(editor, ids, to));
      break;
    }
    case "shift":
      shiftClips(studio, gesture);
      break;
    case "trim": {
      const { id, edge, by } = gesture;
      if (by !== 0) attempt(studio, () => trimClip(editor, id, edge, by));
      break;
    }
    case "slip":
      if (gesture.by !== 0) attempt(studio, () => slipClips(editor, [gesture.id], gesture.by));
      break;
    case "blend":
      blendBy(studio, gesture.id, gesture.length);
      break;
    case "mark":
      attempt(studio, () => moveMarker(editor, gesture.id, gesture.at));
  }
}

/** Moves tied clips by frames; those of the grabbed one's track may go to another. */
export function shiftClips(
  studio: Desk,
  { ids, by, track, grabbed }: Extract<Gesture, { kind: "shift" }>,
): void {
  const home = studio.clip(grabbed)?.track;
  const clips = ids.map((id) => studio.clip(id)).filter((clip) => clip !== undefined);
  const leaving = clips.filter((clip) => clip.track === home && track !== home);
  const staying = clips.filter((clip) => !leaving.includes(clip));
  const really = notBefore(clips, by);
  attempt(studio, () => {
    if (staying.length > 0) moveClips(studio.editor, idsOf(staying), { by: really });
    if (leaving.length === 0) return;
    const start = Math.min(...leaving.map((clip) => clip.start)) + really;
    moveClips(studio.editor, idsOf(leaving), { track, start });
  });
}

/** Gives a clip a transition into the next one; of no length: none. */
export function blendBy(studio: Desk, id: string, length: number, kind?: string): void {
  const old = studio.clip(id)?.transition;
  const next = length > 0 ? { kind: kind ?? old?.kind ?? "dissolve", length } : null;
  attempt(studio, () => setTransition(studio.editor, id, next));
}

/** Gives clips a dissolve of a second, or as long as fits, into what follows; takes away those there are. */
export function blendChosen(studio: Studio, clips: readonly Clip[]): void {
  const [num, den] = studio.timeline.rate;
  const length = Math.round((blendSeconds * num) / den);
  attempt(studio, () => {
    for (const { id, transition } of clips.filter((clip) => nextOf(studio, clip)))
      setTransition(studio.editor, id, transition ? null : { kind: "dissolve", length });
  });
}

/** Takes clips away; the story closes up. */
export function rippleDelete(studio: Studio, clips: readonly Clip[]): void {
  if (clips.length > 0) attempt(studio, () => deleteClips(studio.editor, idsOf(clips)));
}

/** Takes clips away and leaves nothing in their place, so that all else stays. */
export function lift(studio: Studio, clips: readonly Clip[]): void {
  if (clips.length > 0) attempt(studio, () => liftClips(studio.editor, idsOf(clips)));
}

/** Cuts at a frame: those of the clips which have it inside. */
export function splitAt(studio: Studio, clips: readonly Clip[], frame: number): void {
  if (clips.length > 0) attempt(studio, () => splitClips(studio.editor, idsOf(clips), frame));
}

/** Trims clips so that they begin or end at a frame. */
export function trimTo(
  studio: Studio,
  clips: readonly Clip[],
  edge: "head" | "tail",
  frame: number,
): void {
  attempt(studio, () => {
    for (const { id, start, length } of clips) {
      const inside = frame > start && frame < start + length;
      if (inside)
        trimClip(studio.editor, id, edge, frame - (edge === "head" ? start : start + length));
    }
  });
}

/** Slips what clips show of their sources. */
export function slipBy(studio: Studio, clips: readonly Clip[], by: number): void {
  if (clips.length > 0) attempt(studio, () => slipClips(studio.editor, idsOf(clips), by));
}

/** Moves clips one place in the story, or by frames where they are tied. */
export function nudge(studio: Studio, clips: readonly Clip[], by: number): void {
  const story = clips.filter((clip) => trackOf(studio, clip)?.kind === "story");
  const tied = clips.filter((clip) => !story.includes(clip));
  attempt(studio, () => {
    if (tied.length > 0) moveClips(studio.editor, idsOf(tied), { by });
    const first = story[0];
    const last = story.at(-1);
    if (!first || !last) return;
    const all = trackOf(studio, first)?.clips ?? [];
    const at = by < 0 ? all.indexOf(first) - 2 : all.indexOf(last) + 1;
    if (by < 0 ? at < -1 : at >= all.length) return;
    moveClips(studio.editor, idsOf(story), { track: first.track, after: all[at]?.id ?? null });
  });
}

/** Whether clips of one track may go to another. */
export function takes(onto: Track, home: Track): boolean {
  if (onto.id === home.id) return true;
  const picture = ({ kind }: Track) => kind === "story" || kind === "video";
  const fits = onto.kind === home.kind || (picture(onto) && picture(home));
  return fits && !onto.locked && onto.order !== "";
}

/** Moves clips to the next track below or above that takes them. */
export function changeTrack(studio: Studio, clips: readonly Clip[], down: boolean): void {
  const first = clips[0];
  const home = first && trackOf(studio, first);
  if (!first || !home) return;
  const { tracks } = studio.timeline;
  const at = tracks.indexOf(home);
  const way = down ? tracks.slice(at + 1) : tracks.slice(0, at).reverse();
  const onto = way.find((track) => takes(track, home));
  if (!onto) return;
  const moving = clips.filter(({ track }) => track === home.id);
  attempt(studio, () =>
    moveClips(studio.editor, idsOf(moving), { track: onto.id, start: first.start }),
  );
}

/** Puts a clip at a frame of a track. */
export function place(studio: Studio, id: string, to: Parameters<typeof moveClip>[2]): void {
  attempt(studio, () => moveClip(studio.editor, id, to));
}

/** Takes a part of the story away, closing up or leaving nothing in its place. */
export function removeRange(
  studio: Studio,
  [from, to]: readonly [number, number],
  closeUp: boolean,
): void {
  const { editor, story } = studio;
  if (!story || to <= from) return;
  attempt(studio, () => {
    const now = () => timelineOf(editor.doc).tracks.find(({ id }) => id === story.id)?.clips ?? [];
    for (const frame of [to, from]) {
      const cut = now().find(({ start, length }) => frame > start && frame < start + length);
      if (cut) splitClips(editor, [cut.id], frame);
    }
    const inside = now().filter(({ start, length }) => start >= from && start + length <= to);
    if (inside.length === 0) return;
    if (closeUp) deleteClips(editor, idsOf(inside));
    else liftClips(editor, idsOf(inside));
  });
}

/** A marker at a frame. Returns its id. */
export function mark(studio: Studio, frame: number): string | undefined {
  return attempt(studio, () => addMarker(studio.editor, frame));
}

/** Puts a track after another (null: first), as far as the document knows both. */
export function moveTrackTo(studio: Studio, track: string, after: string | null): void {
  if (after !== track) attempt(studio, () => moveTrack(studio.editor, track, after));
}
