// The timeline as it is looked at and worked on at this page: what part of it
// is in sight, the gesture under way, and what the cut would be after it.
import type { Clip, Repair, Track } from "../../model/schema.ts";
import type { Messages } from "../messages.ts";
import { type Gesture, type Preview, preview } from "./preview.ts";
import type { Studio } from "./studio.svelte.ts";

/** Pixels left of frame 0: the heads of the tracks, and a little air. */
export const headWidth = 176;
export const margin = headWidth + 12;
export const rulerHeight = 46;

/** What is in sight is told in steps of this many pixels, and drawn this much beyond. */
const chunk = 256;
const calmAfter = 160; // milliseconds after zooming until things glide again
const shelfHeight = 64; // the same for rows, downwards
const saidFor = 4000; // milliseconds that a message stays
const quietFrom = 90; // clips in sight from which they no longer glide: each glide is work
/** Narrower clips, in pixels, are drawn together. */
export const narrow = 7;

const storyHeight = 88;
const lane = { story: 76, video: 40, audio: 40, caption: 28 } as const;

/** A track with where it stands in the panel, in pixels below the ruler. */
export type Row = { track: Track; top: number; height: number; lane: number };

/** A rectangle being drawn around clips, in pixels of the content. */
export type Marquee = { x: number; y: number; toX: number; toY: number };

/** What a menu was opened on, and where on the screen. */
export type MenuAt = { x: number; y: number; on: MenuTarget };
export type MenuTarget =
  | { kind: "clip"; id: string }
  | { kind: "gap"; id: string }
  | { kind: "track"; id: string }
  | { kind: "marker"; id: string }
  | { kind: "repair"; repairs: readonly Repair[] }
  | { kind: "tracks" }
  | { kind: "ground"; frame: number };

export class View {
  readonly studio: Studio;

  left = $state(0);
  top = $state(0);
  width = $state(1000);
  height = $state(300);
  gesture = $state.raw<Gesture | null>(null);
  /** The frame at which something being dragged has snapped. */
  snapped = $state<number | null>(null);
  marquee = $state.raw<Marquee | null>(null);
  menu = $state.raw<MenuAt | null>(null);
  snapping = $state(true);
  blade = $state(false);
  zooming = $state(false);
  /** The clip that the tabulator reaches. */
  active = $state<string | null>(null);
  /** What was just done, for those who listen. */
  said = $state("");
  /** The clip or track whose sound level is being set. */
  tuning = $state.raw<{ kind: "clip" | "track"; id: string } | null>(null);
  /** The marker or track whose name is being written. */
  naming = $state<string | null>(null);

  /** The track being taken to another place. */
  reordering = $state.raw<{ track: string; after: string | null } | null>(null);

  scroller: HTMLElement | undefined;
  private box: DOMRect | undefined;
  private calm = 0;
  private hush = 0;

  readonly plan: Preview = $derived.by(() => preview(this.studio.timeline, this.gesture));
  readonly rows: readonly Row[] = $derived(stack(this.plan.tracks));
  readonly contentHeight = $derived.by(() => {
    const last = this.rows.at(-1);
    return last ? last.top + last.height : 0;
  });
  private readonly firstChunk = $derived(Math.floor(this.left / chunk));
  private readonly chunks = $derived(Math.ceil(this.width / chunk) + 1);
  /** The part of the content to draw, in its pixels. */
  readonly fromX = $derived(Math.max(0, (this.firstChunk - 1) * chunk));
  readonly toX = $derived((this.firstChunk + this.chunks + 1) * chunk);
  readonly from = $derived.by(() => (this.fromX - margin) / this.studio.zoom);
  readonly to = $derived.by(() => (this.toX - margin) / this.studio.zoom);
  readonly lifted: ReadonlySet<string> = $derived(
    new Set(this.gesture && "ids" in this.gesture ? this.gesture.ids : []),
  );
  private readonly shelf = $derived(Math.floor(this.top / shelfHeight) * shelfHeight);
  /** The clips in sight, by track. */
  readonly seen: ReadonlyMap<string, readonly Clip[]> = $derived(
    new Map(
      this.rows.map(({ track, top, height }) => {
        const above = top + height < this.shelf - shelfHeight;
        const below = top > this.shelf + this.height + shelfHeight;
        return [track.id, above || below ? [] : within(track.clips, this)];
      }),
    ),
  );
  /** The clip that the tabulator reaches: the one that had the focus last, or the first in sight. */
  readonly stop: string | null = $derived.by(() => {
    if (this.active !== null && this.studio.clip(this.active)) return this.active;
    for (const clips of this.seen.values()) if (clips[0]) return clips[0].id;
    return null;
  });
  /** Whether so much is in sight that it stands still instead of gliding. */
  readonly quiet = $derived(
    this.zooming ||
      this.gesture?.kind === "trim" ||
      [...this.seen.values()].reduce((n, clips) => n + clips.length, 0) > quietFrom,
  );
  /** Pixels of the whole content. */
  readonly total = $derived.by(() =>
    Math.max(margin + this.studio.length * this.studio.zoom + this.width * 0.4, this.width - 1),
  );

