import { flushSync, mount, unmount } from "svelte";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { projectTimeline } from "../model/project.ts";
import { createReviewer, listReview } from "../model/review.ts";
import { hostileDocs } from "../model/testing/hostile.ts";
import type { User } from "../sync/api.ts";
import Comments from "./editor/Comments.svelte";
import type { Studio } from "./editor/studio.svelte.ts";
import { ago, inFull, machineTime } from "./time.ts";

const ada: User = { id: "ada", name: "Ada", email: "", color: "#112233", created_at: "" };

// studioOf is as much of the open project as the comments look at.
function studioOf(timeline: Y.Doc, review: Y.Doc): Studio {
  const studio = {
    timeline: projectTimeline(timeline),
    review: listReview(review),
    reviewer: createReviewer(review, "ada"),
    canComment: true,
    canEdit: true,
    playhead: 0,
    thread: null,
    person: () => undefined,
  };
  return studio as unknown as Studio;
}

function show(studio: Studio): HTMLElement {
  const target = document.createElement("div");
  const shown = mount(Comments, { target, props: { studio, user: ada } });
  flushSync();
  const seen = target.cloneNode(true) as HTMLElement;
  void unmount(shown);
  return seen;
}

const cards = (seen: HTMLElement) => seen.querySelectorAll("[data-testid=comment-thread]").length;

describe("the comments", () => {
  it("are shown whatever is in them", () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { timeline, review } = hostileDocs(seed);
      const studio = studioOf(timeline, review);
      const open = studio.review.threads.filter(({ status }) => status === "open").length;
      expect(cards(show(studio)), `seed ${seed}`).toBe(open);
    }
  });

  it("show the others when one cannot be shown, which says so and can be deleted", () => {
    const { timeline, review } = { timeline: new Y.Doc(), review: new Y.Doc() };
    for (const id of ["good", "bad"]) review.getMap("threads").set(id, new Y.Map());
    const studio = studioOf(timeline, review);
    const bad = studio.review.threads.find(({ id }) => id === "bad");
    Object.defineProperty(bad, "messages", {
      get() {
        throw new Error("what nobody thought of");
      },
    });
    const target = document.createElement("div");
    const shown = mount(Comments, { target, props: { studio, user: ada } });
    flushSync();
    expect(cards(target)).toBe(1);
    target.querySelector<HTMLElement>("[data-testid=broken] .danger")?.click();
    expect([...review.getMap("threads").keys()]).toEqual(["good"]);
    void unmount(shown);
  });
});

it("times that are none are written as such", () => {
  for (const time of [Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER, -8.65e15]) {
    expect(ago(time, "en")).toBe("—");
    expect(inFull(time, "en")).toBe("—");
    expect(machineTime(time)).toBeNull();
  }
});
