// What this browser keeps of a project: each update as a row, and beside it a
// mark for each change made here that the server has not acknowledged. Both
// are written in one transaction, so that neither is there without the other.

export type Kind = "timeline" | "review";

/** What was kept: the updates of each document, and how many changes wait. */
export type Kept = Record<Kind, { updates: Uint8Array[]; waiting: number }>;

/** A project's rows. Writing is queued and in order; `onError` hears when it stopped working. */
export type Store = {
  readonly kept: Kept;
  /** Adds an update; `own` marks it as waiting for the server. */
  add(kind: Kind, update: Uint8Array, own: boolean): void;
  /** Takes away the marks of the oldest changes of this page, and of those from before it. */
  settle(kind: Kind, settled: { changes: number; before: boolean }): void;
  /** Puts one row in place of all that this page knows of. */
  compact(kind: Kind, state: Uint8Array): void;
  /** How many rows this page knows of. */
  rows(kind: Kind): number;
  /** What other pages wrote since this one read. */
  strays(): Promise<Strays>;
  /** Takes away the marks of strays that the server has. */
  unmark(strays: Strays): void;
  /** Takes away all of some documents that this page knows of. Rows that another page wrote stay. */
  drop(kinds: readonly Kind[]): void;
  /** Resolves when everything queued is written. */
  flush(): Promise<void>;
  close(): Promise<void>;
};

/** Updates that other pages of this browser kept, and marks of those that wait for the server. */
export type Strays = { updates: Record<Kind, Uint8Array[]>; marks: IDBValidKey[] };

type Op =
  | { op: "unmark"; marks: readonly IDBValidKey[] }
  | { op: "add"; kind: Kind; update: Uint8Array; own: boolean }
  | { op: "settle"; kind: Kind; changes: number; before: boolean }
  | { op: "compact"; kind: Kind; state: Uint8Array }
  | { op: "drop"; kinds: readonly Kind[] };

// Keys of the rows and marks that this page knows of, oldest first.
type Known = Record<Kind, { rows: IDBValidKey[]; own: IDBValidKey[]; before: IDBValidKey[] }>;

const kinds: readonly Kind[] = ["timeline", "review"];
const marks = "waiting";
const version = 1;

/** The name of the database of a person's project. */
export function storeName(person: string, project: string): string {
  return `soratoo/${person}/${project}`;
}

/** Opens a project's rows and reads them. Rejects when the browser keeps nothing. */
export async function openStore(name: string, onError: (error: unknown) => void): Promise<Store> {
  const db = await openDatabase(name);
  const { kept, known } = await read(db);
  let queue: Op[] = [];
  let writing: Promise<void> | null = null;
  let broken = false;

  const write = async () => {
    while (queue.length > 0 && !broken) {
      const batch = queue;
      queue = [];
      try {
        await apply(db, known, batch);
      } catch (error) {
        broken = true;
        onError(error);
      }
    }
    writing = null;
  };
  const push = (op: Op) => {
    if (broken) return;
    queue.push(op);
    writing ??= Promise.resolve().then(write);
  };
  const flush = async () => {
    while (writing) await writing;
  };
  return {
    kept,
    add: (kind, update, own) => push({ op: "add", kind, update, own }),
    settle: (kind, settled) => push({ op: "settle", kind, ...settled }),
    compact: (kind, state) => push({ op: "compact", kind, state }),
    rows: (kind) => known[kind].rows.length,
    strays: () => readStrays(db, known),
    unmark: ({ marks }) => push({ op: "unmark", marks }),
    drop: (which) => push({ op: "drop", kinds: which }),
    flush,
    async close() {
      await flush();
      broken = true;
      db.close();
    },
  };
}

/**
 * Takes away what this browser keeps for a person who signs out: every project
 * in which nothing waits for the server. What waits stays for their return. A
 * browser that keeps nothing has nothing to forget.
 */
export async function forgetSaved(person: string): Promise<void> {
  const prefix = storeName(person, "");
  const databases =
    typeof indexedDB === "undefined" ? [] : await indexedDB.databases().catch(() => []);
  for (const { name } of databases) if (name?.startsWith(prefix)) await forget(name);
}

