// Writes ../../wire/testdata/frames.json: frames as the real libraries send
// them, each with what it means. A real HocuspocusProvider talks to a real
// Hocuspocus server, and a real WebsocketProvider to the functions of
// y-protocols, through sockets that only remember. Run: node wirevectors.mjs
import { writeFileSync } from "node:fs";
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { Hocuspocus } from "@hocuspocus/server";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import * as auth from "y-protocols/auth";
import * as awareness from "y-protocols/awareness";
import * as sync from "y-protocols/sync";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const hex = (b) => Buffer.from(b).toString("hex");
const settle = () => new Promise((done) => setTimeout(done, 30));
const frames = [];
const seen = new Set();

// Sessions are random; these are not.
let session = 0;
Math.random = () => 0.5 + ++session / 1000;

const note = (protocol, from, bytes) => {
	const key = protocol + from + hex(bytes);
	if (seen.has(key)) return;
	seen.add(key);
	frames.push({ protocol, from, frame: hex(bytes), ...means(protocol, bytes) });
};

// means reads a frame with lib0, so that the expectation is not ours.
const means = (protocol, bytes) => {
	if (bytes.length === 1 && bytes[0] === 9) return { kind: "Ping" };
	if (bytes.length === 1 && bytes[0] === 10) return { kind: "Pong" };
	const d = decoding.createDecoder(bytes);
	const head = protocol === "hocuspocus" ? { address: decoding.readVarString(d) } : {};
	const type = decoding.readVarUint(d);
	const payload = () => ({ payload: hex(decoding.readVarUint8Array(d)) });
	switch (type) {
		case 0:
		case 4:
			return { ...head, kind: ["SyncStep1", "SyncStep2", "Update"][decoding.readVarUint(d)], reply: type === 4, ...payload() };
		case 1:
			return { ...head, kind: "Awareness", ...payload() };
		case 2: {
			const what = decoding.readVarUint(d);
			if (protocol === "yjs") return { kind: "PermissionDenied", ...payload() };
			if (what === 0 && !decoding.hasContent(d)) return { ...head, kind: "TokenRequest" };
			const m = { ...head, kind: ["Token", "PermissionDenied", "Authenticated"][what], ...payload() };
			return decoding.hasContent(d) ? { ...m, version: decoding.readVarString(d) } : m;
		}
		case 3:
			return { ...head, kind: "QueryAwareness" };
		case 5:
			return { ...head, kind: "Stateless", ...payload() };
		case 6:
			return { ...head, kind: "BroadcastStateless", ...payload() };
		case 7:
			return { ...head, kind: "Close", ...(decoding.hasContent(d) ? payload() : {}) };
		case 8:
			return { ...head, kind: "SyncStatus", applied: decoding.readVarUint(d) === 1 };
	}
	throw new Error(`type ${type}`);
};

// The client's end of a socket; accept(socket) is called when it opens.
const fakeSocket = (accept, send) =>
	class {
		static OPEN = 1;
		OPEN = 1;
		readyState = 0;
		listeners = {};
		constructor() {
			queueMicrotask(() => {
				this.readyState = 1;
				accept(this);
				this.fire("open", {});
			});
		}
		addEventListener(name, f) {
			(this.listeners[name] ??= []).push(f);
		}
		removeEventListener() {}
		fire(name, event) {
			this[`on${name}`]?.(event);
			for (const f of this.listeners[name] ?? []) f(event);
		}
		send(bytes) {
			send(this, new Uint8Array(bytes));
		}
		close() {
			this.readyState = 3;
		}
	};

const newDoc = (id) => {
	const doc = new Y.Doc();
	doc.clientID = id;
	return doc;
};

