// The projection: from a timeline document to a timeline that is valid
// whatever was merged. Registers are read one entry at a time and kept until
// they change; layout runs over all of them, which is cheap.
import * as Y from "yjs";
import { type Entries, emptyMemory, layOut, type Memory, recovered } from "./layout.ts";
import { byOrder } from "./order.ts";
import * as read from "./read.ts";
import { byRepair, repair } from "./repair.ts";
import { type Live, type Repair, roots, type Scene, type Thing, type Timeline } from "./schema.ts";

/** Projects a document. Pure: it never writes. */
export function projectTimeline(doc: Y.Doc): Timeline {
  const reader = createReader(doc);
  return assemble(reader.entries, reader.repairs(), emptyMemory());
}

/**
 * The projection of a document as it changes; only what changed is read anew,
 * and what did not change stays the same object. Listeners are called once
 * for all changes of one turn of the event loop.
 */
export function openTimeline(doc: Y.Doc): Live<Timeline> {
  const { current, watch } = followed(doc);
  const listeners = new Set<(value: Timeline) => void>();
  let telling = false;
  const tell = () => {
    if (!telling) return;
    telling = false;
    const now = current();
    for (const listener of [...listeners]) listener(now);
  };
  const stop = watch(() => {
    if (!telling) queueMicrotask(tell);
    telling = true;
  });
  return {
    current,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      stop();
      telling = false;
      listeners.clear();
    },
  };
}

/**
 * The projection of a document now, also in the middle of a transaction, kept
 * up to date with it from the first call on.
 */
export function timelineOf(doc: Y.Doc): Timeline {
  return followed(doc).current();
}

type Followed = { current(): Timeline; watch(changed: () => void): () => void };

// One projection a document, for everybody who follows it, as long as it lives.
const all = new WeakMap<Y.Doc, Followed>();

function followed(doc: Y.Doc): Followed {
  let found = all.get(doc);
  if (!found) {
    found = follow(doc);
    all.set(doc, found);
  }
  return found;
}

