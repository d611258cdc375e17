// Types the trace through a server with one Yjs client and reads it with another:
//   node trace.mjs hocuspocus|y-websocket URL READER_URL DOCUMENT TRACE [TOKEN]
// Prints {"typed", "read", "equal"}: milliseconds until the last key was sent,
// and until another client has the same text.
import { readFileSync } from "node:fs";
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import WebSocket from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const [, , kind, url, readerURL, name, file, token] = process.argv;
const trace = JSON.parse(readFileSync(file, "utf8"));

const open = async (url) => {
	const document = new Y.Doc();
	if (kind === "y-websocket") {
		const provider = new WebsocketProvider(url, name, document, { WebSocketPolyfill: WebSocket, disableBc: true });
		await new Promise((resolve) => provider.once("sync", resolve));
		return { document, saved: async () => undefined };
	}
	const socket = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: WebSocket });
	const provider = new HocuspocusProvider({ websocketProvider: socket, name, document, token: token ?? "none" });
	provider.attach();
	await new Promise((resolve) => provider.on("synced", resolve));
	const saved = () =>
		new Promise((resolve) => {
			const check = () => provider.hasUnsyncedChanges || resolve();
			provider.on("unsyncedChanges", check);
			check();
		});
	return { document, saved };
};

const writer = await open(url);
const text = new Y.Text();
writer.document.getMap("scenes").set("paper", new Y.Map([["prompt", text]]));
const began = performance.now();
for (const [i, [at, deleted, inserted]] of trace.entries()) {
	writer.document.transact(() => {
		if (deleted > 0) text.delete(at, deleted);
		if (inserted) text.insert(at, inserted);
	});
	if (i % 1000 === 0) await new Promise(setImmediate);
}
const typed = performance.now() - began;
await writer.saved();
const want = text.toString();
const reader = await open(readerURL);
const seen = () => reader.document.getMap("scenes").get("paper")?.get("prompt").toString();
while (seen() !== want && performance.now() - began < 120_000) {
	await new Promise((resolve) => setTimeout(resolve, 20));
}
const read = performance.now() - began;
console.log(JSON.stringify({ typed, read, equal: seen() === want }));
process.exit(0);
