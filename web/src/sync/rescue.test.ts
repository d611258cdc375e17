import "fake-indexeddb/auto";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as Y from "yjs";
import {
  type Dropped,
  discardRescue,
  keepRescue,
  listRescues,
  markBrought,
  maxCopies,
  rescueName,
} from "./rescue.ts";
import { openProject, type Session } from "./session.ts";
import { forgetSaved } from "./store.ts";
import { FakeServer } from "./testing/server.ts";

const opened: Session[] = [];
let projects = 0;

function setUp(keep = true) {
  const server = new FakeServer();
  const project = `rescued${++projects}`;
  const open = () => {
    const session = openProject(project, {
      person: "ada",
      url: "ws://test/collab",
      socket: server.socket(),
      keep,
    });
    opened.push(session);
    return session;
  };
  return { server, project, open, name: rescueName("ada", project) };
}

afterEach(async () => {
  vi.restoreAllMocks();
  for (const session of opened.splice(0)) await session.close();
});

function reset(session: Session): Promise<string> {
  return new Promise((resolve) => session.onReset((why) => resolve(why)));
}

function saved(session: Session): Promise<void> {
  return new Promise((resolve) => {
    const check = () => session.state().kind === "saved" && resolve();
    session.subscribe(check);
    check();
  });
}

const meta = (session: Session) => session.timeline.getMap("meta");

function metaOf(state: Uint8Array | undefined): Record<string, unknown> {
  const doc = new Y.Doc();
  if (state) Y.applyUpdate(doc, state);
  return doc.getMap("meta").toJSON();
}

function dropped(fill: (doc: Y.Doc) => void, more: Partial<Dropped> = {}): Dropped {
  const doc = new Y.Doc();
  fill(doc);
  const timeline = Y.encodeStateAsUpdate(doc);
  return { why: "refused", reason: "", at: 1, waiting: 1, states: { timeline }, ...more };
}

