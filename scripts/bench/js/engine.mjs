// Measures one engine on the benchmark data and prints a line of JSON:
//   node engine.mjs yjs|ywasm DIRECTORY RUNS
// The directory has b4.updates and mix.updates (each update behind its length,
// four bytes, big endian) and b4.trace (JSON).
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [, , which, dir, runsText] = process.argv;
const runs = Number(runsText);

const yjs = async () => {
	const Y = await import("yjs");
	return {
		open: () => new Y.Doc(),
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

const read = (name) => {
	const all = readFileSync(join(dir, name));
	const out = [];
	for (let at = 0; at < all.length; ) {
		const n = all.readUInt32BE(at);
		out.push(new Uint8Array(all.subarray(at + 4, at + 4 + n)));
		at += 4 + n;
	}
	return out;
};

const timed = (times, run) => {
	let best = Number.POSITIVE_INFINITY;
	for (let i = 0; i < times; i++) {
		const began = performance.now();
		run();
		best = Math.min(best, performance.now() - began);
	}
	return best;
};

const engine = await { yjs, ywasm }[which]();
const trace = JSON.parse(readFileSync(join(dir, "b4.trace"), "utf8"));
const result = {};

for (const name of ["b4", "mix"]) {
	const updates = read(`${name}.updates`);
	let doc;
	result[`${name} apply`] = timed(runs, () => {
		doc = engine.open();
		for (const update of updates) engine.apply(doc, update);
	});
	const whole = engine.encode(doc);
	result[`${name} encode`] = timed(runs * 3, () => engine.encode(doc));
	result[`${name} load`] = timed(runs * 3, () => engine.apply(engine.open(), whole));
	if (name === "b4" && engine.merge) {
		result["b4 merge 10000"] = timed(1, () => engine.merge(updates.slice(0, 10_000)));
	}
}
// Typing every key in ywasm takes a quarter of a minute: once is enough.
result["b4 type"] = timed(which === "yjs" ? runs : 1, () => engine.type(trace));
console.log(JSON.stringify(result));
