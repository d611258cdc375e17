import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { seededRandom } from "./random.ts";
import * as review from "./review.ts";

function setUp() {
  const docs = [new Y.Doc(), new Y.Doc()] as const;
  for (const [i, doc] of docs.entries()) {
    const other = docs[1 - i] ?? doc;
    doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== "net") Y.applyUpdate(other, update, "net");
    });
  }
  let time = 1000;
  const people = ["ada", "ben"].map((person, i) => ({
    doc: docs[i] ?? docs[0],
    person,
    now: () => ++time,
    random: seededRandom(i + 1),
  }));
  const [ada, ben] = people;
  if (!ada || !ben) throw new Error("nobody");
  return { ada, ben, threads: () => review.listReview(ben.doc).threads };
}

describe("a review", () => {
  it("lists threads by frame, with their messages by time", () => {
    const { ada, ben, threads } = setUp();
    const late = review.addThread(ada, { on: "timeline", start: 90, end: 120 }, "too slow");
    const early = review.addThread(ben, { on: "clip", id: "c", start: 10, end: 10 }, "nice @[ada]");
    review.reply(ben, late, "how so?");
    review.reply(ada, late, "the pan");
    expect(threads().map((thread) => thread.id)).toEqual([early, late]);
    expect(threads()[1]?.messages.map(({ author, body }) => `${author}: ${body}`)).toEqual([
      "ada: too slow",
      "ben: how so?",
      "ada: the pan",
    ]);
    expect(threads()[0]).toMatchObject({
      author: "ben",
      status: "open",
      anchor: { on: "clip", id: "c", start: 10, end: 10 },
    });
    expect(review.listReview(ada.doc)).toEqual(review.listReview(ben.doc));
  });

  it("resolves and reopens, and tells who did", () => {
    const { ada, ben, threads } = setUp();
    const thread = review.addThread(ada, { on: "timeline", start: 1, end: 1 }, "x");
    review.resolveThread(ben, thread);
    expect(threads()[0]).toMatchObject({ status: "resolved", by: "ben" });
    review.reopenThread(ada, thread);
    expect(threads()[0]).toMatchObject({ status: "open", by: "ada" });
  });

  it("edits the part of a message that differs, also in the middle of emoji", () => {
    const { ada, threads } = setUp();
    const thread = review.addThread(ada, { on: "timeline", start: 1, end: 1 }, "wave 👋🏽 here");
    const message = threads()[0]?.messages[0]?.id ?? "";
    for (const body of ["wave 👋🏾 here", "", "a 🌊", "a 🌋", "🌋"]) {
      review.editMessage(ada, thread, message, body);
      expect(threads()[0]?.messages[0]).toMatchObject({ body });
    }
    expect(threads()[0]?.messages[0]?.edited).toBeGreaterThan(1000);
  });

  it("deletes a message, and with the last one its thread", () => {
    const { ada, threads } = setUp();
    const thread = review.addThread(ada, { on: "timeline", start: 1, end: 1 }, "x");
    const second = review.reply(ada, thread, "y") ?? "";
    review.deleteMessage(ada, thread, second);
    expect(threads()[0]?.messages.length).toBe(1);
    review.deleteMessage(ada, thread, threads()[0]?.messages[0]?.id ?? "");
    expect(threads()).toEqual([]);
    expect(review.reply(ada, thread, "late")).toBeNull();
  });

  it("toggles one's own reaction and keeps one verdict a person", () => {
    const { ada, ben, threads } = setUp();
    const thread = review.addThread(ada, { on: "timeline", start: 1, end: 1 }, "x");
    review.toggleReaction(ada, thread, "👍");
    review.toggleReaction(ben, thread, "👍");
    review.toggleReaction(ada, thread, "👍");
    expect(threads()[0]?.reactions).toEqual([{ person: "ben", emoji: "👍" }]);
    review.setApproval(ben, "changes", null);
    review.setApproval(ben, "approved", "v1");
    expect(review.listReview(ada.doc).approvals).toMatchObject([
      { person: "ben", verdict: "approved", version: "v1" },
    ]);
  });

  it("is shown whatever was written into it", () => {
    const doc = new Y.Doc();
    const map = (values: Record<string, unknown>) => new Y.Map(Object.entries(values));
    doc.getMap("threads").set("a", 5);
    doc.getMap("threads").set(
      "b",
      map({
        author: 1,
        anchor: {
          on: "x",
          start: -4,
          end: "y",
          shape: [{ kind: "rect", points: [[2, -1], 3] }, 4],
        },
      }),
    );
    doc.getMap("threads").set(
      "c",
      map({
        anchor: 9,
        state: "open",
        messages: map({ m: 3, n: map({ body: "text" }) }),
        reactions: 4,
      }),
    );
    doc.getMap("approvals").set("ada", "yes");
    const { threads, approvals } = review.listReview(doc);
    expect(threads.map((thread) => thread.id)).toEqual(["b", "c"]);
    expect(threads[0]?.anchor).toEqual({
      on: "timeline",
      start: 0,
      end: 0,
      shape: [{ kind: "rect", points: [[1, 0]] }],
    });
    expect(threads[1]?.messages.map((message) => message.body)).toEqual(["text"]);
    expect(approvals).toEqual([{ person: "ada", version: null, verdict: "none", at: 0 }]);
  });

  it("tells listeners once for many changes", async () => {
    const { ada, ben } = setUp();
    const live = review.openReview(ben.doc);
    let calls = 0;
    const stop = live.subscribe(() => calls++);
    for (let i = 0; i < 5; i++) review.addThread(ada, { on: "timeline", start: i, end: i }, "x");
    await Promise.resolve();
    expect(calls).toBe(1);
    expect(live.current().threads.length).toBe(5);
    stop();
    live.close();
  });
});
