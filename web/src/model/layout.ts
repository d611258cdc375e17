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
import type { Clip, Marker, Repair, RepairKind, Track, Transition } from "./schema.ts";

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

/**
 * What was laid out before, of the same document: what stands as it stood is
 * the same object again, and lists that are in order already are sorted fast.
 * It changes how long a layout takes, never what comes of it.
 */
export type Memory = {
  tracks: Map<string, { raw: RawTrack; track: Track }>;
  clips: Map<string, { raw: RawClip; clip: Clip }>;
  /** All clips in the order of their tracks. */
  order: string[];
};

export function emptyMemory(): Memory {
  return { tracks: new Map(), clips: new Map(), order: [] };
}

// A clip on its way: what was read, the part of its source that is left, where
// that ended before rule 3, and where it stands.
type Piece = {
  raw: RawClip;
  from: number;
  to: number;
  end: number;
  start: number;
  length: number;
  lane: number;
  anchored: boolean;
  transition: Transition | null;
};

type Report = (kind: RepairKind, clip: string, field: string) => void;

type Row = { track: RawTrack; pieces: Piece[]; lanes: number };

/** Lays everything out. Story tracks come first, for the others are tied to their clips. */
export function layOut(entries: Entries, memory: Memory = emptyMemory()): Layout {
  const repairs: Repair[] = [];
  const report: Report = (kind, id, field) => repairs.push(repair(kind, "clips", id, field));
  const rows = gather(entries, memory, report);
  memory.order = [];
  const story = new Map<string, number>();
  for (const row of rows) {
    if (row.track.kind === "story") layStory(row, report);
  }
  for (const { track, pieces } of rows) {
    if (track.kind === "story") for (const { raw, start } of pieces) story.set(raw.id, start);
  }
  for (const row of rows) {
    if (row.track.kind !== "story") layTied(row, story, report);
  }
  for (const { pieces } of rows) limitTransitions(pieces, report);
  const tracks = rows.map((row) => show(row, memory));
  if (memory.clips.size > memory.order.length) forget(entries, memory);
  return { tracks, markers: layMarkers(entries, tracks, repairs), repairs };
}

// gather puts each clip on its track with its span clamped (rules 2 and 7).
function gather(entries: Entries, memory: Memory, report: Report): Row[] {
  const tracks = [...entries.tracks.values()]
    .filter((track) => track.id !== recovered)
    .sort(byOrder);
  const rows = tracks.map((track): Row => ({ track, pieces: [], lanes: 1 }));
  const members = new Map(rows.map((row) => [row.track.id, row.pieces]));
  const strays: Piece[] = [];
  for (const raw of inOrder(entries, memory)) {
    const piece = clamp(raw, entries.scenes, report);
    const track = members.get(raw.place.track);
    if (track) track.push(piece);
    else {
      report("recovered", raw.id, "place.track");
      strays.push(piece);
    }
  }
  if (strays.length > 0) rows.push({ track: emptyTrack, pieces: strays, lanes: 1 });
  return rows;
}

// inOrder yields all clips, those that were there before in their order.
function* inOrder({ clips }: Entries, memory: Memory): Iterable<RawClip> {
  let known = 0;
  for (const id of memory.order) {
    const raw = clips.get(id);
    if (!raw) continue;
    known++;
    yield raw;
  }
  if (known === clips.size) return;
  const before = new Set(memory.order);
  for (const raw of clips.values()) if (!before.has(raw.id)) yield raw;
}

const emptyTrack: RawTrack = {
  id: recovered,
  order: "",
  kind: "video",
  name: "",
  locked: false,
  muted: false,
  hidden: false,
  gain: 0,
  repairs: [],
};

function clamp(raw: RawClip, scenes: Entries["scenes"], report: Report): Piece {
  const known = "scene" in raw.source ? scenes.get(raw.source.scene)?.length : undefined;
  let from = Math.max(0, raw.span.in);
  if (known !== undefined) from = Math.min(from, known - 1);
  const wanted = raw.span.length ?? Math.max(1, (known ?? from + defaultLength) - from);
  let length = Math.max(1, wanted);
  if (known !== undefined) length = Math.min(length, known - from);
  if (from !== raw.span.in || length !== wanted) report("clamped", raw.id, "span");
  const to = from + length;
  const { transition } = raw;
  return { raw, from, to, end: to, start: 0, length, lane: 0, anchored: false, transition };
}

function layStory(row: Row, report: Report): void {
  row.pieces.sort((a, b) => compare(a.raw.place.order, b.raw.place.order) || byId(a, b));
  row.pieces = cutOverlaps(row.pieces, report);
  let end = 0;
  for (const piece of row.pieces) {
    piece.start = end + piece.raw.place.gap;
    piece.length = onTimeline(piece.to - piece.from, piece.raw.speed);
    end = piece.start + piece.length;
  }
}

function layTied(row: Row, story: ReadonlyMap<string, number>, report: Report): void {
  for (const piece of row.pieces) {
    const { clip, offset, at } = piece.raw.place;
    const anchor = clip === null ? undefined : story.get(clip);
    if (clip !== null && anchor === undefined) report("untied", piece.raw.id, "place.clip");
    const start = anchor === undefined ? at : anchor + offset;
    if (start < 0) report("clamped", piece.raw.id, "start");
    piece.start = Math.max(0, start);
    piece.anchored = anchor !== undefined;
  }
  row.pieces.sort((a, b) => a.start - b.start || byId(a, b));
  row.pieces = cutOverlaps(row.pieces, report);
  for (const piece of row.pieces) piece.length = onTimeline(piece.to - piece.from, piece.raw.speed);
  row.lanes = layLanes(row.pieces);
}

