// Layout: clips that were read one by one come to stand in time. Rules 2 to 7
// of the projection; pure, from raw entries to tracks.
import { byOrder } from "./order.ts";
import {
  defaultLength,
  type RawClip,
  type RawMarker,
  type RawScene,
  type RawTrack,
} from "./read.ts";
import { repair } from "./repair.ts";
import type { Clip, Marker, Repair, RepairKind, Track } from "./schema.ts";

/** The track that shows clips whose own track does not exist (rule 2). */
export const recovered = "recovered";

/** What there is to lay out. */
export type Entries = {
  scenes: ReadonlyMap<string, RawScene>;
  tracks: ReadonlyMap<string, RawTrack>;
  clips: ReadonlyMap<string, RawClip>;
  markers: ReadonlyMap<string, RawMarker>;
};

export type Layout = { tracks: Track[]; markers: Marker[]; repairs: Repair[] };

// A clip on its way: what was read, the part of its source that is left, and
// where that ended before rule 3.
type Piece = { raw: RawClip; start: number; from: number; to: number; end: number };

type Report = (kind: RepairKind, clip: string, field: string) => void;

/** Lays everything out. Story tracks come first, for the others are tied to their clips. */
export function layOut(entries: Entries): Layout {
  const repairs: Repair[] = [];
  const report: Report = (kind, id, field) => repairs.push(repair(kind, "clips", id, field));
  const { tracks, members } = gather(entries, report);
  const story = new Map<string, Clip>();
  const laid = new Map<string, Track>();
  for (const track of tracks) {
    if (track.kind !== "story") continue;
    const done = layStory(track, members.get(track.id) ?? [], report);
    laid.set(track.id, done);
    for (const clip of done.clips) story.set(clip.id, clip);
  }
  for (const track of tracks) {
    if (track.kind === "story") continue;
    laid.set(track.id, layTied(track, members.get(track.id) ?? [], story, report));
  }
  const ordered = tracks.flatMap((track) => laid.get(track.id) ?? []);
  return { tracks: ordered, markers: layMarkers(entries, ordered, repairs), repairs };
}

// gather puts each clip on its track with its span clamped (rules 2 and 7).
function gather(entries: Entries, report: Report) {
  const tracks = [...entries.tracks.values()]
    .filter((track) => track.id !== recovered)
    .sort(byOrder);
  const members = new Map<string, Piece[]>(tracks.map((track) => [track.id, []]));
  const strays: Piece[] = [];
  for (const raw of entries.clips.values()) {
    const piece = { raw, start: 0, ...clamp(raw, entries.scenes, report) };
    const track = members.get(raw.place.track);
    if (track) track.push(piece);
    else {
      report("recovered", raw.id, "place.track");
      strays.push(piece);
    }
  }
  if (strays.length > 0) {
    tracks.push({ ...emptyTrack, id: recovered, repairs: [] });
    members.set(recovered, strays);
  }
  return { tracks, members };
}

const emptyTrack = {
  order: "",
  kind: "video",
  name: "",
  locked: false,
  muted: false,
  hidden: false,
  gain: 0,
} as const;

function clamp(
  raw: RawClip,
  scenes: Entries["scenes"],
  report: Report,
): Omit<Piece, "raw" | "start"> {
  const known = "scene" in raw.source ? scenes.get(raw.source.scene)?.length : undefined;
  let from = Math.max(0, raw.span.in);
  if (known !== undefined) from = Math.min(from, known - 1);
  const wanted = raw.span.length ?? Math.max(1, (known ?? from + defaultLength) - from);
  let length = Math.max(1, wanted);
  if (known !== undefined) length = Math.min(length, known - from);
  if (from !== raw.span.in || length !== wanted) report("clamped", raw.id, "span");
  return { from, to: from + length, end: from + length };
}

function layStory(track: RawTrack, pieces: Piece[], report: Report): Track {
  const sorted = pieces.sort((a, b) =>
    byOrder({ order: a.raw.place.order, id: a.raw.id }, { order: b.raw.place.order, id: b.raw.id }),
  );
  let end = 0;
  const clips = cutOverlaps(sorted, report).map((piece) => {
    const start = end + piece.raw.place.gap;
    const clip = show(piece, { track: track.id, start });
    end = start + clip.length;
    return { ...clip, order: piece.raw.place.order, gap: piece.raw.place.gap };
  });
  limitTransitions(clips, report);
  return finish(track, { clips, lanes: 1 });
}