  /** In and out of a part of the cut. */
  get range(): Studio["range"] {
    return this.studio.range;
  }

  set range(range: Studio["range"]) {
    this.studio.range = range;
  }

  constructor(studio: Studio) {
    this.studio = studio;
  }

  /** What is under a point of the screen. */
  at(point: { clientX: number; clientY: number }): {
    x: number;
    y: number;
    frame: number;
    row: Row | null;
  } {
    const box = this.box ?? this.scroller?.getBoundingClientRect();
    const x = point.clientX - (box?.left ?? 0);
    const y = point.clientY - (box?.top ?? 0) - rulerHeight + this.top;
    const row = this.rows.find(({ top, height }) => y >= top && y < top + height) ?? null;
    return { x, y, frame: (x + this.left - margin) / this.studio.zoom, row };
  }

  /** Takes the panel to stand still on the screen until it is let go, so that nothing measures it meanwhile. */
  hold(): void {
    this.box = this.scroller?.getBoundingClientRect();
  }

  letGo(): void {
    this.box = undefined;
  }

  /** The clip under a point, also where clips are too narrow to be drawn one by one. */
  clipAt(point: { clientX: number; clientY: number }): Clip | undefined {
    const { frame, y, row } = this.at(point);
    if (!row) return undefined;
    const inLane = Math.floor((y - row.top - 4) / row.lane);
    return row.track.clips.find(
      (clip) =>
        frame >= clip.start &&
        frame < clip.start + clip.length &&
        (row.track.kind === "story" || clip.lane === inLane),
    );
  }

  x(frame: number): number {
    return margin + frame * this.studio.zoom;
  }

  // still lets nothing glide for a while: the ground itself moves.
  private still(): void {
    this.zooming = true;
    clearTimeout(this.calm);
    this.calm = window.setTimeout(() => (this.zooming = false), calmAfter);
  }

  /** Zooms so that a frame stays at an x of the view. */
  zoomAround(zoom: number, frame: number, x: number): void {
    this.still();
    this.studio.setZoom(zoom);
    const left = Math.max(0, margin + frame * this.studio.zoom - x);
    this.left = left;
    requestAnimationFrame(() => this.scroller?.scrollTo({ left }));
  }

  /** Zooms around the playhead, or the middle where that is not in sight. */
  zoomBy(by: number): void {
    const { playhead, zoom } = this.studio;
    const at = this.x(playhead) - this.left;
    const seen = at >= margin && at <= this.width;
    const x = seen ? at : (margin + this.width) / 2;
    this.zoomAround(zoom * by, seen ? playhead : (x + this.left - margin) / zoom, x);
  }

  /** Shows the whole cut. */
  fit(): void {
    const { length } = this.studio;
    if (length > 0) this.zoomAround((this.width - margin - 40) / length, 0, margin);
  }

  /** Scrolls so that a frame is in sight. */
  reveal(frame: number): void {
    const x = this.x(frame);
    if (x >= this.left + margin && x <= this.left + this.width - 40) return;
    this.scroller?.scrollTo({ left: Math.max(0, x - (this.width + headWidth) / 2) });
  }

  /** Shows what somebody else sees: from a frame to another. */
  show(from: number, to: number): void {
    const zoom = (this.width - margin) / Math.max(1, to - from);
    this.still();
    this.studio.setZoom(zoom);
    this.left = Math.max(0, from * this.studio.zoom);
    this.scroller?.scrollTo({ left: this.left });
  }

