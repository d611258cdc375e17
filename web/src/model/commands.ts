// What a person can do to a timeline. Every command is one transaction with
// the origin `local`, so that it is one step of undo and one update; each
// position is written as one register; ids never move.
import type * as Y from "yjs";
import { newId, type Random, systemRandom } from "./random.ts";
import type { Editor } from "./schema.ts";

/** An editor of a document, to hand to the commands. */
export function createEditor(doc: Y.Doc, random: Random = systemRandom): Editor {
  return { doc, random, newId: () => newId(random) };
}

export * from "./clips.ts";
export * from "./scenes.ts";
