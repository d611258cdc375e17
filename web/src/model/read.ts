// Reading a document entry by entry: each register checked by itself, each
// defect reported and replaced by its default (rule 1 of the projection).
import * as Y from "yjs";
import {
  absent,
  type Check,
  count,
  fade,
  flag,
  gain,
  int,
  isRecord,
  kind,
  order,
  pair,
  positive,
  seconds,
  shared,
  source,
  speed,
  text,
  transition,
} from "./checks.ts";
import { byOrder } from "./order.ts";
import { repair } from "./repair.ts";
import type {
  Fade,
  Ref,
  RenderSettings,
  Repair,
  Scene,
  Source,
  Thing,
  Timeline,
  Track,
  Transition,
} from "./schema.ts";

/** The length of a scene, or of a clip of unknown source, that says nothing of it. */
export const defaultLength = 120;

type Root = Repair["root"];

/** A clip as its registers tell it, before it has a place in time. */
export type RawClip = {
  id: string;
  place: {
    track: string;
    order: string;
    gap: number;
    clip: string | null;
    offset: number;
    at: number;
  };
  /** A length of null: as much as the source has. */
  span: { in: number; length: number | null };
  source: Source;
  label: string;
  speed: number;
  gain: number;
  fade: Fade;
  transition: Transition | null;
  text: string | null;
  origin: string | null;
  repairs: Repair[];
};

export type RawScene = Scene & { repairs: Repair[] };

export type RawTrack = Omit<Track, "length" | "lanes" | "clips"> & { repairs: Repair[] };

export type RawMarker = {
  id: string;
  clip: string | null;
  offset: number;
  length: number;
  label: string;
  color: string | null;
  repairs: Repair[];
};

export type RawMeta = Pick<Timeline, "schema" | "title" | "rate" | "size" | "background"> & {
  repairs: Repair[];
};

/** Reads `meta`. */
export function readMeta(map: Thing): RawMeta {
  const from = fields("meta", "", (key) => map.get(key));
  return {
    schema: from("schema", positive, 1),
    title: from("title", text, ""),
    rate: from("rate", pair, [24, 1]),
    size: from("size", pair, [1920, 1080]),
    background: from("background", text, "#000000"),
    repairs: from.repairs,
  };
}

/** Reads a scene. */
export function readScene(id: string, map: Thing): RawScene {
  const from = fields("scenes", id, (key) => map.get(key));
  const length = from("length", int, defaultLength);
  if (length < 1) from.repairs.push(repair("clamped", "scenes", id, "length"));
  return {
    id,
    order: from("order", order, ""),
    title: from("title", shared, ""),
    prompt: from("prompt", shared, ""),
    notes: from("notes", shared, ""),
    length: Math.max(1, length),
    render: readRender(id, map.get("render"), from.repairs),
    refs: readRefs(id, map.get("refs"), from.repairs),
    take: from("take", text, null),
    color: from("color", text, null),
    repairs: from.repairs,
  };
}

/** Reads a track. */
export function readTrack(id: string, map: Thing): RawTrack {
  const from = fields("tracks", id, (key) => map.get(key));
  return {
    id,
    order: from("order", order, ""),
    kind: from("kind", kind, "video"),
    name: from("name", text, ""),
    locked: from("locked", flag, false),
    muted: from("muted", flag, false),
    hidden: from("hidden", flag, false),
    gain: from("gain", gain, 0),
    repairs: from.repairs,
  };
}

/** Reads a clip. */
export function readClip(id: string, map: Thing): RawClip {
  const from = fields("clips", id, (key) => map.get(key));
  return {
    id,
    place: readPlace(id, map.get("place"), from.repairs),
    span: readSpan(id, map.get("span"), from.repairs),
    source: from("source", source, { title: "" }, true),
    label: from("label", text, ""),
    speed: from("speed", speed, 1),
    gain: from("gain", gain, 0),
    fade: from("fade", fade, { in: 0, out: 0 }),
    transition: from("transition", transition, null),
    text: from("text", shared, null),
    origin: from("origin", text, null),
    repairs: from.repairs,
  };
}

