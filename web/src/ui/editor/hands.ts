// What a hand does on the timeline: each press begins a gesture, shows what it
// would do while it goes on, and does it when it ends.
import { bounds } from "../../model/commands.ts";
import type { Clip, Track } from "../../model/schema.ts";
import { creep, follow } from "./gesture.ts";
import { snapEdges } from "./snap.ts";
import { headWidth, type View } from "./view.svelte.ts";
import { finish, splitAt, takes, trackOf } from "./work.ts";

const dragFrom = 4; // pixels before a press becomes a drag
const snapAt = 8; // pixels

/** A press on the tracks: on an edge, a transition, a clip or the ground. */
export function press(view: View, event: PointerEvent): void {
  const { studio } = view;
  const target = event.target instanceof Element ? event.target : null;
  const data = target?.closest<HTMLElement>("[data-clip], [data-blend]")?.dataset ?? {};
  const id = data["clip"] ?? data["blend"] ?? view.clipAt(event)?.id;
  const clip = id === undefined ? undefined : studio.clip(id);
  if (event.button === 2) {
    if (clip && !studio.selection.has(clip.id)) studio.select([clip.id]);
    return;
  }
  if (event.button !== 0) return;
  if (!clip) {
    ground(view, event);
    return;
  }
  view.active = clip.id;
  const open = editable(view, clip);
  if (view.blade && open) {
    splitAt(studio, [clip], Math.round(view.at(event).frame));
    return;
  }
  const edge = target?.closest<HTMLElement>("[data-edge]")?.dataset["edge"];
  if (data["blend"] !== undefined && open) blend(view, event, clip);
  else if ((edge === "head" || edge === "tail") && open) trim(view, event, { clip, edge });
  else if (event.altKey && open) slip(view, event, clip);
  else pick(view, event, { clip, open });
}

/** Whether a clip may be changed here: one has the right, and its track is not locked. */
export function editable({ studio }: View, clip: Clip): boolean {
  return studio.canEdit && !trackOf(studio, clip)?.locked;
}

/** A press on the ruler: the playhead goes where the pointer goes. */
export function scrub(view: View, event: PointerEvent): void {
  if (event.button !== 0) return;
  view.studio.play(0);
  track(view, event, {
    move: (at) => view.studio.seek(view.at(at).frame),
    end: () => undefined,
    eager: true,
  });
}

/** A press on a marker: it can be taken elsewhere. */
export function carryMarker(
  view: View,
  event: PointerEvent,
  marker: { id: string; start: number },
): void {
  if (event.button !== 0) return;
  event.stopPropagation();
  if (!view.studio.canEdit) return;
  const grip = view.at(event).frame - marker.start;
  track(view, event, {
    move: (at) => {
      const wanted = Math.max(0, Math.round(view.at(at).frame - grip));
      const to = draw(view, at, wanted, edges(view, new Set()));
      view.gesture = { kind: "mark", id: marker.id, at: to };
    },
    end: (commit) => {
      const { gesture } = view;
      if (commit && gesture) finish(view.studio, gesture);
    },
  });
}

function ground(view: View, event: PointerEvent): void {
  const { studio } = view;
  const began = view.at(event);
  const from = { x: began.x + view.left, y: began.y };
  const keep =
    event.shiftKey || event.ctrlKey || event.metaKey ? studio.selection : new Set<string>();
  track(view, event, {
    move: (at) => {
      const now = view.at(at);
      const box = { ...from, toX: now.x + view.left, toY: now.y };
      view.marquee = box;
      studio.select([...keep, ...inside(view, box)]);
    },
    end: () => {
      if (!view.marquee && keep.size === 0) {
        studio.select([]);
        studio.play(0);
        studio.seek(began.frame);
      }
      view.marquee = null;
    },
  });
}

// inside names the clips that a rectangle touches.
function inside(
  view: View,
  { x, y, toX, toY }: { x: number; y: number; toX: number; toY: number },
): string[] {
  const { zoom } = view.studio;
  const [left, right] = [Math.min(x, toX), Math.max(x, toX)];
  const [top, bottom] = [Math.min(y, toY), Math.max(y, toY)];
  return view.rows
    .filter((row) => row.top < bottom && row.top + row.height > top)
    .flatMap((row) =>
      row.track.clips.filter((clip) => {
        const from = view.x(clip.start);
        const ceiling = row.top + 4 + clip.lane * row.lane;
        const touches = from < right && from + clip.length * zoom > left;
        return touches && ceiling < bottom && ceiling + row.lane > top;
      }),
    )
    .map(({ id }) => id);
}

