// What registers may hold: a check a kind of value.
import * as Y from "yjs";
import { isOrder } from "./order.ts";
import { maxFrames } from "./refusal.ts";
import type { Fade, Source, TrackKind, Transition } from "./schema.ts";

/** The value when it passes, else undefined. */
export type Check<T> = (value: unknown) => T | undefined;

export const int: Check<number> = (v) =>
  typeof v === "number" && Number.isInteger(v) && Math.abs(v) <= maxFrames ? v + 0 : undefined;
export const count: Check<number> = (v) => atLeast(0, int(v));
export const positive: Check<number> = (v) => atLeast(1, int(v));
export const text: Check<string> = (v) => (typeof v === "string" ? v : undefined);
export const flag: Check<boolean> = (v) => (typeof v === "boolean" ? v : undefined);
// Gain is in decibels: 0 leaves the sound as it is.
export const gain: Check<number> = (v) =>
  typeof v === "number" && v >= -120 && v <= 60 ? v : undefined;
export const speed: Check<number> = (v) =>
  typeof v === "number" && v >= 0.01 && v <= 100 ? v : undefined;
export const seconds: Check<number> = (v) =>
  typeof v === "number" && v > 0 && v <= maxFrames ? v : undefined;
export const shared: Check<string> = (v) => (isText(v) ? v.toString() : undefined);
export const order: Check<string> = (v) => (isOrder(v) ? v : undefined);

export const pair: Check<[number, number]> = (v) => {
  if (!Array.isArray(v) || v.length !== 2) return undefined;
  const a = positive(v[0]);
  const b = positive(v[1]);
  return a === undefined || b === undefined ? undefined : [a, b];
};

export const kind: Check<TrackKind> = (v) =>
  v === "story" || v === "video" || v === "audio" || v === "caption" ? v : undefined;

export const source: Check<Source> = (v) => {
  if (!isRecord(v)) return undefined;
  if (typeof v["scene"] === "string") return { scene: v["scene"] };
  if (typeof v["asset"] === "string") return { asset: v["asset"] };
  if (typeof v["title"] === "string") return { title: v["title"] };
  return undefined;
};

export const transition: Check<Transition> = (v) => {
  if (!isRecord(v)) return undefined;
  const name = text(v["kind"]);
  const length = positive(v["length"]);
  return name === undefined || length === undefined ? undefined : { kind: name, length };
};

export const fade: Check<Fade> = (v) => {
  if (!isRecord(v)) return undefined;
  const head = absent(v["in"]) ? 0 : count(v["in"]);
  const end = absent(v["out"]) ? 0 : count(v["out"]);
  return head === undefined || end === undefined ? undefined : { in: head, out: end };
};

/** Whether a value is a text that people write together; one of XML is none. */
export function isText(value: unknown): value is Y.Text {
  return value instanceof Y.Text && !(value instanceof Y.XmlText);
}

/** Whether a value is a plain object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Y.AbstractType) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Y.Doc)
  );
}

/** Whether a register says nothing. */
export function absent(value: unknown): boolean {
  return value === undefined || value === null;
}

function atLeast(least: number, value: number | undefined): number | undefined {
  return value !== undefined && value >= least ? value : undefined;
}
