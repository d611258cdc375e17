// What the cut would be if a gesture ended now. Pure: from the timeline as it
// is merged at this moment and the gesture under way, so that what others do
// meanwhile is in it.
import { layLanes, onTimeline } from "../../model/layout.ts";
import type { Clip, Marker, Track } from "../../model/schema.ts";

/** A gesture that changes the cut; frames are of the timeline. */
export type Gesture =
  /** Clips taken to a track, so that the one grabbed would start at a frame; on a story track they stand side by side. */
  | { kind: "carry"; ids: readonly string[]; grabbed: string; track: string; at: number }
  /** Tied clips, all by as many frames; those of the grabbed one's track may change to another. */
  | { kind: "shift"; ids: readonly string[]; grabbed: string; track: string; by: number }
  | { kind: "trim"; id: string; edge: "head" | "tail"; by: number }
  | { kind: "slip"; id: string; by: number }
  | { kind: "blend"; id: string; length: number }
  | { kind: "mark"; id: string; at: number };

/** The cut as it would be; for what is carried onto a story track, the clip that it would come after. */
export type Preview = {
  tracks: readonly Track[];
  markers: readonly Marker[];
  after: string | null;
};

type Cut = { tracks: readonly Track[]; markers: readonly Marker[] };

/** The cut as it would be if the gesture ended now. */
export function preview(cut: Cut, gesture: Gesture | null): Preview {
  const { tracks, markers } = cut;
  if (gesture === null) return { tracks, markers, after: null };
  switch (gesture.kind) {
    case "carry":
      return carried(cut, gesture);
    case "shift":
      return shifted(cut, gesture);
    case "trim":
      return relaid(cut, (track) =>
        replace(track, gesture.id, (clip) => trimmed(track, clip, gesture)),
      );
    case "slip":
      return relaid(cut, (track) =>
        replace(track, gesture.id, (clip) => ({ ...clip, in: clip.in + gesture.by })),
      );
    case "blend":
      return relaid(cut, (track) =>
        replace(track, gesture.id, (clip) => ({
          ...clip,
          transition:
            gesture.length > 0
              ? { kind: clip.transition?.kind ?? "dissolve", length: gesture.length }
              : null,
        })),
      );
    case "mark":
      return {
        tracks,
        markers: markers.map((marker) =>
          marker.id === gesture.id ? { ...marker, start: gesture.at } : marker,
        ),
        after: null,
      };
  }
}

type Carry = Extract<Gesture, { kind: "carry" }>;
type Shift = Extract<Gesture, { kind: "shift" }>;
type Trim = Extract<Gesture, { kind: "trim" }>;

function carried(cut: Cut, { ids, track: target, at, grabbed }: Carry): Preview {
  const picked = new Set(ids);
  const moving = cut.tracks.flatMap(({ clips }) => clips.filter(({ id }) => picked.has(id)));
  const onto = cut.tracks.find(({ id }) => id === target);
  if (onto?.kind !== "story") {
    const lead = moving.find(({ id }) => id === grabbed)?.start ?? at;
    const by = notBefore(moving, at - lead);
    // The story closes up behind them; they stand where they are put.
    const left = relaid(cut, (track) => without(track, picked));
    return relaid(left, (track) => {
      if (track.id !== target) return track;
      const landed = moving.map((clip) =>
        tie({ ...clip, track: target, gap: 0 }, clip.start + by, left),
      );
      return { ...track, clips: [...track.clips, ...landed] };
    });
  }
  const staying = settle(onto.clips.filter(({ id }) => !picked.has(id)));
  const index = slotFor(staying, at - ahead(moving, grabbed));
  const landed = moving.map((clip) => ({ ...clip, track: target, anchor: null, lane: 0, gap: 0 }));
  const clips = [...staying.slice(0, index), ...landed, ...staying.slice(index)];
  const after = staying[index - 1]?.id ?? null;
  // What would stand in the same order is not moved, and keeps its gaps.
  if (clips.length === onto.clips.length && clips.every(({ id }, i) => id === onto.clips[i]?.id))
    return { ...cut, after };
  const done = relaid(cut, (track) =>
    track.id === target ? { ...track, clips } : without(track, picked),
  );
  return { ...done, after };
}

// ahead is how many frames of what is carried stand before the clip that was grabbed.
function ahead(moving: readonly Clip[], grabbed: string): number {
  const at = moving.findIndex(({ id }) => id === grabbed);
  return moving.slice(0, at).reduce((sum, { length }) => sum + length, 0);
}

// slotFor finds the place between clips that begins nearest to a frame.
function slotFor(clips: readonly Clip[], frame: number): number {
  let best = 0;
  let least = Math.abs(frame);
  for (const [i, { start, length }] of clips.entries()) {
    const away = Math.abs(start + length - frame);
    if (away < least) {
      best = i + 1;
      least = away;
    }
  }
  return best;
}

