/** What hears a press on its way. */
export type Gesture = { move: (event: PointerEvent) => void; end: (commit: boolean) => void };

/** Follows a press until it ends. Escape, or the browser taking the pointer away, ends it without effect. */
export function follow(press: PointerEvent, gesture: Gesture): void {
  const stop = new AbortController();
  const options = { signal: stop.signal };
  const ours = (event: PointerEvent) => event.pointerId === press.pointerId;
  const end = (commit: boolean) => {
    stop.abort();
    gesture.end(commit);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    end(false);
  };
  addEventListener("pointermove", (event) => ours(event) && gesture.move(event), options);
  addEventListener("pointerup", (event) => ours(event) && end(true), options);
  addEventListener("pointercancel", (event) => ours(event) && end(false), options);
  addEventListener("keydown", onKey, { ...options, capture: true });
}

const edge = 48; // pixels at either side in which a drag scrolls
const fastest = 18; // pixels a frame

/** How far to scroll in this frame for a pointer at x of a view so wide. */
export function creep(x: number, width: number): number {
  if (x < edge) return -Math.min(fastest, (edge - x) / 3);
  if (x > width - edge) return Math.min(fastest, (x - width + edge) / 3);
  return 0;
}