function pick(
  view: View,
  event: PointerEvent,
  { clip, open }: { clip: Clip; open: boolean },
): void {
  const { studio } = view;
  if (event.ctrlKey || event.metaKey) {
    studio.toggle(clip.id);
    return;
  }
  if (event.shiftKey) {
    studio.select(span(view, studio.anchor ?? clip.id, clip.id));
    return;
  }
  const fresh = !studio.selection.has(clip.id);
  if (fresh) studio.select([clip.id]);
  studio.anchor = clip.id;
  if (!open) return;
  const onStory = trackOf(studio, clip)?.kind === "story";
  carry(view, event, { clip, onStory, fresh });
}

/** The clips of a track from one to another, whichever comes first. */
export function span({ studio }: View, from: string, to: string): string[] {
  const clips =
    studio.timeline.tracks.find(({ clips }) => clips.some(({ id }) => id === to))?.clips ?? [];
  const ends = [from, to].map((id) => clips.findIndex((clip) => clip.id === id));
  const [first, last] = [Math.min(...ends), Math.max(...ends)];
  return first < 0 ? [to] : clips.slice(first, last + 1).map(({ id }) => id);
}

type Carried = { clip: Clip; onStory: boolean; fresh: boolean };

function carry(view: View, event: PointerEvent, { clip, onStory, fresh }: Carried): void {
  const { studio } = view;
  const story = (track: Track | undefined) => track?.kind === "story";
  const ids = studio.timeline.tracks
    .filter((track) => story(track) === onStory && !track.locked)
    .flatMap(({ clips }) => clips.filter(({ id }) => studio.selection.has(id)))
    .map(({ id }) => id);
  const picked = new Set(ids);
  const grip = view.at(event).frame - clip.start;
  track(view, event, {
    move: (at) => {
      const { frame, row } = view.at(at);
      const home = view.studio.timeline.tracks.find(({ id }) => id === clip.track);
      const onto = row && home && takes(row.track, home) ? row.track : home;
      if (!onto) return;
      const shared = { ids, grabbed: clip.id, track: onto.id };
      if (story(onto)) {
        view.snapped = null;
        view.gesture = { kind: "carry", ...shared, at: frame - grip };
        return;
      }
      const free = Math.max(0, Math.round(frame - grip));
      const drawn = pull(view, at, [free, free + clip.length], edges(view, picked));
      const to = Math.max(0, free + drawn);
      if (onStory) view.gesture = { kind: "carry", ...shared, at: to };
      else view.gesture = { kind: "shift", ...shared, by: to - clip.start };
    },
    end: (commit) => {
      const { gesture, plan } = view;
      if (gesture === null) {
        if (!fresh) studio.select([clip.id]);
        return;
      }
      if (commit) finish(studio, gesture, plan.after);
    },
  });
}

type Edge = { clip: Clip; edge: "head" | "tail" };

function trim(view: View, event: PointerEvent, { clip: pressed, edge }: Edge): void {
  const { studio } = view;
  event.stopPropagation();
  studio.select([pressed.id]);
  const began = view.at(event).frame;
  track(view, event, {
    move: (at) => {
      const clip = studio.clip(pressed.id);
      if (!clip) return;
      const from = edge === "head" ? clip.start : clip.start + clip.length;
      const free = Math.round(from + view.at(at).frame - began);
      const wanted = draw(view, at, free, edges(view, rippled(view, clip)));
      const by = limitTrim(view, { clip, edge }, wanted - from);
      if (from + by !== view.snapped) view.snapped = null;
      view.gesture = { kind: "trim", id: clip.id, edge, by };
    },
    end: (commit) => {
      const { gesture } = view;
      if (commit && gesture) finish(studio, gesture);
    },
  });
}

// rippled names the clips whose edges move along when one is trimmed.
function rippled({ studio }: View, clip: Clip): Set<string> {
  const story = studio.timeline.tracks.find(({ id }) => id === clip.track);
  const moved = new Set([clip.id]);
  if (story?.kind !== "story") return moved;
  for (const other of story.clips) if (other.start > clip.start) moved.add(other.id);
  for (const { clips } of studio.timeline.tracks)
    for (const { id, anchor } of clips) if (anchor !== null && moved.has(anchor)) moved.add(id);
  return moved;
}

/** How far an edge may go: a frame must remain, and the source must have what is shown. */
export function limitTrim({ studio }: View, { clip, edge }: Edge, by: number): number {
  const track = trackOf(studio, clip);
  if (!track) return 0;
  const index = track.clips.indexOf(clip);
  const [least, most] = bounds(studio.timeline, { clip, track, index });
  const frames = (source: number) => (clip.speed === 1 ? source : Math.trunc(source / clip.speed));
  if (edge === "tail") {
    return clamp(by, frames(1 - clip.span), frames(most - clip.in - clip.span));
  }
  const first = Math.max(
    frames(least - clip.in),
    track.kind === "story" ? Number.NEGATIVE_INFINITY : -clip.start,
  );
  return clamp(by, first, frames(clip.span - 1));
}

