// Documents that hold what no honest page writes.
import * as Y from "yjs";
import { addMarker, addTrack, createEditor, insertClip } from "../commands.ts";
import { type Random, seededRandom } from "../random.ts";
import {
  type Anchor,
  addThread,
  createReviewer,
  reply,
  type Shape,
  setApproval,
} from "../review.ts";
import { addScene } from "../scenes.ts";

const long = "𝔛".repeat(5_000);

// What may stand in place of a register. Yjs types are made anew, for each has one place.
const values: readonly (() => unknown)[] = [
  () => Number.NaN,
  () => Number.POSITIVE_INFINITY,
  () => Number.NEGATIVE_INFINITY,
  () => Number.MAX_SAFE_INTEGER,
  () => -Number.MAX_SAFE_INTEGER,
  () => 8.64e15 + 1,
  () => 2 ** 31,
  () => 2 ** 31 - 1,
  () => 1e308,
  () => -1,
  () => -0,
  () => 0.5,
  () => 12n,
  () => "",
  () => long,
  () => "\ud800",
  () => "__proto__",
  () => null,
  () => undefined,
  () => true,
  () => [],
  () => [null, [Number.NaN], {}],
  () => ({}),
  () => ({ toString: null, length: -1, on: { constructor: 1 } }),
  () => JSON.parse('{"__proto__":{"start":1,"status":"resolved"},"start":{"start":{}}}'),
  () => new Uint8Array([0, 255]),
  () => new Y.Text(long),
  () => new Y.XmlText("<b>"),
  () => new Y.XmlElement("script"),
  () => new Y.Array(),
  () => new Y.Map([["__proto__", new Y.Map()]]),
  () => new Y.Doc(),
];

const keys = ["__proto__", "constructor", "toString", "", long, ":", "id"];

const arrow: Shape = {
  kind: "arrow",
  points: [
    [0, 0],
    [1, 1],
  ],
};

/** Any hostile value. */
export function hostileValue(random: Random): unknown {
  return values[random(values.length)]?.();
}

/** A timeline and a review with things of every kind, of which a few are replaced by hostile values. */
export function hostileDocs(seed: number): { timeline: Y.Doc; review: Y.Doc } {
  const random = seededRandom(seed);
  const timeline = new Y.Doc();
  const review = new Y.Doc();
  fillTimeline(timeline, random);
  const reviewer = { ...createReviewer(review, "ada"), random };
  const anchor: Anchor = { on: "timeline", start: 1, end: 2, shape: [arrow] };
  reply(reviewer, addThread(reviewer, anchor, "here"), "there");
  setApproval(reviewer, "approved", null);
  const roots = ["meta", "scenes", "tracks", "clips", "markers"].map((key) => timeline.getMap(key));
  for (let i = 0; i < 4; i++) spoil(roots[random(roots.length)], random);
  for (let i = 0; i < 4; i++)
    spoil(review.getMap(random(5) === 0 ? "approvals" : "threads"), random);
  return { timeline, review };
}

function fillTimeline(doc: Y.Doc, random: Random): void {
  const editor = createEditor(doc, random);
  addTrack(editor, "story", "story");
  const captions = addTrack(editor, "caption", "captions");
  const { scene } = addScene(editor, { title: "one", prompt: "two", notes: "three" });
  doc
    .getMap<Y.Map<Y.Map<unknown>>>("scenes")
    .get(scene)
    ?.get("refs")
    ?.set("a", { role: "r", order: "V" });
  addScene(editor, { title: "four" });
  insertClip(editor, captions, {
    source: { title: "caption" },
    text: "five",
    length: 10,
    fade: { in: 1, out: 1 },
    transition: { kind: "dissolve", length: 2 },
  });
  addMarker(editor, 5, { label: "six", color: "#ffffff" });
}

// spoil walks down from a map by chance, and puts something hostile where it ends.
function spoil(map: Y.Map<unknown> | undefined, random: Random): void {
  if (!map) return;
  const there = [...map.keys()];
  const wild = random(8) === 0 || there.length === 0;
  const key = (wild ? keys[random(keys.length)] : there[random(there.length)]) ?? "";
  const value = map.get(key);
  if (value instanceof Y.Map && random(6) > 0) {
    spoil(value, random);
    return;
  }
  map.set(key, plain(value) && random(2) > 0 ? spoiled(value, random) : hostileValue(random));
}

function plain(value: unknown): value is Record<string, unknown> {
  return Object.getPrototypeOf(value ?? 0) === Object.prototype;
}

function spoiled(value: Record<string, unknown>, random: Random): Record<string, unknown> {
  const there = Object.keys(value);
  let bad = hostileValue(random);
  while (bad instanceof Y.AbstractType || bad instanceof Y.Doc) bad = hostileValue(random);
  return { ...value, [there[random(there.length)] ?? "x"]: bad };
}
