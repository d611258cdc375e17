// Undos: two documents with a text in a map that comes and goes, both taking back
// and repeating much. Restored texts bring items whose right origin stands left of
// their origin, or is the same.
import * as Y from "yjs";
import { generator } from "./edits.mjs";

const act = (r, docs, undos) => {
	const i = r(2);
	const map = docs[i].getMap("m");
	const text = map.get("k");
	const n = r(10);
	if (n < 2) undos[i].undo();
	else if (n < 4) undos[i].redo();
	else if (n < 5) Y.applyUpdate(docs[1 - i], Y.encodeStateAsUpdate(docs[i]));
	else if (n < 6) map.set("k", new Y.Text("abc"));
	else if (n < 7) map.delete("k");
	else if (text === undefined) return;
	else if (r(2) && text.length > 0) {
		const at = r(text.length);
		text.delete(at, 1 + r(text.length - at));
	} else text.insert(r(text.length + 1), ["xy", "def", "123"][r(3)]);
};

export const undos = (b64) => ({
	// What both documents of a seed wrote, heard and show.
	undos(seed) {
		const r = generator(seed);
		const gc = r(2) === 0;
		const docs = [1, 2].map((clientID) => Object.assign(new Y.Doc({ gc }), { clientID }));
		const managers = docs.map((doc) => new Y.UndoManager(doc, { captureTimeout: 0 }));
		const heard = docs.map((doc) => {
			const updates = [];
			doc.on("update", (u) => updates.push(b64(u)));
			return updates;
		});
		for (let k = 0; k < 25; k++) act(r, docs, managers);
		return docs.map((doc, i) => ({ updates: heard[i], state: b64(Y.encodeStateAsUpdate(doc)), shows: doc.getMap("m").toJSON() }));
	},
	// What a new document shows of an update.
	shows(update) {
		const doc = new Y.Doc();
		Y.applyUpdate(doc, new Uint8Array(Buffer.from(update, "base64")));
		return doc.getMap("m").toJSON();
	},
});
