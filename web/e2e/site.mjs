// A site under test: the running server, browsers on it, and plain Yjs clients.
import { mkdirSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { chromium } from "playwright-core";
import WebSocket from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

/** Where the server is, and the people of the demo: set by who runs these tests. */
export const url = need("SORATOO_TEST_URL");
export const project = need("SORATOO_TEST_PROJECT");
export const people = JSON.parse(need("SORATOO_TEST_PEOPLE"));
const artefacts = need("SORATOO_TEST_ARTEFACTS");

/** How long anything may take, in milliseconds. */
const patience = 30_000;

function need(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run: make e2e`);
  return value;
}

/** Starts the system's Chromium. */
export function startBrowser() {
  return chromium.launch({
    executablePath: need("SORATOO_TEST_CHROMIUM"),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Somebody at a page of their own browser profile, with what went wrong on it. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: "dark",
    ...options,
  });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(error.message));
  return { context, page, problems };
}

/** The session of each person who has signed in at a page, as cookies. */
const sessions = new Map();

/**
 * Opens a project, the demo's unless another is named, as one of its people. Only
 * the first page of a person signs in, as nobody may do so too often.
 */
export async function enter(browser, name, { base = url, project: at = project, ...options } = {}) {
  const somebody = await openPage(browser, options);
  const { context, page } = somebody;
  // Profiles that share a session's cookie do not give it a new secret, which would
  // take the others for thieves of the old one.
  await context.addInitScript(() => {
    localStorage.setItem("refreshed", String(Date.now()));
  });
  await context.addCookies(sessions.get(name) ?? []);
  await page.goto(`${base}/p/${at}`);
  const card = page.getByTestId("scene-card").first();
  const email = page.locator("input[type=email]");
  const first = card.or(email).first();
  await first.waitFor().catch(async () => {
    // What it shows is said, as nobody should see it; a person would load it again.
    console.log(`${name}'s page shows only: ${await page.locator("body").innerText()}`);
    await page.reload();
    await first.waitFor();
  });
  if (await email.isVisible()) {
    await email.fill(people[name].email);
    await page.locator("input[type=password]").fill(people[name].password);
    await page.locator("form button").first().click();
    await card.waitFor();
    sessions.set(name, await context.cookies());
  }
  await saved(page);
  return somebody;
}

/** Waits until a page says that all is saved. */
export async function saved(page) {
  await page.getByTestId("save-state").filter({ hasText: "All changes saved" }).waitFor();
}

/** Keeps a picture of a page. */
export async function picture(page, name) {
  mkdirSync(artefacts, { recursive: true });
  await page.screenshot({ path: join(artefacts, `${name}.png`) });
}

/** What a page shows of the document: prompts in order, and the story track. */
export function shown(page) {
  return page.evaluate(() => ({
    prompts: [...document.querySelectorAll("[data-testid=prompt-editor]")].map((node) =>
      [...node.querySelectorAll(".cm-line")]
        .map((line) =>
          [...line.childNodes]
            .filter(
              (child) =>
                !(
                  child instanceof HTMLElement &&
                  child.matches(".remote-caret, .cm-placeholder, img")
                ),
            )
            .map((child) => child.textContent)
            .join(""),
        )
        .join("\n"),
    ),
    clips: [...document.querySelectorAll("[data-testid=story-track] [data-testid=clip]")]
      .map((node) => ({
        id: node.dataset.clip,
        start: Number(node.dataset.start),
        length: Number(node.dataset.length),
      }))
      .sort((a, b) => a.start - b.start),
  }));
}

/** Waits until a condition holds; the last thing seen is in the error. */
export async function eventually(what, look) {
  const until = Date.now() + patience;
  let seen;
  for (;;) {
    seen = await look();
    if (seen.ok) return seen.value;
    if (Date.now() > until) throw new Error(`${what}: ${JSON.stringify(seen.value, null, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits until all pages show the same, and returns it. */
export function same(...pages) {
  return eventually("pages differ", async () => {
    const views = await Promise.all(pages.map(shown));
    return {
      ok: views.every((view) => JSON.stringify(view) === JSON.stringify(views[0])),
      value: views,
    };
  }).then((views) => views[0]);
}

/** A line to the server that can be cut: who goes through it goes offline. */
export async function startLine() {
  const target = new URL(url);
  const open = new Set();
  let cut = false;
  const server = createServer((near) => {
    if (cut) {
      near.destroy();
      return;
    }
    const far = connect(Number(target.port), "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      open.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${server.address().port}`,
    cut() {
      cut = true;
      for (const socket of open) socket.destroy();
    },
    mend() {
      cut = false;
    },
    close() {
      this.cut();
      server.close();
    },
  };
}

/** Access tokens, which last longer than the tests. */
const tokens = new Map();

/** Signs in as a program does. */
export async function token(name) {
  if (tokens.has(name)) return tokens.get(name);
  const { email, password } = people[name];
  const answer = await fetch(`${url}/api/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  if (!answer.ok) throw new Error(`signing in: ${answer.status} ${await answer.text()}`);
  tokens.set(name, (await answer.json()).access_token);
  return tokens.get(name);
}

/** Makes a project in the workspace where somebody's demo project is, and returns its id. */
export async function newProject(accessToken, name) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${accessToken}` };
  const demo = await (await fetch(`${url}/api/v1/projects/${project}`, { headers })).json();
  const made = await fetch(`${url}/api/v1/workspaces/${demo.workspace}/projects`, {
    method: "POST",
    headers,
    body: JSON.stringify({ name }),
  });
  if (!made.ok) throw new Error(`making a project: ${made.status} ${await made.text()}`);
  return (await made.json()).id;
}

/** An unmodified Hocuspocus client on a project's timeline, synchronised. */
export async function hocuspocus(accessToken, at = project) {
  const document = new Y.Doc();
  const socket = new HocuspocusProviderWebsocket({
    url: `${url.replace("http", "ws")}/collab`,
    WebSocketPolyfill: WebSocket,
  });
  const provider = new HocuspocusProvider({
    websocketProvider: socket,
    name: `${at}/timeline`,
    document,
    token: accessToken,
  });
  provider.attach();
  await new Promise((resolve) => provider.on("synced", resolve));
  return {
    document,
    provider,
    /** Waits until the server has acknowledged every change. */
    saved() {
      return new Promise((resolve) => {
        const check = () => provider.hasUnsyncedChanges || resolve();
        provider.on("unsyncedChanges", check);
        check();
      });
    },
    close() {
      provider.destroy();
      socket.destroy();
    },
  };
}

/** An unmodified y-websocket client on a project's timeline, synchronised. */
export async function ywebsocket(accessToken, at = project) {
  const document = new Y.Doc();
  const answer = await fetch(`${url}/api/v1/tickets`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${accessToken}` },
    body: JSON.stringify({ project: at }),
  });
  const { ticket } = await answer.json();
  const provider = new WebsocketProvider(
    `${url.replace("http", "ws")}/yjs/${at}`,
    "timeline",
    document,
    {
      WebSocketPolyfill: WebSocket,
      params: { ticket },
      disableBc: true,
    },
  );
  await new Promise((resolve) => provider.once("sync", resolve));
  return { document, close: () => provider.destroy() };
}
