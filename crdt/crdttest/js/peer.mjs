// Real Yjs for the differential tests: reads requests, one JSON array of
// commands a line, from standard input, and answers each with one line, the
// array of their results or {"error"}. Bytes travel as base64.
import { createInterface } from "node:readline";
import * as Y from "yjs";
import { edit } from "./edits.mjs";
import { moments } from "./moments.mjs";
import { twins } from "./twins.mjs";
import { undos } from "./undos.mjs";

const docs = new Map();
const b64 = (bytes) => Buffer.from(bytes).toString("base64");
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));

const get = (name) => {
	const entry = docs.get(name);
	if (entry === undefined) throw new Error(`no document ${name}`);
	return entry;
};

// What a document's own transactions wrote since it was last asked: its edits,
// and the formats that it tidied up after somebody else's.
const taken = (entry) => entry.written.splice(0).map(b64);

// plain is a value as our own JSON view shows it: undefined as null, bytes as
// base64, texts as strings. Objects take any key, "__proto__" too.
const plain = (v) => {
	if (v === undefined) return null;
	if (v instanceof Uint8Array) return b64(v);
	if (typeof v === "bigint") return Number(v);
	if (Array.isArray(v)) return v.map(plain);
	if (v instanceof Y.Map) return fields(v.entries());
	if (v instanceof Y.Array) return v.toArray().map(plain);
	if (v instanceof Y.AbstractType) return v.toString();
	if (v instanceof Y.Doc) return { guid: v.guid };
	if (v !== null && typeof v === "object") return fields(Object.entries(v));
	return v;
};

const fields = (entries) => Object.fromEntries([...entries].map(([k, e]) => [k, plain(e)]));

// view reads a document through a copy, because asking for a root by its kind
// changes what Yjs does with it.
const view = (doc) => {
	const copy = new Y.Doc();
	Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
	return {
		map: plain(copy.getMap("m")),
		array: plain(copy.getArray("a")),
		text: copy.getText("t").toString(),
	};
};

const pending = (doc) => doc.store.pendingStructs !== null || doc.store.pendingDs !== null;

const commands = {
	new(name, clientID, options = {}) {
		const doc = new Y.Doc({ gc: options.keepDeleted !== true });
		doc.clientID = clientID;
		const entry = { doc, written: [] };
		doc.on("update", (update, _origin, _doc, transaction) => {
			if (transaction.local) entry.written.push(update);
		});
		docs.set(name, entry);
		return null;
	},
	free(...names) {
		for (const name of names) {
			docs.get(name)?.doc.destroy();
			docs.delete(name);
		}
		return null;
	},
	apply(name, update) {
		const entry = get(name);
		Y.applyUpdate(entry.doc, bytes(update));
		return taken(entry);
	},
	applyV2(name, update) {
		const entry = get(name);
		Y.applyUpdateV2(entry.doc, bytes(update));
		return taken(entry);
	},
	edit(name, seed, profile) {
		const entry = get(name);
		if (profile.undo) entry.undo ??= new Y.UndoManager(entry.doc, { captureTimeout: 0 });
		if (profile.undo && seed % 8 < 3) entry.undo.undo();
		else if (profile.undo && seed % 8 < 5) entry.undo.redo();
		else edit(entry.doc, seed, profile);
		return taken(entry);
	},
	state(name) {
		const { doc } = get(name);
		return { update: b64(Y.encodeStateAsUpdate(doc)), v2: b64(Y.encodeStateAsUpdateV2(doc)), vector: b64(Y.encodeStateVector(doc)), pending: pending(doc), ...view(doc) };
	},
	encode: (name) => b64(Y.encodeStateAsUpdate(get(name).doc)),
	encodeV2: (name) => b64(Y.encodeStateAsUpdateV2(get(name).doc)),
	vector: (name) => b64(Y.encodeStateVector(get(name).doc)),
	diff: (name, vector) => b64(Y.encodeStateAsUpdate(get(name).doc, bytes(vector))),
	pending: (name) => pending(get(name).doc),
	text: (name, root) => get(name).doc.getText(root).toString(),
	merge: (...updates) => b64(Y.mergeUpdates(updates.map(bytes))),
	mergeV2: (...updates) => b64(Y.mergeUpdatesV2(updates.map(bytes))),
	diffUpdate: (update, vector) => b64(Y.diffUpdate(bytes(update), bytes(vector))),
	diffUpdateV2: (update, vector) => b64(Y.diffUpdateV2(bytes(update), bytes(vector))),
	vectorOf: (update) => b64(Y.encodeStateVectorFromUpdate(bytes(update))),
	toV2: (update) => b64(Y.convertUpdateFormatV1ToV2(bytes(update))),
	toV1: (update) => b64(Y.convertUpdateFormatV2ToV1(bytes(update))),
	// What a new document makes of an update, in the form in which equal
	// documents are equal bytes; deletes are listed apart from structs.
	canonical(update) {
		const doc = new Y.Doc();
		Y.applyUpdate(doc, bytes(update));
		const whole = Y.encodeStateAsUpdate(doc);
		const { ds } = Y.decodeUpdate(whole);
		const deletes = [...ds.clients].sort((a, b) => a[0] - b[0]).map(([c, runs]) => [c, runs.map((r) => [r.clock, r.len])]);
		return { update: b64(whole), vector: b64(Y.encodeStateVector(doc)), deletes, pending: pending(doc), ...view(doc) };
	},
	// The bytes that a new document makes of an update.
	rewritten(update) {
		const doc = new Y.Doc();
		Y.applyUpdate(doc, bytes(update));
		return b64(Y.encodeStateAsUpdate(doc));
	},
	// Plays a trace of [position, deleted, inserted] edits into text "text" of
	// a document of client 1, and returns the updates from..to.
	trace(name, edits) {
		const entry = get(name);
		const text = entry.doc.getText("text");
		for (const [at, deleted, inserted] of edits) {
			entry.doc.transact(() => {
				if (deleted > 0) text.delete(at, deleted);
				if (inserted !== undefined && inserted !== "") text.insert(at, inserted);
			});
		}
		return taken(entry);
	},
};

Object.assign(commands, twins(get, taken, plain), moments(get), undos(b64));

for await (const line of createInterface({ input: process.stdin })) {
	let answer;
	try {
		answer = JSON.parse(line).map(([name, ...args]) => commands[name](...args) ?? null);
	} catch (error) {
		answer = { error: String(error?.stack ?? error) };
	}
	process.stdout.write(`${JSON.stringify(answer)}\n`);
}