  /** Frames of a second. */
  get second(): number {
    const [num, den] = this.studio.timeline.rate;
    return Math.max(1, Math.round(num / den));
  }

  /** The next cut of the story from a frame, ahead or back. */
  cutFrom(frame: number, by: 1 | -1): number {
    const clips = this.studio.story?.clips ?? [];
    const cuts = clips.flatMap(({ start, length }) => [start, start + length]);
    if (by > 0) return cuts.find((cut) => cut > frame) ?? this.studio.length;
    return cuts.findLast((cut) => cut < frame) ?? 0;
  }

  /** The clips to split at a frame: those selected that have it inside, else the one of the story. */
  under(frame: number): Clip[] {
    const { studio } = this;
    const inside = ({ start, length }: Clip) => frame > start && frame < start + length;
    const picked = [...studio.selection].flatMap((id) => studio.clip(id) ?? []).filter(inside);
    if (picked.length > 0) return picked;
    return (studio.story?.clips ?? []).filter(inside);
  }

  /** Gives a clip the focus; the playhead goes to its start. */
  focus(clip: Clip): void {
    this.active = clip.id;
    this.studio.seek(clip.start);
    this.reveal(clip.start);
    this.take(clip.id);
  }

  /** Lets the focus go on to what follows clips that are taken away. */
  keepFocus(clip: Clip, gone: readonly Clip[]): void {
    const clips = this.studio.timeline.tracks.find(({ id }) => id === clip.track)?.clips ?? [];
    const at = clips.indexOf(clip);
    const stays = (other: Clip) => !gone.includes(other);
    const next = clips.slice(at).find(stays) ?? clips.slice(0, at).findLast(stays);
    this.active = next?.id ?? null;
    if (next) requestAnimationFrame(() => this.take(next.id));
  }

  /** Gives the focus to a clip, once it is on the page. */
  take(clip: string): void {
    const find = () => this.scroller?.querySelector<HTMLElement>(`.clip[data-clip="${clip}"]`);
    const focus = (node: HTMLElement | null | undefined) => node?.focus({ preventScroll: true });
    if (find()) focus(find());
    else requestAnimationFrame(() => focus(find()));
  }

  /** Sets the in or the out; one that would be on the wrong side of the other takes it away. */
  setRange(change: { from?: number; to?: number }): void {
    const { from, to } = { ...this.range, ...change };
    const crossed = from !== null && to !== null && from >= to;
    this.range = crossed ? { from: change.from ?? null, to: change.to ?? null } : { from, to };
  }

  /** The frames in sight, from the first to the last. */
  get sight(): [number, number] {
    const { zoom } = this.studio;
    return [Math.round(this.left / zoom), Math.round((this.left + this.width - margin) / zoom)];
  }

  /** Opens a menu; what had the focus gets it back. */
  openMenu(menu: MenuAt): void {
    this.menu = menu;
  }

  /** Tells what was done, or why not, for a while. */
  say(words: string): void {
    this.said = words;
    clearTimeout(this.hush);
    this.hush = window.setTimeout(() => (this.said = ""), saidFor);
  }

  close(): void {
    clearTimeout(this.calm);
    clearTimeout(this.hush);
  }
}

/** What a track is called; the one of what was recovered is no entry of the document. */
export function nameOf(track: Track, text: Messages): string {
  if (track.order === "") return text.recoveredTrack;
  return track.name || text.trackKinds[track.kind];
}

/** Where rows stand, one below the other. */
function stack(tracks: readonly Track[]): Row[] {
  let top = 0;
  return tracks.map((track) => {
    const high = track.kind === "story" ? storyHeight : track.lanes * lane[track.kind] + 8;
    const row = { track, top, height: high, lane: lane[track.kind] };
    top += high;
    return row;
  });
}

/** Those of some clips that are in sight; they are sorted by start. */
export function within(clips: readonly Clip[], { from, to }: { from: number; to: number }): Clip[] {
  // Starts rise, ends need not: a long clip may reach over many later ones.
  let end = clips.length;
  let low = 0;
  while (low < end) {
    const middle = (low + end) >> 1;
    if ((clips[middle]?.start ?? 0) <= to) low = middle + 1;
    else end = middle;
  }
  return clips.slice(0, low).filter(({ start, length }) => start + length >= from);
}
