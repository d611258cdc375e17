// What the story track looks like while somebody drags on it. Pure.
import type { Clip, Scene } from "../../model/schema.ts";

/**
 * A gesture under way; frames are of the timeline. A move is at the pointer's
 * frame, with the clip that was grabbed starting at another.
 */
export type Drag =
  | { kind: "move"; ids: string[]; frame: number; grabbed: string; at: number }
  | { kind: "trim"; id: string; edge: "head" | "tail"; by: number; snapped: number | null };

/** The clips as they would be, and for a move the clip that they would come after. */
export type Preview = { clips: Clip[]; after: string | null };

/** The track as it would be if the gesture ended now. */
export function preview(clips: readonly Clip[], drag: Drag | null): Preview {
  if (drag === null) return { clips: [...clips], after: null };
  if (drag.kind === "trim") {
    return {
      clips: settle(clips.map((clip) => (clip.id === drag.id ? trimmed(clip, drag) : clip))),
      after: null,
    };
  }
  const moving = clips.filter(({ id }) => drag.ids.includes(id));
  const staying = settle(clips.filter(({ id }) => !drag.ids.includes(id)));
  const found = staying.findIndex(({ start, length }) => start + length / 2 > drag.frame);
  const index = found < 0 ? staying.length : found;
  const order = [...staying.slice(0, index), ...moving, ...staying.slice(index)];
  return { clips: settle(order), after: staying[index - 1]?.id ?? null };
}

function trimmed(clip: Clip, { edge, by }: { edge: "head" | "tail"; by: number }): Clip {
  if (edge === "tail") return { ...clip, length: clip.length + by };
  return { ...clip, in: clip.in + by, length: clip.length - by };
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

/** How far an edge may really go: a frame must remain, and the source must have what is shown. */
export function limitTrim(
  clip: Clip,
  edge: "head" | "tail",
  by: number,
  scene: Scene | undefined,
): number {
  const wanted = Math.round(by);
  if (edge === "head") return Math.min(clip.length - 1, Math.max(-clip.in, wanted));
  const most = scene ? scene.length - clip.in - clip.span : Number.MAX_SAFE_INTEGER;
  return Math.max(1 - clip.length, Math.min(most, wanted));
}

/** The nearest of some frames to another one, if it is near enough. */
export function snap(frame: number, to: readonly number[], within: number): number {
  let best = frame;
  let distance = within;
  for (const candidate of to) {
    const away = Math.abs(candidate - frame);
    if (away < distance) {
      best = candidate;
      distance = away;
    }
  }
  return best;
}

/** The clips from one to another of a list, whichever comes first. */
export function between(clips: readonly Clip[], from: string, to: string): string[] {
  const ends = [from, to].map((id) => clips.findIndex((clip) => clip.id === id));
  const [first, last] = [Math.min(...ends), Math.max(...ends)];
  return first < 0 ? [to] : clips.slice(first, last + 1).map(({ id }) => id);
}

/** Whether two lists of clips have the same order. */
export function sameOrder(a: readonly Clip[], b: readonly Clip[]): boolean {
  return a.length === b.length && a.every(({ id }, i) => id === b[i]?.id);
}

/** Frames between two numbers of the ruler, so that they stand at least `apart` pixels from each other. */
export function rulerStep(zoom: number, fps: number, apart = 92): number {
  const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].map((n) => n * fps);
  const steps = [1, 2, 5, 10, Math.round(fps / 2), ...seconds];
  return steps.find((step) => step * zoom >= apart) ?? 7200 * fps;
}
