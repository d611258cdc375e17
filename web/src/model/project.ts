// The projection: from a timeline document to a timeline that is valid
// whatever was merged.
import type * as Y from "yjs";
import type { Live, Timeline } from "./schema.ts";

/** Projects a document. Pure: it never writes. */
export function projectTimeline(_doc: Y.Doc): Timeline {
  throw new Error("model: not written yet");
}

/** The projection of a document as it changes; only what changed is read anew, and what did not change stays the same object. */
export function openTimeline(_doc: Y.Doc): Live<Timeline> {
  throw new Error("model: not written yet");
}
