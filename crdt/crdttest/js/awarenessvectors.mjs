// Writes ../../awareness/testdata/history.json: a random history of awareness
// updates, and after each what real y-protocols makes of it: what changed, and
// who is here at which clock. Run: node awarenessvectors.mjs
import { writeFileSync } from "node:fs";
import * as awareness from "y-protocols/awareness";
import * as Y from "yjs";

let seed = 20260101;
const random = (n) => {
	seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
	return Math.floor((seed / 2 ** 32) * n);
};
const hex = (b) => Buffer.from(b).toString("hex");

const server = new awareness.Awareness(new Y.Doc());
server.setLocalState(null);
let changes;
server.on("update", (c, origin) => {
	if (origin !== "local") changes = c;
});

const values = [{}, { cursor: null }, { cursor: { clip: "c1", offset: 12 } }, { emoji: "🎬 é", n: 1.5, list: [1, [2]] }, { name: "Ada" }];
const clients = [1, 2, 77, 4294967295, 9007199254740991];
const steps = [];
for (let i = 0; i < 400; i++) {
	const states = new Map();
	const meta = new Map();
	for (let n = random(4); n >= 0; n--) {
		const c = clients[random(clients.length)];
		const known = server.meta.get(c)?.clock ?? 0;
		meta.set(c, { clock: Math.max(0, known + random(4) - 1) });
		states.set(c, random(4) === 0 && server.meta.has(c) ? null : values[random(values.length)]);
	}
	const update = awareness.encodeAwarenessUpdate({ meta }, [...meta.keys()], states);
	changes = { added: [], updated: [], removed: [] };
	awareness.applyAwarenessUpdate(server, update, "remote");
	const here = [...server.states.keys()].sort((a, b) => a - b);
	steps.push({
		update: hex(update),
		changed: [...changes.added, ...changes.updated, ...changes.removed].sort((a, b) => a - b),
		all: hex(awareness.encodeAwarenessUpdate(server, here)),
	});
}

// A client that was removed by the server hears of it and comes back.
const mine = new Y.Doc();
mine.clientID = 5;
const client = new awareness.Awareness(mine);
client.setLocalState({ name: "Ben" });
const before = awareness.encodeAwarenessUpdate(client, [5]);
let back;
client.on("update", () => {
	back = awareness.encodeAwarenessUpdate(client, [5]);
});
const removal = awareness.encodeAwarenessUpdate({ meta: new Map([[5, { clock: 2 }]]) }, [5], new Map());
awareness.applyAwarenessUpdate(client, removal, "server");

const text = JSON.stringify({ steps, comeback: { before: hex(before), removal: hex(removal), back: hex(back) } });
writeFileSync(new URL("../../awareness/testdata/history.json", import.meta.url), `${text.replaceAll("},{", "},\n{")}\n`);
console.log(`${steps.length} steps`);
process.exit(0);
