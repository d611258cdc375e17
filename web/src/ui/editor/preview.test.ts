// A preview is a promise: what a gesture shows is what the cut is after it.
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import {
  addMarker,
  addTrack,
  createEditor,
  deleteClips,
  insertClips,
  seedTimeline,
  setClip,
  setGap,
} from "../../model/commands.ts";
import { timelineOf } from "../../model/project.ts";
import { type Random, seededRandom } from "../../model/random.ts";
import type { Clip, Editor, Timeline } from "../../model/schema.ts";
import { type Gesture, preview } from "./preview.ts";
import { type Desk, finish } from "./work.ts";

const runs = 300;

function deskOf(editor: Editor): Desk {
  const timeline = () => timelineOf(editor.doc);
  return {
    editor,
    get timeline() {
      return timeline();
    },
    clip: (id) => clipsOf(timeline()).find((clip) => clip.id === id),
    canEdit: true,
    unfollow: () => undefined,
    refused: (why) => {
      throw new Error(why);
    },
  };
}

function clipsOf({ tracks }: Pick<Timeline, "tracks">): Clip[] {
  return tracks.flatMap(({ clips }) => clips);
}

// cut makes a story of some clips, two tracks tied to it, and markers.
function cut(random: Random): Editor {
  const editor = createEditor(new Y.Doc(), random);
  seedTimeline(editor, "Cut");
  const [first] = timelineOf(editor.doc).tracks;
  const story = first?.id ?? "";
  deleteClips(editor, first?.clips.map(({ id }) => id) ?? []);
  const title = (length: number) => ({ source: { title: "t" }, in: 20, length });
  const some = Array.from({ length: 3 + random(5) }, () => title(20 + random(80)));
  const ids = insertClips(editor, story, some);
  for (const id of ids) {
    if (random(4) === 0) setGap(editor, id, random(30));
    if (random(4) === 0) setClip(editor, id, { speed: 2 });
  }
  for (const kind of ["video", "audio", "video"] as const) {
    const track = addTrack(editor, kind, kind);
    const tied = Array.from({ length: random(5) }, () => ({
      ...title(10 + random(60)),
      start: random(300),
    }));
    insertClips(editor, track, tied);
  }
  for (let i = 0; i < 3; i++) addMarker(editor, random(400));
  return editor;
}

function pickOne<T>(random: Random, all: readonly T[]): T | undefined {
  return all[random(all.length)];
}

function gesture(random: Random, { tracks, markers }: Timeline): Gesture | null {
  const home = pickOne(
    random,
    tracks.filter(({ clips }) => clips.length > 0),
  );
  const clip = home && pickOne(random, home.clips);
  if (!home || !clip) return null;
  const ids = home.clips.filter(({ id }) => id === clip.id || random(4) === 0).map(({ id }) => id);
  const picture = tracks.filter(({ kind }) => kind !== "audio");
  const onto = home.kind === "audio" ? home : (pickOne(random, picture) ?? home);
  switch (random(5)) {
    case 0: {
      if (home.kind === "story" || onto.kind === "story")
        return { kind: "carry", ids, grabbed: clip.id, track: onto.id, at: random(600) };
      const by = random(200) - Math.min(100, ...ids.map((id) => startOf(home.clips, id)));
      return { kind: "shift", ids, grabbed: clip.id, track: onto.id, by };
    }
    case 1: {
      const least = Math.max(-clip.start, Math.ceil(-clip.in / clip.speed));
      const by = Math.max(least, random(clip.length) - 10);
      return { kind: "trim", id: clip.id, edge: "head", by: clip.speed === 1 ? by : 2 };
    }
    case 2:
      return { kind: "trim", id: clip.id, edge: "tail", by: random(40) - (clip.length >> 2) };
    case 3:
      return { kind: "slip", id: clip.id, by: random(40) - clip.in };
    default: {
      const marker = pickOne(random, markers);
      return marker ? { kind: "mark", id: marker.id, at: random(400) } : null;
    }
  }
}

function startOf(clips: readonly Clip[], id: string): number {
  return clips.find((clip) => clip.id === id)?.start ?? 0;
}

function places({ tracks, markers }: Pick<Timeline, "tracks" | "markers">): unknown {
  return {
    tracks: tracks.map(({ id, clips, lanes }) => ({
      id,
      lanes,
      clips: clips.map((clip) => [clip.id, clip.start, clip.length, clip.in, clip.span, clip.lane]),
    })),
    markers: markers
      .map(({ id, start }) => [id, start] as const)
      .sort((a, b) => (a[0] < b[0] ? -1 : 1)),
  };
}

describe("a preview", () => {
  test("shows what the cut is after the gesture", () => {
    for (let seed = 1; seed <= runs; seed++) {
      const random = seededRandom(seed);
      const editor = cut(random);
      const before = timelineOf(editor.doc);
      const move = gesture(random, before);
      if (!move) continue;
      const shown = preview(before, move);
      finish(deskOf(editor), move, shown.after);
      const what = `seed ${seed}: ${JSON.stringify(move)}`;
      expect(places({ tracks: [...shown.tracks], markers: [...shown.markers] }), what).toEqual(
        places(timelineOf(editor.doc)),
      );
    }
  });

  test("leaves what the gesture does not touch the same objects", () => {
    const random = seededRandom(7);
    const before = timelineOf(cut(random).doc);
    const clips = before.tracks[0]?.clips ?? [];
    const last = clips.at(-1);
    const shown = preview(before, { kind: "trim", id: last?.id ?? "", edge: "tail", by: -3 });
    expect(shown.tracks[0]?.clips.slice(0, -1)).toEqual(clips.slice(0, -1));
    for (const [i, clip] of clips.slice(0, -1).entries())
      expect(shown.tracks[0]?.clips[i]).toBe(clip);
  });
});
