// Undo and redo of this person's own work.
import * as Y from "yjs";
import { local, roots } from "./schema.ts";

/** Changes that follow each other within this time, in milliseconds, are one step. */
const stepTime = 400;

/** Whether there is something to undo and to redo. */
export type UndoState = { canUndo: boolean; canRedo: boolean };

/** The undo of one document: only work with a tracked origin, never anybody else's. */
export type Undo = {
  undo(): boolean;
  redo(): boolean;
  /** The next change starts a new step. */
  cut(): void;
  /** Also undo transactions with this origin (a text editor's binding). */
  track(origin: unknown): void;
  /** No longer record this origin; what it did can still be undone. */
  untrack(origin: unknown): void;
  state(): UndoState;
  subscribe(listener: (state: UndoState) => void): () => void;
  close(): void;
  /** For bindings that want it. */
  readonly manager: Y.UndoManager;
};

/**
 * Opens the undo of a timeline document. A command is a step of its own;
 * typing in a tracked text joins into steps while it goes on.
 */
export function openUndo(doc: Y.Doc): Undo {
  const scope = [
    roots.meta(doc),
    roots.scenes(doc),
    roots.tracks(doc),
    roots.clips(doc),
    roots.markers(doc),
  ];
  const manager = new Y.UndoManager(scope, {
    trackedOrigins: new Set<unknown>([local]),
    captureTimeout: stepTime,
  });
  const listeners = new Set<(state: UndoState) => void>();
  const state = () => ({ canUndo: manager.canUndo(), canRedo: manager.canRedo() });
  let told = state();
  const tell = () => {
    const now = state();
    if (now.canUndo === told.canUndo && now.canRedo === told.canRedo) return;
    told = now;
    for (const listener of [...listeners]) listener(now);
  };
  // A command begins a step, and what is typed after it begins another.
  const onBefore = (transaction: Y.Transaction) => {
    if (transaction.origin === local) manager.stopCapturing();
  };
  const onAfter = (transaction: Y.Transaction) => {
    if (transaction.origin === local) manager.stopCapturing();
  };
  doc.on("beforeTransaction", onBefore);
  doc.on("afterTransaction", onAfter);
  manager.on("stack-item-added", tell);
  manager.on("stack-item-popped", tell);
  manager.on("stack-cleared", tell);
  return {
    undo: () => manager.undo() !== null,
    redo: () => manager.redo() !== null,
    cut: () => manager.stopCapturing(),
    track: (origin) => manager.addTrackedOrigin(origin),
    untrack: (origin) => manager.removeTrackedOrigin(origin),
    state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      doc.off("beforeTransaction", onBefore);
      doc.off("afterTransaction", onAfter);
      listeners.clear();
      manager.destroy();
    },
    manager,
  };
}
