// A seeded network of replicas for tests: people who edit at once, and
// updates that travel late, twice and in any order.
import * as Y from "yjs";
import * as commands from "../commands.ts";
import { projectTimeline } from "../project.ts";
import { type Random, seededRandom } from "../random.ts";
import { type Editor, local, type Timeline } from "../schema.ts";
import { openUndo, type Undo } from "../undo.ts";

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

/** One command of somebody, by chance. */
export function act(replica: Replica, random: Random): void {
  const { editor, undo } = replica;
  const timeline = projectTimeline(editor.doc);
  const clips = timeline.tracks.flatMap((track) => track.clips);
  const story = timeline.tracks.find((track) => track.kind === "story");
  const clip = clips[random(clips.length)];
  const scene = timeline.scenes[random(timeline.scenes.length)];
  const track = timeline.tracks[random(timeline.tracks.length)];
  const near = story?.clips[random(story.clips.length)]?.id ?? null;
  if (!clip || !scene || !track || !story) {
    commands.addScene(editor);
    return;
  }
  const target =
    track.kind === "story"
      ? { track: track.id, after: near }
      : { track: track.id, start: random(500) };
  const anywhere = timeline.tracks.at(-1)?.id === track.id ? track.id : story.id;
  const asset = { source: { asset: `a${random(9)}` }, length: 1 + random(80) };
  const actions = [
    () => commands.addScene(editor, { after: scene.id, prompt: "a sea", length: 1 + random(90) }),
    () =>
      commands.moveScene(
        editor,
        scene.id,
        timeline.scenes[random(timeline.scenes.length)]?.id ?? null,
      ),
    () => commands.setSceneLength(editor, scene.id, 1 + random(120)),
    () => commands.insertClip(editor, anywhere, { ...asset, after: near, start: random(400) }),
    () => commands.insertClips(editor, story.id, [asset, asset, asset], near),
    () => commands.moveClip(editor, clip.id, target),
    () => commands.moveClip(editor, clip.id, target),
    () => commands.trimClip(editor, clip.id, random(2) === 0 ? "head" : "tail", random(41) - 20),
    () => commands.slipClip(editor, clip.id, random(21) - 10),
    () =>
      commands.splitClip(editor, clip.id, clip.start + 1 + random(Math.max(1, clip.length - 1))),
    () =>
      commands.splitClip(editor, clip.id, clip.start + 1 + random(Math.max(1, clip.length - 1))),
    () => commands.setGap(editor, clip.id, random(12)),
    () =>
      commands.setClip(editor, clip.id, {
        transition: { kind: "dissolve", length: 1 + random(40) },
      }),
    () => commands.setClip(editor, clip.id, { speed: [0.5, 1, 1, 2][random(4)] ?? 1 }),
    () => commands.addMarker(editor, random(400), { label: "m" }),
    () => type(editor, scene.id, random),
    () => random(3) === 0 && commands.deleteClip(editor, clip.id),
    () => random(8) === 0 && commands.deleteScene(editor, scene.id),
    () => random(3) === 0 && undo.undo(),
    () => random(6) === 0 && undo.redo(),
  ];
  try {
    actions[random(actions.length)]?.();
  } catch (error) {
    if (!(error instanceof commands.EditError)) throw error;
  }
}

function type(editor: Editor, scene: string, random: Random): void {
  const map: unknown = editor.doc.getMap("scenes").get(scene);
  const text: unknown = map instanceof Y.Map ? map.get("prompt") : undefined;
  if (!(text instanceof Y.Text)) return;
  editor.doc.transact(() => text.insert(random(text.length + 1), "ab"), local);
}

/** Everything shown, by id of clip. */
export function shownClips(timeline: Timeline): Map<string, number> {
  const counts = new Map<string, number>();
  for (const clip of timeline.tracks.flatMap((track) => track.clips)) {
    counts.set(clip.id, (counts.get(clip.id) ?? 0) + 1);
  }
  return counts;
}
