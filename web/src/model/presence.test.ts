import { afterEach, describe, expect, it, vi } from "vitest";
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from "y-protocols/awareness";
import * as Y from "yjs";
import { openPresence } from "./presence.ts";

const ada = { person: "p1", name: "Ada", color: "#ab4aba" };
const ben = { person: "p2", name: "Ben", color: "#12a594" };
const made: Awareness[] = [];

function awareness(): Awareness {
  const one = new Awareness(new Y.Doc());
  made.push(one);
  return one;
}

function send(from: Awareness, to: Awareness): void {
  applyAwarenessUpdate(to, encodeAwarenessUpdate(from, [from.clientID]), "net");
}

afterEach(() => {
  for (const one of made.splice(0)) one.destroy();
  vi.useRealTimers();
});

describe("presence", () => {
  it("lists everybody by name, and knows which is this page", () => {
    const [left, right] = [awareness(), awareness()];
    const room = openPresence(left, ben);
    openPresence(right, ada);
    send(right, left);
    expect(room.current().map(({ name, self }) => [name, self])).toEqual([
      ["Ada", false],
      ["Ben", true],
    ]);
    room.close();
    expect(left.getLocalState()).toBeNull();
  });

  it("knows who came by a link", () => {
    const [left, right] = [awareness(), awareness()];
    const room = openPresence(left, ben);
    right.setLocalState({ ...ada, guest: true });
    send(right, left);
    expect(room.current().map(({ guest }) => guest)).toEqual([true, undefined]);
    room.close();
  });

  it("reads only what has the right shape", () => {
    const [left, right] = [awareness(), awareness()];
    const room = openPresence(left, ben);
    right.setLocalState({
      ...ada,
      color: "red;}",
      cursor: { playhead: -3, clip: 4, selection: ["a", 5], text: { scene: "s", field: "body" } },
    });
    send(right, left);
    expect(room.current()[0]).toMatchObject({
      color: "#888888",
      cursor: { playhead: 0, selection: ["a"] },
    });
    right.setLocalState({ name: "nobody" });
    send(right, left);
    expect(room.current().length).toBe(1);
    room.close();
  });

  it("sends the last of many cursors, at most 20 times a second", () => {
    vi.useFakeTimers();
    const one = awareness();
    let sent = 0;
    one.on("update", () => sent++);
    const room = openPresence(one, ada, () => Date.now());
    for (let i = 0; i < 100; i++) {
      room.setCursor({ playhead: i, clip: "c" });
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(100);
    expect(sent).toBeLessThanOrEqual(23);
    expect(one.getLocalState()).toMatchObject({ ...ada, cursor: { playhead: 99, clip: "c" } });
    room.setCursor({ clip: undefined });
    vi.advanceTimersByTime(100);
    expect(one.getLocalState()).toMatchObject({ cursor: { playhead: 99 } });
    expect(one.getLocalState()?.["cursor"]).not.toHaveProperty("clip");
    room.close();
  });

  it("glides a playhead to where it is, and jumps across the timeline", () => {
    let now = 1000;
    const [left, right] = [awareness(), awareness()];
    const room = openPresence(left, ben, () => now);
    const other = openPresence(right, ada, () => now);
    const go = (playhead: number) => {
      now += 1000;
      other.setCursor({ playhead });
      send(right, left);
    };
    expect(room.playhead(right.clientID, now)).toBeNull();
    go(100);
    expect(room.playhead(right.clientID, now)).toBe(100);
    go(160);
    expect(room.playhead(right.clientID, now)).toBe(100);
    expect(room.playhead(right.clientID, now + 60)).toBe(130);
    expect(room.playhead(right.clientID, now + 500)).toBe(160);
    go(5000);
    expect(room.playhead(right.clientID, now)).toBe(5000);
    other.close();
    room.close();
  });
});
