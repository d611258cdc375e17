// Who is here, where they are, and how their playheads glide.
import type { Awareness } from "y-protocols/awareness";
import type { SceneTextField } from "./schema.ts";

/** A caret or selection in a shared text: Yjs relative positions as JSON. */
export type TextCursor = { scene: string; field: SceneTextField; anchor: unknown; head: unknown };

/** Where somebody is. */
export type Cursor = {
  scene?: string;
  clip?: string;
  playhead?: number;
  /** Ids of the clips selected. */
  selection?: string[];
  text?: TextCursor;
  /** The first and the last frame in sight on the timeline. */
  view?: [number, number];
  /** How fast the cut plays; absent is parked. */
  speed?: number;
  /** Shows the cut to everybody who wants to watch along. */
  presenting?: true;
};

/** Somebody here, as the server vouches for them. One person with two tabs is here twice. */
export type Presence = {
  client: number;
  person: string;
  name: string;
  color: string;
  /** Came by a link: the server says so, the page cannot. */
  guest?: true;
  cursor: Cursor;
  following: string | null;
  self: boolean;
};

/** The people in a room. */
export type PresenceRoom = {
  /** Everybody here, by name then client; also this page. */
  current(): Presence[];
  /** Called when somebody comes, goes or moves. */
  subscribe(listener: (everybody: Presence[]) => void): () => void;
  /** Says where this person is; fields given as undefined are taken away. Sent at most 20 times a second. */
  setCursor(cursor: { [K in keyof Cursor]: Cursor[K] | undefined }): void;
  follow(person: string | null): void;
  /** Where a playhead should be drawn now, gliding to where it is; `now` as performance.now(). */
  playhead(client: number, now: number): number | null;
  close(): void;
};

/** The person at this page. */
export type Self = { person: string; name: string; color: string };

/** Time between two sendings of one's own cursor, in milliseconds. */
const sendEvery = 50;

/** A playhead reaches where it was reported within this time, in milliseconds. */
const glideTime = 120;

/** A jump of more frames than this is shown at once: a glide across the timeline would say nothing. */
const jump = 240;

/** A person sends their selection up to this many clips; the server caps the size of a state. */
const maxSelection = 120;

/** Nobody plays faster than this many times the speed. */
const fastest = 8;

type Glide = { from: number; to: number; since: number };

/** Joins the room of an awareness as somebody. The awareness is not destroyed by close. */
export function openPresence(
  awareness: Awareness,
  self: Self,
  now = () => performance.now(),
): PresenceRoom {
  const listeners = new Set<(everybody: Presence[]) => void>();
  const glides = new Map<number, Glide>();
  let cursor: Cursor = {};
  let following: string | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let sent = Number.NEGATIVE_INFINITY;

  const send = () => {
    timer = null;
    sent = now();
    awareness.setLocalState({ ...self, cursor, ...(following === null ? {} : { following }) });
  };
  const sendSoon = () => {
    if (timer !== null) return;
    const wait = sent + sendEvery - now();
    if (wait <= 0) send();
    else timer = setTimeout(send, wait);
  };
  const onChange = () => {
    const everybody = list(awareness);
    glide(glides, everybody, now());
    for (const listener of [...listeners]) listener(everybody);
  };
  awareness.on("change", onChange);
  send();
  glide(glides, list(awareness), now());

  return {
    current: () => list(awareness),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    setCursor(change) {
      const next = merge(cursor, change);
      if (JSON.stringify(next) === JSON.stringify(cursor)) return;
      cursor = next;
      sendSoon();
    },
    follow(person) {
      if (person === following) return;
      following = person;
      sendSoon();
    },
    playhead: (client, at) => positionOf(glides.get(client), at),
    close() {
      if (timer !== null) clearTimeout(timer);
      awareness.off("change", onChange);
      awareness.setLocalState(null);
      listeners.clear();
    },
  };
}

function list(awareness: Awareness): Presence[] {
  const everybody: Presence[] = [];
  for (const [client, state] of awareness.getStates()) {
    const presence = read(client, state, client === awareness.clientID);
    if (presence) everybody.push(presence);
  }
  return everybody.sort((a, b) => a.name.localeCompare(b.name) || a.client - b.client);
}

// read takes from a state what has the right shape: states come from others.
function read(client: number, state: Record<string, unknown>, self: boolean): Presence | null {
  const { person, name, color, following } = state;
  if (typeof person !== "string") return null;
  return {
    client,
    person,
    name: typeof name === "string" ? name : "",
    color: typeof color === "string" && /^#[0-9a-fA-F]{6}$/.test(color) ? color : "#888888",
    cursor: readCursor(state["cursor"]),
    following: typeof following === "string" ? following : null,
    self,
    ...(state["guest"] === true ? { guest: true } : {}),
  };
}

function readCursor(value: unknown): Cursor {
  if (!isRecord(value)) return {};
  const { scene, clip, playhead, selection, text, view, speed, presenting } = value;
  const cursor: Cursor = {};
  if (typeof scene === "string") cursor.scene = scene;
  if (typeof clip === "string") cursor.clip = clip;
  if (typeof playhead === "number" && Number.isFinite(playhead))
    cursor.playhead = Math.max(0, playhead);
  if (Array.isArray(selection)) {
    cursor.selection = selection.filter((id) => typeof id === "string").slice(0, maxSelection);
  }
  if (Array.isArray(view) && view.length === 2 && view.every(isFrame) && view[0] < view[1])
    cursor.view = [view[0], view[1]];
  if (typeof speed === "number" && Math.abs(speed) <= fastest) cursor.speed = speed;
  if (presenting === true) cursor.presenting = true;
  if (isRecord(text)) {
    const { scene: of, field, anchor, head } = text;
    const known = field === "title" || field === "prompt" || field === "notes";
    if (typeof of === "string" && known) cursor.text = { scene: of, field, anchor, head };
  }
  return cursor;
}

function merge(cursor: Cursor, change: { [K in keyof Cursor]: Cursor[K] | undefined }): Cursor {
  const entries = Object.entries({ ...cursor, ...change }).filter(
    ([, value]) => value !== undefined,
  );
  const next: Cursor = Object.fromEntries(entries);
  if (next.selection) next.selection = next.selection.slice(0, maxSelection);
  return next;
}

// glide starts a path for every playhead that went somewhere else.
function glide(glides: Map<number, Glide>, everybody: Presence[], now: number): void {
  const here = new Set<number>();
  for (const { client, cursor } of everybody) {
    if (cursor.playhead === undefined) continue;
    here.add(client);
    const path = glides.get(client);
    if (path?.to === cursor.playhead) continue;
    const at = positionOf(path, now) ?? cursor.playhead;
    const from = Math.abs(at - cursor.playhead) > jump ? cursor.playhead : at;
    glides.set(client, { from, to: cursor.playhead, since: now });
  }
  for (const client of glides.keys()) if (!here.has(client)) glides.delete(client);
}

function positionOf(path: Glide | undefined, now: number): number | null {
  if (!path) return null;
  const part = Math.min(1, Math.max(0, (now - path.since) / glideTime));
  return path.from + (path.to - path.from) * part;
}

function isFrame(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
