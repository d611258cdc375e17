// The shape of the shared documents: names of their roots, the values that
// live in them, and what the projection makes of them. No framework in here.
import * as Y from "yjs";
import type { Random } from "./random.ts";

/** A transaction with this origin is the work of the person at this page, and can be undone by them. */
export const local = { name: "local" } as const;

/** What a clip shows. */
export type Source = { scene: string } | { asset: string } | { title: string };

/** The part of the source that a clip uses, in frames of the source. */
export type Span = { in: number; length: number };

/** Where a clip stands on a story track: after the one before, `gap` frames of nothing ahead of it. */
export type StoryPlace = { track: string; order: string; gap: number };

/** Where a clip stands on any other track: tied to a story clip, or at an absolute frame. */
export type TiedPlace = { track: string; clip: string | null; offset: number; at: number };

export type Place = StoryPlace | TiedPlace;

export type TrackKind = "story" | "video" | "audio" | "caption";

export type Fade = { in: number; out: number };

export type Transition = { kind: string; length: number };

/** What a scene asks of a render; absent fields take the workspace's default. */
export type RenderSettings = {
  backend?: string;
  model?: string;
  size?: [number, number];
  seconds?: number;
  seed?: number;
  style?: string;
};

export type Ref = { asset: string; role: string; order: string };

/** A scene as it is shown; its texts are strings here, `sceneText` gives the shared type. */
export type Scene = {
  id: string;
  order: string;
  title: string;
  prompt: string;
  notes: string;
  length: number;
  render: RenderSettings;
  refs: Ref[];
  take: string | null;
  color: string | null;
};

/** A clip as it is shown: `start` and `length` in frames of the timeline, `in` and `span` in frames of the source. */
export type Clip = {
  id: string;
  track: string;
  order: string;
  start: number;
  length: number;
  in: number;
  span: number;
  lane: number;
  /** Frames of nothing ahead of it; 0 where the track is not a story track. */
  gap: number;
  /** The story clip that it is tied to, when there is one. */
  anchor: string | null;
  offset: number;
  source: Source;
  label: string;
  speed: number;
  /** In decibels; 0 leaves the sound as it is. */
  gain: number;
  fade: Fade;
  transition: Transition | null;
  text: string | null;
  origin: string | null;
};

export type Track = {
  id: string;
  order: string;
  kind: TrackKind;
  name: string;
  locked: boolean;
  muted: boolean;
  hidden: boolean;
  gain: number;
  /** The end of its last clip. */
  length: number;
  /** How many lanes its clips need; at least 1. */
  lanes: number;
  clips: Clip[];
};

export type Marker = {
  id: string;
  start: number;
  length: number;
  clip: string | null;
  label: string;
  color: string | null;
};

/**
 * What the projection did: a register took its default, an entry was not read;
 * a clip without its track went to one of its own; a piece was cut short or
 * hidden where another piece shows the same; a transition was shortened or not
 * shown; something whose anchor is gone stands where it was; a number was
 * brought into its bounds.
 */
export type RepairKind =
  | "malformed"
  | "ignored"
  | "recovered"
  | "cut"
  | "hidden"
  | "shortened"
  | "dropped"
  | "untied"
  | "clamped";

/** Something that the projection had to mend, with the number of its rule. */
export type Repair = {
  rule: 1 | 2 | 3 | 4 | 5 | 6 | 7;
  kind: RepairKind;
  root: "meta" | "scenes" | "tracks" | "clips" | "markers";
  id: string;
  /** The field that was mended, or what happened to the thing as a whole. */
  field: string;
};

/** A timeline that is valid whatever was merged into its document. */
export type Timeline = {
  schema: number;
  title: string;
  rate: [number, number];
  size: [number, number];
  background: string;
  length: number;
  scenes: Scene[];
  tracks: Track[];
  markers: Marker[];
  repairs: Repair[];
};

/** A document that can be edited here, and where new ids and orders take their chance from. */
export type Editor = { readonly doc: Y.Doc; readonly random: Random; newId(): string };

/** A live value with its listeners: call `subscribe` and get a function that ends it. */
export type Live<T> = {
  current(): T;
  subscribe(listener: (value: T) => void): () => void;
  close(): void;
};

export type SceneTextField = "title" | "prompt" | "notes";

export type Thing = Y.Map<unknown>;

export const roots = {
  meta: (doc: Y.Doc): Thing => doc.getMap("meta"),
  scenes: (doc: Y.Doc): Thing => doc.getMap("scenes"),
  tracks: (doc: Y.Doc): Thing => doc.getMap("tracks"),
  clips: (doc: Y.Doc): Thing => doc.getMap("clips"),
  markers: (doc: Y.Doc): Thing => doc.getMap("markers"),
} as const;

/** The map that lives under an id of a root, or undefined. */
export function thing(root: Thing, id: string): Thing | undefined {
  const value = root.get(id);
  return value instanceof Y.Map ? value : undefined;
}

/** The shared text of a scene, to bind an editor to; undefined when the scene or its text is gone. */
export function sceneText(doc: Y.Doc, scene: string, field: SceneTextField): Y.Text | undefined {
  const value = thing(roots.scenes(doc), scene)?.get(field);
  return value instanceof Y.Text && !(value instanceof Y.XmlText) ? value : undefined;
}

/** The shared text of a title or caption clip. */
export function clipText(doc: Y.Doc, clip: string): Y.Text | undefined {
  const value = thing(roots.clips(doc), clip)?.get("text");
  return value instanceof Y.Text && !(value instanceof Y.XmlText) ? value : undefined;
}
