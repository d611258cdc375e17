// Chance, and the ids made of it.

/** An integer from 0 up to, not including, `below`. */
export type Random = (below: number) => number;

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

// Words of chance, taken from the system many at once.
const pool = new Uint32Array(256);
let left = 0;

function word(): number {
  if (left === 0) {
    crypto.getRandomValues(pool);
    left = pool.length;
  }
  left--;
  return pool[left] ?? 0;
}

/** Chance from the system's generator. */
export const systemRandom: Random = (below) =>
  Math.floor(((word() * 2 ** 21 + (word() >>> 11)) / 2 ** 53) * below);

/** Chance that repeats itself, for tests and case files (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return (below) => Math.floor(((next() * 2 ** 21 + (next() >>> 11)) / 2 ** 53) * below);
}

/** A new id: 22 characters in base 62, 128 bits and a little. */
export function newId(random: Random = systemRandom): string {
  let id = "";
  for (let i = 0; i < 22; i++) id += digits[random(62)];
  return id;
}

export { digits };
