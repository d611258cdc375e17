// Versions in words.
import type { Change, Thing } from "../../sync/versions.ts";
import type { Messages } from "../messages.ts";

/** So many changes are said of a version. */
const said = 4;

/** What was done, as a sentence. */
export function changesInWords(changes: readonly Change[], text: Messages, most = said): string {
  const words = changes
    .slice(0, most)
    .map(({ kind, count, names }) => text.say[kind]?.(count, names[0] ?? {}) ?? "");
  if (changes.length > most) words.push(text.nothingElse);
  const sentence = words.filter(Boolean).join(", ");
  return sentence.charAt(0).toLocaleUpperCase() + sentence.slice(1);
}

/** What a thing is called. */
export function thingName({ root, name, number }: Thing, text: Messages): string {
  if (root === "meta") return name;
  const scene = number ? text.sceneShort(number) : "";
  return [scene, name].filter(Boolean).join(" · ") || text.unnamed;
}

/** The day of a time, as a heading. */
export function dayOf(iso: string, language: string): string {
  return new Date(iso).toLocaleDateString(language, {
    weekday: "long",
    day: "numeric",
    month: "long",
  });
}

/** A value of a field as short text. */
export function valueInWords(value: unknown): string {
  if (value === undefined || value === null || value === "") return "—";
  if (typeof value === "object") {
    return Object.entries(value)
      .filter(([key, v]) => v !== null && !hidden.has(key))
      .map(([key, v]) => (Array.isArray(value) ? String(v) : `${key} ${valueInWords(v)}`))
      .join(Array.isArray(value) ? " × " : ", ");
  }
  return String(value);
}

/** What nobody reads: ids and orders. */
const hidden = new Set(["order", "track", "clip", "scene", "asset"]);
