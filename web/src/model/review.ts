// Comment threads and approvals.
import type * as Y from "yjs";
import type { Random } from "./random.ts";
import type { Live } from "./schema.ts";

/** A stroke, arrow or rectangle drawn on the frame, in coordinates 0…1 of it. */
export type Shape = {
  kind: "stroke" | "arrow" | "rect";
  points: [number, number][];
  color?: string;
};

export type Anchor = {
  on: "timeline" | "scene" | "clip" | "render";
  id?: string;
  /** Frames; equal when the thread is at one frame. */
  start: number;
  end: number;
  shape?: Shape[];
  version?: string;
};

export type Message = {
  id: string;
  author: string;
  created: number;
  body: string;
  edited: number | null;
};

export type Reaction = { person: string; emoji: string };

export type Thread = {
  id: string;
  author: string;
  created: number;
  anchor: Anchor;
  status: "open" | "resolved";
  /** Who resolved or reopened it last, and when. */
  by: string | null;
  at: number | null;
  messages: Message[];
  reactions: Reaction[];
};

export type Verdict = "approved" | "changes" | "none";

export type Approval = { person: string; version: string | null; verdict: Verdict; at: number };

export type Review = { threads: Thread[]; approvals: Approval[] };

/** The review document with who writes, their clock and their chance. */
export type Reviewer = {
  readonly doc: Y.Doc;
  readonly person: string;
  readonly now: () => number;
  readonly random: Random;
};

/** A reviewer for the commands below. */
export function createReviewer(_doc: Y.Doc, _person: string): Reviewer {
  throw new Error("model: not written yet");
}
/** Threads by anchor start, then time; messages by time. */
export function listReview(_doc: Y.Doc): Review {
  throw new Error("model: not written yet");
}
/** The review as it changes. */
export function openReview(_doc: Y.Doc): Live<Review> {
  throw new Error("model: not written yet");
}
/** Starts a thread with its first message. Returns the thread's id. */
export function addThread(_reviewer: Reviewer, _anchor: Anchor, _body: string): string {
  throw new Error("model: not written yet");
}
/** Adds a message. Returns its id, or null when the thread is gone. */
export function reply(_reviewer: Reviewer, _thread: string, _body: string): string | null {
  throw new Error("model: not written yet");
}
export function resolveThread(_reviewer: Reviewer, _thread: string): void {
  throw new Error("model: not written yet");
}
export function reopenThread(_reviewer: Reviewer, _thread: string): void {
  throw new Error("model: not written yet");
}
export function editMessage(
  _reviewer: Reviewer,
  _thread: string,
  _message: string,
  _body: string,
): void {
  throw new Error("model: not written yet");
}
/** Takes a message away; a thread without messages goes with its last one. */
export function deleteMessage(_reviewer: Reviewer, _thread: string, _message: string): void {
  throw new Error("model: not written yet");
}
export function deleteThread(_reviewer: Reviewer, _thread: string): void {
  throw new Error("model: not written yet");
}
/** Adds or takes back one's own reaction. */
export function toggleReaction(_reviewer: Reviewer, _thread: string, _emoji: string): void {
  throw new Error("model: not written yet");
}
export function setApproval(_reviewer: Reviewer, _verdict: Verdict, _version: string | null): void {
  throw new Error("model: not written yet");
}
