import { expect, test } from "vitest";
import { comingAt, fadeAt, momentAt, sourceTime } from "./cut.ts";
import type { Clip, Timeline, Track } from "./schema.ts";

function clip(id: string, start: number, length: number, more: Partial<Clip> = {}): Clip {
  return {
    id,
    track: "",
    order: "a",
    start,
    length,
    in: 0,
    span: length,
    lane: 0,
    gap: 0,
    anchor: null,
    offset: 0,
    source: { asset: id },
    label: "",
    speed: 1,
    gain: 0,
    fade: { in: 0, out: 0 },
    transition: null,
    text: null,
    origin: null,
    ...more,
  };
}

function track(kind: Track["kind"], clips: Clip[], more: Partial<Track> = {}): Track {
  const length = Math.max(0, ...clips.map((one) => one.start + one.length));
  return {
    id: kind,
    order: "a",
    kind,
    name: "",
    locked: false,
    muted: false,
    hidden: false,
    gain: 0,
    length,
    lanes: 1,
    clips,
    ...more,
  };
}

function timeline(...tracks: Track[]): Timeline {
  return {
    schema: 1,
    title: "",
    rate: [25, 1],
    size: [1920, 1080],
    background: "#000",
    length: Math.max(...tracks.map(({ length }) => length)),
    scenes: [],
    tracks,
    markers: [],
    repairs: [],
  };
}

function seen(cut: Timeline, frame: number): string[] {
  return momentAt(cut, frame).pictures.map((layer) => layer.clip.id);
}

test("a clip is seen from its first frame to its last", () => {
  const cut = timeline(
    track("story", [clip("a", 0, 10), clip("b", 10, 10), clip("c", 25, 5, { gap: 5 })]),
  );
  expect(seen(cut, 0)).toEqual(["a"]);
  expect(seen(cut, 9)).toEqual(["a"]);
  expect(seen(cut, 10)).toEqual(["b"]);
  expect(seen(cut, 20)).toEqual([]);
  expect(seen(cut, 24)).toEqual([]);
  expect(seen(cut, 29)).toEqual(["c"]);
  expect(seen(cut, 30)).toEqual([]);
});

test("video tracks stand above the story, higher lanes above lower ones, wherever the story is listed", () => {
  const over = [clip("v", 0, 30), clip("w", 5, 5, { lane: 1 }), clip("x", 12, 4, { lane: 1 })];
  const cut = timeline(track("video", over), track("story", [clip("a", 0, 30)]));
  expect(seen(cut, 6)).toEqual(["a", "v", "w"]);
  expect(seen(cut, 11)).toEqual(["a", "v"]);
  expect(seen(cut, 13)).toEqual(["a", "v", "x"]);
});

test("a transition dissolves around the cut, half before and half behind it", () => {
  const cut = timeline(
    track("story", [
      clip("a", 0, 20, { transition: { kind: "dissolve", length: 4 } }),
      clip("b", 20, 20, { in: 50 }),
    ]),
  );
  expect(seen(cut, 17)).toEqual(["a"]);
  expect(seen(cut, 22)).toEqual(["b"]);
  for (const [frame, part] of [
    [18, 0.125],
    [19, 0.375],
    [20, 0.625],
    [21, 0.875],
  ] as const) {
    const [from, to] = momentAt(cut, frame).pictures;
    expect([from?.clip.id, to?.clip.id]).toEqual(["a", "b"]);
    expect(from?.opacity).toBe(1);
    expect(to?.opacity).toBe(part);
    // What is heard keeps its strength.
    expect((from?.level ?? 0) ** 2 + (to?.level ?? 0) ** 2).toBeCloseTo(1);
    // Both go on with their sources.
    expect(from?.time).toBeCloseTo(frame / 25);
    expect(to?.time).toBeCloseTo((frame - 20 + 50) / 25);
  }
});

test("there is no transition over a gap", () => {
  const cut = timeline(
    track("story", [
      clip("a", 0, 20, { transition: { kind: "dissolve", length: 4 } }),
      clip("b", 30, 20, { gap: 10 }),
    ]),
  );
  expect(momentAt(cut, 19).pictures.map(({ opacity }) => opacity)).toEqual([1]);
});

test("gain is that of clip and track together; muted is silent, hidden is not seen", () => {
  const loud = clip("s", 0, 10, { gain: -6 });
  const at = (more: Partial<Track>) =>
    momentAt(timeline(track("audio", [loud], more)), 5).sounds[0]?.level;
  expect(at({})).toBeCloseTo(0.501, 3);
  expect(at({ gain: -6 })).toBeCloseTo(0.251, 3);
  expect(at({ muted: true })).toBe(0);
  const hidden = timeline(track("video", [clip("v", 0, 10)], { hidden: true }));
  expect(momentAt(hidden, 5).pictures[0]).toMatchObject({ opacity: 0, level: 1 });
});

test("captions of hidden tracks are not shown", () => {
  const words = [clip("c", 0, 10), clip("d", 5, 10, { lane: 1 })];
  const at = (hidden: boolean) =>
    momentAt(timeline(track("caption", words, { hidden })), 7).captions.map(({ id }) => id);
  expect(at(false)).toEqual(["c", "d"]);
  expect(at(true)).toEqual([]);
});

test("a clip goes in over its first frames and out over its last", () => {
  const one = clip("a", 100, 50, { fade: { in: 10, out: 4 } });
  expect(fadeAt(one, 100)).toBeCloseTo(0.05);
  expect(fadeAt(one, 105)).toBeCloseTo(0.55);
  expect(fadeAt(one, 120)).toBe(1);
  expect(fadeAt(one, 147)).toBeCloseTo(0.625);
  expect(fadeAt(one, 149)).toBeCloseTo(0.125);
});

test("a source goes at the clip's speed", () => {
  const cut = timeline(track("story", []));
  expect(sourceTime(cut, clip("a", 100, 50, { in: 25, speed: 2 }), 110)).toBe(1.8);
  expect(sourceTime(cut, clip("a", 100, 50, { in: 5 }), 90)).toBe(-0.2);
});

test("what comes is told before it comes, and what has gone is not", () => {
  const cut = timeline(
    track("story", [clip("a", 0, 20), clip("b", 20, 20), clip("c", 40, 20), clip("d", 60, 20)]),
    track("audio", [clip("s", 30, 50)]),
  );
  const coming = (frame: number, ahead: number) =>
    comingAt(cut, frame, ahead).map((layer) => layer.clip.id);
  expect(coming(25, 10)).toEqual(["s"]);
  expect(coming(25, 20)).toEqual(["c", "s"]);
  expect(comingAt(cut, 25, 20)[0]?.time).toBe(0);
  expect(coming(79, 100)).toEqual([]);
});

test("among thousands of clips the right one is found", () => {
  const clips = Array.from({ length: 5000 }, (_, i) => clip(`c${i}`, i * 10, 10));
  const cut = timeline(track("story", clips));
  for (const i of [0, 1, 2499, 4998, 4999]) {
    expect(seen(cut, i * 10)).toEqual([`c${i}`]);
    expect(seen(cut, i * 10 + 9)).toEqual([`c${i}`]);
  }
});
