// What an open project offers, and how one is opened.
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import type { ServerEvent } from "./frames.ts";
import type { Why } from "./rescue.ts";

/** `waiting` counts changes made here that the server has not acknowledged; it survives a reload. */
export type SaveState =
  | { kind: "saved" }
  | { kind: "saving"; waiting: number }
  /** The server is there, but its storage fails: it shares changes and cannot keep them yet. */
  | { kind: "held"; waiting: number }
  | { kind: "offline"; waiting: number }
  | { kind: "reconnecting"; waiting: number }
  /** `anew`: the project is about to be opened anew, see `onReset`. */
  | { kind: "refused"; reason: string; anew?: true }
  | { kind: "signedOut"; waiting: number };

export type DocKind = "timeline" | "review";

export type Access = "write" | "read" | "unknown";

/** An open project. */
export type Session = {
  readonly project: string;
  readonly timeline: Y.Doc;
  readonly review: Y.Doc;
  /** Of the timeline's room. */
  readonly awareness: Awareness;
  /** Resolves when what this browser keeps is in the documents; never rejects. */
  readonly loaded: Promise<void>;
  /** Resolves when both sides have what the other had, for the first time; not before the server was reached. */
  readonly synced: Promise<void>;
  state(): SaveState;
  /** Whether changes are kept in this browser: false where it keeps nothing. */
  kept(): boolean;
  access(kind: DocKind): Access;
  /** Called when the save state or the access changed. */
  subscribe(listener: (state: SaveState) => void): () => void;
  /** Events of the server on the timeline's room (renders, notices). */
  onEvent(listener: (event: ServerEvent) => void): () => void;
  /**
   * Called when the local copy was dropped, and kept as a rescue: the document was
   * reset, or a change of this page was refused or too large. Close this session
   * and open the project anew; nothing of this session is of use.
   */
  onReset(listener: (why: Why, reason: string) => void): () => void;
  /** Tries to connect now instead of after the next wait; also after signing in again. */
  reconnect(): void;
  /** Stops; what waits stays kept for the next time. */
  close(): Promise<void>;
};

/** How to open a project. */
export type SessionOptions = {
  /** Whose local copy this is: two people on one browser never share one. */
  person: string;
  /** ws(s)://host/collab; default: the server of this page. */
  url?: string;
  /** Default "cookie": the session of this page. */
  token?: string | (() => Promise<string>);
  /** Off for a page that must leave nothing behind. Default on. */
  keep?: boolean;
  /** The kind of socket, where the platform's own will not do (tests). */
  socket?: typeof WebSocket;
};
