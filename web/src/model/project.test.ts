import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import * as commands from "./commands.ts";
import { openTimeline, projectTimeline } from "./project.ts";
import { seededRandom } from "./random.ts";
import type { Clip, Timeline } from "./schema.ts";
import { act } from "./testing/act.ts";
import { createNetwork, deliver, type Network, settle, shownClips } from "./testing/network.ts";

const seeds = Array.from({ length: 60 }, (_, i) => i + 1);

function run(seed: number, steps: number): Network {
  const network = createNetwork(seed, 2 + (seed % 4));
  const { random, replicas } = network;
  for (let i = 0; i < steps; i++) {
    const replica = replicas[random(replicas.length)];
    if (!replica) continue;
    act(replica, random);
    if (random(3) === 0) deliver(replica, random, 1 + random(8));
  }
  settle(network);
  return network;
}

function projections(network: Network): Timeline[] {
  return network.replicas.map((replica) => projectTimeline(replica.editor.doc));
}

function story(timeline: Timeline): Clip[] {
  return timeline.tracks.find((track) => track.kind === "story")?.clips ?? [];
}

describe("replicas that edited at once", () => {
  for (const seed of seeds) {
    it(`show one valid timeline (seed ${seed})`, () => {
      const network = run(seed, 80);
      const [first, ...others] = projections(network);
      if (!first) throw new Error("no replica");
      const bytes = JSON.stringify(first);
      for (const other of others) expect(JSON.stringify(other)).toBe(bytes);
      const doc = network.replicas[0]?.editor.doc ?? new Y.Doc();
      checkComplete(first, doc);
      checkStory(first);
      checkClips(first);
      checkLanes(first);
    });
  }

  it("are read entry by entry as they are read whole", () => {
    for (const seed of [101, 102, 103]) {
      const network = createNetwork(seed, 3);
      const lives = network.replicas.map((replica) => openTimeline(replica.editor.doc));
      for (let i = 0; i < 120; i++) {
        const at = network.random(3);
        const replica = network.replicas[at];
        if (!replica) continue;
        act(replica, network.random);
        deliver(replica, network.random, network.random(4));
        expect(lives[at]?.current()).toEqual(projectTimeline(replica.editor.doc));
      }
    }
  });
});

// Every id that is in the document is shown once, or reported as hidden.
function checkComplete(timeline: Timeline, doc: Y.Doc): void {
  const shown = shownClips(timeline);
  const hidden = new Set(timeline.repairs.filter((r) => r.kind === "hidden").map((r) => r.id));
  for (const id of doc.getMap("clips").keys()) {
    expect((shown.get(id) ?? 0) + (hidden.has(id) ? 1 : 0), `clip ${id}`).toBe(1);
  }
  expect(timeline.scenes.map((scene) => scene.id).sort()).toEqual(
    [...doc.getMap("scenes").keys()].sort(),
  );
  expect(timeline.markers.map((marker) => marker.id).sort()).toEqual(
    [...doc.getMap("markers").keys()].sort(),
  );
}

function checkStory(timeline: Timeline): void {
  for (const track of timeline.tracks) {
    if (track.kind !== "story") continue;
    expect(track.length).toBe(track.clips.reduce((sum, clip) => sum + clip.gap + clip.length, 0));
    let end = 0;
    for (const clip of track.clips) {
      expect(clip.start).toBe(end + clip.gap);
      end = clip.start + clip.length;
    }
  }
}

function checkClips(timeline: Timeline): void {
  const scenes = new Map(timeline.scenes.map((scene) => [scene.id, scene.length]));
  for (const track of timeline.tracks) {
    for (const [i, clip] of track.clips.entries()) {
      expect(clip.start).toBeGreaterThanOrEqual(0);
      expect(clip.length).toBeGreaterThan(0);
      expect(clip.in).toBeGreaterThanOrEqual(0);
      const known = "scene" in clip.source ? scenes.get(clip.source.scene) : undefined;
      if (known !== undefined) expect(clip.in + clip.span).toBeLessThanOrEqual(known);
      const next = track.clips[i + 1];
      if (next && (next.origin ?? next.id) === (clip.origin ?? clip.id)) {
        expect(clip.in + clip.span <= next.in || next.in + next.span <= clip.in).toBe(true);
      }
      if (!clip.transition) continue;
      expect(clip.transition.length * 2).toBeLessThanOrEqual(
        Math.min(clip.length, next?.length ?? 0),
      );
    }
  }
}

