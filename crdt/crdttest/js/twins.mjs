// Twins: documents that make the same edits as one of ours, under the same
// client id, so that every update and every event can be compared.
import * as Y from "yjs";

const me = { name: "me" };

const roots = (doc) => ({ m: doc.getMap("m"), a: doc.getArray("a"), t: doc.getText("t"), x: doc.getXmlFragment("x") });

export const find = (doc, [root, ...path]) => path.reduce((type, step) => type.get(step), roots(doc)[root]);

// A value as it travels: types are {"$": kind, ...}.
const made = (v) => {
	if (Array.isArray(v)) return v.map(made);
	if (v === null || typeof v !== "object") return v;
	switch (v.$) {
		case "map": return new Y.Map(Object.entries(v.fields));
		case "array": return Y.Array.from(v.values);
		case "text": return new Y.Text(v.text);
		case "doc": return new Y.Doc({ guid: v.guid, meta: v.meta });
		case "xml-text": return new Y.XmlText(v.text);
		case "hook": {
			const hook = new Y.XmlHook(v.name);
			for (const [key, value] of Object.entries(v.fields)) hook.set(key, value);
			return hook;
		}
		case "element": {
			const element = new Y.XmlElement(v.name);
			for (const [key, value] of Object.entries(v.fields)) element.setAttribute(key, value);
			element.insert(0, v.children.map(made));
			return element;
		}
		default: return v;
	}
};

const methods = {
	set: (type, key, v) => type.set(key, made(v)),
	remove: (type, key) => type.delete(key),
	setAttribute: (type, key, v) => type.setAttribute(key, v),
	insert: (type, at, values) => type.insert(at, made(values)),
	delete: (type, at, n) => type.delete(at, n),
	write: (type, at, s) => type.insert(at, s),
	writeFormatted: (type, at, s, attributes) => type.insert(at, s, attributes),
	embed: (type, at, v, attributes) => type.insertEmbed(at, made(v), attributes),
	format: (type, at, n, attributes) => type.format(at, n, attributes),
	delta: (type, delta) => type.applyDelta(delta.map((op) => (op.insert === undefined ? op : { ...op, insert: made(op.insert) }))),
};

export const twins = (get, taken, plain) => {
	const b64 = (bytes) => Buffer.from(bytes).toString("base64");
	const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));

	const op = (o) => {
		const out = { ...o };
		if (o.insert !== undefined) out.insert = plain(o.insert);
		return out;
	};
	const event = (e) => ({
		path: e.path,
		keys: Object.fromEntries([...e.keys].map(([k, { action, oldValue }]) => [k, { action, old: plain(oldValue) }])),
		delta: e.delta.map(op),
	});

	// The events of a step are those of a copy, because reading the delta of a
	// text may tidy up its formats.
	const events = (before, update) => {
		const doc = new Y.Doc();
		Y.applyUpdate(doc, before);
		const seen = [];
		for (const [name, type] of Object.entries(roots(doc))) {
			type.observe((e, tr) => tr.origin === me && seen.push(["shallow", name, event(e)]));
			type.observeDeep((list, tr) => {
				if (tr.origin !== me) return;
				for (const e of list) seen.push(["deep", name, event(e)]);
			});
		}
		const guids = (docs) => [...docs].map((sub) => sub.guid).sort();
		// Yjs then ends those that were removed, and tells of that as well.
		doc.on("subdocs", ({ added, removed }, _doc, tr) => tr.origin === me && seen.push(["subdocuments", guids(added), guids(removed)]));
		Y.applyUpdate(doc, update, me);
		return seen;
	};

	const step = (entry, run) => {
		const before = Y.encodeStateAsUpdate(entry.doc);
		entry.written.length = 0;
		run(entry.doc);
		const written = taken(entry);
		const whole = bytes(written[0] ?? b64(new Uint8Array([0, 0])));
		return {
			update: written[0] ?? null,
			events: events(before, whole),
			state: b64(Y.encodeStateAsUpdate(entry.doc)),
			delta: entry.doc.getText("t").toDelta().map(op),
			xml: entry.doc.getXmlFragment("x").toString(),
		};
	};

	return {
		// Makes a document a twin, that can take back its steps.
		twin(name, scope) {
			const entry = get(name);
			entry.undo = new Y.UndoManager(scope.length === 0 ? entry.doc : scope.map((root) => roots(entry.doc)[root]), {
				captureTimeout: 1e12,
				trackedOrigins: new Set([me]),
			});
			roots(entry.doc);
		},
		step(name, ops) {
			return step(get(name), (doc) =>
				doc.transact(() => {
					for (const [path, method, ...args] of ops) methods[method](find(doc, path), ...args);
				}, me),
			);
		},
		stop: (name) => get(name).undo.stopCapturing(),
		undo: (name) => step(get(name), () => get(name).undo.undo()),
		redo: (name) => step(get(name), () => get(name).undo.redo()),
		// Takes an update of somebody else; what the twin tidies up is returned.
		hear(name, update) {
			const entry = get(name);
			const before = Y.encodeStateAsUpdate(entry.doc);
			entry.written.length = 0;
			Y.applyUpdate(entry.doc, bytes(update), "remote");
			return {
				events: events(before, bytes(update)),
				tidied: taken(entry),
				state: b64(Y.encodeStateAsUpdate(entry.doc)),
				delta: entry.doc.getText("t").toDelta().map(op),
				xml: entry.doc.getXmlFragment("x").toString(),
			};
		},
	};
};
