// The client of the REST interface. Every request goes through one `send`;
// the session is a cookie that this code never sees.
import { peopleApi } from "./people.ts";
import { rendersApi } from "./renders.ts";
import { versionsApi } from "./versions.ts";

/** An answer that is not a success, as RFC 9457 tells it; status 0 means that the server was not reached. */
export class Problem extends Error {
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  /** What is wrong with which field of the request, by its name. */
  readonly fields: Readonly<Record<string, string>>;

  constructor(
    problem: Partial<Pick<Problem, "type" | "title" | "detail" | "fields">> & { status: number },
  ) {
    super(problem.detail || problem.title || `status ${problem.status}`);
    this.name = "Problem";
    this.status = problem.status;
    this.type = problem.type ?? "about:blank";
    this.title = problem.title ?? "";
    this.detail = problem.detail ?? "";
    this.fields = problem.fields ?? {};
  }
}

export type User = { id: string; name: string; email: string; color: string; created_at: string };
/** `guest`: somebody who came by a link, and whose name nobody has checked. */
export type Person = { id: string; name: string; color: string; guest?: true };
export type Role = "owner" | "admin" | "editor" | "commenter" | "viewer";
export type Workspace = { id: string; name: string; role: Role; created_at: string };
export type Project = {
  id: string;
  workspace: string;
  name: string;
  role: Role;
  created_at: string;
  updated_at: string;
  /** What waits and runs; absent when nothing does. */
  renders?: { queued: number; running: number; progress: number };
};
export type Member = { user: Person; role: Role };
export type SignUp = {
  name: string;
  email: string;
  password: string;
  birth_year: number;
  accepted_policy: boolean;
};
/** What is known of a file from looking into it. */
export type Facts = {
  duration_ms?: number;
  width?: number;
  height?: number;
  rate?: [number, number];
  channels?: number;
  sample_rate?: number;
};
export type Asset = {
  id: string;
  project: string;
  name: string;
  kind: "image" | "video" | "audio" | "file";
  type: string;
  size: number;
  sha256: string;
  person: string;
  created_at: string;
  /** What kind of render made it; absent for what somebody added. */
  made?: "scene" | "preview" | "delivery";
  /** Absent until somebody has looked into the file. */
  facts?: Facts;
};
export type Capability = "view" | "comment" | "download";
/** A link for guests. */
export type Share = {
  id: string;
  capabilities: Capability[];
  password: boolean;
  created_at: string;
  expires_at?: string;
  views: number;
  viewed_at?: string;
  /** How many guests who wrote nothing were let go, as the link had as many as it may. */
  crowded?: number;
  /** Only right after it was made. */
  url?: string;
};
export type NewShare = { capabilities: Capability[]; password?: string; expires_at?: string };
export type View = { guest: Person; at: string };
/** What a guest gets who opens a link. */
export type Opened = {
  guest: Person;
  share: string;
  access_token: string;
  project: { id: string; name: string };
  capabilities: Capability[];
  version?: string;
};
export type Knock = { token: string; password?: string; display_name?: string };
type Page<T> = { items: T[]; next_cursor?: string };
type SignedIn = { user: User };

/** What the server offers. Each method rejects with a Problem, and with nothing else. */
export type Api = ReturnType<typeof createApi>;

/** Where the client sends, and how; all can be replaced in tests. */
export type ApiOptions = {
  base?: string;
  fetch?: typeof fetch;
  /** Waits between attempts, in milliseconds. */
  waits?: readonly number[];
};

type Request = {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  query?: Record<string, string>;
};
export type Send = <T>(path: string, request?: Request) => Promise<T>;

/** A request that brings no answer in this time is given up; in milliseconds. */
const timeout = 20_000;

/** A list is read up to so many pages. */
const maxPages = 100;

/** So many people are asked for at once. */
const maxPeople = 50;

/** A client of the server that served this page. */
export function createApi(options: ApiOptions = {}) {
  const send = createSend(options);
  const post = <T>(path: string, body: unknown) => send<T>(path, { method: "POST", body });
  const patch = <T>(path: string, body: unknown) => send<T>(path, { method: "PATCH", body });
  // Who came by a link asks for people and media by it.
  let share: string | null = null;
  const shared = (of: string) => (share === null ? null : `/shares/${share}/${of}`);
  return {
    shares: (project: string) =>
      list<Share>(send, `/projects/${encodeURIComponent(project)}/shares`),
    createShare: (project: string, wanted: NewShare) =>
      post<Share>(`/projects/${encodeURIComponent(project)}/shares`, wanted),
    deleteShare: (id: string) =>
      send<void>(`/shares/${encodeURIComponent(id)}`, { method: "DELETE" }),
    views: (id: string) => list<View>(send, `/shares/${encodeURIComponent(id)}/views`),
    /** Comes in by a link; from then on this client is a guest's. */
    openShare: async (knock: Knock) => {
      const opened = await post<Opened>("/shares/open", knock);
      share = opened.share;
      return opened;
    },
    /** Comes back by the cookie of a link, with a new access token. */
    resumeShare: async (id: string) => {
      const opened = await send<Opened>(`/shares/${encodeURIComponent(id)}/resume`, {
        method: "POST",
      });
      share = opened.share;
      return opened;
    },
    signUp: async (account: SignUp) => (await post<SignedIn>("/accounts", account)).user,
    signIn: async (email: string, password: string) =>
      (await post<SignedIn>("/sessions", { email, password })).user,
    signOut: () => send<void>("/sessions/current", { method: "DELETE" }),
    /** The person signed in, or null. */
    me: () => orNull(send<User>("/me"), 401),
    renameMe: (name: string) => patch<User>("/me", { name }),
    workspaces: () => list<Workspace>(send, "/workspaces"),
    createWorkspace: (name: string) => post<Workspace>("/workspaces", { name }),
    projects: (workspace: string) =>
      list<Project>(send, `/workspaces/${encodeURIComponent(workspace)}/projects`),
    createProject: (workspace: string, name: string) =>
      post<Project>(`/workspaces/${encodeURIComponent(workspace)}/projects`, { name }),
    project: (project: string) => send<Project>(`/projects/${encodeURIComponent(project)}`),
    renameProject: (project: string, name: string) =>
      patch<Project>(`/projects/${encodeURIComponent(project)}`, { name }),
    deleteProject: (project: string) =>
      send<void>(`/projects/${encodeURIComponent(project)}`, { method: "DELETE" }),
    assets: (project: string) =>
      list<Asset>(send, shared("assets") ?? `/projects/${encodeURIComponent(project)}/assets`),
    /** Finished films; for guests those of their link. */
    deliveries: (project: string) =>
      list<Asset>(
        send,
        shared("deliveries") ?? `/projects/${encodeURIComponent(project)}/deliveries`,
      ),
    describeAsset: (asset: string, facts: Facts) =>
      patch<Asset>(`/assets/${encodeURIComponent(asset)}`, facts),
    deleteAsset: (asset: string) =>
      send<void>(`/assets/${encodeURIComponent(asset)}`, { method: "DELETE" }),
    /** Names and colours of people, asked for together and remembered; who is not known is absent. */
    people: createPeople(send, () => shared("people") ?? "/people"),
    ...rendersApi(send),
    ...versionsApi(send),
    ...peopleApi(send),
  };
}

