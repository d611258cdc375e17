// One project, open: its two documents, kept in this browser and on the
// server, and the truth about which changes are saved.
import { HocuspocusProvider } from "@hocuspocus/provider";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { parseEvent, readFrame, type ServerEvent } from "./frames.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { Line } from "./line.ts";
import { heldBack, keepRescue, rescueName, type Why } from "./rescue.ts";
import type { Access, DocKind, SaveState, Session, SessionOptions } from "./session_types.ts";
import { openStore, type Store, storeName } from "./store.ts";
import { openTabs, type Tabs } from "./tabs.ts";

export type * from "./session_types.ts";

/** This long without a connection is called offline, not reconnecting; in milliseconds. */
const offlineAfter = 5_000;

/** A document kept in more rows than this is written anew as one. */
const maxRows = 500;

/** So many answers that a document's messages are too large or malformed end the attempts. */
const maxBadFrames = 3;

/** What the server says when a document was begun anew. */
const wasReset = "the document was reset";

type End =
  | { kind: "open" }
  | { kind: "refused"; reason: string; anew?: true }
  | { kind: "signedOut" }
  | { kind: "closed" };

// The origin of what was kept in this browser.
const fromStore = { name: "store" };

// The origin of what another page of the same browser did while there was no network.
const fromTab = { name: "tab" };

// One of the two documents with everything that belongs to it.
type Part = {
  kind: DocKind;
  doc: Y.Doc;
  ledger: Ledger;
  access: Access;
  /** Whether the server said that it cannot save this document now. */
  held: boolean;
  provider: HocuspocusProvider | null;
};

/** Opens a project: from this browser at once, from the server when it can be reached. */
export function openProject(project: string, options: SessionOptions): Session {
  return new ProjectSession(project, options);
}

/** The address of the documents' endpoint on the server of this page. */
export function collabUrl(at: { protocol: string; host: string } = location): string {
  return `${at.protocol === "https:" ? "wss:" : "ws:"}//${at.host}/collab`;
}

class ProjectSession implements Session {
  readonly project: string;
  readonly timeline = new Y.Doc();
  readonly review = new Y.Doc();
  readonly awareness = new Awareness(this.timeline);
  readonly loaded: Promise<void>;
  readonly synced: Promise<void>;

  private readonly options: SessionOptions;
  private readonly parts: Record<DocKind, Part> = {
    timeline: part("timeline", this.timeline),
    review: part("review", this.review),
  };
  private readonly listeners = new Set<(state: SaveState) => void>();
  private readonly eventListeners = new Set<(event: ServerEvent) => void>();
  private readonly resetListeners = new Set<(why: Why, reason: string) => void>();
  private readonly resolveSynced: () => void;
  private line: Line | null = null;
  private store: Store | null = null;
  private readonly tabs: Tabs | null;
  private storing: boolean;
  private queued: { kind: DocKind; update: Uint8Array; own: boolean }[] = [];
  private end: End = { kind: "open" };
  private longAway = false;
  private awayTimer: ReturnType<typeof setTimeout> | null = null;
  private adopted = false;
  private badFrames = 0;
  private told = "";

  constructor(project: string, options: SessionOptions) {
    this.project = project;
    this.options = options;
    this.storing =
      (options.keep ?? true) &&
      typeof indexedDB !== "undefined" &&
      !heldBack(rescueName(options.person, project));
    let resolve: () => void = () => undefined;
    this.synced = new Promise((done) => {
      resolve = done;
    });
    this.resolveSynced = resolve;
    this.awareness.setLocalState(null);
    for (const each of this.each()) {
      each.doc.on("update", (update: Uint8Array, origin: unknown) =>
        this.onUpdate(each, update, origin),
      );
    }
    const name = storeName(options.person, project);
    this.tabs = this.storing ? openTabs(name, (kind, update) => this.onTab(kind, update)) : null;
    this.startAway();
    this.listen("addEventListener");
    this.loaded = this.load();
    this.loaded.then(() => this.connect());
  }