function checkLanes(timeline: Timeline): void {
  for (const track of timeline.tracks) {
    if (track.kind === "story") continue;
    for (const [i, clip] of track.clips.entries()) {
      for (const later of track.clips.slice(i + 1)) {
        if (later.start < clip.start + clip.length) expect(later.lane).toBeGreaterThan(clip.lane);
      }
    }
  }
}

describe("two people at once", () => {
  type Person = { editor: ReturnType<typeof commands.createEditor>; undo: { undo(): boolean } };

  // both lets two people act without hearing of each other, then tells both.
  function both(first: (person: Person) => void, second: (person: Person) => void, seed = 1) {
    const network = createNetwork(seed, 2);
    const [a, b] = network.replicas;
    if (!a || !b) throw new Error("no replicas");
    const before = projectTimeline(a.editor.doc);
    first(a);
    second(b);
    settle(network);
    const [left, right] = projections(network);
    if (!left || !right) throw new Error("no projections");
    expect(left).toEqual(right);
    return { before, after: left, a, b, network };
  }

  it("insert at one spot: both clips show in full", () => {
    for (const seed of seeds) {
      const { before, after } = both(
        ({ editor }) =>
          commands.insertClip(editor, storyId(editor), {
            source: { asset: "a" },
            length: 10,
            after: null,
          }),
        ({ editor }) =>
          commands.insertClip(editor, storyId(editor), {
            source: { asset: "b" },
            length: 20,
            after: null,
          }),
        seed,
      );
      expect(
        story(after)
          .slice(2)
          .map((clip) => clip.id),
      ).toEqual(story(before).map((clip) => clip.id));
      expect(after.length).toBe(before.length + 30);
    }
  });

  it("insert batches at one spot: they stay together", () => {
    const batch = (asset: string) =>
      Array.from({ length: 4 }, () => ({ source: { asset }, length: 5 }));
    for (const seed of seeds) {
      const { after } = both(
        ({ editor }) => commands.insertClips(editor, storyId(editor), batch("a"), null),
        ({ editor }) => commands.insertClips(editor, storyId(editor), batch("b"), null),
        seed,
      );
      const row = story(after)
        .slice(0, 8)
        .map((clip) => ("asset" in clip.source ? clip.source.asset : "?"))
        .join("");
      expect(["aaaabbbb", "bbbbaaaa"]).toContain(row);
    }
  });

  it("move one clip: it stands at one of the two places, whole", () => {
    for (const seed of seeds) {
      const { before, after } = both(
        ({ editor }) => move(editor, 0, 2),
        ({ editor }) => move(editor, 0, 3),
        seed,
      );
      const [w, x, y, z] = story(before).map((clip) => clip.id);
      const row = story(after).map((clip) => clip.id);
      expect([[x, y, w, z].join(), [x, y, z, w].join()]).toContain(row.join());
      expect(after.length).toBe(before.length);
    }
  });

  it("cut one clip at different frames: the union of the cuts", () => {
    for (const seed of seeds) {
      const { before, after } = both(
        ({ editor }) => commands.splitClip(editor, nth(editor, 1).id, nth(editor, 1).start + 7),
        ({ editor }) => {
          const clip = nth(editor, 1);
          const piece = commands.splitClip(editor, clip.id, clip.start + 12);
          if (piece) commands.splitClip(editor, piece, clip.start + 15);
        },
        seed,
      );
      const [, cut] = story(before);
      const pieces = story(after).filter((clip) => (clip.origin ?? clip.id) === cut?.id);
      expect(pieces.map((clip) => clip.in)).toEqual([0, 7, 12, 15]);
      expect(pieces.reduce((sum, clip) => sum + clip.span, 0)).toBe(cut?.span);
      expect(after.length).toBe(before.length);
    }
  });

  it("cut one clip, and again what came of it: the union of the cuts, in source order", () => {
    const cuts =
      (frames: number[]) =>
      ({ editor }: Person) => {
        const { id, start } = nth(editor, 2);
        for (const frame of frames) {
          const under = projectTimeline(editor.doc)
            .tracks.flatMap((t) => t.clips)
            .find(
              (c) =>
                (c.origin ?? c.id) === id &&
                c.start <= start + frame &&
                start + frame < c.start + c.length,
            );
          if (under) commands.splitClip(editor, under.id, start + frame);
        }
      };
    for (const seed of seeds) {
      const { before, after } = both(cuts([5, 11, 8]), cuts([9, 3, 20]), seed);
      const cut = story(before)[2];
      const pieces = story(after).filter((clip) => (clip.origin ?? clip.id) === cut?.id);
      expect(pieces.map((clip) => clip.in)).toEqual([0, 3, 5, 8, 9, 11, 20]);
      expect(pieces.reduce((sum, clip) => sum + clip.span, 0)).toBe(cut?.span);
    }
  });

  it("cut one clip at one frame: one cut, and taking the piece away brings nothing back", () => {
    const { before, after, a, network } = both(
      ({ editor }) => commands.splitClip(editor, nth(editor, 0).id, 10),
      ({ editor }) => commands.splitClip(editor, nth(editor, 0).id, 10),
    );
    expect(story(after).length).toBe(story(before).length + 1);
    expect(after.length).toBe(before.length);
    commands.deleteClip(a.editor, story(after)[1]?.id ?? "");
    settle(network);
    const [left, right] = projections(network);
    expect(left).toEqual(right);
    expect(left?.length).toBe(before.length - (story(before)[0]?.length ?? 0) + 10);
  });

  it("trim and move one clip: both hold", () => {
    const { before, after } = both(
      ({ editor }) => commands.trimClip(editor, nth(editor, 0).id, "tail", -5),
      ({ editor }) => move(editor, 0, 2),
    );
    const id = story(before)[0]?.id;
    expect(story(after)[2]).toMatchObject({ id, length: (story(before)[0]?.length ?? 0) - 5 });
  });

  it("undo takes back one's own work and leaves the other's", () => {
    for (const seed of seeds) {
      const { before, a, network } = both(
        ({ editor }) => move(editor, 0, 2),
        ({ editor }) => commands.trimClip(editor, nth(editor, 1).id, "tail", -4),
        seed,
      );
      expect(a.undo.undo()).toBe(true);
      settle(network);
      const [left, right] = projections(network);
      expect(left).toEqual(right);
      expect(story(left ?? before).map((clip) => clip.id)).toEqual(
        story(before).map((clip) => clip.id),
      );
      expect(left?.length).toBe(before.length - 4);
      expect(a.undo.undo()).toBe(false);
    }
  });

  function storyId(editor: { doc: Y.Doc }): string {
    return projectTimeline(editor.doc).tracks.find((track) => track.kind === "story")?.id ?? "";
  }

  function nth(editor: { doc: Y.Doc }, n: number): Clip {
    const clip = story(projectTimeline(editor.doc))[n];
    if (!clip) throw new Error(`no clip ${n}`);
    return clip;
  }

  function move(editor: Person["editor"], from: number, after: number): void {
    commands.moveClip(editor, nth(editor, from).id, {
      track: storyId(editor),
      after: nth(editor, after).id,
    });
  }
});

