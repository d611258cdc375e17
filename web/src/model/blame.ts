// Who wrote what: each letter and each register of a document knows the client
// that wrote it.
import type * as Y from "yjs";
import { roots } from "./schema.ts";

/** A part of a text that one client wrote, in UTF-16 units. */
export type Written = { from: number; to: number; client: number };

/** The parts of a text by who wrote them, in order. */
export function writtenBy(text: Y.Text): Written[] {
  const parts: Written[] = [];
  let at = 0;
  for (let item = text._start; item !== null; item = item.right) {
    if (item.deleted || !item.countable) continue;
    const last = parts.at(-1);
    if (last?.client === item.id.client) last.to += item.length;
    else parts.push({ from: at, to: at + item.length, client: item.id.client });
    at += item.length;
  }
  return parts;
}

/** What of a clip a person can have changed, and the client that did so last. */
export type ClipWriters = Partial<Record<"made" | "place" | "span" | "text", number>>;

/** Who made a clip, and who last moved it, trimmed it and wrote in it. */
export function clipWriters(doc: Y.Doc, clip: string): ClipWriters {
  const item = roots.clips(doc)._map.get(clip);
  const map = roots.clips(doc).get(clip) as Y.Map<unknown> | undefined;
  if (!item || item.deleted || !map) return {};
  const made = item.id.client;
  const writers: ClipWriters = { made };
  for (const key of ["place", "span"] as const) {
    const register = map._map.get(key);
    if (register && !register.deleted && register.id.client !== made) {
      writers[key] = register.id.client;
    }
  }
  const text = map.get("text") as Y.Text | undefined;
  const last = text?._start ? writtenBy(text).at(-1) : undefined;
  if (last && last.client !== made) writers.text = last.client;
  return writers;
}
