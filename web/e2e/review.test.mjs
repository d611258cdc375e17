// A guest comes by a link, on a phone, and reviews; the team sees it at once.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import axe from "axe-core";
import WebSocket from "ws";
import * as Y from "yjs";
import * as site from "./site.mjs";

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

let browser;
const opened = [];

before(async () => {
  browser = await site.startBrowser();
});
after(() => browser?.close());
afterEach(async () => {
  for (const { context, problems } of opened.splice(0)) {
    await context.close();
    assert.deepEqual(problems, [], "errors on a page");
  }
});

async function enter(name) {
  const somebody = await site.enter(browser, name);
  opened.push(somebody);
  return somebody.page;
}

// makeLink makes a link in the dialog and returns its path.
async function makeLink(page, password) {
  await page.getByTestId("share").click();
  const dialog = page.getByTestId("share-dialog");
  await dialog.locator("form input").first().fill(password);
  await dialog.locator("form button").click();
  const url = await dialog.getByTestId("share-url").inputValue();
  await site.picture(page, "share-dialog");
  return new URL(url).pathname;
}

async function comesIn(path, password, name) {
  const guest = await site.openPage(browser, phone);
  opened.push(guest);
  await guest.page.goto(site.url + path);
  await guest.page.getByTestId("guest-password").fill("not the gull");
  await guest.page.getByTestId("guest-name").fill(name);
  await guest.page.getByTestId("guest-form").getByRole("button").click();
  await guest.page.getByRole("alert").waitFor();
  await site.picture(guest.page, "guest-door");
  await guest.page.getByTestId("guest-password").fill(password);
  await guest.page.getByTestId("guest-form").getByRole("button").click();
  await guest.page.getByTestId("review-strip").waitFor();
  return guest.page;
}

async function findings(page) {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run({ resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
  });
}

test("a guest with a phone comments by a link; two editors see it, answer and resolve; revoking throws the guest out", async () => {
  const [ada, ben] = await Promise.all([enter("Ada"), enter("Ben")]);
  const path = await makeLink(ada, "gull gull");
  const guest = await comesIn(path, "gull gull", "Client Cleo");
  assert.match(guest.url(), /\/r\/[0-9A-Za-z]{22}$/, "the token left the address");

  await guest.getByTestId("review-strip").locator("input").fill("48");
  await guest.getByTestId("comment-input").fill("More fog here, please.");
  await guest.getByTestId("comment-input").press("Enter");
  const thread = (page) =>
    page.getByTestId("comment-thread").filter({ hasText: "More fog here, please." });
  for (const page of [ada, ben]) {
    await thread(page).waitFor();
    await thread(page).getByText("Client Cleo").waitFor();
  }
  await guest.getByTestId("pin").first().waitFor();
  assert.deepEqual(await findings(guest), [], "axe");
  const wide = await guest.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 390, `the page is ${wide} wide`);

  await guest.getByTestId("verdicts").getByRole("button").nth(1).click();
  await site.picture(guest, "guest-phone");
  await ada.getByTestId("verdicts").getByText("Client Cleo (guest): Changes requested").waitFor();

  await ada.keyboard.press("Escape");
  await thread(ben).locator(".reply").fill("It is thicker now.");
  await thread(ben).locator(".reply").press("Enter");
  await thread(guest).getByText("It is thicker now.").waitFor();
  await thread(guest).getByText("Ben").first().waitFor();
  await thread(ada).getByRole("button", { name: "Resolve" }).click();
  await thread(guest).waitFor({ state: "detached" });

  await guest.reload();
  await guest.getByTestId("review-strip").waitFor();

  await ada.getByTestId("share").click();
  const row = ada.getByTestId("share-row").first();
  await row.getByRole("button", { name: "Revoke" }).click();
  await guest.getByTestId("guest-ended").waitFor();
  const again = await fetch(`${site.url}/api/v1/shares/open`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token: path.split("/").at(-1), display_name: "Cleo" }),
  });
  assert.equal(again.status, 410);
});

test("a commenter cannot move a clip, whatever is sent", async () => {
  const headers = {
    "content-type": "application/json",
    authorization: `Bearer ${await site.token("Ada")}`,
  };
  const made = await fetch(`${site.url}/api/v1/projects/${site.project}/shares`, {
    method: "POST",
    headers,
    body: JSON.stringify({ capabilities: ["comment"] }),
  });
  const token = (await made.json()).url.split("/").at(-1);
  const answer = await fetch(`${site.url}/api/v1/shares/open`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, display_name: "Mallory" }),
  });
  const { access_token: access } = await answer.json();
  const document = new Y.Doc();
  const socket = new HocuspocusProviderWebsocket({
    url: `${site.url.replace("http", "ws")}/collab`,
    WebSocketPolyfill: WebSocket,
  });
  const name = `${site.project}/timeline`;
  const provider = new HocuspocusProvider({
    websocketProvider: socket,
    name,
    document,
    token: access,
  });
  let refused = 0;
  provider.on("stateless", ({ payload }) => {
    if (JSON.parse(payload).type === "refused") refused++;
  });
  provider.attach();
  await new Promise((resolve) => provider.on("synced", resolve));
  const [id, clip] = [...document.getMap("clips").entries()][0];
  const place = clip.get("place");
  clip.set("place", { ...place, gap: 999 });
  await site.eventually("the move is refused", async () => ({ ok: refused > 0, value: refused }));
  provider.destroy();
  socket.destroy();
  const theirs = await site.hocuspocus(await site.token("Ben"));
  assert.deepEqual(theirs.document.getMap("clips").get(id).get("place"), place);
  theirs.close();
});
