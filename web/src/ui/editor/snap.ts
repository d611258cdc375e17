// Where edges are drawn to while they are dragged. Pure.

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

/** How far to move something with several edges so that the nearest of them snaps, and to where. */
export function snapEdges(
  edges: readonly number[],
  to: readonly number[],
  within: number,
): { by: number; at: number | null } {
  let found: { by: number; at: number | null } = { by: 0, at: null };
  let distance = within;
  for (const edge of edges) {
    const at = snap(edge, to, distance);
    if (at === edge && !to.includes(edge)) continue;
    distance = Math.abs(at - edge);
    found = { by: at - edge, at };
  }
  return found;
}

/** Frames between two numbers of the ruler, so that they stand at least `apart` pixels from each other. */
export function rulerStep(zoom: number, fps: number, apart = 92): number {
  const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].map((n) => n * fps);
  const steps = [1, 2, 5, 10, Math.round(fps / 2), ...seconds];
  return steps.find((step) => step * zoom >= apart) ?? 7200 * fps;
}