function slip(view: View, event: PointerEvent, pressed: Clip): void {
  const { studio } = view;
  studio.select([pressed.id]);
  const began = view.at(event).frame;
  track(view, event, {
    move: (at) => {
      const clip = studio.clip(pressed.id);
      if (!clip) return;
      view.gesture = {
        kind: "slip",
        id: clip.id,
        by: limitSlip(view, clip, (began - view.at(at).frame) * clip.speed),
      };
    },
    end: (commit) => {
      const { gesture } = view;
      if (commit && gesture) finish(studio, gesture);
    },
  });
}

/** How far the source may slip under a clip. */
export function limitSlip({ studio }: View, clip: Clip, by: number): number {
  const track = trackOf(studio, clip);
  if (!track) return 0;
  const [least, most] = bounds(studio.timeline, { clip, track, index: track.clips.indexOf(clip) });
  return clamp(Math.round(by), least - clip.in, most - clip.span - clip.in);
}

function blend(view: View, event: PointerEvent, pressed: Clip): void {
  const { studio } = view;
  event.stopPropagation();
  studio.select([pressed.id]);
  track(view, event, {
    move: (at) => {
      const clip = studio.clip(pressed.id);
      if (!clip) return;
      const wanted = Math.round(2 * Math.abs(clip.start + clip.length - view.at(at).frame));
      view.gesture = {
        kind: "blend",
        id: clip.id,
        length: clamp(wanted, 0, longestBlend(view, clip)),
      };
    },
    end: (commit) => {
      const { gesture } = view;
      if (commit && gesture) finish(studio, gesture);
    },
  });
}

/** The longest transition that a clip may have into the next one. */
export function longestBlend({ studio }: View, clip: Clip): number {
  const clips = trackOf(studio, clip)?.clips ?? [];
  const next = clips[clips.indexOf(clip) + 1];
  return next ? Math.floor(Math.min(clip.length, next.length) / 2) : 0;
}

type Tracking = {
  move: (event: PointerEvent) => void;
  end: (commit: boolean) => void;
  eager?: boolean;
};

// track follows a press; at the edges of the view it scrolls. What is shown of
// the gesture ends with it.
function track(view: View, event: PointerEvent, { move, end, eager = false }: Tracking): void {
  let last = event;
  let moved = eager;
  view.hold();
  if (eager) move(event);
  let request = 0;
  const step = () => {
    const by = moved ? creep(view.at(last).x - headWidth, view.width - headWidth) : 0;
    if (by !== 0 && view.scroller) {
      view.scroller.scrollLeft += by;
      view.left = view.scroller.scrollLeft;
      move(last);
    }
    request = requestAnimationFrame(step);
  };
  request = requestAnimationFrame(step);
  follow(event, {
    move: (next) => {
      last = next;
      const far = Math.hypot(next.clientX - event.clientX, next.clientY - event.clientY);
      moved ||= far >= dragFrom;
      if (moved) move(next);
    },
    end: (commit) => {
      cancelAnimationFrame(request);
      end(commit);
      view.letGo();
      view.gesture = null;
      view.snapped = null;
    },
  });
}

// draw is where an edge goes that is dragged to a frame, and notes that it snapped.
function draw(view: View, event: PointerEvent, frame: number, targets: readonly number[]): number {
  return frame + pull(view, event, [frame], targets);
}

function pull(
  view: View,
  event: PointerEvent,
  at: readonly number[],
  targets: readonly number[],
): number {
  view.snapped = null;
  if (!view.snapping || event.ctrlKey || event.metaKey) return 0;
  const found = snapEdges(at, targets, snapAt / view.studio.zoom);
  view.snapped = found.at;
  return found.by;
}

/** Frames that edges are drawn to: clips, playheads, markers and open comments. */
function edges({ studio }: View, except: ReadonlySet<string>): number[] {
  const { timeline, people, review } = studio;
  return [
    0,
    studio.playhead,
    ...people.flatMap(({ self, cursor }) => (self ? [] : (cursor.playhead ?? []))),
    ...timeline.markers.map(({ start }) => start),
    ...review.threads.flatMap(({ status, anchor }) => (status === "open" ? anchor.start : [])),
    ...timeline.tracks.flatMap(({ clips }) =>
      clips.flatMap(({ id, start, length }) => (except.has(id) ? [] : [start, start + length])),
    ),
  ];
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(Math.max(least, most), value));
}
