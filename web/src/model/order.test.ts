import { describe, expect, it } from "vitest";
import { byOrder, isOrder, orderBetween, ordersBetween, pieceOrder } from "./order.ts";
import { seededRandom } from "./random.ts";

describe("orderBetween", () => {
  for (let seed = 1; seed <= 20; seed++) {
    it(`stands strictly between its neighbours after a thousand inserts anywhere (seed ${seed})`, () => {
      const random = seededRandom(seed);
      const keys: string[] = [];
      const mode = seed % 4; // anywhere, at the front, at the end, always one spot
      for (let i = 0; i < 1000; i++) {
        const spots = [random(keys.length + 1), 0, keys.length, Math.min(3, keys.length)];
        const at = spots[mode] ?? 0;
        const before = keys[at - 1] ?? null;
        const after = keys[at] ?? null;
        const key = orderBetween(before, after, random);
        expect(isOrder(key)).toBe(true);
        if (before !== null) expect(before < key, `${before} < ${key}`).toBe(true);
        if (after !== null) expect(key < after, `${key} < ${after}`).toBe(true);
        keys.splice(at, 0, key);
      }
      if (mode === 1 || mode === 2) expect(Math.max(...keys.map((k) => k.length))).toBe(12);
      if (mode === 0) expect(Math.max(...keys.map((k) => k.length))).toBeLessThan(60);
    });
  }

  it("grows slowly even between the two newest, in turns", () => {
    const random = seededRandom(11);
    let [before, after] = ordersBetween({ before: null, after: null }, 2, random);
    for (let i = 0; i < 200; i++) {
      const key = orderBetween(before ?? null, after ?? null, random);
      if (i % 2 === 0) before = key;
      else after = key;
    }
    expect(before?.length).toBeLessThan(300);
  });

  it("gives two people at one spot distinct keys", () => {
    const keys = new Set(
      Array.from({ length: 500 }, (_, i) => orderBetween(null, null, seededRandom(i))),
    );
    expect(keys.size).toBe(500);
  });

  it("stands after both where nothing fits between", () => {
    const key = orderBetween("V00000", "V00000", seededRandom(1));
    expect(key > "V00000").toBe(true);
  });

  it("stands behind later pieces of the clip before it, whatever stands after", () => {
    const random = seededRandom(7);
    const clip = orderBetween(null, null, random);
    const next = pieceOrder(clip, 480);
    for (const after of [next, null]) {
      const inserted = orderBetween(clip, after, random);
      for (const frame of [1, 62, 240, 479]) expect(pieceOrder(clip, frame) < inserted).toBe(true);
    }
  });
});

describe("ordersBetween", () => {
  it("never lets two batches at one spot interleave", () => {
    for (let seed = 1; seed < 200; seed++) {
      const before = orderBetween(null, null, seededRandom(1000 + seed));
      const a = ordersBetween({ before, after: null }, 5, seededRandom(seed));
      const b = ordersBetween({ before, after: null }, 5, seededRandom(seed + 5000));
      const names = [
        ...a.map((order) => ({ order, id: "a" })),
        ...b.map((order) => ({ order, id: "b" })),
      ]
        .sort(byOrder)
        .map((key) => key.id)
        .join("");
      expect(["aaaaabbbbb", "bbbbbaaaaa"]).toContain(names);
      expect([...a].sort()).toEqual(a);
    }
  });
});

describe("pieceOrder", () => {
  it("sorts pieces of one clip by source frame, after the clip and before what follows", () => {
    const random = seededRandom(3);
    const clip = orderBetween(null, null, random);
    const next = orderBetween(clip, null, random);
    const pieces = [1, 10, 61, 62, 63, 3843, 3844, 1_000_000].map((f) => pieceOrder(clip, f));
    expect([...pieces].sort()).toEqual(pieces);
    for (const piece of pieces) expect(clip < piece && piece < next).toBe(true);
  });
});
