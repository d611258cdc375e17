// Who is in a team, in real browsers: somebody is invited, accepts, gets another
// role, and is put out while the editor is open.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import * as site from "./site.mjs";

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

/** A page of somebody who has signed up just now. */
async function newcomer(name) {
  const somebody = await site.openPage(browser);
  opened.push(somebody);
  const email = `${name.toLowerCase()}.${Date.now()}@people.example`;
  const answer = await somebody.context.request.post(`${site.url}/api/v1/accounts`, {
    headers: { origin: site.url },
    data: {
      name,
      email,
      password: "a lamp on the coast",
      birth_year: 1990,
      accepted_policy: true,
    },
  });
  assert.equal(answer.status(), 201, await answer.text());
  return { ...somebody, email, token: (await answer.json()).access_token };
}

/** A project of somebody's own. */
async function ownProject(token) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const list = await (await fetch(`${site.url}/api/v1/workspaces`, { headers })).json();
  const workspace = list.items[0].id;
  const made = await fetch(`${site.url}/api/v1/workspaces/${workspace}/projects`, {
    method: "POST",
    headers,
    body: JSON.stringify({ name: "Lighthouse" }),
  });
  return { workspace, project: (await made.json()).id };
}

test("somebody is invited, accepts, gets another role, and is put out", async () => {
  const ada = await newcomer("Adele");
  const cleo = await newcomer("Cleo");
  const { workspace, project } = await ownProject(ada.token);
  await ada.page.goto(`${site.url}/w/${workspace}`);
  await ada.page.getByLabel("Role", { exact: true }).selectOption("viewer");
  await ada.page.getByLabel("Only for this email").fill(cleo.email);
  await ada.page.keyboard.press("Enter");
  const link = await ada.page.getByTestId("invite-url").inputValue();
  await ada.page.getByTestId("invitation").filter({ hasText: cleo.email }).waitFor();
  await site.picture(ada.page, "people-invite");

  await cleo.page.goto(link);
  await cleo.page.getByRole("button", { name: "Accept" }).waitFor();
  await site.picture(cleo.page, "people-accept");
  await cleo.page.getByRole("button", { name: "Accept" }).press("Enter");
  await cleo.page.getByRole("heading", { name: "Adele’s workspace" }).waitFor();
  await cleo.page.goto(`${site.url}/p/${project}`);
  await cleo.page.getByText("You can look, but not edit").first().waitFor();

  await ada.page.reload();
  await ada.page.getByLabel("Role of Cleo").selectOption("editor");
  await cleo.page.getByText("You can look, but not edit").first().waitFor({ state: "hidden" });
  await ada.page.getByText("No invitation is open.").waitFor();
  await site.picture(ada.page, "people-members");

  await ada.page.getByRole("button", { name: "Remove Cleo" }).click();
  await ada.page.getByRole("button", { name: "Remove Cleo" }).click();
  await cleo.page.getByText("This project is not open to you").first().waitFor();
  await ada.page.getByTestId("member").filter({ hasText: "Cleo" }).waitFor({ state: "detached" });
});

test("a password is changed, and a session ended in the list", async () => {
  const ada = await newcomer("Adele");
  const signIn = (password) =>
    fetch(`${site.url}/api/v1/sessions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: ada.email, password }),
    });
  const me = async (token) =>
    (await fetch(`${site.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } }))
      .status;
  const other = (await (await signIn("a lamp on the coast")).json()).access_token;
  await ada.page.goto(`${site.url}/account`);
  const others = ada.page.getByTestId("session").filter({ hasNotText: "this browser" });
  await others.getByRole("button").click();
  await others.waitFor({ state: "detached" });
  assert.equal(await me(other), 401);
  await ada.page.getByLabel("Current password").fill("a lamp on the coast");
  await ada.page.getByLabel("New password").fill("a harbour at dusk");
  await ada.page.keyboard.press("Enter");
  await ada.page.getByText("Changed. All other sessions have ended.").waitFor();
  await site.picture(ada.page, "people-account");
  assert.equal((await signIn("a lamp on the coast")).status, 401);
  assert.equal((await signIn("a harbour at dusk")).status, 201);
});