function follow(doc: Y.Doc): Followed {
  const reader = createReader(doc);
  const memory = emptyMemory();
  let value = assemble(reader.entries, reader.repairs(), memory);
  let stale = false;
  const watchers = new Set<() => void>();
  reader.watch(() => {
    stale = true;
    for (const changed of [...watchers]) changed();
  });
  return {
    current() {
      // Nobody is told of changes before their transaction ends.
      if (doc._transaction !== null && doc._transaction.changed.size > 0) {
        reader.look(doc._transaction.changed);
        stale = true;
      }
      if (stale) {
        value = keep(value, assemble(reader.entries, reader.repairs(), memory));
        stale = false;
      }
      return value;
    },
    watch(changed) {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
  };
}

type Raw = { repairs: Repair[] };

type MutableEntries = {
  meta: read.RawMeta;
  scenes: Map<string, read.RawScene>;
  tracks: Map<string, read.RawTrack>;
  clips: Map<string, read.RawClip>;
  markers: Map<string, read.RawMarker>;
};

type Reader = {
  entries: Entries & { meta: read.RawMeta };
  repairs(): Repair[];
  watch(changed: () => void): void;
  /** Reads again what a transaction has changed so far. */
  look(changed: Y.Transaction["changed"]): void;
};

// createReader holds what was read of each entry, and reads an entry again
// when something inside it changed.
function createReader(doc: Y.Doc): Reader {
  const meta = roots.meta(doc);
  const entries: MutableEntries = {
    meta: read.readMeta(meta),
    scenes: new Map(),
    tracks: new Map(),
    clips: new Map(),
    markers: new Map(),
  };
  const strange = new Map<string, Repair>();
  const kinds = [
    collect("scenes", roots.scenes(doc), entries.scenes, read.readScene),
    collect("tracks", roots.tracks(doc), entries.tracks, read.readTrack),
    collect("clips", roots.clips(doc), entries.clips, read.readClip),
    collect("markers", roots.markers(doc), entries.markers, read.readMarker),
  ];

  function collect<T extends Raw>(
    root: Repair["root"],
    map: Thing,
    into: Map<string, T>,
    parse: (id: string, map: Thing) => T,
  ) {
    const refresh = (id: string) => {
      strange.delete(`${root}/${id}`);
      const value = map.get(id);
      if (value instanceof Y.Map && !(root === "tracks" && id === recovered))
        into.set(id, parse(id, value));
      else into.delete(id);
      if (map.has(id) && !into.has(id))
        strange.set(`${root}/${id}`, repair("ignored", root, id, "ignored"));
    };
    for (const id of map.keys()) refresh(id);
    return { map, refresh };
  }

  return {
    entries,
    repairs() {
      const all = [...entries.meta.repairs, ...strange.values()];
      for (const kind of [entries.scenes, entries.tracks, entries.clips, entries.markers]) {
        for (const raw of kind.values()) if (raw.repairs.length > 0) all.push(...raw.repairs);
      }
      return all;
    },
    look(changed) {
      for (const [type, keys] of changed) {
        const { root, id } = entryOf(type);
        if (root === meta) entries.meta = read.readMeta(meta);
        const kind = kinds.find(({ map }) => map === root);
        for (const key of id === null ? keys : [id]) if (key !== null) kind?.refresh(key);
      }
    },
    watch(changed) {
      meta.observeDeep(() => {
        entries.meta = read.readMeta(meta);
        changed();
      });
      for (const { map, refresh } of kinds) {
        map.observeDeep((events) => {
          for (const id of touched(events)) refresh(id);
          changed();
        });
      }
    },
  };
}

// entryOf finds the root that a type is in, and the entry; null for the root itself.
function entryOf(type: unknown): { root: unknown; id: string | null } {
  let id: string | null = null;
  let root = type;
  while (root instanceof Y.AbstractType && root._item !== null) {
    id = root._item.parentSub;
    root = root._item.parent;
  }
  return { root, id };
}

// touched names the entries of a root that something happened in.
function touched(events: Y.YEvent<Y.AbstractType<unknown>>[]): Set<string> {
  const ids = new Set<string>();
  for (const event of events) {
    if (event.path.length > 0) ids.add(String(event.path[0]));
    else for (const id of event.keys.keys()) ids.add(id);
  }
  return ids;
}

function assemble(entries: Reader["entries"], repairs: Repair[], memory: Memory): Timeline {
  const laid = layOut(entries, memory);
  const { repairs: _, ...meta } = entries.meta;
  return {
    ...meta,
    length: laid.tracks.reduce((end, track) => Math.max(end, track.length), 0),
    scenes: [...entries.scenes.values()].sort(byOrder).map(toScene),
    tracks: laid.tracks,
    markers: laid.markers,
    repairs: [...repairs, ...laid.repairs].sort(byRepair),
  };
}

// A raw scene is read anew when it changed, so what it became can be kept.
const scenes = new WeakMap<read.RawScene, Scene>();

function toScene(raw: read.RawScene): Scene {
  let scene = scenes.get(raw);
  if (!scene) {
    const { repairs: _, ...rest } = raw;
    scene = rest;
    scenes.set(raw, scene);
  }
  return scene;
}

// keep gives back the old object wherever the new one says the same; clips and
// tracks are kept by the layout.
function keep(old: Timeline, next: Timeline): Timeline {
  return {
    ...next,
    rate: same(old.rate, next.rate) ? old.rate : next.rate,
    size: same(old.size, next.size) ? old.size : next.size,
    scenes: keepList(old.scenes, next.scenes),
    tracks: keepList(old.tracks, next.tracks),
    markers: same(old.markers, next.markers) ? old.markers : next.markers,
    repairs: same(old.repairs, next.repairs) ? old.repairs : next.repairs,
  };
}

function keepList<T>(old: T[], next: T[]): T[] {
  return old.length === next.length && old.every((item, i) => item === next[i]) ? old : next;
}

function same(a: unknown[], b: unknown[]): boolean {
  return a.length === b.length && JSON.stringify(a) === JSON.stringify(b);
}