const runHocuspocus = async () => {
	const connections = [];
	const server = new Hocuspocus({
		quiet: true,
		async onAuthenticate({ token, connectionConfig }) {
			if (token === "bad") throw Object.assign(new Error(), { reason: "not with this token" });
			connectionConfig.readOnly = token === "reader";
		},
		async connected({ connection }) {
			connections.push(connection);
		},
		async onStateless({ document, payload }) {
			document.broadcastStateless(payload);
		},
	});
	const Socket = fakeSocket(
		(socket) => {
			const ws = {
				readyState: 1,
				send(bytes) {
					note("hocuspocus", "server", new Uint8Array(bytes));
					socket.fire("message", { data: new Uint8Array(bytes) });
				},
				close() {},
			};
			socket.peer = server.handleConnection(ws, new Request("http://server/collab"));
		},
		(socket, bytes) => {
			note("hocuspocus", "client", bytes);
			socket.peer.handleMessage(bytes);
		},
	);
	const websocketProvider = new HocuspocusProviderWebsocket({ url: "ws://server/collab", WebSocketPolyfill: Socket });
	const open = (name, id, token, more = {}) => {
		const p = new HocuspocusProvider({ websocketProvider, name, document: newDoc(id), token, ...more });
		p.attach();
		return p;
	};
	const writer = open("p1/timeline", 101, "writer");
	await settle();
	writer.document.getText("prompt").insert(0, "Dawn over the harbour 🌅");
	writer.document.getMap("meta").set("rate", [24, 1]);
	writer.setAwarenessField("person", { name: "Ada", color: "#c2410c" });
	await settle();
	const again = open("p2/timeline", 102, "reader", { sessionAwareness: true });
	const other = open("p2/timeline", 104, "writer", { sessionAwareness: true });
	const denied = open("p1/review", 103, "bad");
	await settle();
	again.document.getText("prompt").insert(0, "refused");
	other.document.getText("prompt").insert(0, "taken");
	writer.sendStateless('{"type":"hello","to":"λ"}');
	writer.forceSync();
	await settle();
	websocketProvider.onMessage({ data: new Uint8Array([9]) });
	for (const c of connections) c.requestToken();
	await settle();
	websocketProvider.detach(again);
	connections[0].close({ code: 4403, reason: "revoked" });
	await settle();
	for (const p of [writer, again, other, denied]) p.destroy();
	websocketProvider.destroy();
	// Between servers, and from clients of the time before versions.
	note("hocuspocus", "server", new Uint8Array([9]));
	const by = (write) => {
		const e = encoding.createEncoder();
		encoding.writeVarString(e, "p1/timeline");
		write(e);
		note("hocuspocus", "client", encoding.toUint8Array(e));
	};
	by((e) => { encoding.writeVarUint(e, 2); encoding.writeVarUint(e, 0); encoding.writeVarString(e, ""); });
	by((e) => encoding.writeVarUint(e, 3));
	by((e) => { encoding.writeVarUint(e, 4); sync.writeSyncStep1(e, newDoc(7)); });
	by((e) => { encoding.writeVarUint(e, 6); encoding.writeVarString(e, "between servers"); });
	by((e) => { encoding.writeVarUint(e, 8); encoding.writeVarUint(e, 0); });
};

const runYjs = async () => {
	const doc = newDoc(201);
	const present = new awareness.Awareness(doc);
	present.setLocalState({ person: { name: "Ben" } });
	doc.getArray("list").insert(0, [1, "two", null]);
	const reply = (socket, write) => {
		const e = encoding.createEncoder();
		write(e);
		if (encoding.length(e) <= 1) return;
		const bytes = encoding.toUint8Array(e);
		note("yjs", "server", bytes);
		socket.fire("message", { data: bytes });
	};
	const step1 = (e) => { encoding.writeVarUint(e, 0); sync.writeSyncStep1(e, doc); };
	const people = (e) => {
		encoding.writeVarUint(e, 1);
		encoding.writeVarUint8Array(e, awareness.encodeAwarenessUpdate(present, [...present.getStates().keys()]));
	};
	let socket;
	const Socket = fakeSocket(
		(s) => { socket = s; queueMicrotask(() => { reply(s, step1); reply(s, people); }); },
		(s, bytes) => {
			note("yjs", "client", bytes);
			const d = decoding.createDecoder(bytes);
			if (decoding.readVarUint(d) === 0) {
				reply(s, (e) => { encoding.writeVarUint(e, 0); sync.readSyncMessage(d, e, doc, null); });
			}
		},
	);
	const mine = newDoc(202);
	const provider = new WebsocketProvider("ws://server", "p1/timeline", mine, { WebSocketPolyfill: Socket, disableBc: true });
	await settle();
	mine.getArray("list").push(["mine", { a: 1.5 }]);
	provider.awareness.setLocalStateField("playhead", 48);
	reply(socket, (e) => encoding.writeVarUint(e, 3));
	reply(socket, (e) => { encoding.writeVarUint(e, 2); auth.writePermissionDenied(e, "viewers do not write"); });
	provider.destroy();
	present.destroy();
	const query = encoding.createEncoder();
	encoding.writeVarUint(query, 3);
	note("yjs", "client", encoding.toUint8Array(query));
};

await runHocuspocus();
await runYjs();
writeFileSync(new URL("../../wire/testdata/frames.json", import.meta.url), `[\n${frames.map((f) => JSON.stringify(f)).join(",\n")}\n]\n`);
console.log(`${frames.length} frames`);
process.exit(0);
