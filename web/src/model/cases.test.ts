import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { projectTimeline } from "./project.ts";
import { type Case, makeCases } from "./testing/cases.ts";

const files = import.meta.glob<Case>("../../cases/*.json", { eager: true, import: "default" });

describe("the case files", () => {
  it("are those that `npm run cases` writes", () => {
    const made = makeCases();
    const names = Object.keys(files).map((path) => path.replace(/^.*\/|\.json$/g, ""));
    expect(names.sort()).toEqual(Object.keys(made).sort());
    for (const [path, file] of Object.entries(files)) {
      const name = path.replace(/^.*\/|\.json$/g, "");
      expect(JSON.stringify(made[name]), name).toBe(JSON.stringify(file));
    }
  });

  for (const [path, { about, updates, expected }] of Object.entries(files)) {
    it(`${path.replace(/^.*\//, "")}: ${about}`, () => {
      const doc = new Y.Doc();
      for (const update of updates) Y.applyUpdate(doc, bytes(update));
      expect(projectTimeline(doc)).toEqual(expected);
    });
  }
});

function bytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