// createSend makes the one way to the server. What only reads is tried again
// when the server was not reached or is restarting; what writes is not, for
// nobody knows whether it arrived.
function createSend(options: ApiOptions): Send {
  const base = options.base ?? "/api/v1";
  const call = options.fetch ?? ((input, init) => fetch(input, init));
  const waits = options.waits ?? [250, 1000, 3000];

  const once = async (path: string, request: Request): Promise<Response> => {
    const query = new URLSearchParams(request.query).toString();
    const init: RequestInit = {
      method: request.method ?? "GET",
      credentials: "same-origin",
      headers: {
        accept: "application/json",
        ...(request.body ? { "content-type": "application/json" } : {}),
      },
      signal: AbortSignal.timeout(timeout),
      ...(request.body ? { body: JSON.stringify(request.body) } : {}),
    };
    try {
      return await call(base + path + (query && `?${query}`), init);
    } catch (error) {
      throw new Problem({ status: 0, title: error instanceof Error ? error.message : "" });
    }
  };
  const answer = async (path: string, request: Request): Promise<unknown> => {
    const response = await once(path, request);
    if (!response.ok) throw await readProblem(response);
    if (response.status === 204) return undefined;
    try {
      return await response.json();
    } catch {
      throw new Problem({ status: 0, title: "the answer was cut off" });
    }
  };
  return async <T>(path: string, request: Request = {}): Promise<T> => {
    const attempts = (request.method ?? "GET") === "GET" ? waits : [];
    for (const wait of attempts) {
      try {
        return (await answer(path, request)) as T;
      } catch (error) {
        if (!(error instanceof Problem) || !passing(error.status)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
    }
    return (await answer(path, request)) as T;
  };
}

function passing(status: number): boolean {
  return status === 0 || status === 502 || status === 503 || status === 504;
}

async function readProblem(response: Response): Promise<Problem> {
  let body: unknown;
  try {
    body = await response.json();
  } catch {
    body = {};
  }
  return problemOf(response.status, body);
}

/** A Problem from the body of an answer. */
export function problemOf(status: number, body: unknown): Problem {
  const from = isRecord(body) ? body : {};
  const text = (key: string) => (typeof from[key] === "string" ? { [key]: from[key] } : {});
  return new Problem({
    ...text("type"),
    ...text("title"),
    ...text("detail"),
    status,
    fields: readFields(from["errors"]),
  });
}

// readFields reads what is wrong with which field: `body.email` is `email`.
function readFields(errors: unknown): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const error of Array.isArray(errors) ? errors : []) {
    if (!isRecord(error) || typeof error["message"] !== "string") continue;
    const location = typeof error["location"] === "string" ? error["location"] : "";
    fields[location.replace(/^body\.?/, "")] ??= error["message"];
  }
  return fields;
}

async function list<T>(send: Send, path: string): Promise<T[]> {
  const items: T[] = [];
  let query: Record<string, string> = {};
  for (let page = 0; page < maxPages; page++) {
    const answer = await send<Page<T>>(path, { query });
    items.push(...answer.items);
    if (!answer.next_cursor) break;
    query = { cursor: answer.next_cursor };
  }
  return items;
}

async function orNull<T>(answer: Promise<T>, status: number): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Problem && error.status === status) return null;
    throw error;
  }
}

function createPeople(
  send: Send,
  path: () => string,
): (ids: readonly string[]) => Promise<Map<string, Person>> {
  const known = new Map<string, Promise<Person | null>>();
  const ask = (ids: string[]) => {
    const answer = send<Page<Person>>(path(), { query: { ids: ids.join(",") } });
    for (const id of ids) {
      const person = answer.then(({ items }) => items.find((item) => item.id === id) ?? null);
      known.set(id, person);
      // A question that failed may be asked again.
      person.catch(() => known.delete(id));
    }
  };
  return async (ids) => {
    const missing = [...new Set(ids)].filter((id) => id !== "" && !known.has(id));
    for (let at = 0; at < missing.length; at += maxPeople) ask(missing.slice(at, at + maxPeople));
    const found = new Map<string, Person>();
    for (const id of new Set(ids)) {
      const person = await known.get(id);
      if (person) found.set(id, person);
    }
    return found;
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
