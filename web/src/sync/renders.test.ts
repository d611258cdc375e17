import { describe, expect, it } from "vitest";
import { answered, emptyQueue, happened, type Render, renderOf } from "./renders.ts";

const render = (id: string, progress: number): Render => ({
  id,
  project: "p",
  kind: "scene",
  title: "Harbour",
  backend: "ffmpeg",
  person: "ada",
  state: "running",
  progress,
  priority: 0,
  attempt: 1,
  created_at: "2026-11-28T10:00:00Z",
});

describe("the queue of a project", () => {
  it("follows events and knows what it missed", () => {
    let queue = answered(emptyQueue, { items: [render("a", 0.1)], seq: 4 });
    const next = happened(queue, { render: render("a", 0.2), seq: 5 });
    expect(next.missed).toBe(false);
    queue = next.queue;
    const gap = happened(queue, { render: render("b", 0.5), seq: 8 });
    expect(gap.missed).toBe(true);
    expect([...gap.queue.renders.keys()]).toEqual(["a", "b"]);
  });

  it("never goes back: not by an event that comes twice, nor by an answer that was overtaken", () => {
    const queue = answered(emptyQueue, { items: [render("a", 0.6)], seq: 9 });
    expect(happened(queue, { render: render("a", 0.2), seq: 7 }).queue).toBe(queue);
    expect(answered(queue, { items: [render("a", 0.1)], seq: 8 })).toBe(queue);
  });

  it("reads only events about renders", () => {
    expect(renderOf({ type: "notice" })).toBeNull();
    expect(renderOf({ type: "render", seq: "1", render: {} })).toBeNull();
    expect(renderOf({ type: "render", seq: 3, render: render("a", 1) })?.seq).toBe(3);
  });
});