describe("the projection", () => {
  it("never writes", () => {
    const network = run(7, 60);
    for (const { editor } of network.replicas) {
      const before = Y.encodeStateAsUpdate(editor.doc);
      projectTimeline(editor.doc);
      expect(Y.encodeStateAsUpdate(editor.doc)).toEqual(before);
    }
  });

  it("of 2,000 clips keeps what an edit did not change", () => {
    const editor = commands.createEditor(new Y.Doc(), seededRandom(1));
    commands.seedTimeline(editor, "long");
    const track = projectTimeline(editor.doc).tracks[0]?.id ?? "";
    const clip = { source: { asset: "a" }, length: 20 };
    const ids = commands.insertClips(
      editor,
      track,
      Array.from({ length: 2000 }, () => clip),
    );
    const live = openTimeline(editor.doc);
    const before = live.current().tracks[0]?.clips ?? [];
    commands.trimClip(editor, ids[1990] ?? "", "tail", 1);
    const after = live.current().tracks[0]?.clips ?? [];
    expect(after.filter((c, i) => c === before[i]).length).toBe(1991);
    const scenes = live.current().scenes;
    commands.setTrack(editor, track, { muted: true });
    expect(live.current().tracks[0]?.clips).toBe(after);
    expect(live.current().scenes).toBe(scenes);
  });
});
