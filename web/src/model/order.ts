// Order keys: strings that compare as the things stand. A key is a row of
// chunks of six digits in base 62; between two keys there is always another.
import { digits, type Random } from "./random.ts";

const width = 6; // digits in a chunk
const full = 62 ** width; // one more than the largest chunk
const step = 62 ** 3; // how far a key at an open end stands from its neighbour, at most
const near = 62 ** 2; // how far a key between two neighbours stands from the later one, at most
// Source frames, as pieces of a clip append them, stay below this. What is
// put after a clip stands above, so that later pieces of it come before.
const aboveFrames = 2 ** 32;

/**
 * A key between two neighbours (null: no neighbour on that side), ending in a
 * random tail: two people who insert at one spot get distinct keys. Where
 * nothing fits (both are equal) the key stands after them.
 */
export function orderBetween(before: string | null, after: string | null, random: Random): string {
  const low = before ?? "";
  if (after !== null && after <= low) return low + chunk(aboveFrames + random(step)) + tail(random);
  let key = "";
  let bounded = after !== null;
  const limit = Math.max(low.length, after?.length ?? 0);
  for (let at = 0; at <= limit; at += width) {
    const lo = at < low.length ? number(low, at) : -1;
    const hi = bounded && after !== null ? number(after, at) : full;
    if (hi - lo >= 2) return key + chunk(pick({ lo, hi, first: at === 0, random })) + tail(random);
    const next = Math.max(lo, 0);
    key += chunk(next);
    if (next < hi) bounded = false;
  }
  return key + tail(random);
}

/** Keys for a batch between two neighbours; they share a random prefix, so that no other batch comes between them. */
export function ordersBetween(
  neighbours: { before: string | null; after: string | null },
  count: number,
  random: Random,
): string[] {
  const prefix = orderBetween(neighbours.before, neighbours.after, random);
  if (count === 1) return [prefix];
  return Array.from({ length: count }, (_, i) => prefix + chunk(i + 1));
}

/** The key of a piece that is split off at a source frame: concurrent pieces come out in source order. */
export function pieceOrder(order: string, frame: number): string {
  return order + chunk(frame);
}

/** The key that a piece's own was made of. */
export function orderOfFirst(piece: string): string {
  return piece.slice(0, -width);
}

/**
 * How long a key may become; the server takes some more. Where things were put
 * between each other that often, nothing more can be put.
 */
export const longestOrder = 480;

/** Whether a key can stand for a place at all. */
export function isOrder(value: unknown): value is string {
  return typeof value === "string" && /^[0-9A-Za-z]+$/.test(value);
}

/** Compares by (order, id), the order of everything. */
export function byOrder(
  a: { order: string; id: string },
  b: { order: string; id: string },
): number {
  if (a.order !== b.order) return a.order < b.order ? -1 : 1;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

type Room = { lo: number; hi: number; first: boolean; random: Random };

// pick chooses a chunk strictly between lo and hi; hi - lo is at least 2.
function pick({ lo, hi, first, random }: Room): number {
  const openLow = lo < 0;
  const openHigh = hi === full;
  if (first) {
    if (openLow && openHigh) return Math.floor(full / 2) + random(step);
    if (openLow) return hi - 1 - random(Math.min(step, hi - 1));
    if (openHigh) return lo + 1 + random(Math.min(step, hi - lo - 1));
    return lo + 1 + random(hi - lo - 1);
  }
  const floor = openLow && hi > aboveFrames + 1 ? aboveFrames : lo;
  if (openHigh) return floor + 1 + random(Math.min(step, hi - floor - 1));
  // Between two pieces of a clip: right ahead of the later one, see aboveFrames.
  if (hi <= aboveFrames + 1) return hi - 1;
  return hi - 1 - random(Math.min(near, hi - Math.max(lo, aboveFrames) - 1));
}

function tail(random: Random): string {
  return chunk(1 + random(full - 1));
}

function chunk(value: number): string {
  let text = "";
  for (let rest = value, i = 0; i < width; i++) {
    text = digits[rest % 62] + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

function number(key: string, at: number): number {
  let value = 0;
  for (let i = at; i < at + width; i++) {
    value = value * 62 + Math.max(0, i < key.length ? digits.indexOf(key.charAt(i)) : 0);
  }
  return value;
}
