// Writes the files of the doc command's tests: ../../../testdata/doc.
// Run: node docvectors.mjs
import { writeFileSync } from "node:fs";
import * as Y from "yjs";

const write = (name, bytes) => writeFileSync(new URL(`../../../testdata/doc/${name}`, import.meta.url), bytes);

const a = new Y.Doc();
a.clientID = 1;
a.getMap("meta").set("title", "Harbour 🌅");
a.getMap("meta").set("rate", [24, 1]);
a.getMap("meta").set("ratio", 2.39);
const scene = new Y.Map();
scene.set("prompt", new Y.Text("Dawn over the harbour"));
scene.set("length", 120);
a.getMap("scenes").set("s1", scene);
a.getText("notes").insert(0, "Hold <b>& wait</b>", { bold: true });
const first = Y.encodeStateAsUpdate(a);
const vector = Y.encodeStateVector(a);

const b = new Y.Doc();
b.clientID = 2;
Y.applyUpdate(b, first);
b.getMap("scenes").get("s1").get("prompt").insert(5, "breaks ");
b.getMap("meta").set("title", "Harbour");
b.getArray("list").push([1, null, "two", new Uint8Array([1, 2, 3]), { nan: Number.NaN }]);
b.getArray("list").delete(0, 1);
const second = Y.encodeStateAsUpdate(b, vector);
const whole = Y.mergeUpdates([first, second]);

write("first.bin", first);
write("second.bin", second);
write("first.sv", vector);
write("whole.bin", whole);
write("whole.v2.bin", Y.convertUpdateFormatV1ToV2(whole));
write("whole.sv", Y.encodeStateVectorFromUpdate(whole));
write("diff.bin", Y.diffUpdate(whole, vector));
