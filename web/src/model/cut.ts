// What is seen and heard at a frame of a timeline. Pure.
import type { Clip, Timeline, Track } from "./schema.ts";
import { framesToSeconds } from "./timecode.ts";

/** A clip as it is at a frame. */
export type Layer = {
  clip: Clip;
  track: Track;
  /** Where its source is, in seconds. */
  time: number;
  /** Of its picture: 0 to 1. */
  opacity: number;
  /** Of its sound: a factor, 0 when its track is muted. */
  level: number;
};

/** What is at a frame: pictures from the lowest to the highest, and what is only heard. */
export type Moment = { pictures: Layer[]; captions: Clip[]; sounds: Layer[] };

/** What is seen and heard at a frame. */
export function momentAt(timeline: Timeline, frame: number): Moment {
  const moment: Moment = { pictures: [], captions: [], sounds: [] };
  for (const track of timeline.tracks) {
    const layers = layersAt(timeline, track, frame);
    switch (track.kind) {
      case "story":
        moment.pictures.unshift(...layers);
        break;
      case "video":
        moment.pictures.push(...layers);
        break;
      case "audio":
        moment.sounds.push(...layers);
        break;
      case "caption":
        if (!track.hidden) moment.captions.push(...layers.map(({ clip }) => clip));
        break;
    }
  }
  return moment;
}

/** The clips that begin after a frame and not more than `ahead` frames later. */
export function comingAt(timeline: Timeline, frame: number, ahead: number): Layer[] {
  return timeline.tracks
    .filter(({ kind }) => kind !== "caption")
    .flatMap((track) =>
      around(track.clips, frame, frame + ahead)
        .filter(({ start, length }) => start > frame || start + length <= frame)
        .map((clip) => layerOf(timeline, track, clip, Math.max(frame, clip.start))),
    );
}

function layersAt(timeline: Timeline, track: Track, frame: number): Layer[] {
  const { clips } = track;
  const layers = around(clips, frame, frame)
    .filter(({ start, length }) => frame >= start && frame < start + length)
    .sort((a, b) => a.lane - b.lane)
    .map((clip) => layerOf(timeline, track, clip, frame));
  const only = layers.length === 1 ? layers[0] : undefined;
  return only ? blended(timeline, only, frame) : layers;
}

// blended adds the neighbour of a clip that is in a transition: it stands half
// before the cut and half behind it.
function blended(timeline: Timeline, layer: Layer, frame: number): Layer[] {
  const { clip, track } = layer;
  const at = indexOf(track.clips, clip);
  const next = track.clips[at + 1];
  const before = track.clips[at - 1];
  const out = transitionPart(clip, next, frame);
  if (next && out !== null) return dissolve(layer, layerOf(timeline, track, next, frame), out);
  const into = before ? transitionPart(before, clip, frame) : null;
  if (before && into !== null)
    return dissolve(layerOf(timeline, track, before, frame), layer, into);
  return [layer];
}

function dissolve(from: Layer, to: Layer, part: number): Layer[] {
  return [
    { ...from, level: from.level * Math.cos((part * Math.PI) / 2) },
    { ...to, opacity: to.opacity * part, level: to.level * Math.sin((part * Math.PI) / 2) },
  ];
}

// transitionPart tells how far a transition between neighbours is, or null.
function transitionPart(clip: Clip, next: Clip | undefined, frame: number): number | null {
  if (!clip.transition || !next) return null;
  const cut = clip.start + clip.length;
  if (next.start !== cut) return null;
  const { length } = clip.transition;
  const begin = cut - Math.floor(length / 2);
  if (frame < begin || frame >= begin + length) return null;
  return (frame - begin + 0.5) / length;
}

function layerOf(timeline: Timeline, track: Track, clip: Clip, frame: number): Layer {
  const fade = fadeAt(clip, frame);
  return {
    clip,
    track,
    time: sourceTime(timeline, clip, frame),
    opacity: track.hidden ? 0 : fade,
    level: track.muted ? 0 : fade * 10 ** ((track.gain + clip.gain) / 20),
  };
}

/** Where the source of a clip is at a frame of the timeline, in seconds; below 0 its first frame stands. */
export function sourceTime(timeline: Timeline, clip: Clip, frame: number): number {
  const source = clip.in + (frame - clip.start) * clip.speed;
  return framesToSeconds(source, timeline.rate);
}

/** How far a clip has come out of its fades at a frame, 0 to 1. */
export function fadeAt(clip: Clip, frame: number): number {
  const from = frame - clip.start + 0.5;
  const left = clip.start + clip.length - frame - 0.5;
  const up = clip.fade.in > 0 && from >= 0 ? from / clip.fade.in : 1;
  const down = clip.fade.out > 0 && left >= 0 ? left / clip.fade.out : 1;
  return Math.max(0, Math.min(1, up, down));
}

// around is the part of a sorted list that may touch a span of frames. Clips of
// a track are sorted by start; a long one may reach far.
function around(clips: readonly Clip[], from: number, to: number): Clip[] {
  let low = 0;
  let high = clips.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((clips[middle]?.start ?? 0) <= to) low = middle + 1;
    else high = middle;
  }
  const found: Clip[] = [];
  for (let i = low - 1; i >= 0; i--) {
    const clip = clips[i];
    if (!clip) break;
    if (clip.start + clip.length > from) found.push(clip);
    // Whatever overlaps a clip and started before it is in a lower lane: what
    // started before one of the lowest lane has ended before it, too.
    else if (clip.lane === 0) break;
  }
  return found.reverse();
}

function indexOf(clips: readonly Clip[], clip: Clip): number {
  let low = 0;
  let high = clips.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((clips[middle]?.start ?? 0) < clip.start) low = middle + 1;
    else high = middle;
  }
  for (let i = low; i < clips.length; i++) if (clips[i]?.id === clip.id) return i;
  return clips.findIndex(({ id }) => id === clip.id);
}