describe("what a page must drop", () => {
  it("is kept first when a change is refused, and goes on under a new client id", async () => {
    const { server, open, name } = setUp();
    const session = open();
    await session.synced;
    const gone = reset(session);
    server.refusal = "too long";
    meta(session).set("written", "offline");
    expect(await gone).toBe("refused");
    const [copy, ...others] = await listRescues(name);
    expect(others).toEqual([]);
    expect(copy).toMatchObject({ why: "refused", reason: "too long", waiting: 1, written: true });
    expect(metaOf(copy?.states.timeline)).toEqual({ written: "offline" });
    expect(copy?.states.review).toBeUndefined();
    server.refusal = null;
    const again = open();
    await again.synced;
    expect(meta(again).size).toBe(0);
    expect(again.timeline.clientID).not.toBe(session.timeline.clientID);
  });

  it("is kept first when the document was reset, both documents of it", async () => {
    const { server, open, name } = setUp();
    const session = open();
    await session.synced;
    server.up = false;
    meta(session).set("a", 1);
    session.review.getMap("threads").set("b", 1);
    const gone = reset(session);
    server.drop(4409, "the document was reset");
    expect(await gone).toBe("reset");
    const [copy] = await listRescues(name);
    expect(Object.keys(copy?.states ?? {}).sort()).toEqual(["review", "timeline"]);
    expect(metaOf(copy?.states.timeline)).toEqual({ a: 1 });
  });

  it("is kept when it is too large to be sent, and is not sent again and again", async () => {
    const { server, open, name } = setUp();
    const session = open();
    await session.synced;
    server.holding = true;
    meta(session).set("large", "x".repeat(100));
    const gone = reset(session);
    const { connections } = server;
    server.drop(4413, "message too large");
    expect(await gone).toBe("tooLarge");
    expect(server.connections).toBe(connections);
    expect(metaOf((await listRescues(name))[0]?.states.timeline)).toHaveProperty("large");
    server.docs.clear();
    server.holding = false;
    const again = open();
    await again.synced;
    await saved(again);
    expect(meta(again).size).toBe(0);
  });

  it("stays in the page when the browser cannot keep it; the rows stay, and are not sent again", async () => {
    const { server, open, name, project } = setUp();
    const session = open();
    await session.synced;
    vi.spyOn(IDBFactory.prototype, "open").mockImplementation(() => {
      throw new Error("the disk is full");
    });
    const gone = reset(session);
    server.refusal = "no";
    meta(session).set("precious", 1);
    await gone;
    vi.restoreAllMocks();
    const [copy] = await listRescues(name);
    expect(copy).toMatchObject({ written: false });
    expect(metaOf(copy?.states.timeline)).toEqual({ precious: 1 });
    server.refusal = null;
    const again = open();
    await again.synced;
    expect(again.kept()).toBe(false);
    expect(meta(again).size).toBe(0);
    const names = (await indexedDB.databases()).map((database) => database.name);
    expect(names).toContain(`soratoo/ada/${project}`);
    await discardRescue(name, copy?.id ?? 0);
    expect(await listRescues(name)).toEqual([]);
  });

  it("of a guest stays in the page, with the other document's unsaved changes", async () => {
    const { server, open, name } = setUp(false);
    const session = open();
    await session.synced;
    server.holding = true;
    session.review.getMap("threads").set("b", 1);
    const gone = reset(session);
    server.tell(`${session.project}/timeline`, '{"type":"refused","reason":"no"}');
    await gone;
    const [copy] = await listRescues(name);
    expect(copy?.written).toBe(false);
    expect(Object.keys(copy?.states ?? {}).sort()).toEqual(["review", "timeline"]);
    const names = (await indexedDB.databases()).map((database) => database.name);
    expect(names).not.toContain(name);
  });

  it("is one copy for three tabs that did the same", async () => {
    const { server, open, name } = setUp();
    const tabs = [open(), open(), open()];
    await Promise.all(tabs.map((tab) => tab.synced));
    meta(tabs[0] as Session).set("a", 1);
    await Promise.all(
      tabs.map(
        (tab) =>
          new Promise((resolve) =>
            meta(tab).has("a") ? resolve(0) : tab.timeline.once("update", resolve),
          ),
      ),
    );
    const all = Promise.all(tabs.map(reset));
    server.drop(4409, "the document was reset");
    await all;
    const copies = await listRescues(name);
    expect(copies.map(({ states }) => metaOf(states.timeline))).toEqual([{ a: 1 }]);
  });

  it("is not forgotten at signing out", async () => {
    const { name } = setUp();
    await keepRescue(
      name,
      dropped((doc) => doc.getMap("meta").set("a", 1)),
      true,
    );
    await forgetSaved("ada");
    expect(await listRescues(name)).toHaveLength(1);
  });
});

describe("copies", () => {
  it("of one client with different content stay two", async () => {
    const { name } = setUp();
    for (const value of ["left", "right"]) {
      const copy = dropped((doc) => {
        doc.clientID = 7;
        doc.getMap("meta").set("a", value);
      });
      await keepRescue(name, copy, true);
    }
    const values = (await listRescues(name)).map(({ states }) => metaOf(states.timeline)["a"]);
    expect(values.sort()).toEqual(["left", "right"]);
  });

  it("are as many as may be, and the oldest go", async () => {
    const { name } = setUp();
    for (let i = 1; i <= maxCopies + 3; i++)
      await keepRescue(
        name,
        dropped((doc) => doc.getMap("meta").set("i", i), { at: i * 3.6e6 }),
        true,
      );
    const copies = await listRescues(name);
    expect(copies.map(({ states }) => metaOf(states.timeline)["i"])).toEqual([
      13, 12, 11, 10, 9, 8, 7, 6, 5, 4,
    ]);
  });

  it("remember what was brought back, until they are discarded", async () => {
    const { name } = setUp();
    await keepRescue(
      name,
      dropped((doc) => doc.getMap("meta").set("a", 1)),
      true,
    );
    const id = (await listRescues(name))[0]?.id ?? 0;
    await markBrought(name, id, ["x"]);
    await markBrought(name, id, ["x", "y"]);
    expect((await listRescues(name))[0]?.brought).toEqual(["x", "y"]);
    await discardRescue(name, id);
    expect(await listRescues(name)).toEqual([]);
  });
});
