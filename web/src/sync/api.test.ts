import { describe, expect, it } from "vitest";
import { createApi, Problem } from "./api.ts";

type Answer = { status: number; body?: unknown } | Error;

// serve answers requests in turn, and notes them.
function serve(...answers: Answer[]) {
  const requests: { url: string; init: RequestInit }[] = [];
  const api = createApi({
    waits: [0, 0],
    fetch: async (input, init = {}) => {
      requests.push({ url: String(input), init });
      const answer = answers.shift() ?? new Error("no more answers");
      if (answer instanceof Error) throw answer;
      return new Response(answer.status === 204 ? null : JSON.stringify(answer.body), {
        status: answer.status,
      });
    },
  });
  return { api, requests };
}

describe("the client", () => {
  it("sends JSON with the page's session", async () => {
    const user = { id: "u", name: "Ada", email: "a@b.example", color: "#fff", created_at: "" };
    const { api, requests } = serve({
      status: 201,
      body: { user, access_token: "t", expires_at: "" },
    });
    expect(await api.signIn("a@b.example", "secret")).toEqual(user);
    expect(requests[0]?.url).toBe("/api/v1/sessions");
    expect(requests[0]?.init).toMatchObject({
      method: "POST",
      credentials: "same-origin",
      body: '{"email":"a@b.example","password":"secret"}',
    });
  });

  it("turns errors into problems that name the fields", async () => {
    const { api } = serve({
      status: 422,
      body: {
        type: "/docs#invalid-request",
        title: "The request is not as described",
        detail: "validation failed",
        errors: [
          { message: "expected length >= 1", location: "body.name" },
          { message: "a second one", location: "body.name" },
        ],
      },
    });
    const problem = await api.createWorkspace("").catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({
      status: 422,
      message: "validation failed",
      fields: { name: "expected length >= 1" },
    });
  });

  it("tries again what only reads, and never what writes", async () => {
    const reading = serve(
      new Error("offline"),
      { status: 503, body: {} },
      { status: 200, body: { items: [] } },
    );
    expect(await reading.api.workspaces()).toEqual([]);
    const writing = serve(new Error("offline"), { status: 201, body: {} });
    await expect(writing.api.createWorkspace("x")).rejects.toMatchObject({ status: 0 });
    expect(writing.requests.length).toBe(1);
    const missing = serve({ status: 404, body: {} });
    await expect(missing.api.project("p")).rejects.toMatchObject({ status: 404 });
    expect(missing.requests.length).toBe(1);
  });

  it("knows when nobody is signed in", async () => {
    expect(await serve({ status: 401, body: {} }).api.me()).toBeNull();
    expect(await serve({ status: 204 }).api.signOut()).toBeUndefined();
  });

  it("reads a list to its end", async () => {
    const { api, requests } = serve(
      { status: 200, body: { items: [{ id: "a" }], next_cursor: "x y" } },
      { status: 200, body: { items: [{ id: "b" }] } },
    );
    expect((await api.projects("w/1")).map((project) => project.id)).toEqual(["a", "b"]);
    expect(requests[0]?.url).toBe("/api/v1/workspaces/w%2F1/projects");
    expect(requests[1]?.url).toContain("cursor=x+y");
  });

  it("asks for people once, together, and again after a failure", async () => {
    const people = [{ id: "a", name: "Ada", color: "#1" }];
    const { api, requests } = serve(
      { status: 403, body: {} },
      { status: 200, body: { items: people } },
    );
    await expect(api.people(["a", "b"])).rejects.toMatchObject({ status: 403 });
    expect([...(await api.people(["a", "b", "a"])).keys()]).toEqual(["a"]);
    expect((await api.people(["a", "b"])).get("a")?.name).toBe("Ada");
    expect(requests.length).toBe(2);
    expect(requests[1]?.url).toBe("/api/v1/people?ids=a%2Cb");
  });
});
