// A long document through the running server: 259,778 keystrokes, each an
// update of its own, sent by one Yjs client and read by another.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import * as Y from "yjs";
import * as site from "./site.mjs";

const trace = new URL("../../crdt/crdttest/testdata/b4-editing-trace.json.gz", import.meta.url);

test("a whole paper typed by one client is read by another", { timeout: 120_000 }, async () => {
  const keystrokes = JSON.parse(gunzipSync(readFileSync(trace)).toString());
  const access = await site.token("Ada");
  const paper = await site.newProject(access, "A paper");
  const writer = await site.hocuspocus(access, paper);
  const text = new Y.Text();
  const scenes = writer.document.getMap("scenes");
  scenes.set("paper", new Y.Map([["prompt", text]]));
  for (const [i, [at, deleted, inserted]] of keystrokes.entries()) {
    writer.document.transact(() => {
      if (deleted > 0) text.delete(at, deleted);
      if (inserted) text.insert(at, inserted);
    });
    // The writer's socket gets its turns, as it does when somebody types.
    if (i % 1000 === 0) await new Promise(setImmediate);
  }
  await writer.saved();
  assert.equal(text.length, 104_852);
  const reader = await site.ywebsocket(access, paper);
  const read = reader.document.getMap("scenes").get("paper").get("prompt");
  assert.equal(read.toString(), text.toString());
  reader.close();
  writer.close();
});
