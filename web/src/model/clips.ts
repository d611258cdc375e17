// Commands on clips: putting them in, taking them away, saying things of them.
import * as Y from "yjs";
import {
  mapOf,
  onTimeline,
  ordersAfter,
  retie,
  rewrite,
  settlePieces,
  tieAt,
  timelineOf,
  transact,
} from "./edit.ts";
import {
  EditError,
  type Held,
  needClip,
  needClips,
  needFrames,
  needLine,
  needNumber,
  needText,
  needTrack,
} from "./refusal.ts";
import { setRegisters } from "./registers.ts";
import {
  type Editor,
  type Fade,
  type Place,
  roots,
  type Source,
  type Span,
  type Timeline,
  type Transition,
  thing,
} from "./schema.ts";
import { trackFor } from "./tracks.ts";

/** What a new clip may say of itself. */
export type NewClip = {
  source: Source;
  length: number;
  in?: number;
  label?: string;
  text?: string;
  speed?: number;
  gain?: number;
  fade?: Fade;
  transition?: Transition;
  /** On a story track: stand after this clip; null is first, absent is last. */
  after?: string | null;
  gap?: number;
  /** On any other track: the frame to stand at, tied to the story clip under it. */
  start?: number;
};

/** A new clip on a track. Returns its id. */
export function insertClip(editor: Editor, track: string, clip: NewClip): string {
  return insertClips(editor, track, [clip], clip.after)[0] ?? "";
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
  if (clips.length === 0) return [];
  const timeline = timelineOf(editor.doc);
  const on = needTrack(editor, timeline, track);
  for (const clip of clips) checkClip(clip);
  const orders = on.kind === "story" ? ordersAfter(editor, on.clips, after, clips.length) : [];
  return transact(editor, () => {
    let end = on.length;
    return clips.map((clip, i) => {
      const start = Math.round(clip.start ?? end);
      end = start + onTimeline(clip.length, clip.speed ?? 1);
      const place: Place =
        on.kind === "story"
          ? { track, order: orders[i] ?? "", gap: Math.round(clip.gap ?? 0) }
          : { track, ...tieAt(timeline, start) };
      return writeClip(editor, clip, place);
    });
  });
}

/** Refuses a new clip that says anything which no clip can be. */
export function checkClip(clip: NewClip): void {
  needFrames(clip.length, "the length of a clip", 1);
  needFrames(clip.in ?? 0, "the start in the source", 0);
  needFrames(clip.gap ?? 0, "a gap", 0);
  needFrames(clip.start ?? 0, "a start", 0);
  needText(clip.text, "the text of a clip");
  checkFields(clip);
}

/** Writes a new clip at a place, inside a transaction. Returns its id. */
export function writeClip(editor: Editor, clip: NewClip, place: Place): string {
  const id = editor.newId();
  const { source, label, speed, gain, fade, transition } = clip;
  const span: Span = { in: Math.round(clip.in ?? 0), length: Math.round(clip.length) };
  const text = clip.text === undefined ? undefined : new Y.Text(clip.text);
  const map = mapOf({ place, span, source, label, text, speed, gain, fade, transition });
  roots.clips(editor.doc).set(id, map);
  return id;
}

/** What a new title or caption says of itself; without a track it goes to the first that fits, or to a new one. */
export type NewText = {
  text: string;
  start: number;
  length: number;
  track?: string;
  style?: string;
};

/** A caption, on a caption track. Returns its id. */
export function addCaption(editor: Editor, caption: NewText): string {
  return addText(editor, "caption", caption);
}

/** A title, on a video track. Returns its id. */
export function addTitle(editor: Editor, title: NewText): string {
  return addText(editor, "video", title);
}

function addText(editor: Editor, kind: "caption" | "video", text: NewText): string {
  const style = text.style ?? (kind === "caption" ? "caption" : "title");
  const clip = {
    source: { title: style },
    text: text.text,
    start: text.start,
    length: text.length,
  };
  checkClip(clip);
  return transact(editor, () => {
    const track = text.track ?? trackFor(editor, kind, "");
    return insertClip(editor, track, clip);
  });
}

/** Makes the text of a title or caption say something; what others type at once is merged. */
export function setClipText(editor: Editor, clip: string, text: string): void {
  needText(text, "the text of a clip");
  const { map } = needClip(editor, timelineOf(editor.doc), clip);
  const shared = map.get("text");
  if (shared instanceof Y.Text && shared.toString() === text) return;
  transact(editor, () => {
    if (shared instanceof Y.Text) rewrite(shared, text);
    else map.set("text", new Y.Text(text));
  });
}

/** Takes clips away; on a story track what follows moves up. */
export function deleteClips(editor: Editor, clips: readonly string[]): void {
  removeClips(editor, clips, "close");
}

/** Takes one clip away. */
export function deleteClip(editor: Editor, clip: string): void {
  deleteClips(editor, [clip]);
}

/** Takes clips away and leaves nothing where they were: what follows stays where it is. */
export function liftClips(editor: Editor, clips: readonly string[]): void {
  removeClips(editor, clips, "keep");
}

function removeClips(editor: Editor, clips: readonly string[], holes: "close" | "keep"): void {
  const timeline = timelineOf(editor.doc);
  const root = roots.clips(editor.doc);
  // A piece that is hidden by another is not shown, but can be taken away.
  const hidden = clips.filter((id) => thing(root, id) && isHidden(timeline, id));
  const held =
    hidden.length === clips.length && hidden.length > 0 ? [] : needClips(editor, timeline, clips);
  const gone = new Set([...hidden, ...held.map(({ clip }) => clip.id)]);
  transact(editor, () => {
    settlePieces(editor, timeline, gone);
    for (const id of gone) root.delete(id);
    if (holes === "keep") leaveGaps(editor, timeline, gone);
    retie(editor, timeline, gone, holes);
  });
}