function byId(a: Piece, b: Piece): number {
  return compare(a.raw.id, b.raw.id);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

// cutOverlaps obeys rule 3, from the last piece to the first. A piece that
// was moved ahead of an earlier part of its source begins where that part
// ends, instead of ending where it begins: no frame is lost, none shown twice.
function cutOverlaps(sorted: Piece[], report: Report): Piece[] {
  const shown: Piece[] = [];
  for (let i = sorted.length - 1; i >= 0; i--) {
    const piece = sorted[i];
    const next = shown.at(-1);
    if (!piece) continue;
    if (next && piece.from < next.end && next.from < piece.to && sameLineage(piece.raw, next.raw)) {
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

/** How many frames of the timeline a number of source frames takes at a speed. */
export function onTimeline(frames: number, speed: number): number {
  return speed === 1 ? frames : Math.max(1, Math.floor(frames / speed + 0.5));
}

/**
 * Puts each clip into a lane above every clip that it overlaps and that
 * started before it (rule 4), and tells how many lanes that takes. The clips
 * are sorted by (start, id).
 */
export function layLanes<T extends Pick<Clip, "start" | "length" | "lane">>(clips: T[]): number {
  let lanes = 1;
  let playing: T[] = [];
  for (const clip of clips) {
    playing = playing.filter((other) => other.start + other.length > clip.start);
    clip.lane = playing.reduce((lane, other) => Math.max(lane, other.lane + 1), 0);
    lanes = Math.max(lanes, clip.lane + 1);
    playing.push(clip);
  }
  return lanes;
}

// limitTransitions obeys rule 5.
function limitTransitions(pieces: Piece[], report: Report): void {
  for (const [i, piece] of pieces.entries()) {
    if (!piece.transition) continue;
    const next = pieces[i + 1];
    const most = next ? Math.floor(Math.min(piece.length, next.length) / 2) : 0;
    if (piece.transition.length <= most) continue;
    report(most > 0 ? "shortened" : "dropped", piece.raw.id, "transition");
    piece.transition = most > 0 ? { kind: piece.transition.kind, length: most } : null;
  }
}

function show({ track: raw, pieces, lanes }: Row, memory: Memory): Track {
  const old = memory.tracks.get(raw.id);
  let length = 0;
  let kept = old?.track.clips.length === pieces.length;
  const clips = pieces.map((piece, i) => {
    length = Math.max(length, piece.start + piece.length);
    const clip = showClip(piece, raw, memory);
    kept &&= clip === old?.track.clips[i];
    memory.order.push(clip.id);
    return clip;
  });
  if (kept && old?.raw === raw && old.track.length === length && old.track.lanes === lanes)
    return old.track;
  const { repairs: _, ...rest } = raw;
  const track = { ...rest, length, lanes, clips: kept && old ? old.track.clips : clips };
  memory.tracks.set(raw.id, { raw, track });
  return track;
}

// showClip makes a clip, or finds the one that says the same.
function showClip(piece: Piece, track: RawTrack, memory: Memory): Clip {
  const { raw, start, from, to, length, lane, anchored, transition } = piece;
  const story = track.kind === "story";
  const old = memory.clips.get(raw.id);
  const order = story ? raw.place.order : "";
  const gap = story ? raw.place.gap : 0;
  if (old?.raw === raw && stands(old.clip, piece, { track: track.id, order, gap })) return old.clip;
  const clip: Clip = {
    id: raw.id,
    track: track.id,
    order,
    start,
    length,
    in: from,
    span: to - from,
    lane,
    gap,
    anchor: anchored ? raw.place.clip : null,
    offset: anchored ? raw.place.offset : 0,
    source: raw.source,
    label: raw.label,
    speed: raw.speed,
    gain: raw.gain,
    fade: raw.fade,
    transition,
    text: raw.text,
    origin: raw.origin,
  };
  memory.clips.set(raw.id, { raw, clip });
  return clip;
}

// stands tells whether a clip that was not read anew stands as it stood.
function stands(clip: Clip, piece: Piece, at: Pick<Clip, "track" | "order" | "gap">): boolean {
  return (
    clip.start === piece.start &&
    clip.length === piece.length &&
    clip.in === piece.from &&
    clip.span === piece.to - piece.from &&
    clip.lane === piece.lane &&
    clip.track === at.track &&
    clip.order === at.order &&
    clip.gap === at.gap &&
    (clip.anchor !== null) === piece.anchored &&
    clip.transition?.length === piece.transition?.length
  );
}

// forget lets go of what is not shown any more.
function forget({ clips, tracks }: Entries, memory: Memory): void {
  for (const id of memory.clips.keys()) if (!clips.has(id)) memory.clips.delete(id);
  for (const id of memory.tracks.keys()) if (!tracks.has(id)) memory.tracks.delete(id);
}

function layMarkers(entries: Entries, tracks: Track[], repairs: Repair[]): Marker[] {
  if (entries.markers.size === 0) return [];
  const starts = new Map<string, number>();
  for (const track of tracks) for (const clip of track.clips) starts.set(clip.id, clip.start);
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
