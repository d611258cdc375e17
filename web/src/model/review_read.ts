// Reading the review document, whatever was merged into it.
import * as Y from "yjs";
import { shared } from "./checks.ts";
import { maxFrames } from "./refusal.ts";
import type { Anchor, Approval, Message, Reaction, Review, Shape, Thread } from "./review.ts";
import { type Thing, thing } from "./schema.ts";

/** The last time that a Date can be, in milliseconds. */
const lastTime = 8.64e15;

/** What the two roots of a review document say. */
export function readReview(threads: Thing, approvals: Thing): Review {
  const list: Thread[] = [];
  for (const id of threads.keys()) {
    const map = thing(threads, id);
    if (map) list.push(readThread(id, map));
  }
  list.sort((a, b) => a.anchor.start - b.anchor.start || byTime(a, b));
  return { threads: list, approvals: readApprovals(approvals) };
}

function readThread(id: string, map: Thing): Thread {
  const state = record(map.get("state"));
  return {
    id,
    author: text(map.get("author")),
    created: time(map.get("created")) ?? 0,
    anchor: readAnchor(map.get("anchor")),
    status: state["status"] === "resolved" ? "resolved" : "open",
    by: typeof state["by"] === "string" ? state["by"] : null,
    at: time(state["at"]),
    messages: readMessages(map.get("messages")),
    reactions: readReactions(map.get("reactions")),
  };
}

function readAnchor(value: unknown): Anchor {
  const from = record(value);
  const on = from["on"];
  const start = Math.max(0, frame(from["start"]) ?? 0);
  const anchor: Anchor = {
    on: on === "scene" || on === "clip" || on === "render" ? on : "timeline",
    start,
    end: Math.max(start, frame(from["end"]) ?? start),
  };
  if (typeof from["id"] === "string") anchor.id = from["id"];
  if (typeof from["version"] === "string") anchor.version = from["version"];
  const shape = Array.isArray(from["shape"]) ? from["shape"].flatMap(readShape) : [];
  if (shape.length > 0) anchor.shape = shape;
  return anchor;
}

function readShape(value: unknown): Shape[] {
  const { kind, points, color } = record(value);
  if ((kind !== "stroke" && kind !== "arrow" && kind !== "rect") || !Array.isArray(points))
    return [];
  const inside = points.flatMap((point): [number, number][] => {
    if (!Array.isArray(point)) return [];
    const [x, y]: unknown[] = point;
    return typeof x === "number" && typeof y === "number" ? [[unit(x), unit(y)]] : [];
  });
  return [{ kind, points: inside, ...(typeof color === "string" ? { color } : {}) }];
}

function readMessages(value: unknown): Message[] {
  if (!(value instanceof Y.Map)) return [];
  const messages: Message[] = [];
  for (const [id, entry] of value.entries()) {
    if (!(entry instanceof Y.Map)) continue;
    const body: unknown = entry.get("body");
    messages.push({
      id,
      author: text(entry.get("author")),
      created: time(entry.get("created")) ?? 0,
      body: shared(body) ?? text(body),
      edited: time(entry.get("edited")),
    });
  }
  return messages.sort(byTime);
}

function readReactions(value: unknown): Reaction[] {
  if (!(value instanceof Y.Map)) return [];
  return [...value.keys()]
    .filter((key) => key.includes(":"))
    .sort()
    .map((key) => {
      const at = key.indexOf(":");
      return { person: key.slice(0, at), emoji: key.slice(at + 1) };
    });
}

function readApprovals(approvals: Thing): Approval[] {
  return [...approvals.entries()]
    .map(([person, value]): Approval => {
      const { version, verdict, at } = record(value);
      return {
        person,
        version: typeof version === "string" ? version : null,
        verdict: verdict === "approved" || verdict === "changes" ? verdict : "none",
        at: time(at) ?? 0,
      };
    })
    .sort((a, b) => (a.person < b.person ? -1 : 1));
}

function byTime(a: { created: number; id: string }, b: { created: number; id: string }): number {
  return a.created - b.created || (a.id < b.id ? -1 : 1);
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

// time is one that a calendar has.
function time(value: unknown): number | null {
  return typeof value === "number" && value >= 0 && value <= lastTime ? value : null;
}

function frame(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value)
    ? Math.min(maxFrames, value + 0)
    : null;
}

function unit(value: number): number {
  return Math.min(1, Math.max(0, value)) || 0;
}
