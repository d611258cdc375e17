// Copies of what a page had to drop because the server did not take it, or began
// the document anew. They stay in a database of their own, apart from the project's
// rows, until their person discards them; signing out leaves them.
import * as Y from "yjs";
import type { Kind } from "./store.ts";

/** Why a page had to drop its documents. */
export type Why = "refused" | "reset" | "tooLarge";

/** What a page had to drop: whole documents, with how many changes of them waited for the server. */
export type Dropped = {
  why: Why;
  /** As the server said it. */
  reason: string;
  at: number;
  waiting: number;
  states: Partial<Record<Kind, Uint8Array>>;
};

/** A copy that was kept. */
export type Rescue = Dropped & {
  id: number;
  /** Keys of what was brought back of it. */
  brought: string[];
  /** Whether it is in the browser; false: only in this page, until it is closed. */
  written: boolean;
};

/** A project keeps so many copies and bytes of them; then the oldest go. */
export const maxCopies = 10;
export const maxBytes = 64 * 2 ** 20;

/** Copies of pages that were refused within this time are made one if they can; in milliseconds. */
const together = 10 * 60_000;

const copies = "copies";

// Copies that could not be written, or must not be, by database.
const unwritten = new Map<string, Rescue[]>();
let last = 0;

/** The name of the database of a person's copies of a project. */
export function rescueName(person: string, project: string): string {
  return `soratoo-rescue/${person}/${project}`;
}

/**
 * Keeps a copy; resolves to whether it is in the browser. One that cannot be
 * written there, or shall not be (`write`), stays in this page. Several tabs that
 * had to drop the same leave one copy.
 */
export async function keepRescue(name: string, dropped: Dropped, write: boolean): Promise<boolean> {
  if (write) {
    try {
      await change(name, (all) => add(all, { ...dropped, id: 0, brought: [], written: true }));
      return true;
    } catch {
      // A browser that keeps nothing, or is full.
    }
  }
  const fresh: Rescue = { ...dropped, id: --last, brought: [], written: false };
  unwritten.set(name, add(unwritten.get(name) ?? [], fresh));
  return false;
}

/** All copies of a project, the newest first. Never rejects. */
export async function listRescues(name: string): Promise<Rescue[]> {
  const written = await existing(name).catch(() => []);
  return [...written, ...(unwritten.get(name) ?? [])].sort((a, b) => b.at - a.at);
}

/** Whether the rows of a project must not be read in this page: what it had to drop is still in them. */
export function heldBack(name: string): boolean {
  return unwritten.has(name);
}

/** Notes what was brought back of a copy. */
export async function markBrought(
  name: string,
  id: number,
  keys: readonly string[],
): Promise<void> {
  const mark = (all: Rescue[]) =>
    all.map((copy) =>
      copy.id === id ? { ...copy, brought: [...new Set([...copy.brought, ...keys])] } : copy,
    );
  if (id < 0) unwritten.set(name, mark(unwritten.get(name) ?? []));
  else await change(name, mark);
}

/** Throws a copy away. */
export async function discardRescue(name: string, id: number): Promise<void> {
  const others = (all: Rescue[]) => all.filter((copy) => copy.id !== id);
  if (id >= 0) await change(name, others);
  // The list stays, though empty: the rows are still not to be read.
  else unwritten.set(name, others(unwritten.get(name) ?? []));
}

// add puts a copy to those that there are. It goes into one that another page just
// left of the same, unless they contradict each other; the oldest make room.
function add(all: readonly Rescue[], fresh: Rescue): Rescue[] {
  if (size(fresh) > maxBytes && fresh.written) throw new Error("the copy is too large to keep");
  const others = [...all].sort((a, b) => a.at - b.at);
  const partner = others.findLast(
    ({ why, at, brought }) =>
      why === fresh.why && brought.length === 0 && fresh.at - at <= together,
  );
  const states = partner && mergeStates(partner.states, fresh.states);
  if (partner && states) {
    others.splice(others.indexOf(partner), 1);
    const waiting = Math.max(partner.waiting, fresh.waiting);
    others.push({ ...partner, reason: fresh.reason, at: fresh.at, waiting, states });
  } else others.push(fresh);
  let bytes = others.reduce((sum, copy) => sum + size(copy), 0);
  while (others.length > 1 && (others.length > maxCopies || bytes > maxBytes)) {
    const oldest = others.shift();
    bytes -= oldest ? size(oldest) : 0;
  }
  return others;
}

function size({ states }: Dropped): number {
  return Object.values(states).reduce((sum, state) => sum + state.length, 0);
}

function mergeStates(a: Dropped["states"], b: Dropped["states"]): Dropped["states"] | null {
  const all = { ...a, ...b };
  for (const kind of ["timeline", "review"] as const) {
    const [left, right] = [a[kind], b[kind]];
    if (!left || !right) continue;
    const state = mergeState(left, right);
    if (!state) return null;
    all[kind] = state;
  }
  return all;
}

// mergeState makes one state of two; null when the same client wrote different
// things in them, so that which of them is there depends on which came first.
function mergeState(a: Uint8Array, b: Uint8Array): Uint8Array | null {
  const docs = [
    [a, b],
    [b, a],
  ].map((updates) => {
    const doc = new Y.Doc();
    for (const update of updates) Y.applyUpdate(doc, update);
    return doc;
  });
  const [left, right] = docs;
  try {
    if (!left || !right || canonical(left) !== canonical(right)) return null;
    return Y.encodeStateAsUpdate(left);
  } catch {
    return null; // nested too deeply to be compared
  } finally {
    for (const doc of docs) doc.destroy();
  }
}

function canonical(doc: Y.Doc): string {
  const roots = [...doc.share.keys()].sort().map((root) => [root, doc.getMap(root).toJSON()]);
  return JSON.stringify(roots, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
      : value,
  );
}

// existing reads without making a database where there is none.
async function existing(name: string): Promise<Rescue[]> {
  if (typeof indexedDB === "undefined") return [];
  // Some browsers cannot tell which databases they have.
  const found = "databases" in indexedDB ? await indexedDB.databases() : [{ name }];
  if (!found.some((database) => database.name === name)) return [];
  const db = await open(name);
  try {
    return await done<Rescue[]>(db.transaction(copies).objectStore(copies).getAll());
  } finally {
    db.close();
  }
}

// change replaces the copies in one transaction, so that two pages do not undo
// each other's work; it resolves when they are written.
async function change(name: string, replace: (all: Rescue[]) => Rescue[]): Promise<void> {
  const db = await open(name);
  try {
    const transaction = db.transaction(copies, "readwrite", { durability: "strict" });
    const written = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    written.catch(() => undefined); // heard below
    const store = transaction.objectStore(copies);
    const all = await done<Rescue[]>(store.getAll());
    try {
      const next = replace(all);
      const kept = new Set(next.map(({ id }) => id));
      for (const { id } of all) if (!kept.has(id)) store.delete(id);
      for (const { id, ...copy } of next) store.put(id > 0 ? { ...copy, id } : copy);
    } catch (error) {
      transaction.abort();
      throw error;
    }
    await written;
  } finally {
    db.close();
  }
}

function open(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(copies, { keyPath: "id", autoIncrement: true });
  };
  return done(request).then((db) => {
    // Somebody takes the database away: let them.
    db.onversionchange = () => db.close();
    return db;
  });
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
