import { expect, test } from "vitest";
import * as Y from "yjs";
import { clipWriters, writtenBy } from "./blame.ts";
import { roots } from "./schema.ts";

function docOf(client: number, from?: Y.Doc): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = client;
  if (from) Y.applyUpdate(doc, Y.encodeStateAsUpdate(from));
  return doc;
}

test("each letter knows who wrote it, whatever was deleted between", () => {
  const ada = docOf(1);
  ada.getText("t").insert(0, "The boat sails");
  const ben = docOf(2, ada);
  ben.getText("t").insert(4, "red 🎬 ");
  ben.getText("t").delete(0, 2);
  expect(ben.getText("t").toString()).toBe("e red 🎬 boat sails");
  expect(writtenBy(ben.getText("t"))).toEqual([
    { from: 0, to: 2, client: 1 },
    { from: 2, to: 9, client: 2 },
    { from: 9, to: 19, client: 1 },
  ]);
  expect(writtenBy(docOf(3).getText("t"))).toEqual([]);
});

test("a clip tells who made it, and who else has changed what", () => {
  const ada = docOf(1);
  const clip = new Y.Map<unknown>([
    ["place", { track: "t", order: "a", gap: 0 }],
    ["span", { in: 0, length: 5 }],
    ["text", new Y.Text("Harbour")],
  ]);
  roots.clips(ada).set("c", clip);
  const ben = docOf(2, ada);
  const his = roots.clips(ben).get("c") as Y.Map<unknown>;
  his.set("span", { in: 0, length: 4 });
  (his.get("text") as Y.Text).insert(7, " at night");
  expect(clipWriters(ada, "c")).toEqual({ made: 1 });
  expect(clipWriters(ben, "c")).toEqual({ made: 1, span: 2, text: 2 });
  expect(clipWriters(ben, "nothing")).toEqual({});
});