async function forget(name: string): Promise<void> {
  const db = await openDatabase(name);
  const waiting = await done(db.transaction(marks, "readonly").objectStore(marks).count());
  db.close();
  if (waiting === 0) await done(indexedDB.deleteDatabase(name));
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, version);
  request.onupgradeneeded = () => {
    for (const store of [...kinds, marks])
      request.result.createObjectStore(store, { autoIncrement: true });
  };
  return done(request).then((db) => {
    // Somebody takes the database away: let them.
    db.onversionchange = () => db.close();
    return db;
  });
}

async function read(db: IDBDatabase): Promise<{ kept: Kept; known: Known }> {
  const transaction = db.transaction([...kinds, marks], "readonly");
  const known: Known = {
    timeline: { rows: [], own: [], before: [] },
    review: { rows: [], own: [], before: [] },
  };
  const kept: Kept = { timeline: { updates: [], waiting: 0 }, review: { updates: [], waiting: 0 } };
  const waiting = transaction.objectStore(marks);
  const [markKeys, markKinds] = await Promise.all([
    done(waiting.getAllKeys()),
    done<unknown[]>(waiting.getAll()),
  ]);
  for (const kind of kinds) {
    const rows = transaction.objectStore(kind);
    const [keys, values] = await Promise.all([
      done(rows.getAllKeys()),
      done<unknown[]>(rows.getAll()),
    ]);
    known[kind].rows = keys;
    kept[kind].updates = values.filter((value) => value instanceof Uint8Array);
    known[kind].before = markKeys.filter((_, i) => markKinds[i] === kind);
    kept[kind].waiting = known[kind].before.length;
  }
  return { kept, known };
}

async function readStrays(db: IDBDatabase, known: Known): Promise<Strays> {
  const transaction = db.transaction([...kinds, marks], "readonly");
  const strays: Strays = {
    updates: { timeline: [], review: [] },
    marks: await done(transaction.objectStore(marks).getAllKeys()),
  };
  const ours = new Set(kinds.flatMap((kind) => [...known[kind].own, ...known[kind].before]));
  strays.marks = strays.marks.filter((key) => !ours.has(key));
  if (strays.marks.length === 0) return strays;
  for (const kind of kinds) {
    const rows = transaction.objectStore(kind);
    const [keys, values] = await Promise.all([
      done(rows.getAllKeys()),
      done<unknown[]>(rows.getAll()),
    ]);
    const read = new Set(known[kind].rows);
    for (const [i, value] of values.entries()) {
      const key = keys[i];
      if (key !== undefined && !read.has(key) && value instanceof Uint8Array)
        strays.updates[kind].push(value);
    }
  }
  return strays;
}

async function apply(db: IDBDatabase, known: Known, batch: Op[]): Promise<void> {
  const transaction = db.transaction([...kinds, marks], "readwrite");
  const finished = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
  const ended = finished.then(
    () => null,
    (error: unknown) => ({ error }),
  );
  for (const op of batch) await applyOne(transaction, known, op);
  const failure = await ended;
  if (failure) throw failure.error;
}

async function applyOne(transaction: IDBTransaction, known: Known, op: Op): Promise<void> {
  const waiting = transaction.objectStore(marks);
  switch (op.op) {
    case "add": {
      const keys = known[op.kind];
      keys.rows.push(await done(transaction.objectStore(op.kind).add(op.update)));
      if (op.own) keys.own.push(await done(waiting.add(op.kind)));
      return;
    }
    case "settle": {
      const keys = known[op.kind];
      const settled = keys.own.splice(0, op.changes);
      if (op.before) settled.push(...keys.before.splice(0));
      for (const key of settled) await done(waiting.delete(key));
      return;
    }
    case "compact": {
      const rows = transaction.objectStore(op.kind);
      const old = known[op.kind].rows;
      known[op.kind].rows = [await done(rows.add(op.state))];
      for (const key of old) await done(rows.delete(key));
      return;
    }
    case "unmark":
      for (const key of op.marks) await done(waiting.delete(key));
      return;
    case "drop":
      for (const kind of op.kinds) {
        for (const key of known[kind].rows.splice(0))
          await done(transaction.objectStore(kind).delete(key));
        const all = [...known[kind].own.splice(0), ...known[kind].before.splice(0)];
        for (const key of all) await done(waiting.delete(key));
      }
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
