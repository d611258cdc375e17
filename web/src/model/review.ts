// Comment threads and approvals.
import * as Y from "yjs";
import { newId, type Random, systemRandom } from "./random.ts";
import { readReview } from "./review_read.ts";
import { type Live, local, type Thing, thing } from "./schema.ts";

/** A stroke, arrow or rectangle drawn on the frame, in coordinates 0…1 of it. */
export type Shape = {
  kind: "stroke" | "arrow" | "rect";
  points: [number, number][];
  color?: string;
};

/** What a thread is about. */
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

/** The review document as it is shown. */
export type Review = { threads: Thread[]; approvals: Approval[] };

/** The review document with who writes, their clock and their chance. */
export type Reviewer = {
  readonly doc: Y.Doc;
  readonly person: string;
  readonly now: () => number;
  readonly random: Random;
};

/** A reviewer for the commands below. */
export function createReviewer(doc: Y.Doc, person: string): Reviewer {
  return { doc, person, now: Date.now, random: systemRandom };
}

/** Threads by anchor start, then time; messages by time. */
export function listReview(doc: Y.Doc): Review {
  return readReview(threads(doc), doc.getMap("approvals"));
}

/** The review as it changes; listeners are called once for all changes of one turn of the event loop. */
export function openReview(doc: Y.Doc): Live<Review> {
  const maps = [threads(doc), doc.getMap("approvals")];
  const listeners = new Set<(value: Review) => void>();
  let value: Review | null = null;
  let telling = false;
  const current = () => {
    value ??= listReview(doc);
    return value;
  };
  const tell = () => {
    if (!telling) return;
    telling = false;
    const now = current();
    for (const listener of [...listeners]) listener(now);
  };
  const onChange = () => {
    value = null;
    if (!telling) queueMicrotask(tell);
    telling = true;
  };
  for (const map of maps) map.observeDeep(onChange);
  return {
    current,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      telling = false;
      for (const map of maps) map.unobserveDeep(onChange);
      listeners.clear();
    },
  };
}

/** Starts a thread with its first message. Returns the thread's id. */
export function addThread(reviewer: Reviewer, anchor: Anchor, body: string): string {
  const id = newId(reviewer.random);
  const created = reviewer.now();
  reviewer.doc.transact(() => {
    const messages = new Y.Map<unknown>([[newId(reviewer.random), message(reviewer, body)]]);
    const thread = new Y.Map<unknown>([
      ["author", reviewer.person],
      ["created", created],
      ["anchor", anchor],
      ["state", { status: "open", by: reviewer.person, at: created }],
      ["messages", messages],
      ["reactions", new Y.Map()],
    ]);
    threads(reviewer.doc).set(id, thread);
  }, local);
  return id;
}

/** Adds a message. Returns its id, or null when the thread is gone. */
export function reply(reviewer: Reviewer, thread: string, body: string): string | null {
  const messages = messagesOf(reviewer, thread);
  if (!messages) return null;
  const id = newId(reviewer.random);
  reviewer.doc.transact(() => messages.set(id, message(reviewer, body)), local);
  return id;
}

/** Says that a thread is done with. */
export function resolveThread(reviewer: Reviewer, thread: string): void {
  setState(reviewer, thread, "resolved");
}

/** Says that a thread is not done with after all. */
export function reopenThread(reviewer: Reviewer, thread: string): void {
  setState(reviewer, thread, "open");
}

/** Replaces what a message says, as its author sees it: only the part that differs is written. */
export function editMessage(reviewer: Reviewer, thread: string, id: string, body: string): void {
  const entry = thing(messagesOf(reviewer, thread) ?? new Y.Map(), id);
  const text = entry?.get("body");
  if (!entry || !(text instanceof Y.Text) || text.toString() === body) return;
  reviewer.doc.transact(() => {
    replace(text, body);
    entry.set("edited", reviewer.now());
  }, local);
}

/** Takes a message away; a thread without messages goes with its last one. */
export function deleteMessage(reviewer: Reviewer, thread: string, id: string): void {
  const messages = messagesOf(reviewer, thread);
  if (!messages?.has(id)) return;
  reviewer.doc.transact(() => {
    if (messages.size > 1) messages.delete(id);
    else threads(reviewer.doc).delete(thread);
  }, local);
}

/** Takes a thread away. */
export function deleteThread(reviewer: Reviewer, thread: string): void {
  reviewer.doc.transact(() => threads(reviewer.doc).delete(thread), local);
}

/** Adds or takes back one's own reaction. */
export function toggleReaction(reviewer: Reviewer, thread: string, emoji: string): void {
  const reactions = thing(threads(reviewer.doc), thread)?.get("reactions");
  if (!(reactions instanceof Y.Map)) return;
  const key = `${reviewer.person}:${emoji}`;
  reviewer.doc.transact(() => {
    if (reactions.has(key)) reactions.delete(key);
    else reactions.set(key, true);
  }, local);
}

/** Gives one's verdict on a version (null: on what is there now). */
export function setApproval(reviewer: Reviewer, verdict: Verdict, version: string | null): void {
  const approval = { version, verdict, at: reviewer.now() };
  reviewer.doc.transact(
    () => reviewer.doc.getMap("approvals").set(reviewer.person, approval),
    local,
  );
}

function threads(doc: Y.Doc): Thing {
  return doc.getMap("threads");
}

function messagesOf(reviewer: Reviewer, thread: string): Thing | undefined {
  const messages = thing(threads(reviewer.doc), thread)?.get("messages");
  return messages instanceof Y.Map ? messages : undefined;
}

function message(reviewer: Reviewer, body: string): Y.Map<unknown> {
  return new Y.Map<unknown>([
    ["author", reviewer.person],
    ["created", reviewer.now()],
    ["body", new Y.Text(body)],
  ]);
}

function setState(reviewer: Reviewer, thread: string, status: "open" | "resolved"): void {
  const map = thing(threads(reviewer.doc), thread);
  if (!map) return;
  const state = { status, by: reviewer.person, at: reviewer.now() };
  reviewer.doc.transact(() => map.set("state", state), local);
}

// replace rewrites the middle of a text, between what both have in common.
function replace(text: Y.Text, next: string): void {
  const old = text.toString();
  let head = 0;
  while (head < Math.min(old.length, next.length) && old[head] === next[head]) head++;
  let tail = 0;
  const most = Math.min(old.length, next.length) - head;
  while (tail < most && old[old.length - 1 - tail] === next[next.length - 1 - tail]) tail++;
  // Never between the halves of a surrogate pair.
  if (head > 0 && isHigh(old.charCodeAt(head - 1))) head--;
  if (tail > 0 && isLow(old.charCodeAt(old.length - tail))) tail--;
  if (old.length - tail > head) text.delete(head, old.length - tail - head);
  if (next.length - tail > head) text.insert(head, next.slice(head, next.length - tail));
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
