import "fake-indexeddb/auto";
import { afterEach, describe, expect, it } from "vitest";
import { openProject, type SaveState, type Session } from "./session.ts";
import { forgetSaved } from "./store.ts";
import { FakeServer } from "./testing/server.ts";

const opened: Session[] = [];
let projects = 0;

function setUp() {
  const server = new FakeServer();
  const project = `p${++projects}`;
  const open = (person = "ada") => {
    const session = openProject(project, {
      person,
      url: "ws://test/collab",
      socket: server.socket(),
    });
    opened.push(session);
    return session;
  };
  return { server, project, open, address: `${project}/timeline` };
}

afterEach(async () => {
  for (const session of opened.splice(0)) await session.close();
});

// until waits for a save state by listening, not by the clock.
function until(session: Session, reached: (state: SaveState) => boolean): Promise<SaveState> {
  return new Promise((resolve) => {
    const check = () => {
      const state = session.state();
      if (!reached(state)) return;
      stop();
      resolve(state);
    };
    const stop = session.subscribe(check);
    check();
  });
}

const is = (kind: SaveState["kind"]) => (state: SaveState) => state.kind === kind;

function edit(session: Session, key: string, value: unknown = 1): void {
  session.timeline.getMap("meta").set(key, value);
}

describe("a session", () => {
  it("says saved only when the server has acknowledged", async () => {
    const { server, open, address } = setUp();
    const session = open();
    await session.synced;
    expect(session.state()).toEqual({ kind: "saved" });
    expect(session.access("timeline")).toBe("write");
    server.holding = true;
    edit(session, "a");
    edit(session, "b");
    expect(session.state()).toEqual({ kind: "saving", waiting: 2 });
    while (server.doc(address).getMap("meta").size < 2) await Promise.resolve();
    expect(session.state()).toEqual({ kind: "saving", waiting: 2 });
    server.release();
    await until(session, is("saved"));
  });

  it("counts what waits offline, over a reload, until the server has it", async () => {
    const { server, open, address } = setUp();
    const first = open();
    await first.synced;
    edit(first, "before");
    await until(first, is("saved"));
    server.up = false;
    server.drop(1006);
    await until(first, is("reconnecting"));
    for (let i = 0; i < 12; i++) edit(first, `offline ${i}`);
    expect(first.state()).toEqual({ kind: "reconnecting", waiting: 12 });
    await first.close();

    const second = open();
    await second.loaded;
    expect(second.timeline.getMap("meta").size).toBe(13);
    expect(second.state()).toEqual({ kind: "reconnecting", waiting: 12 });
    edit(second, "more");
    expect(second.state()).toEqual({ kind: "reconnecting", waiting: 13 });
    server.up = true;
    second.reconnect();
    await until(second, is("saved"));
    expect(server.doc(address).getMap("meta").size).toBe(14);
    await second.close();

    server.up = false;
    const third = open();
    await third.loaded;
    expect(third.state()).toEqual({ kind: "reconnecting", waiting: 0 });
  });

  it("never counts a change as saved that was lost with its connection", async () => {
    const { server, open, address } = setUp();
    const session = open();
    await session.synced;
    server.holding = true;
    edit(session, "a");
    while (!server.doc(address).getMap("meta").has("a")) await Promise.resolve();
    // The acknowledgement is lost; a later one must not be taken for it.
    server.drop(1012, "restarting");
    await until(session, is("reconnecting"));
    expect(session.state()).toEqual({ kind: "reconnecting", waiting: 1 });
    edit(session, "b");
    expect(session.state()).toEqual({ kind: "reconnecting", waiting: 2 });
    server.holding = false;
    session.reconnect();
    await until(session, is("saved"));
  });

  it("says when the server is there but cannot save", async () => {
    const { server, open, address } = setUp();
    const session = open();
    await session.synced;
    server.holding = true;
    server.tell(address, '{"type":"notice","notice":"not-saved"}');
    await until(session, is("held"));
    edit(session, "a");
    expect(session.state()).toEqual({ kind: "held", waiting: 1 });
    server.tell(address, '{"type":"notice","notice":"saved"}');
    await until(session, is("saving"));
    server.release();
    await until(session, is("saved"));
    // What one connection was told does not hold for the next.
    server.tell(address, '{"type":"notice","notice":"not-saved"}');
    await until(session, is("held"));
    server.drop(1012, "restarting");
    await until(session, is("reconnecting"));
  });

  it("keeps two people's copies on one browser apart", async () => {
    const { server, open } = setUp();
    server.up = false;
    const ada = open("ada");
    await ada.loaded;
    edit(ada, "hers");
    await ada.close();
    const ben = open("ben");
    await ben.loaded;
    expect(ben.timeline.getMap("meta").size).toBe(0);
    expect(ben.state()).toEqual({ kind: "reconnecting", waiting: 0 });
  });

  it("holds what two tabs changed offline, and brings both to the server", async () => {
    const { server, open, address } = setUp();
    server.up = false;
    const [left, right] = [open(), open()];
    await Promise.all([left.loaded, right.loaded]);
    edit(left, "left");
    edit(right, "right");
    await Promise.all([left.close(), right.close()]);
    const again = open();
    await again.loaded;
    expect(again.state()).toEqual({ kind: "reconnecting", waiting: 2 });
    server.up = true;
    again.reconnect();
    await until(again, is("saved"));
    expect([...server.doc(address).getMap("meta").keys()].sort()).toEqual(["left", "right"]);
  });

  it("shows in one tab what another changed offline, and counts it once over a reload", async () => {
    const { server, open, address } = setUp();
    server.up = false;
    const [left, right] = [open(), open()];
    await Promise.all([left.loaded, right.loaded]);
    const heard = new Promise((resolve) => right.timeline.once("update", resolve));
    edit(left, "left");
    await heard;
    expect(right.timeline.getMap("meta").get("left")).toBe(1);
    expect(right.state()).toEqual({ kind: "reconnecting", waiting: 1 });
    await left.close();
    const again = open();
    await again.loaded;
    expect(again.state()).toEqual({ kind: "reconnecting", waiting: 1 });
    // The tab that stayed brings it to the server.
    server.up = true;
    right.reconnect();
    await until(right, is("saved"));
    expect(server.doc(address).getMap("meta").get("left")).toBe(1);
    again.reconnect();
    expect(await until(again, is("saved"))).toEqual({ kind: "saved" });
  });

  it("brings to the server what a tab that was closed had kept, and forgets its marks", async () => {
    const { server, open, address, project } = setUp();
    const stays = open();
    await until(stays, is("saved"));
    server.up = false;
    server.drop(1006);
    const gone = open();
    await gone.loaded;
    edit(gone, "kept");
    await gone.close();
    server.up = true;
    stays.reconnect();
    await until(stays, is("saved"));
    await until(stays, () => server.doc(address).getMap("meta").has("kept"));
    // What waits is not forgotten; as soon as nothing waits, all is.
    const there = async () =>
      (await indexedDB.databases()).some(({ name }) => name === `soratoo/ada/${project}`);
    while (await there()) await forgetSaved("ada");
    expect(await there()).toBe(false);
  });

  it("drops its copy when a change is refused, and begins anew", async () => {
    const { server, open } = setUp();
    const session = open();
    await session.synced;
    edit(session, "good");
    await until(session, is("saved"));
    server.refusal = "the document is full";
    const reset = new Promise<[string, string]>((resolve) => {
      session.onReset((why, reason) => resolve([why, reason]));
    });
    edit(session, "bad");
    expect(await reset).toEqual(["refused", "the document is full"]);
    expect(session.state()).toEqual({
      kind: "refused",
      reason: "the document is full",
      anew: true,
    });
    server.refusal = null;
    const again = open();
    await again.synced;
    expect([...again.timeline.getMap("meta").keys()]).toEqual(["good"]);
    expect(again.state()).toEqual({ kind: "saved" });
  });

  it("drops its copy when the document was reset", async () => {
    const { server, open, address } = setUp();
    const session = open();
    await session.synced;
    edit(session, "old");
    await until(session, is("saved"));
    const reset = new Promise((resolve) => session.onReset(resolve));
    server.docs.delete(address);
    server.drop(4409, "the document was reset");
    expect(await reset).toBe("reset");
    const again = open();
    await again.synced;
    expect(again.timeline.getMap("meta").size).toBe(0);
  });

  it("stops when nobody is signed in, keeps what waits, and goes on after signing in", async () => {
    const { server, open, address } = setUp();
    server.denied = "not signed in";
    const session = open();
    await until(session, is("signedOut"));
    edit(session, "kept");
    expect(session.state()).toEqual({ kind: "signedOut", waiting: 1 });
    server.denied = null;
    session.reconnect();
    await until(session, is("saved"));
    expect(server.doc(address).getMap("meta").has("kept")).toBe(true);
  });

  it("says so when there is no access, also when it was taken away", async () => {
    const { server, open } = setUp();
    const session = open();
    await session.synced;
    server.drop(4403, "no access");
    expect(await until(session, is("refused"))).toEqual({ kind: "refused", reason: "no access" });
    const connections = server.connections;
    session.reconnect();
    expect(server.connections).toBe(connections);
  });

  it("knows that it may only read", async () => {
    const { server, open } = setUp();
    server.scope = "readonly";
    const session = open();
    await session.synced;
    expect(session.access("timeline")).toBe("read");
  });

  it("passes on the server's events", async () => {
    const { server, open, address } = setUp();
    const session = open();
    await session.synced;
    const event = new Promise((resolve) => session.onEvent(resolve));
    server.tell(address, "not json");
    server.tell(address, '{"type":"notice","notice":"not-saved"}');
    expect(await event).toEqual({ type: "notice", notice: "not-saved" });
  });

  it("keeps a document of many changes in few rows", async () => {
    const { open } = setUp();
    const session = open();
    await session.synced;
    for (let i = 0; i < 1200; i++) edit(session, "title", i);
    await until(session, is("saved"));
    await session.close();
    const again = open();
    await again.loaded;
    expect(again.timeline.getMap("meta").get("title")).toBe(1199);
    expect(again.state()).toMatchObject({ waiting: 0 });
  });

  it("is forgotten when its person signs out, unless changes wait", async () => {
    const { server, open } = setUp();
    const saved = open("cleo");
    await saved.synced;
    edit(saved, "a");
    await until(saved, is("saved"));
    server.up = false;
    const waits = setUp();
    waits.server.up = false;
    const waiting = waits.open("cleo");
    await waiting.loaded;
    edit(waiting, "b");
    await Promise.all([saved.close(), waiting.close()]);
    await forgetSaved("cleo");
    const names = (await indexedDB.databases()).map(({ name }) => name);
    expect(names).not.toContain(`soratoo/cleo/${saved.project}`);
    expect(names).toContain(`soratoo/cleo/${waiting.project}`);
  });

  it("leaves nothing behind when it shall not keep anything", async () => {
    const { server, project } = setUp();
    const options = {
      person: "ada",
      url: "ws://test/collab",
      socket: server.socket(),
      keep: false,
    };
    const session = openProject(project, options);
    opened.push(session);
    await session.synced;
    expect(session.kept()).toBe(false);
    edit(session, "a");
    await until(session, is("saved"));
    const names = (await indexedDB.databases()).map(({ name }) => name);
    expect(names).not.toContain(`soratoo/ada/${project}`);
  });
});
