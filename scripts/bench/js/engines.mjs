// The engines behind one interface, and the benchmark data. A directory has
// b4.updates and mix.updates (each update behind its length, four bytes, big
// endian) and b4.trace (JSON).
import { readFileSync } from "node:fs";
import { join } from "node:path";

const yjs = async () => {
	const Y = await import("yjs");
	return {
		open: () => new Y.Doc(),
		close: (doc) => doc.destroy(),
		apply: (doc, update) => Y.applyUpdate(doc, update),
		encode: (doc) => Y.encodeStateAsUpdate(doc),
		type: (edits) => {
			const doc = new Y.Doc();
			const text = doc.getText("text");
			let bytes = 0;
			doc.on("update", (update) => {
				bytes += update.length;
			});
			for (const [at, deleted, inserted] of edits) {
				doc.transact(() => {
					if (deleted > 0) text.delete(at, deleted);
					if (inserted) text.insert(at, inserted);
				});
			}
			return bytes;
		},
		merge: (updates) => Y.mergeUpdates(updates),
	};
};

const ywasm = async () => {
	const { default: Y } = await import("ywasm");
	return {
		open: () => new Y.YDoc({}),
		close: (doc) => doc.free(),
		apply: (doc, update) => Y.applyUpdate(doc, update, "remote"),
		encode: (doc) => Y.encodeStateAsUpdate(doc),
		type: (edits) => {
			const doc = new Y.YDoc({});
			const text = doc.getText("text");
			let bytes = 0;
			doc.onUpdate((update) => {
				bytes += update.length;
			});
			for (const [at, deleted, inserted] of edits) {
				const tx = doc.beginTransaction("local");
				if (deleted > 0) text.delete(at, deleted, tx);
				if (inserted) text.insert(at, inserted, undefined, tx);
				tx.commit();
				tx.free();
			}
			return bytes;
		},
	};
};

export const open = (which) => ({ yjs, ywasm })[which]();

export const replay = (engine, updates) => {
	const doc = engine.open();
	for (const update of updates) engine.apply(doc, update);
	return doc;
};

export function* updates(dir, name) {
	const all = readFileSync(join(dir, `${name}.updates`));
	for (let at = 0; at < all.length; ) {
		const n = all.readUInt32BE(at);
		yield new Uint8Array(all.subarray(at + 4, at + 4 + n));
		at += 4 + n;
	}
}

export const readTrace = (dir) => JSON.parse(readFileSync(join(dir, "b4.trace"), "utf8"));
