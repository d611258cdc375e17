// Undo and redo of this person's own work.
import type * as Y from "yjs";

export type UndoState = { canUndo: boolean; canRedo: boolean };

/** The undo of one document: only work with a tracked origin, never anybody else's. */
export type Undo = {
  undo(): boolean;
  redo(): boolean;
  /** The next change starts a new step. */
  cut(): void;
  /** Also undo transactions with this origin (a text editor's binding). */
  track(origin: unknown): void;
  state(): UndoState;
  subscribe(listener: (state: UndoState) => void): () => void;
  close(): void;
  /** For bindings that want it. */
  readonly manager: Y.UndoManager;
};

/** Opens the undo of a timeline document. */
export function openUndo(_doc: Y.Doc): Undo {
  throw new Error("model: not written yet");
}
