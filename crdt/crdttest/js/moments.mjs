// Moments: snapshots, the states at them, and positions that survive edits.
import * as Y from "yjs";
import { find } from "./twins.mjs";

const b64 = (bytes) => Buffer.from(bytes).toString("base64");
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));

// A type is known by the position of its end.
const end = (type) => b64(Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(type, type.length ?? 0, 0)));

export const moments = (get) => ({
	snapshot(name) {
		const snapshot = Y.snapshot(get(name).doc);
		return { v1: b64(Y.encodeSnapshot(snapshot)), v2: b64(Y.encodeSnapshotV2(snapshot)) };
	},
	// The state at a snapshot, as a document of its own. Yjs may cut structs of the
	// document that it goes back in, so it does so in a copy.
	at(name, snapshot) {
		const copy = new Y.Doc({ gc: false });
		Y.applyUpdate(copy, Y.encodeStateAsUpdate(get(name).doc));
		const past = Y.createDocFromSnapshot(copy, Y.decodeSnapshot(bytes(snapshot)));
		return b64(Y.encodeStateAsUpdate(past));
	},
	// Who wrote and who deleted each unit of a list, given all updates and who made
	// each: [visible units before, client, deleted, by whom].
	units(name, root, updates, authors) {
		const deleters = new Map();
		updates.forEach((update, i) => {
			for (const [client, ranges] of Y.decodeUpdate(bytes(update)).ds.clients) {
				for (const { clock, len } of ranges) {
					for (let at = clock; at < clock + len; at++) {
						const unit = `${client}:${at}`;
						if (!deleters.has(unit)) deleters.set(unit, authors[i]);
					}
				}
			}
		});
		const { doc } = get(name);
		const units = [];
		let index = 0;
		for (let item = (root === "t" ? doc.getText("t") : doc.getArray("a"))._start; item !== null; item = item.right) {
			if (!item.deleted && !item.countable) continue;
			for (let i = 0; i < item.length; i++) {
				const { client, clock } = item.id;
				units.push([index, client, item.deleted, (item.deleted && deleters.get(`${client}:${clock + i}`)) || 0]);
				if (!item.deleted) index++;
			}
		}
		return units;
	},
	contains: (snapshot, update) => Y.snapshotContainsUpdate(Y.decodeSnapshot(bytes(snapshot)), bytes(update)),
	position(name, path, index, assoc) {
		const position = Y.createRelativePositionFromTypeIndex(find(get(name).doc, path), index, assoc);
		return { bytes: b64(Y.encodeRelativePosition(position)), json: JSON.stringify(Y.relativePositionToJSON(position)) };
	},
	resolve(name, position) {
		const found = Y.createAbsolutePositionFromRelativePosition(Y.decodeRelativePosition(bytes(position)), get(name).doc);
		return found === null ? null : { type: end(found.type), index: found.index };
	},
});
