// A server for tests that speaks as much of Hocuspocus as the session needs,
// over sockets that are function calls. It can go away, deny, refuse and reset.
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import * as protocol from "y-protocols/sync";
import * as Y from "yjs";

const frame = { sync: 0, awareness: 1, auth: 2, stateless: 5, status: 8 } as const;

/** The server of a test. */
export class FakeServer {
  /** Documents by address. */
  readonly docs = new Map<string, Y.Doc>();
  up = true;
  /** Why the next token is denied, or null. */
  denied: string | null = null;
  /** Why updates are refused, or null. */
  refusal: string | null = null;
  /** Acknowledgements wait while this is true. */
  holding = false;
  scope = "read-write";
  /** How many connections were opened. */
  connections = 0;
  private readonly sockets = new Set<FakeSocket>();
  private held: (() => void)[] = [];

  /** The constructor to hand to a session. */
  socket(): typeof WebSocket {
    const open = (socket: FakeSocket) => this.open(socket);
    const made = class extends FakeSocket {
      constructor() {
        super();
        queueMicrotask(() => open(this));
      }
    };
    return made as unknown as typeof WebSocket;
  }

  doc(address: string): Y.Doc {
    let doc = this.docs.get(address);
    if (!doc) {
      doc = new Y.Doc();
      this.docs.set(address, doc);
    }
    return doc;
  }

  /** Ends every connection. */
  drop(code: number, reason = ""): void {
    for (const socket of [...this.sockets]) socket.end(code, reason);
  }

  release(): void {
    this.holding = false;
    for (const send of this.held.splice(0)) send();
  }

  /** Sends a Stateless message on a document of every connection. */
  tell(address: string, payload: string): void {
    for (const socket of this.sockets)
      this.reply(socket, address, frame.stateless, (to) => encoding.writeVarString(to, payload));
  }

  private open(socket: FakeSocket): void {
    if (!this.up) {
      socket.end(1006, "");
      return;
    }
    this.connections++;
    this.sockets.add(socket);
    socket.onSent = (bytes) => this.receive(socket, bytes);
    socket.onEnd = () => this.sockets.delete(socket);
    socket.begin();
  }

  private receive(socket: FakeSocket, bytes: Uint8Array): void {
    const from = decoding.createDecoder(bytes);
    const address = decoding.readVarString(from);
    const kind = decoding.readVarUint(from);
    if (kind === frame.auth) this.authenticate(socket, address);
    if (kind === frame.sync && this.denied === null) this.sync(socket, address, from);
  }

  private authenticate(socket: FakeSocket, address: string): void {
    const { denied } = this;
    this.reply(socket, address, frame.auth, (to) => {
      encoding.writeVarUint(to, denied === null ? 2 : 1);
      encoding.writeVarString(to, denied ?? this.scope);
    });
    if (denied !== null) return;
    this.reply(socket, address, frame.sync, (to) => protocol.writeSyncStep1(to, this.doc(address)));
  }

  private sync(socket: FakeSocket, address: string, from: decoding.Decoder): void {
    const doc = this.doc(address);
    const step = decoding.readVarUint(from);
    if (step === protocol.messageYjsSyncStep1) {
      const vector = decoding.readVarUint8Array(from);
      this.reply(socket, address, frame.sync, (to) => protocol.writeSyncStep2(to, doc, vector));
      return;
    }
    const update = decoding.readVarUint8Array(from);
    const { refusal } = this;
    if (refusal !== null && step === protocol.messageYjsUpdate) {
      this.reply(socket, address, frame.status, (to) => encoding.writeVarUint(to, 0));
      const payload = JSON.stringify({ type: "refused", reason: refusal });
      this.reply(socket, address, frame.stateless, (to) => encoding.writeVarString(to, payload));
      return;
    }
    Y.applyUpdate(doc, update);
    const acknowledge = () =>
      this.reply(socket, address, frame.status, (to) => encoding.writeVarUint(to, 1));
    if (this.holding) this.held.push(acknowledge);
    else acknowledge();
    for (const other of this.sockets) {
      if (other !== socket)
        this.reply(other, address, frame.sync, (to) => protocol.writeUpdate(to, update));
    }
  }

  private reply(
    socket: FakeSocket,
    address: string,
    kind: number,
    write: (to: encoding.Encoder) => void,
  ): void {
    const to = encoding.createEncoder();
    encoding.writeVarString(to, address);
    encoding.writeVarUint(to, kind);
    write(to);
    socket.deliver(encoding.toUint8Array(to));
  }
}

class FakeSocket extends EventTarget {
  binaryType = "arraybuffer";
  readyState = 0;
  onSent: ((bytes: Uint8Array) => void) | null = null;
  onEnd: (() => void) | null = null;

  begin(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  send(bytes: Uint8Array): void {
    const copy = bytes.slice();
    queueMicrotask(() => this.onSent?.(copy));
  }

  deliver(bytes: Uint8Array): void {
    queueMicrotask(() => {
      if (this.readyState !== 1) return;
      this.dispatchEvent(Object.assign(new Event("message"), { data: bytes.slice().buffer }));
    });
  }

  close(): void {
    this.end(1000, "");
  }

  end(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onEnd?.();
    queueMicrotask(() => this.dispatchEvent(Object.assign(new Event("close"), { code, reason })));
  }
}