function layTied(
  track: RawTrack,
  pieces: Piece[],
  story: ReadonlyMap<string, Clip>,
  report: Report,
): Track {
  for (const piece of pieces) {
    const { clip, offset, at } = piece.raw.place;
    const anchor = clip === null ? undefined : story.get(clip);
    if (clip !== null && !anchor) report("untied", piece.raw.id, "place.clip");
    const start = anchor ? anchor.start + offset : at;
    if (start < 0) report("clamped", piece.raw.id, "start");
    piece.start = Math.max(0, start);
  }
  const sorted = pieces.sort((a, b) => a.start - b.start || (a.raw.id < b.raw.id ? -1 : 1));
  const clips = cutOverlaps(sorted, report).map((piece) => {
    const { clip, offset } = piece.raw.place;
    const anchor = clip !== null && story.has(clip) ? clip : null;
    const shown = show(piece, { track: track.id, start: piece.start });
    return { ...shown, anchor, offset: anchor === null ? 0 : offset };
  });
  const lanes = layLanes(clips);
  limitTransitions(clips, report);
  return finish(track, { clips, lanes });
}

// cutOverlaps obeys rule 3, from the last piece to the first. A piece that
// was moved ahead of an earlier part of its source begins where that part
// ends, instead of ending where it begins: no frame is lost, none shown twice.
function cutOverlaps(sorted: Piece[], report: Report): Piece[] {
  const shown: Piece[] = [];
  for (const piece of sorted.toReversed()) {
    const next = shown.at(-1);
    if (next && sameLineage(piece.raw, next.raw) && piece.from < next.end && next.from < piece.to) {
      if (piece.from <= next.from) piece.to = next.from;
      else piece.from = next.end;
      if (piece.from >= piece.to) {
        report("hidden", piece.raw.id, "hidden");
        continue;
      }
      report("cut", piece.raw.id, "span");
    }
    shown.push(piece);
  }
  return shown.reverse();
}

function sameLineage(a: RawClip, b: RawClip): boolean {
  if ((a.origin ?? a.id) !== (b.origin ?? b.id)) return false;
  return JSON.stringify(a.source) === JSON.stringify(b.source);
}

function show({ raw, from, to }: Piece, at: { track: string; start: number }): Clip {
  return {
    id: raw.id,
    track: at.track,
    order: "",
    start: at.start,
    length: onTimeline(to - from, raw.speed),
    in: from,
    span: to - from,
    lane: 0,
    gap: 0,
    anchor: null,
    offset: 0,
    source: raw.source,
    label: raw.label,
    speed: raw.speed,
    gain: raw.gain,
    fade: raw.fade,
    transition: raw.transition,
    text: raw.text,
    origin: raw.origin,
  };
}

/** How many frames of the timeline a number of source frames takes at a speed. */
export function onTimeline(frames: number, speed: number): number {
  return speed === 1 ? frames : Math.max(1, Math.floor(frames / speed + 0.5));
}

/**
 * Puts each clip into a lane above every clip that it overlaps and that
 * started before it (rule 4), and tells how many lanes that takes. The clips
 * are sorted by (start, id).
 */
export function layLanes(clips: Clip[]): number {
  let lanes = 1;
  let playing: Clip[] = [];
  for (const clip of clips) {
    playing = playing.filter((other) => other.start + other.length > clip.start);
    clip.lane = playing.reduce((lane, other) => Math.max(lane, other.lane + 1), 0);
    lanes = Math.max(lanes, clip.lane + 1);
    playing.push(clip);
  }
  return lanes;
}

// limitTransitions obeys rule 5.
function limitTransitions(clips: Clip[], report: Report): void {
  for (const [i, clip] of clips.entries()) {
    if (!clip.transition) continue;
    const next = clips[i + 1];
    const most = next ? Math.floor(Math.min(clip.length, next.length) / 2) : 0;
    if (clip.transition.length <= most) continue;
    report(most > 0 ? "shortened" : "dropped", clip.id, "transition");
    clip.transition = most > 0 ? { kind: clip.transition.kind, length: most } : null;
  }
}

function finish({ repairs: _, ...track }: RawTrack, laid: { clips: Clip[]; lanes: number }): Track {
  const length = laid.clips.reduce((end, clip) => Math.max(end, clip.start + clip.length), 0);
  return { ...track, length, lanes: laid.lanes, clips: laid.clips };
}

function layMarkers(entries: Entries, tracks: Track[], repairs: Repair[]): Marker[] {
  if (entries.markers.size === 0) return [];
  const starts = new Map(
    tracks.flatMap((track) => track.clips.map((clip) => [clip.id, clip.start])),
  );
  const markers: Marker[] = [];
  for (const { id, clip, offset, length, label, color } of entries.markers.values()) {
    const base = clip === null ? 0 : starts.get(clip);
    if (base === undefined) repairs.push(repair("untied", "markers", id, "at.clip"));
    const start = (base ?? 0) + offset;
    if (start < 0) repairs.push(repair("clamped", "markers", id, "start"));
    const tied = base === undefined ? null : clip;
    markers.push({ id, start: Math.max(0, start), length, clip: tied, label, color });
  }
  return markers.sort((a, b) => a.start - b.start || (a.id < b.id ? -1 : 1));
}
