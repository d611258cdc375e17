// What a person can do to a timeline. Every command is one transaction with
// the origin `local`, so that it is one step of undo and one update; each
// position is written as one register; ids never move. A command that cannot be
// done throws an EditError and has changed nothing.
import type * as Y from "yjs";
import { newId, type Random, systemRandom } from "./random.ts";
import type { Editor } from "./schema.ts";

/** An editor of a document, to hand to the commands. */
export function createEditor(doc: Y.Doc, random: Random = systemRandom): Editor {
  return { doc, random, newId: () => newId(random) };
}

export * from "./clipboard.ts";
export * from "./clips.ts";
export * from "./markers.ts";
export * from "./meta.ts";
export * from "./move.ts";
export { EditError, type Refusal } from "./refusal.ts";
export { type Settlement, settlementOf } from "./repair.ts";
export * from "./scenes.ts";
export * from "./settle.ts";
export { addTrack, deleteTrack, moveTrack, setTrack, type TrackFields } from "./tracks.ts";
export * from "./trim.ts";
