// A seeded network of replicas for tests: people who edit at once, and
// updates that travel late, twice and in any order.
import * as Y from "yjs";
import * as commands from "../commands.ts";
import { type Random, seededRandom } from "../random.ts";
import type { Editor, Timeline } from "../schema.ts";
import { openUndo, type Undo } from "../undo.ts";

/** A person who edits. */
export type Person = { editor: Editor; undo: Pick<Undo, "undo" | "redo"> };

/** One person's copy, and what it has not yet been told. */
export type Replica = { editor: Editor; undo: Undo; inbox: Uint8Array[] };

/** Replicas that began from one seeded document. */
export type Network = { replicas: Replica[]; random: Random };

/** Makes a network of people who share one document with some scenes. */
export function createNetwork(seed: number, size: number, scenes = 4): Network {
  const random = seededRandom(seed);
  const first = new Y.Doc();
  first.clientID = 1;
  const editor = commands.createEditor(first, random);
  commands.seedTimeline(editor, `seed ${seed}`);
  commands.addTrack(editor, "audio", "music");
  commands.addTrack(editor, "video", "over");
  for (let i = 1; i < scenes; i++)
    commands.addScene(editor, { title: `scene ${i}`, length: 24 + random(100) });
  const start = Y.encodeStateAsUpdate(first);
  const network: Network = { replicas: [], random };
  for (let i = 0; i < size; i++) {
    const doc = new Y.Doc();
    doc.clientID = 100 + i;
    Y.applyUpdate(doc, start);
    const replica = { editor: commands.createEditor(doc, random), undo: openUndo(doc), inbox: [] };
    network.replicas.push(replica);
    doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin === "network") return;
      for (const other of network.replicas) if (other !== replica) other.inbox.push(update);
    });
  }
  return network;
}

/** Gives a replica some of what waits for it, in any order, some of it twice. */
export function deliver(replica: Replica, random: Random, most: number): void {
  for (let i = 0; i < most && replica.inbox.length > 0; i++) {
    const at = random(replica.inbox.length);
    const update = random(5) === 0 ? replica.inbox[at] : replica.inbox.splice(at, 1)[0];
    if (update) Y.applyUpdate(replica.editor.doc, update, "network");
  }
}

/** Gives every replica everything. */
export function settle(network: Network): void {
  for (const replica of network.replicas) {
    while (replica.inbox.length > 0) deliver(replica, network.random, 1000);
  }
}

/** Everything shown, by id of clip. */
export function shownClips(timeline: Timeline): Map<string, number> {
  const counts = new Map<string, number>();
  for (const clip of timeline.tracks.flatMap((track) => track.clips)) {
    counts.set(clip.id, (counts.get(clip.id) ?? 0) + 1);
  }
  return counts;
}