  state(): SaveState {
    const waiting = this.waiting();
    switch (this.end.kind) {
      case "refused":
        return this.end;
      case "signedOut":
        return { kind: "signedOut", waiting };
      case "closed":
        return { kind: "offline", waiting };
      case "open":
        break;
    }
    if (this.each().some((each) => each.held)) return { kind: "held", waiting };
    if (this.each().every((each) => each.ledger.agreed())) {
      return waiting > 0 ? { kind: "saving", waiting } : { kind: "saved" };
    }
    const offline =
      this.longAway || (typeof navigator !== "undefined" && navigator.onLine === false);
    return { kind: offline ? "offline" : "reconnecting", waiting };
  }

  kept(): boolean {
    return this.storing;
  }

  access(kind: DocKind): Access {
    return this.parts[kind].access;
  }

  subscribe(listener: (state: SaveState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  onEvent(listener: (event: ServerEvent) => void): () => void {
    this.eventListeners.add(listener);
    return () => this.eventListeners.delete(listener);
  }

  onReset(listener: (why: Why, reason: string) => void): () => void {
    this.resetListeners.add(listener);
    return () => this.resetListeners.delete(listener);
  }

  reconnect = (): void => {
    if (this.end.kind === "closed" || !this.line) return;
    if (this.end.kind !== "open" && this.end.kind !== "signedOut") return;
    this.end = { kind: "open" };
    // An open socket that was denied has to begin again.
    if (this.each().some((each) => !each.ledger.agreed())) this.line.webSocket?.close();
    void this.line.connect();
    this.tell();
  };

  async close(): Promise<void> {
    if (this.end.kind === "closed") return;
    this.end = { kind: "closed" };
    this.listeners.clear();
    this.eventListeners.clear();
    this.resetListeners.clear();
    this.listen("removeEventListener");
    this.stopAway();
    this.tabs?.close();
    this.hangUp();
    for (const { provider } of this.each()) provider?.destroy();
    this.line?.destroy();
    this.awareness.destroy();
    await this.loaded;
    await this.store?.close();
    this.timeline.destroy();
    this.review.destroy();
  }

  private each(): Part[] {
    return [this.parts.timeline, this.parts.review];
  }

  private waiting(): number {
    return this.each().reduce((sum, each) => sum + each.ledger.waiting(), 0);
  }

  private async load(): Promise<void> {
    if (!this.storing) return;
    try {
      const store = await openStore(storeName(this.options.person, this.project), () =>
        this.stopStoring(),
      );
      for (const each of this.each()) {
        const { updates, waiting } = store.kept[each.kind];
        each.doc.transact(() => {
          for (const update of updates) Y.applyUpdate(each.doc, update, fromStore);
        }, fromStore);
        each.ledger.restore(waiting);
      }
      this.store = store;
      for (const { kind, update, own } of this.queued.splice(0)) store.add(kind, update, own);
      for (const each of this.each()) this.compact(each);
    } catch {
      this.stopStoring();
    }
    this.tell();
  }

  private stopStoring(): void {
    this.storing = false;
    this.queued = [];
    this.tell();
  }

  private connect(): void {
    if (this.end.kind === "closed") return;
    const line = new Line(this.options.url ?? collabUrl(), this.options.socket);
    this.line = line;
    line.onSend = (bytes) => {
      const frame = readFrame(bytes);
      if (frame.kind === "handshake" || frame.kind === "update")
        this.partAt(frame.address)?.ledger.sent(frame.kind);
    };
    line.on("message", ({ data }: MessageEvent<ArrayBuffer>) =>
      this.onMessage(new Uint8Array(data)),
    );
    line.on("disconnect", ({ event }: { event: { code: number; reason: string } }) =>
      this.onClose(event),
    );
    for (const each of this.each()) this.attach(line, each);
    void line.connect();
  }

  private attach(line: Line, each: Part): void {
    const provider = new HocuspocusProvider({
      name: this.address(each.kind),
      document: each.doc,
      awareness: each.kind === "timeline" ? this.awareness : null,
      token: this.options.token ?? "cookie",
      websocketProvider: line,
    });
    each.provider = provider;
    provider.on("authenticated", ({ scope }: { scope: string }) => {
      each.access = scope === "readonly" ? "read" : "write";
      this.tell();
    });
    provider.on("authenticationFailed", ({ reason }: { reason: string }) => this.onDenied(reason));
    provider.on("stateless", ({ payload }: { payload: string }) => this.onStateless(each, payload));
    provider.attach();
  }

  private address(kind: DocKind): string {
    return `${this.project}/${kind}`;
  }

  private partAt(address: string): Part | undefined {
    return this.each().find((each) => this.address(each.kind) === address);
  }

  private onUpdate(each: Part, update: Uint8Array, origin: unknown): void {
    if (origin === fromStore) return;
    const own = each.provider === null || origin !== each.provider;
    if (own) each.ledger.changed();
    // The page that made it keeps it.
    if (origin === fromTab) {
      this.tell();
      return;
    }
    if (this.store) this.store.add(each.kind, update, own);
    else if (this.storing) this.queued.push({ kind: each.kind, update, own });
    this.compact(each);
    if (!own) return;
    if (!each.ledger.agreed()) this.tabs?.tell(each.kind, update);
    this.tell();
  }

  // onTab takes in what another page did without a network; whichever page
  // gets to the server first brings it there.
  private onTab(kind: DocKind, update: Uint8Array): void {
    const each = this.parts[kind];
    if (this.end.kind === "open" && !each.ledger.agreed()) Y.applyUpdate(each.doc, update, fromTab);
  }

  // adopt takes in what other pages kept without a network and, as when they were
  // closed, may not have brought to the server. It is called when all of this
  // page is saved; what is new is sent, and the next time all is saved its marks go.
  private async adopt(): Promise<void> {
    if (this.adopted || !this.store) return;
    this.adopted = true;
    const strays = await this.store.strays().catch(() => null);
    const saved = this.each().every((each) => each.ledger.agreed()) && this.waiting() === 0;
    this.adopted = false;
    if (!strays || !saved || this.end.kind !== "open") return;
    this.adopted = strays.marks.length === 0;
    for (const each of this.each())
      for (const update of strays.updates[each.kind]) Y.applyUpdate(each.doc, update, fromTab);
    if (this.waiting() === 0) this.store.unmark(strays);
  }

  private compact(each: Part): void {
    if (this.store && this.store.rows(each.kind) > maxRows) {
      this.store.compact(each.kind, Y.encodeStateAsUpdate(each.doc));
    }
  }

  private onMessage(bytes: Uint8Array): void {
    const frame = readFrame(bytes);
    const each = this.partAt(frame.address);
    if (!each) return;
    if (frame.kind === "handshake") each.ledger.received();
    else if (frame.kind === "status" && frame.applied) {
      this.badFrames = 0;
      const settled = each.ledger.acknowledged();
      if (settled.changes > 0 || settled.before) this.store?.settle(each.kind, settled);
    } else return;
    if (this.each().every((each) => each.ledger.agreed())) {
      this.stopAway();
      this.resolveSynced();
      if (this.waiting() === 0) void this.adopt();
    }
    this.tell();
  }

  private onStateless(each: Part, payload: string): void {
    const event = parseEvent(payload);
    if (!event) return;
    if (event.type === "refused") {
      this.reset("refused", typeof event["reason"] === "string" ? event["reason"] : "", [
        each.kind,
      ]);
      return;
    }
    if (event.type === "notice" && event["notice"] === "not-saved") each.held = true;
    if (event.type === "notice" && event["notice"] === "saved") each.held = false;
    for (const listener of [...this.eventListeners]) listener(event);
    this.tell();
  }

  // onDenied hears the answer to a token. What is not about who this is may
  // pass, so the line is tried again after its wait.
  private onDenied(reason: string): void {
    switch (reason) {
      case "not signed in":
      case "the session expired":
        this.finish({ kind: "signedOut" });
        return;
      case "no access":
      case "no such project":
        this.finish({ kind: "refused", reason });
        return;
      case wasReset:
        this.reset("reset", reason);
        return;
      default:
        this.line?.webSocket?.close();
    }
  }

  private onClose({ code, reason }: { code: number; reason: string }): void {
    for (const each of this.each()) {
      each.ledger.disconnected();
      each.held = false;
    }
    this.adopted = false;
    this.startAway();
    switch (code) {
      case 4401:
        this.finish({ kind: "signedOut" });
        break;
      case 4403:
      case 4404:
        this.finish({ kind: "refused", reason: reason || "no access" });
        break;
      case 4409:
        this.reset(reason === wasReset ? "reset" : "refused", reason);
        break;
      case 4400:
      case 4413:
        this.onBadFrame(code, reason);
        break;
    }
    this.tell();
  }

  // onBadFrame ends the attempts to send what the server cannot read, after some;
  // what is too large for it once is so for ever.
  private onBadFrame(code: number, reason: string): void {
    const unsaved = this.each().filter((each) => each.ledger.waiting() > 0);
    const kinds = unsaved.map(({ kind }) => kind);
    this.badFrames++;
    if (code === 4413 && kinds.length > 0) this.reset("tooLarge", reason, kinds);
    else if (this.badFrames >= maxBadFrames) this.finish({ kind: "refused", reason });
  }

  // reset drops the local copy: it differs from everyone's for good.
  private reset(why: Why, reason: string, kinds: DocKind[] = ["timeline", "review"]): void {
    if (this.end.kind !== "open") return;
    this.finish({ kind: "refused", reason: reason || why, anew: true });
    // Only when the rows are gone may the project be opened anew.
    void this.drop(why, reason, kinds).then(() => {
      for (const listener of [...this.resetListeners]) listener(why, reason);
    });
  }

  // drop takes documents out of this browser, after it has kept a copy of them. What
  // could not be kept there stays in the rows, which this page reads no more.
  private async drop(why: Why, reason: string, kinds: DocKind[]): Promise<void> {
    const { person, keep = true } = this.options;
    // What has no rows goes with this session.
    const going = this.each().filter(
      ({ kind, ledger }) => kinds.includes(kind) || (!this.storing && ledger.waiting() > 0),
    );
    const count = () => going.reduce((sum, each) => sum + each.ledger.waiting(), 0);
    let waiting: number;
    let kept: boolean;
    do {
      waiting = count();
      const states = Object.fromEntries(
        going.map(({ kind, doc }) => [kind, Y.encodeStateAsUpdate(doc)]),
      );
      const dropped = { why, reason, at: Date.now(), waiting, states };
      kept = await keepRescue(rescueName(person, this.project), dropped, keep);
    } while (count() !== waiting);
    const store = this.store;
    this.store = null;
    this.storing = false;
    if (kept) store?.drop(kinds);
    await store?.close();
  }

  private finish(end: End): void {
    if (this.end.kind !== "open") return;
    this.end = end;
    this.hangUp();
    this.tell();
  }

  private hangUp(): void {
    if (!this.line) return;
    this.line.cancelWebsocketRetry?.();
    this.line.disconnect();
  }

  private startAway(): void {
    if (this.awayTimer !== null || this.longAway) return;
    this.awayTimer = setTimeout(() => {
      this.awayTimer = null;
      this.longAway = true;
      this.tell();
    }, offlineAfter);
  }

  private stopAway(): void {
    if (this.awayTimer !== null) clearTimeout(this.awayTimer);
    this.awayTimer = null;
    this.longAway = false;
  }

  private listen(how: "addEventListener" | "removeEventListener"): void {
    if (typeof window === "undefined") return;
    window[how]("online", this.onOnline);
    window[how]("offline", this.onOffline);
  }

  private onOnline = (): void => {
    if (this.end.kind === "open" && this.each().some((each) => !each.ledger.agreed()))
      this.reconnect();
  };

  // A line that the network left stays open for minutes; cut it and try anew.
  private onOffline = (): void => {
    if (this.end.kind === "open") this.line?.cut();
    this.tell();
  };

  private tell(): void {
    const state = this.state();
    const now = JSON.stringify([state, this.storing, this.each().map((each) => each.access)]);
    if (now === this.told) return;
    this.told = now;
    for (const listener of [...this.listeners]) listener(state);
  }
}

function part(kind: DocKind, doc: Y.Doc): Part {
  return { kind, doc, ledger: openLedger(), access: "unknown", held: false, provider: null };
}