/** Reads a marker. */
export function readMarker(id: string, map: Thing): RawMarker {
  const from = fields("markers", id, (key) => map.get(key));
  const at = record(map.get("at"), { root: "markers", id, field: "at", repairs: from.repairs });
  const inner = fields("markers", id, (key) => at[key], "at.");
  const raw: RawMarker = {
    id,
    clip: inner("clip", text, null),
    offset: inner("offset", int, 0),
    length: from("length", count, 0),
    label: from("label", text, ""),
    color: from("color", text, null),
    repairs: from.repairs,
  };
  raw.repairs.push(...inner.repairs);
  return raw;
}

function readPlace(id: string, value: unknown, repairs: Repair[]): RawClip["place"] {
  const place = record(value, { root: "clips", id, field: "place", repairs });
  const from = fields("clips", id, (key) => place[key], "place.");
  const raw = {
    track: from("track", text, ""),
    order: from("order", order, ""),
    gap: from("gap", count, 0),
    clip: from("clip", text, null),
    offset: from("offset", int, 0),
    at: from("at", int, 0),
  };
  repairs.push(...from.repairs);
  return raw;
}

function readSpan(id: string, value: unknown, repairs: Repair[]): RawClip["span"] {
  const span = record(value, { root: "clips", id, field: "span", repairs });
  const from = fields("clips", id, (key) => span[key], "span.");
  const raw = { in: from("in", int, 0), length: from("length", int, null) };
  repairs.push(...from.repairs);
  return raw;
}

function readRender(id: string, value: unknown, repairs: Repair[]): RenderSettings {
  const render: RenderSettings = {};
  if (absent(value)) return render;
  if (!(value instanceof Y.Map)) {
    repairs.push(repair("malformed", "scenes", id, "render"));
    return render;
  }
  const from = fields("scenes", id, (key) => value.get(key), "render.");
  const take = <K extends keyof RenderSettings>(
    key: K,
    check: Check<NonNullable<RenderSettings[K]>>,
  ) => {
    const found = from(key, check, null);
    if (found !== null) Object.assign(render, { [key]: found });
  };
  take("backend", text);
  take("model", text);
  take("size", pair);
  take("seconds", seconds);
  take("seed", int);
  take("style", text);
  repairs.push(...from.repairs);
  return render;
}

function readRefs(id: string, value: unknown, repairs: Repair[]): Ref[] {
  if (absent(value)) return [];
  if (!(value instanceof Y.Map)) {
    repairs.push(repair("malformed", "scenes", id, "refs"));
    return [];
  }
  const refs: Ref[] = [];
  for (const [asset, entry] of value.entries()) {
    const ref = record(entry, { root: "scenes", id, field: `refs.${asset}`, repairs });
    const from = fields("scenes", id, (key) => ref[key], `refs.${asset}.`);
    refs.push({ asset, role: from("role", text, ""), order: from("order", order, "") });
    repairs.push(...from.repairs);
  }
  return refs.sort((a, b) => byOrder({ ...a, id: a.asset }, { ...b, id: b.asset }));
}

type Fields = {
  <T, D>(key: string, check: Check<T>, fallback: D, required?: boolean): T | D;
  repairs: Repair[];
};

// fields reads registers by key. Absent is the default, silently unless it is
// required; anything else that does not pass its check is reported.
function fields(root: Root, id: string, get: (key: string) => unknown, prefix = ""): Fields {
  const repairs: Repair[] = [];
  const read = <T, D>(key: string, check: Check<T>, fallback: D, required = false): T | D => {
    const value = get(key);
    const found = absent(value) ? undefined : check(value);
    if (found !== undefined) return found;
    if (required || !absent(value)) repairs.push(repair("malformed", root, id, prefix + key));
    return fallback;
  };
  return Object.assign(read, { repairs });
}

type Where = { root: Root; id: string; field: string; repairs: Repair[] };

// record reads a register that must be there and hold an object.
function record(value: unknown, where: Where): Record<string, unknown> {
  if (isRecord(value)) return value;
  where.repairs.push(repair("malformed", where.root, where.id, where.field));
  return {};
}
