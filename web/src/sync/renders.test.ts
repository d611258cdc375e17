import { describe, expect, it } from "vitest";
import {
  answered,
  emptyQueue,
  happened,
  type Render,
  renderOf,
  selected,
  stepped,
  waitingOf,
} from "./renders.ts";

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

  it("keeps the last picture of what is being made until it is over", () => {
    const first = { ...render("a", 0.1), thumbnail: "data:image/jpeg;base64,AA" };
    let { queue } = happened(emptyQueue, { render: first, seq: 1 });
    queue = happened(queue, { render: render("a", 0.2), seq: 2 }).queue;
    expect(queue.renders.get("a")?.thumbnail).toBe(first.thumbnail);
    queue = happened(queue, { render: { ...render("a", 1), state: "done" }, seq: 3 }).queue;
    expect(queue.renders.get("a")?.thumbnail).toBeUndefined();
  });

  it("reads only events about renders", () => {
    expect(renderOf({ type: "notice" })).toBeNull();
    expect(renderOf({ type: "render", seq: "1", render: {} })).toBeNull();
    expect(renderOf({ type: "render", seq: 3, render: render("a", 1) })?.seq).toBe(3);
  });
});

describe("what is selected of a list", () => {
  const list = ["a", "b", "c", "d"];
  const press = (id: string, how = "") => ({
    id,
    ctrl: how.includes("ctrl"),
    shift: how.includes("shift"),
  });
  const picks = (...presses: ReturnType<typeof press>[]) => {
    let now: ReturnType<typeof selected> = { ids: new Set(), from: "" };
    for (const each of presses) now = selected(list, now, each);
    return [...now.ids].sort().join("");
  };

  it("follows Ctrl and Shift", () => {
    expect(picks(press("b"))).toBe("b");
    expect(picks(press("b"), press("d"))).toBe("d");
    expect(picks(press("b"), press("d", "ctrl"))).toBe("bd");
    expect(picks(press("b"), press("d", "ctrl"), press("b", "ctrl"))).toBe("d");
    expect(picks(press("d"), press("b", "shift"))).toBe("bcd");
    expect(picks(press("b"), press("d", "shift"), press("a", "shift"))).toBe("ab");
    expect(picks(press("a"), press("c", "ctrl"), press("d", "shift ctrl"))).toBe("acd");
    expect(picks(press("c", "shift"))).toBe("c");
  });
});

describe("the order of what waits", () => {
  const waits = (id: string, place: number): Render => ({
    ...render(id, 0),
    state: "queued",
    place,
  });
  const waiting = waitingOf([waits("c", 3), render("r", 0.5), waits("a", 1), waits("b", 2)]);

  it("is by place, and moves by one", () => {
    expect(waiting.map(({ id }) => id).join("")).toBe("abc");
    expect(stepped(waiting, "b", -1)).toEqual({ move: "b", before: "a" });
    expect(stepped(waiting, "b", 1)).toEqual({ move: "c", before: "b" });
    expect(stepped(waiting, "a", -1)).toBeNull();
    expect(stepped(waiting, "c", 1)).toBeNull();
    expect(stepped(waiting, "r", 1)).toBeNull();
  });
});
