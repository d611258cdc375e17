// Who is here, where they are, and how their playheads glide.
import type { Awareness } from "y-protocols/awareness";
import type { SceneTextField } from "./schema.ts";

/** A caret or selection in a shared text: Yjs relative positions as JSON. */
export type TextCursor = { scene: string; field: SceneTextField; anchor: unknown; head: unknown };

export type Cursor = {
  scene?: string;
  clip?: string;
  playhead?: number;
  /** Ids of the clips selected. */
  selection?: string[];
  text?: TextCursor;
};

/** Somebody here, as the server vouches for them. One person with two tabs is here twice. */
export type Presence = {
  client: number;
  person: string;
  name: string;
  color: string;
  cursor: Cursor;
  following: string | null;
  self: boolean;
};

export type PresenceRoom = {
  /** Everybody here, by name then client; also this page. */
  current(): Presence[];
  /** Called when somebody comes, goes or moves. */
  subscribe(listener: (everybody: Presence[]) => void): () => void;
  /** Says where this person is; fields given as undefined are taken away. Sent at most 20 times a second. */
  setCursor(cursor: { [K in keyof Cursor]: Cursor[K] | undefined }): void;
  follow(person: string | null): void;
  /** Where a playhead should be drawn now, gliding to where it is. */
  playhead(client: number, now: number): number | null;
  close(): void;
};

export type Self = { person: string; name: string; color: string };

/** Joins the room of an awareness as somebody. */
export function openPresence(_awareness: Awareness, _self: Self): PresenceRoom {
  throw new Error("model: not written yet");
}