function isHidden(timeline: Timeline, id: string): boolean {
  return timeline.repairs.some((repair) => repair.id === id && repair.kind === "hidden");
}

// leaveGaps widens the gap of each story clip that stands behind one which is
// taken away, by all that was there.
function leaveGaps(editor: Editor, before: Timeline, gone: ReadonlySet<string>): void {
  for (const track of before.tracks) {
    if (track.kind !== "story") continue;
    let hole = 0;
    for (const clip of track.clips) {
      if (gone.has(clip.id)) {
        hole += clip.gap + clip.length;
        continue;
      }
      const place = { track: track.id, order: clip.order, gap: clip.gap + hole };
      if (hole > 0) thing(roots.clips(editor.doc), clip.id)?.set("place", place);
      hole = 0;
    }
  }
}

/** Registers of a clip that can be set; null takes one away. */
export type ClipFields = {
  label?: string;
  speed?: number;
  /** In decibels. */
  gain?: number;
  fade?: Fade;
  transition?: Transition | null;
  source?: Source;
};

/** Sets registers of a clip. */
export function setClip(editor: Editor, clip: string, fields: ClipFields): void {
  setClips(editor, [clip], fields);
}

/** Sets registers of all clips of a selection. */
export function setClips(editor: Editor, clips: readonly string[], fields: ClipFields): void {
  checkFields(fields);
  const held = needClips(editor, timelineOf(editor.doc), clips);
  transact(editor, () => {
    for (const { map } of held) setRegisters(map, fields);
  });
}

function checkFields(fields: Partial<ClipFields>): void {
  const { speed, gain, fade, transition, label, source } = fields;
  if (speed !== undefined) needNumber(speed, "the speed", [0.01, 100]);
  if (gain !== undefined) needNumber(gain, "the gain", [-120, 60]);
  if (fade) {
    needFrames(fade.in, "a fade", 0);
    needFrames(fade.out, "a fade", 0);
  }
  if (transition) {
    needFrames(transition.length, "the length of a transition", 1);
    needLine(transition.kind, "the kind of a transition", "word");
  }
  needLine(label, "a label");
  if (!source) return;
  if ("title" in source) needLine(source.title, "the style of a title");
  else needLine("scene" in source ? source.scene : source.asset, "an id", "word");
}

/**
 * Leads a clip into the next by a transition, at most half of either; null
 * makes it a plain cut.
 */
export function setTransition(editor: Editor, clip: string, transition: Transition | null): void {
  const timeline = timelineOf(editor.doc);
  const { map, ...held } = needClip(editor, timeline, clip);
  if (transition === null) {
    if (map.has("transition")) transact(editor, () => map.delete("transition"));
    return;
  }
  checkFields({ transition });
  const next = held.track.clips[held.index + 1];
  const most = next ? Math.floor(Math.min(held.clip.length, next.length) / 2) : 0;
  if (most < 1) throw new EditError("place", "there is no room for a transition", clip);
  const length = Math.min(most, Math.round(transition.length));
  transact(editor, () => setRegisters(map, { transition: { kind: transition.kind, length } }));
}

/** Lets a clip take a number of frames of the timeline, by its speed. */
export function retimeClip(editor: Editor, clip: string, length: number): void {
  const { map, clip: shown } = needClip(editor, timelineOf(editor.doc), clip);
  const speed = shown.span / needFrames(length, "the length of a clip", 1);
  needNumber(speed, "the speed", [0.01, 100]);
  transact(editor, () => setRegisters(map, { speed }));
}

/** Sets the frames of nothing ahead of a story clip. */
export function setGap(editor: Editor, clip: string, gap: number): void {
  const { map, track, clip: shown } = needClip(editor, timelineOf(editor.doc), clip);
  const next = needFrames(gap, "a gap", 0);
  if (track.kind !== "story") throw new EditError("place", "only story clips have gaps", clip);
  if (shown.gap === next) return;
  transact(editor, () => map.set("place", { track: track.id, order: shown.order, gap: next }));
}

/** Ties a clip to a story clip, `offset` frames from its start; without an offset it stays where it is. */
export function attachClip(editor: Editor, clip: string, anchor: string, offset?: number): void {
  const timeline = timelineOf(editor.doc);
  const held = needTied(needClip(editor, timeline, clip));
  const to = timeline.tracks
    .flatMap((track) => (track.kind === "story" ? track.clips : []))
    .find((other) => other.id === anchor);
  if (!to) throw new EditError("place", "clips are tied to clips of a story track", anchor);
  const from = needFrames(offset ?? held.clip.start - to.start, "an offset");
  const at = Math.max(0, to.start + from);
  const place = { track: held.track.id, clip: anchor, offset: from, at };
  transact(editor, () => setRegisters(held.map, { place }));
}

/** Lets clips of other tracks stand where they are, whatever becomes of the story. */
export function detachClips(editor: Editor, clips: readonly string[]): void {
  const held = needClips(editor, timelineOf(editor.doc), clips).map(needTied);
  transact(editor, () => {
    for (const { map, clip, track } of held) {
      const place = { track: track.id, clip: null, offset: 0, at: clip.start };
      if (clip.anchor !== null) setRegisters(map, { place });
    }
  });
}

function needTied(held: Held): Held {
  if (held.track.kind === "story")
    throw new EditError("place", "clips of a story track are tied to nothing", held.clip.id);
  return held;
}
