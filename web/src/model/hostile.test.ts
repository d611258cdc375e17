import { describe, expect, it } from "vitest";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { momentAt } from "./cut.ts";
import { openPresence } from "./presence.ts";
import { projectTimeline, timelineOf } from "./project.ts";
import { seededRandom } from "./random.ts";
import { listReview } from "./review.ts";
import { hostileDocs, hostileValue } from "./testing/hostile.ts";
import { formatTimecode } from "./timecode.ts";

/** How many documents are read. */
const rounds = 150;

// strangeIn finds what is neither a finite number nor plain anywhere in a value.
function strangeIn(value: unknown): unknown[] {
  if (typeof value === "number") return Number.isFinite(value) ? [] : [value];
  if (value instanceof Y.AbstractType || typeof value === "bigint") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(strangeIn);
}

// reread is a document as it comes from somebody else.
function reread(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  return copy;
}

describe("whatever a document holds", () => {
  it("is read as a timeline of finite numbers and texts", () => {
    for (let seed = 1; seed <= rounds; seed++) {
      const { timeline: doc } = hostileDocs(seed);
      for (const each of [doc, reread(doc)]) {
        const timeline = projectTimeline(each);
        expect(strangeIn(timeline), `seed ${seed}`).toEqual([]);
        expect(timelineOf(each).length, `seed ${seed}`).toBe(timeline.length);
        for (const { start, length } of timeline.tracks.flatMap(({ clips }) => clips)) {
          expect(formatTimecode(start, timeline.rate), `seed ${seed}`).not.toContain("NaN");
          momentAt(timeline, start + length - 1);
        }
      }
    }
  });

  it("is read as a review whose times are times", () => {
    for (let seed = 1; seed <= rounds; seed++) {
      const { review: doc } = hostileDocs(seed);
      for (const each of [doc, reread(doc)]) {
        const review = listReview(each);
        expect(strangeIn(review), `seed ${seed}`).toEqual([]);
        const times = [
          ...review.approvals.map(({ at }) => at),
          ...review.threads.flatMap(({ created, at, messages }) => [
            created,
            at ?? 0,
            ...messages.flatMap((message) => [message.created, message.edited ?? 0]),
          ]),
        ];
        for (const time of times)
          expect(Number.isNaN(new Date(time).getTime()), `seed ${seed}`).toBe(false);
      }
    }
  });

  it("of a time that is none is read as 0", () => {
    const doc = new Y.Doc();
    const thread = new Y.Map<unknown>([["created", Number.MAX_SAFE_INTEGER]]);
    doc.getMap("threads").set("t", thread);
    expect(listReview(doc).threads[0]?.created).toBe(0);
  });
});

it("presence of any shape leaves people with finite places", () => {
  const random = seededRandom(5);
  const fields = ["person", "name", "color", "following", "cursor", "guest"];
  const inner = ["scene", "clip", "playhead", "selection", "text", "view", "speed", "presenting"];
  for (let i = 0; i < rounds; i++) {
    const awareness = new Awareness(new Y.Doc());
    const room = openPresence(awareness, { person: "ada", name: "Ada", color: "#000000" });
    const wild = (names: string[]) =>
      Object.fromEntries(names.map((name) => [name, hostileValue(random)]));
    awareness.states.set(7, { ...wild(fields), person: "ben", cursor: wild(inner) });
    awareness.states.set(8, wild(fields));
    const here = room.current().find(({ client }) => client === 7);
    const { text: _, ...cursor } = here?.cursor ?? {};
    expect(strangeIn({ ...here, cursor }), `round ${i}`).toEqual([]);
    room.close();
    awareness.destroy();
  }
});