function shifted(cut: Cut, { ids, grabbed, track: target, by }: Shift): Preview {
  const picked = new Set(ids);
  const home = cut.tracks.find(({ clips }) => clips.some(({ id }) => id === grabbed))?.id;
  const leaving = cut.tracks.flatMap(({ id, clips }) =>
    id === home && id !== target ? clips.filter((clip) => picked.has(clip.id)) : [],
  );
  const moving = cut.tracks.flatMap(({ clips }) => clips.filter(({ id }) => picked.has(id)));
  const really = notBefore(moving, by);
  const moved = (clip: Clip) => tie(clip, clip.start + really, cut);
  return relaid(cut, (track) => {
    if (track.kind === "story") return track;
    if (track.id === home && home !== target) return without(track, picked);
    const clips = track.clips.map((clip) => (picked.has(clip.id) ? moved(clip) : clip));
    if (track.id !== target) return { ...track, clips };
    const landed = leaving.map((clip) => ({ ...moved(clip), track: target }));
    return { ...track, clips: [...clips, ...landed] };
  });
}

/** How far clips go together by as many frames: none of them before the start. */
export function notBefore(clips: readonly Clip[], by: number): number {
  return Math.max(by, -Math.min(...clips.map(({ start }) => start)));
}

// tie stands a clip at a frame, tied to the story clip under it.
function tie(clip: Clip, start: number, cut: Cut): Clip {
  const story = cut.tracks.find(({ kind }) => kind === "story");
  const anchor = story?.clips.findLast((other) => other.start <= start);
  return { ...clip, start, anchor: anchor?.id ?? null, offset: start - (anchor?.start ?? 0) };
}

function without(track: Track, picked: ReadonlySet<string>): Track {
  const clips = track.clips.filter(({ id }) => !picked.has(id));
  return clips.length === track.clips.length ? track : { ...track, clips };
}

function replace(track: Track, id: string, change: (clip: Clip) => Clip): Track {
  const at = track.clips.findIndex((clip) => clip.id === id);
  const clip = track.clips[at];
  return clip ? { ...track, clips: track.clips.with(at, change(clip)) } : track;
}

function trimmed(track: Track, clip: Clip, { edge, by }: Trim): Clip {
  const source = clip.speed === 1 ? by : Math.round(by * clip.speed);
  const span = Math.max(1, edge === "tail" ? clip.span + source : clip.span - source);
  const length = onTimeline(span, clip.speed);
  if (edge === "tail") return { ...clip, span, length };
  const head = { ...clip, span, length, in: clip.in + source };
  if (track.kind === "story") return head;
  return { ...head, start: clip.start + by, offset: clip.offset + by };
}

// relaid changes tracks and lets everything stand where it then would: story
// clips one after another, tied clips and markers with their anchors.
function relaid(cut: Cut, change: (track: Track) => Track): Preview {
  const before = new Map<string, number>();
  const after = new Map<string, number>();
  const changed = cut.tracks.map((track) => {
    const next = change(track);
    if (track.kind !== "story") return next;
    for (const { id, start } of track.clips) before.set(id, start);
    const clips = settle(next.clips);
    for (const { id, start } of clips) after.set(id, start);
    return { ...next, clips };
  });
  const tracks = changed.map((track) => (track.kind === "story" ? track : lay(track, after)));
  const markers = cut.markers.map((marker) => {
    const from = marker.clip === null ? undefined : before.get(marker.clip);
    const to = marker.clip === null ? undefined : after.get(marker.clip);
    if (from === undefined || to === undefined || from === to) return marker;
    return { ...marker, start: Math.max(0, marker.start + to - from) };
  });
  return { tracks, markers, after: null };
}

function lay(track: Track, story: ReadonlyMap<string, number>): Track {
  const clips = track.clips.map((clip) => {
    const anchor = clip.anchor === null ? undefined : story.get(clip.anchor);
    const start = anchor === undefined ? clip.start : Math.max(0, anchor + clip.offset);
    return start === clip.start ? clip : { ...clip, start };
  });
  clips.sort((a, b) => a.start - b.start || (a.id < b.id ? -1 : 1));
  const laid = clips.map((clip) => ({ ...clip }));
  const lanes = layLanes(laid);
  // A clip that stays where it is stays the same object.
  return { ...track, lanes, clips: clips.map((clip, i) => keep(clip, laid[i])) };
}

function keep(old: Clip, next: Clip | undefined): Clip {
  return next && next.lane !== old.lane ? next : old;
}

// settle gives clips of a story track their starts.
function settle(clips: readonly Clip[]): Clip[] {
  let end = 0;
  return clips.map((clip) => {
    const start = end + clip.gap;
    end = start + clip.length;
    return start === clip.start ? clip : { ...clip, start };
  });
}
