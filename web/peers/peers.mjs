// Real Yjs clients for the tests of a cluster: they edit one document at several nodes,
// by Hocuspocus and by y-websocket, and come back by themselves. Reads from standard
// input "edit", "rest" and "end", one a line; answers each with a line of JSON.
import { createInterface } from "node:readline";
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import WebSocket from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const { nodes, doc, token } = JSON.parse(process.env.PEERS);
const patience = 60_000;

class Authorized extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols, { headers: { authorization: `Bearer ${token}` } });
  }
}

// peer is a client at a node: its document, whether it and the server have the same, and how it ends.
const hocuspocus = (url) => {
  const ydoc = new Y.Doc();
  const socket = new HocuspocusProviderWebsocket({
    url: `${url.replace("http", "ws")}/collab`,
    WebSocketPolyfill: WebSocket,
    delay: 100,
    minDelay: 100,
    maxDelay: 1000,
  });
  const provider = new HocuspocusProvider({
    websocketProvider: socket,
    name: doc,
    document: ydoc,
    token,
  });
  provider.attach();
  return {
    ydoc,
    settled: () => provider.isSynced && !provider.hasUnsyncedChanges,
    end: () => {
      provider.destroy();
      socket.destroy();
    },
  };
};

const ywebsocket = (url) => {
  const ydoc = new Y.Doc();
  const [project, kind] = doc.split("/");
  const provider = new WebsocketProvider(
    `${url.replace("http", "ws")}/yjs/${project}`,
    kind,
    ydoc,
    {
      WebSocketPolyfill: Authorized,
      disableBc: true,
      maxBackoffTime: 1000,
    },
  );
  return { ydoc, settled: () => provider.synced, end: () => provider.destroy() };
};

const peers = nodes.flatMap((url) => [hocuspocus(url), ywebsocket(url)]);
let editing = false;
let edits = 0;

const step = () => {
  if (!editing) return;
  const { ydoc } = peers[edits % peers.length];
  const markers = ydoc.getMap("markers");
  ydoc.transact(() => {
    const marker = new Y.Map();
    markers.set(`peer-${edits % 40}`, marker);
    marker.set("label", `edit ${edits}`);
    if (edits % 7 === 6) markers.delete(`peer-${(edits * 5) % 40}`);
  });
  edits++;
};
setInterval(step, 5);

const shown = (ydoc) => JSON.stringify(Object.entries(ydoc.getMap("markers").toJSON()).sort());

const until = async (ok) => {
  const end = Date.now() + patience;
  while (!ok()) {
    if (Date.now() > end) return false;
    await new Promise((done) => setTimeout(done, 50));
  }
  return true;
};

// rest waits until everybody has the same, and what that is has been stored.
const rest = async () => {
  editing = false;
  const equal = await until(
    () => peers.every((p) => p.settled()) && new Set(peers.map((p) => shown(p.ydoc))).size === 1,
  );
  const state = Buffer.from(Y.encodeStateAsUpdate(peers[0].ydoc)).toString("base64");
  return {
    equal,
    edits,
    settled: peers.map((p) => p.settled()),
    sizes: peers.map((p) => shown(p.ydoc).length),
    state,
  };
};

await until(() => peers.every((p) => p.settled()));
console.log(JSON.stringify({ ready: peers.every((p) => p.settled()) }));
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "edit") editing = true;
  if (line === "end") break;
  console.log(JSON.stringify(line === "rest" ? await rest() : { editing }));
}
for (const p of peers) p.end();
process.exit(0);
