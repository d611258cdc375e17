// One project, open: its two documents, kept in this browser and on the
// server, and the truth about which changes are saved.
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";

/** `waiting` counts changes made here that the server has not acknowledged; it survives a reload. */
export type SaveState =
  | { kind: "saved" }
  | { kind: "saving"; waiting: number }
  | { kind: "offline"; waiting: number }
  | { kind: "reconnecting"; waiting: number }
  | { kind: "refused"; reason: string }
  | { kind: "signedOut" };

export type DocKind = "timeline" | "review";

export type Access = "write" | "read" | "unknown";

export type Session = {
  readonly project: string;
  readonly timeline: Y.Doc;
  readonly review: Y.Doc;
  /** Of the timeline's room. */
  readonly awareness: Awareness;
  /** Resolves when what this browser keeps is in the documents; never rejects. */
  readonly loaded: Promise<void>;
  /** Resolves when the server's state is in both documents for the first time. */
  readonly synced: Promise<void>;
  state(): SaveState;
  access(kind: DocKind): Access;
  /** Called when the save state or the access changed. */
  subscribe(listener: (state: SaveState) => void): () => void;
  /** Events of the server on the timeline's room (renders, notices). */
  onEvent(listener: (event: { type: string } & Record<string, unknown>) => void): () => void;
  /** Called when the documents were replaced (reset or refused): open the project anew, nothing of this session is of use. */
  onReset(listener: (why: "reset" | "refused", reason: string) => void): () => void;
  /** Tries to connect now instead of after the next wait. */
  reconnect(): void;
  close(): Promise<void>;
};

export type SessionOptions = {
  /** ws(s)://host/collab; default: the server of this page. */
  url?: string;
  /** Default "cookie". */
  token?: string | (() => Promise<string>);
  /** Off for a page that must leave nothing behind. Default on. */
  keep?: boolean;
  /** Whose local copy this is: two people on one browser never share one. */
  person: string;
};

/** Opens a project: from this browser at once, from the server when it can be reached. */
export function openProject(_project: string, _options: SessionOptions): Session {
  throw new Error("sync: not written yet");
}
